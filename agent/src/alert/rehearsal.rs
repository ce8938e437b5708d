//! Every way to the owner is tried once a day, shortly before the digest that tells the result: a dead fallback is
//! found before it is needed. One that fails is an alert, which goes by the others.
//! It sends nothing that rings.

use std::{convert::Infallible, sync::Arc, time::Duration};

use jiff::Timestamp;
use protocol::{incident::Severity, time::UnixMillis};
use tokio::time::sleep;

use super::{
    Alerts,
    calendar::Calendar,
    channels::{Channel, Letter, Outcome},
    message::Voice,
    rule::{AlertKey, Observation, Rule},
    words::phrases,
};
use crate::store::{Store, channels::ChannelTest, outbox::Rung};

const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Before the digest, so that its result is in it.
const AHEAD: Duration = Duration::from_secs(600);
/// A way that puts off or cannot be reached gets another chance before it counts as broken.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// A way with the places that it reaches.
#[derive(Clone)]
pub struct Way {
    /// Its name and its chats.
    pub rung: Rung,
    /// What it is.
    pub channel: Arc<Channel>,
}

/// The daily tests.
pub struct Rehearsal {
    /// The ways.
    pub ways: Vec<Way>,
    /// Who hears of a broken one.
    pub alerts: Alerts,
    /// Where results are written down.
    pub store: Arc<Store>,
    /// In which words.
    pub voice: Voice,
    /// When.
    pub calendar: Calendar,
    /// When the agent started: a way that was never tried is tried before the next digest.
    pub started_at: UnixMillis,
}

impl Rehearsal {
    /// Tests for as long as the agent lives. No vital loop: it waits for slow services, and gives no beat.
    pub async fn run(self) -> Infallible {
        loop {
            sleep(LOOK_EVERY).await;
            if let Err(error) = self.test_what_is_due().await {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the ways to the owner could not be tested"
                );
            }
        }
    }

    async fn test_what_is_due(&self) -> anyhow::Result<()> {
        let known = self.store.channel_tests()?;
        for way in &self.ways {
            let tested_at = known
                .iter()
                .find(|test| test.rung == way.rung.name)
                .map(|test| test.tested_at);
            if is_due(&self.calendar, tested_at.unwrap_or(self.started_at), now()) {
                let test = self.test_twice(way).await;
                record(&self.store, &self.alerts, &test)?;
            }
        }
        Ok(())
    }

    async fn test_twice(&self, way: &Way) -> ChannelTest {
        let first = test(way, &self.voice, now()).await;
        if first.ok {
            return first;
        }
        sleep(RETRY_AFTER).await;
        test(way, &self.voice, now()).await
    }
}

/// Whether a way that was last tried then is to be tried now.
fn is_due(calendar: &Calendar, tested_at: UnixMillis, now: UnixMillis) -> bool {
    calendar
        .digest_due(now.plus(AHEAD))
        .is_some_and(|due| UnixMillis(due.0.saturating_sub(600_000)) > tested_at)
}

/// Tries a way once, every chat of it; the first that fails is the result.
pub async fn test(way: &Way, voice: &Voice, now: UnixMillis) -> ChannelTest {
    let text = phrases(voice.language).test;
    let (mut said, mut ok) = (String::new(), true);
    for chat_id in &way.rung.chats {
        let letter = Letter {
            id: 0,
            chat_id: *chat_id,
            headline: text,
            text,
            severity: Severity::Info,
            loud: false,
            buttons: &[],
            reply_to: None,
        };
        match way.channel.test(&letter).await {
            Outcome::Sent { .. } => {}
            Outcome::Taken(strange) => said = strange,
            Outcome::NotSent(why) | Outcome::Refused(why) | Outcome::Unknown(why) => {
                (said, ok) = (why, false)
            }
            Outcome::RetryAfter(wait) => (said, ok) = (format!("429, {} s", wait.as_secs()), false),
        }
    }
    ChannelTest {
        rung: way.rung.name.clone(),
        tested_at: now,
        ok,
        said,
    }
}

/// Writes the result down and lets the alerts know.
///
/// # Errors
/// When the agent's database refuses.
pub fn record(store: &Store, alerts: &Alerts, test: &ChannelTest) -> anyhow::Result<()> {
    store.put_channel_test(test)?;
    let seen = if test.ok {
        Observation::Fine
    } else {
        tracing::error!(
            channel = test.rung,
            why = test.said,
            "a way to the owner does not work"
        );
        Observation::Wrong {
            rule: Rule::ChannelBroken,
            detail: test.said.clone(),
        }
    };
    alerts.observe(&AlertKey::new("channel", &test.rung), seen, test.tested_at)
}

impl Alerts {
    /// A way whose last test failed and which has taken messages in every chat of it since then works: that ends its alert,
    /// as a test that succeeds does.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn end_what_delivers(&self, now: UnixMillis) -> anyhow::Result<()> {
        let tests = self.store.channel_tests()?;
        for failed in tests.iter().filter(|test| !test.ok) {
            let rung = self.ladder.iter().find(|rung| rung.name == failed.rung);
            let Some(rung) = rung else { continue };
            if self.store.has_taken(rung, failed.tested_at)? {
                let proven = ChannelTest {
                    rung: failed.rung.clone(),
                    tested_at: now,
                    ok: true,
                    said: String::new(),
                };
                record(&self.store, self, &proven)?;
            }
        }
        Ok(())
    }
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

#[cfg(test)]
mod tests {
    use jiff::{civil::time, tz::TimeZone};

    use super::*;

    #[test]
    fn a_way_is_tried_once_a_day_ten_minutes_before_the_digest() {
        let calendar = Calendar {
            timezone: TimeZone::UTC,
            quiet_hours: None,
            digest_at: time(8, 0, 0, 0),
        };
        let minutes = |minutes: i64| UnixMillis(minutes * 60_000);
        let due = |tested_at, now| is_due(&calendar, minutes(tested_at), minutes(now));
        assert!(!due(0, 469) && due(0, 470) && due(0, 2000));
        assert!(!due(470, 471) && !due(471, 1909) && due(471, 1910));
    }
}
