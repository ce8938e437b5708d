//! Who there is: bots and people, and the signal that something changed.

use std::time::Duration;

use axum::{
    Json,
    extract::{
        Query,
        rejection::{JsonRejection, QueryRejection},
    },
};
use serde::Deserialize;
use serde_json::json;

use super::{
    refused::{Outcome, Refused},
    view,
};
use crate::{
    server::App,
    world::{World, bot::Bot, person::Person},
};

const WAIT_MAX_S: u64 = 30;

/// A bot to register.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewBot {
    token: String,
    username: String,
}

/// What to wait for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    wait_s: u64,
}

/// Registers a bot. The same again changes nothing; a new token for the same id is a rotation.
pub fn register_bot(world: &mut World, bot: Bot) -> Result<(), String> {
    let taken = world
        .bots
        .values()
        .find(|other| other.username.eq_ignore_ascii_case(&bot.username));
    if taken.is_some_and(|other| other.id != bot.id) {
        return Err(format!("the username {} belongs to another bot", bot.username));
    }
    match world.bots.get_mut(&bot.id) {
        Some(known) => {
            known.token = bot.token;
            known.username = bot.username;
        }
        None => {
            world.bots.insert(bot.id, bot);
        }
    }
    world.touch();
    Ok(())
}

/// Registers a person, or changes what is known of them.
pub fn register_person(world: &mut World, person: Person) -> Result<(), &'static str> {
    if let Some(fault) = person.fault() {
        return Err(fault);
    }
    world.people.insert(person.id, person);
    world.touch();
    Ok(())
}

/// `GET /sandbox`: bots, people, the last word of every chat, and the current version.
pub async fn overview(shared: App) -> Outcome {
    Ok(Json(shared.with(|world, _| {
        let bots: Vec<_> = world
            .bots
            .values()
            .map(|bot| {
                json!({
                    "id": bot.id,
                    "username": bot.username,
                    "pending_updates": bot.updates.len(),
                    "webhook": bot.webhook.as_ref().map(|webhook| &webhook.url),
                })
            })
            .collect();
        let people: Vec<_> = world.people.values().collect();
        let chats: Vec<_> = world
            .bots
            .values()
            .flat_map(|bot| bot.chats.values().map(|chat| view::summary(bot, chat)))
            .collect();
        json!({ "version": world.version, "bots": bots, "users": people, "chats": chats })
    })))
}

/// `GET /sandbox/changes?after=N&wait_s=S`: answers once the version is greater than N, or after S seconds.
pub async fn changes(shared: App, since: Result<Query<Since>, QueryRejection>) -> Outcome {
    let Query(since) = since?;
    let mut watch = shared.watch();
    let wait = Duration::from_secs(since.wait_s.min(WAIT_MAX_S));
    // Running out of time is an answer too: the same version.
    let _ = tokio::time::timeout(wait, watch.wait_for(|version| *version > since.after)).await;
    Ok(Json(json!({ "version": shared.with(|world, _| world.version) })))
}

/// `POST /sandbox/bots`.
pub async fn add_bot(shared: App, body: Result<Json<NewBot>, JsonRejection>) -> Outcome {
    let Json(new) = body?;
    let bot = Bot::new(&new.token, &new.username).map_err(|error| Refused::wrong(error.to_string()))?;
    let id = bot.id;
    shared
        .with(|world, _| register_bot(world, bot))
        .map_err(Refused::impossible)?;
    Ok(Json(json!({ "id": id })))
}

/// `POST /sandbox/users`.
pub async fn add_user(shared: App, body: Result<Json<Person>, JsonRejection>) -> Outcome {
    let Json(person) = body?;
    let id = person.id;
    shared
        .with(|world, _| register_person(world, person))
        .map_err(Refused::wrong)?;
    Ok(Json(json!({ "id": id })))
}
