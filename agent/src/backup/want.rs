//! What kind of backup is wanted, by whoever asks for one.
//! It decides nothing: what cannot be had is for the backup to say.

use std::sync::Arc;

use super::recipients::Recipients;

/// What kind of restore point is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Every page.
    Full,
    /// What has changed since the newest full point; a full one when that cannot be known.
    Delta,
}

/// What one backup is to be.
pub struct What<'a> {
    /// All of the database, or what has changed.
    pub want: Want,
    /// The remotes that it is for; all when none is named.
    pub only: &'a [String],
    /// What it is sealed to where the certificates' files do not read: the keys as the running agent read them last.
    pub keys: Option<Arc<Recipients>>,
}
