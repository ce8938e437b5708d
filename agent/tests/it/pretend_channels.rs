//! Pretend services on loopback beside Telegram: a strict ntfy, a receiver of signed webhooks, and a check of
//! healthchecks.io. Each refuses what the real one refuses, and keeps what it took.
//! What the messages must say is for the tests.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::{any, post},
};
use ring::hmac;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, time::timeout};

use crate::world::LIMIT;

pub const TOPIC: &str = "warung-topic-canary";
pub const HOOK_KEY: &str = "hook-key-canary";

/// A pretend service that keeps what it took.
pub struct Service {
    pub address: SocketAddr,
    taken: Kept,
    answer: Answer,
}

/// With what a check of healthchecks.io answers every ping, where that is settable.
type Answer = Arc<Mutex<(StatusCode, &'static str)>>;

type Kept = Arc<(Mutex<Vec<Value>>, watch::Sender<()>)>;

impl Service {
    async fn start(router: Router<Kept>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let taken: Kept = Arc::new((Mutex::default(), watch::Sender::new(())));
        let router = router.with_state(Arc::clone(&taken));
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        let answer = Arc::new(Mutex::new((StatusCode::OK, "OK")));
        Self {
            address,
            taken,
            answer,
        }
    }

    /// As docs.ntfy.sh/publish says of JSON.
    pub async fn ntfy() -> Self {
        Self::start(Router::new().route("/", post(publish))).await
    }

    /// Takes all of it, and loses its first answers on the way back.
    pub async fn ntfy_that_loses(answers: usize) -> Self {
        let publish = async move |State(kept): State<Kept>, headers: HeaderMap, body: Json<Value>| {
            let answer = publish(State(Arc::clone(&kept)), headers, body).await;
            match kept.0.lock().unwrap().len() <= answers {
                true => StatusCode::GATEWAY_TIMEOUT.into_response(),
                false => answer,
            }
        };
        Self::start(Router::new().route("/", post(publish))).await
    }

    /// What stands in ntfy's place and answers each request with this status and body.
    pub async fn in_ntfys_place(status: StatusCode, answer: &'static str) -> Self {
        let answers = async move |State(kept): State<Kept>, Json(body): Json<Value>| {
            keep(&kept, body);
            (status, answer)
        };
        Self::start(Router::new().route("/", post(answers))).await
    }

    /// Takes only what is signed.
    pub async fn webhook() -> Self {
        Self::start(Router::new().route("/hook", post(hook))).await
    }

    /// Keeps each ping and answers it as it was last told to, such as for a check that was deleted.
    pub async fn answering(status: StatusCode, body: &'static str) -> Self {
        let answer: Answer = Arc::new(Mutex::new((status, body)));
        let given = Arc::clone(&answer);
        let answers = async move |State(kept): State<Kept>, uri: Uri, body: Bytes| {
            ping(State(kept), uri, body).await;
            *given.lock().unwrap()
        };
        let started = Self::start(Router::new().route("/{*path}", any(answers))).await;
        Self { answer, ..started }
    }

    /// From now on.
    pub fn answer(&self, status: StatusCode, body: &'static str) {
        *self.answer.lock().unwrap() = (status, body);
    }

    /// Keeps the path and body of each ping.
    pub async fn heartbeat() -> Self {
        Self::start(Router::new().route("/{*path}", any(ping))).await
    }

    pub fn taken(&self) -> Vec<Value> {
        self.taken.0.lock().unwrap().clone()
    }

    pub async fn wait_for(&self, count: usize) -> Vec<Value> {
        let mut changed = self.taken.1.subscribe();
        let enough = changed.wait_for(|()| self.taken.0.lock().unwrap().len() >= count);
        let waited = timeout(LIMIT, enough).await;
        assert!(waited.is_ok(), "only these came: {:#?}", self.taken());
        self.taken()
    }
}

fn keep(kept: &Kept, what: Value) {
    kept.0.lock().unwrap().push(what);
    kept.1.send_modify(|()| {});
}

async fn publish(State(kept): State<Kept>, headers: HeaderMap, Json(mut body): Json<Value>) -> Response {
    let known = [
        "topic", "message", "title", "tags", "priority", "actions", "click",
    ];
    let strange = body
        .as_object()
        .is_none_or(|body| body.keys().any(|key| !known.contains(&key.as_str())));
    let priority = body["priority"].as_u64().unwrap_or(3);
    let message = body["message"].as_str().unwrap_or_default();
    if strange || body["topic"] != TOPIC || !(1..=5).contains(&priority) || message.len() > 4096 {
        let refusal = json!({ "code": 40024, "http": 400, "error": "invalid request: request body must be valid JSON" });
        return (StatusCode::BAD_REQUEST, Json(refusal)).into_response();
    }
    body["cache"] = json!(headers.get("cache").map(|value| value.to_str().unwrap()));
    keep(&kept, body);
    Json(json!({ "id": "xE73Iyuabi", "time": 1, "event": "message", "topic": TOPIC })).into_response()
}

async fn hook(State(kept): State<Kept>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers
        .get("warung-signature")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let Some((at, hex)) = signature
        .strip_prefix("t=")
        .and_then(|rest| rest.split_once(",v1="))
    else {
        return StatusCode::UNAUTHORIZED;
    };
    let bytes = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    let tag: Vec<u8> = (0..hex.len()).step_by(2).map(bytes).collect();
    let signed = [at.as_bytes(), b".", &body].concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, HOOK_KEY.as_bytes());
    if hmac::verify(&key, &signed, &tag).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    keep(&kept, serde_json::from_slice(&body).unwrap());
    StatusCode::NO_CONTENT
}

async fn ping(State(kept): State<Kept>, uri: Uri, body: Bytes) -> &'static str {
    let body = String::from_utf8_lossy(&body).into_owned();
    keep(
        &kept,
        json!({ "path": uri.path(), "query": uri.query(), "body": body }),
    );
    "OK"
}
