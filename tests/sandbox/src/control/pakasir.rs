//! `/sandbox/pakasir/…`: the customer's bank, and the gateway's own dashboard.

use axum::{Json, extract::rejection::JsonRejection};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refused::{Outcome, Refused};
use crate::{
    gateway::{self, NotPaid, Notice, Payment, Settings, Transaction},
    server::App,
};

/// A webhook that no payment caused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forged {
    body: Value,
    secret: Option<String>,
    #[serde(default)]
    delay_ms: u32,
}

/// `GET …/settings`.
pub async fn settings(shared: App) -> Outcome {
    Ok(Json(shared.with(|world, _| world.gateway.account.as_json())))
}

/// `POST …/settings`.
pub async fn set(shared: App, body: Result<Json<Settings>, JsonRejection>) -> Outcome {
    let Json(settings) = body?;
    shared
        .with(|world, _| world.gateway.account.apply(settings))
        .map_err(Refused::wrong)?;
    self::settings(shared).await
}

/// `GET …/transactions`: all of them, oldest first.
pub async fn transactions(shared: App) -> Outcome {
    Ok(Json(shared.with(|world, now| {
        let known: Vec<_> = world
            .gateway
            .transactions
            .iter()
            .map(|transaction| transaction.as_known(now))
            .collect();
        json!({ "transactions": known })
    })))
}

/// `POST …/pay`.
pub async fn pay(shared: App, body: Result<Json<Payment>, JsonRejection>) -> Outcome {
    let Json(payment) = body?;
    let paid = shared.with(|world, now| {
        let paid = gateway::pay(&mut world.gateway, &payment, now)?;
        world.touch();
        let known = |txn_id: &String| {
            world
                .gateway
                .transaction(txn_id)
                .map(|known: &Transaction| known.as_known(now))
        };
        Ok(json!({ "transactions": paid.iter().filter_map(known).collect::<Vec<_>>() }))
    });
    paid.map(Json).map_err(|error| match error {
        NotPaid::Unknown => Refused::unknown("there is no such transaction"),
        NotPaid::Impossible(why) => Refused::impossible(why),
    })
}

/// `POST …/webhook`: sends any body, with the right secret or another.
pub async fn webhook(shared: App, body: Result<Json<Forged>, JsonRejection>) -> Outcome {
    let Json(forged) = body?;
    shared.with(|world, now: Timestamp| {
        let due_at = now + SignedDuration::from_millis(i64::from(forged.delay_ms));
        world
            .gateway
            .notices
            .push_back(Notice::new(forged.body, forged.secret, due_at));
    });
    Ok(Json(json!({})))
}
