//! A road to a pretend Telegram: several lead to the same chats, and each fails in its own manner.
//! It knows nothing of messages: what comes through is taken, and answered, by the Telegram behind it.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{AbortHandle, JoinSet},
};

use crate::pretend_telegram::Telegram;

/// What becomes of a request on the road.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It comes through, and so does its answer.
    Open,
    /// Nobody answers, until the road is in another manner: then it is lost.
    Hangs,
    /// It is on its way until the road is in another manner, and comes through then.
    Slow,
    /// It does not come through.
    Broken,
    /// A message comes through, and its answer is lost.
    LosesAnswers,
}

/// A road to a pretend Telegram.
pub struct Road {
    pub address: SocketAddr,
    router: Router,
    manner: watch::Sender<Manner>,
    servers: JoinSet<()>,
}

impl Road {
    /// One on which nobody listens before it is opened.
    pub async fn closed(telegram: &Telegram) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let manner = watch::Sender::new(Manner::Open);
        let layer = from_fn_with_state(manner.subscribe(), pass);
        Self {
            address: listener.local_addr().unwrap(),
            router: telegram.router().layer(layer),
            manner,
            servers: JoinSet::new(),
        }
    }

    pub async fn start(telegram: &Telegram, manner: Manner) -> Self {
        let mut road = Self::closed(telegram).await;
        road.set(manner);
        road.open().await;
        road
    }

    /// Somebody listens from now on.
    pub async fn open(&mut self) -> AbortHandle {
        let listener = TcpListener::bind(self.address).await.unwrap();
        let router = self.router.clone();
        self.servers
            .spawn(async { axum::serve(listener, router).await.unwrap() })
    }

    pub fn set(&self, manner: Manner) {
        self.manner.send_replace(manner);
    }
}

async fn pass(State(mut manner): State<watch::Receiver<Manner>>, request: Request, next: Next) -> Response {
    let met = *manner.borrow_and_update();
    let is_message = request.uri().path().ends_with("/sendMessage");
    if matches!(met, Manner::Hangs | Manner::Slow) {
        let _ = manner.changed().await;
    }
    match met {
        Manner::Hangs | Manner::Broken => StatusCode::BAD_GATEWAY.into_response(),
        Manner::Open | Manner::Slow => next.run(request).await,
        Manner::LosesAnswers => {
            let answer = next.run(request).await;
            match is_message {
                true => StatusCode::BAD_GATEWAY.into_response(),
                false => answer,
            }
        }
    }
}
