//! A pretend Telegram on loopback that takes messages, and fails as a test tells it to.
//! It checks nothing of the messages: what they must be is for the tests to say.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};

use crate::world::LIMIT;

/// One message that the pretend Telegram took.
#[derive(Clone, Debug)]
pub struct Taken {
    pub path: String,
    pub body: Value,
    pub message_id: i64,
}

impl Taken {
    pub fn text(&self) -> &str {
        self.body["text"].as_str().unwrap()
    }
}

/// How the pretend Telegram answers the next request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// With this status and body, without taking the message.
    Answer(u16, Value),
    /// It takes the message, and says that something broke.
    BreakAfter,
    /// It takes the message, tells by this channel, and never answers.
    Hang,
}

#[derive(Default)]
struct Chat {
    taken: Vec<Taken>,
    edits: Vec<Value>,
    deleted: Vec<i64>,
    faults: VecDeque<Fault>,
    requests: usize,
    asked_for_chats: usize,
    down: bool,
    refuses: bool,
    /// Another program asks for updates with the same token.
    shared: bool,
    /// Whoever has blocked the bot.
    blocked: Vec<i64>,
    updates: Vec<Value>,
    confirmed: i64,
    /// Answers to presses, menus and files: the method's name, and what came.
    others: Vec<(String, String)>,
    /// What `getMe` calls the bot; nothing while it is `None`.
    name: Option<String>,
    /// Methods of that kind that are answered with 429 the next time, once for each entry.
    floods: Vec<String>,
}

/// A pretend Telegram.
pub struct Telegram {
    pub address: SocketAddr,
    chat: Arc<Mutex<Chat>>,
    changed: watch::Sender<()>,
    server: JoinHandle<()>,
}

type TelegramState = (Arc<Mutex<Chat>>, watch::Sender<()>);

impl Telegram {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state: TelegramState = (Arc::default(), watch::Sender::new(()));
        let (chat, changed) = state.clone();
        let router = router(state);
        let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            chat,
            changed,
            server,
        }
    }

    /// What answers for it, for another road to it.
    pub fn router(&self) -> Router {
        router((Arc::clone(&self.chat), self.changed.clone()))
    }

    /// The bot's name from now on.
    pub fn call_it(&self, name: &str) {
        self.chat.lock().unwrap().name = Some(name.to_owned());
    }

    pub fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.chat.lock().unwrap().faults.extend(faults);
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.chat.lock().unwrap().taken.clone()
    }

    /// What should have failed and has not will not.
    pub fn forget_faults(&self) {
        self.chat.lock().unwrap().faults.clear();
    }

    /// From now on every message is answered with a page of somebody's proxy, and none is taken.
    pub fn set_down(&self, down: bool) {
        self.chat.lock().unwrap().down = down;
    }

    /// From now on the token is not known.
    pub fn refuse(&self, refuses: bool) {
        self.chat.lock().unwrap().refuses = refuses;
    }

    /// From now on another program takes the updates, or not any more.
    pub fn share(&self, shared: bool) {
        self.chat.lock().unwrap().shared = shared;
    }

    /// From now on nothing can be sent into that chat, or again.
    pub fn block(&self, chat_id: i64, blocks: bool) {
        let blocked = &mut self.chat.lock().unwrap().blocked;
        blocked.retain(|chat| *chat != chat_id);
        blocked.extend(blocks.then_some(chat_id));
    }

    /// Somebody's text, as Telegram tells it; `ago_s` seconds old.
    pub fn says(&self, user: i64, kind: &str, text: &str, ago_s: i64) {
        let date = jiff::Timestamp::now().as_second() - ago_s;
        let chat = json!({ "id": user, "type": kind });
        self.tell(
            "message",
            json!({ "message_id": 1, "date": date, "chat": chat, "from": { "id": user, "first_name": name_of(user) }, "text": text }),
        );
    }

    /// A press of a button under a message that it took, in that message's chat, whoever pressed.
    pub fn presses(&self, user: i64, under: &Taken, data: &str) {
        let chat = json!({ "id": under.body["chat_id"], "type": "private" });
        let message = json!({
            "message_id": under.message_id, "date": 1, "chat": chat,
            "text": under.text(), "reply_markup": under.body["reply_markup"],
        });
        self.tell(
            "callback_query",
            json!({ "id": "9", "from": { "id": user, "first_name": name_of(user) }, "data": data, "message": message }),
        );
    }

    fn tell(&self, kind: &str, event: Value) {
        let mut chat = self.chat.lock().unwrap();
        let id = 100 + chat.updates.len();
        chat.updates.push(json!({ "update_id": id, kind: event }));
        drop(chat);
        self.changed.send_modify(|()| {});
    }

    /// What came by this method besides messages and edits.
    pub fn others(&self, method: &str) -> Vec<String> {
        let chat = self.chat.lock().unwrap();
        let found = chat.others.iter().filter(|(name, _)| name == method);
        found.map(|(_, body)| body.clone()).collect()
    }

    /// The next call of this method besides messages is not taken: it is to come again after a second.
    pub fn flood_next(&self, method: &str) {
        self.chat.lock().unwrap().floods.push(method.to_owned());
    }

    /// Waits until something came by this method.
    pub async fn wait_for_other(&self, method: &str) -> Vec<String> {
        let mut changed = self.changed.subscribe();
        let waited = timeout(LIMIT, changed.wait_for(|()| !self.others(method).is_empty())).await;
        assert!(waited.is_ok(), "no {method} came: {:#?}", self.taken());
        self.others(method)
    }

    /// Waits until a message holds this.
    pub async fn wait_for_text(&self, part: &str) -> Taken {
        let found = || {
            self.taken()
                .into_iter()
                .rev()
                .find(|taken| taken.text().contains(part))
        };
        let mut changed = self.changed.subscribe();
        let waited = timeout(LIMIT, changed.wait_for(|()| found().is_some())).await;
        assert!(waited.is_ok(), "nothing says {part}: {:#?}", self.taken());
        found().unwrap()
    }

    /// The bodies of the edits that it took.
    pub fn edits(&self) -> Vec<Value> {
        self.chat.lock().unwrap().edits.clone()
    }

    /// Waits until an edit says this, and gives it.
    pub async fn wait_for_edit(&self, part: &str) -> Value {
        let says = |edit: &Value| edit["text"].as_str().unwrap().contains(part);
        let found = || self.edits().into_iter().rev().find(says);
        let mut changed = self.changed.subscribe();
        let waited = timeout(LIMIT, changed.wait_for(|()| found().is_some())).await;
        assert!(waited.is_ok(), "no edit says {part}: {:#?}", self.edits());
        found().unwrap()
    }

    /// The messages that were deleted.
    pub fn deleted(&self) -> Vec<i64> {
        self.chat.lock().unwrap().deleted.clone()
    }

    pub fn requests(&self) -> usize {
        self.chat.lock().unwrap().requests
    }

    /// How often it was asked for a chat.
    pub fn asked_for_chats(&self) -> usize {
        self.chat.lock().unwrap().asked_for_chats
    }

    /// Waits until so many messages were taken.
    pub async fn wait_for(&self, count: usize) -> Vec<Taken> {
        let mut changed = self.changed.subscribe();
        let waited = timeout(
            LIMIT,
            changed.wait_for(|()| self.chat.lock().unwrap().taken.len() >= count),
        )
        .await;
        assert!(waited.is_ok(), "only these messages came: {:#?}", self.taken());
        self.taken()
    }

    /// Waits until all that should fail has failed.
    pub async fn wait_until_faults_are_used(&self) {
        let mut changed = self.changed.subscribe();
        let waited = timeout(
            LIMIT,
            changed.wait_for(|()| self.chat.lock().unwrap().faults.is_empty()),
        )
        .await;
        assert!(waited.is_ok(), "the faults were not met");
    }
}

fn router(state: TelegramState) -> Router {
    Router::new()
        .route("/{token}/getUpdates", post(get_updates))
        .route("/{token}/{method}", post(other))
        .route("/{token}/sendMessage", post(send_message))
        .route("/{token}/editMessageText", post(edit_message))
        .route("/{token}/deleteMessage", post(delete_message))
        .route("/{token}/getChat", post(get_chat))
        .with_state(state)
}

/// What somebody is called there.
pub fn name_of(user: i64) -> String {
    format!("Person-{user}")
}

impl Drop for Telegram {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn send_message(
    State((chat, changed)): State<TelegramState>,
    axum::extract::Path(token): axum::extract::Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let (fault, message_id) = {
        let mut chat = chat.lock().unwrap();
        chat.requests += 1;
        let mut fault = chat.faults.pop_front();
        if chat.down {
            fault = Some(Fault::Answer(502, Value::Null));
        }
        if chat.refuses {
            fault = Some(Fault::Answer(
                401,
                json!({ "ok": false, "description": "Unauthorized" }),
            ));
        }
        if chat.blocked.iter().any(|chat_id| body["chat_id"] == *chat_id) {
            fault = Some(Fault::Answer(
                403,
                json!({ "ok": false, "description": "Forbidden: bot was blocked by the user" }),
            ));
        }
        let message_id = 500 + i64::try_from(chat.taken.len()).unwrap();
        if !matches!(fault, Some(Fault::Answer(..))) {
            chat.taken.push(Taken {
                path: token,
                body,
                message_id,
            });
        }
        (fault, message_id)
    };
    changed.send_modify(|()| {});
    match fault {
        None => Json(json!({ "ok": true, "result": { "message_id": message_id } })).into_response(),
        Some(Fault::Answer(status, body)) => {
            (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
        }
        Some(Fault::BreakAfter) => StatusCode::BAD_GATEWAY.into_response(),
        Some(Fault::Hang) => std::future::pending().await,
    }
}

async fn edit_message(State((chat, changed)): State<TelegramState>, Json(body): Json<Value>) -> Response {
    let known = {
        let mut chat = chat.lock().unwrap();
        let known = chat
            .taken
            .iter()
            .any(|taken| body["message_id"] == taken.message_id);
        if known {
            chat.edits.push(body);
        }
        known
    };
    changed.send_modify(|()| {});
    if known {
        Json(json!({ "ok": true, "result": { "message_id": 1 } })).into_response()
    } else {
        let body = json!({ "ok": false, "description": "Bad Request: message to edit not found" });
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    }
}

async fn delete_message(
    State((chat, changed)): State<TelegramState>,
    Json(body): Json<Value>,
) -> Json<Value> {
    chat.lock()
        .unwrap()
        .deleted
        .push(body["message_id"].as_i64().unwrap());
    changed.send_modify(|()| {});
    Json(json!({ "ok": true, "result": true }))
}

/// Numbers below zero are groups, as at the real one.
async fn get_chat(State((chat, _)): State<TelegramState>, Json(body): Json<Value>) -> Response {
    let (down, refuses) = {
        let mut chat = chat.lock().unwrap();
        chat.asked_for_chats += 1;
        (chat.down, chat.refuses)
    };
    if down {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    if refuses {
        return unauthorized();
    }
    let id = body["chat_id"].as_i64().unwrap();
    let kind = if id > 0 { "private" } else { "supergroup" };
    Json(json!({ "ok": true, "result": { "id": id, "type": kind } })).into_response()
}

fn unauthorized() -> Response {
    let body = json!({ "ok": false, "error_code": 401, "description": "Unauthorized" });
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

/// Answers with every update from the one that is asked for; holds the question while there is none.
async fn get_updates(State((chat, changed)): State<TelegramState>, Json(body): Json<Value>) -> Response {
    if chat.lock().unwrap().refuses {
        return unauthorized();
    }
    if chat.lock().unwrap().shared {
        let said = "Conflict: terminated by other getUpdates request";
        let body = json!({ "ok": false, "error_code": 409, "description": said });
        return (StatusCode::CONFLICT, Json(body)).into_response();
    }
    let from = body["offset"].as_i64().unwrap();
    {
        // What lies before is confirmed, and forgotten.
        let mut chat = chat.lock().unwrap();
        chat.confirmed = chat.confirmed.max(from);
    }
    let waiting = || -> Vec<Value> {
        let chat = chat.lock().unwrap();
        let is_new = |update: &&Value| update["update_id"].as_i64() >= Some(chat.confirmed);
        chat.updates.iter().filter(is_new).cloned().collect()
    };
    let mut changed = changed.subscribe();
    let held = changed.wait_for(|()| !waiting().is_empty());
    let _ = timeout(std::time::Duration::from_secs(25), held).await;
    Json(json!({ "ok": true, "result": waiting() })).into_response()
}

async fn other(
    State((chat, changed)): State<TelegramState>,
    axum::extract::Path((_, method)): axum::extract::Path<(String, String)>,
    body: axum::body::Bytes,
) -> Response {
    let body = String::from_utf8_lossy(&body).into_owned();
    {
        let mut chat = chat.lock().unwrap();
        if let Some(at) = chat.floods.iter().position(|flooded| *flooded == method) {
            chat.floods.remove(at);
            let body = json!({ "ok": false, "parameters": { "retry_after": 1 } });
            return (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
        }
        if method == "getMe" {
            let result = json!({ "id": 77, "is_bot": true, "username": chat.name });
            return Json(json!({ "ok": true, "result": result })).into_response();
        }
        chat.others.push((method, body));
    }
    changed.send_modify(|()| {});
    Json(json!({ "ok": true, "result": true })).into_response()
}
