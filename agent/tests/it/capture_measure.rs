//! Figures of the capture on the shop's own schema, by hand:
//! `cargo test --release -p agent --test it capture_measure -- --ignored --nocapture --test-threads 1`
//! Nothing here fails because a machine is slow.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use agent::backup::segment::Segment;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use protocol::{chain::CommitNumber, object_key::SegmentName};
use rusqlite::{Connection, params};

use crate::capture_rig::{Replica, Rig, bot, pages_of, wait_for};

const ORDERS: i64 = 100_000;
const MIGRATIONS: [&str; 3] = ["0001_shop", "0002_queue", "0003_broadcast"];

/// The bot's schema with a history of orders.
fn shop(rig: &Rig) -> Connection {
    let shop = bot(&rig.database());
    for name in MIGRATIONS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../bot/migrations/{name}.sql"));
        shop.execute_batch(&fs::read_to_string(path).unwrap()).unwrap();
    }
    shop.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA synchronous = FULL")
        .unwrap();
    shop.execute_batch("BEGIN").unwrap();
    for id in 1..=ORDERS {
        order(&shop, id);
    }
    shop.execute_batch("COMMIT").unwrap();
    shop.query_row("PRAGMA wal_checkpoint=TRUNCATE", [], |_| Ok(()))
        .unwrap();
    shop
}

/// What one placed order writes: itself, its job, its message, and the message before it as sent.
fn order(shop: &Connection, id: i64) {
    let at = 1_795_000_000_000 + id * 20;
    let code: i64 = rand::random();
    shop.prepare_cached(
        "INSERT INTO shop_order (code, customer_id, product_id, product_name, price, state, placed_at, pay_before)
         VALUES (printf('W%016x', ?1), ?2, 3, 'Netflix 1 bulan', 25000, 'awaiting_payment', ?3, ?3 + 900000)",
    )
    .unwrap()
    .execute(params![code, id % 5_000, at])
    .unwrap();
    shop.prepare_cached(
        "INSERT INTO job (queue, kind, payload, state, priority, run_at, created_at, unique_key)
         VALUES ('money', 'create_invoice', json_object('order', ?1), 'ready', 5, ?2, ?2, 'invoice:' || ?1)",
    )
    .unwrap()
    .execute(params![id, at])
    .unwrap();
    shop.prepare_cached(
        "INSERT INTO send (chat_id, lane, policy, purpose, order_id, body, state, not_before, created_at)
         VALUES (?1, 0, 'harmless', 'screen', ?2, json_object('text', 'Pesanan ' || ?3 || ' menunggu pembayaran'),
                 'waiting', ?4, ?4)",
    )
    .unwrap()
    .execute(params![1_000_000 + id % 5_000, id, code, at])
    .unwrap();
    shop.prepare_cached(
        "UPDATE send SET state = 'sent', body = NULL, settled_at = ?2, message_id = ?1 WHERE id = ?1 - 1",
    )
    .unwrap()
    .execute(params![id, at])
    .unwrap();
}

fn commit(shop: &Connection, id: i64) {
    shop.execute_batch("BEGIN IMMEDIATE").unwrap();
    order(shop, id);
    shop.execute_batch("COMMIT").unwrap();
}

/// Commits at this rate, whatever one takes; how long each one was late or took, in milliseconds, in order.
fn open_loop(shop: &Connection, first: i64, rate: u32, seconds: u32) -> Vec<f64> {
    let begun = Instant::now();
    let mut took = Vec::new();
    for number in 0..rate * seconds {
        let due = begun + Duration::from_secs(1) / rate * number;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        commit(shop, first + i64::from(number));
        took.push(due.elapsed().as_secs_f64() * 1_000.0);
    }
    took.sort_by(f64::total_cmp);
    took
}

fn at(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() as f64 * share) as usize).min(sorted.len() - 1)]
}

fn cpu_ticks() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

fn begin(rig: &mut Rig, shop: &Connection) -> Replica {
    let mark = rig.start().captured().unwrap();
    Replica::begin(mark.chain, mark.commit, &pages_of(shop))
}

#[test]
#[ignore = "a measurement"]
fn bytes_a_commit_and_replay() {
    let mut rig = Rig::with_sync("1s");
    let shop = shop(&rig);
    let mut replica = begin(&mut rig, &shop);
    let start = replica.copy();
    let took = open_loop(&shop, ORDERS + 1, 50, 30);
    wait_for("every commit", || {
        replica.follow(&rig);
        replica.commit.get() > took.len() as u64
    });
    println!(
        "50 commits/s: {} bytes/commit shipped, {} commits in {} objects",
        replica.object_bytes / took.len(),
        took.len(),
        replica.segments
    );
    let shipped = rig.shipped(&replica.chain, CommitNumber::FIRST);
    let mut again = Replica::begin(replica.chain.clone(), CommitNumber::FIRST, &start);
    let begun = Instant::now();
    for one in &shipped {
        let segment = Segment::parse(&one.plain).unwrap();
        again.replay.apply(&segment, CommitNumber::MAX).unwrap();
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("replay: {:.0} commits/s", took.len() as f64 / seconds);
    assert!(again.copy() == pages_of(&shop));
}

#[test]
#[ignore = "a measurement"]
fn the_writers_latency_with_and_without() {
    let mut rig = Rig::with_sync("1s");
    let shop = shop(&rig);
    let mut id = ORDERS + 1;
    for run in 0..6 {
        let is_captured = run % 2 == 1;
        if is_captured {
            rig.start();
        }
        let took = open_loop(&shop, id, 200, 20);
        id += took.len() as i64;
        if is_captured {
            rig.stop();
        }
        println!(
            "200 commits/s {}: p50 {:.2} p99 {:.2} p99.9 {:.2} max {:.2} ms",
            if is_captured { "captured" } else { "alone   " },
            at(&took, 0.5),
            at(&took, 0.99),
            at(&took, 0.999),
            at(&took, 1.0)
        );
    }
}

#[test]
#[ignore = "a measurement"]
fn idle_processor_time() {
    let mut rig = Rig::with_sync("1s");
    let shop = shop(&rig);
    rig.start();
    commit(&shop, ORDERS + 1);
    std::thread::sleep(Duration::from_secs(3));
    let (begun, ticks) = (Instant::now(), cpu_ticks());
    std::thread::sleep(Duration::from_secs(30));
    let used = (cpu_ticks() - ticks) as f64 / 100.0;
    println!(
        "idle: {:.3} % of one core",
        used / begun.elapsed().as_secs_f64() * 100.0
    );
}

/// A WebDAV folder that answers everything after 50 ms, and remembers when it held which commit.
#[derive(Clone, Default)]
struct FarAway {
    objects: Arc<Mutex<HashMap<String, Bytes>>>,
    held: Arc<Mutex<Vec<(Instant, u64)>>>,
}

const ROUND_TRIP: Duration = Duration::from_millis(50);

impl FarAway {
    async fn answer(State(far): State<Self>, method: Method, uri: Uri, body: Bytes) -> Response {
        tokio::time::sleep(ROUND_TRIP).await;
        let key = uri.path().trim_start_matches('/').to_owned();
        match method.as_str() {
            "PUT" => {
                far.objects.lock().unwrap().insert(key.clone(), body);
                if let Some(name) = SegmentName::parse(&key) {
                    far.held.lock().unwrap().push((Instant::now(), name.last.get()));
                }
                StatusCode::CREATED.into_response()
            }
            "MKCOL" => StatusCode::CREATED.into_response(),
            method => match (method, far.objects.lock().unwrap().get(&key)) {
                ("GET", Some(body)) => body.clone().into_response(),
                ("PROPFIND", Some(body)) => {
                    (StatusCode::MULTI_STATUS, described(&key, body.len())).into_response()
                }
                _ => StatusCode::NOT_FOUND.into_response(),
            },
        }
    }
}

fn described(key: &str, size_bytes: usize) -> String {
    format!(
        "<?xml version=\"1.0\"?><D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/{key}</D:href><D:propstat><D:prop>\
         <D:resourcetype/><D:getcontentlength>{size_bytes}</D:getcontentlength>\
         <D:getlastmodified>Sun, 22 Nov 2026 09:14:00 GMT</D:getlastmodified></D:prop>\
         <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"
    )
}

#[test]
#[ignore = "a measurement"]
fn what_is_lost_with_the_machine() {
    let far = FarAway::default();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::runtime::Runtime::new().unwrap();
    let router = Router::new().fallback(FarAway::answer).with_state(far.clone());
    serving.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, router).await
    });
    let remote = format!("[remotes.far]\ntype = \"webdav\"\nendpoint = \"http://{address}\"\n");
    let mut rig = Rig::with_remote("1s", &remote);
    let shop = shop(&rig);
    rig.start();
    let mut made = Vec::new();
    let begun = Instant::now();
    for number in 0..50 * 40 {
        let due = begun + Duration::from_millis(20) * number;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        commit(&shop, ORDERS + 1 + i64::from(number));
        made.push(Instant::now());
    }
    let held = far.held.lock().unwrap().clone();
    let kills = (0..100).map(|_| begun + Duration::from_millis(rand::random_range(3_000..39_000)));
    let mut lost: Vec<f64> = kills
        .map(|kill| {
            let safe = held
                .iter()
                .filter(|(at, _)| *at <= kill)
                .map(|(_, commit)| *commit)
                .max();
            // The chain begins with commit 1, before the first one made here.
            let newest = made[safe.expect("something is held after three seconds") as usize - 2];
            kill.saturating_duration_since(newest).as_secs_f64()
        })
        .collect();
    lost.sort_by(f64::total_cmp);
    println!(
        "lost with the machine, 100 moments: median {:.2} s, worst {:.2} s; {} objects",
        at(&lost, 0.5),
        at(&lost, 1.0),
        held.len()
    );
}
