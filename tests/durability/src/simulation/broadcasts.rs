//! Announcements, a step at a time: begun, paused, resumed, called off, and met by crashes, floods and people who have
//! blocked the shop. Who got one is what the pretend Telegram saw, not what the shop counts.

use std::collections::BTreeMap;

use anyhow::Result;
use bot::{
    jobs::broadcast::{self, Moved},
    shop::{
        broadcast::{Announcement, BroadcastId, Event, State, WINDOW_MAX, store},
        customer::CustomerId,
    },
};
use rand::{Rng, seq::IndexedRandom};
use rusqlite::OptionalExtension;

use super::Simulation;

/// People who buy nothing and only get announcements; more than one window holds.
pub(super) const AUDIENCE: std::ops::Range<i64> = 100..145;
/// Each announcement has a seller of its own: one has at most one draft.
const SELLERS: i64 = 2001;

const IN_WINDOW: &str =
    "SELECT count(*) FROM send WHERE broadcast_id IS NOT NULL AND state IN ('waiting', 'sending')
    GROUP BY broadcast_id ORDER BY count(*) DESC LIMIT 1";

/// What was announced, and who saw it.
#[derive(Default)]
pub(super) struct Broadcasts {
    all: Vec<BroadcastId>,
    /// Each time that Telegram put one before somebody.
    seen: BTreeMap<(i64, i64), usize>,
    /// Messages of which the bot never heard what became of them: timeouts, and what was on the wire when it died.
    pub(super) in_doubt: u64,
}

impl Simulation {
    /// A seller does something about an announcement.
    pub(super) fn announce(&mut self) -> Result<()> {
        let wish = [
            Event::Send,
            Event::Send,
            Event::Pause,
            Event::Resume,
            Event::Resume,
            Event::Cancel,
        ];
        let event = wish[self.chance.random_range(0..wish.len())];
        if event == Event::Cancel && self.chance.random_bool(0.7) {
            return Ok(());
        }
        let id = match event {
            Event::Send if self.broadcasts.all.len() < 3 => {
                let number = i64::try_from(self.broadcasts.all.len())?;
                let announcement = Announcement {
                    text: format!("announcement {number}"),
                    ..Announcement::default()
                };
                let seller = CustomerId(SELLERS + number);
                let id = store::draft(&self.conn, seller, &announcement, self.now)?;
                self.broadcasts.all.push(id);
                id
            }
            _ => match self.broadcasts.all.choose(&mut self.chance) {
                Some(id) => *id,
                None => return Ok(()),
            },
        };
        let moved = self.transaction(|world| broadcast::happen(&world.conn, id, event, world.now))?;
        if moved == Moved::Yes {
            self.tell(format!("announcement {}: {event:?}", id.0));
        }
        Ok(())
    }

    /// The next boot takes up what was going out, as the bot does when it opens.
    pub(super) fn take_up_broadcast(&mut self) -> Result<()> {
        self.transaction(|world| broadcast::resume(&world.conn, world.now))
    }

    /// Telegram put a message of an announcement before somebody.
    pub(super) fn saw(&mut self, broadcast: BroadcastId, chat: CustomerId) {
        *self.broadcasts.seen.entry((broadcast.0, chat.0)).or_default() += 1;
    }

    /// What is not called off goes out.
    pub(super) fn finish_broadcasts(&mut self) -> Result<()> {
        for id in self.broadcasts.all.clone() {
            let state = store::get(&self.conn, id)?.map(|broadcast| broadcast.state);
            let event = match state {
                Some(State::Draft) => Event::Send,
                Some(State::Paused) => Event::Resume,
                _ => continue,
            };
            // Another one may still go out; there is another round.
            self.transaction(|world| broadcast::happen(&world.conn, id, event, world.now))?;
        }
        Ok(())
    }

    /// Nobody gets one twice, and no more are ahead of sending than a window holds.
    pub(super) fn fault_in_broadcasts(&self) -> Result<Option<String>> {
        if let Some(((id, chat), times)) = self.broadcasts.seen.iter().find(|(_, times)| **times > 1) {
            return Ok(Some(format!("{chat} got announcement {id} {times} times")));
        }
        let ahead: Option<usize> = self.conn.query_row(IN_WINDOW, [], |row| row.get(0)).optional()?;
        let ahead = ahead.unwrap_or(0);
        Ok((ahead > WINDOW_MAX).then(|| format!("{ahead} messages are ahead of sending")))
    }

    /// Everybody of an audience is counted once, rightly, and few are in doubt.
    pub(super) fn fault_in_broadcasts_at_rest(&self) -> Result<Option<String>> {
        let mut unknown = 0;
        for id in &self.broadcasts.all {
            let Some(broadcast) = store::get(&self.conn, *id)? else {
                return Ok(Some(format!("announcement {} is lost", id.0)));
            };
            let counts = broadcast.counts;
            unknown += counts.unknown;
            let seen = self.broadcasts.seen.range((id.0, 0)..=(id.0, i64::MAX)).count() as u64;
            if !(counts.sent..=counts.sent + counts.unknown).contains(&seen) {
                return Ok(Some(format!(
                    "announcement {}: {seen} saw it, counted {counts:?}",
                    id.0
                )));
            }
            match broadcast.state {
                State::Done if counts.left() == 0 => {}
                State::Cancelled => {}
                state => {
                    return Ok(Some(format!(
                        "announcement {} rests at {state:?}: {counts:?}",
                        id.0
                    )));
                }
            }
        }
        let most = self.broadcasts.in_doubt;
        Ok((unknown > most).then(|| format!("{unknown} are in doubt, {most} can be")))
    }
}
