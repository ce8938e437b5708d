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
    alert::heartbeat::{Heartbeat, Signal},
    http::{Report, Status},
    store::outbox::Backlog,
    watch::bot_health::BotState,
};

/// The outside waits for three minutes: two beats may be lost on the way.
const BEAT_EVERY: Duration = Duration::from_secs(60);
/// A message that has arrived nowhere for so long: the owner does not hear of the shop.
const MUTE_AFTER: Duration = Duration::from_secs(900);

/// Beats for as long as the agent lives.
pub(super) async fn run(heartbeat: Heartbeat, status: Arc<Status>) -> Infallible {
    loop {
        sleep(BEAT_EVERY).await;
        let now = UnixMillis(Timestamp::now().as_millisecond());
        let signal = match status.store.backlog() {
            Ok(backlog) => judge(&status.report(Instant::now(), now), backlog, now),
            Err(_) => Signal::Fail("the agent's database cannot be read".to_owned()),
        };
        heartbeat.ping(&signal, None).await;
    }
}

/// Well only when every vital loop moves, the database reads, the bot is there or was stopped on purpose, and the
/// owner can be told.
fn judge(report: &Report, backlog: Backlog, now: UnixMillis) -> Signal {
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
    match report.bot {
        BotState::Running | BotState::Stopped | BotState::Unknown => {}
        BotState::Ailing => wrong.push("the bot answers and is not well, or does not answer".to_owned()),
        BotState::Gone => wrong.push("the bot does not run".to_owned()),
    }
    if backlog
        .oldest_at
        .is_some_and(|oldest| now.since(oldest) >= MUTE_AFTER)
    {
        wrong.push(format!("{} messages to the owner do not arrive", backlog.waiting));
    }
    if wrong.is_empty() {
        Signal::Success
    } else {
        Signal::Fail(wrong.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use protocol::health::LoopBeat;

    use super::*;

    const NOW: UnixMillis = UnixMillis(10_000_000);

    fn report(bot: BotState, age_ms: u64) -> Report {
        Report {
            healthy: age_ms <= 1000,
            started_at: UnixMillis(0),
            version: String::new(),
            bot,
            loops: vec![LoopBeat {
                name: "outbox".to_owned(),
                age_ms,
                limit_ms: 1000,
            }],
            outbox_waiting: 0,
            unknown: Default::default(),
            backups: Vec::new(),
        }
    }

    #[test]
    fn it_beats_only_while_everything_vital_passes() {
        let backlog = |minutes_ago: i64| Backlog {
            waiting: 1,
            oldest_at: Some(UnixMillis(NOW.0 - minutes_ago * 60_000)),
        };
        let well = |bot, age_ms, minutes_ago| {
            judge(&report(bot, age_ms), backlog(minutes_ago), NOW) == Signal::Success
        };
        assert!(well(BotState::Running, 1000, 14) && well(BotState::Stopped, 0, 0));
        assert!(!well(BotState::Gone, 0, 0) && !well(BotState::Ailing, 0, 0));
        assert!(!well(BotState::Running, 1001, 0) && !well(BotState::Running, 0, 15));
        let Signal::Fail(why) = judge(&report(BotState::Gone, 5000), backlog(20), NOW) else {
            panic!("nothing is well")
        };
        assert_eq!(why.lines().count(), 3, "{why}");
    }
}
