//! `agent check`: whether a backup taken now would arrive everywhere and bring the shop back, and an alert at the owner.
//! It leaves nothing behind and rings nowhere: the probe that it writes to each remote is deleted again.

use std::path::Path;

use jiff::Timestamp;
use protocol::time::UnixMillis;
use serde::Serialize;

use super::{ConfigArgument, Failure, load, words};
use crate::{
    backup::{
        Met, Riding, coverage,
        recipients::{RecipientCert, Recipients, Validity},
        remote::trial,
        riding_along, room, same_place,
        seal::{LEVEL, seal},
        secret_key,
        signer::SigningKey,
    },
    config::{Config, Purpose},
    store::Store,
};

mod bot;
mod database;
mod hints;
mod outside;
mod private;
mod tried;
mod unlikely;
mod ways;

/// What does not ride along is named until this many.
const LEFT_OUT_TOLD: usize = 5;

/// Arguments of `agent check`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  agent check --config /etc/warung/agent.toml")]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    what: String,
    ok: bool,
    said: String,
}

/// Checks everything and prints each finding.
///
/// # Errors
/// Faults in the configuration (2), or findings that are not ok (1).
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = load(&arguments.config.path, Purpose::Keep)?;
    let recipients =
        Recipients::load(&config.backup.recipients).map_err(|faults| anyhow::anyhow!(faults.join("; ")))?;
    let now = UnixMillis(Timestamp::now().as_millisecond());
    let mut findings = vec![finding(
        "configuration",
        Ok(format!("{} has no fault", config.path.display())),
    )];
    findings.extend(
        recipients
            .certs()
            .iter()
            .map(|cert| recipient(cert, &config, now)),
    );
    findings.extend(keys_of_the_chain(&config, &recipients)?);
    findings.push(database::of(&config));
    findings.push(signing_key(&config));
    findings.extend(asked_outside(&config).await?);
    let probe = seal(
        b"Warung: agent check wrote this and deletes it again.".as_slice(),
        &recipients,
        &SigningKey::make()?,
        LEVEL,
    )?;
    findings.extend(tried::findings(&config, &probe).await?);
    findings.extend(config.backup.files.iter().map(|path| rides_along(&config, path)));
    findings.extend(secret_keys(&config));
    findings.extend(one_place(&config));
    findings.extend(within_a_remote(&config));
    findings.push(room_for_backups(&config));
    findings.extend(config.watch.disks.iter().map(|path| disk(path)));
    findings.push(finding("DATA_KEY", coverage::data_key(&config)));
    if arguments.json {
        println!("{}", serde_json::json!({ "findings": findings }));
    } else {
        for it in &findings {
            println!(
                "{}  {}: {}",
                if it.ok { "ok   " } else { "WRONG" },
                it.what,
                it.said
            );
        }
        hints::of(&config, recipients.distinct())
            .iter()
            .for_each(|hint| println!("hint   {hint}"));
    }
    let wrong: Vec<&str> = findings
        .iter()
        .filter(|it| !it.ok)
        .map(|it| it.what.as_str())
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Failure::Failed(anyhow::anyhow!(
            "not all is well: {}",
            wrong.join(", ")
        )))
    }
}

/// The ways to the owner, the checks that tell him when this server cannot, the bot's own files, and where he and the bot
/// find the agent.
async fn asked_outside(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let (ways, checks) = tokio::try_join!(ways::findings(config), outside::findings(config))?;
    let own = private::of(config);
    let bot = bot::findings(config);
    let found = ways.into_iter().chain(checks).chain(bot).chain([own]);
    Ok(found.chain(unlikely::findings(config)).collect())
}

fn finding(what: &str, said: Result<String, String>) -> Finding {
    let ok = said.is_ok();
    let said = said.unwrap_or_else(|wrong| wrong);
    Finding {
        what: what.to_owned(),
        ok,
        said,
    }
}

fn recipient(cert: &RecipientCert, config: &Config, now: UnixMillis) -> Finding {
    let told = |at| words::moment(at, &config.owner.timezone);
    let expiry = match (cert.validity(now), cert.expires_at) {
        (Validity::Expired(at), _) => Err(format!(
            "expired at {}. Backups go on and its secret key opens them; extend it, or put another certificate here",
            told(at)
        )),
        (Validity::Expiring(at), _) => Ok(format!("EXPIRES SOON, at {}: extend it", told(at))),
        (Validity::Valid, Some(at)) => Ok(format!("valid until {}", told(at))),
        (Validity::Valid, None) => Ok("never expires".to_owned()),
    };
    let name = format!(
        "{} {} (encryption key {})",
        cert.fingerprint,
        cert.name,
        cert.encryption_ids()
    );
    let said = expiry
        .map(|text| format!("{name}, {text}"))
        .map_err(|text| format!("{name}, {text}"));
    finding(&format!("recipient {}", cert.path.display()), said)
}

/// Whether what is backed up now opens with these keys: it stands on the newest full point.
fn keys_of_the_chain(config: &Config, recipients: &Recipients) -> anyhow::Result<Option<Finding>> {
    let Some(store) = Store::open_to_look(&config.state_dir)? else {
        return Ok(None);
    };
    let captured = store.capture_state()?.map(|state| state.chain);
    let chain = match captured {
        Some(chain) => Some(chain),
        None => store.last_point()?.map(|known| known.manifest.chain),
    };
    let Some(chain) = chain else { return Ok(None) };
    let wrong = store.other_keys(&chain, &recipients.sealed_to())?;
    Ok(wrong.map(|wrong| finding("the keys of the backups", Err(wrong))))
}

/// What a remote can do, in one sentence; an error names what backups need and it cannot.
fn told(trial: &[trial::Finding]) -> Result<String, String> {
    let faults: Vec<String> = trial
        .iter()
        .filter(|it| it.is_fault())
        .map(|it| format!("{}: {}", it.what, it.said))
        .collect();
    if faults.is_empty() {
        let can = trial.iter().filter(|it| it.answer == trial::Answer::Yes);
        let can: Vec<&str> = can.map(|it| it.what).collect();
        Ok(format!("does what backups need: {}", can.join(", ")))
    } else {
        Err(faults.join("; "))
    }
}

fn signing_key(config: &Config) -> Finding {
    let said = match SigningKey::load(&config.state_dir) {
        Ok(Some(key)) => Ok(format!(
            "{}: `agent key agent` prints its certificate for the recovery kit",
            key.fingerprint()
        )),
        Ok(None) => Ok("is made with the first backup".to_owned()),
        Err(error) => Err(format!("{error:#}")),
    };
    finding("the agent's signing key", said)
}

/// A place that is not there is on the disk above it, and that is the one which would be watched instead.
fn disk(path: &Path) -> Finding {
    let said = match path.metadata() {
        Ok(_) => Ok("is there, and its disk is watched".to_owned()),
        Err(error) => Err(format!(
            "cannot be found ({error}): the disk above it is watched in its place. Mount it, or correct [watch] disks"
        )),
    };
    finding(&format!("disk {}", path.display()), said)
}

/// Whether a backup that is taken now would be begun.
fn room_for_backups(config: &Config) -> Finding {
    let advice = "No backup is taken until there is: make room, or give [state] dir a larger disk";
    let room = room::require_for_backup(&config.state_dir, &config.backup.database, advice);
    let said = room.map(|()| "there is enough for what a backup keeps until slow remotes have it".to_owned());
    finding("room for backups", said.map_err(|error| format!("{error:#}")))
}

/// Each secret key among the files that are backed up.
fn secret_keys(config: &Config) -> Vec<Finding> {
    const WRONG: &str = "it holds an OpenPGP SECRET key, which must not lie on the server: whoever takes the server could \
                         read every backup. No backup takes it along. Take it off";
    const UNSEEN: &str = "it holds too much to look through all of it for an OpenPGP SECRET key, which must not lie on the \
                          server: name under [backup] files what the shop needs, and not the whole tree";
    const NOT_NOW: &str = "not all of it was looked through for an OpenPGP SECRET key within ten seconds; no backup takes one \
                           along";
    let (found, cut) = secret_key::under(&config.backup.files);
    let found = found.iter().map(|path| (path, Err(WRONG)));
    let unseen = cut.iter().map(|(path, met)| match met {
        Met::Count => (path, Err(UNSEEN)),
        Met::Patience => (path, Ok(NOT_NOW)),
    });
    let told = found.chain(unseen);
    told.map(|(path, said)| {
        let said = said.map(str::to_owned).map_err(str::to_owned);
        finding(&format!("file {}", path.display()), said)
    })
    .collect()
}

/// Every two remotes that are one.
fn one_place(config: &Config) -> Vec<Finding> {
    let told = same_place::pairs(config).into_iter().map(|(one, other)| {
        let what = format!("remotes {one} and {other}");
        finding(&what, Err(same_place::told(other)))
    });
    told.collect()
}

/// What lies in a remote's folder and is nobody's backup.
fn within_a_remote(config: &Config) -> Vec<Finding> {
    let told = same_place::within(config).into_iter().map(|(remote, path)| {
        let wrong = "it lies in the folder of this remote, where whoever reads the backups reads it too, unencrypted: move it, \
                     or give the remote a folder of its own";
        finding(
            &format!("remote {remote} and {}", path.display()),
            Err(wrong.to_owned()),
        )
    });
    told.collect()
}

/// What a backup takes along of a configured path, by the way in which it looks for it.
fn rides_along(config: &Config, path: &Path) -> Finding {
    let said = match path.symlink_metadata() {
        Ok(_) => along(config, path),
        Err(error) => Err(format!(
            "cannot be found ({error}): backups go on without it. Correct [backup] files, or make it"
        )),
    };
    finding(&format!("file {}", path.display()), said)
}

fn along(config: &Config, path: &Path) -> Result<String, String> {
    let Riding {
        count,
        size_bytes,
        mut left_out,
        cut,
    } = riding_along(config, path);
    let more = left_out.len().saturating_sub(LEFT_OUT_TOLD);
    left_out.truncate(LEFT_OUT_TOLD);
    left_out.extend((more > 0).then(|| format!("and {more} more")));
    let without = left_out.join("; ");
    match cut {
        Some(Met::Count) => return Err(format!("is there; NOT in it: {without}")),
        Some(Met::Patience) => return Ok(format!("is there; {without}")),
        None => {}
    }
    match (count, without.is_empty()) {
        (0, true) => Ok("is there and holds no file yet: what lies there later rides along".to_owned()),
        (0, false) => Err(format!(
            "is there, and nothing of it rides along: {without}. Correct [backup] files"
        )),
        (count, _) => {
            let files = format!(
                "is there and rides along: {} of {}",
                words::count(count as u64, "file"),
                words::size(size_bytes)
            );
            Ok(match without.is_empty() {
                true => files,
                false => format!("{files}; NOT in it: {without}"),
            })
        }
    }
}
