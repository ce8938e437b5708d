//! Until when Telegram wants quiet in each chat: what waits there asks no sooner, whoever was told so.
//! It asks nothing, and forgets a chat once its time has come.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// In the place of a chat for what is said into none.
pub(super) const NO_CHAT: i64 = 0;

/// The chats that are to be left alone. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct PutOff(Arc<Mutex<BTreeMap<i64, Instant>>>);

impl PutOff {
    /// Nothing is asked in that chat for so long.
    pub(super) fn keep(&self, chat: i64, wait: Duration) {
        let mut chats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        chats.retain(|_, until| *until > now);
        let until = chats.entry(chat).or_insert(now);
        *until = (now + wait).max(*until);
    }

    /// When it may be asked again there; `None` for now.
    pub(super) fn until(&self, chat: i64) -> Option<Instant> {
        let chats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = chats.get(&chat).copied();
        until.filter(|until| *until > Instant::now())
    }
}
