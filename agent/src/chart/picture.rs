//! Which pictures there are, by name and length of time, and how they are gathered from what the agent knows.
//! How it is drawn is [`Chart::png`]'s.

use std::{
    sync::{Arc, OnceLock, mpsc::SyncSender},
    time::Duration,
};

use anyhow::Context;
use jiff::tz::TimeZone;
use protocol::time::{UnixMillis, parse_duration};
use tokio::sync::oneshot;

use super::{
    Chart, Subject, Theme, backups, day, resources, scale::span_label, trade, traffic, words::words,
};
use crate::{
    alert::rule::{BOT_TROUBLE, Rule, Severity, Topic},
    config::Language,
    store::Store,
    traffic::Priced,
    watch::history::History,
};

/// What a picture is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Disks, memory and processor.
    Resources,
    /// Disks alone.
    Disk,
    /// Memory alone: the machine's and the bot's.
    Memory,
    /// The processor alone.
    Processor,
    /// Orders and money by the hour.
    Trade,
    /// Size and age of backups, and the lag of each remote.
    Backups,
    /// The lag of each remote alone.
    Lag,
    /// Bytes and requests to each remote by the hour, and what a month costs.
    Traffic,
    /// What follows the daily digest: disks, trade, lag.
    Day,
}

/// As long as figures are kept.
const SPAN_MAX: Duration = Duration::from_secs(8 * 86_400);
const SPAN_MIN: Duration = Duration::from_secs(600);
/// Restore points are few and tell more from far away.
const BACKUPS_SPAN: Duration = Duration::from_secs(7 * 86_400);
/// Pictures that wait to be drawn.
const PICTURES_MAX: usize = 8;
/// Within it every single look is drawn.
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Where figures come from. Cheap to clone.
#[derive(Clone)]
pub struct Sources {
    /// What was measured.
    pub history: History,
    /// The agent's database.
    pub store: Arc<Store>,
    /// The configured remotes, for what they cost.
    pub remotes: Arc<Vec<Priced>>,
    /// In which language.
    pub language: Language,
    /// Whose clock.
    pub timezone: TimeZone,
}

impl Picture {
    /// Every picture with its words, the first of which is its name.
    pub const ALL: [(&'static [&'static str], Self); 9] = [
        (&["server", "all"], Self::Resources),
        (&["disk"], Self::Disk),
        (&["mem", "memory", "memori"], Self::Memory),
        (&["cpu", "processor", "prosesor"], Self::Processor),
        (
            &["orders", "money", "shop", "pesanan", "uang", "toko"],
            Self::Trade,
        ),
        (&["backups", "backup", "cadangan"], Self::Backups),
        (&["lag"], Self::Lag),
        (&["traffic", "cost", "lalu-lintas", "biaya"], Self::Traffic),
        (&["day", "hari", "digest"], Self::Day),
    ];

    /// The picture of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(words, _)| words.contains(&name));
        found.map(|(_, picture)| *picture)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, picture)| *picture == self);
        found.map_or("server", |(words, _)| words[0])
    }

    /// What it shows, in the owner's words.
    #[must_use]
    pub fn title(self, language: Language) -> &'static str {
        let words = words(language);
        match self {
            Self::Resources => words.resources,
            Self::Disk => words.disk,
            Self::Memory => words.memory,
            Self::Processor => words.processor,
            Self::Trade => words.trade,
            Self::Backups => words.backups,
            Self::Lag => words.lag,
            Self::Traffic => words.traffic,
            Self::Day => words.day,
        }
    }

    /// How much of the past it shows when nobody says.
    #[must_use]
    pub fn usual_span(self) -> Duration {
        match self {
            Self::Backups => BACKUPS_SPAN,
            Self::Lag => HOUR,
            Self::Resources
            | Self::Disk
            | Self::Memory
            | Self::Processor
            | Self::Trade
            | Self::Traffic
            | Self::Day => DAY,
        }
    }
}

/// A length of time such as `24h`, between ten minutes and eight days.
#[must_use]
pub fn span(text: &str) -> Option<Duration> {
    within(parse_duration(text).ok()?)
}

/// A length of time that can be shown.
#[must_use]
pub fn within(span: Duration) -> Option<Duration> {
    (SPAN_MIN..=SPAN_MAX).contains(&span).then_some(span)
}

/// Gathers what a picture shows. Reads at most a few thousand rows.
///
/// # Errors
/// When the agent's database refuses.
pub fn gather(sources: &Sources, picture: Picture, span: Duration, now: UnixMillis) -> anyhow::Result<Chart> {
    let span_ms = i64::try_from(span.min(SPAN_MAX).as_millis()).unwrap_or(i64::MAX);
    let from = UnixMillis(now.0.saturating_sub(span_ms));
    let words = words(sources.language);
    let doing = || format!("gathering the chart {}", picture.name());
    let (title, mut panels, to) = match picture {
        Picture::Resources => resources::all(sources, words, from, now),
        Picture::Disk => resources::disk_chart(sources, words, from, now),
        Picture::Memory => resources::memory_chart(sources, words, from, now),
        Picture::Processor => resources::processor_chart(sources, words, from, now),
        Picture::Trade => trade::chart(&sources.store, words, from, now),
        Picture::Backups => backups::chart(sources, words, from, now),
        Picture::Lag => backups::lag_chart(sources, words, from, now),
        Picture::Traffic => traffic::chart(sources, words, from, now),
        Picture::Day => day::chart(sources, words, from, now),
    }
    .with_context(doing)?;
    let troubles = troubles(&sources.store, from, now).with_context(doing)?;
    for panel in &mut panels {
        let shaded = troubles
            .iter()
            .filter(|(rule, _)| shades(picture, panel.about, *rule));
        panel.incidents = shaded.map(|(_, lasted)| *lasted).collect();
    }
    Ok(Chart {
        title: format!("{title} · {}", span_label(sources.language, span)),
        from,
        to,
        panels,
        shaded: match picture {
            Picture::Day => words.shaded_grave,
            _ => words.shaded,
        },
        nothing: words.nothing,
        language: sources.language,
        timezone: sources.timezone.clone(),
    })
}

/// Gathers and draws it off the loops that watch, one picture at a time.
///
/// # Errors
/// When the agent's database refuses, or too many pictures are asked for at once.
pub async fn draw(
    sources: Sources,
    picture: Picture,
    span: Duration,
    theme: Theme,
    now: UnixMillis,
) -> anyhow::Result<Vec<u8>> {
    let (done, drawn) = oneshot::channel();
    let job = move || {
        let png = gather(&sources, picture, span, now).and_then(|chart| chart.png(theme));
        // Who asked may be gone.
        let _ = done.send(png);
    };
    painter()
        .try_send(Box::new(job))
        .ok()
        .context("too many pictures are asked for at once")?;
    drawn.await.context("drawing a picture")?
}

type Job = Box<dyn FnOnce() + Send>;

/// The one thread that draws. Every thread of a pool would keep the megabytes of its largest picture for the next one.
fn painter() -> &'static SyncSender<Job> {
    static PAINTER: OnceLock<SyncSender<Job>> = OnceLock::new();
    PAINTER.get_or_init(|| {
        let (jobs, waiting) = std::sync::mpsc::sync_channel::<Job>(PICTURES_MAX);
        std::thread::spawn(move || waiting.into_iter().for_each(|job| job()));
        jobs
    })
}

/// Whether an alert shades such a panel of the picture. That of the day shows a little of everything, and what was grave
/// in it.
fn shades(picture: Picture, about: Subject, rule: Rule) -> bool {
    let is_shown = picture != Picture::Day || rule.severity() == Severity::Critical;
    is_shown && concerns(about, rule)
}

/// Whether an alert has to do with what a panel is about.
fn concerns(about: Subject, rule: Rule) -> bool {
    let (name, topic) = (rule.name(), rule.spec().topic);
    let is_of = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    match about {
        Subject::Disk => is_of(&["disk_", "inodes_"]),
        Subject::Memory => is_of(&["memory_"]),
        Subject::BotMemory => rule == Rule::BotMemoryGrowing,
        Subject::Processor => is_of(&["cpu_"]) || rule == Rule::DiskSlow,
        Subject::Trade => topic == Topic::Trade || BOT_TROUBLE.contains(&rule),
        Subject::Points => topic == Topic::Backup,
        Subject::Shipping => topic == Topic::Backup || rule == Rule::AgentBlind,
    }
}

/// What was wrong that the owner was told of, or would have been, from when to when.
fn troubles(
    store: &Store,
    from: UnixMillis,
    now: UnixMillis,
) -> rusqlite::Result<Vec<(Rule, (UnixMillis, UnixMillis))>> {
    let past = store.past(from)?;
    let over = past.iter().map(|past| (&past.rule, (past.since, past.until)));
    let book = store.book()?;
    let open = book.alerts.values().filter(|row| row.loudest.is_some());
    let open = open.map(|row| (&row.rule, (row.since, now)));
    let known = over
        .chain(open)
        .filter_map(|(rule, lasted)| Some((Rule::named(rule)?, lasted)));
    Ok(known.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_is_shaded_by_what_concerns_it_alone_and_each_alert_shades_one() {
        use Subject as S;
        let all = [
            S::Disk,
            S::Memory,
            S::BotMemory,
            S::Processor,
            S::Trade,
            S::Points,
            S::Shipping,
        ];
        for (rule, shaded) in [
            (Rule::DiskFull, &[S::Disk][..]),
            (Rule::MemoryLow, &[S::Memory]),
            (Rule::BotMemoryGrowing, &[S::BotMemory]),
            (Rule::DiskSlow, &[S::Disk, S::Processor]),
            (Rule::BotGone, &[S::Trade]),
            (Rule::PaymentsFailing, &[S::Trade]),
            (Rule::BackupFailed, &[S::Points, S::Shipping]),
            (Rule::CredentialOld, &[]),
        ] {
            let found: Vec<Subject> = all.into_iter().filter(|one| concerns(*one, rule)).collect();
            assert_eq!(found, shaded, "{rule:?}");
            let of_day = all.into_iter().any(|one| shades(Picture::Day, one, rule));
            let is_grave = rule.severity() == Severity::Critical;
            assert_eq!(of_day, is_grave && !shaded.is_empty(), "{rule:?}");
        }
    }

    #[test]
    fn pictures_have_one_name_and_spans_have_bounds() {
        for (words, picture) in Picture::ALL {
            assert_eq!(Picture::named(words[0]), Some(picture));
            assert_eq!(picture.name(), words[0]);
        }
        assert_eq!(Picture::named("secrets"), None);
        assert_eq!(span("24h"), Some(Duration::from_secs(86_400)));
        for wrong in ["", "1m", "9d", "x", "99999999999999999999d"] {
            assert_eq!(span(wrong), None, "{wrong}");
        }
    }
}
