//! Until when an agent is believed: one whose server this shop was moved away from for what it had signed by then alone.
//! It knows no records of restores: those say who is bounded.

use std::{collections::BTreeMap, sync::Arc};

use protocol::{object_key::Fingerprint, time::UnixMillis};

use super::Signers;

impl Signers {
    /// The same, believed for what they signed by this moment alone.
    #[must_use]
    pub fn until(self, moment: UnixMillis) -> Self {
        Self {
            until: Arc::new(self.fingerprints().map(|signer| (signer, moment)).collect()),
            ..self
        }
    }

    /// The same, where each of these is believed for what it had signed by its moment alone, also who is believed without a
    /// bound here.
    #[must_use]
    pub fn bounded(self, bounds: &BTreeMap<Fingerprint, UnixMillis>) -> Self {
        let mut until = BTreeMap::clone(&self.until);
        let known = bounds.iter().filter(|(signer, _)| self.contains(signer));
        until.extend(known.map(|(signer, moment)| (signer.clone(), *moment)));
        Self {
            until: Arc::new(until),
            ..self
        }
    }

    /// Whether one of them is believed without a bound who is none of these.
    #[must_use]
    pub fn has_unbounded(&self, but: &[Fingerprint]) -> bool {
        self.fingerprints()
            .any(|signer| !self.until.contains_key(&signer) && !but.contains(&signer))
    }

    /// Whether what this signer signed then is believed.
    #[must_use]
    pub fn believes(&self, signer: &Fingerprint, signed_at: UnixMillis) -> bool {
        let bound = self.until.get(signer);
        self.contains(signer) && bound.is_none_or(|until| signed_at <= *until)
    }
}
