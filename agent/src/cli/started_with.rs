//! Whether the running agent goes by the agent.toml that a command has just read: it reads the file once, when it starts.
//! It compares what the file says, and neither comments nor secrets.

use crate::{
    config::{Config, STARTED_WITH},
    store::{Store, lock},
};

/// What is said where it does not.
pub(super) const ANOTHER: &str = "agent.toml is not what the running agent was started with, and the agent works by that until it is \
                                  started anew: systemctl restart agent. Commands go by agent.toml as it is now";

/// `None` while no agent runs, or where an older one did not write it down.
pub(super) fn is_this(config: &Config, store: &Store) -> rusqlite::Result<Option<bool>> {
    // A lock that cannot be asked is told elsewhere.
    if !lock::is_held(&config.lock_path()).unwrap_or(false) {
        return Ok(None);
    }
    let digest = store.remembered(STARTED_WITH)?;
    Ok(digest.map(|digest| digest == config.digest))
}
