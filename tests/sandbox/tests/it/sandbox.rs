//! A sandbox in this process on a free port, with one bot and two people.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use reqwest::{Client, RequestBuilder};
use sandbox::Options;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// The token of the bot that is always there.
pub const TOKEN: &str = "1001:shop";
/// The person who has written to it.
pub const BUDI: i64 = 3001;
/// The person who has not.
pub const SARI: i64 = 3002;

/// A running sandbox.
pub struct Sandbox {
    address: SocketAddr,
    pub client: Client,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Sandbox {
    /// Starts one without state.
    pub async fn start() -> Sandbox {
        Sandbox::start_in(None).await
    }

    /// Starts one; Budi's chat is open.
    pub async fn start_in(state: Option<PathBuf>) -> Sandbox {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let options = Options {
            state,
            bots: vec![(TOKEN.into(), "warung_bot".into())],
            users: vec![(BUDI, "Budi".into()), (SARI, "Sari".into())],
            ..Options::default()
        };
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            let stop = async {
                let _ = stopped.await;
            };
            sandbox::serve(listener, options, stop).await.unwrap();
        });
        let client = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        let sandbox = Sandbox {
            address,
            client,
            stop,
            served,
        };
        sandbox
            .control(&format!("chats/warung_bot/{BUDI}/open"), json!({}))
            .await;
        sandbox
    }

    /// Ends it as SIGTERM would.
    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap();
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// A Bot API call of the bot that is always there, with a JSON body.
    pub async fn call(&self, method: &str, params: Value) -> Value {
        self.call_as(TOKEN, method, params).await
    }

    pub async fn call_as(&self, token: &str, method: &str, params: Value) -> Value {
        json_of(
            self.client
                .post(self.url(&format!("bot{token}/{method}")))
                .json(&params),
        )
        .await
    }

    /// The result of a call that must work.
    pub async fn result(&self, method: &str, params: Value) -> Value {
        let answer = self.call(method, params).await;
        assert_eq!(answer["ok"], true, "{method}: {answer}");
        answer["result"].clone()
    }

    /// Code and description of a call that must be refused.
    pub async fn refused(&self, method: &str, params: Value) -> (i64, String) {
        let answer = self.call(method, params).await;
        assert_eq!(answer["ok"], false, "{method}: {answer}");
        (
            answer["error_code"].as_i64().unwrap(),
            answer["description"].as_str().unwrap().to_owned(),
        )
    }

    /// `POST /sandbox/<path>`.
    pub async fn control(&self, path: &str, body: Value) -> Value {
        json_of(self.client.post(self.url(&format!("sandbox/{path}"))).json(&body)).await
    }

    /// `GET /sandbox/<path>`.
    pub async fn look(&self, path: &str) -> Value {
        json_of(self.client.get(self.url(&format!("sandbox/{path}")))).await
    }

    /// What Budi sees.
    pub async fn chat(&self) -> Value {
        self.look(&format!("chats/warung_bot/{BUDI}")).await
    }

    /// Budi types.
    pub async fn types(&self, text: &str) {
        self.control(&format!("chats/warung_bot/{BUDI}/text"), json!({ "text": text }))
            .await;
    }
}

/// Sends, whatever the status, and reads JSON.
pub async fn json_of(request: RequestBuilder) -> Value {
    request.send().await.unwrap().json().await.unwrap()
}
