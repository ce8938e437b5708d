//! Since when nobody follows the shop, as an agent left it that has ended or stands still, and how much was committed since.
//! It opens no database, takes no lock of one, and changes nothing: what the log does not tell stays unknown.

use protocol::time::UnixMillis;

use super::{
    desk,
    followed::{ABSENT_MIN, Followed},
    same::position_of,
};
use crate::{
    backup::{
        lineage::Identity,
        wal::{follow::file_written_at, reader::WalFile},
    },
    config::Config,
    store::{Store, capture::CaptureState, lock, source::log_of},
};

/// A shop that nobody follows at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unattended {
    /// The last sign of whoever followed it.
    pub since: UnixMillis,
    /// Commits that its log holds after the newest one that was captured; `None` where it does not tell.
    pub commits: Option<u64>,
}

impl Unattended {
    /// `None` while a running agent follows the shop, where none ever did on this machine, or where that cannot be read.
    #[must_use]
    pub fn of(config: &Config) -> Option<Self> {
        let store = Store::open_to_look(&config.state_dir).ok().flatten()?;
        let state = store.capture_state().ok().flatten()?;
        let is_running = lock::is_held(&config.lock_path()).unwrap_or(true);
        if is_running && store.capture_fault().ok()?.is_none() {
            return None;
        }
        let sign = Followed::at(desk::followed(&config.state_dir)).until()?;
        Some(Self {
            since: sign.max(state.commit_at),
            commits: commits_after(&state, config),
        })
    }

    /// Whether it is longer than a restart.
    #[must_use]
    pub fn lasts(&self, now: UnixMillis) -> bool {
        now.since(self.since) >= ABSENT_MIN
    }
}

/// What follows in the log where the recording stood. A file that was written to since, or another one, is unknown.
fn commits_after(state: &CaptureState, config: &Config) -> Option<u64> {
    let database = &config.backup.database;
    let followed: Identity = serde_json::from_str(&state.database_file).ok()?;
    let is_same = Identity::of(database).ok()? == followed;
    if !is_same || file_written_at(database).ok() != state.file_written {
        return None;
    }
    let at = position_of(state)?;
    let log = WalFile::open(&log_of(database)).ok()??;
    let header = log.header().ok()?.filter(|header| header.salts == at.salts)?;
    log.all_commits_after(&header, at).ok()
}
