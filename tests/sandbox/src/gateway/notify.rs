//! The gateway's webhooks: posted with the project's secret, a few times if the shop does not answer 2xx.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Gateway, pay_what_is_due};
use crate::{record::Entry, shared::Shared, world::World};

const ANSWER_MAX: Duration = Duration::from_secs(15);
/// Waits before the second, third and fourth try; then the gateway gives up.
const RETRY_AFTER_S: [i64; 3] = [2, 5, 10];
/// Delayed webhooks and retries become due without anything else happening.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A webhook to send.
#[derive(Clone, Serialize, Deserialize)]
pub struct Notice {
    body: Value,
    /// In place of the right secret.
    secret: Option<String>,
    due_at: Timestamp,
    failures: usize,
}

impl Notice {
    /// A webhook that leaves at `due_at`.
    pub fn new(body: Value, secret: Option<String>, due_at: Timestamp) -> Notice {
        Notice {
            body,
            secret,
            due_at,
            failures: 0,
        }
    }
}

/// A notice and where it goes.
struct Post {
    notice: Notice,
    url: Option<String>,
    secret: String,
}

/// Runs until the sandbox ends.
pub async fn send_notices(shared: Shared, client: Client) {
    loop {
        for post in shared.with(take_due) {
            tokio::spawn(send(shared.clone(), client.clone(), post));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn take_due(world: &mut World, now: Timestamp) -> Vec<Post> {
    if pay_what_is_due(&mut world.gateway, now) {
        world.touch();
    }
    let Gateway { notices, account, .. } = &mut world.gateway;
    let (due, waiting) = std::mem::take(notices)
        .into_iter()
        .partition::<Vec<_>, _>(|notice| notice.due_at <= now);
    notices.extend(waiting);
    let post = |notice: Notice| Post {
        secret: notice
            .secret
            .clone()
            .unwrap_or_else(|| account.webhook_secret.clone()),
        url: account.webhook_url.clone(),
        notice,
    };
    due.into_iter().map(post).collect()
}

async fn send(shared: Shared, client: Client, post: Post) {
    let outcome = match &post.url {
        None => Err("no webhook_url is set".to_owned()),
        Some(url) => {
            let request = client
                .post(url)
                .timeout(ANSWER_MAX)
                .header("X-Secret", &post.secret)
                .json(&post.notice.body);
            request
                .send()
                .await
                .map(|answer| answer.status().as_u16())
                .map_err(|error| kind_of(&error).to_owned())
        }
    };
    shared.with(|world, now| settle(world, post, outcome, now));
}

fn kind_of(error: &reqwest::Error) -> &'static str {
    match (error.is_timeout(), error.is_connect()) {
        (true, _) => "no answer in time",
        (_, true) => "connection refused",
        _ => "connection lost",
    }
}

fn settle(world: &mut World, mut post: Post, outcome: Result<u16, String>, now: Timestamp) {
    let (code, description) = match outcome {
        Ok(code) => (code, None),
        Err(what) => (0, Some(what)),
    };
    world.record.push(Entry {
        seq: 0,
        at: now,
        api: "pakasir_webhook".to_owned(),
        bot: String::new(),
        method: "webhook".to_owned(),
        chat_id: None,
        message_id: None,
        params: post.notice.body.clone(),
        code,
        description,
        fault: None,
    });
    // Without an address there is nobody to try again.
    let is_done = (200..300).contains(&code) || post.url.is_none();
    if let Some(wait_s) = RETRY_AFTER_S.get(post.notice.failures).filter(|_| !is_done) {
        post.notice.failures += 1;
        post.notice.due_at = now + SignedDuration::from_secs(*wait_s);
        world.gateway.notices.push_back(post.notice);
    }
    world.touch();
}
