//! What `agent restore` can say before anything is fetched: that a remote is no place for what can be read, that nothing
//! lies before the first commit, that a moment has not come yet, and what a real run would refuse after a dry one.
//! It changes nothing and keeps no lock.

use std::path::{Path, PathBuf};

use protocol::{chain::CommitNumber, manifest::Manifest, object_key::PointId, time::UnixMillis};

use super::{
    Arguments, known_here, now,
    refusals::{command, side},
};
use crate::{
    backup::survey,
    cli::{Failure, remotes, words},
    config::{Config, RemoteKind},
    restore::{self, Beside, Only, Plan, Request, Selection, Side, Sources, Target, hold, require_empty},
};

/// The first commit of every chain.
const FIRST: u64 = 1;
/// Points that are looked at in search of the oldest whole one.
const TRIED_MAX: usize = 20;

/// Refuses what needs no plan to be refused.
///
/// # Errors
/// What is wrong, in a sentence, or that no remote can be asked.
pub(super) async fn refuse(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    refuse_unfit_folder(arguments, config)?;
    refuse_before_first(arguments, config).await
}

/// Refuses a folder on one of the remotes, since what is restored can be read by everybody who reads that, and one in the
/// agent's own, where nothing but its state belongs.
///
/// # Errors
/// That sentence, with the remote's name.
fn refuse_unfit_folder(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    let Some(to) = &arguments.to else { return Ok(()) };
    let to = true_path(to);
    if to.starts_with(true_path(&config.state_dir)) {
        return Err(Failure::Failed(anyhow::anyhow!(
            "{} lies in the folder of the agent's own state ({}), where nothing else belongs: it is left out of every backup. \
             Nothing was changed.\nName another folder with --to.",
            to.display(),
            config.state_dir.display()
        )));
    }
    let folders = config
        .remotes
        .iter()
        .filter(|remote| remote.kind == RemoteKind::Fs);
    let hit = folders
        .filter_map(|remote| Some((&remote.name, remote.options.get("root")?)))
        .find(|(_, root)| to.starts_with(true_path(Path::new(root))));
    match hit {
        None => Ok(()),
        Some((name, root)) => Err(Failure::Failed(anyhow::anyhow!(
            "{} lies on the remote {name} ({root}), where only what is sealed belongs: what is restored can be read, \
             secrets and all. Nothing was changed.\nName another folder with --to.",
            to.display()
        ))),
    }
}

/// Without links and dots, as far as it is there.
fn true_path(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let found = path
        .ancestors()
        .find_map(|part| Some((part, part.canonicalize().ok()?)));
    match found {
        Some((part, real)) => real.join(path.strip_prefix(part).unwrap_or(Path::new(""))),
        None => path,
    }
}

/// Refuses what lies before every chain's first commit, with the first that can be restored.
///
/// # Errors
/// That sentence, or that no remote can be asked.
async fn refuse_before_first(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    if arguments.before_commit.is_none_or(|commit| commit > FIRST) {
        return Ok(());
    }
    let mut opened = remotes::open(config, arguments.remote.as_deref())?;
    let survey = remotes::survey(&mut opened).await;
    let known = known_here(config);
    let chain = arguments.chain.as_deref().unwrap_or_default().to_lowercase();
    let is_asked = |point: &_| match known.get(point) {
        Some(known) => known.manifest.chain.as_str().starts_with(chain.as_str()),
        None => true,
    };
    let reason = "nothing lies before the first commit: every chain counts its commits from 1, and commit 1 is the shop \
                  as it was when the chain began";
    let next = match survey.points().into_iter().find(is_asked) {
        None => "The remotes that answer hold no restore point.".to_owned(),
        Some(first) => {
            let at = survey::moment_of(&first).map(|at| words::moment(at, &config.owner.timezone));
            let commit = known.get(&first).map(|known| known.manifest.commit);
            let stands = commit.map_or(String::new(), |commit| format!(", after commit {commit}"));
            format!(
                "The first that can be restored is the restore point {first}, of {}{stands}. To restore it:\n  {}",
                at.unwrap_or_default(),
                command(arguments, &[("--point", first.as_str())])
            )
        }
    };
    Err(Failure::Failed(anyhow::anyhow!("{reason}.\n{next}")))
}

/// Refuses a moment before everything that there is, with how it was read, and with the oldest that can be had: the names
/// of points tell another zone.
///
/// # Errors
/// That sentence.
pub(super) async fn refuse_before_oldest(
    request: &Request,
    sources: &Sources<'_>,
    arguments: &Arguments,
    config: &Config,
) -> Result<(), Failure> {
    let Some(moment) = request.selection.moment() else {
        return Ok(());
    };
    let survey = sources.survey;
    let taken = |point: &PointId| match request.known.get(point) {
        Some(known) => Some(known.manifest.taken_at),
        None => survey::moment_of(point),
    };
    let listed = survey.points();
    let Some(oldest) = listed.iter().filter_map(taken).min() else {
        return Ok(());
    };
    let is_after = |point: &PointId| survey::moment_of(point).is_some_and(|at| at > moment);
    // One of which only parts are left, or nothing, is told by whoever looks for it.
    let mut all = listed.iter().chain(request.known.keys());
    if !all.all(is_after) || !survey.points_in_parts().iter().all(is_after) {
        return Ok(());
    }
    let told = |at: UnixMillis| words::moment(at, &config.owner.timezone);
    let silent = survey.silent.iter();
    let silent = silent.map(|(remote, why)| format!("; the remote {remote} does not answer ({why})"));
    let whole = oldest_whole(request, sources).await;
    let dated = match &whole {
        Some(manifest) => by_a_wrong_clock(moment, manifest, request, sources).await,
        None => None,
    };
    let next = match (whole, dated) {
        (Some(manifest), Some((commit, why))) => format!(
            "{why}. To restore them:\n  {}",
            command(
                arguments,
                &[
                    ("--chain", manifest.chain.as_str()),
                    ("--commit", &commit.to_string())
                ]
            )
        ),
        (whole, _) => oldest_told(whole, moment, (arguments, config)),
    };
    Err(Failure::Failed(anyhow::anyhow!(
        "there is no restore point from before {}; the oldest is of {}{}. Nothing was changed.\n{next}",
        told(moment),
        told(oldest),
        silent.collect::<String>()
    )))
}

/// The last commit of the chain that was there by then although the point that it stands on is dated later, where it can be had;
/// and why, as a sentence.
async fn by_a_wrong_clock(
    moment: UnixMillis,
    manifest: &Manifest,
    request: &Request,
    sources: &Sources<'_>,
) -> Option<(CommitNumber, String)> {
    let segments = sources.survey.segments(&manifest.chain);
    let by_then = segments.iter().filter(|name| name.last_at <= moment);
    let (last, why) = match by_then.map(|name| name.last).max() {
        Some(last) => (
            last,
            format!(
                "The clock was wrong for a while: commits of that chain until {last} are dated before that moment, and the \
                 restore point that they stand on after it"
            ),
        ),
        None => {
            let last = restore::by_the_last_clock(request, sources, manifest, moment).await?;
            let why = format!(
                "The clock was wrong for a while: by the one that it was set to later, commits of that chain until {last} were \
                 there by that moment"
            );
            (last, why)
        }
    };
    let asked = Request {
        selection: Selection::Commit(last),
        chain: Some(manifest.chain.as_str().to_owned()),
        anchor: None,
        wants_offer: false,
        ..request.clone()
    };
    restore::plan(asked, sources).await.ok().map(|_| (last, why))
}

fn oldest_told(
    whole: Option<Manifest>,
    moment: UnixMillis,
    (arguments, config): (&Arguments, &Config),
) -> String {
    match whole {
        Some(manifest) => format!(
            "The oldest that can be restored is {}, of {}. {} To restore that:\n  {}",
            manifest.point,
            words::moment(manifest.taken_at, &config.owner.timezone),
            side(&Beside {
                side: Side::Later,
                commits: None,
                time: Some(manifest.taken_at.since(moment)),
            }),
            command(arguments, &[("--point", manifest.point.as_str())])
        ),
        None => "`agent list` shows what there is.".to_owned(),
    }
}

/// The first point of the chain that is meant, or of all of them, that a restore would take.
async fn oldest_whole(request: &Request, sources: &Sources<'_>) -> Option<Manifest> {
    for point in sources.survey.points().into_iter().take(TRIED_MAX) {
        let asked = Request {
            selection: Selection::Point(point.clone()),
            anchor: None,
            wants_offer: false,
            ..request.clone()
        };
        // Another one of the same commit would serve as well, and is not the one that is named.
        let Ok(plan) = restore::plan(asked, sources).await else {
            continue;
        };
        let chain = plan.manifest.chain.as_str();
        let is_meant = request
            .chain
            .as_ref()
            .is_none_or(|asked| chain.starts_with(asked));
        if is_meant && plan.manifest.point == point {
            return Some(plan.manifest);
        }
    }
    None
}

/// A moment that is yet to come: nobody knows what the shop will be then.
pub(super) fn of_the_future(selection: &Selection, config: &Config) -> Option<String> {
    let (moment, now) = (selection.moment()?, now());
    (moment > now).then(|| {
        let told = |at: UnixMillis| words::moment(at, &config.owner.timezone);
        format!(
            "{} has not come yet: by this server's clock it is {}. You get the newest that there is, as with --latest",
            told(moment),
            told(now)
        )
    })
}

/// What stands in the way of the same command without `--dry-run`.
///
/// # Errors
/// The same refusal.
pub(super) fn refuse_as_without_dry_run(plan: &Plan, config: &Config) -> Result<(), Failure> {
    match &plan.target {
        Target::Folder(folder) => require_empty(folder)?,
        Target::Live(_) if plan.only == Some(Only::Config) => {}
        Target::Live(_) => drop(hold::take(config)?),
    }
    Ok(())
}
