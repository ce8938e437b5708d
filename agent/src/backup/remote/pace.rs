//! A remote's share of the line: how long an upload waits so that all uploads to it together stay under the limit,
//! those of other processes of this agent included.
//! It counts bytes on average; a single object leaves as fast as the line allows.

use std::{
    fs::{self, OpenOptions},
    io::{Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use protocol::time::UnixMillis;

use crate::{config::BytesPerSecond, store::owner::own_like};

/// Changes of the database are this small and must not wait behind a full backup: they only count.
const NEVER_WAITS_BYTES: u64 = 256 * 1024;
/// More debt than this is a clock that was set back, or a file that somebody wrote.
const DEBT_MAX: Duration = Duration::from_secs(3_600);

/// The limit of one remote.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    limit: BytesPerSecond,
    /// Holds the moment at which the line is free again, in ms since 1970.
    file: PathBuf,
}

impl Pace {
    pub(super) fn new(limit: BytesPerSecond, state: &Path) -> Self {
        Self {
            limit,
            file: state.join("bandwidth"),
        }
    }

    /// Books an upload and says how long it has to wait first.
    ///
    /// # Errors
    /// When the state directory refuses.
    pub(super) fn book(&self, bytes: u64, now: UnixMillis) -> anyhow::Result<Duration> {
        let dir = self.file.parent().unwrap_or(&self.file);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .with_context(|| format!("making {}", dir.display()))?;
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600);
        let mut file = options
            .open(&self.file)
            .with_context(|| format!("opening {}", self.file.display()))?;
        let state = dir.ancestors().nth(2).unwrap_or(dir);
        for made in [&*self.file, dir, dir.parent().unwrap_or(dir)] {
            own_like(made, state);
        }
        // Held for two system calls: whoever waits here waits microseconds.
        file.lock().context("locking the bandwidth of a remote")?;
        let mut text = String::new();
        // What is no number is as good as nothing: the line is free.
        let _ = (&file).take(32).read_to_string(&mut text);
        let free_at = UnixMillis(text.trim().parse().unwrap_or(0));
        let (wait, free_at) = book(self.limit, bytes, free_at, now);
        file.rewind().context("writing the bandwidth of a remote")?;
        file.set_len(0).context("writing the bandwidth of a remote")?;
        write!(file, "{}", free_at.0).context("writing the bandwidth of a remote")?;
        Ok(wait)
    }
}

fn book(limit: BytesPerSecond, bytes: u64, free_at: UnixMillis, now: UnixMillis) -> (Duration, UnixMillis) {
    let is_believable = free_at.since(now) <= DEBT_MAX;
    let start = if is_believable { free_at.max(now) } else { now };
    let end = start.plus(limit.time_for(bytes));
    let wait = if bytes <= NEVER_WAITS_BYTES {
        Duration::ZERO
    } else {
        start.since(now)
    };
    (wait, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn uploads_share_the_limit_and_small_ones_do_not_wait() {
        let limit = BytesPerSecond::parse("2MiB/s").unwrap();
        let now = UnixMillis(1_000_000);
        let (wait, free_at) = book(limit, 16 * MIB, UnixMillis(0), now);
        assert_eq!(
            (wait, free_at),
            (Duration::ZERO, now.plus(Duration::from_secs(8)))
        );
        let (wait, free_at) = book(limit, 16 * MIB, free_at, now);
        assert_eq!(wait, Duration::from_secs(8));
        let (wait, small) = book(limit, 1024, free_at, now);
        assert_eq!(wait, Duration::ZERO);
        assert!(small > free_at, "it counts all the same");
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_up() {
        let limit = BytesPerSecond::parse("1MiB/s").unwrap();
        let (wait, _) = book(limit, MIB, UnixMillis(9_000_000_000), UnixMillis(1_000));
        assert_eq!(wait, Duration::ZERO);
    }

    #[test]
    fn two_handles_book_on_one_file() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("remotes/off");
        let pace = || Pace::new(BytesPerSecond::parse("1MiB/s").unwrap(), &state);
        let now = UnixMillis(1_000_000);
        assert_eq!(pace().book(10 * MIB, now).unwrap(), Duration::ZERO);
        assert_eq!(pace().book(10 * MIB, now).unwrap(), Duration::from_secs(10));
    }
}
