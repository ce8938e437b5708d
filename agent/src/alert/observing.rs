//! Takes in what was seen: most of it is what was seen before, and needs no transaction.
//! It decides nothing: what an observation means is the engine's to say.

use anyhow::Context;
use protocol::time::UnixMillis;

use super::{
    Alerts, engine,
    rule::{AlertKey, Observation, Seen, judge},
};
use crate::store::book::Book;

impl Alerts {
    /// Takes in what a probe saw: moves the alert and queues the message, both or neither.
    ///
    /// # Errors
    /// When the agent's database refuses. Nothing has moved then, and the next observation tries again.
    pub fn observe(&self, key: &AlertKey, seen: Observation, now: UnixMillis) -> anyhow::Result<()> {
        let tells_nothing = |book: &Book| self.tells_nothing(book, key, &seen, now);
        let is_idle = self.store.look_at_book(tells_nothing);
        if is_idle.with_context(|| doing(key))? {
            return Ok(());
        }
        self.change(now, |book| engine::observe(book, &self.calendar, key, seen, now))
            .with_context(|| doing(key))
    }

    /// The same of many at once. What nobody could store is logged: the next look sees it again.
    pub fn observe_all(&self, seen: Vec<(AlertKey, Observation)>, now: UnixMillis) {
        let news = |book: &Book| -> Vec<bool> {
            let told = seen
                .iter()
                .map(|(key, seen)| !self.tells_nothing(book, key, seen, now));
            told.collect()
        };
        // Where the book cannot be read, each says so for itself.
        let news = self
            .store
            .look_at_book(news)
            .unwrap_or_else(|_| vec![true; seen.len()]);
        for ((key, seen), _) in seen.into_iter().zip(news).filter(|(_, is_news)| *is_news) {
            if let Err(error) = self.observe(&key, seen, now) {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the agent's database refused what was seen: the owner was not told"
                );
            }
        }
    }

    /// Nearly every look finds what was well still well, and what was wrong still wrong.
    fn tells_nothing(&self, book: &Book, key: &AlertKey, seen: &Observation, now: UnixMillis) -> bool {
        match book.alerts.get(key.as_str()) {
            None if judge(None, seen.clone()) == Seen::Fine => true,
            _ => self.is_idle(book, |book| {
                engine::observe(book, &self.calendar, key, seen.clone(), now)
            }),
        }
    }
}

fn doing(key: &AlertKey) -> String {
    format!("storing what was seen of {key}")
}
