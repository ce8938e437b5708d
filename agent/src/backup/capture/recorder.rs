//! From commits in the log to segments in the spool, one chain at a time: what is read, when a segment is ended, and
//! that the state directory always tells the same story as the spool.
//! It waits for nothing, ships nothing, and gives up with a reason rather than guess.

use std::time::{Duration, Instant};

use anyhow::Context;
use protocol::{
    chain::{CommitNumber, PageHash, PageSum, is_lock_page},
    time::UnixMillis,
};

use super::{
    Mark, NewChain, Place, WhyAgain,
    desk::{Claim, Desk},
    hashes::Hashes,
    keep::Next,
    past::Past,
};
use crate::{
    backup::{
        segment::{Draft, TooLarge},
        wal::follow::{Follower, Lost},
    },
    store::{capture::CaptureState, interruptions::EventKind},
};

/// Tells the moment when it is asked.
pub(super) type Clock = fn() -> UnixMillis;

/// Bytes that changed, before compression, at which a segment ends in any case.
pub(super) const SEGMENT_BYTES: usize = 256 * 1024;
/// Frames from which on the bot is slowed down when this agent reads more slowly than it writes: 64 MiB.
const PRESSURE_FRAMES: u32 = 16_384;
/// How long it reads before the log is looked after.
const DRAIN_MAX: Duration = Duration::from_millis(250);
/// The same under pressure; and how long the write lock is held for reading.
pub(super) const BREATH: Duration = Duration::from_millis(20);
/// Frames from which on what is left after a breath is read under the write lock, so that a bot that never pauses writes
/// no faster than this reads and the log stops growing: 128 MiB.
const BRAKE_FRAMES: u32 = 32_768;
/// How long the bot waits each time then.
const BRAKE: Duration = Duration::from_millis(100);
/// How long it waits once, after a start, while what might be gone with its next commit is read.
const SECURE_MAX: Duration = Duration::from_secs(1);

/// A chain that is being recorded.
pub(super) struct Recorder {
    /// Nobody else records this database.
    pub(super) claim: Claim,
    pub(super) follower: Follower,
    pub(super) hashes: Hashes,
    pub(super) past: Past,
    pub(super) sum: PageSum,
    pub(super) state: CaptureState,
    pub(super) draft: Draft,
    /// When the log is next looked after.
    pub(super) keep_next: Next,
    /// Frames of the log that were there when a capture came back that had been away: what was committed in them was not
    /// followed as it happened.
    pub(super) unfollowed: Option<u32>,
    /// SQLite's count of changes to the definitions, as it was seen last.
    pub(super) schema: Option<u32>,
    /// What comes next did not become of what was followed.
    pub(super) is_put_in: bool,
}

/// What ended a recording.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    /// It goes on after a comparison, or as a new chain.
    #[error("{0}")]
    Again(WhyAgain),
    /// Something refuses; it is tried again.
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
}

impl From<Lost> for Ended {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::TooLarge(large) => too_large(&large),
            Lost::Reset | Lost::Broken(_) | Lost::IndexReplaced => {
                Self::Again(WhyAgain::Resync(lost.to_string()))
            }
            Lost::Overwritten => Self::Again(WhyAgain::Overwritten(lost.into())),
            Lost::Replaced => Self::Again(WhyAgain::Replaced(lost.into())),
            Lost::LogReplaced => Self::Again(WhyAgain::LogReplaced(lost.into())),
            Lost::PageSize { .. } => Self::Again(WhyAgain::NewChain(lost.into())),
            Lost::Missing(_)
            | Lost::Source(_)
            | Lost::Io(_)
            | Lost::Untold
            | Lost::LogEmptied
            | Lost::HeldForAnother(_) => Self::Failed(lost.into()),
        }
    }
}

impl From<rusqlite::Error> for Ended {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(anyhow::Error::from(error).context("asking SQLite"))
    }
}

impl Recorder {
    /// Of the database that is followed here, with nothing read beyond this state.
    pub(super) fn at(
        state: CaptureState,
        claim: Claim,
        follower: Follower,
        (hashes, past, sum): (Hashes, Past, PageSum),
    ) -> Self {
        Self {
            claim,
            follower,
            hashes,
            past,
            sum,
            draft: Draft::new(state.page_size, state.pages),
            schema: state.defined.map(|defined| defined.changes),
            state,
            keep_next: Next::FIRST,
            unfollowed: None,
            is_put_in: false,
        }
    }

    /// The newest commit that was read, in a segment or not yet.
    pub(super) fn mark(&self) -> Mark {
        let number = self.state.commit.get() + self.draft.commits() as u64;
        Mark {
            chain: self.state.chain.clone(),
            commit: CommitNumber::new(number).unwrap_or(CommitNumber::MAX),
        }
    }

    /// Reads what was published, and ends segments that are full. False when a bot that writes faster than this reads
    /// has left more to read after a while: the log must be looked after in between.
    pub(super) fn drain(&mut self, desk: &Desk, now: Clock) -> Result<bool, Ended> {
        let frames = self.follower.frames();
        if frames < PRESSURE_FRAMES {
            return self.read_for(DRAIN_MAX, desk, now);
        }
        // A log that is long because of somebody else's view is read to its end without a lock.
        let is_all = self.read_for(BREATH, desk, now)?;
        if is_all || frames < BRAKE_FRAMES || !self.follower.source().lock()? {
            return Ok(is_all);
        }
        let read = self.read_for(BRAKE, desk, now);
        self.follower.source().unlock()?;
        read
    }

    fn read_for(&mut self, most: Duration, desk: &Desk, now: Clock) -> Result<bool, Ended> {
        let until = Instant::now() + most;
        while self.read_one(now)? {
            if self.draft.is_full(SEGMENT_BYTES) || self.has_caught_up() {
                self.end_commits(desk)?;
            }
            if Instant::now() >= until {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// After a start in the middle of a log: false when some of the log cannot be read before it may be gone. What was
    /// read of it is then in segments, and the rest is found by comparing pages.
    pub(super) fn secure(&mut self, desk: &Desk, now: Clock) -> Result<bool, Ended> {
        if self.follower.keeps_the_rest()? {
            return Ok(true);
        }
        if !self.follower.source().lock()? {
            return Ok(false);
        }
        // Nobody commits now, and so nobody starts the log anew.
        let read = match self.follower.is_in_its_log() {
            Ok(true) => self.read_for(SECURE_MAX, desk, now),
            Ok(false) => Ok(false),
            Err(lost) => Err(lost.into()),
        };
        self.follower.source().unlock()?;
        if self.is_put_in {
            // What was read before it is whole, and nobody else has it.
            self.end_commits(desk)?;
        }
        let is_all = read?;
        if !is_all {
            self.end_commits(desk)?;
        }
        Ok(is_all)
    }

    /// Reads the next commit into the draft; false when there is none.
    fn read_one(&mut self, now: Clock) -> Result<bool, Ended> {
        let Some((frames, followed)) = self.follower.next()? else {
            return Ok(false);
        };
        self.require_to_go_on(&followed)?;
        // After it was seen, not before: else a restore until a moment would hold commits from after that moment.
        let seen_at = now();
        let (follower, hashes) = (&self.follower, &self.hashes);
        let old = |page| -> anyhow::Result<Option<Vec<u8>>> {
            let image = follower.old(page)?;
            let known = hashes.get(page).context("reading the table of pages")?;
            Ok(image.filter(|image| PageHash::of(page, image) == known))
        };
        let added = self.draft.add(seen_at, followed.size_pages, followed.pages, old);
        added.map_err(|error| match error.downcast::<TooLarge>() {
            Ok(large) => too_large(&large),
            Err(error) => Ended::Failed(error),
        })?;
        self.follower.accept(frames);
        Ok(true)
    }

    /// Remembers when the file was last written by a checkpoint, so that what is written to it while nobody follows is noticed.
    pub(super) fn note_file(&mut self, desk: &Desk) -> Result<(), Ended> {
        let written = Some(self.follower.file_written());
        if written != self.state.file_written {
            desk.store.set_file_written(written.as_deref())?;
            self.state.file_written = written;
        }
        Ok(())
    }

    /// The sum of all pages after the draft.
    pub(super) fn sum_after(&self, changed: &[(u32, PageHash)]) -> std::io::Result<PageSum> {
        let (before, after) = (self.draft.pages_before(), self.draft.pages_after());
        let mut sum = self.sum;
        for page in (after + 1..=before).filter(|page| !is_lock_page(*page, self.state.page_size)) {
            sum.remove(self.hashes.get(page)?);
        }
        for (page, hash) in changed {
            if *page <= before {
                sum.remove(self.hashes.get(*page)?);
            }
            sum.add(*hash);
        }
        Ok(sum)
    }

    /// Where the newest commit that was read stands, and what the database holds there.
    pub(super) fn place(&self) -> anyhow::Result<Place> {
        let changed: Vec<(u32, PageHash)> = self.draft.hashes().collect();
        let sum = self.sum_after(&changed).context("reading the table of pages")?;
        let pages = self.draft.pages_after();
        let Mark { chain, commit } = self.mark();
        Ok(Place {
            chain,
            commit,
            root: sum.root(pages),
            pages,
            page_size: self.state.page_size,
        })
    }

    pub(super) fn log_position(&self) -> anyhow::Result<Option<String>> {
        // What was put in is no place to go on from.
        let position = self.follower.position().filter(|_| !self.is_put_in);
        position
            .map(serde_json::to_string)
            .transpose()
            .context("writing the place in the log down")
    }

    /// With the write lock held: reads to the last commit, so that whoever begins a read transaction now sees exactly
    /// this state. False when that takes longer than the bot may be kept waiting.
    pub(super) fn catch_up(&mut self, most: Duration, now: Clock) -> Result<bool, Ended> {
        let until = Instant::now() + most;
        while self.read_one(now)? {
            if Instant::now() >= until {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn too_large(large: &TooLarge) -> Ended {
    let why = NewChain::of(EventKind::NewChain, large.to_string());
    Ended::Again(WhyAgain::NewChain(why))
}
