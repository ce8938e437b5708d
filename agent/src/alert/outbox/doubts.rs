//! Messages whose request went out and whose answer was lost: whether each is to be asked about, held back, or repeated,
//! and whether a repetition rings. A way that answers while an answer was lost has probably taken the message; one that
//! is down has probably not.
//! It asks and sends nothing itself. It forgets with the process: a new one cannot know whether the way was down, and
//! repeats at once what was left open.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::Pace;
use crate::store::outbox::{DeliveryId, Waiting};

/// What is in doubt at one address.
#[derive(Default)]
pub(super) struct Doubts {
    rows: BTreeMap<DeliveryId, Doubt>,
}

#[derive(Clone, Copy)]
struct Doubt {
    /// How often its answer was lost.
    count: u32,
    /// Not again before this.
    until: Instant,
    way: Way,
    /// The way answered once when an answer for it was lost: what is found of the way later says nothing of that copy.
    has_arrived: bool,
}

/// What is known of the way since the answer was lost.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Unasked,
    /// It answered at once.
    Up,
    /// It did not.
    Down,
}

impl Doubts {
    /// Forgets what waits no more.
    pub(super) fn follow(&mut self, rows: &[Waiting]) {
        self.rows.retain(|id, _| rows.iter().any(|row| row.id == *id));
    }

    /// The answer to a request with these rows was lost.
    pub(super) fn add(&mut self, rows: &[Waiting], pace: Pace, now: Instant) {
        for row in rows {
            let before = self.rows.get(&row.id);
            let count = before.map_or(1, |doubt| doubt.count.saturating_add(1));
            let doubt = Doubt {
                count,
                until: now + wait(pace, count),
                way: Way::Unasked,
                has_arrived: before.is_some_and(|doubt| doubt.has_arrived),
            };
            self.rows.insert(row.id, doubt);
        }
    }

    /// Whether the way is to be asked before anything else is decided.
    pub(super) fn is_to_ask(&self) -> bool {
        self.rows.values().any(|doubt| doubt.way != Way::Up)
    }

    /// The way was asked, and answered or did not. What was found down each time, and is back, is not in doubt any more: it
    /// goes out as what waited through an outage does. What a way took that answered keeps its own time, whatever becomes
    /// of the way for what comes next.
    pub(super) fn asked(&mut self, answers: bool) {
        if answers {
            let probably_lost = |doubt: &Doubt| doubt.way == Way::Down && !doubt.has_arrived;
            self.rows.retain(|_, doubt| !probably_lost(doubt));
        }
        for doubt in self.rows.values_mut().filter(|doubt| doubt.way != Way::Up) {
            doubt.has_arrived |= answers && doubt.way == Way::Unasked;
            doubt.way = if answers { Way::Up } else { Way::Down };
        }
    }

    /// Whether this row has probably arrived.
    pub(super) fn has_probably_arrived(&self, id: DeliveryId) -> bool {
        self.rows.contains_key(&id)
    }

    /// Whether it was sent again, and that answer was lost as well.
    pub(super) fn was_repeated(&self, id: DeliveryId) -> bool {
        self.rows.get(&id).is_some_and(|doubt| doubt.count > 1)
    }

    /// Whether a repetition of this row rings. The first one does: a way may lose messages and answer all else.
    pub(super) fn rings_again(&self, id: DeliveryId) -> bool {
        self.rows.get(&id).is_none_or(|doubt| doubt.count < 2)
    }

    /// Whether this row must wait.
    pub(super) fn holds(&self, id: DeliveryId, now: Instant) -> bool {
        self.rows.get(&id).is_some_and(|doubt| now < doubt.until)
    }

    /// How long until the first of them may be repeated.
    pub(super) fn next(&self, now: Instant) -> Option<Duration> {
        let untils = self.rows.values().map(|doubt| doubt.until);
        untils.min().map(|until| until.saturating_duration_since(now))
    }
}

/// Short once, and doubling from the second answer on that was lost.
fn wait(pace: Pace, count: u32) -> Duration {
    match count {
        0 | 1 => pace.doubt_first,
        _ => {
            let doublings = (count - 2).min(16);
            let wait = pace.doubt_next.saturating_mul(1 << doublings);
            wait.min(pace.doubt_most)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lost_answer_costs_seconds_and_further_ones_minutes_up_to_half_an_hour() {
        let waits = [1, 2, 3, 4, 6, 9, u32::MAX].map(|count| wait(Pace::USUAL, count).as_secs());
        assert_eq!(waits, [3, 120, 240, 480, 1800, 1800, 1800]);
    }
}
