//! `bot queue`: what waits, and the owner's hand on it: pause, resume and limit a queue. The bot may run meanwhile: it
//! finds the change in the database within half a second.

use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use protocol::time::UnixMillis;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::json;

use super::{ConfigArg, Failure};
use crate::{
    clock::now,
    db,
    queue::{COUNTED_MAX, DeadKind, QueueName, QueueView, limit::Rate, store},
};

/// Kinds of jobs that were given up; more than there are.
const KINDS_MAX: usize = 100;
/// What --per may be.
const PER_MIN: Duration = Duration::from_millis(1);
const PER_MAX: Duration = Duration::from_secs(86_400);

#[derive(Subcommand)]
pub(super) enum Queue {
    /// Show every queue, its limits, and the jobs that were given up
    List(List),
    /// Start nothing more from a queue; what runs goes on, what comes waits
    Pause(Named),
    /// Start jobs of a queue again
    Resume(Named),
    /// Set what binds a queue; what is not given is not limited any more
    Limit(Limit),
}

#[derive(Args)]
#[command(after_help = "Example:\n  bot queue list --config /etc/warung/bot.toml")]
pub(super) struct List {
    #[command(flatten)]
    config: ConfigArg,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[command(after_help = "Example:\n  bot queue pause broadcast\n  bot queue resume all")]
pub(super) struct Named {
    #[command(flatten)]
    config: ConfigArg,
    /// money, invoices, delivery, broadcast, upkeep, or all
    #[arg(value_parser = name)]
    queue: QueueName,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  bot queue limit invoices --starts 1 --per 550ms\n  bot queue limit upkeep --running 4"
)]
pub(super) struct Limit {
    #[command(flatten)]
    config: ConfigArg,
    /// money, invoices, delivery, broadcast, upkeep, or all
    #[arg(value_parser = name)]
    queue: QueueName,
    /// Jobs that may run at the same time
    #[arg(long, value_name = "JOBS", value_parser = clap::value_parser!(u32).range(1..))]
    running: Option<u32>,
    /// Jobs that may start in the time that --per gives
    #[arg(long, value_name = "JOBS", requires = "per", value_parser = clap::value_parser!(u32).range(1..))]
    starts: Option<u32>,
    /// The time for --starts: 550ms, 1s, 5m
    #[arg(long, value_name = "TIME", requires = "starts", value_parser = length)]
    per: Option<Duration>,
}

fn name(text: &str) -> Result<QueueName, String> {
    QueueName::named(text).ok_or_else(|| {
        let known: Vec<&str> = QueueName::KNOWN.iter().map(|queue| queue.label()).collect();
        format!("there is no such queue; there are {}", known.join(", "))
    })
}

fn length(text: &str) -> Result<Duration, String> {
    let length: jiff::SignedDuration = text.parse().map_err(|_| "write 550ms, 1s or 5m".to_owned())?;
    let length = Duration::try_from(length).map_err(|_| "a time is not negative".to_owned())?;
    if !(PER_MIN..=PER_MAX).contains(&length) {
        return Err("between 1ms and 24h".to_owned());
    }
    Ok(length)
}

impl Queue {
    pub(super) fn go(&self) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.go(),
            Self::Pause(Named { config, queue }) => change(config, |conn| {
                Ok(match store::pause(conn, *queue, now())? {
                    true => format!(
                        "{} is paused: what comes waits until it is resumed",
                        queue.label()
                    ),
                    false => format!("{} was paused already", queue.label()),
                })
            }),
            Self::Resume(Named { config, queue }) => change(config, |conn| {
                Ok(match store::resume(conn, *queue)? {
                    true => format!("{} goes on", queue.label()),
                    false => format!("{} was not paused", queue.label()),
                })
            }),
            Self::Limit(limit) => limit.go(),
        }
    }
}

impl Limit {
    fn go(&self) -> Result<(), Failure> {
        let rate = self
            .starts
            .zip(self.per)
            .map(|(starts_max, per)| Rate { starts_max, per });
        change(&self.config, |conn| {
            store::limit(conn, self.queue, self.running, rate)?;
            let view = store::view(conn, self.queue)?;
            Ok(format!("{}: {}", self.queue.label(), limits(&view)))
        })
    }
}

/// One short transaction of its own beside the bot's writer: whoever comes second waits, at most five seconds.
fn change(
    config: &ConfigArg,
    work: impl FnOnce(&Connection) -> anyhow::Result<String>,
) -> Result<(), Failure> {
    let database = config.load()?.database;
    if !database.exists() {
        return Err(Failure::Failed(anyhow!(
            "{} does not exist yet; start the bot once",
            database.display()
        )));
    }
    let mut conn = super::open(&database)?;
    db::migrate(&mut conn)?;
    let tx = conn
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .context("the database is busy: try again in a moment")?;
    let said = work(&tx)?;
    tx.commit()
        .context("committing the change; nothing was changed")?;
    println!("{said}");
    Ok(())
}

impl List {
    fn go(&self) -> Result<(), Failure> {
        let database = self.config.load()?.database;
        db::require_the_running_shops(&database).map_err(anyhow::Error::from)?;
        let conn = db::open_reader(&database).with_context(|| format!("opening {}", database.display()))?;
        if !db::migration_status(&conn)?.is_empty() {
            return Err(Failure::Failed(anyhow!(
                "the database is an older one; run bot migrate"
            )));
        }
        let views: anyhow::Result<Vec<QueueView>> = QueueName::KNOWN
            .iter()
            .map(|queue| store::view(&conn, *queue))
            .collect();
        let (views, dead) = (views?, store::dead(&conn, KINDS_MAX)?);
        if self.json {
            print_json(&views, &dead);
        } else {
            print(&views, &dead);
        }
        Ok(())
    }
}

fn print(views: &[QueueView], dead: &[DeadKind]) {
    println!(
        "{:<10} {:>7} {:>7}  state and limits",
        "queue", "waiting", "running"
    );
    for view in views {
        let name = QueueName(view.name);
        // No job stands in "all": the row only binds the others together.
        let (waiting, running) = if name == QueueName::ALL {
            ("-".to_owned(), "-".to_owned())
        } else {
            (counted(view.ready), view.running.to_string())
        };
        println!("{:<10} {waiting:>7} {running:>7}  {}", name.label(), limits(view));
    }
    if dead.is_empty() {
        println!("no job was given up");
    }
    for kind in dead {
        println!(
            "given up: {} × {}, the last one at {}: {}",
            kind.count,
            kind.kind,
            moment(kind.last_at),
            kind.reason.lines().next().unwrap_or_default()
        );
    }
}

fn counted(count: u64) -> String {
    if count >= COUNTED_MAX {
        format!("{COUNTED_MAX}+")
    } else {
        count.to_string()
    }
}

fn limits(view: &QueueView) -> String {
    let paused = view
        .paused_at
        .map(|since| format!("paused since {}", moment(since)));
    let running = view.running_max.map(|max| format!("at most {max} at a time"));
    let rate = view
        .rate
        .map(|rate| format!("at most {} in {:?}", rate.starts_max, rate.per));
    let said: Vec<String> = [paused, running, rate].into_iter().flatten().collect();
    if said.is_empty() {
        "no limit".to_owned()
    } else {
        said.join(", ")
    }
}

fn moment(at: UnixMillis) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(
        |_| at.0.to_string(),
        |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

fn print_json(views: &[QueueView], dead: &[DeadKind]) {
    let queues: Vec<_> = views
        .iter()
        .map(|view| {
            json!({
                "name": QueueName(view.name).label(), "waiting": view.ready, "running": view.running,
                "paused_at": view.paused_at.map(|at| at.0), "running_max": view.running_max,
                "starts_max": view.rate.map(|rate| rate.starts_max),
                "starts_per_ms": view.rate.map(|rate| rate.per.as_millis()),
            })
        })
        .collect();
    let dead: Vec<_> = dead
        .iter()
        .map(|kind| {
            json!({ "kind": kind.kind, "count": kind.count, "last_at": kind.last_at.0, "reason": kind.reason })
        })
        .collect();
    println!(
        "{}",
        json!({ "queues": queues, "dead": dead, "counted_max": COUNTED_MAX })
    );
}
