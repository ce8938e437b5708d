//! What could be watched and is not, because the configuration does not name it: said at every look, so that it stands
//! beside what cannot be seen.
//! It asks the machine nothing.

use std::time::Duration;

use super::probe::{At, Probe, Seen};
use crate::{
    alert::{rule::AlertKey, unwatched::NOT_CONFIGURED},
    config::Config,
};

const EVERY: Duration = Duration::from_secs(300);

/// The things that are left out.
pub struct LeftOut(Vec<AlertKey>);

impl LeftOut {
    /// By this configuration; `domains` are the names under which the shop is reached.
    #[must_use]
    pub fn of(config: &Config, domains: &[String]) -> Self {
        let left_out = [
            ("domain", domains.is_empty()),
            ("registration", domains.is_empty() || config.watch.rdap.is_none()),
            ("heartbeat", config.heartbeat.url.is_none()),
            ("remote", config.remotes.is_empty()),
            ("second_way", config.channels.is_empty()),
        ];
        let keys = left_out.into_iter().filter(|(_, is_left_out)| *is_left_out);
        Self(keys.map(|(kind, _)| AlertKey::new(kind, "any")).collect())
    }
}

impl Probe for LeftOut {
    fn name(&self) -> &'static str {
        "left_out"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn look(&mut self, _: At) -> Seen {
        let mut seen = Seen::default();
        for key in &self.0 {
            seen.unknown(key.clone(), NOT_CONFIGURED);
        }
        seen
    }
}
