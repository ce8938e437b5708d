//! What of that which waits may be sent now.
//! It sends nothing; it only lets go of what is told without it.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{Doubts, Pause, Sender, now};
use crate::store::{episodes::EpisodeId, outbox::Waiting};

impl Sender {
    /// What may be sent now of these rows; `known` is what the place has got by another road. What has probably arrived waits,
    /// and with it what goes on from it; it is handed on once it was repeated and another way has told it, or what comes after
    /// it tells that it is over and what it was. And how long until something that is held for being young may be.
    pub(super) fn ready(
        &self,
        (rows, known): (Vec<Waiting>, &[Waiting]),
        doubts: &Doubts,
    ) -> rusqlite::Result<(Vec<Waiting>, Option<Duration>)> {
        let (over, told_over) = (ended(&rows), ended(known));
        let (mut ready, mut held, mut next) = (Vec::new(), BTreeSet::new(), None::<Duration>);
        for (at, row) in rows.iter().enumerate() {
            let episode = row.message.episode;
            let pause = self.pause_of(&rows, at)?;
            let is_over = row.message.open && episode.is_some_and(|episode| over.contains(&episode));
            // Its end stands there already: after that nobody is alarmed any more.
            let is_past = row.message.open && episode.is_some_and(|episode| told_over.contains(&episode));
            // A way that was back the moment after it failed may not have taken it: only a second answer that is lost shows that
            // it loses them.
            let is_told = is_past
                || (is_over && doubts.has_probably_arrived(row.id))
                || (row.elsewhere.is_some() && doubts.was_repeated(row.id));
            if is_told || pause == Some(Pause::Ended) {
                self.store.delivery_needless(row, now())?;
            } else if let Some(Pause::Young(until)) = pause {
                // No other way is to say it because this one does not yet.
                self.store.delivery_held(row, until)?;
                let left = until.since(now());
                next = Some(next.map_or(left, |next| next.min(left)));
                held.extend(episode);
            } else if doubts.holds(row.id, Instant::now()) {
                held.extend(episode);
            } else if episode.is_none_or(|episode| !held.contains(&episode)) {
                ready.push(row.clone());
            }
        }
        Ok((ready, next))
    }
}

/// The episodes of which these tell the end.
fn ended(rows: &[Waiting]) -> BTreeSet<EpisodeId> {
    let ends = rows
        .iter()
        .filter(|row| !row.message.open && row.message.follows_up);
    ends.filter_map(|row| row.message.episode).collect()
}
