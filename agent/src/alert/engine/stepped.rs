//! The clock was set: what is waited for and what has lasted goes along, so that both take as long as they would have.
//! It says nothing to anybody. What is over, and the daily digest, are by the clock that the owner reads.

use protocol::time::UnixMillis;

use super::{kin::JOIN_WINDOW, tick::REMIND_MOST};
use crate::store::{
    alerts::AlertRow,
    book::{Book, Silence},
    episodes::{EpisodeRow, FloorRow},
};

/// Moves the moments by as much as the clock was set, in milliseconds; those of messages that wait to go out as well.
pub fn stepped(book: &mut Book, step_ms: i64) {
    if step_ms == 0 {
        return;
    }
    book.stepped_ms += step_ms;
    book.alerts.values_mut().for_each(|row| row.go_along(step_ms));
    book.episodes.values_mut().for_each(|row| row.go_along(step_ms));
    book.floors.values_mut().for_each(|row| row.go_along(step_ms));
    let silences = book.silences.values_mut().chain(&mut book.new_silences);
    silences.for_each(|silence| silence.go_along(step_ms));
}

/// After a start. How far the clock was set while no agent ran nobody knows; but what has been is not to come, and nothing
/// waits for longer than it ever does: both are counted from now on.
pub fn after_start(book: &mut Book, now: UnixMillis) {
    fn bring_back<T: GoesAlong>(row: &mut T, now: UnixMillis) {
        let ahead_ms = row.newest().0.saturating_sub(now.0);
        if ahead_ms > 0 {
            row.go_along(-ahead_ms);
        }
    }
    book.alerts.values_mut().for_each(|row| bring_back(row, now));
    book.silences.values_mut().for_each(|row| bring_back(row, now));
    for episode in book.episodes.values_mut() {
        bring_back(episode, now);
        episode.due_at = episode.due_at.map(|at| at.min(now.plus(JOIN_WINDOW)));
        episode.remind_at = episode.remind_at.map(|at| at.min(now.plus(REMIND_MOST)));
    }
    for floor in book.floors.values_mut() {
        bring_back(floor, now);
        floor.paced_until = floor.paced_until.min(now);
    }
}

/// Something with moments that move together.
trait GoesAlong {
    /// Moves all of them.
    fn go_along(&mut self, step_ms: i64);

    /// The newest of those that have been.
    fn newest(&self) -> UnixMillis;
}

fn moved<'a>(moments: impl IntoIterator<Item = &'a mut UnixMillis>, step_ms: i64) {
    for moment in moments {
        moment.0 = moment.0.saturating_add(step_ms).max(0);
    }
}

impl GoesAlong for AlertRow {
    fn go_along(&mut self, step_ms: i64) {
        moved([&mut self.since, &mut self.rule_since], step_ms);
        moved(self.gravest_since.iter_mut().chain(&mut self.away_since), step_ms);
    }

    fn newest(&self) -> UnixMillis {
        self.since.max(self.rule_since)
    }
}

impl GoesAlong for EpisodeRow {
    fn go_along(&mut self, step_ms: i64) {
        let told_at = self.told.iter_mut().map(|(_, at)| at);
        let waited_for = self.due_at.iter_mut().chain(&mut self.remind_at);
        let acked_at = self.acked.iter_mut().map(|acked| &mut acked.at);
        let mended_at = self.mended.iter_mut().map(|mended| &mut mended.at);
        let been = told_at
            .chain(acked_at)
            .chain(mended_at)
            .chain([&mut self.lead.since]);
        moved(been.chain(waited_for), step_ms);
    }

    fn newest(&self) -> UnixMillis {
        let told_at = self.told.map_or(self.lead.since, |(_, at)| at);
        let acked_at = self.acked.as_ref().map_or(told_at, |acked| acked.at);
        told_at.max(self.lead.since).max(acked_at)
    }
}

impl GoesAlong for FloorRow {
    fn go_along(&mut self, step_ms: i64) {
        let flapping = self.flapping.iter_mut().map(|(since, _)| since);
        let counted = [&mut self.began_at, &mut self.hour_at, &mut self.paced_until];
        let been = [&mut self.raised_at, &mut self.bad_at].into_iter().chain(counted);
        moved(been.chain(flapping).chain(&mut self.over_at), step_ms);
    }

    fn newest(&self) -> UnixMillis {
        let over_at = self.over_at.unwrap_or(self.bad_at);
        self.bad_at.max(self.raised_at).max(self.hour_at).max(over_at)
    }
}

impl GoesAlong for Silence {
    fn go_along(&mut self, step_ms: i64) {
        moved([&mut self.from, &mut self.until], step_ms);
        // Also at the beginning of time every silence ends after it began.
        self.until.0 = self.until.0.max(self.from.0.saturating_add(1));
    }

    fn newest(&self) -> UnixMillis {
        self.from
    }
}
