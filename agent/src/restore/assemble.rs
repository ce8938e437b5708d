//! Puts a database together in a file beside the target: the parts of a full point, a delta over them, then segment
//! after segment; and checks it until it may be trusted.
//! The caller decides what becomes of the file when this fails.

use std::{fs::File, io, path::Path, sync::Arc};

use anyhow::Context;
use futures_util::stream::{self, StreamExt};
use protocol::{
    chain::{CommitNumber, PageSum},
    manifest::Manifest,
    object_key::SegmentName,
    time::UnixMillis,
};
use tokio::task::JoinHandle;

use super::{
    Plan, Sources, Stop,
    avoid::Culprit,
    coming::Coming,
    fetch::{self, Failure},
    full,
    journal::{Journal, Keeper},
    pages::{PagesFile, PartWriter, Summing},
    segments,
    settle::{is_alone, prove, settle},
};
use crate::backup::{
    Progress, delta,
    segment::{MISNAMED, Replay, Segment, SegmentError},
};

/// Parts that are fetched at the same time, each of up to 16 MiB; opening them takes turns on as many threads as there
/// are cores.
const PARTS_AT_ONCE: usize = 4;
/// Segments are small: what takes time is the way to the remote and back.
const SEGMENTS_AT_ONCE: usize = 16;

/// Where a restored database stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// After this commit of the plan's chain.
    pub commit: CommitNumber,
    /// When the agent saw it.
    pub at: UnixMillis,
}

/// Where the database is put together.
pub(super) struct Place<'a> {
    pub file: File,
    pub path: &'a Path,
    /// Which parts are in the file.
    pub journal: &'a Path,
    /// Whether both were left by a restore that was interrupted: else an attempt before this one has made them.
    pub was_left: bool,
}

/// Fills the file and checks it. `notes` are what went wrong and did not matter; `working_at` is what is to blame for a
/// failure.
pub(super) async fn database(
    plan: &Plan,
    sources: &Sources<'_>,
    place: Place<'_>,
    notes: &mut Vec<String>,
    working_at: &mut Culprit,
    progress: &dyn Progress,
) -> Result<Reached, Failure> {
    let path = place.path;
    let (pages, reached) = assemble(plan, sources, place, notes, working_at, progress).await?;
    progress.begin("checking the database", 0);
    tokio::task::block_in_place(|| settle(plan, &pages, path, working_at))?;
    Ok(reached)
}

async fn assemble(
    plan: &Plan,
    sources: &Sources<'_>,
    place: Place<'_>,
    notes: &mut Vec<String>,
    working_at: &mut Culprit,
    progress: &dyn Progress,
) -> Result<(PagesFile, Reached), Failure> {
    let base = plan.base.as_ref().unwrap_or(&plan.manifest);
    *working_at = Culprit::Point(base.point.clone());
    let summing = match is_alone(plan) {
        true => Summing::Later,
        false => Summing::Now,
    };
    let mut pages = fill(base, sources, (place, summing), notes, progress).await?;
    if summing == Summing::Now {
        prove(base, &pages.root())?;
    }
    if plan.base.is_some() {
        *working_at = Culprit::Point(plan.manifest.point.clone());
        lay(&plan.manifest, sources, &mut pages, notes, progress).await?;
    }
    let mut reached = Reached {
        commit: plan.manifest.commit,
        at: plan.manifest.taken_at,
    };
    let pages = replay(plan, sources, (pages, &mut reached), notes, working_at, progress).await?;
    let root = match summing {
        Summing::Now => pages.root(),
        // What it is going to be held against.
        Summing::Later => base.page_root.clone(),
    };
    if plan.root.as_ref().is_some_and(|wanted| *wanted != root) {
        return Err(Failure::Wrong(format!(
            "the commits until {} do not add up to the database that was asked for",
            reached.commit
        )));
    }
    Ok((pages, reached))
}

/// Writes every part of a full point to its place, in whatever order they come, but for those that a killed restore of
/// the same point has written already.
async fn fill(
    base: &Manifest,
    sources: &Sources<'_>,
    (place, summing): (Place<'_>, Summing),
    notes: &mut Vec<String>,
    progress: &dyn Progress,
) -> Result<PagesFile, Failure> {
    progress.begin("restoring the database", base.database_bytes);
    let Place { file, journal, .. } = place;
    // What is of another base is cut off once all of this one is there: until then it may be gone on with after all.
    let there = file.metadata().map(|found| found.len());
    there
        .and_then(|bytes| file.set_len(bytes.max(base.database_bytes)))
        .context("making room for the database")
        .map_err(Failure::Here)?;
    let opened = tokio::task::block_in_place(|| Journal::open(journal, base, &file));
    let (journal, found) = opened.map_err(Failure::Here)?;
    progress.had(found.worth_bytes(base));
    if place.was_left {
        notes.extend(found.told(base));
    }
    let mut sum = PageSum::default();
    found.done.values().for_each(|part| sum.merge(part.sum));
    let file = Arc::new(file);
    let parts = base.database.iter().enumerate();
    let missing = parts.filter(|(index, _)| !found.done.contains_key(index));
    let fetching = missing.map(|(index, part)| {
        let (file, journal, page_size) = (Arc::clone(&file), &journal, base.page_size);
        let begun_bytes = found.begun.get(&index).copied();
        async move {
            let keeper = Keeper {
                journal,
                database: &file,
                index,
                part,
            };
            let kept = begun_bytes.map_or(Ok(Vec::new()), |bytes| keeper.kept(bytes));
            let kept = kept
                .context("reading what was fetched before")
                .map_err(Failure::Here)?;
            let coming = Coming::kept(part, progress, (keeper, kept));
            let write = || PartWriter::new(Arc::clone(&file), index, (page_size, summing));
            let (written, note) = fetch::opened(sources, (part, &coming), write).await?;
            Ok((index, written.end(), note))
        }
    });
    let mut parts = stream::iter(fetching).buffer_unordered(PARTS_AT_ONCE);
    let mut flushing = Flushing::default();
    while let Some(part) = parts.next().await {
        let (index, part, note) = part?;
        notes.extend(note);
        sum.merge(part.sum);
        journal
            .add(index, part)
            .context("writing down which parts are there")
            .map_err(Failure::Here)?;
        flushing.go_on(&file).await.map_err(Failure::Here)?;
    }
    drop(parts);
    flushing.end().await.map_err(Failure::Here)?;
    let file = Arc::into_inner(file).context("a part is still being written");
    let file = file.map_err(Failure::Here)?;
    file.set_len(base.database_bytes)
        .context("cutting the database to its size")
        .map_err(Failure::Here)?;
    Ok(PagesFile::of_base(file, base, sum))
}

/// Forces what was written to the disk while more is fetched, so that little is left to wait for at the end.
#[derive(Default)]
struct Flushing(Option<JoinHandle<io::Result<()>>>);

impl Flushing {
    /// Begins again as soon as the last time is over.
    async fn go_on(&mut self, file: &Arc<File>) -> anyhow::Result<()> {
        if self.0.as_ref().is_some_and(|last| !last.is_finished()) {
            return Ok(());
        }
        self.end().await?;
        let file = Arc::clone(file);
        self.0 = Some(tokio::task::spawn_blocking(move || file.sync_data()));
        Ok(())
    }

    /// A disk says once that it could not write, and whoever does not listen takes it for done.
    async fn end(&mut self) -> anyhow::Result<()> {
        let flushing = "forcing the database to the disk";
        match self.0.take() {
            Some(last) => last
                .await
                .context("the thread that flushes ended")?
                .context(flushing),
            None => Ok(()),
        }
    }
}

/// Lays a delta over its base.
async fn lay(
    manifest: &Manifest,
    sources: &Sources<'_>,
    pages: &mut PagesFile,
    notes: &mut Vec<String>,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    let total: u64 = manifest.database.iter().map(|part| part.plain_size_bytes).sum();
    progress.begin("laying the changes over it", total);
    let mut parts = stream::iter(&manifest.database)
        .map(|part| async move { (part, fetch::object(sources, part, progress).await) })
        .buffered(PARTS_AT_ONCE);
    while let Some((object, plain)) = parts.next().await {
        let (plain, note) = plain?;
        notes.extend(note);
        let part = delta::read(&plain, manifest.page_size, manifest.pages())
            .map_err(|what| Failure::Lost(format!("{}: {what}", object.key)))?;
        tokio::task::block_in_place(|| pages.lay(&part))
            .context("writing the database")
            .map_err(Failure::Here)?;
    }
    tokio::task::block_in_place(|| pages.resize(manifest.pages()))
        .context("writing the database")
        .map_err(Failure::Here)?;
    if pages.root() != manifest.page_root {
        return Err(Failure::Wrong(format!(
            "its changes do not add up to the database that the manifest of {} describes",
            manifest.point
        )));
    }
    Ok(())
}

/// Follows the segments of the plan.
async fn replay(
    plan: &Plan,
    sources: &Sources<'_>,
    (pages, reached): (PagesFile, &mut Reached),
    notes: &mut Vec<String>,
    working_at: &mut Culprit,
    progress: &dyn Progress,
) -> Result<PagesFile, Failure> {
    let mut replay = pages.into_replay();
    let sizes = plan
        .segments
        .iter()
        .map(|name| sources.survey.size_of(&name.to_string()));
    progress.begin("following the commits", sizes.sum());
    let mut previous: Option<[u8; 32]> = None;
    let mut coming = stream::iter(&plan.segments)
        .map(|name| async move { (name, segments::segment(sources, name, progress).await) })
        .buffered(SEGMENTS_AT_ONCE);
    while let Some((name, fetched)) = coming.next().await {
        *working_at = Culprit::Segment(name.clone());
        let (plain, digest, note) = fetched?;
        notes.extend(note);
        let step = || follow(plan, name, &plain, previous, &mut replay, reached);
        let goes_on = tokio::task::block_in_place(step).map_err(|failure| match failure {
            Failure::Lost(what) => {
                *working_at = segments::culprit(name, &plain, &what);
                Failure::Lost(format!("{name}: {what}"))
            }
            other => other,
        })?;
        previous = Some(digest);
        if !goes_on {
            break;
        }
    }
    tokio::task::block_in_place(|| PagesFile::after(replay, plan.manifest.page_size))
        .context("writing the database")
        .map_err(Failure::Here)
}

/// Follows one segment, as far as the plan goes; `false` when that was its end.
fn follow(
    plan: &Plan,
    name: &SegmentName,
    plain: &[u8],
    previous: Option<[u8; 32]>,
    replay: &mut Replay,
    reached: &mut Reached,
) -> Result<bool, Failure> {
    let told = |error: SegmentError| match error {
        // Another way would meet the same disk.
        SegmentError::Io(error) if full::is_full(&error) => {
            Failure::Here(anyhow::Error::from(error).context("writing the database"))
        }
        error => Failure::Lost(error.to_string()),
    };
    let segment = Segment::parse(plain).map_err(told)?;
    let header = &segment.header;
    if !header.is_named(name) {
        return Err(Failure::Lost(MISNAMED.to_owned()));
    }
    if header.first != reached.commit.next() {
        return Err(Failure::Lost(format!(
            "it does not begin after commit {}",
            reached.commit
        )));
    }
    if let (Some(before), Some(promised)) = (previous, header.previous)
        && before != promised
    {
        return Err(Failure::Lost(segments::UNLINKED.to_owned()));
    }
    let through = match plan.stop {
        Stop::AtPoint | Stop::AtEnd => Some(header.last),
        Stop::AfterCommit(commit) => Some(commit.min(header.last)),
        // What others follow was there by then, whatever its clock said.
        Stop::By { .. } if plan.segments.last() != Some(name) => Some(header.last),
        Stop::By { moment, .. } => replay.last_commit_by(&segment, moment).map_err(told)?,
    };
    let Some(through) = through else {
        return Ok(false);
    };
    let commit = replay.apply(&segment, through).map_err(told)?;
    *reached = Reached {
        commit: commit.number,
        at: commit.at,
    };
    Ok(through == header.last)
}
