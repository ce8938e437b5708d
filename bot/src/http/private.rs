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
    health::{Health, NAMES_MAX, QueueHealth, TradeHealth},
    incident::{IncidentId, IncidentPage},
    time::UnixMillis,
};
use rusqlite::Connection;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{figures, marker};
use crate::{
    clock::now,
    health::{Beat, calls::age_ms, millis},
    inbox, incident,
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
/// How long the database may take for the write that proves that it takes writes.
const WRITE_LIMIT: Duration = Duration::from_secs(3);

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
    /// This process's number.
    pub boot: Boot,
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
        let changed = private.workshop.writer.changed();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let found = private
            .workshop
            .reader
            .run(move |conn| incident::store::after(conn, IncidentId(after)))
            .await;
        let goodbye = private.stop.is_cancelled();
        match found {
            Ok(incidents) if goodbye || !incidents.is_empty() => {
                return Json(IncidentPage { incidents, goodbye }).into_response();
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "incidents cannot be read");
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
        }
        tokio::select! {
            () = changed => {}
            () = private.stop.cancelled() => {}
            () = &mut deadline => return StatusCode::NO_CONTENT.into_response(),
        }
    }
}

async fn health(State(private): State<Arc<Private>>) -> Response {
    match report(&private).await {
        Ok(report) => Json(report).into_response(),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the health report cannot be made");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn report(private: &Private) -> Result<Health> {
    let writes = tokio::time::timeout(
        WRITE_LIMIT,
        private
            .workshop
            .writer
            .run(|conn| queue::store::probe(conn, now())),
    )
    .await;
    let now = now();
    let hours = Arc::clone(&private.hours);
    let (last_incident, queue, trade, hours, database) = private
        .workshop
        .reader
        .run(move |conn| {
            Ok((
                incident::store::last(conn)?,
                queue_health(conn, now)?,
                trade_health(conn, now)?,
                hours.totals(conn, now)?,
                figures::database(conn)?,
            ))
        })
        .await?;
    Ok(Health {
        healthy: matches!(writes, Ok(Ok(()))) && private.beats.iter().all(|beat| beat.alive(now)),
        started_at: private.started_at,
        boot: private.boot.0,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        last_incident,
        loops: private.beats.iter().map(|beat| beat.report(now)).collect(),
        queue,
        trade,
        gateways: vec![private.workshop.pakasir.health(now)],
        telegram: private.line.health(now),
        hours,
        log: private.log.as_deref().and_then(|log| log.report().ok()),
        database,
    })
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
