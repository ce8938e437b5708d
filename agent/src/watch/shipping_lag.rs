//! How far is each remote behind the shop, in seconds? Kept for charts: whether a remote fails is for the backups' own
//! alerts.
//! It asks no remote: it reads what the shippers wrote down.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use protocol::time::UnixMillis;

use super::probe::{At, Probe, Seen};
use crate::store::{Store, shipping::Shipping};

/// The series of a remote has its name behind this.
pub const SERIES: &str = "backup_lag_seconds:";
const EVERY: Duration = Duration::from_secs(5);

/// The watch over the lag.
pub struct ShippingLag {
    store: Arc<Store>,
    /// When each remote took something last, as of the look before.
    seen: BTreeMap<String, UnixMillis>,
}

impl ShippingLag {
    /// A watch over what this store knows.
    #[must_use]
    pub fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            seen: BTreeMap::new(),
        }
    }

    /// Between two looks much may have come and gone: then it counts how old the newest commit was when it arrived.
    fn lag(&mut self, one: &Shipping, now: UnixMillis) -> Duration {
        let waits = one.waits(now);
        let before = match one.shipped_at {
            Some(at) => self.seen.insert(one.remote.clone(), at),
            None => None,
        };
        match (before, one.shipped_at, &one.holds) {
            (Some(before), Some(at), Some((_, _, commit_at))) if at > before => {
                waits.max(at.since(*commit_at))
            }
            _ => waits,
        }
    }
}

/// What never took anything is not up to date because nothing waits for it.
fn is_known(one: &Shipping) -> bool {
    one.holds.is_some() || one.waiting_since.is_some()
}

impl Probe for ShippingLag {
    fn name(&self) -> &'static str {
        "shipping_lag"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn look(&mut self, at: At) -> Seen {
        let mut seen = Seen::default();
        // What cannot be read leaves a gap in the chart; that the database is broken is told elsewhere.
        for one in self.store.shipping().unwrap_or_default() {
            if !is_known(&one) {
                continue;
            }
            let lag = self.lag(&one, at.now);
            seen.sample(format!("{SERIES}{}", one.remote), lag.as_secs_f64());
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use protocol::chain::{ChainId, CommitNumber};

    use super::*;

    fn shipping(commit_at: i64, shipped_at: i64, waiting_since: Option<i64>) -> Shipping {
        let chain = ChainId::parse("5f0c61d2a8e94b7fa3d1c07e9b24d6aa").unwrap();
        Shipping {
            remote: "offsite".to_owned(),
            holds: Some((chain, CommitNumber::new(1).unwrap(), UnixMillis(commit_at))),
            shipped_at: Some(UnixMillis(shipped_at)),
            failing: None,
            unanswered_since: None,
            passed_by: None,
            never_sent: 0,
            torn_after: None,
            waiting_commits: 0,
            waiting_bytes: 0,
            waiting_since: waiting_since.map(UnixMillis),
        }
    }

    #[test]
    fn what_came_and_went_between_two_looks_is_seen_once_and_what_waits_as_long_as_it_waits() {
        let dir = tempfile::tempdir().unwrap();
        let mut watch = ShippingLag::new(Arc::new(Store::open(dir.path()).unwrap()));
        let mut lag_ms = |one: Shipping, now| watch.lag(&one, UnixMillis(now)).as_millis();
        assert_eq!(
            lag_ms(shipping(1_000, 1_200, None), 5_000),
            0,
            "from before the first look"
        );
        assert_eq!(lag_ms(shipping(6_000, 6_400, None), 10_000), 400);
        assert_eq!(lag_ms(shipping(6_000, 6_400, None), 15_000), 0);
        assert_eq!(lag_ms(shipping(6_000, 6_400, Some(12_000)), 20_000), 8_000);
        let empty = Shipping {
            holds: None,
            ..shipping(0, 0, None)
        };
        assert!(!is_known(&empty) && is_known(&shipping(0, 0, None)));
    }
}
