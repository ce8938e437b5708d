//! The two addresses over a real socket: when a payment is acknowledged, what the agent is told, and its mark in the log.

use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::Router;
use bot::{
    clock::now,
    db::{Reader, Writer},
    gateways::pakasir::{Pakasir, Project},
    http::{private, private::Private, public, public::Public},
    jobs::Workshop,
    keeper::{contact::Contact, durable::Durable},
    logs,
    queue::Boot,
    shop::{order::Order, payment::confirm::Mode},
    telegram::line::Line,
};
use protocol::{
    health::{GatewayFault, Health, LogFile},
    secret::Secret,
};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    pretend_agent::{Answer, PretendAgent, YES},
    world::{BUYER, World},
};

/// A shop whose gateway is out of reach, with one order that waits for its payment.
struct Shop {
    workshop: Arc<Workshop>,
    order: Order,
    _dir: tempfile::TempDir,
}

fn shop(agent_url: Option<&str>) -> Shop {
    let world = World::new();
    let order = world.buy(BUYER, world.product("Netflix", &["a:1"]));
    let World { conn, shop, dir, .. } = world;
    let reader = Reader::open(Path::new(conn.path().unwrap())).unwrap();
    let (writer, _) = Writer::start(conn);
    let durable = agent_url.map_or_else(Durable::without_agent, |url| {
        let (durable, asker) = Durable::asking(url, writer.clone()).unwrap();
        tokio::spawn(asker.run());
        durable
    });
    let project = Project {
        base_url: "http://127.0.0.1:9".to_owned(),
        slug: "warung".to_owned(),
        mode: Mode::Live,
        api_key: Secret::new("k"),
        webhook_secret: Secret::new("s"),
    };
    let workshop = Arc::new(Workshop {
        shop,
        writer,
        reader,
        pakasir: Pakasir::new(project, None).unwrap(),
        durable,
    });
    Shop {
        workshop,
        order,
        _dir: dir,
    }
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

async fn public(shop: &Shop) -> SocketAddr {
    serve(public::router(Public {
        workshop: Arc::clone(&shop.workshop),
        telegram_secret: Arc::new(Secret::new("")),
        line: Line::default(),
    }))
    .await
}

/// Notifies the shop of its order's payment and answers how long the acknowledgement took.
async fn notify(address: SocketAddr, order: &str) -> Duration {
    let start = Instant::now();
    let body = json!({"txn_id": "t1", "order_id": order, "status": "completed"});
    let request = reqwest::Client::new().post(format!("http://{address}/payments/pakasir"));
    let answer = request.header("x-secret", "s").json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_acknowledged_when_it_is_off_the_machine_or_after_two_seconds() {
    let held = Duration::from_millis(400);
    let agent = PretendAgent::start(Answer::Says(200, YES, held)).await;
    let shop = shop(Some(&agent.url()));
    let address = public(&shop).await;
    let took = notify(address, &shop.order.code).await;
    assert!(took >= held && took < Duration::from_millis(1_500), "{took:?}");
    agent.answers(Answer::Never);
    let took = notify(address, &shop.order.code).await;
    assert!(
        took >= Duration::from_secs(2) && took < Duration::from_secs(3),
        "{took:?}"
    );
    let asked = agent.questions();
    assert!(notify(address, "unknown").await < Duration::from_secs(1));
    assert_eq!(
        agent.questions(),
        asked,
        "nothing was stored, so nothing is asked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_reads_figures_and_finds_its_mark_in_the_log() {
    let shop = shop(None);
    let log_dir = tempfile::tempdir().unwrap();
    let log = logs::start(Some(log_dir.path())).unwrap();
    let contact = Contact::default();
    let address = serve(private::router(Private {
        hands: Default::default(),
        unstored: Default::default(),
        workshop: Arc::clone(&shop.workshop),
        line: Line::default(),
        contact: contact.clone(),
        log,
        hours: Arc::default(),
        beats: Vec::new(),
        boot: Boot(1),
        follows_crash: false,
        started_at: now(),
        stop: CancellationToken::new(),
    }))
    .await;
    let _ = shop
        .workshop
        .pakasir
        .create("W1", bot::shop::money::Rupiah(500))
        .await;

    let url = |path: &str| format!("http://{address}{path}");
    let health: Health = reqwest::get(url("/health")).await.unwrap().json().await.unwrap();
    assert_eq!(health.trade.awaiting_payment, 1);
    assert!(health.trade.oldest_unpaid_ms.is_some());
    assert_eq!(
        (health.gateways[0].failures, health.gateways[0].last_fault),
        (1, Some(GatewayFault::Unreachable))
    );
    assert!(health.database.size_bytes > 0 && health.database.wal_bytes > 0);
    assert_eq!(contact.heard(Instant::now()), None, "anybody may ask for health");
    let held = tokio::time::timeout(
        Duration::from_millis(300),
        reqwest::get(url("/incidents?after=0")),
    );
    assert!(held.await.is_err(), "there is nothing to tell");
    assert!(contact.heard(Instant::now()).is_some());

    let nonce = "00112233445566778899aabbccddeeff";
    let mark = |nonce: &str| {
        reqwest::Client::new()
            .post(url(&format!("/log-marker?nonce={nonce}")))
            .send()
    };
    let taken: LogFile = mark(nonce).await.unwrap().json().await.unwrap();
    assert_eq!(
        Some((taken.inode, taken.device)),
        health.log.map(|log| (log.inode, log.device))
    );
    let path = log_dir.path().join("bot.log");
    assert_eq!(std::fs::read_to_string(&path).unwrap().matches(nonce).count(), 1);
    // Rotation without a signal: the next mark is in the new file already.
    std::fs::rename(&path, log_dir.path().join("bot.log.1")).unwrap();
    let after: LogFile = mark(nonce).await.unwrap().json().await.unwrap();
    assert_ne!(after.inode, taken.inode);
    assert_eq!(std::fs::read_to_string(&path).unwrap().matches(nonce).count(), 1);
    assert_eq!(mark("../../etc").await.unwrap().status(), 400);
}
