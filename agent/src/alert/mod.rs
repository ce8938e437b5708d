//! From what was seen to what the owner hears: observation → state → reason → outbox row, in one transaction.
//! It does not know which probes exist, and it never waits for a channel: sending is the outbox's own loop.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use cron::Schedule;
use protocol::time::UnixMillis;

use crate::{
    backup::{anchor::Anchor, schedule},
    store::{
        Store,
        book::Book,
        episodes::{Acked, EpisodeId},
        freshness::Freshness,
        outbox::{Message, Rung},
    },
};

pub mod before;
mod between;
pub mod buttons;
pub mod calendar;
pub mod channels;
pub mod clock;
pub mod digest;
pub mod engine;
mod explained;
pub mod heartbeat;
pub mod kills;
pub mod ladder;
mod logged;
pub mod message;
pub mod named;
mod observing;
mod orphans;
pub mod outbox;
pub mod outside;
mod places;
pub mod planned;
pub mod redact;
pub mod rehearsal;
mod reported;
pub mod reports;
pub mod restarts;
pub mod role;
pub mod rule;
mod signals;
pub mod standing;
pub mod state;
mod steady;
pub mod telling;
mod text;
pub mod unwatched;
mod voice;
pub mod whose;
mod words;

use calendar::Calendar;
use digest::Day;
use engine::MAINTENANCE;
use ladder::Patience;
use message::Voice;
use rehearsal::asked::{Asked, Unanswered};
use signals::{Bell, Signals};
use steady::Steady;
use unwatched::Unwatched;

const DAY_MS: i64 = 86_400_000;
/// A digest that is said to come after so long was told by a clock that ran ahead.
const DIGEST_AHEAD: Duration = Duration::from_secs(43_200);

/// The one door for everything that is seen, and for what the owner says to it. Cheap to clone.
#[derive(Clone)]
pub struct Alerts {
    store: Arc<Store>,
    voice: Voice,
    calendar: Calendar,
    ladder: Arc<[Rung]>,
    drill: Option<Schedule>,
    unwatched: Unwatched,
    steady: Steady,
    /// The tests of the ways that a digest waits for.
    asked: Asked,
    /// What the senders wait for.
    bell: Bell,
}

impl Alerts {
    /// Alerts that go to the owner by these ways, in the order in which they are tried.
    #[must_use]
    pub fn new(store: Arc<Store>, voice: Voice, calendar: Calendar, ladder: &[Rung]) -> Self {
        Self {
            store,
            voice,
            calendar,
            ladder: ladder.into(),
            drill: None,
            unwatched: Unwatched::default(),
            steady: Steady::default(),
            asked: Asked::new(),
            bell: Bell::new(),
        }
    }

    /// The same, and the digest says when the next rehearsal of a restore is due.
    #[must_use]
    pub fn rehearsed(self, schedule: &Schedule) -> Self {
        let drill = Some(schedule.clone());
        Self { drill, ..self }
    }

    /// What is not watched at present: whoever asks the questions keeps it, and whoever tells how things stand reads it.
    #[must_use]
    pub fn unwatched(&self) -> &Unwatched {
        &self.unwatched
    }

    /// Does what is due at this moment: held alerts are let go, episodes speak, reminders come, silences end.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn tick(&self, now: UnixMillis) -> anyhow::Result<()> {
        let step = |book: &mut Book| engine::tick(book, &self.calendar, now);
        let is_idle = self.store.look_at_book(|book| self.is_idle(book, step));
        if is_idle.context("reading the alerts")? {
            return Ok(());
        }
        self.change(now, step).context("doing what is due")
    }

    /// Whether something critical waits that has arrived nowhere.
    #[must_use]
    pub fn has_untold_alarm(&self) -> bool {
        let backlog = self.store.backlog();
        backlog.is_ok_and(|backlog| backlog.critical_at.is_some())
    }

    /// Lets messages that have arrived nowhere take their next way.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn climb(&self, patience: Patience, now: UnixMillis) -> anyhow::Result<()> {
        let climbed = self
            .store
            .climb(&self.ladder, now, |stuck| {
                let broken = self.store.broken_ways(patience.critical, now)?;
                Ok(ladder::climb(&self.ladder, patience, &broken, stuck, now))
            })
            .context("taking another way to the owner")?;
        if climbed > 0 {
            tracing::warn!(
                climbed,
                "messages that did not arrive take another way to the owner"
            );
            self.bell.queued();
        }
        Ok(())
    }

    /// Queues the daily digest when it is due and the ways were tested that it tells of, or a minute later. The first one
    /// comes at the first such time after the agent was set up.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn digest_if_due(&self, now: UnixMillis) -> anyhow::Result<()> {
        let last = self
            .store
            .look_at_book(|book| book.digest_at)
            .context("reading when the last digest was")?;
        let due = self.calendar.digest_due(now).unwrap_or(now);
        let text = match last {
            Some(last) if last.since(now) > DIGEST_AHEAD => None,
            Some(last) if last >= due => return Ok(()),
            Some(last) => match self.unanswered(due, now)? {
                Some(unanswered) => Some(self.day(last, &unanswered, now)?),
                None => return Ok(()),
            },
            None => None,
        };
        let set = |book: &mut Book| {
            book.digest_at = Some(due);
            text.into_iter().collect()
        };
        let queued = self
            .store
            .change_book(&self.ladder, now, set)
            .context("queueing the digest")?;
        if queued > 0 {
            self.bell.queued();
        }
        Ok(())
    }

    /// The digest of what happened since that moment, in words; nothing is queued.
    ///
    /// # Errors
    /// When the agent's database refuses.
    pub fn digest(&self, since: UnixMillis, now: UnixMillis) -> anyhow::Result<Message> {
        self.day(since, &[], now)
    }

    fn day(&self, since: UnixMillis, unanswered: &[Unanswered], now: UnixMillis) -> anyhow::Result<Message> {
        let (book, past) = (self.book()?, self.store.past(since)?);
        let (fresh, tests) = (self.store.freshness(now)?, self.store.channel_tests()?);
        let hours = self.store.hours(UnixMillis(now.0.saturating_sub(DAY_MS)), now)?;
        let mut drilled = self.store.drilled()?;
        // A remote that was taken out of the configuration holds nothing new, and is not rehearsed any more.
        drilled.retain(|one| fresh.iter().any(|fresh| fresh.remote == one.remote));
        let reported = self.reported(now)?;
        let day = Day {
            since,
            book: &book,
            reported: &reported,
            past: &past,
            fresh: &fresh,
            drilled: &drilled,
            drill_due: self.drill_due(&fresh, now),
            anchor: Anchor::newest(&self.store)?.map(|anchor| anchor.line()),
            tests: &tests,
            unanswered,
            unwatched: self.unwatched.line(self.voice.language),
            trade: (
                hours.iter().map(|hour| hour.placed).sum(),
                hours.iter().map(|hour| hour.paid_rupiah).sum(),
            ),
            service: self.store.service(since)?,
        };
        Ok(digest::of_day(&self.voice, &day, now))
    }

    /// Without a restore point there is nothing to rehearse.
    fn drill_due(&self, fresh: &[Freshness], now: UnixMillis) -> Option<UnixMillis> {
        let schedule = self.drill.as_ref().filter(|_| !fresh.is_empty())?;
        schedule::next_after(schedule, &self.voice.timezone, now)
    }

    /// An owner takes an episode on: no more reminders. `by` is who, where there are several. Gives who has it by now, which
    /// is whoever was first; `None` when it is over already.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn acknowledge(
        &self,
        episode: EpisodeId,
        by: Option<String>,
        now: UnixMillis,
    ) -> anyhow::Result<Option<Acked>> {
        let mut acked = None;
        self.change(now, |book| {
            let notices = engine::acknowledge(book, &self.calendar, episode, by, now);
            acked = book.episodes.get(&episode).and_then(|row| row.acked.clone());
            notices.unwrap_or_default()
        })
        .context("storing that the owner has taken it on")?;
        Ok(acked)
    }

    /// Holds back what would be told of one alert for so long, at most seven days. Gives when that ends.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn silence(&self, key: &str, lasts: Duration, now: UnixMillis) -> anyhow::Result<UnixMillis> {
        let mut until = now;
        self.change(now, |book| {
            until = engine::silence(book, key, lasts, now);
            Vec::new()
        })
        .context("storing the silence")?;
        self.let_reports_go(now)?;
        Ok(until)
    }

    /// Holds back what would be told of every alert of an episode. `None` when it is over already.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn silence_episode(
        &self,
        episode: EpisodeId,
        lasts: Duration,
        now: UnixMillis,
    ) -> anyhow::Result<Option<UnixMillis>> {
        let mut until = None;
        self.change(now, |book| {
            let of_episode = book.alerts.values().filter(|row| row.episode == Some(episode));
            let keys: Vec<String> = of_episode.map(|row| row.key.clone()).collect();
            for key in &keys {
                until = Some(engine::silence(book, key, lasts, now));
            }
            Vec::new()
        })
        .context("storing the silence")?;
        Ok(until)
    }

    /// Holds back everything for so long, at most seven days: somebody works on the server. Gives when that ends.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn maintenance(&self, lasts: Duration, now: UnixMillis) -> anyhow::Result<UnixMillis> {
        self.silence(MAINTENANCE, lasts, now)
    }

    /// Ends a silence before its time; [`MAINTENANCE`] ends the maintenance.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn end_silence(&self, scope: &str, now: UnixMillis) -> anyhow::Result<()> {
        self.change(now, |book| {
            book.silences.retain(|_, silence| silence.scope != scope);
            Vec::new()
        })
        .context("ending the silence")?;
        self.let_reports_go(now)
    }

    /// What is wrong, held back, told and silenced at this moment.
    ///
    /// # Errors
    /// When the agent's database refuses.
    pub fn book(&self) -> anyhow::Result<Book> {
        self.store.book().context("reading the alerts")
    }

    /// What a sender waits for, from this call on.
    #[must_use]
    pub fn subscribe(&self) -> Signals {
        self.bell.subscribe()
    }

    /// The owner wrote or pressed something in this chat: what waits for it, because it could not be reached or refused, is
    /// tried at once. For the owner's chats alone.
    pub fn heard(&self, chat_id: i64) {
        self.bell.heard(chat_id);
    }
}
