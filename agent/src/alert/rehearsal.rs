//! Every way to the owner is asked at the start whether it is there, and tried once a day, shortly before the digest that
//! tells the result: a dead fallback is found before it is needed. A digest that is due before that asks for the test. One
//! that fails, or refuses a message, is an alert, which goes by the others.
//! It sends nothing that rings.

use std::{convert::Infallible, future::pending, sync::Arc, time::Duration};

use futures_util::future::join_all;
use jiff::Timestamp;
use protocol::{incident::Severity, time::UnixMillis};
use tokio::{sync::watch, time::sleep};

use super::{
    Alerts,
    calendar::Calendar,
    channels::{Channel, Letter, Outcome},
    message::Voice,
    rule::{AlertKey, Observation, Rule},
    words::phrases,
};
use crate::store::{
    Store,
    channels::ChannelTest,
    outbox::{Address, Rung},
};

pub(super) mod asked;
mod chats;

use asked::Ask;
pub use chats::chat_named;
use chats::{SAID_BETWEEN, blamed, of_chat};

const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Before the digest, so that its result is in it.
const AHEAD: Duration = Duration::from_secs(600);
/// A way that puts off or cannot be reached gets another chance before it counts as broken.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// How often a way that cannot be reached is asked at the start: the network may come up later than the agent.
const START_LOOKS: u32 = 3;

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
        let asked = self.alerts.asked_tests();
        tokio::select! {
            never = self.test_day_by_day() => never,
            never = self.test_when_asked(asked) => never,
        }
    }

    async fn test_day_by_day(&self) -> Infallible {
        if let Err(error) = self.look_at_the_start().await {
            tracing::error!(
                error = format!("{error:#}"),
                "what the ways to the owner said at the start could not be written down"
            );
        }
        loop {
            sleep(LOOK_EVERY).await;
            log(self.test_what_is_due().await);
        }
    }

    /// What a digest misses, all ways at once: it waits for the slowest.
    async fn test_when_asked(&self, mut asked: watch::Receiver<Option<Ask>>) -> Infallible {
        loop {
            if asked.changed().await.is_err() {
                return pending().await;
            }
            let Some(ask) = *asked.borrow_and_update() else {
                continue;
            };
            match self.alerts.untested(ask.due) {
                Ok(untested) => {
                    let missing = self.ways.iter().filter(|way| untested.contains(&way.rung.name));
                    let tests = missing.map(async |way| log(self.test_and_record(way).await));
                    join_all(tests).await;
                }
                Err(error) => log(Err(error)),
            }
        }
    }

    /// A token that was mistyped is found now and not with the first alert. What was broken when it was last tried is tried
    /// again: it may be what the agent was started anew for.
    async fn look_at_the_start(&self) -> anyhow::Result<()> {
        let known = self.store.channel_tests()?;
        let was_broken = |way: &Way| known.iter().any(|test| test.rung == way.rung.name && !test.ok);
        let mut left: Vec<&Way> = self.ways.iter().collect();
        for look in 1..=START_LOOKS {
            let said = join_all(left.iter().map(|way| reach(way))).await;
            let mut unreached = Vec::new();
            for (way, said) in left.into_iter().zip(said) {
                match said {
                    Ok(()) if was_broken(way) => {
                        let test = test(way, &self.voice, now()).await;
                        record(&self.store, &self.alerts, &test)?;
                    }
                    Ok(()) => {}
                    Err(Unreached { is_final: false, .. }) if look < START_LOOKS => unreached.push(way),
                    Err(Unreached { why, .. }) => {
                        record(&self.store, &self.alerts, &broken(&way.rung.name, why, now()))?;
                    }
                }
            }
            if unreached.is_empty() {
                break;
            }
            left = unreached;
            sleep(RETRY_AFTER).await;
        }
        Ok(())
    }

    async fn test_what_is_due(&self) -> anyhow::Result<()> {
        let known = self.store.channel_tests()?;
        for way in &self.ways {
            let last = known.iter().find(|test| test.rung == way.rung.name);
            let tested_at = last.map_or(self.started_at, |test| test.tested_at);
            // Where another way brings all that waits for it, nothing else would show that it works again.
            let is_back = last.is_some_and(|test| !test.ok)
                && self.store.was_there(&way.rung.name, tested_at, now())?;
            if is_back || is_due(&self.calendar, tested_at, now()) {
                self.test_and_record(way).await?;
            }
        }
        Ok(())
    }

    async fn test_and_record(&self, way: &Way) -> anyhow::Result<()> {
        let test = self.test_twice(way).await;
        record(&self.store, &self.alerts, &test)
    }

    async fn test_twice(&self, way: &Way) -> ChannelTest {
        let first = test(way, &self.voice, now()).await;
        if first.ok {
            return first;
        }
        self.alerts.asked.put_failed_once(&way.rung.name, &first.said);
        sleep(RETRY_AFTER).await;
        test(way, &self.voice, now()).await
    }
}

fn log(tested: anyhow::Result<()>) {
    if let Err(error) = tested {
        tracing::error!(
            error = format!("{error:#}"),
            "the ways to the owner could not be tested"
        );
    }
}

/// Whether a way that was last tried then is to be tried now.
fn is_due(calendar: &Calendar, tested_at: UnixMillis, now: UnixMillis) -> bool {
    calendar
        .digest_due(now.plus(AHEAD))
        .is_some_and(|due| UnixMillis(due.0.saturating_sub(600_000)) > tested_at)
}

/// Why a way cannot be gone.
#[derive(Debug)]
pub struct Unreached {
    /// What it said.
    pub why: String,
    /// Whether that stays so until the owner changes something.
    pub is_final: bool,
}

/// Asks a way whether it is there, for every chat of it and without a message.
///
/// # Errors
/// When it is not in one of them, or does not answer: what each of these said.
pub async fn reach(way: &Way) -> Result<(), Unreached> {
    let (mut said, mut is_final) = (Vec::new(), true);
    for chat_id in &way.rung.chats {
        match way.channel.reach(*chat_id).await {
            Outcome::Sent { .. } | Outcome::Taken(_) | Outcome::RetryAfter(_) => {}
            Outcome::Refused(why) => said.push(of_chat(&way.rung, *chat_id, &why)),
            Outcome::NotSent(why) | Outcome::Unknown(why) => {
                said.push(of_chat(&way.rung, *chat_id, &why));
                is_final = false;
            }
        }
    }
    let why = said.join(SAID_BETWEEN);
    match said.is_empty() {
        true => Ok(()),
        false => Err(Unreached { why, is_final }),
    }
}

/// What is written down of a way that does not work.
#[must_use]
pub fn broken(rung: &str, why: String, now: UnixMillis) -> ChannelTest {
    ChannelTest {
        rung: rung.to_owned(),
        tested_at: now,
        ok: false,
        said: why,
    }
}

/// Tries a way once, every chat of it; the result is what each says that fails.
pub async fn test(way: &Way, voice: &Voice, now: UnixMillis) -> ChannelTest {
    let text = phrases(voice.language).test;
    let (mut strange, mut failed) = (String::new(), Vec::new());
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
            Outcome::Taken(said) => strange = said,
            Outcome::NotSent(why) | Outcome::Refused(why) | Outcome::Unknown(why) => {
                failed.push(of_chat(&way.rung, *chat_id, &why));
            }
            Outcome::RetryAfter(wait) => failed.push(format!("429, {} s", wait.as_secs())),
        }
    }
    let ok = failed.is_empty();
    ChannelTest {
        rung: way.rung.name.clone(),
        tested_at: now,
        ok,
        said: if ok { strange } else { failed.join(SAID_BETWEEN) },
    }
}

/// Writes the result down and lets the alerts know.
///
/// # Errors
/// When the agent's database refuses.
pub fn record(store: &Store, alerts: &Alerts, test: &ChannelTest) -> anyhow::Result<()> {
    store.put_channel_test(test)?;
    alerts.asked.end_second_try(&test.rung);
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
    /// A way that has refused a message for one of its places does not work, and that is known now and not with the next
    /// test: whoever can be told otherwise hears of it.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn note_what_refuses(&self, now: UnixMillis) -> anyhow::Result<()> {
        let places: usize = self.ladder.iter().map(|rung| rung.chats.len()).sum();
        let refusing = self.store.refusing()?;
        if places < 2 || refusing.is_empty() {
            return Ok(());
        }
        let tests = self.store.channel_tests()?;
        let is_known = |rung: &Rung| tests.iter().any(|test| !test.ok && test.rung == rung.name);
        for rung in self.ladder.iter().filter(|rung| !is_known(rung)) {
            let refuses = |chat_id: &i64| {
                let is_its = |address: &Address| address.rung == rung.name && address.chat_id == *chat_id;
                let (_, why) = refusing.iter().find(|(address, _)| is_its(address))?;
                Some(of_chat(rung, *chat_id, why))
            };
            let said: Vec<String> = rung.chats.iter().filter_map(refuses).collect();
            if !said.is_empty() {
                record(
                    &self.store,
                    self,
                    &broken(&rung.name, said.join(SAID_BETWEEN), now),
                )?;
            }
        }
        Ok(())
    }

    /// A way whose last test failed and which has taken messages since then in every chat that failed works: that ends its
    /// alert, as a test that succeeds does.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn end_what_delivers(&self, now: UnixMillis) -> anyhow::Result<()> {
        let tests = self.store.channel_tests()?;
        for failed in tests.iter().filter(|test| !test.ok) {
            let rung = self.ladder.iter().find(|rung| rung.name == failed.rung);
            let Some(rung) = rung else { continue };
            if self
                .store
                .has_taken(&blamed(rung, &failed.said), failed.tested_at)?
            {
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

    #[test]
    fn a_way_is_tried_once_also_in_the_night_in_which_the_clock_leaves_the_digests_hour_out() {
        let calendar = Calendar {
            timezone: TimeZone::get("Europe/Berlin").unwrap(),
            quiet_hours: None,
            digest_at: time(2, 30, 0, 0),
        };
        let noon: Timestamp = "2027-03-27T12:00:00Z".parse().unwrap();
        let mut tested_at = UnixMillis(noon.as_millisecond());
        let mut tries = 0;
        for minute in 0..24 * 60 {
            let now = UnixMillis(noon.as_millisecond() + minute * 60_000);
            if is_due(&calendar, tested_at, now) {
                (tested_at, tries) = (now, tries + 1);
            }
        }
        assert_eq!(tries, 1);
    }
}
