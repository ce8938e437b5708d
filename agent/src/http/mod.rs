//! The agent's private address: how it is, for the bot, for scripts and for the owner. Nothing here changes anything.
//! It must be reachable from this machine only; there is no password.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use protocol::{
    durable::{Durable, HELD_MAX},
    health::LoopBeat,
    incident::Severity,
    time::UnixMillis,
};
use serde::{Deserialize, Serialize};
use tokio::{
    net::TcpListener,
    sync::watch,
    time::{sleep, timeout},
};

use crate::{
    alert::{
        engine::is_silenced,
        planned::Planned,
        rule::{Rule, object_of},
    },
    backup::capture::Capture,
    beat::{Beats, is_late},
    store::{Store, alerts::AlertRow},
    watch::{board::Board, bot_health::BotState},
};

const DAY_MS: i64 = 86_400_000;
/// By then each way has had its turn: the second is tried within a minute and a half.
const UNHEARD_MAX: Duration = Duration::from_secs(180);
/// How long somebody who takes a backup may keep the bot from committing.
const REST_LIMIT: Duration = Duration::from_millis(200);

/// What the answers are made of.
pub struct Status {
    /// The agent's database.
    pub store: Arc<Store>,
    /// The vital loops.
    pub beats: Beats,
    /// What is known of the bot.
    pub bot: watch::Receiver<BotState>,
    /// How everything else stands.
    pub board: Board,
    /// When this process started.
    pub started_at: UnixMillis,
    /// What leaves the machine between backups.
    pub capture: Capture,
}

/// The answer to `GET /health`. Status 503 when it is not healthy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Whether every vital loop has made progress within its limit and the agent's database can be read.
    pub healthy: bool,
    /// When this process started.
    pub started_at: UnixMillis,
    /// The program's version.
    pub version: String,
    /// What is known of the bot.
    pub bot: BotState,
    /// Vital loops.
    pub loops: Vec<LoopBeat>,
    /// Messages to the owner that wait.
    pub outbox_waiting: u64,
    /// Each remote's newest restore point.
    pub backups: Vec<BackupReport>,
    /// What cannot be known at the moment, by what it is about, with the reason.
    #[serde(default)]
    pub unknown: BTreeMap<String, String>,
    /// The rules of everything that is wrong at the moment, gravest first.
    #[serde(default)]
    pub alerts: Vec<String>,
    /// How many of them are critical, without those that the owner has silenced.
    #[serde(default)]
    pub critical: usize,
    /// What is planned: a stop of the bot, work on the server.
    #[serde(default)]
    pub planned: Planned,
    /// The ways to the owner that are known as broken; `all` where something critical has waited for three minutes.
    #[serde(default)]
    pub ways_broken: Vec<String>,
    /// What the bot reported within a day as single events: how many of each kind.
    #[serde(default)]
    pub reported: BTreeMap<String, u64>,
    /// The same alerts with what each is about. The last: `scripts/health-check` takes all that follows.
    #[serde(default)]
    pub open: Vec<OpenReport>,
}

/// One alert.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenReport {
    /// The rule's name.
    pub rule: String,
    /// What it is about: a file, a disk, a remote.
    pub about: String,
    /// Since when it is that.
    pub since: UnixMillis,
}

/// The newest restore point of one remote.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BackupReport {
    /// The remote's name.
    pub remote: String,
    /// The point's name.
    pub point: String,
    /// Milliseconds since the moment that its database stands at.
    pub age_ms: u64,
}

/// Serves this and the owner's pages until the task is dropped.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(listener: TcpListener, status: Arc<Status>, pages: Router) -> std::io::Result<()> {
    let router = Router::new()
        .route("/live", get(async || "alive\n"))
        .route("/health", get(health))
        .route("/durable", get(durable))
        .route("/rest", get(rest))
        .route("/compare", post(compare))
        .with_state(status)
        .merge(pages);
    axum::serve(listener, router).await
}

async fn health(State(status): State<Arc<Status>>) -> (StatusCode, Json<Report>) {
    let now = UnixMillis(Timestamp::now().as_millisecond());
    let report = status.report(Instant::now(), now);
    let code = if report.healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (code, Json(report))
}

/// For whoever takes a backup beside this agent: one line that says where the database stands, and nobody commits until
/// the caller hangs up, or for 200 ms.
async fn rest(State(status): State<Arc<Status>>) -> Result<Body, StatusCode> {
    let capture = status.capture.clone();
    let rest = tokio::task::spawn_blocking(move || capture.rest()).await;
    let rest = rest.ok().flatten().ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
    let moment = rest.moment(UnixMillis(Timestamp::now().as_millisecond()));
    let line = serde_json::to_vec(&moment).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let first = stream::once(async { Ok::<_, Infallible>(line) });
    let held = stream::once(async move {
        sleep(REST_LIMIT).await;
        drop(rest);
        Ok(Vec::new())
    });
    Ok(Body::from_stream(first.chain(held)))
}

/// For whoever read something else beside this agent than it followed.
async fn compare(State(status): State<Arc<Status>>) -> StatusCode {
    status.capture.compare();
    StatusCode::ACCEPTED
}

/// Held until everything that was committed when the request came is off this machine, or for two seconds. A query is
/// accepted and means nothing: the position is always that moment.
async fn durable(State(status): State<Arc<Status>>) -> Result<Json<Durable>, (StatusCode, String)> {
    let late = |why: String| (StatusCode::GATEWAY_TIMEOUT, format!("{why}\n"));
    match timeout(HELD_MAX, status.capture.durable()).await {
        Ok(Ok(mark)) => Ok(Json(Durable {
            chain: mark.chain.to_string(),
            commit: mark.commit.get(),
        })),
        Ok(Err(error)) => Err(late(format!(
            "not off this machine, because {error:#}: the newest commits are on this server only; agent status says more"
        ))),
        Err(_) => Err(late(
            "not off this machine within 2 s: the newest commits are on this server only; agent status says more"
                .to_owned(),
        )),
    }
}

impl Status {
    /// How the agent is at this moment, and what is wrong and planned beyond itself.
    pub fn report(&self, instant: Instant, now: UnixMillis) -> Report {
        self.with_alerts(self.own(instant, now), now)
    }

    fn own(&self, instant: Instant, now: UnixMillis) -> Report {
        let loops = self.beats.report(instant);
        let stored = self
            .store
            .late(now)
            .and_then(|backlog| Ok((backlog, self.store.freshness(now)?)));
        if let Err(error) = &stored {
            tracing::error!(%error, "the agent's database cannot be read");
        }
        let (outbox_waiting, fresh) = match &stored {
            Ok((backlog, fresh)) => (backlog.untold, fresh.as_slice()),
            Err(_) => (0, [].as_slice()),
        };
        let age_ms = |taken_at| u64::try_from(now.since(taken_at).as_millis()).unwrap_or(u64::MAX);
        Report {
            healthy: stored.is_ok() && !loops.iter().any(is_late),
            started_at: self.started_at,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            bot: *self.bot.borrow(),
            loops,
            outbox_waiting,
            unknown: self.board.unknown(),
            backups: fresh
                .iter()
                .map(|fresh| BackupReport {
                    remote: fresh.remote.clone(),
                    point: fresh.point.clone(),
                    age_ms: age_ms(fresh.taken_at),
                })
                .collect(),
            alerts: Vec::new(),
            critical: 0,
            planned: Planned::default(),
            ways_broken: Vec::new(),
            reported: BTreeMap::new(),
            open: Vec::new(),
        }
    }

    /// Those that are known as broken; all of them, where something critical has come to the owner by none.
    fn ways_broken(&self, firing: &[&AlertRow], now: UnixMillis) -> Vec<String> {
        let known = firing.iter().filter_map(|row| row.key.strip_prefix("channel/"));
        let waits_since = self.store.late(now).ok().and_then(|backlog| backlog.critical_at);
        let all = waits_since
            .filter(|since| now.since(*since) > UNHEARD_MAX)
            .map(|_| "all");
        known.chain(all).map(str::to_owned).collect()
    }

    fn with_alerts(&self, report: Report, now: UnixMillis) -> Report {
        let since = UnixMillis(now.0.saturating_sub(DAY_MS));
        let stored = self
            .store
            .book()
            .and_then(|book| Ok((book, self.store.reported(since)?)));
        let Ok((book, reported)) = stored else {
            return Report {
                healthy: false,
                ..report
            };
        };
        let all = book.alerts.values();
        let mut firing: Vec<&AlertRow> = all.filter(|row| row.loudest.is_some()).collect();
        firing.sort_by_key(|row| std::cmp::Reverse(row.loudest));
        // What has eased since it was told is as grave as it is now.
        let severity = |row: &AlertRow| Rule::named(&row.rule).map(|rule| rule.spec().severity);
        let calls = |row: &&&AlertRow| {
            severity(row) == Some(Severity::Critical) && !is_silenced(&book, &row.key, now)
        };
        let open = |row: &&AlertRow| OpenReport {
            rule: row.rule.clone(),
            about: object_of(&row.key).to_owned(),
            since: row.rule_since,
        };
        let planned = Planned::of(&book, now);
        Report {
            bot: report.bot.as_remembered(&planned),
            critical: firing.iter().filter(calls).count(),
            planned,
            open: firing.iter().map(open).collect(),
            ways_broken: self.ways_broken(&firing, now),
            alerts: firing.into_iter().map(|row| row.rule.clone()).collect(),
            reported: reported.into_iter().collect(),
            ..report
        }
    }
}
