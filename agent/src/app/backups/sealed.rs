//! The keys that backups are sealed to: what the owner hears of certificates and of a configuration that do not read, and the full backup that the chain needs when [backup] recipients names other keys than its newest full one was sealed to:
//! what follows that one comes back neither with the new keys alone nor with the old ones.
//! It takes none: the schedule does, at once.

use std::{collections::BTreeSet, sync::Arc};

use protocol::{chain::ChainId, time::UnixMillis};

use super::{Backups, Due, Ended, now, stored};
use crate::{
    alert::rule::{AlertKey, Observation, Rule},
    backup::recipients::{Recipients, Unread},
    store::{book::Book, sealed_to::SealedTo},
    watch::backup_outcome,
};

/// What the owner was told last of the keys; `None` before anything was.
#[derive(Default)]
pub(super) struct Told {
    changed: Option<Option<String>>,
    /// Of the certificates, and of the configuration's own file.
    files: Option<Option<String>>,
    config: Option<Option<String>>,
    unread: Option<Unread>,
}

impl Told {
    pub(super) fn unread(&self) -> Option<Unread> {
        self.unread.clone()
    }
}

impl Backups {
    /// Whether the chain that is captured has no full point yet that the present keys open, so that its commits could not
    /// be restored.
    pub(super) fn lacks_base(&self) -> bool {
        let Some(mark) = self.capture.captured() else {
            return false;
        };
        let has_none = matches!(self.store.newest_full(&mark.chain), Ok(None));
        has_none || self.other_keys().is_some()
    }

    /// What it means for the owner that the present keys are others; `None` when they are not, or where that is not known.
    pub(super) fn other_keys(&self) -> Option<String> {
        let mark = self.capture.captured()?;
        self.store.other_keys(&mark.chain, &self.present()?).ok()?
    }

    /// The keys that the configuration names, as the capture read them: it looks every five seconds whether their files changed,
    /// and where these do not read, commits go on being sealed to the keys before.
    fn present(&self) -> Option<SealedTo> {
        self.capture.sealed_to().or_else(|| {
            let listed = Recipients::listed(&self.config).ok()?;
            Some(listed.sealed_to())
        })
    }

    /// The keys as they were read last, where the files do not read now: what follows a backup is sealed to these.
    pub(super) fn keys_as_read(&self) -> Option<Arc<Recipients>> {
        let listed = Recipients::listed(&self.config);
        listed.err().and_then(|_| self.capture.recipients())
    }

    /// The remotes that hold a full point of this chain on which the present keys' deltas and commits can stand.
    pub(super) fn holders(&self, chain: &ChainId) -> rusqlite::Result<BTreeSet<String>> {
        self.store.full_point_holders(chain, self.present().as_ref())
    }

    /// Tells the owner when that begins and when it is over, and the same of certificates that do not read.
    pub(super) fn tell_of_keys(&self, told: &mut Told) {
        told.unread = self.capture.unread_keys();
        let of = |is_config: bool| {
            let unread = told
                .unread
                .as_ref()
                .filter(|unread| unread.is_config == is_config);
            unread.map(|unread| unread.why.clone())
        };
        let (files, config) = (of(false), of(true));
        let whole = backup_outcome::whole();
        if config.is_none() && matches!(told.config, Some(Some(_))) && self.is_untold(&whole) {
            // What was not taken meanwhile was not taken for that: the next one tells how it goes.
            stored(self.alerts.observe(&whole, Observation::Fine, now()));
        }
        self.tell_of(("files", Rule::RecipientsUnread), files, &mut told.files);
        self.tell_of(("config", Rule::ConfigUnread), config, &mut told.config);
        if self.capture.captured().is_some() {
            let changed = self.other_keys();
            self.tell_of(("all", Rule::RecipientsChanged), changed, &mut told.changed);
        }
    }

    /// Whether the owner knows nothing of it.
    fn is_untold(&self, key: &AlertKey) -> bool {
        let of_it = |book: &Book| {
            let row = book.alerts.get(&key.to_string());
            row.is_none_or(|row| row.loudest.is_none())
        };
        self.alerts.book().is_ok_and(|book| of_it(&book))
    }

    fn tell_of(
        &self,
        (object, rule): (&str, Rule),
        wrong: Option<String>,
        told: &mut Option<Option<String>>,
    ) {
        if *told == Some(wrong.clone()) {
            return;
        }
        let seen = wrong
            .clone()
            .map_or(Observation::Fine, |detail| Observation::Wrong { rule, detail });
        let key = AlertKey::new("recipients", object);
        stored(self.alerts.observe(&key, seen, now()));
        *told = Some(wrong);
    }

    /// After a turn of the full one. If it is there and the keys are still others, as when they were changed meanwhile, the
    /// next one waits like one after a failure: nothing may take one after the other for ever.
    pub(super) fn full_turned(&self, full: &mut Due, ended: &Ended, next: UnixMillis) {
        full.turned(ended, next);
        if matches!(ended, Ended::Taken(_)) && self.other_keys().is_some() {
            full.retry(next);
        }
    }
}
