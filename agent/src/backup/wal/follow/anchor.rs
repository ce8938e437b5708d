//! How a follower comes to stand at the end of the log, however fast the bot writes.
//! It reads no page: what a commit changed is not asked for here.

use std::time::{Duration, Instant};

use super::{ATTEMPTS, Follower, Lost};

/// Most of the log is read without the write lock, which is enough for a bot that pauses.
const UNLOCKED: Duration = Duration::from_secs(2);
/// A bot that writes faster than this reads waits so long at a time,
const LOCKED: Duration = Duration::from_millis(150);
/// and has so long in between,
const PAUSE: Duration = Duration::from_millis(5);
/// for so long in all, until this gives up.
const LIMIT: Duration = Duration::from_secs(10);

impl Follower {
    /// Moves to the end of the log and holds exactly that state. False when the bot kept the write lock for too long.
    ///
    /// # Errors
    /// As [`Follower::next`].
    pub fn anchor(&mut self) -> Result<bool, Lost> {
        for _ in 0..ATTEMPTS {
            self.position = None;
            self.newest.clear();
            self.published = 0;
            match self.skip(UNLOCKED).and_then(|_| self.anchor_locked()) {
                Err(Lost::Reset | Lost::Broken(_)) => {}
                anchored => return anchored,
            }
        }
        Ok(false)
    }

    fn anchor_locked(&mut self) -> Result<bool, Lost> {
        let until = Instant::now() + LIMIT;
        while Instant::now() < until {
            if !self.source.lock()? {
                return Ok(false);
            }
            let anchored = self.skip(LOCKED).and_then(|is_end| Ok(is_end && self.leap()?));
            self.source.unlock()?;
            if anchored? {
                return Ok(true);
            }
            std::thread::sleep(PAUSE);
        }
        Ok(false)
    }

    /// Whether the end of the log was reached.
    fn skip(&mut self, most: Duration) -> Result<bool, Lost> {
        let until = Instant::now() + most;
        while let Some(frames) = self.next_frames()? {
            self.newest.extend(frames.pages);
            if Instant::now() >= until {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
