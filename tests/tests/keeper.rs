//! The bot and an agent that answers late or not at all: goods wait for the backup, a little, and never for ever.

use std::{
    fs::OpenOptions,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tests::{http, purchase::order, shop::Shop};

use crate::shelves::{NAME, stocked};

/// How long the pretend agent takes for a yes.
const LATE: Duration = Duration::from_millis(600);

/// Answers every question with a late yes, or holds it for ever.
struct PretendAgent {
    address: SocketAddr,
    hangs: Arc<AtomicBool>,
    questions: Arc<AtomicUsize>,
}

impl PretendAgent {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let agent = Self {
            address: listener.local_addr().unwrap(),
            hangs: Arc::default(),
            questions: Arc::default(),
        };
        let (hangs, questions) = (Arc::clone(&agent.hangs), Arc::clone(&agent.questions));
        thread::spawn(move || {
            for stream in listener.incoming() {
                questions.fetch_add(1, Ordering::SeqCst);
                let hangs = hangs.load(Ordering::SeqCst);
                thread::spawn(move || answer(stream.unwrap(), hangs));
            }
        });
        agent
    }
}

fn answer(mut stream: TcpStream, hangs: bool) {
    let mut question = [0; 4_096];
    let length = stream.read(&mut question).unwrap_or(0);
    assert!(question[..length].starts_with(b"GET /durable "));
    thread::sleep(if hangs { Duration::from_secs(60) } else { LATE });
    let yes = r#"{"chain":"00ff00ff00ff00ff00ff00ff00ff00ff","commit":7}"#;
    // Whoever does not wait any longer is no fault.
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{yes}",
        yes.len()
    );
}

fn shop_beside(agent: &PretendAgent) -> Shop {
    let mut shop = Shop::new();
    let mut config = OpenOptions::new()
        .append(true)
        .open(shop.place.bot_toml())
        .unwrap();
    write!(config, "\n[agent]\nurl = \"http://{}\"\n", agent.address).unwrap();
    shop.import(&stocked(3)).unwrap();
    shop.start_bot().unwrap();
    shop
}

fn incidents(shop: &Shop) -> Vec<String> {
    let url = format!("http://{}/incidents?after=0", shop.settings.bot_private);
    let page = http::get(&url).unwrap();
    let kinds = page["incidents"].as_array().unwrap().iter();
    kinds
        .map(|incident| incident["kind"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn goods_wait_for_the_backup_and_leave_without_it_after_two_seconds() {
    let agent = PretendAgent::start();
    let shop = shop_beside(&agent);
    let budi = shop.sandbox.customer(3001).unwrap();
    let buy = |goods: &str| {
        let code = order(&budi, NAME).unwrap();
        let paid = Instant::now();
        shop.sandbox.pay_order(&code).unwrap();
        budi.wait_for(goods);
        paid.elapsed()
    };
    let took = buy("akun001");
    assert!(took >= LATE, "the goods were there after {took:?}");
    assert!(agent.questions.load(Ordering::SeqCst) > 0);
    agent.hangs.store(true, Ordering::SeqCst);
    let took = buy("akun002");
    assert!(
        took >= Duration::from_secs(2),
        "the goods were there after {took:?}"
    );
    buy("akun003");
    assert_eq!(incidents(&shop), ["not_durable"], "once for the outage");
    let health = http::get(&format!("http://{}/health", shop.settings.bot_private)).unwrap();
    let hours = health["hours"].as_array().unwrap();
    let sum = |key: &str| hours.iter().map(|hour| hour[key].as_i64().unwrap()).sum::<i64>();
    assert_eq!((sum("placed"), sum("paid"), sum("paid_rupiah")), (3, 3, 75_000));
    assert_eq!(health["gateways"][0]["failures"], 0);
    assert_eq!(health["telegram"]["receiving"], "polling");
    assert_ne!(health["log"], Value::Null);
}
