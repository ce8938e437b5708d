//! What others may know of the keys that segments are sealed to.
//! It reads no certificate: the recording does.

use std::sync::Arc;

use super::Capture;
use crate::{
    backup::recipients::{Recipients, Unread},
    store::sealed_to::SealedTo,
};

impl Capture {
    /// The keys that segments are sealed to; `None` before the first look.
    #[must_use]
    pub fn sealed_to(&self) -> Option<SealedTo> {
        self.shared.sealed_to.borrow().clone()
    }

    /// The certificates as they were read last; `None` before the first look.
    #[must_use]
    pub fn recipients(&self) -> Option<Arc<Recipients>> {
        self.shared.recipients.borrow().clone()
    }

    /// Waits until segments are sealed to other keys than were seen here last, and remembers these.
    pub async fn keys_change(&self, seen: &mut Option<SealedTo>) {
        let mut sealed_to = self.shared.sealed_to.subscribe();
        let is_other = |keys: &Option<SealedTo>| keys.is_some() && keys != seen;
        // The sender lives as long as this does.
        if let Ok(keys) = sealed_to.wait_for(is_other).await.map(|keys| keys.clone()) {
            *seen = keys;
        }
    }

    /// Why certificates that the configuration names do not read, since when segments are sealed to the keys as they were
    /// read last; `None` while all is well.
    #[must_use]
    pub fn unread_keys(&self) -> Option<Unread> {
        self.unread.borrow().clone()
    }

    /// Waits until that is something else than was told here last.
    pub async fn unread_keys_change(&self, told: &Option<Unread>) {
        let mut unread = self.unread.subscribe();
        // The sender lives as long as this does.
        let _ = unread.wait_for(|unread| unread != told).await;
    }
}
