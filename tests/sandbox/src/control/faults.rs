//! `/sandbox/faults`: what goes wrong from now on.

use axum::{Json, extract::rejection::JsonRejection};
use serde_json::json;

use super::refused::{Outcome, Refused};
use crate::{faults::Rule, server::App};

/// `GET`: the rules that still stand.
pub async fn show(shared: App) -> Outcome {
    Ok(Json(
        shared.with(|world, _| json!({ "faults": world.faults.standing() })),
    ))
}

/// `POST`: adds a rule.
pub async fn add(shared: App, body: Result<Json<Rule>, JsonRejection>) -> Outcome {
    let Json(rule) = body?;
    shared
        .with(|world, _| world.faults.add(rule))
        .map_err(Refused::wrong)?;
    show(shared).await
}

/// `DELETE`: ends all faults.
pub async fn clear(shared: App) -> Outcome {
    shared.with(|world, _| world.faults.clear());
    show(shared).await
}
