//! The one place that knows every part of the running agent: it starts them, joins them and stops them.
//! It decides nothing about alerts or backups.

use std::{
    convert::Infallible,
    future::Future,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use axum::Router;
use jiff::Timestamp;
use protocol::time::UnixMillis;
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinSet,
    time::timeout,
};

use crate::{
    alert::{
        Alerts, calendar::Calendar, channels::http_client, clock::AlertClock, ladder::ladder, message::Voice,
        outbox::Pace, outside::Subject,
    },
    backup::{
        self,
        capture::{self, Running, Shipper},
    },
    beat::Beats,
    config::{Config, STARTED_WITH},
    console::work::{Ask, DrillEnd},
    http::{self, Status},
    rehearse,
    store::{Store, lock::StateLock, outbox::Rung, source},
    watch::{bot_link::BotLink, went_down},
};

use child::Program;

mod backups;
mod beats;
mod child;
mod desk;
mod died;
mod heartbeat;
mod owed;
mod own_state;
mod restart;
mod systemd;
mod telling;
mod upkeep;
mod watching;
mod ways;

pub use ways::open as ways;

/// A look at the bot takes at most a few seconds, also when the bot is mute.
const WATCH_LIMIT: Duration = Duration::from_secs(60);
/// The alerts' clock ticks every two seconds, and every ten where nothing waits and nothing stands.
const CLOCK_LIMIT: Duration = Duration::from_secs(30);
/// How long a request that is open may take to end when the agent stops; systemd is told nothing of it.
const STOP_LIMIT: Duration = Duration::from_secs(3);
/// Messages that were sent are kept for replies and for questions afterwards.
const SENT_KEPT: Duration = Duration::from_secs(90 * 86_400);

/// Runs the agent until SIGTERM or SIGINT.
///
/// # Errors
/// When another agent runs on the same state directory, something cannot be started, or a part of it ended.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .context("listening for the signal to stop")?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    let program = std::env::current_exe().context("finding this program's own file")?;
    run_as(config, Pace::USUAL, Some(program), stop).await
}

/// Runs the agent until `stop` resolves, and then at most three seconds longer. Backups are taken in this process.
///
/// # Errors
/// As [`run`].
pub async fn run_until(config: Config, pace: Pace, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    run_as(config, pace, None, stop).await
}

async fn run_as(
    config: Config,
    pace: Pace,
    program: Option<PathBuf>,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    source::check_sqlite().map_err(anyhow::Error::msg)?;
    let _lock = StateLock::take(&config.lock_path())?;
    backup::remove_leftovers(&config);
    rehearse::remove_leftovers(&config.state_dir);
    let config = Arc::new(config);
    let mut parts = Parts::start(Arc::clone(&config), pace, program).await?;
    systemd::ready();
    tracing::info!("the agent watches the bot and tells the owner");
    let ended = tokio::select! {
        () = stop => Ok(()),
        Some(ended) = parts.tasks.join_next() => Err(failure(ended)),
    };
    systemd::stopping();
    if ended.is_ok() {
        went_down::farewell(&config.state_dir);
    }
    tracing::info!("the agent stops");
    parts.stop().await;
    ended
}

/// Everything that runs.
struct Parts {
    /// Each runs for as long as the agent; one that ends is a failure of the whole.
    tasks: JoinSet<anyhow::Result<Infallible>>,
    /// These are asked to end, so that no request of theirs is cut off.
    senders: JoinSet<()>,
    stop: watch::Sender<bool>,
    capture: Running,
}

impl Parts {
    async fn start(config: Arc<Config>, pace: Pace, program: Option<PathBuf>) -> anyhow::Result<Self> {
        let started_at = UnixMillis(Timestamp::now().as_millisecond());
        let ladder = ladder(&config);
        let store = open_store(&config, &ladder, started_at)?;
        let client = http_client()?;
        let ways = ways::open(&config, &client)?;
        let listener = listen(&config).await?;
        let mut beats = Beats::new(Instant::now());
        let alerts = alerts_of(&config, &store, &ladder, started_at);
        let common = watching::Common {
            config: &config,
            store: &store,
            alerts: &alerts,
            link: BotLink::new(client.clone(), &config.bot.url),
        };
        let (bot, cycle) = watching::watches(common, &mut beats);
        let mut tasks = JoinSet::new();
        let age_beat = beats.add("backup_age", WATCH_LIMIT, Instant::now());
        watching::watch_backups(&config, &store, &alerts, started_at, age_beat, &mut tasks)?;
        let clock = alert_clock(&alerts, pace, &mut beats);
        let stop = watch::Sender::new(false);
        let senders = ways::senders(&ways, &config, &store, pace, &mut beats)
            .into_iter()
            .map(|sender| sender.run(alerts.subscribe(), stop.subscribe()))
            .collect();
        let (capture, shippers, recording) = capture::start(&config, &store)?;
        let status = Arc::new(Status {
            store: Arc::clone(&store),
            beats,
            bot: bot.state(),
            board: cycle.board.clone(),
            started_at,
            capture: capture.clone(),
        });

        tasks.spawn(async { Ok(clock.run().await) });
        let telling = telling::Telling {
            config: &config,
            store: &store,
            alerts: &alerts,
            status: &status,
            client: &client,
        };
        let outside = telling.outside(Subject::Drill, &mut tasks);
        let upkeep = upkeep::Upkeep::of(program.clone(), &config, &store, outside);
        let program = program.map(|path| Program::of(path, &listener)).transpose()?;
        let shown = telling.show(&bot, &cycle, &mut tasks)?;
        keep_remotes(shippers, upkeep, shown.drills, &mut tasks);
        tasks.spawn(async { Ok(bot.run().await) });
        tasks.spawn(async { Ok(cycle.run().await) });
        telling.spawn(ways, started_at, &mut tasks);
        keep_itself(&config, &status, &mut tasks)?;
        let schedule = backups::Backups {
            outside: telling.outside(Subject::Backup, &mut tasks),
            config,
            store,
            alerts,
            capture,
            program,
        };
        tasks.spawn(serve(listener, status, shown.pages));
        tasks.spawn(async { Ok(schedule.run(shown.backups).await) });
        Ok(Self {
            tasks,
            senders,
            stop,
            capture: recording,
        })
    }

    /// A backup in its middle leaves nothing that a restore would take for a point.
    async fn stop(mut self) {
        self.tasks.shutdown().await;
        self.stop.send_replace(true);
        let recording = self.capture;
        let spooled = tokio::task::spawn_blocking(move || recording.join());
        if timeout(STOP_LIMIT, spooled).await.is_err() {
            tracing::warn!("the last commits were not spooled; the next start finds them in the log");
        }
        if timeout(STOP_LIMIT, async {
            while self.senders.join_next().await.is_some() {}
        })
        .await
        .is_err()
        {
            tracing::warn!(
                "a message to the owner was on its way; it will be sent again, marked as repeated"
            );
        }
    }
}

/// So that whoever reads agent.toml later sees whether this agent works by it.
fn note_configuration(config: &Config, store: &Store) {
    if let Err(error) = store.remember(STARTED_WITH, &config.digest) {
        tracing::warn!(%error, "by which configuration the agent works could not be written down");
    }
}

fn alerts_of(config: &Config, store: &Arc<Store>, ladder: &[Rung], started_at: UnixMillis) -> Alerts {
    let alerts = Alerts::new(Arc::clone(store), Voice::of(config), Calendar::of(config), ladder);
    alerts
        .rehearsed(&config.drill)
        .placed(config)
        .steadied(started_at)
}

fn alert_clock(alerts: &Alerts, pace: Pace, beats: &mut Beats) -> AlertClock {
    AlertClock {
        alerts: alerts.clone(),
        patience: pace.patience,
        beat: beats.add("alerts", CLOCK_LIMIT, Instant::now()),
    }
}

/// Commits go out all the time, and once a day what is out there is looked after.
fn keep_remotes(
    shippers: Vec<Shipper>,
    upkeep: Option<upkeep::Upkeep>,
    asked: mpsc::Receiver<Ask<DrillEnd>>,
    tasks: &mut JoinSet<anyhow::Result<Infallible>>,
) {
    let (missed, compared) = mpsc::channel(shippers.len().max(1));
    for shipper in shippers {
        let shipper = shipper.telling(missed.clone());
        tasks.spawn(async { Ok(shipper.run().await) });
    }
    upkeep.map(|upkeep| tasks.spawn(async { Ok(upkeep.run(asked, compared).await) }));
}

/// As long as it lives, it says so to systemd, and as long as its memory is the one that it opened.
fn keep_itself(
    config: &Config,
    status: &Arc<Status>,
    tasks: &mut JoinSet<anyhow::Result<Infallible>>,
) -> anyhow::Result<()> {
    tasks.spawn(systemd::feed_watchdog(Arc::clone(status)));
    tasks.spawn(own_state::OwnState::of(config)?.watch());
    Ok(())
}

async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    TcpListener::bind(config.http.private)
        .await
        .with_context(|| format!("listening on {} ([http] private)", config.http.private))
}

async fn serve(listener: TcpListener, status: Arc<Status>, pages: Router) -> anyhow::Result<Infallible> {
    http::serve(listener, status, pages)
        .await
        .context("serving the private address")?;
    anyhow::bail!("the private address is not served any more")
}

fn open_store(config: &Config, ladder: &[Rung], now: UnixMillis) -> anyhow::Result<Arc<Store>> {
    let store = Store::open_with_room(&config.state_dir)?;
    tidy_outbox(&store, ladder, now)?;
    note_configuration(config, &store);
    Ok(Arc::new(store))
}

fn tidy_outbox(store: &Store, ladder: &[Rung], now: UnixMillis) -> anyhow::Result<()> {
    let forgotten = store
        .forget_other_ways(ladder, now)
        .context("tidying the outbox")?;
    if forgotten > 0 {
        tracing::warn!(
            forgotten,
            "messages waited for chats or channels that the configuration does not name any more: what has arrived \
             nowhere takes the first way"
        );
    }
    let kept_ms = i64::try_from(SENT_KEPT.as_millis()).unwrap_or(i64::MAX);
    let before = UnixMillis(now.0.saturating_sub(kept_ms));
    store.prune_outbox(before).context("tidying the outbox")?;
    store.prune_past(before).context("tidying the past alerts")?;
    Ok(())
}

fn failure(ended: Result<anyhow::Result<Infallible>, tokio::task::JoinError>) -> anyhow::Error {
    match ended {
        Ok(Ok(never)) => match never {},
        Ok(Err(error)) => error,
        Err(error) => anyhow::Error::from(error).context("a part of the agent broke"),
    }
}
