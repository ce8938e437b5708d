//! Takes in what another machine's agent wrote, with the owner's key, and says what came of it.
//! It changes nothing on a remote.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    super::{interrupted, progress},
    Arguments, Failure, now, words,
};
use crate::{
    backup::{
        remote::Remote,
        seal::{Keys, OTHER_KEY},
        survey,
    },
    config::Config,
    rehearse::{
        Share,
        adopt::{self, Adopted},
    },
    restore::{
        Sources,
        trust::{self, Source},
    },
    store::Store,
};

/// With the owner's key so many of each chain's newest segments are opened; all of them with `--all`.
const SEGMENTS_OPENED: usize = 200;

/// Objects that are sealed for another key and are named.
const SEALED_TOLD: usize = 3;

pub(super) fn say_adopted(
    remote: &Remote,
    adopted: &Adopted,
    (as_json, shown): (bool, &mut Vec<Value>),
    faults: &mut Vec<String>,
) {
    let name = remote.name();
    let (sealed, told): (Vec<&String>, Vec<&String>) =
        adopted.faults.iter().partition(|what| what.contains(OTHER_KEY));
    faults.extend(told.iter().map(|what| format!("{name}: {what}")));
    faults.extend(
        sealed
            .iter()
            .take(SEALED_TOLD)
            .map(|what| format!("{name}: {what}")),
    );
    if let Some(more) = sealed.len().checked_sub(SEALED_TOLD).filter(|more| *more > 0) {
        faults.push(format!(
            "{name}: {} more that this key does not open; that says nothing of whether they are whole",
            words::count(more as u64, "object")
        ));
    }
    if as_json {
        shown.push(adopted_as_json(remote, adopted));
        return;
    }
    println!(
        "{}: {} taken in, {} of commits opened",
        remote.name(),
        words::count(adopted.points.len() as u64, "point"),
        words::count(adopted.segments as u64, "segment")
    );
}

/// Takes it in from all of them, before any is compared: what one holds tells what another lacks. Nothing without a key.
pub(super) async fn of_all(
    (config, store): (&Config, &Store),
    remotes: &[&Remote],
    (arguments, keys, share): (&Arguments, Option<&Keys>, Share),
) -> Result<Vec<Adopted>, Failure> {
    let mut adopted = Vec::new();
    if let (Some(keys), Some(path)) = (keys, &arguments.key) {
        for remote in remotes {
            adopted.push(adopt(config, store, remote, (keys, path, share)).await?);
        }
    }
    Ok(adopted)
}

/// Takes in what another machine's agent wrote to this remote, and opens segments.
async fn adopt(
    config: &Config,
    store: &Store,
    remote: &Remote,
    (keys, path, share): (&Keys, &Path, Share),
) -> Result<Adopted, Failure> {
    let most = match share {
        Share::All => usize::MAX,
        Share::Some => SEGMENTS_OPENED,
    };
    let remotes = std::slice::from_ref(remote);
    let survey = survey::ask(remotes, Vec::new()).await;
    let kit = path.parent().unwrap_or(path);
    let mut notes = Vec::new();
    let mut trust = trust::gather(&config.state_dir, kit, &[], remotes, &survey, &mut notes).await;
    let cores = super::super::restore::cores();
    super::super::restore::with_line(&mut trust, (remotes, &survey), (keys, &cores)).await;
    if trust.source == Source::Remotes {
        eprintln!("agent: whose signatures count is {}", trust.source.told());
    }
    let sources = Sources {
        remotes,
        survey: &survey,
        keys,
        signers: &trust.signers,
        cores: &cores,
    };
    let watcher = progress::watcher();
    let taken_in = async {
        let mut adopted = adopt::run(store, remote, &sources, &now, &*watcher).await?;
        adopt::open_segments(store, &sources, most, &*watcher, &mut adopted).await?;
        anyhow::Ok(adopted)
    };
    let mut adopted = tokio::select! {
        adopted = taken_in => adopted?,
        stopped = interrupted() => {
            stopped?;
            return Err(Failure::Failed(anyhow::anyhow!(
                "interrupted: what was read back until now is known, and the next run goes on from there"
            )));
        }
    };
    adopted.faults.extend(notes);
    Ok(adopted)
}

fn adopted_as_json(remote: &Remote, adopted: &Adopted) -> Value {
    json!({
        "remote": remote.name(), "taken_in": adopted.points, "segments_opened": adopted.segments, "faults": adopted.faults,
    })
}
