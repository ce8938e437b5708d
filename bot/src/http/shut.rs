//! What both addresses answer while the database cannot be opened: nothing is confirmed, so that Telegram and the
//! gateway repeat it, and the agent hears why.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use protocol::{
    health::{Ailment, CommitFault, Health},
    incident::{IncidentId, IncidentPage},
    time::UnixMillis,
};
use serde::Deserialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::standing;
use crate::incident::unstored::Unstored;

/// How long a question for incidents is held.
const HELD: Duration = Duration::from_secs(25);

/// What is known while the shop is shut.
#[derive(Clone)]
pub struct Shut {
    /// Why the database cannot be opened, as a sentence.
    pub reason: watch::Receiver<String>,
    /// The same as a code, as it was at first.
    pub fault: CommitFault,
    /// What the owner must hear.
    pub unstored: Unstored,
    /// The newest incident in the database, as far as it could be read.
    pub last_incident: IncidentId,
    /// When this process started.
    pub started_at: UnixMillis,
    /// The database is open now, or the bot stops: questions that are held end.
    pub over: CancellationToken,
    /// The bot stops on purpose.
    pub stop: CancellationToken,
}

/// The private address.
pub fn private(shut: Shut) -> Router {
    Router::new()
        .route("/live", get(|| async { "ok\n" }))
        .route("/health", get(health))
        .route("/incidents", get(incidents))
        .with_state(Arc::new(shut))
}

/// The public address: come back later, whatever it is.
pub fn public() -> Router {
    Router::new().fallback(|| async { StatusCode::SERVICE_UNAVAILABLE })
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: i64,
}

async fn incidents(State(shut): State<Arc<Shut>>, Query(After { after }): Query<After>) -> Response {
    let deadline = tokio::time::sleep(HELD);
    tokio::pin!(deadline);
    loop {
        let told = shut.unstored.told();
        tokio::pin!(told);
        told.as_mut().enable();
        let (incidents, goodbye) = (shut.unstored.after(IncidentId(after)), shut.stop.is_cancelled());
        if goodbye || !incidents.is_empty() {
            return Json(IncidentPage { incidents, goodbye }).into_response();
        }
        tokio::select! {
            () = told => {}
            () = shut.stop.cancelled() => {}
            () = shut.over.cancelled() => return StatusCode::NO_CONTENT.into_response(),
            () = &mut deadline => return StatusCode::NO_CONTENT.into_response(),
        }
    }
}

async fn health(State(shut): State<Arc<Shut>>) -> Json<Health> {
    let reason = shut.reason.borrow().clone();
    Json(Health {
        healthy: false,
        started_at: shut.started_at,
        boot: 0,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        last_incident: shut.last_incident,
        troubles: vec![format!(
            "the database cannot be opened: {reason}; the shop is shut and opens by itself"
        )],
        ailments: vec![Ailment::Shut],
        standing: Some(vec![standing::refusal(shut.fault)]),
        ..Health::default()
    })
}
