//! An agent that answers `/durable` as it is told to: at once, late, never, at length or with a lie.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use tokio::{net::TcpListener, time::sleep};

pub const YES: &str = r#"{"chain":"00ff00ff00ff00ff00ff00ff00ff00ff","commit":7}"#;

#[derive(Clone, Debug)]
pub enum Answer {
    /// This status and body, after this long.
    Says(u16, &'static str, Duration),
    /// Nothing, ever.
    Never,
    /// A yes behind a megabyte of nothing.
    Huge,
    /// Somewhere else, where the answer is yes.
    Elsewhere,
}

#[derive(Clone)]
pub struct PretendAgent {
    pub address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    questions: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    most_open: Arc<AtomicUsize>,
}

impl PretendAgent {
    pub async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let agent = Self {
            address: listener.local_addr().unwrap(),
            answer: Arc::new(Mutex::new(answer)),
            questions: Arc::default(),
            open: Arc::default(),
            most_open: Arc::default(),
        };
        let router = Router::new()
            .route("/durable", get(durable))
            .route("/yes", get(|| async { YES }))
            .with_state(agent.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        agent
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    pub fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }

    pub fn most_open(&self) -> usize {
        self.most_open.load(Ordering::SeqCst)
    }
}

/// Counts those that are open, also when the other side leaves.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn durable(State(agent): State<PretendAgent>) -> Response {
    agent.questions.fetch_add(1, Ordering::SeqCst);
    let open = agent.open.fetch_add(1, Ordering::SeqCst) + 1;
    let _open = Open(Arc::clone(&agent.open));
    agent.most_open.fetch_max(open, Ordering::SeqCst);
    let answer = agent.answer.lock().unwrap().clone();
    match answer {
        Answer::Says(status, body, after) => {
            sleep(after).await;
            (StatusCode::from_u16(status).unwrap(), body).into_response()
        }
        Answer::Never => std::future::pending().await,
        Answer::Huge => (" ".repeat(1_000_000) + YES).into_response(),
        Answer::Elsewhere => Redirect::temporary("/yes").into_response(),
    }
}
