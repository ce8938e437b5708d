//! Do the shop's commits leave the machine, one after the other? Read from what the capture and its shippers have
//! written down: why it stands still, what interrupted it, and how long a commit has waited for each remote.
//! It follows no log and asks no remote.

use std::{sync::Arc, time::Duration};

use protocol::{incident::FACTS_BETWEEN, time::UnixMillis};

use super::probe::{At, Probe, Seen};
use crate::{
    alert::rule::{AlertKey, Rule},
    store::{
        Store,
        interruptions::{CaptureEvent, EventKind},
        shipping::Shipping,
    },
};

const EVERY: Duration = Duration::from_secs(5);
/// What happened once is wrong for so long, and then over: nothing ends it.
const EVENT_STANDS: Duration = Duration::from_secs(900);
/// Interruptions of that time: more of them are the same trouble.
const EVENTS_MAX: usize = 50;
/// What its alerts about remotes are called; those of a remote that is not configured any more are withdrawn with the
/// rehearsals'.
pub(super) const BEHIND_KIND: &str = "remote_behind";
const BEHIND: &[Rule] = &[Rule::RemoteBehind];
/// Each kind that the owner hears of, and as what.
const TOLD: [(EventKind, Rule); 6] = [
    (EventKind::Replaced, Rule::DatabaseReplaced),
    (EventKind::NewChain, Rule::ChainBroken),
    (EventKind::Redefined, Rule::DatabaseRedefined),
    (EventKind::Resync, Rule::CaptureResynced),
    (EventKind::Unharmed, Rule::DatabaseTouched),
    (EventKind::SpoolFull, Rule::SpoolOverflowed),
];

/// The watch over the capture.
pub struct Capture {
    store: Arc<Store>,
    /// When the exchange of the database came that was seen last, while it stands.
    replaced_at: Option<UnixMillis>,
}

impl Capture {
    /// A watch over what is written down here.
    #[must_use]
    pub fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            replaced_at: None,
        }
    }

    fn read(&mut self, at: At) -> rusqlite::Result<Seen> {
        let mut seen = Seen::default();
        let fault = self.store.capture_fault()?;
        let stopped = fault.map(|fault| match fault.stays {
            true => (Rule::CaptureStuck, fault.detail),
            false => (Rule::CaptureStopped, fault.detail),
        });
        seen.judge(AlertKey::new("capture", "shop"), stopped);
        let events = self.store.capture_events(EVENTS_MAX)?;
        for (kind, rule) in TOLD {
            let key = AlertKey::new("capture_event", kind.name());
            let event = newest(&events, kind, at.now);
            if kind == EventKind::Replaced && self.is_another(event.map(|event| event.at)) {
                // The one before is over: the owner may have put that file there, and this one is not his.
                seen.judge(key.clone(), None);
            }
            seen.judge(key, event.map(|event| (rule, event.detail.clone())));
        }
        for one in self.store.shipping()? {
            let key = AlertKey::new(BEHIND_KIND, &one.remote);
            seen.measure(key, BEHIND, one.waits(at.now).as_secs_f64(), waiting(&one));
        }
        Ok(seen)
    }

    /// Whether the exchange of that moment came while the one before it still stood.
    fn is_another(&mut self, at: Option<UnixMillis>) -> bool {
        let before = std::mem::replace(&mut self.replaced_at, at);
        before.is_some() && at.is_some() && before != at
    }
}

/// The newest event of the kind that still stands. One from the future is a clock that was set back: it stands too, as
/// long as the clock has not caught up by itself.
fn newest(events: &[CaptureEvent], kind: EventKind, now: UnixMillis) -> Option<&CaptureEvent> {
    events
        .iter()
        .find(|event| event.kind == kind.name() && now.since(event.at) < EVENT_STANDS)
}

/// How much waits for a remote, and why.
fn waiting(one: &Shipping) -> String {
    match &one.failing {
        None => one.waiting_commits.to_string(),
        Some((_, why)) => format!("{}{FACTS_BETWEEN}{why}", one.waiting_commits),
    }
}

impl Probe for Capture {
    fn name(&self) -> &'static str {
        "capture"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn look(&mut self, at: At) -> Seen {
        self.read(at).unwrap_or_else(|error| {
            let mut seen = Seen::default();
            seen.unknown(AlertKey::new("capture", "shop"), error.to_string());
            seen
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, at: i64) -> CaptureEvent {
        CaptureEvent {
            at: UnixMillis(at),
            kind: kind.to_owned(),
            detail: format!("{kind} at {at}"),
        }
    }

    #[test]
    fn an_event_stands_for_a_quarter_of_an_hour_and_the_first_chain_is_none() {
        let events = [
            event("resync", 2_000),
            event("resync", 1_000),
            event("begun", 500),
        ];
        let standing = |now| newest(&events, EventKind::Resync, UnixMillis(now)).map(|event| event.at.0);
        assert_eq!(standing(3_000), Some(2_000));
        assert_eq!(standing(902_001), None);
        assert!(TOLD.iter().all(|(kind, _)| *kind != EventKind::Begun));
    }

    #[test]
    fn a_second_exchange_is_one_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let mut capture = Capture::new(Arc::new(Store::open(dir.path()).unwrap()));
        let at = |at| Some(UnixMillis(at));
        let seen = [at(1), at(1), at(2), at(2), None, at(3)].map(|at| capture.is_another(at));
        assert_eq!(seen, [false, false, true, false, false, false]);
    }

    #[test]
    fn who_waits_for_what_is_told() {
        let mut one = Shipping {
            remote: "offsite".to_owned(),
            holds: None,
            shipped_at: None,
            failing: None,
            unanswered_since: None,
            passed_by: None,
            never_sent: 0,
            torn_after: None,
            waiting_commits: 0,
            waiting_bytes: 0,
            waiting_since: None,
        };
        assert_eq!(one.waits(UnixMillis(9_000)), Duration::ZERO);
        (one.waiting_commits, one.waiting_since) = (3, Some(UnixMillis(2_000)));
        one.failing = Some((UnixMillis(2_500), "refused".to_owned()));
        assert_eq!(one.waits(UnixMillis(9_000)), Duration::from_secs(7));
        assert_eq!(waiting(&one), "3 · refused");
    }
}
