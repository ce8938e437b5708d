//! The status page on the private address: how the shop stands, alerts, charts and backups, for a browser through a
//! tunnel; and the same figures for Prometheus. It needs no script and loads nothing from elsewhere.
//! Nothing here changes anything, and nothing is shown to a page of another site: see [`guard`].

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::Timestamp;
use protocol::time::UnixMillis;
use serde::Deserialize;

use crate::{
    chart::{
        Theme,
        picture::{self, Picture},
    },
    overview::Desk,
};

pub mod guard;
mod html;
mod metrics;
mod pieces;
mod words;

const STYLE: &str = include_str!("style.css");

/// What a chart's address may ask for.
#[derive(Deserialize)]
struct Asked {
    span: Option<String>,
    theme: Option<String>,
}

/// The page's addresses: `/`, `/style.css`, `/chart/<name>.png`, `/metrics`.
pub fn router(desk: Desk) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/style.css", get(style))
        .route("/chart/{file}", get(chart))
        .route("/metrics", get(figures))
        .with_state(Arc::new(desk))
        .layer(middleware::from_fn(guard::check))
}

async fn index(State(desk): State<Arc<Desk>>) -> Response {
    match desk.look(now()) {
        Ok(overview) => typed("text/html; charset=utf-8", html::page(&desk.voice, &overview)),
        Err(error) => unreadable(&error),
    }
}

async fn style() -> Response {
    typed("text/css; charset=utf-8", STYLE)
}

async fn figures(State(desk): State<Arc<Desk>>) -> Response {
    match desk.look(now()) {
        Ok(overview) => {
            let text = metrics::text(&overview, &desk.history);
            typed("text/plain; version=0.0.4; charset=utf-8", text)
        }
        Err(error) => unreadable(&error),
    }
}

async fn chart(
    State(desk): State<Arc<Desk>>,
    Path(file): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let Some(picture) = file.strip_suffix(".png").and_then(Picture::named) else {
        return (StatusCode::NOT_FOUND, "there is no such chart\n").into_response();
    };
    let theme = match asked.theme.as_deref() {
        Some("dark") => Theme::Dark,
        _ => Theme::Light,
    };
    let span = match asked.span.as_deref().map(picture::span) {
        None => picture.usual_span(),
        Some(Some(span)) => span,
        Some(None) => return (StatusCode::BAD_REQUEST, "span: from 10m to 8d\n").into_response(),
    };
    match picture::draw(desk.sources(), picture, span, theme, now()).await {
        Ok(png) => typed("image/png", png),
        Err(error) => unreadable(&error),
    }
}

fn typed(kind: &'static str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn unreadable(error: &anyhow::Error) -> Response {
    tracing::error!(error = format!("{error:#}"), "the status page could not be made");
    let told = "The agent's database cannot be read at the moment. The agent's log says why.\n";
    (StatusCode::SERVICE_UNAVAILABLE, told).into_response()
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}
