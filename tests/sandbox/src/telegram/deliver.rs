//! Posts updates to webhooks: in order for each person, several people at once, again after a failure.

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    record::Entry,
    shared::Shared,
    world::{
        World,
        bot::Bot,
        id::{BotId, UpdateId},
    },
};

/// How long a webhook may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Waits between tries double from the first to the last.
const RETRY_FIRST_S: i64 = 1;
const RETRY_LAST_S: i64 = 30;
/// Retries become due without anything else happening.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// One post to make.
struct Post {
    bot: BotId,
    update: UpdateId,
    url: String,
    secret_token: Option<String>,
    body: Value,
}

/// Runs until the sandbox ends.
pub async fn deliver_updates(shared: Shared, client: Client) {
    let mut watch = shared.watch();
    loop {
        watch.borrow_and_update();
        for post in shared.with(take_due) {
            tokio::spawn(deliver(shared.clone(), client.clone(), post));
        }
        // Either the world changed or a retry may be due: both mean to look again.
        let _ = tokio::time::timeout(LOOK_EVERY, watch.changed()).await;
    }
}

/// Marks what is to be posted now as in flight and returns it.
fn take_due(world: &mut World, now: Timestamp) -> Vec<Post> {
    world
        .bots
        .values_mut()
        .flat_map(|bot| take_due_of(bot, now))
        .collect()
}

fn take_due_of(bot: &mut Bot, now: Timestamp) -> Vec<Post> {
    let Some(webhook) = bot.webhook.clone() else {
        return Vec::new();
    };
    let mut posts = Vec::new();
    let mut seen = BTreeSet::new();
    let mut free =
        webhook.max_connections - bot.updates.iter().filter(|update| update.in_flight).count() as i64;
    for update in &mut bot.updates {
        // Only the first waiting update of each person: theirs stay in order.
        let is_first = seen.insert(update.about);
        if !is_first || update.in_flight || update.not_before > now || free <= 0 {
            continue;
        }
        free -= 1;
        update.in_flight = true;
        posts.push(Post {
            bot: bot.id,
            update: update.id,
            url: webhook.url.clone(),
            secret_token: webhook.secret_token.clone(),
            body: update.as_json(),
        });
    }
    posts
}

async fn deliver(shared: Shared, client: Client, post: Post) {
    let mut request = client.post(&post.url).timeout(ANSWER_MAX).json(&post.body);
    if let Some(secret) = &post.secret_token {
        request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
    }
    let outcome = match request.send().await {
        Ok(answer) if answer.status().is_success() => Ok(answer.status().as_u16()),
        Ok(answer) => Err((
            answer.status().as_u16(),
            format!("Wrong response from the webhook: {}", answer.status()),
        )),
        Err(error) if error.is_timeout() => Err((0, "Read timeout expired".to_owned())),
        Err(error) if error.is_connect() => Err((0, "Connection refused".to_owned())),
        Err(_) => Err((0, "Connection reset by peer".to_owned())),
    };
    shared.with(|world, now| settle(world, &post, outcome, now));
}

fn settle(world: &mut World, post: &Post, outcome: Result<u16, (u16, String)>, now: Timestamp) {
    let bot = world.bot_mut(post.bot);
    let username = bot.username.clone();
    let (code, description) = match &outcome {
        Ok(code) => (*code, None),
        Err((code, message)) => (*code, Some(message.clone())),
    };
    match outcome {
        Ok(_) => bot.updates.retain(|update| update.id != post.update),
        Err((_, message)) => {
            if let Some(webhook) = &mut bot.webhook {
                webhook.last_error = Some((now, message));
            }
            if let Some(update) = bot.updates.iter_mut().find(|update| update.id == post.update) {
                update.in_flight = false;
                update.failures += 1;
                update.not_before = now + retry_wait(update.failures);
            }
        }
    }
    world.record.push(Entry {
        seq: 0,
        at: now,
        api: "telegram_webhook".to_owned(),
        bot: username,
        method: "update".to_owned(),
        chat_id: None,
        message_id: None,
        params: json!({ "update_id": post.update }),
        code,
        description,
        fault: None,
    });
    world.touch();
}

/// 1, 2, 4, 8 … 30 seconds.
fn retry_wait(failures: u32) -> SignedDuration {
    let doubled = RETRY_FIRST_S << failures.saturating_sub(1).min(10);
    SignedDuration::from_secs(doubled.min(RETRY_LAST_S))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{bot::Webhook, id::UserId};

    fn bot_with_updates(about: &[i64]) -> Bot {
        let mut bot = Bot::new("1:a", "shop").unwrap();
        bot.webhook = Some(Webhook {
            url: "http://127.0.0.1:1/".into(),
            secret_token: None,
            max_connections: 40,
            ip_address: None,
            last_error: None,
        });
        for person in about {
            assert!(bot.push_update("message", UserId(*person), json!({}), Timestamp::UNIX_EPOCH));
        }
        bot
    }

    #[test]
    fn updates_of_one_person_are_posted_one_after_the_other() {
        let mut bot = bot_with_updates(&[1, 1, 2]);
        let first: Vec<_> = bot.updates.iter().map(|update| update.id).collect();
        let due: Vec<_> = take_due_of(&mut bot, Timestamp::UNIX_EPOCH)
            .iter()
            .map(|post| post.update)
            .collect();
        assert_eq!(due, [first[0], first[2]]);
        assert!(take_due_of(&mut bot, Timestamp::UNIX_EPOCH).is_empty());
    }

    #[test]
    fn waits_double_up_to_half_a_minute() {
        let waits: Vec<_> = [1, 2, 3, 5, 6, 60]
            .map(|failures| retry_wait(failures).as_secs())
            .into();
        assert_eq!(waits, [1, 2, 4, 16, 30, 30]);
    }
}
