//! The clock was set: what is waited for and what has lasted goes along, so that both take as long as they would have.
//! It says nothing to anybody. Windows over the past and silences end by the clock that the owner reads.

use protocol::time::UnixMillis;

use crate::store::book::Book;

/// Moves the moments by as much as the clock was set, in milliseconds.
pub fn stepped(book: &mut Book, step_ms: i64) {
    if step_ms == 0 {
        return;
    }
    let go_along = |moment: &mut UnixMillis| moment.0 = moment.0.saturating_add(step_ms).max(0);
    for row in book.alerts.values_mut() {
        go_along(&mut row.since);
        go_along(&mut row.rule_since);
        row.gravest_since.iter_mut().for_each(go_along);
    }
    for episode in book.episodes.values_mut() {
        go_along(&mut episode.lead.since);
        let told_at = episode.told.iter_mut().map(|(_, at)| at);
        told_at
            .chain(&mut episode.due_at)
            .chain(&mut episode.acked_at)
            .chain(&mut episode.remind_at)
            .for_each(go_along);
    }
}
