//! How everything stands at this moment, gathered in one place for the console and the status page.
//! It asks nothing of the machine: it reads what the probes, the bot and the alerts have left.

use std::sync::Arc;

use protocol::{
    health::{Health, HourTotals},
    incident::Severity,
    time::UnixMillis,
};
use tokio::sync::watch;

use crate::{
    alert::{
        Alerts,
        engine::Fault,
        message::{self, Voice},
        named,
        planned::Planned,
        reports::Reported,
        telling,
    },
    backup::schedule,
    chart::picture::Sources,
    store::{
        Store,
        book::{Book, Past, Silence},
        drilled::Drilled,
        episodes::{Acked, EpisodeId},
        freshness::Freshness,
        shipping::Shipping,
        sizes::PointLine,
    },
    traffic::{self, Priced, Traffic},
    watch::{board::Board, bot_health::BotState, history::History, unit},
};

mod unsure;

/// Two weeks of points every hour.
const POINTS_MAX: usize = 350;
const DAY_MS: i64 = 86_400_000;
const DISK_USED: &str = "disk_used_percent:";

/// Where it is gathered from. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// The agent's database.
    pub store: Arc<Store>,
    /// What is wrong.
    pub alerts: Alerts,
    /// How this owner is spoken to.
    pub voice: Voice,
    /// What is known of the bot.
    pub bot: watch::Receiver<BotState>,
    /// What the bot says of itself.
    pub health: watch::Receiver<Option<Health>>,
    /// How everything else stands.
    pub board: Board,
    /// What was measured.
    pub history: History,
    /// The configured remotes, for what they cost.
    pub remotes: Arc<Vec<Priced>>,
    /// Where backups go, and when a restore from one of them is rehearsed.
    pub rehearsed: Arc<Rehearsed>,
}

/// What is rehearsed by schedule.
pub struct Rehearsed {
    /// The remotes' names, as the configuration has them.
    pub remotes: Vec<String>,
    /// When.
    pub schedule: cron::Schedule,
}

/// One look.
#[derive(Clone, Debug)]
pub struct Overview {
    /// When.
    pub at: UnixMillis,
    /// Whether the bot is there.
    pub bot: BotState,
    /// What it says; `None` while it does not answer.
    pub health: Option<Health>,
    /// What systemd says of the bot's unit; `None` where it does not know it.
    pub unit: Option<String>,
    /// Bytes that the bot's unit holds; `None` where no cgroup counts them.
    pub unit_bytes: Option<f64>,
    /// What is wrong, gravest first.
    pub open: Vec<Open>,
    /// What the bot reported within a day as single events, by kind, most first.
    pub reported: Vec<Reported>,
    /// What the owner does not want to hear, and until when; `None` for everything.
    pub silences: Vec<(Option<String>, UnixMillis)>,
    /// What came and went within a day, newest first.
    pub past: Vec<Over>,
    /// Each remote's newest restore point.
    pub fresh: Vec<Freshness>,
    /// The restore points of the last weeks, newest first.
    pub points: Vec<PointLine>,
    /// How many there are in all.
    pub point_count: u64,
    /// How far each remote is behind.
    pub shipping: Vec<Shipping>,
    /// The configured remotes, and whether each has no full backup of the chain that is followed: nothing of the present shop
    /// comes back from it then.
    pub without_base: Vec<(String, bool)>,
    /// What goes to each configured remote and what that costs.
    pub traffic: Vec<Traffic>,
    /// What waits for remotes, encrypted.
    pub spool_bytes: u64,
    /// How the rehearsals of each configured remote stand.
    pub drills: Vec<Drilled>,
    /// When the next one is due.
    pub drill_due: Option<UnixMillis>,
    /// Messages to the owner that wait.
    pub waiting: u64,
    /// Each disk and how full it is, in percent.
    pub disks: Vec<(String, f64)>,
    /// Memory in use, in percent.
    pub memory: Option<f64>,
    /// How busy the processor is, in percent.
    pub processor: Option<f64>,
    /// Things of which it cannot be known how they stand.
    pub unknown: usize,
    /// Which, and why, in one line.
    pub unwatched: Option<String>,
    /// Orders placed, and rupiah that came in, within 24 hours.
    pub day: (u64, i64),
    /// Messages from people who are not the owner, ever.
    pub strangers: i64,
}

/// Something that is wrong.
#[derive(Clone, Debug)]
pub struct Open {
    /// Its key.
    pub key: String,
    /// The rule's name, as in docs/RUNBOOK.
    pub rule: &'static str,
    /// How grave.
    pub severity: Severity,
    /// In one line.
    pub headline: String,
    /// What is known beyond that, in a line.
    pub cause: Option<String>,
    /// Since when.
    pub since: UnixMillis,
    /// What it is told with.
    pub episode: Option<EpisodeId>,
    /// That an owner took that on.
    pub acked: Option<Acked>,
    /// Why it is not told, or has not arrived, or that it comes and goes, in words.
    pub held: Option<String>,
}

/// Something that was wrong.
#[derive(Clone, Debug)]
pub struct Over {
    /// The rule's name, as in docs/RUNBOOK.
    pub rule: String,
    /// In one line.
    pub headline: String,
    /// Since when.
    pub since: UnixMillis,
    /// Until when.
    pub until: UnixMillis,
    /// Why it was not told, in words.
    pub held: Option<&'static str>,
}

impl Desk {
    /// Looks.
    ///
    /// # Errors
    /// When the agent's database cannot be read.
    pub fn look(&self, now: UnixMillis) -> anyhow::Result<Overview> {
        let book = self.alerts.book()?;
        let since = UnixMillis(now.0 - DAY_MS);
        let health = self.health.borrow().clone();
        let mut points = self.store.point_lines(POINTS_MAX, now)?;
        points.reverse();
        let mut past: Vec<_> = self.store.past(since)?.into_iter().collect();
        past.reverse();
        Ok(Overview {
            at: now,
            bot: self.bot.borrow().as_remembered(&Planned::of(&book, now)),
            health: health.clone(),
            unit: self.unit(),
            unit_bytes: self.newest("bot_memory_bytes"),
            open: self.open(&book)?,
            reported: self.alerts.reported(now)?,
            silences: self.silences(&book, now),
            past: past.iter().map(|past| self.over(past)).collect(),
            fresh: self.store.freshness(now)?,
            points,
            point_count: self.store.point_count()?,
            shipping: self.store.shipping()?,
            without_base: self.without_base()?,
            traffic: traffic::look(&self.store, &self.remotes, now)?,
            spool_bytes: self.store.spool_bytes()?,
            drills: self.drills()?,
            drill_due: schedule::next_after(&self.rehearsed.schedule, &self.voice.timezone, now),
            waiting: self.store.late(now)?.untold,
            disks: self.disks(),
            memory: self.newest("memory_used_percent"),
            processor: self.newest("cpu_busy_percent"),
            unknown: self.alerts.unwatched().count(self.voice.language),
            unwatched: self.alerts.unwatched().line(self.voice.language),
            day: day(health.as_ref(), self.store.hours(since, now)?, since),
            strangers: self.store.strangers()?,
        })
    }

    fn without_base(&self) -> rusqlite::Result<Vec<(String, bool)>> {
        let Some(state) = self.store.capture_state()? else {
            return Ok(Vec::new());
        };
        let holders = self.store.full_point_holders(&state.chain, None)?;
        let names = self.remotes.iter().map(|priced| priced.remote.clone());
        let each = names.map(|name| {
            let has_none = !holders.contains(&name);
            (name, has_none)
        });
        Ok(each.collect())
    }

    /// Where the charts' figures come from.
    #[must_use]
    pub fn sources(&self) -> Sources {
        Sources {
            history: self.history.clone(),
            store: Arc::clone(&self.store),
            remotes: Arc::clone(&self.remotes),
            language: self.voice.language,
            timezone: self.voice.timezone.clone(),
        }
    }

    fn over(&self, past: &Past) -> Over {
        Over {
            rule: past.rule.clone(),
            headline: named::past(&self.voice, past),
            since: past.since,
            until: past.until,
            held: past.held.map(|held| named::was_held(&self.voice, held)),
        }
    }

    fn open(&self, book: &Book) -> anyhow::Result<Vec<Open>> {
        let undelivered = self.store.undelivered()?;
        let firing = book.alerts.values().filter(|row| row.loudest.is_some());
        let mut open: Vec<Open> = firing
            .filter_map(|row| {
                let fault = Fault::of(row)?;
                let episode = row.episode.and_then(|id| book.episodes.get(&id));
                Some(Open {
                    key: row.key.clone(),
                    rule: fault.rule.name(),
                    severity: fault.rule.severity(),
                    headline: message::named(&self.voice, &fault),
                    cause: message::cause(&self.voice, &fault),
                    since: fault.since,
                    episode: row.episode,
                    acked: episode.and_then(|episode| episode.acked.clone()),
                    held: telling::note(&self.voice, &telling::of(book, row, &undelivered)),
                })
            })
            .collect();
        open.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.since.cmp(&b.since)));
        Ok(open)
    }

    fn silences(&self, book: &Book, now: UnixMillis) -> Vec<(Option<String>, UnixMillis)> {
        let standing = book.silences.values().filter(|silence| silence.until > now);
        let told = |silence: &Silence| (named::scope(&self.voice, book, &silence.scope), silence.until);
        standing.map(told).collect()
    }

    fn unit(&self) -> Option<String> {
        let key = format!("{}/{}", unit::RESTARTS, self.voice.unit);
        self.board.standings().remove(&key)?.detail
    }

    /// Those that were never rehearsed are there too.
    fn drills(&self) -> anyhow::Result<Vec<Drilled>> {
        let known = self.store.drilled()?;
        let of = |remote: &String| {
            let found = known.iter().find(|drilled| drilled.remote == *remote).cloned();
            found.unwrap_or_else(|| Drilled {
                remote: remote.clone(),
                passed_at: None,
                fault: None,
            })
        };
        Ok(self.rehearsed.remotes.iter().map(of).collect())
    }

    fn disks(&self) -> Vec<(String, f64)> {
        let names = self.history.measured();
        let used = names.iter().filter_map(|name| {
            let place = name.strip_prefix(DISK_USED)?;
            Some((place.to_owned(), self.newest(name)?))
        });
        used.collect()
    }

    fn newest(&self, series: &str) -> Option<f64> {
        self.history.latest(series).map(|(_, value)| value)
    }
}

/// The whole hours that began within a day, the present one as the bot counts it now: what is kept lags by a moment.
fn day(health: Option<&Health>, kept: Vec<HourTotals>, since: UnixMillis) -> (u64, i64) {
    let told = health.map(|health| health.hours.as_slice()).unwrap_or_default();
    let is_told = |hour: &HourTotals| told.iter().any(|told| told.hour == hour.hour);
    let kept = kept.iter().filter(|hour| !is_told(hour));
    let hours = told.iter().filter(|hour| hour.hour >= since).chain(kept);
    hours.fold((0, 0), |(placed, rupiah), hour| {
        (placed + hour.placed, rupiah + hour.paid_rupiah)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_counts_what_the_bot_says_now_before_what_was_kept() {
        let hour = |hour: i64, placed, paid_rupiah| HourTotals {
            hour: UnixMillis(hour),
            placed,
            paid_rupiah,
            ..HourTotals::default()
        };
        let health = Health {
            hours: vec![hour(5, 9, 9), hour(20, 3, 30_000)],
            ..Health::default()
        };
        let kept = || vec![hour(10, 1, 10_000), hour(20, 2, 20_000)];
        assert_eq!(day(Some(&health), kept(), UnixMillis(10)), (4, 40_000));
        assert_eq!(day(None, kept(), UnixMillis(10)), (3, 30_000));
    }
}
