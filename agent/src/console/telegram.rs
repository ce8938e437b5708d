//! The owner's bot as the console uses it: listens by long polling, answers with text, pictures and files.
//! It is a line of its own beside the alerts' and shares no queue with them. What Telegram puts off is sent once its time
//! has come, by a time that is bounded and not by a number of tries. The token is in the address, so no address is ever in
//! an error.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use protocol::secret::Secret;
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use super::update::{self, Update};
use crate::alert::channels::Button;

mod put_off;

use put_off::{NO_CHAT, PutOff};

/// How long Telegram holds a question without news.
const HOLD_S: u64 = 25;
const POLL_LIMIT: Duration = Duration::from_secs(HOLD_S + 15);
const SEND_LIMIT: Duration = Duration::from_secs(30);
pub(super) const UPDATES_MAX: u8 = 20;
/// Twenty updates of 4,096 characters each, with all that Telegram tells of them.
const ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How often something is sent of which no answer comes.
const TRIES: u64 = 3;
/// What Telegram may ask for at most.
const RETRY_AFTER_MAX_S: u64 = 3_600;
/// How long an answer to a command is put off in all; the next command waits behind it.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same of a file, which holds up nothing.
const FILE_PATIENCE: Duration = Duration::from_secs(300);

/// The line.
#[derive(Clone)]
pub struct Line {
    client: reqwest::Client,
    api_url: String,
    token: Arc<Secret>,
    put_off: PutOff,
}

/// A file that goes out.
pub struct Upload {
    /// `sendPhoto` or `sendDocument`.
    pub method: &'static str,
    /// The field that holds it: `photo` or `document`.
    pub field: &'static str,
    /// Its name there.
    pub name: String,
    /// What it is.
    pub mime: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Whether the telephone rings.
    pub is_loud: bool,
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Telegram says no; it is of no use to ask again. 409: somebody else listens with this token.
    #[error("Telegram refuses with {0}")]
    Refused(StatusCode),
    /// Telegram wants quiet for so long.
    #[error("Telegram wants quiet for {0:?}")]
    RetryAfter(Duration),
    /// Nothing, or nothing that can be understood, came back.
    #[error("Telegram does not answer")]
    Silent,
}

impl CallError {
    /// Whether another program asks with the same token, or has set a webhook (core.telegram.org/bots/api#getupdates).
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused(StatusCode::CONFLICT))
    }

    /// Whether Telegram does not know the token: 404 is its answer to one that cannot be one.
    #[must_use]
    pub fn is_of_the_token(&self) -> bool {
        matches!(
            self,
            Self::Refused(StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND)
        )
    }
}

impl Line {
    /// The Bot API at that address, without a slash at its end, with that token.
    #[must_use]
    pub fn new(client: reqwest::Client, api_url: &str, token: Secret) -> Self {
        Self {
            client,
            api_url: api_url.to_owned(),
            token: Arc::new(token),
            put_off: PutOff::default(),
        }
    }

    /// The bot's number, which its token begins with; 0 when it does not.
    #[must_use]
    pub fn bot(&self) -> i64 {
        let number = self.token.expose().split(':').next();
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// The bot's name in Telegram, by which a command may call it.
    ///
    /// # Errors
    /// When Telegram refuses or does not answer.
    pub async fn name(&self) -> Result<Option<String>, CallError> {
        let told = self.call("getMe", &json!({}), SEND_LIMIT).await?;
        Ok(told["username"].as_str().map(str::to_owned))
    }

    /// Waits for the next updates from this one on, for at most 40 s; an empty answer is none. Telegram forgets those
    /// before it; 0 forgets none.
    ///
    /// # Errors
    /// When Telegram refuses or does not answer.
    pub async fn updates(&self, from: i64) -> Result<Vec<Update>, CallError> {
        let asked = json!({
            "offset": from,
            "timeout": HOLD_S,
            "limit": UPDATES_MAX,
            "allowed_updates": ["message", "callback_query"],
        });
        let result = self.call("getUpdates", &asked, POLL_LIMIT).await?;
        Ok(update::read(&result))
    }

    /// Writes into a chat, without markup. What is not answered is tried three times, so that it may arrive twice at
    /// worst; what Telegram puts off, for a minute.
    ///
    /// # Errors
    /// When it did not arrive.
    pub async fn say(&self, chat: i64, text: &str) -> anyhow::Result<()> {
        self.post(chat, text).await.map(drop)
    }

    /// The same with buttons below it.
    ///
    /// # Errors
    /// As [`Line::say`].
    pub async fn offer(&self, chat: i64, text: &str, buttons: &[Vec<Button>]) -> anyhow::Result<()> {
        let button = |button: &Button| json!({ "text": button.label, "callback_data": button.data });
        let row = |row: &Vec<Button>| row.iter().map(button).collect::<Vec<Value>>();
        let rows: Vec<Vec<Value>> = buttons.iter().map(row).collect();
        let mut body = json!({ "chat_id": chat, "text": text });
        if !rows.is_empty() {
            body["reply_markup"] = json!({ "inline_keyboard": rows });
        }
        self.insist("sendMessage", &body).await.map(drop)
    }

    /// The same, and gives the message's number, by which it can be changed.
    ///
    /// # Errors
    /// As [`Line::say`].
    pub async fn post(&self, chat: i64, text: &str) -> anyhow::Result<Option<i64>> {
        let body = json!({ "chat_id": chat, "text": text });
        let sent = self.insist("sendMessage", &body).await?;
        Ok(sent["message_id"].as_i64())
    }

    /// Changes a message, and keeps its buttons where they are handed in.
    ///
    /// # Errors
    /// When it did not arrive.
    pub async fn edit(&self, chat: i64, message: i64, text: &str, buttons: &Value) -> anyhow::Result<()> {
        let mut body = edited(chat, message, text);
        if buttons.is_object() {
            body["reply_markup"] = buttons.clone();
        }
        self.insist("editMessageText", &body).await.map(drop)
    }

    /// Changes a message that is changed again anyway: tried once, and not at all while Telegram wants quiet in that chat,
    /// so that it takes nothing from what must arrive.
    pub async fn edit_in_passing(&self, chat: i64, message: i64, text: &str) {
        if self.put_off.until(chat).is_some() {
            return;
        }
        let body = edited(chat, message, text);
        let call = self.call("editMessageText", &body, SEND_LIMIT);
        if let Err(CallError::RetryAfter(wait)) = call.await {
            self.put_off.keep(chat, wait);
        }
    }

    /// Ends the waiting of a button, with a line that passes by.
    ///
    /// # Errors
    /// When it did not arrive, or came too late.
    pub async fn answer_press(&self, press: &str, text: &str) -> anyhow::Result<()> {
        let body = json!({ "callback_query_id": press, "text": text });
        self.insist("answerCallbackQuery", &body).await.map(drop)
    }

    /// Shows these commands in the menu of one chat.
    ///
    /// # Errors
    /// When it did not arrive.
    pub async fn show_commands(&self, chat: i64, commands: &[(&str, &str)]) -> anyhow::Result<()> {
        let command = |(name, told): &(&str, &str)| json!({ "command": name, "description": told });
        let body = json!({
            "commands": commands.iter().map(command).collect::<Vec<_>>(),
            "scope": { "type": "chat", "chat_id": chat },
        });
        self.insist("setMyCommands", &body).await.map(drop)
    }

    /// Sends a file: once, unless Telegram says that it did not take it and wants quiet; that is waited for, five minutes
    /// in all.
    ///
    /// # Errors
    /// When it did not arrive.
    pub async fn upload(&self, chat: i64, upload: Upload) -> anyhow::Result<()> {
        let end = Instant::now() + FILE_PATIENCE;
        let sent = self.in_time(chat, end, || self.upload_once(chat, &upload));
        sent.await.context("sending a file")
    }

    async fn upload_once(&self, chat: i64, upload: &Upload) -> Result<(), CallError> {
        let boundary = format!("warung-{:032x}", rand::random::<u128>());
        let (chat, is_silent) = (chat.to_string(), (!upload.is_loud).to_string());
        let fields = [("chat_id", &*chat), ("disable_notification", &*is_silent)];
        let body = multipart(&boundary, &fields, upload);
        let request = self
            .client
            .post(self.address(upload.method))
            .timeout(SEND_LIMIT)
            .header(
                header::CONTENT_TYPE,
                format!("multipart/form-data; boundary={boundary}"),
            )
            .body(body);
        outcome(request.send().await).await.map(drop)
    }

    /// Tries again where that can help.
    async fn insist(&self, method: &str, body: &Value) -> anyhow::Result<Value> {
        let chat = body["chat_id"].as_i64().unwrap_or(NO_CHAT);
        let end = Instant::now() + PATIENCE;
        let mut tries = 1;
        loop {
            let called = self.in_time(chat, end, || self.call(method, body, SEND_LIMIT));
            match called.await {
                Err(CallError::Silent) if tries < TRIES => sleep(Duration::from_secs(tries)).await,
                ended => return ended.with_context(|| method.to_owned()),
            }
            tries += 1;
        }
    }

    /// Calls until it is not put off any more, or would be until after that moment. It waits as long as Telegram wants, also
    /// where another call into that chat was told so.
    async fn in_time<T, F>(&self, chat: i64, end: Instant, call: impl Fn() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        loop {
            if let Some(until) = self.put_off.until(chat) {
                if until > end {
                    return Err(CallError::RetryAfter(until.duration_since(Instant::now())));
                }
                sleep_until(until).await;
            }
            match call().await {
                Err(CallError::RetryAfter(wait)) => self.put_off.keep(chat, wait),
                ended => return ended,
            }
        }
    }

    async fn call(&self, method: &str, body: &Value, limit: Duration) -> Result<Value, CallError> {
        let request = self.client.post(self.address(method)).timeout(limit).json(body);
        outcome(request.send().await).await
    }

    fn address(&self, method: &str) -> String {
        format!("{}/bot{}/{method}", self.api_url, self.token.expose())
    }
}

fn edited(chat: i64, message: i64, text: &str) -> Value {
    json!({ "chat_id": chat, "message_id": message, "text": text })
}

async fn outcome(sent: reqwest::Result<reqwest::Response>) -> Result<Value, CallError> {
    let mut response = sent.map_err(|_| CallError::Silent)?;
    let status = response.status();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| CallError::Silent)? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(CallError::Silent);
        }
        bytes.extend_from_slice(&chunk);
    }
    let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if answer["ok"] == true {
        return Ok(answer["result"].clone());
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        let wait_s = answer["parameters"]["retry_after"].as_u64().unwrap_or(1);
        let wait = Duration::from_secs(wait_s.clamp(1, RETRY_AFTER_MAX_S));
        return Err(CallError::RetryAfter(wait));
    }
    if status.is_client_error() {
        return Err(CallError::Refused(status));
    }
    Err(CallError::Silent)
}

/// The form of RFC 7578. No value holds the boundary: it is random.
fn multipart(boundary: &str, fields: &[(&str, &str)], upload: &Upload) -> Vec<u8> {
    let mut body = Vec::with_capacity(upload.bytes.len() + 1024);
    for (name, value) in fields {
        let part =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
        upload.field, upload.name, upload.mime
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(&upload.bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    body
}
