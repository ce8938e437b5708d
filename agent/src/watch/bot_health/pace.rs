//! How soon a bot that is away is looked for again.
//! Pure.

use std::time::Duration;

/// Soon at first, since systemd starts it again at once.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// For one that has been away for [`LONG_AWAY`].
const LOOK_SELDOM: Duration = Duration::from_secs(5);
const LONG_AWAY: Duration = Duration::from_secs(60);

/// Soon as long as an alarm waits for a way, too: it may be about this bot, and goes out as soon as the way is back. What
/// is over by then is to be known, and told with its end.
pub(super) fn until_next_look(away: Duration, alarm_waits: impl FnOnce() -> bool) -> Duration {
    match away < LONG_AWAY || alarm_waits() {
        true => LOOK_EVERY,
        false => LOOK_SELDOM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_that_is_away_for_long_is_looked_for_seldom_but_while_an_alarm_waits() {
        let next = |away_s, alarm_waits| until_next_look(Duration::from_secs(away_s), || alarm_waits);
        assert_eq!(next(59, false), LOOK_EVERY);
        assert_eq!(next(60, false), LOOK_SELDOM);
        assert_eq!(next(3600, true), LOOK_EVERY);
    }
}
