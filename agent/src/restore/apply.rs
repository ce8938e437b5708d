//! Carries a plan out: everything is fetched and checked in temporary names first, and takes its place at the end.
//! When anything fails, nothing that was there has changed; what was made is removed, but for what a next try goes on with.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use jiff::Timestamp;
use protocol::{
    manifest::{Manifest, Object},
    restored::Restored,
    time::UnixMillis,
};

use super::{
    Only, Plan, Reached, Refused, Sources, Target, assemble,
    avoid::Culprit,
    fetch::{self, Failure},
    full,
    hold::Hold,
    leftovers, origin,
    place::{Temporary, flush, new_folder, share},
    swap,
    unfinished::Unfinished,
    unpack, went_down,
    workplace::Workplace,
};
use crate::backup::Progress;

const WITHOUT_FILES: &str = "the database is restored without configuration, .env and logs; `--only config` brings them \
                             once they can be had";

/// What was restored, and where it lies.
#[derive(Debug, Default)]
pub struct Done {
    /// The database.
    pub database: Option<PathBuf>,
    /// Where it stands.
    pub reached: Option<Reached>,
    /// The folder with configuration, `.env` and logs.
    pub files: Option<PathBuf>,
    /// The folder with what lay at the database's place before.
    pub replaced: Option<PathBuf>,
    /// The database's folder, when it had to be made: its owner is whoever restored.
    pub made_folder: Option<PathBuf>,
    /// What went wrong on the way and did not matter in the end.
    pub notes: Vec<String>,
}

/// Restores. `hold` must be there for a database on the live path; it is kept until the end. When something on the way
/// turns out to be of no use, the plan becomes another one that leads to the same end.
///
/// # Errors
/// [`super::Refused`] when no way leads there, else what this machine refused. Nothing was changed.
pub async fn carry_out(
    plan: &mut Plan,
    sources: &Sources<'_>,
    hold: Option<&mut Hold>,
    now: UnixMillis,
    progress: &dyn Progress,
) -> anyhow::Result<Done> {
    let wants_database = plan.only != Some(Only::Config);
    let target = plan.target.clone();
    let (folder, live) = match &target {
        Target::Live(path) => {
            ensure!(
                !wants_database || hold.is_some(),
                "the live database is replaced only while it is held"
            );
            (
                path.parent().context("the database has no folder")?.to_path_buf(),
                Some(path.as_path()),
            )
        }
        Target::Folder(folder) => (folder.clone(), None),
    };
    require_room(plan)?;
    let mut workplace = Workplace::take(&folder, live.is_some())?;
    let mut done = Done {
        notes: plan.notes.clone(),
        ..Done::default()
    };
    let (database, files) = match wants_database {
        true => fetch_all(plan, sources, &folder, &mut done, progress).await?,
        false => {
            leftovers::remove(&folder);
            let files = fetch_files(plan, sources, &folder, &mut done.notes, progress).await;
            let full = |error| full::explained(error, &folder, needed_bytes(plan), None);
            (None, files.map_err(full)?)
        }
    };
    let stamp = Timestamp::from_millisecond(now.0)?
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let files = files
        .map(|files| settle_files(files, &folder, live.is_some(), &stamp))
        .transpose()?;
    // Asked while nothing is in its place yet: whoever waits for a remote can leave.
    let line = origin::led_to(plan, sources, live.is_some() && database.is_some()).await;
    if let Some(mut new) = database {
        let place = live.map_or_else(|| folder.join("shop.db"), Path::to_path_buf);
        match (live, hold) {
            (Some(live), Some(hold)) => {
                hold.tighten()?;
                done.replaced = swap::swap(live, &mut new, &note(plan, done.reached, now), &stamp)?;
                let origin = (sources, line.as_slice(), now);
                let place = (hold.state_dir(), live);
                done.notes
                    .extend(origin::write_down(place, plan, done.reached, origin));
            }
            _ => swap::lay(&place, &mut new, &note(plan, done.reached, now))?,
        }
        done.database = Some(place);
    }
    done.files = files.map(|files| files.keep());
    done.made_folder = workplace.keep();
    flush(&folder)?;
    Ok(done)
}

fn note(plan: &Plan, reached: Option<Reached>, now: UnixMillis) -> Restored {
    Restored {
        restore_point: plan.manifest.point.to_string(),
        as_of: reached.map_or(plan.manifest.taken_at, |reached| reached.at),
        restored_at: now,
        instead_of: None,
        aside: None,
    }
}

/// Refuses when nothing can be written where the plan goes, or the disk there has no room for what it brings.
///
/// # Errors
/// A sentence that says why; of a disk that is too full, with both figures.
pub fn require_room(plan: &Plan) -> anyhow::Result<()> {
    let folder = plan.target.folder();
    full::require_writable(folder)?;
    // What a killed restore left is written over, and takes its room already.
    let needed_bytes = needed_bytes(plan).saturating_sub(leftovers::held_bytes(folder));
    let advice = "Nothing was changed. Make room there, or restore onto another disk with --to DIR";
    full::require(folder, needed_bytes, "the restore", advice)
}

fn needed_bytes(plan: &Plan) -> u64 {
    let points = plan.base.iter().chain([&plan.manifest]);
    let points = points.filter(|_| plan.only != Some(Only::Config));
    bytes_of(points, plan.files.as_ref().map(|(_, files)| files))
}

/// What these points, of which each is laid over the one before, and these files take on the disk at most.
pub fn bytes_of<'m>(points: impl Iterator<Item = &'m Manifest>, files: Option<&Object>) -> u64 {
    let database = points.map(|it| it.database_bytes).max();
    let files = files.map_or(0, |files| files.plain_size_bytes);
    database.unwrap_or(0).saturating_add(files)
}

/// The database and the files. Left in its middle, or by the remotes, it leaves the parts that it has for the next try.
async fn fetch_all(
    plan: &mut Plan,
    sources: &Sources<'_>,
    folder: &Path,
    done: &mut Done,
    progress: &dyn Progress,
) -> anyhow::Result<(Option<Temporary>, Option<Temporary>)> {
    let (mut unfinished, was_left) = Unfinished::begin(folder);
    let place = (&unfinished, was_left);
    let mut is_wrong = false;
    let fetched = fetch_database(plan, sources, (place, &mut is_wrong), &mut done.notes, progress);
    let error = match fetched.await {
        Ok(reached) => {
            done.reached = Some(reached);
            match fetch_files(plan, sources, folder, &mut done.notes, progress).await {
                Ok(files) => return Ok((unfinished.whole(), files)),
                Err(error) => full::explained(error, folder, needed_bytes(plan), None),
            }
        }
        // As after a kill: the next try goes on with it once there is room.
        Err(error) if full::is_cause(&error) => {
            let left = unfinished.keep();
            full::explained(error, folder, needed_bytes(plan), left.as_ref())
        }
        // What failed was on the remotes, or on the way: they may be mended. A rehearsal is followed by another one of a newer
        // point.
        Err(error) if error.is::<Refused>() && !is_wrong && !plan.request.newest_only => {
            match unfinished.keep_parts() {
                Some(left) => error.context(left),
                None => error,
            }
        }
        Err(error) => error,
    };
    unfinished.failed();
    Err(error)
}

async fn fetch_database(
    plan: &mut Plan,
    sources: &Sources<'_>,
    ((unfinished, was_left), is_wrong): ((&Unfinished, bool), &mut bool),
    notes: &mut Vec<String>,
    progress: &dyn Progress,
) -> anyhow::Result<Reached> {
    let (path, journal) = unfinished.paths();
    loop {
        let place = assemble::Place {
            file: open_file(path)?,
            path,
            journal,
            was_left,
        };
        let mut working_at = Culprit::Database;
        match assemble::database(plan, sources, place, notes, &mut working_at, progress).await {
            Ok(reached) => return Ok(reached),
            Err(failure) => {
                *is_wrong |= matches!(failure, Failure::Wrong(_));
                go_around(plan, working_at, failure, sources, notes).await?;
            }
        }
    }
}

/// Makes the plan another one with the same end; an error when there is none.
async fn go_around(
    plan: &mut Plan,
    culprit: Culprit,
    failure: Failure,
    sources: &Sources<'_>,
    notes: &mut Vec<String>,
) -> anyhow::Result<()> {
    let why = match failure {
        Failure::Lost(why) | Failure::Wrong(why) => why,
        Failure::Unheard(why) => match went_down::refusal(sources, &plan.manifest.point, &why).await {
            Some(refused) => return Err(refused.into()),
            None => why,
        },
        Failure::Here(error) => return Err(error),
    };
    *plan = plan.around(culprit, why, sources).await?;
    let new = plan.notes.iter().filter(|note| !notes.contains(note));
    let new: Vec<String> = new.cloned().collect();
    notes.extend(new);
    Ok(())
}

/// Whether the database is wanted whatever becomes of the files; a rehearsal wants to hear of both.
fn may_lack_files(plan: &Plan) -> bool {
    plan.only.is_none() && !plan.request.newest_only
}

async fn fetch_files(
    plan: &mut Plan,
    sources: &Sources<'_>,
    folder: &Path,
    notes: &mut Vec<String>,
    progress: &dyn Progress,
) -> anyhow::Result<Option<Temporary>> {
    let tar = loop {
        let Some((point, object)) = plan.files.clone() else {
            return Ok(None);
        };
        progress.begin("restoring the files", object.plain_size_bytes);
        match fetch::object(sources, &object, progress).await {
            Ok((tar, note)) => {
                notes.extend(note);
                break tar;
            }
            Err(failure) => {
                let why = failure.to_string();
                let around = go_around(plan, Culprit::Files(point), failure, sources, notes).await;
                match around {
                    Ok(()) => {}
                    // Whoever answers nothing about them may answer nothing at all any more: the database is here already.
                    Err(error) if may_lack_files(plan) && error.is::<Refused>() => {
                        notes.push(format!("{why}: {WITHOUT_FILES}"));
                        plan.files = None;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    };
    let path = new_folder(folder, &leftovers::files_name())?;
    let temporary = Temporary::new(path);
    tokio::task::block_in_place(|| unpack::unpack(&tar, temporary.path()))?;
    Ok(Some(temporary))
}

/// Gives the files' folder its name; the guard goes on, in case the database fails after all.
fn settle_files(mut files: Temporary, folder: &Path, live: bool, stamp: &str) -> anyhow::Result<Temporary> {
    let name = if live {
        format!("restored-{stamp}")
    } else {
        "files".to_owned()
    };
    let place = new_folder(folder, &name)?;
    files.become_final(&place)?;
    Ok(Temporary::new(place))
}

/// New, or what a killed restore of the same point left. Readable for the group too, as both programs share the
/// database by their group.
fn open_file(path: &Path) -> anyhow::Result<File> {
    let making = || format!("making {}", path.display());
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o660)
        .open(path)
        .with_context(making)?;
    share(&file).with_context(making)?;
    Ok(file)
}
