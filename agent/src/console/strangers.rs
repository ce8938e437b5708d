//! Who is not the owner: counted, and told one neutral sentence an hour that says nothing about the server.
//! A seller is a stranger here. It remembers a bounded number of chats, by number only.

use std::{collections::BTreeMap, time::Duration};

use protocol::time::UnixMillis;

const QUIET_FOR: Duration = Duration::from_secs(3600);
/// Sentences an hour to all strangers together: who comes with many accounts is not answered with many messages.
const CHATS_MAX: usize = 20;

/// The strangers of the last hour.
#[derive(Default)]
pub struct Strangers {
    answered: BTreeMap<i64, UnixMillis>,
}

impl Strangers {
    /// As they stood before the agent was restarted.
    #[must_use]
    pub fn standing(answered: BTreeMap<i64, UnixMillis>) -> Self {
        Self { answered }
    }

    /// Who got it within the hour, to be kept.
    #[must_use]
    pub fn answered(&self) -> &BTreeMap<i64, UnixMillis> {
        &self.answered
    }

    /// Whether this chat gets the sentence now.
    pub fn is_due(&mut self, chat: i64, now: UnixMillis) -> bool {
        self.answered.retain(|_, at| now.since(*at) < QUIET_FOR);
        if self.answered.contains_key(&chat) || self.answered.len() >= CHATS_MAX {
            return false;
        }
        self.answered.insert(chat, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_gets_one_sentence_an_hour_and_a_crowd_not_many() {
        let mut strangers = Strangers::default();
        let now = UnixMillis(0);
        assert!(strangers.is_due(1, now));
        assert!(!strangers.is_due(1, UnixMillis(3_599_999)));
        assert!(strangers.is_due(1, UnixMillis(3_600_000)));
        let answered = (2..1_000).filter(|chat| strangers.is_due(*chat, UnixMillis(3_600_000)));
        assert_eq!(answered.count(), CHATS_MAX - 1);
    }
}
