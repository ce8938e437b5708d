//! The HTTP face of the Bot API: `/bot<TOKEN>/<method>` and `/file/bot<TOKEN>/<path>`.
//! It finds bot and method, applies faults, runs the method, and records what happened.

use std::time::Duration;

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{Html, IntoResponse, Response},
};
use jiff::Timestamp;

use super::{
    answer::{Answer, Refusal},
    args::{Args, Call},
    params, poll,
    table::{self, Act, Method},
};
use crate::{
    faults::{self, Fault, Target},
    record::Entry,
    severable::Severable,
    shared::Shared,
    world::{World, id::BotId},
};

/// Serves one call of the Bot API.
pub async fn call(
    State(shared): State<Shared>,
    ConnectInfo(connection): ConnectInfo<Severable>,
    request: Request,
) -> Response {
    let Some((token, name)) = split_path(request.uri().path()) else {
        return Refusal::new(404, "Not Found").into_response();
    };
    let Some(bot) = shared.with(|world, _| world.bot_of_token(&token)) else {
        return Refusal::new(401, "Unauthorized").into_response();
    };
    let Some(method) = table::find(&name) else {
        let refusal = Refusal::new(404, "Not Found: method not found");
        shared.with(|world, now| record_unknown(world, bot, &name, &refusal, now));
        return refusal.into_response();
    };
    let args = match params::read(request)
        .await
        .and_then(|params| Args::check(method, params))
    {
        Ok(args) => args,
        Err(refusal) => {
            shared.with(|world, now| record_unknown(world, bot, method.name, &refusal, now));
            return refusal.into_response();
        }
    };
    serve(&shared, &connection, bot, method, &args).await
}

async fn serve(
    shared: &Shared,
    connection: &Severable,
    bot: BotId,
    method: &Method,
    args: &Args,
) -> Response {
    let fault = shared.with(|world, _| take_fault(world, bot, method, args));
    match &fault {
        Some(Fault::Down) => {
            shared.with(|world, now| record(world, bot, method, args, Outcome::Silent, &fault, now));
            connection.sever();
            return StatusCode::OK.into_response();
        }
        Some(Fault::Status {
            code,
            description,
            retry_after_s,
        }) => {
            let refusal = faulty_refusal(*code, description.as_deref(), *retry_after_s);
            shared.with(|world, now| {
                record(world, bot, method, args, Outcome::of(&Err(&refusal)), &fault, now)
            });
            return faulty_response(refusal);
        }
        Some(Fault::Delay { delay_ms }) => tokio::time::sleep(Duration::from_millis(*delay_ms)).await,
        Some(Fault::TimeoutAfterEffect { .. }) | None => {}
    }
    let outcome = run(shared, bot, method, args, &fault).await;
    if let Some(Fault::TimeoutAfterEffect { hold_ms }) = fault {
        tokio::time::sleep(Duration::from_millis(hold_ms)).await;
        connection.sever();
    }
    outcome.map_or_else(IntoResponse::into_response, IntoResponse::into_response)
}

/// Runs the method and records it. Effect and record are made under one lock: a client that hangs up loses neither.
async fn run(
    shared: &Shared,
    bot: BotId,
    method: &Method,
    args: &Args,
    fault: &Option<Fault>,
) -> Result<Answer, Refusal> {
    match method.act {
        Act::Poll => {
            let outcome = poll::get_updates(shared, bot, args).await;
            shared.with(|world, now| {
                record(
                    world,
                    bot,
                    method,
                    args,
                    Outcome::of(&outcome.as_ref()),
                    fault,
                    now,
                )
            });
            outcome
        }
        Act::Now(act) => shared.with(|world, now| {
            let outcome = act(&mut Call {
                world,
                bot,
                args,
                now,
            });
            record(
                world,
                bot,
                method,
                args,
                Outcome::of(&outcome.as_ref()),
                fault,
                now,
            );
            outcome
        }),
    }
}

fn take_fault(world: &mut World, bot: BotId, method: &Method, args: &Args) -> Option<Fault> {
    let username = world.bot(bot).username.clone();
    let chat_id = args.person("chat_id").map(|person| person.0);
    world.faults.take(&faults::Call {
        target: Target::Telegram,
        bot: &username,
        method: method.name,
        chat_id,
    })
}

fn faulty_refusal(code: u16, description: Option<&str>, retry_after_s: Option<u32>) -> Refusal {
    if code == 429 {
        return Refusal::too_many_requests(retry_after_s.unwrap_or(1));
    }
    let reason = StatusCode::from_u16(code)
        .ok()
        .and_then(|code| code.canonical_reason())
        .unwrap_or("Error");
    Refusal::new(code, description.unwrap_or(reason))
}

/// In front of the real server stands nginx, which answers 502 to 504 by itself, and not in JSON.
fn faulty_response(refusal: Refusal) -> Response {
    if !(502..=504).contains(&refusal.code) {
        return refusal.into_response();
    }
    let status = StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::BAD_GATEWAY);
    let page = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
    (status, Html(page)).into_response()
}

/// What the record keeps of an outcome.
enum Outcome {
    Done {
        message_id: Option<i64>,
    },
    Refused {
        code: u16,
        description: String,
    },
    /// The caller was never answered and nothing was done.
    Silent,
}

impl Outcome {
    fn of(outcome: &Result<&Answer, &Refusal>) -> Outcome {
        match outcome {
            Ok(answer) => Outcome::Done {
                message_id: answer.result["message_id"].as_i64(),
            },
            Err(refusal) => Outcome::Refused {
                code: refusal.code,
                description: refusal.description.clone(),
            },
        }
    }
}

fn record(
    world: &mut World,
    bot: BotId,
    method: &Method,
    args: &Args,
    outcome: Outcome,
    fault: &Option<Fault>,
    now: Timestamp,
) {
    let (code, description, message_id) = match outcome {
        Outcome::Done { message_id } => (200, None, message_id),
        Outcome::Refused { code, description } => (code, Some(description), None),
        Outcome::Silent => (0, None, None),
    };
    let entry = Entry {
        seq: 0,
        at: now,
        api: "telegram".to_owned(),
        bot: world.bot(bot).username.clone(),
        method: method.name.to_owned(),
        chat_id: args.person("chat_id").map(|person| person.0),
        message_id: message_id.or_else(|| args.int("message_id")),
        params: args.as_json(),
        code,
        description,
        fault: fault.as_ref().map(|fault| fault.name().to_owned()),
    };
    world.record.push(entry);
}

fn record_unknown(world: &mut World, bot: BotId, name: &str, refusal: &Refusal, now: Timestamp) {
    let entry = Entry {
        seq: 0,
        at: now,
        api: "telegram".to_owned(),
        bot: world.bot(bot).username.clone(),
        method: name.to_owned(),
        chat_id: None,
        message_id: None,
        params: serde_json::Value::Null,
        code: refusal.code,
        description: Some(refusal.description.clone()),
        fault: None,
    };
    world.record.push(entry);
}

/// Token and method of `/bot<TOKEN>/<method>`.
fn split_path(path: &str) -> Option<(String, String)> {
    let (token, method) = path.strip_prefix("/bot")?.split_once('/')?;
    Some((decoded(token), method.trim_end_matches('/').to_owned()))
}

/// Some clients escape the colon of a token.
fn decoded(token: &str) -> String {
    token.replace("%3A", ":").replace("%3a", ":")
}

/// Serves `/file/bot<TOKEN>/<path>`.
pub async fn download(State(shared): State<Shared>, request: Request) -> Response {
    let path = request.uri().path().strip_prefix("/file").unwrap_or_default();
    let Some((token, path)) = split_path(path) else {
        return Refusal::new(404, "Not Found").into_response();
    };
    shared.with(|world, _| {
        let Some(bot) = world.bot_of_token(&token) else {
            return Refusal::new(401, "Unauthorized").into_response();
        };
        let file = world.files.at_path(bot, &path);
        match file.and_then(|file| Some((file.mime.clone(), world.files.content(&file.unique_id)?))) {
            Some((mime, bytes)) => ([(CONTENT_TYPE, mime)], bytes.to_vec()).into_response(),
            None => Refusal::new(404, "Not Found").into_response(),
        }
    })
}
