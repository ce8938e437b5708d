//! The log is kept short: copied into the database's file, and the view moved before it, so that the bot's next commit
//! starts it anew.
//! It reads no commit itself, and forces no reset: the bot's own next commit makes it.

use std::time::{Duration, Instant};

use super::{
    desk::Desk,
    recorder::{BREATH, Clock, Ended, Recorder},
};

/// Frames of the log from which on it is copied into the database's file: 16 MiB. Each copy makes the bot's commits wait
/// for the disk once or twice: at 200 commits a second this is every four seconds.
const KEEP_FRAMES: u32 = 4_096;
/// How often that is tried in a turn: after the first time there is little left to copy, and a pause between two commits
/// is long enough for it.
const LEAPS_MAX: usize = 4;
/// Frames from which on the write lock is taken for a moment to do so: 96 MiB. A shop leaves pauses, and on a disk whose
/// syncs outlast them the lock would make its commits wait for just these syncs.
const BARRIER_FRAMES: u32 = 24_576;
/// Frames that the log grows by until what was tried in vain is tried again: 8 MiB. Each try asks the disk to write, which
/// a slow disk makes the bot's commits wait for, and may take the bot's lock.
const AGAIN_FRAMES: u32 = 2_048;
/// After what time it is tried again at the latest: a small shop takes days to write so much, and whoever stood in the way
/// may be gone.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// When the log is looked after next.
pub(super) struct Next {
    /// When it has so many frames, or
    frames: u32,
    /// at this moment, as long as something is left to do.
    at: Option<Instant>,
}

impl Next {
    /// At the first look: what lies there may be long.
    pub(super) const FIRST: Self = Self { frames: 0, at: None };
    /// When there is something to do again.
    const GROWN: Self = Self {
        frames: KEEP_FRAMES,
        at: None,
    };

    fn after(leap: Leap, frames: u32) -> Self {
        match leap {
            Leap::BeforeLog => Self {
                frames: frames + KEEP_FRAMES,
                at: None,
            },
            Leap::Overtaken | Leap::Blocked => Self {
                frames: frames + AGAIN_FRAMES,
                at: Some(Instant::now() + AGAIN_AFTER),
            },
        }
    }

    fn is_now(&self, frames: u32) -> bool {
        frames >= self.frames || self.at.is_some_and(|at| Instant::now() >= at)
    }
}

/// How far a try came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leap {
    /// All is in the database's file and the view stands before the log: the next commit starts it anew.
    BeforeLog,
    /// A commit came meanwhile.
    Overtaken,
    /// Somebody else's view stands in the log, such as a long read's, or copies it: no lock of the bot's helps until that
    /// ends.
    Blocked,
}

impl Recorder {
    /// Copies the log into the database's file when it has grown, so that the bot's next commit starts it anew. The
    /// bulk takes no lock. Only when the bot leaves no pause, its write lock is taken for the last few pages, or for a
    /// breath when this agent is behind.
    pub(super) fn keep(&mut self, desk: &Desk, now: Clock) -> Result<(), Ended> {
        let frames = self.follower.frames();
        if frames < KEEP_FRAMES {
            self.keep_next = Next::GROWN;
        }
        if !self.keep_next.is_now(frames) {
            return Ok(());
        }
        let mut leap = self.leap_between_commits(desk, now)?;
        if leap == Leap::Overtaken && frames >= BARRIER_FRAMES && self.follower.source().lock()? {
            let levelled = self.level(now);
            self.follower.source().unlock()?;
            leap = levelled?;
        }
        self.drain(desk, now)?;
        self.keep_next = Next::after(leap, self.follower.frames());
        Ok(())
    }

    fn leap_between_commits(&mut self, desk: &Desk, now: Clock) -> Result<Leap, Ended> {
        let mut leap = Leap::Overtaken;
        for _ in 0..LEAPS_MAX {
            let held = self.hold_all()?;
            self.drain(desk, now)?;
            leap = self.leap_before_log(held)?;
            if leap != Leap::Overtaken {
                break;
            }
        }
        Ok(leap)
    }

    /// Moves the view to the newest commit. Frames that it stands behind at least: none when not all was read.
    fn hold_all(&mut self) -> Result<u32, Ended> {
        let read = self.follower.frames();
        Ok(if self.follower.leap()? { read } else { 0 })
    }

    /// Copies the log without a lock and moves the view before it. A commit may come before that is done, also between
    /// the last copied page and the view: the view then stands in the log, and the log only grows.
    fn leap_before_log(&mut self, held: u32) -> Result<Leap, Ended> {
        let log = match self.follower.source().checkpoint()? {
            Some(log) if log.backfilled >= held => log,
            _ => return Ok(Leap::Blocked),
        };
        if !self.follower.is_level_with(log) {
            return Ok(Leap::Overtaken);
        }
        self.follower.leap()?;
        let is_there = self.follower.source().published()? == log;
        Ok(if is_there {
            Leap::BeforeLog
        } else {
            Leap::Overtaken
        })
    }

    /// Under the write lock: nobody commits while the last pages are copied and the view moves before the log.
    fn level(&mut self, now: Clock) -> Result<Leap, Ended> {
        if !self.catch_up(BREATH, now)? {
            return Ok(Leap::Overtaken);
        }
        let held = self.hold_all()?;
        self.leap_before_log(held)
    }
}
