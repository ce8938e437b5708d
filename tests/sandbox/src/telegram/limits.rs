//! Telegram's limits on messages: 30 a second for a bot, one a second in a chat with a burst of three.
//! The real figures are unpublished; these are the ones of the Bot FAQ, held exactly.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::world::id::{BotId, UserId};

const BOT_PER_S: f64 = 30.0;
const BOT_BURST: f64 = 30.0;
const CHAT_PER_S: f64 = 1.0;
const CHAT_BURST: f64 = 3.0;

/// The buckets of all bots and chats.
#[derive(Default)]
pub struct Limits {
    bots: HashMap<BotId, Bucket>,
    chats: HashMap<(BotId, UserId), Bucket>,
}

/// A token bucket.
#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

impl Bucket {
    fn refilled(self, per_s: f64, burst: f64, now: Timestamp) -> Bucket {
        let passed_s = now.duration_since(self.at).as_secs_f64().max(0.0);
        Bucket {
            tokens: (self.tokens + passed_s * per_s).min(burst),
            at: now,
        }
    }

    /// Seconds until there is a token, if there is none now.
    fn wait_s(self, per_s: f64) -> Option<u32> {
        // Rounding must not cost a caller that kept the pace.
        let lacking = 1.0 - self.tokens - 1e-6;
        (lacking > 0.0).then(|| ((lacking / per_s).ceil() as u32).max(1))
    }
}

impl Limits {
    /// Counts one message, or says after how many seconds it may be tried again. A refused one is not counted.
    pub fn take(&mut self, bot: BotId, chat: UserId, now: Timestamp) -> Result<(), u32> {
        let full = |tokens| Bucket { tokens, at: now };
        let of_bot = self.bots.entry(bot).or_insert(full(BOT_BURST));
        let of_chat = self.chats.entry((bot, chat)).or_insert(full(CHAT_BURST));
        *of_bot = of_bot.refilled(BOT_PER_S, BOT_BURST, now);
        *of_chat = of_chat.refilled(CHAT_PER_S, CHAT_BURST, now);
        if let Some(wait_s) = of_bot.wait_s(BOT_PER_S).max(of_chat.wait_s(CHAT_PER_S)) {
            return Err(wait_s);
        }
        of_bot.tokens -= 1.0;
        of_chat.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + ms).unwrap()
    }

    #[test]
    fn a_chat_takes_three_at_once_and_then_one_a_second() {
        let mut limits = Limits::default();
        let mut take = |ms| limits.take(BotId(1), UserId(1), at(ms));
        assert_eq!(
            [take(0), take(0), take(0), take(0)],
            [Ok(()), Ok(()), Ok(()), Err(1)]
        );
        assert_eq!([take(999), take(1000), take(1001)], [Err(1), Ok(()), Err(1)]);
        assert_eq!([take(2000), take(3000), take(4000)], [Ok(()), Ok(()), Ok(())]);
    }

    #[test]
    fn a_bot_sends_thirty_in_one_second_to_whomever() {
        let mut limits = Limits::default();
        for chat in 0..30 {
            assert_eq!(limits.take(BotId(1), UserId(chat), at(0)), Ok(()));
        }
        assert_eq!(limits.take(BotId(1), UserId(99), at(0)), Err(1));
        assert_eq!(limits.take(BotId(2), UserId(99), at(0)), Ok(()));
        assert_eq!(limits.take(BotId(1), UserId(99), at(34)), Ok(()));
    }
}
