//! The end of a domain's registration against a pretend registry on loopback: told in time, asked once a day, and never
//! guessed at.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use agent::{
    alert::rule::{Observation, Rule},
    watch::{
        egress::Egress,
        probe::{At, Finding, Probe, Verdict},
        registration::Registrations,
    },
};
use axum::{
    Json, Router,
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use jiff::Timestamp;
use protocol::time::UnixMillis;
use serde_json::json;
use tokio::{net::TcpListener, runtime::Handle};

const DAY: Duration = Duration::from_secs(86_400);

async fn answer(name: String, asked: Arc<AtomicU32>) -> Response {
    asked.fetch_add(1, Ordering::Relaxed);
    match name.as_str() {
        // As rdap.org: it only knows who knows.
        "sari.example" => Redirect::to("/registry/sari.example").into_response(),
        "mute.example" => Json(json!({ "events": [] })).into_response(),
        "huge.example" => "x".repeat(1024 * 1024).into_response(),
        "broken.example" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Gives its address, and counts questions.
async fn registry() -> (String, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let ends = (Timestamp::now() + jiff::SignedDuration::from_hours(24 * 10)).to_string();
    let known = move || async move {
        Json(json!({ "events": [{ "eventAction": "expiration", "eventDate": ends }] }))
    };
    let router = Router::new()
        .route(
            "/domain/{name}",
            get(move |Path(name): Path<String>| answer(name, Arc::clone(&counted))),
        )
        .route("/registry/sari.example", get(known));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    (base, asked)
}

fn at(tick: Instant) -> At {
    At {
        now: UnixMillis(Timestamp::now().as_millisecond()),
        tick,
    }
}

/// Looks off the runtime, as the agent does.
async fn look(mut probe: Registrations, at: At) -> (Registrations, Vec<Finding>) {
    let looking = move || {
        let seen = probe.look(at);
        (probe, seen.findings)
    };
    tokio::task::spawn_blocking(looking).await.unwrap()
}

#[tokio::test]
async fn the_end_of_a_registration_is_known_and_asked_for_once_a_day() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (base, asked) = registry().await;
    let mut egress = Egress::new([base.as_str()]);
    let outside = egress.outside();
    let names = [
        "https://toko.sari.example/telegram",
        "mute.example",
        "huge.example",
        "broken.example",
    ];
    let names = names.map(str::to_owned);
    let probe = Registrations::new(&names, &base, Handle::current(), outside).unwrap();
    let start = Instant::now();
    let (probe, findings) = look(probe, at(start)).await;
    assert!(
        findings
            .iter()
            .all(|finding| matches!(finding.verdict, Verdict::Unknown(_))),
        "nobody is asked before the way out is known: {findings:?}"
    );
    assert_eq!(asked.load(Ordering::Relaxed), 0);

    tokio::task::spawn_blocking(move || egress.look(at(start)))
        .await
        .unwrap();
    let (probe, findings) = look(probe, at(start)).await;
    let Verdict::Known(Observation::Measured { rules, value, detail }) = &findings[0].verdict else {
        panic!("{findings:?}")
    };
    assert_eq!(*rules, [Rule::DomainExpiring, Rule::DomainExpired]);
    let days = value / DAY.as_secs_f64();
    assert!(
        (9.9..=10.0).contains(&days) && detail.starts_with("toko.sari.example, 2"),
        "{findings:?}"
    );
    for finding in &findings[1..] {
        assert!(matches!(finding.verdict, Verdict::Unknown(_)), "{finding:?}");
    }
    // The longer name first, then the registered one; the others once each.
    assert_eq!(asked.load(Ordering::Relaxed), 5);

    let (probe, _) = look(probe, at(start + DAY / 8)).await;
    assert_eq!(asked.load(Ordering::Relaxed), 5, "known for a day");
    look(probe, at(start + DAY)).await;
    assert_eq!(asked.load(Ordering::Relaxed), 10);
}

#[tokio::test]
async fn many_names_are_asked_for_in_turn_and_none_is_left_out() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (base, asked) = registry().await;
    let mut egress = Egress::new([base.as_str()]);
    let outside = egress.outside();
    let start = Instant::now();
    tokio::task::spawn_blocking(move || egress.look(at(start)))
        .await
        .unwrap();
    let names: Vec<String> = (0..7)
        .map(|number| format!("toko{number}.sari.example"))
        .collect();
    let mut probe = Registrations::new(&names, &base, Handle::current(), outside).unwrap();
    let mut known = Vec::new();
    for _ in 0..2 {
        let (after, findings) = look(probe, at(start)).await;
        probe = after;
        assert_eq!(findings.len(), names.len());
        let is_known = |finding: &&Finding| matches!(finding.verdict, Verdict::Known(_));
        known.push(findings.iter().filter(is_known).count());
    }
    assert_eq!(known, [4, names.len()]);
    assert_eq!(asked.load(Ordering::Relaxed), 2 * 7);
}
