//! How fast messages may leave: one a second in a chat, and an overall rate under Telegram's thirty a second.
//! Pure, with the clock as an argument. Answers to buttons are not paced; Telegram does not count them.
//! Limits: Telegram's FAQ for bots ("Broadcasting to users"); a 429 is obeyed whatever the table here says.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use protocol::time::UnixMillis;

use crate::{outbox::CHAT_EVERY, shop::customer::CustomerId};

/// Between two messages at all, on the average: 29.4 a second, so that a broadcast keeps 27 beside two others.
const ANY_EVERY: Duration = Duration::from_millis(34);
/// What a busy machine missed may be caught up by this much.
const CATCH_UP: Duration = Duration::from_millis(250);
/// However much is caught up, in any span of this length so many messages leave and no more.
pub const SPAN: Duration = Duration::from_millis(1_010);
const SPAN_MESSAGES_MAX: usize = 30;
/// Chats that are remembered; those whose second is over are forgotten first.
const CHATS_MAX: usize = 10_000;

/// When what may leave next.
#[derive(Debug)]
pub struct Pace {
    any: UnixMillis,
    /// When the newest messages left, the oldest first; as many as a span may hold.
    left: VecDeque<UnixMillis>,
    chats: HashMap<CustomerId, UnixMillis>,
    quiet: HashMap<CustomerId, UnixMillis>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            any: UnixMillis(0),
            left: VecDeque::with_capacity(SPAN_MESSAGES_MAX),
            chats: HashMap::new(),
            quiet: HashMap::new(),
        }
    }
}

impl Pace {
    /// The pace after a restart, from what the database remembers of the last moments.
    #[must_use]
    pub fn resumed(busy: Vec<(CustomerId, UnixMillis, bool)>, left: &[UnixMillis], now: UnixMillis) -> Self {
        // There is nothing to catch up; and of what left within the last second, no more than fit into a span count.
        let newest = left.len().saturating_sub(SPAN_MESSAGES_MAX);
        let mut pace = Self {
            any: now,
            left: left[newest..].iter().copied().collect(),
            ..Self::default()
        };
        for (chat, until, wanted_quiet) in busy {
            if wanted_quiet {
                pace.quiet(chat, until.since(now), now);
            } else {
                pace.chats.entry(chat).or_insert(until);
            }
        }
        pace
    }

    /// When a message to this chat may leave; not after `now` means now.
    #[must_use]
    pub fn when(&self, chat: CustomerId) -> UnixMillis {
        let chat = self.chats.get(&chat).copied().unwrap_or(UnixMillis(0));
        chat.max(self.any).max(self.span_has_room_at())
    }

    fn span_has_room_at(&self) -> UnixMillis {
        let first = self.left.front().filter(|_| self.left.len() == SPAN_MESSAGES_MAX);
        first.map_or(UnixMillis(0), |first| first.plus(SPAN))
    }

    /// A message to this chat leaves now.
    pub fn leaves(&mut self, chat: CustomerId, now: UnixMillis) {
        let caught_up = UnixMillis(now.0 - i64::try_from(CATCH_UP.as_millis()).unwrap_or(0));
        self.any = self.any.max(caught_up).plus(ANY_EVERY);
        if self.left.len() == SPAN_MESSAGES_MAX {
            self.left.pop_front();
        }
        self.left.push_back(now);
        if self.chats.len() >= CHATS_MAX {
            self.chats.retain(|_, until| *until > now);
        }
        self.chats.insert(chat, now.plus(CHAT_EVERY));
    }

    /// The newest so many messages left only now: marking them took its time.
    pub fn left_late(&mut self, count: usize, now: UnixMillis) {
        let first = self.left.len().saturating_sub(count);
        for left in self.left.range_mut(first..) {
            *left = now;
        }
    }

    /// Telegram wants quiet in this chat. When it wants that in a second chat meanwhile, the whole bot is meant.
    pub fn quiet(&mut self, chat: CustomerId, pause: Duration, now: UnixMillis) {
        let until = now.plus(pause);
        self.chats.insert(chat, until);
        self.quiet.retain(|_, until| *until > now);
        self.quiet.insert(chat, until);
        if self.quiet.len() > 1 {
            self.any = self.any.max(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANI: CustomerId = CustomerId(1);
    const BUDI: CustomerId = CustomerId(2);

    #[test]
    fn a_chat_gets_one_message_a_second_and_others_do_not_wait_for_it() {
        let mut pace = Pace::default();
        pace.leaves(ANI, UnixMillis(10_000));
        assert!(pace.when(ANI) > UnixMillis(11_000));
        assert!(pace.when(BUDI) < UnixMillis(10_040));
    }

    #[test]
    fn all_chats_together_stay_under_thirty_a_second() {
        let mut pace = Pace::default();
        let mut now = UnixMillis(0);
        let mut sent = 0;
        while now < UnixMillis(10_000) {
            let chat = CustomerId(sent);
            now = now.max(pace.when(chat));
            pace.leaves(chat, now);
            sent += 1;
        }
        assert!((270..300).contains(&sent), "{sent} in ten seconds");
    }

    #[test]
    fn a_late_sender_catches_up_and_no_second_holds_more_than_thirty() {
        let mut pace = Pace::default();
        let (mut now, mut left) = (UnixMillis(1_000_000), Vec::new());
        let chat = |left: &Vec<UnixMillis>| CustomerId(i64::try_from(left.len()).unwrap());
        while now < UnixMillis(1_060_000) {
            // Always a little late, and every second the disk takes its time.
            let late = if left.len() % 29 == 28 { 200 } else { 3 };
            now = UnixMillis(now.max(pace.when(chat(&left))).0 + late);
            while pace.when(chat(&left)) <= now {
                pace.leaves(chat(&left), now);
                left.push(now);
            }
        }
        assert!(left.len() > 29 * 60, "{} in a minute", left.len());
        let full = |span: &&[UnixMillis]| span[30].since(span[0]) <= Duration::from_secs(1);
        assert_eq!(left.windows(31).filter(full).count(), 0);
    }

    #[test]
    fn quiet_is_kept_in_the_chat_and_for_all_once_two_chats_want_it() {
        let mut pace = Pace::default();
        pace.quiet(ANI, Duration::from_secs(7), UnixMillis(0));
        assert_eq!(
            (pace.when(ANI), pace.when(BUDI)),
            (UnixMillis(7_000), UnixMillis(0))
        );
        pace.quiet(BUDI, Duration::from_secs(3), UnixMillis(0));
        assert_eq!(pace.when(CustomerId(3)), UnixMillis(3_000));
    }

    #[test]
    fn a_restart_forgets_neither_the_second_nor_the_quiet() {
        let busy = vec![(ANI, UnixMillis(10_700), false), (BUDI, UnixMillis(17_000), true)];
        let pace = Pace::resumed(busy, &[], UnixMillis(10_000));
        assert_eq!(
            (pace.when(ANI), pace.when(BUDI)),
            (UnixMillis(10_700), UnixMillis(17_000))
        );
    }

    #[test]
    fn no_second_across_a_restart_holds_more_than_thirty() {
        let (mut pace, mut now, mut left) = (Pace::default(), UnixMillis(1_000_000), Vec::new());
        while left.len() < 600 {
            let chat = CustomerId(i64::try_from(left.len()).unwrap());
            now = now.max(pace.when(chat));
            pace.leaves(chat, now);
            left.push(now);
            if left.len() % 45 == 0 {
                // Dead and back within a moment.
                now = now.plus(Duration::from_millis(120));
                let lately: Vec<UnixMillis> = left
                    .iter()
                    .copied()
                    .filter(|left| now.since(*left) < SPAN)
                    .collect();
                pace = Pace::resumed(Vec::new(), &lately, now);
            }
        }
        let full = |span: &&[UnixMillis]| span[30].since(span[0]) <= Duration::from_secs(1);
        assert_eq!(left.windows(31).filter(full).count(), 0);
        let took = now.since(UnixMillis(1_000_000));
        assert!(took < Duration::from_secs(24), "600 took {took:?}");
    }

    #[test]
    fn memory_is_bounded() {
        let mut pace = Pace::default();
        for chat in 0..50_000 {
            pace.leaves(CustomerId(chat), UnixMillis(chat * 36));
        }
        assert!(pace.chats.len() <= CHATS_MAX);
    }
}
