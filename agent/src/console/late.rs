//! Whether what the owner typed came late, by how long nothing was heard from Telegram: a clock that is wrong makes nothing
//! late, and is told as what it is.
//! Pure.

use std::time::{Duration, Instant};

use protocol::time::UnixMillis;

use super::telegram::UPDATES_MAX;

/// Commands that do something are not carried out later than this after they were typed: the agent was away, and the
/// owner may have done it another way. By so much the clock may differ from Telegram's.
const LATE_AFTER: Duration = Duration::from_secs(300);

/// When Telegram was heard.
#[derive(Default)]
pub(super) struct Heard {
    last: Option<Instant>,
    /// How old what came with the last answer can be; unknown before the second one.
    waited: Option<Duration>,
}

/// How something that was typed came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// Just now.
    InTime,
    /// So long after it was typed.
    Late(Duration),
    /// Just now, and the clock of this server is so far ahead of Telegram's.
    ClockAhead(Duration),
    /// The same, behind it.
    ClockBehind(Duration),
}

impl Heard {
    /// Telegram gave so many updates: what comes with the next answer came up after this one, unless more waits there.
    pub(super) fn answered(&mut self, count: usize, tick: Instant) {
        self.waited = self.last.map(|last| tick.saturating_duration_since(last));
        self.last = (count < usize::from(UPDATES_MAX)).then_some(tick);
    }

    /// How a message came that Telegram says is of that moment.
    pub(super) fn came(&self, at: UnixMillis, now: UnixMillis) -> Came {
        let (ago, ahead) = (now.since(at), at.since(now));
        let is_new = self.waited.is_some_and(|waited| waited <= LATE_AFTER);
        match (ago > LATE_AFTER, is_new) {
            (true, true) => Came::ClockAhead(ago),
            (true, false) => Came::Late(ago),
            (false, _) if ahead > LATE_AFTER => Came::ClockBehind(ahead),
            (false, _) => Came::InTime,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_waited_is_late_and_a_clock_that_differs_is_told_as_that() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let ms = |seconds: i64| UnixMillis(seconds * 1_000);
        let hour = Duration::from_secs(3_600);
        let mut heard = Heard::default();
        heard.answered(1, at(0));
        assert_eq!(
            heard.came(ms(0), ms(3_600)),
            Came::Late(hour),
            "it had just begun"
        );
        heard.answered(1, at(40));
        assert_eq!(heard.came(ms(0), ms(3_600)), Came::ClockAhead(hour));
        assert_eq!(heard.came(ms(3_600), ms(0)), Came::ClockBehind(hour));
        assert_eq!(heard.came(ms(0), ms(299)), Came::InTime);
        heard.answered(1, at(400));
        assert_eq!(
            heard.came(ms(0), ms(3_600)),
            Came::Late(hour),
            "nothing was heard"
        );
        heard.answered(usize::from(UPDATES_MAX), at(401));
        heard.answered(1, at(402));
        assert_eq!(heard.came(ms(0), ms(3_600)), Came::Late(hour), "more waited");
    }
}
