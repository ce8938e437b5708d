//! Whether a restore runs, on this machine or on another: nothing that it may need is deleted under it.
//! A machine with credentials to read alone leaves no notice on the remotes: its restore has the day between an object's
//! mark and its end.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::future::join_all;
use protocol::{
    object_key::{self, RESTORES},
    time::UnixMillis,
};

use super::{
    remote::{Remote, RemoteError},
    survey::Survey,
};
use crate::store::owner::own_like;

/// A restore that has not ended after so long was killed: nobody waits for it any longer.
const LASTS_MAX: Duration = Duration::from_secs(86_400);

/// Until it is dropped, nothing is deleted from here. Any number of restores may run.
pub struct Restoring(#[expect(dead_code, reason = "closing it is what lets go")] File);

impl Restoring {
    /// Says that a restore begins; `None` on a machine that has no agent's state, or where the disk refuses: deleting has
    /// its other bounds.
    #[must_use]
    pub fn begin(state_dir: &Path) -> Option<Self> {
        if !state_dir.is_dir() {
            return None;
        }
        let path = path(state_dir);
        let mut options = OpenOptions::new();
        let made = options.write(true).create(true).truncate(false).mode(0o600);
        let file = made.open(&path).ok()?;
        own_like(&path, state_dir);
        // Whoever looks holds it for no time.
        file.lock_shared().ok()?;
        Some(Self(file))
    }

    /// Whether some restore runs.
    #[must_use]
    pub fn is_on(state_dir: &Path) -> bool {
        let file = File::open(path(state_dir));
        file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }
}

/// What a restore leaves on the remotes that it reads from, until it takes it back.
pub struct Notice<'a> {
    key: String,
    left_on: Vec<&'a Remote>,
}

impl<'a> Notice<'a> {
    /// Leaves it where anything lies, as far as the credentials and the disk allow that; nobody needs it to restore. Where
    /// nothing may be deleted it could not be taken back, and would hold everything up for a day: there is the day anyway.
    pub async fn leave(remotes: &'a [Remote], survey: &Survey, now: UnixMillis) -> Self {
        let key = &object_key::restore_notice(now, rand::random());
        let may_take_back = |remote: &&Remote| !remote.is_append_only() && survey.holds_any(remote.name());
        let left_on: Vec<&Remote> = remotes.iter().filter(may_take_back).collect();
        join_all(left_on.iter().map(|remote| remote.leave_notice(key))).await;
        Self {
            key: key.clone(),
            left_on,
        }
    }

    /// The restore has ended, however it did. What a remote seemed not to take may have arrived all the same.
    pub async fn take_back(self) {
        join_all(
            self.left_on
                .iter()
                .map(|remote| remote.take_notice_back(&self.key)),
        )
        .await;
    }
}

/// Since when some restore reads from this remote, by the notices there; `now` is the remote's clock.
///
/// # Errors
/// When the remote does not answer.
pub async fn reads_from(remote: &Remote, now: UnixMillis) -> Result<Option<UnixMillis>, RemoteError> {
    let notices = remote.list_dated(RESTORES).await?;
    let began = notices.into_iter().filter_map(|(key, listed)| {
        let named = object_key::restore_began_at(&key)?;
        Some(listed.written_at.unwrap_or(named))
    });
    // Of the future is a clock that was wrong: it counts for no longer than any other.
    let runs = |began_at: &UnixMillis| now.since(*began_at).max(began_at.since(now)) < LASTS_MAX;
    Ok(began.filter(runs).min())
}

fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("restoring.lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_on_until_the_last_of_them_ends() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Restoring::begin(&dir.path().join("none")).is_none());
        assert!(!Restoring::is_on(dir.path()));
        let restores = [Restoring::begin(dir.path()), Restoring::begin(dir.path())];
        for restore in restores {
            assert!(Restoring::is_on(dir.path()));
            drop(restore.unwrap());
        }
        assert!(!Restoring::is_on(dir.path()));
    }
}
