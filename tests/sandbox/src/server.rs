//! Puts the parts together: one HTTP server and the tasks beside it.

use std::{future::Future, path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    routing::any,
};
use reqwest::Client;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    control, gateway, page, save,
    severable::{Severable, SeverableListener},
    shared::Shared,
    telegram,
    world::{World, bot::Bot, id::UserId, person::Person},
};

/// The largest request: a document of 50 MB and what goes with it.
const BODY_BYTES_MAX: usize = 52 * 1024 * 1024;

/// What a sandbox starts with. The control API changes all of it later.
#[derive(Default)]
pub struct Options {
    /// Where chats survive a restart.
    pub state: Option<PathBuf>,
    /// Tokens and usernames.
    pub bots: Vec<(String, String)>,
    /// Ids and first names.
    pub users: Vec<(i64, String)>,
    /// The shop's project at the gateway; what is absent stays as it was.
    pub project: Project,
}

/// A project at the pretend gateway.
#[derive(Default)]
pub struct Project {
    /// Its name in paths.
    pub slug: Option<String>,
    /// What the shop sends as `X-Api-Key`.
    pub api_key: Option<String>,
    /// Where payments are told.
    pub webhook_url: Option<String>,
    /// What the gateway sends as `X-Secret`.
    pub webhook_secret: Option<String>,
}

/// Serves until `stop` is done, then saves. The listener is bound by the caller, who therefore knows the address.
pub async fn serve(listener: TcpListener, options: Options, stop: impl Future<Output = ()>) -> Result<()> {
    let mut world = match &options.state {
        Some(dir) => save::load(dir)?,
        None => World::default(),
    };
    prepare(&mut world, &options)?;
    let shared = Shared::new(world);
    let client = Client::builder()
        // What is posted goes to this machine: a proxy of the environment would be in the way.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .build()
        .context("making the HTTP client for webhooks")?;
    // Tasks end when this set is dropped.
    let mut tasks = JoinSet::new();
    tasks.spawn(telegram::deliver_updates(shared.clone(), client.clone()));
    tasks.spawn(gateway::send_notices(shared.clone(), client));
    if let Some(dir) = &options.state {
        tasks.spawn(save::save_changes(shared.clone(), dir.clone()));
    }
    let service = router(shared.clone()).into_make_service_with_connect_info::<Severable>();
    tokio::select! {
        served = async { axum::serve(SeverableListener(listener), service).await } => served.context("serving HTTP")?,
        () = stop => {}
    }
    drop(tasks);
    match &options.state {
        Some(dir) => save::save(&shared, dir),
        None => Ok(()),
    }
}

fn prepare(world: &mut World, options: &Options) -> Result<()> {
    for (token, username) in &options.bots {
        let bot = Bot::new(token, username).with_context(|| format!("registering bot {username}"))?;
        control::register_bot(world, bot).map_err(anyhow::Error::msg)?;
    }
    for (id, first_name) in &options.users {
        let person = Person {
            id: UserId(*id),
            first_name: first_name.clone(),
            last_name: None,
            username: None,
            language_code: Some("id".to_owned()),
        };
        control::register_person(world, person).map_err(anyhow::Error::msg)?;
    }
    let Project {
        slug,
        api_key,
        webhook_url,
        webhook_secret,
    } = &options.project;
    let settings = gateway::Settings {
        project: slug.clone(),
        api_key: api_key.clone(),
        webhook_url: webhook_url.clone(),
        webhook_secret: webhook_secret.clone(),
        ..gateway::Settings::default()
    };
    world.gateway.account.apply(settings).map_err(anyhow::Error::msg)
}

fn router(shared: Shared) -> Router {
    Router::new()
        .merge(page::routes())
        .nest("/sandbox", control::routes())
        .route("/pakasir/api/v2/{*path}", any(gateway::call))
        .route("/file/{*path}", any(telegram::download))
        // `/bot<TOKEN>/<method>` has no fixed first segment.
        .fallback(telegram::call)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(shared)
}

/// What handlers are given.
pub type App = State<Shared>;
