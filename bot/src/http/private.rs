//! What the agent asks: is the bot well, and what must the owner hear. Answers on the private address only.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use protocol::{
    health::{Ailment, Health, LoopBeat, NAMES_MAX, QueueHealth, TradeHealth},
    incident::{IncidentId, IncidentPage},
    time::UnixMillis,
};
use rusqlite::Connection;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{figures, marker, standing};
use crate::{
    clock::now,
    db::{Writer, try_disk},
    health::{Beat, Hands, calls::age_ms, millis},
    inbox,
    incident::{self, unstored::Unstored},
    jobs::Workshop,
    keeper::contact::Contact,
    logs::FollowedFile,
    outbox,
    queue::{self, Boot},
    shop::{hours::Hours, order, refund, switch},
    telegram::line::Line,
};

/// How long a question for incidents is held.
const HELD: Duration = Duration::from_secs(25);
/// How long the disk may take for the write that proves that it takes writes.
const WRITE_LIMIT: Duration = Duration::from_secs(3);
/// A commit that succeeded proves for so long that the database takes writes.
const PROVEN: Duration = Duration::from_secs(2);

/// What the private address needs.
pub struct Private {
    /// What workers have at hand: the way to write, the way to read, the gateways.
    pub workshop: Arc<Workshop>,
    /// The line to Telegram.
    pub line: Line,
    /// When the agent was heard.
    pub contact: Contact,
    /// The log file, if any.
    pub log: Option<Arc<FollowedFile>>,
    /// Orders and money by the hour.
    pub hours: Arc<Hours>,
    /// The vital loops.
    pub beats: Vec<Beat>,
    /// What is being done by jobs and by the inbox.
    pub hands: [Hands; 2],
    /// Incidents that the database does not take yet.
    pub unstored: Unstored,
    /// This process's number.
    pub boot: Boot,
    /// Whether the process before this one ended without having been told to.
    pub follows_crash: bool,
    /// When it started.
    pub started_at: UnixMillis,
    /// The bot stops on purpose.
    pub stop: CancellationToken,
}

/// The private address' routes.
pub fn router(private: Private) -> Router {
    Router::new()
        .route("/live", get(|| async { "ok\n" }))
        .route("/health", get(health))
        .route("/incidents", get(incidents))
        .route("/log-marker", post(marker::mark))
        .with_state(Arc::new(private))
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: i64,
}

async fn incidents(State(private): State<Arc<Private>>, Query(After { after }): Query<After>) -> Response {
    let _held = private.contact.hold();
    let deadline = tokio::time::sleep(HELD);
    tokio::pin!(deadline);
    loop {
        let (changed, told) = (private.workshop.writer.changed(), private.unstored.told());
        tokio::pin!(changed, told);
        changed.as_mut().enable();
        told.as_mut().enable();
        let found = private
            .workshop
            .reader
            .run(move |conn| incident::store::after(conn, IncidentId(after)))
            .await;
        let mut incidents = found.unwrap_or_else(|error| {
            tracing::error!(error = format!("{error:#}"), "incidents cannot be read");
            Vec::new()
        });
        let last = incidents.last().map_or(IncidentId(after), |incident| incident.id);
        incidents.extend(private.unstored.after(last));
        let goodbye = private.stop.is_cancelled();
        if goodbye || !incidents.is_empty() {
            return Json(IncidentPage { incidents, goodbye }).into_response();
        }
        tokio::select! {
            () = changed => {}
            () = told => {}
            () = private.stop.cancelled() => {}
            () = &mut deadline => return StatusCode::NO_CONTENT.into_response(),
        }
    }
}

async fn health(State(private): State<Arc<Private>>) -> Json<Health> {
    Json(report(&private).await)
}

/// Always an answer: where the database cannot even be read, that is what it says.
async fn report(private: &Private) -> Health {
    let writer = &private.workshop.writer;
    let is_late = tokio::time::timeout(WRITE_LIMIT, try_writes(writer))
        .await
        .is_err();
    let now = now();
    let hours = Arc::clone(&private.hours);
    let figures = private
        .workshop
        .reader
        .run(move |conn| {
            Ok((
                incident::store::last(conn)?,
                queue_health(conn, now)?,
                trade_health(conn, now)?,
                hours.totals(conn, now)?,
                figures::database(conn)?,
                switch::store::braked(conn)?,
            ))
        })
        .await;
    let mut troubles = troubles(private, is_late, now);
    let known = match figures {
        Ok((last_incident, queue, trade, hours, database, is_braked)) => Health {
            last_incident,
            queue,
            trade,
            hours,
            database,
            standing: Some(standing::standing(private, is_braked)),
            ..Health::default()
        },
        Err(error) => {
            tracing::error!(
                error = format!("{error:#}"),
                "the figures for the health report cannot be read"
            );
            troubles.push((Ailment::Unreadable, "the database cannot be read".to_owned()));
            Health {
                standing: Some(standing::standing(private, false)),
                ..Health::default()
            }
        }
    };
    let (ailments, troubles): (Vec<Ailment>, Vec<String>) = troubles.into_iter().unzip();
    Health {
        healthy: ailments.is_empty() && private.beats.iter().all(|beat| beat.alive(now)),
        started_at: private.started_at,
        boot: private.boot.0,
        follows_crash: private.follows_crash,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        loops: private.beats.iter().map(|beat| beat.report(now)).collect(),
        troubles,
        ailments,
        stuck: stuck(private, now),
        gateways: vec![private.workshop.pakasir.health(now)],
        telegram: private.line.health(now),
        log: private.log.as_deref().and_then(|log| log.report().ok()),
        database: figures::commits(known.database, private.workshop.writer.standing()),
        ..known
    }
}

/// Lets the writer find out whether the database takes writes; the answer is in its standing. While it does, nothing
/// is committed for that: each commit goes out to every remote.
async fn try_writes(writer: &Writer) {
    let standing = writer.standing();
    let is_proven = standing.proven_within(PROVEN);
    if standing.refusal().is_none() {
        // Begins a transaction either way: whoever holds the database for good is found out too.
        let tried = writer.run(move |conn| if is_proven { Ok(()) } else { try_disk(conn) });
        if tried.await.is_ok() {
            return;
        }
    }
    // Whether it is so bad is SQLite's to say, and whether it is over.
    let _ = writer.run(|conn| queue::store::probe(conn, now())).await;
}

/// What is wrong, as codes and in sentences.
fn troubles(private: &Private, is_late: bool, now: UnixMillis) -> Vec<(Ailment, String)> {
    let mut troubles = Vec::new();
    if let Some(reason) = private.workshop.writer.standing().refusal() {
        let told = format!(
            "the database takes no writes: {reason}; nothing new is accepted, nothing accepted is lost"
        );
        troubles.push((Ailment::NoWrites, told));
    } else if is_late {
        let told = format!(
            "a write to the database takes longer than {} s",
            WRITE_LIMIT.as_secs()
        );
        troubles.push((Ailment::SlowWrites, told));
    }
    for stuck in stuck(private, now) {
        let told = format!(
            "{} hangs: nothing heard for {} s; it is cut and tried again, others go on",
            stuck.name,
            stuck.age_ms / 1_000
        );
        troubles.push((Ailment::Hangs, told));
    }
    troubles
}

fn stuck(private: &Private, now: UnixMillis) -> Vec<LoopBeat> {
    let mut stuck: Vec<LoopBeat> = private.hands.iter().flat_map(|hands| hands.stuck(now)).collect();
    stuck.truncate(NAMES_MAX);
    stuck
}

fn queue_health(conn: &Connection, now: UnixMillis) -> Result<QueueHealth> {
    let (counts, oldest) = queue::store::counts(conn)?;
    let (sends, sends_unknown) = outbox::store::counts(conn)?;
    Ok(QueueHealth {
        ready: counts.ready,
        scheduled: counts.scheduled,
        dead: counts.dead,
        inbox: inbox::store::waiting(conn)?,
        sends,
        sends_unknown,
        oldest_ready_ms: oldest.map(|since| millis(now.since(since))),
        paused: queue::store::paused(conn, NAMES_MAX)?,
        dead_by_kind: figures::dead_by_kind(conn)?,
    })
}

fn trade_health(conn: &Connection, now: UnixMillis) -> Result<TradeHealth> {
    let (awaiting_payment, undelivered) = order::store::open_work(conn)?;
    Ok(TradeHealth {
        sales_paused: switch::store::paused(conn)?.is_some(),
        awaiting_payment,
        oldest_undelivered_ms: undelivered.map(|since| millis(now.since(since))),
        refunds_due: refund::store::count_due(conn)?,
        oldest_unpaid_ms: age_ms(order::store::oldest_unpaid(conn)?, now),
    })
}
