//! The log is kept short: copied into the database's file, and the view moved before it, so that the bot's next commit
//! starts it anew.
//! It reads no commit itself, and forces no reset: the bot's own next commit makes it.

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
/// Frames from which on the write lock is taken for a moment to do so, when the bot leaves no pause: 32 MiB.
const BARRIER_FRAMES: u32 = 8_192;

impl Recorder {
    /// Copies the log into the database's file when it has grown, so that the bot's next commit starts it anew. The
    /// bulk takes no lock. Only when the bot leaves no pause, its write lock is taken for the last few pages, or for a
    /// breath when this agent is behind. Whoever does not get it tries again with the next commit.
    pub(super) fn keep(&mut self, desk: &Desk, now: Clock) -> Result<(), Ended> {
        let frames = self.follower.frames();
        if frames < KEEP_FRAMES {
            self.keep_at = KEEP_FRAMES;
        }
        if frames < self.keep_at {
            return Ok(());
        }
        let mut is_level = false;
        for _ in 0..LEAPS_MAX {
            self.follower.leap()?;
            self.drain(desk, now)?;
            is_level = self.leap_before_log()?;
            if is_level {
                break;
            }
        }
        let is_kept = is_level
            || frames < BARRIER_FRAMES
            || (self.follower.source().lock()? && {
                let levelled = self.level(now);
                self.follower.source().unlock()?;
                levelled?
            });
        self.drain(desk, now)?;
        if is_kept {
            self.keep_at = self.follower.frames() + KEEP_FRAMES;
        }
        Ok(())
    }

    /// Copies the log without a lock and moves the view before it. False when a commit came before that was done, also
    /// between the last copied page and the view: the view then stands in the log, and the log only grows.
    fn leap_before_log(&mut self) -> Result<bool, Ended> {
        let log = self.follower.source().checkpoint()?;
        if !self.follower.is_level_with(log) {
            return Ok(false);
        }
        self.follower.leap()?;
        Ok(self.follower.source().published()? == log)
    }

    /// Under the write lock: nobody commits while the last pages are copied and the view moves before the log. False
    /// when there is too much to read for that.
    fn level(&mut self, now: Clock) -> Result<bool, Ended> {
        if !self.catch_up(BREATH, now)? {
            return Ok(false);
        }
        self.follower.leap()?;
        self.leap_before_log()
    }
}
