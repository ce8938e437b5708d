//! The full backup that the chain needs when [backup] recipients names other keys than its newest full one was sealed to:
//! what follows that one comes back neither with the new keys alone nor with the old ones.
//! It takes none: the schedule does, at once.

use std::collections::BTreeSet;

use protocol::{chain::ChainId, time::UnixMillis};

use super::{Backups, Due, Ended, RETRY, now, stored};
use crate::{
    alert::rule::{AlertKey, Observation, Rule},
    backup::recipients::Recipients,
};

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
        // What does not load makes the backup fail, which is told with its reason.
        let present = Recipients::configured(&self.config).ok()?.sealed_to();
        self.store.other_keys(&mark.chain, &present).ok()?
    }

    /// The remotes that hold a full point of this chain on which the present keys' deltas and commits can stand.
    pub(super) fn holders(&self, chain: &ChainId) -> rusqlite::Result<BTreeSet<String>> {
        let present = Recipients::configured(&self.config).ok();
        let present = present.map(|recipients| recipients.sealed_to());
        self.store.full_point_holders(chain, present.as_ref())
    }

    /// Tells the owner when that begins and when it is over.
    pub(super) fn tell_of_keys(&self, told: &mut Option<Option<String>>) {
        if self.capture.captured().is_none() {
            return;
        }
        let wrong = self.other_keys();
        if *told == Some(wrong.clone()) {
            return;
        }
        let seen = match &wrong {
            None => Observation::Fine,
            Some(detail) => Observation::Wrong {
                rule: Rule::RecipientsChanged,
                detail: detail.clone(),
            },
        };
        stored(
            self.alerts
                .observe(&AlertKey::new("recipients", "all"), seen, now()),
        );
        *told = Some(wrong);
    }

    /// After a turn of the full one. If it is there and the keys are still others, as when they were changed meanwhile, the
    /// next one waits like one after a failure: nothing may take one after the other for ever.
    pub(super) fn full_turned(&self, full: &mut Due, ended: &Ended, next: UnixMillis) {
        full.turned(ended, next);
        if matches!(ended, Ended::Taken(_)) && self.other_keys().is_some() {
            full.put_off(next.min(now().plus(RETRY)));
        }
    }
}
