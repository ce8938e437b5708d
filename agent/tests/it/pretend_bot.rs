//! A pretend bot on loopback: its health and its held incidents, as the contract says, and nothing else.
//! It says what a test tells it to, and dies when it is dropped.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use protocol::{
    health::{Health, LogFile},
    incident::{Incident, IncidentId, IncidentPage, Severity},
    time::UnixMillis,
};
use serde::Deserialize;
use tokio::{net::TcpListener, sync::watch, time::timeout};

use crate::world::LIMIT;

/// The pretend bot's mind.
#[derive(Default)]
pub struct Mind {
    pub boot: i64,
    pub healthy: bool,
    /// It does not say how it is, as one that waits for its database.
    pub silent: bool,
    pub goodbye: bool,
    /// It says that the one before it was not told to end.
    pub follows_crash: bool,
    pub incidents: Vec<Incident>,
    /// Where it says that its log lies.
    pub log: Option<PathBuf>,
}

/// A pretend bot. Dropping it is a kill: every connection is cut.
pub struct Bot {
    pub address: SocketAddr,
    mind: watch::Sender<Mind>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Bot {
    /// Starts one; on the same address as an earlier one if that is given.
    pub fn start(address: Option<SocketAddr>, boot: i64) -> Self {
        // Its own runtime: shutting that down closes its sockets at once, as the kernel does for a dead process.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let mind = watch::Sender::new(Mind {
            boot,
            healthy: true,
            ..Mind::default()
        });
        let address = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let std = bind(address);
        std.set_nonblocking(true).unwrap();
        let address = std.local_addr().unwrap();
        let router = Router::new()
            .route("/live", get(async || "ok"))
            .route("/health", get(bot_health))
            .route("/incidents", get(bot_incidents))
            .with_state(mind.clone());
        runtime.spawn(async { axum::serve(TcpListener::from_std(std).unwrap(), router).await });
        Self {
            address,
            mind,
            runtime: Some(runtime),
        }
    }

    pub fn think(&self, change: impl FnOnce(&mut Mind)) {
        self.mind.send_modify(change);
    }

    /// As many requests for incidents as are held now.
    pub async fn held(&self) {
        let wait = async {
            while self.mind.receiver_count() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LIMIT, wait).await.expect("the agent holds a request");
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

/// The sockets of a bot that was dropped are closed by another thread, a moment later.
fn bind(address: SocketAddr) -> std::net::TcpListener {
    for _ in 0..1000 {
        if let Ok(listener) = std::net::TcpListener::bind(address) {
            return listener;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("{address} stays in use")
}

/// Each of a kind of its own, the first of one that the agent has words for: several of one kind are told together.
pub fn incident(id: i64, text: &str) -> Incident {
    let at = UnixMillis(1_795_338_000_000 + id);
    Incident {
        id: IncidentId(id),
        at,
        kind: match id {
            1 => "dead_job".to_owned(),
            _ => format!("newer_{id}"),
        },
        severity: Severity::Warning,
        text: text.to_owned(),
    }
}

/// All of one kind, that of the first.
pub fn dead_job(id: i64, text: &str) -> Incident {
    Incident {
        kind: "dead_job".to_owned(),
        ..incident(id, text)
    }
}

async fn bot_health(State(mind): State<watch::Sender<Mind>>) -> Json<Health> {
    let _ = mind.subscribe().wait_for(|mind| !mind.silent).await;
    let mind = mind.borrow();
    Json(Health {
        healthy: mind.healthy,
        started_at: UnixMillis(1),
        boot: mind.boot,
        follows_crash: mind.follows_crash,
        version: "0.0.0".to_owned(),
        last_incident: mind
            .incidents
            .last()
            .map_or(IncidentId(0), |incident| incident.id),
        log: mind.log.as_ref().map(|path| LogFile {
            path: path.display().to_string(),
            device: 0,
            inode: 0,
            links: 1,
            size_bytes: 0,
            written_bytes: 0,
            dropped_lines: 0,
        }),
        ..Health::default()
    })
}

#[derive(Deserialize)]
struct After {
    after: i64,
}

async fn bot_incidents(
    Query(After { after }): Query<After>,
    State(mind): State<watch::Sender<Mind>>,
) -> Response {
    let page_of = |mind: &Mind| IncidentPage {
        incidents: mind
            .incidents
            .iter()
            .filter(|incident| incident.id.0 > after)
            .take(100)
            .cloned()
            .collect(),
        goodbye: mind.goodbye,
    };
    let mut receiver = mind.subscribe();
    let something = receiver.wait_for(|mind| mind.goodbye || !page_of(mind).incidents.is_empty());
    match timeout(Duration::from_secs(25), something).await {
        Ok(Ok(mind)) => Json(page_of(&mind)).into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}
