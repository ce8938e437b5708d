//! The HTTP face of the gateway. It checks key and project, applies faults, and records every call.

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::{ConnectInfo, Path, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Gateway, rules::Refused};
use crate::{
    faults::{self, Fault, Target},
    record::Entry,
    severable::Severable,
    shared::Shared,
    world::World,
};

/// The body of create.
#[derive(Deserialize)]
struct Create {
    method: String,
    amount: i64,
}

/// A call, taken apart.
struct Call {
    verb: Method,
    /// The path below `/pakasir/api/v2/`.
    path: Vec<String>,
    key: Option<String>,
    body: Bytes,
}

/// Serves everything below `/pakasir/api/v2/`.
pub async fn call(
    State(shared): State<Shared>,
    ConnectInfo(connection): ConnectInfo<Severable>,
    Path(path): Path<String>,
    verb: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = headers
        .get("X-Api-Key")
        .and_then(|key| key.to_str().ok())
        .map(str::to_owned);
    let call = Call {
        verb,
        path: path.split('/').map(str::to_owned).collect(),
        key,
        body,
    };
    let fault = shared.with(|world, _| {
        world.faults.take(&faults::Call {
            target: Target::Pakasir,
            bot: "",
            method: &call.path[0],
            chat_id: None,
        })
    });
    match &fault {
        Some(Fault::Down) => {
            shared.with(|world, now| record(world, &call, 0, None, &fault, now));
            connection.sever();
            return StatusCode::OK.into_response();
        }
        Some(Fault::Status {
            code, description, ..
        }) => {
            shared.with(|world, now| record(world, &call, *code, description.clone(), &fault, now));
            return refuse(
                *code,
                description.as_deref().unwrap_or("Terjadi kesalahan pada server"),
            );
        }
        Some(Fault::Delay { delay_ms }) => tokio::time::sleep(Duration::from_millis(*delay_ms)).await,
        Some(Fault::TimeoutAfterEffect { .. }) | None => {}
    }
    let outcome = shared.with(|world, now| {
        let outcome = act(&mut world.gateway, &call, now);
        let (code, text) = outcome
            .as_ref()
            .map_or_else(|refused| (refused.0, Some(refused.1)), |_| (200, None));
        record(world, &call, code, text.map(str::to_owned), &fault, now);
        world.touch();
        outcome
    });
    if let Some(Fault::TimeoutAfterEffect { hold_ms }) = fault {
        tokio::time::sleep(Duration::from_millis(hold_ms)).await;
        connection.sever();
    }
    outcome.map_or_else(
        |Refused(code, text)| refuse(code, text),
        |answer| Json(answer).into_response(),
    )
}

fn act(gateway: &mut Gateway, call: &Call, now: Timestamp) -> Result<Value, Refused> {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match (call.verb.as_str(), path.as_slice()) {
        ("GET", ["payment-fee", amount]) => Gateway::fees(amount),
        ("POST", ["create-transaction", project, order_id]) => {
            check(gateway, call, project)?;
            let create: Create = serde_json::from_slice(&call.body)
                .map_err(|_| Refused(400, "Isi permintaan harus JSON dengan method dan amount"))?;
            gateway.create(order_id, &create.method, create.amount, now)
        }
        ("GET", ["transaction-status", project, txn_id]) => {
            check(gateway, call, project)?;
            gateway.status(txn_id, now)
        }
        ("POST", ["cancel-transaction", project, txn_id]) => {
            check(gateway, call, project)?;
            gateway.cancel(txn_id, now)
        }
        (
            _,
            [
                "payment-fee" | "create-transaction" | "transaction-status" | "cancel-transaction",
                ..,
            ],
        ) => Err(Refused(405, "Metode HTTP tidak diizinkan")),
        _ => Err(Refused(404, "Alamat tidak ditemukan")),
    }
}

fn check(gateway: &Gateway, call: &Call, project: &str) -> Result<(), Refused> {
    if call.key.as_deref() != Some(&gateway.account.api_key) {
        return Err(Refused(401, "API key tidak valid"));
    }
    if project != gateway.account.project {
        return Err(Refused(404, "Proyek tidak ditemukan"));
    }
    Ok(())
}

fn refuse(code: u16, text: &str) -> Response {
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (code, Json(json!({ "message": text }))).into_response()
}

fn record(
    world: &mut World,
    call: &Call,
    code: u16,
    description: Option<String>,
    fault: &Option<Fault>,
    now: Timestamp,
) {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    world.record.push(Entry {
        seq: 0,
        at: now,
        api: "pakasir".to_owned(),
        bot: String::new(),
        method: call.path[0].clone(),
        chat_id: None,
        message_id: None,
        params: json!({ "path": call.path[1..], "body": body }),
        code,
        description,
        fault: fault.as_ref().map(|fault| fault.name().to_owned()),
    });
}
