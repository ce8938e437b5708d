//! Tells the outside once a minute how the agent and the bot are: well only when everything vital passed.
//! It mends nothing.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use protocol::time::UnixMillis;
use tokio::time::sleep;

use crate::{
    alert::{heartbeat::Signal, outside::Check},
    http::{Report, Status},
    store::outbox::Backlog,
    watch::{
        bot_health::{BOT_LOOP, BotState},
        clock::{STEP_LEAST, step_ms},
        probe::At,
    },
};

/// The outside waits for three minutes, as docs/OPERATING has it: a lost server is told in under four.
const BEAT_EVERY: Duration = Duration::from_secs(60);
/// A message that has arrived nowhere for so long: the owner does not hear of the shop.
const MUTE_AFTER: Duration = Duration::from_secs(900);
/// The same of something critical: every way has been tried by then, and the outside is the last that can tell.
const MUTE_CRITICAL_AFTER: Duration = Duration::from_secs(180);
/// The bot is asked every five seconds; that it was well longer ago than this says nothing of it.
const BOT_KNOWN_MS_MAX: u64 = 30_000;

/// Beats for as long as the agent lives.
pub(super) async fn run(check: Check, status: Arc<Status>) -> Infallible {
    let (mut before, mut wait) = (at(), BEAT_EVERY);
    loop {
        sleep(wait).await;
        let now = at();
        let stepped = step_ms(before, now);
        before = now;
        let signal = match status.store.late(now.now) {
            Ok(backlog) => judge(&status.report(now.tick, now.now), backlog, stepped, now.now),
            Err(_) => Some(Signal::Fail("the agent's database cannot be read".to_owned())),
        };
        let again = match signal {
            Some(signal) => check.tell(&signal, None).await,
            None => {
                tracing::warn!(step_ms = stepped, "the clock was set: this heartbeat is left out");
                None
            }
        };
        wait = again.unwrap_or(BEAT_EVERY);
    }
}

/// Well only when every vital loop moves, the database reads, the bot was seen to be well just now or was stopped on
/// purpose or by work on the server, and the owner can be told. While the clock jumps no age can be trusted, so that nothing is said at all: one
/// jump is no alarm, because the outside bears a beat that is lost, and a clock that goes on jumping is one.
fn judge(report: &Report, backlog: Backlog, step_ms: i64, now: UnixMillis) -> Option<Signal> {
    let mut wrong: Vec<String> = report
        .loops
        .iter()
        .filter(|beat| crate::beat::is_late(beat))
        .map(|beat| {
            format!(
                "the agent's loop {} stands still for {} s",
                beat.name,
                beat.age_ms / 1000
            )
        })
        .collect();
    if !report.healthy && wrong.is_empty() {
        wrong.push("the agent is not well".to_owned());
    }
    wrong.extend(bot_trouble(report).map(str::to_owned));
    let waits_since = |at: Option<UnixMillis>, most: Duration| at.is_some_and(|at| now.since(at) >= most);
    if waits_since(backlog.critical_at, MUTE_CRITICAL_AFTER) || waits_since(backlog.oldest_at, MUTE_AFTER) {
        wrong.push(format!("messages to the owner do not arrive: {}", backlog.untold));
    }
    let is_stepped = Duration::from_millis(step_ms.unsigned_abs()) >= STEP_LEAST;
    match (wrong.is_empty(), is_stepped) {
        (_, true) => None,
        (true, false) => Some(Signal::Success),
        (false, false) => Some(Signal::Fail(wrong.join("\n"))),
    }
}

/// What keeps the bot from counting as well. How it is was found out by the loop that asks it: nothing newer is known
/// than that loop's last step.
fn bot_trouble(report: &Report) -> Option<&'static str> {
    let asked = report.loops.iter().find(|beat| beat.name == BOT_LOOP);
    let is_known = asked.is_some_and(|beat| beat.age_ms <= BOT_KNOWN_MS_MAX);
    match report.bot {
        // Whoever works on the server knows how it is.
        _ if report.planned.maintenance_until.is_some() => None,
        BotState::Stopped => None,
        BotState::Running if is_known => None,
        BotState::Running => Some("how the bot is has not been seen for a while"),
        BotState::Unknown => Some("how the bot is was not seen yet"),
        BotState::Ailing => Some("the bot answers and is not well"),
        BotState::Silent => Some("the bot does not answer"),
        BotState::Gone => Some("the bot does not run"),
    }
}

fn at() -> At {
    At {
        now: UnixMillis(Timestamp::now().as_millisecond()),
        tick: Instant::now(),
    }
}

#[cfg(test)]
mod tests {
    use protocol::health::LoopBeat;

    use super::*;

    const NOW: UnixMillis = UnixMillis(10_000_000);

    fn beat(name: &str, age_ms: u64) -> LoopBeat {
        LoopBeat {
            name: name.to_owned(),
            age_ms,
            limit_ms: 60_000,
        }
    }

    fn report(bot: BotState, asked_ms_ago: u64, outbox_ms_ago: u64) -> Report {
        Report {
            healthy: outbox_ms_ago <= 60_000,
            started_at: UnixMillis(0),
            version: String::new(),
            bot,
            loops: vec![beat(BOT_LOOP, asked_ms_ago), beat("outbox", outbox_ms_ago)],
            outbox_waiting: 0,
            unknown: Default::default(),
            backups: Vec::new(),
            alerts: Vec::new(),
            critical: 0,
            planned: Default::default(),
            ways_broken: Vec::new(),
            reported: Default::default(),
            open: Vec::new(),
        }
    }

    fn backlog(minutes_ago: i64) -> Backlog {
        Backlog {
            waiting: 1,
            untold: 1,
            oldest_at: Some(UnixMillis(NOW.0 - minutes_ago * 60_000)),
            critical_at: None,
        }
    }

    fn is_well(report: &Report, minutes_ago: i64) -> bool {
        judge(report, backlog(minutes_ago), 0, NOW) == Some(Signal::Success)
    }

    #[test]
    fn it_beats_only_while_everything_vital_passes() {
        let with = |bot| report(bot, 5_000, 0);
        assert!(is_well(&with(BotState::Running), 14) && is_well(&with(BotState::Stopped), 0));
        for bot in [
            BotState::Gone,
            BotState::Silent,
            BotState::Ailing,
            BotState::Unknown,
        ] {
            assert!(!is_well(&with(bot), 0), "{bot:?}");
        }
        assert!(!is_well(&report(BotState::Running, 0, 60_001), 0));
        assert!(!is_well(&with(BotState::Running), 15));
        let Some(Signal::Fail(why)) = judge(&report(BotState::Gone, 0, 90_000), backlog(20), 0, NOW) else {
            panic!("nothing is well")
        };
        assert_eq!(why.lines().count(), 3, "{why}");
    }

    #[test]
    fn it_fails_soon_when_something_critical_arrives_nowhere() {
        let said = |seconds: i64| {
            let at = Some(UnixMillis(NOW.0 - seconds * 1000));
            let backlog = Backlog {
                waiting: 1,
                untold: 1,
                oldest_at: at,
                critical_at: at,
            };
            judge(&report(BotState::Running, 0, 0), backlog, 0, NOW)
        };
        assert_eq!(said(179), Some(Signal::Success));
        let Some(Signal::Fail(why)) = said(180) else {
            panic!("the owner does not hear of it")
        };
        assert_eq!(why, "messages to the owner do not arrive: 1");
    }

    #[test]
    fn a_bot_that_was_well_a_while_ago_does_not_count_and_a_planned_stop_keeps() {
        assert!(is_well(&report(BotState::Running, BOT_KNOWN_MS_MAX, 0), 0));
        assert!(!is_well(&report(BotState::Running, BOT_KNOWN_MS_MAX + 1, 0), 0));
        assert!(is_well(&report(BotState::Stopped, BOT_KNOWN_MS_MAX + 1, 0), 0));
        let mut worked_on = report(BotState::Gone, 0, 0);
        assert!(!is_well(&worked_on, 0));
        worked_on.planned.maintenance_until = Some(NOW);
        assert!(is_well(&worked_on, 0));
        let mut nobody_asks = report(BotState::Running, 0, 0);
        nobody_asks.loops.clear();
        assert!(!is_well(&nobody_asks, 0));
    }

    #[test]
    fn a_clock_that_jumps_says_nothing_and_one_that_is_drawn_right_does() {
        let said = |step_ms| judge(&report(BotState::Running, 0, 0), backlog(0), step_ms, NOW);
        assert_eq!([said(5_000), said(-3_600_000)], [None, None]);
        assert_eq!(
            [said(4_999), said(-400)],
            [Some(Signal::Success), Some(Signal::Success)]
        );
    }
}
