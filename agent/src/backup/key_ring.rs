//! Keys that open objects. It opens nothing itself, and none of them is ever shown.

use std::{collections::HashMap, sync::Arc};

use sequoia_openpgp::{
    KeyID,
    crypto::{KeyPair, SessionKey},
};

use super::seal::sha256_hex;

/// What opens objects: the owner's unlocked decryption keys, or the session keys that this server still remembers.
/// Cheap to clone: parts are opened on several threads.
#[derive(Clone)]
pub struct Keys {
    pub(super) pairs: Arc<[(KeyID, KeyPair)]>,
    sessions: Arc<SessionKeys>,
}

/// Session keys by the SHA-256, in hex, of the objects that they open.
pub type SessionKeys = HashMap<String, SessionKey>;

impl Keys {
    /// Takes unlocked key pairs over; each is found again by its id.
    #[must_use]
    pub fn new(pairs: Vec<(KeyID, KeyPair)>) -> Self {
        Self {
            pairs: pairs.into(),
            sessions: Arc::default(),
        }
    }

    /// Without anybody's secret key: opens what the session keys are for, and nothing else.
    #[must_use]
    pub fn of_sessions(sessions: SessionKeys) -> Self {
        Self {
            pairs: Arc::new([]),
            sessions: Arc::new(sessions),
        }
    }

    /// The session key of this object, when it is remembered.
    pub(super) fn session(&self, sealed: &[u8]) -> Option<SessionKey> {
        if self.sessions.is_empty() {
            return None;
        }
        self.sessions.get(&sha256_hex(sealed)).cloned()
    }
}
