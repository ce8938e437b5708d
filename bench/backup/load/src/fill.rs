//! A shop's database: orders with goods, their ledger and jobs, in words and in digits that compress badly; as pages,
//! about as compressible as a real shop's.

use std::path::Path;

use anyhow::Context;
use rusqlite::{Connection, params};

use crate::random::Random;

const SCHEMA: &str = "
    PRAGMA page_size = 4096;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL, product TEXT NOT NULL,
        state TEXT NOT NULL, amount INTEGER NOT NULL, at INTEGER NOT NULL, goods TEXT NOT NULL, proof BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS orders_by_customer ON orders (customer);
    CREATE INDEX IF NOT EXISTS orders_by_state ON orders (state, at);
    CREATE TABLE IF NOT EXISTS ledger (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, account TEXT NOT NULL,
        amount INTEGER NOT NULL, at INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS ledger_by_order ON ledger (order_id);
    CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, payload TEXT NOT NULL, at INTEGER NOT NULL);";
const ORDER: &str = "INSERT INTO orders (customer, product, state, amount, at, goods, proof) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const LEDGER: &str = "INSERT INTO ledger (order_id, account, amount, at) VALUES (?1, ?2, ?3, ?4)";
const JOB: &str = "INSERT INTO jobs (kind, payload, at) VALUES ('deliver', ?1, ?2)";
const PRODUCTS: [&str; 4] = ["netflix-1b", "spotify-3b", "canva-1t", "vpn-1b"];
const STATES: [&str; 4] = ["delivered", "expired", "paid", "cancelled"];
const ORDERS_A_COMMIT: u64 = 20_000;

/// Fills a file until it has so many bytes, and leaves it without a log.
pub fn to(file: &Path, bytes: u64) -> anyhow::Result<()> {
    let mut connection = Connection::open(file).context("opening the database")?;
    connection.execute_batch(SCHEMA).context("making the tables")?;
    let mut random = Random(7);
    let words: Vec<String> = (0..3_000).map(|_| word(&mut random)).collect();
    let mut order: i64 = 0;
    while std::fs::metadata(file)?.len() < bytes {
        let transaction = connection.transaction()?;
        {
            let mut orders = transaction.prepare_cached(ORDER)?;
            let mut ledger = transaction.prepare_cached(LEDGER)?;
            let mut jobs = transaction.prepare_cached(JOB)?;
            for _ in 0..ORDERS_A_COMMIT {
                order += 1;
                let at = 1_795_000_000_000 + order * 731;
                let goods: Vec<&str> = (0..30)
                    .map(|_| words[random.below(3_000) as usize].as_str())
                    .collect();
                let goods = format!("{} {}", goods.join(" "), random.hex(120));
                let amount = i64::try_from(random.below(200))? * 1_000;
                let (product, state) = (
                    PRODUCTS[random.below(4) as usize],
                    STATES[random.below(4) as usize],
                );
                let customer = i64::try_from(random.below(50_000))?;
                orders.execute(params![
                    customer,
                    product,
                    state,
                    amount,
                    at,
                    goods,
                    random.hex(40).as_bytes()
                ])?;
                ledger.execute(params![order, "gateway", amount, at])?;
                ledger.execute(params![order, "sales", -amount, at])?;
                if order % 3 == 0 {
                    jobs.execute(params![
                        format!("{{\"order\":{order},\"token\":\"{}\"}}", random.hex(16)),
                        at
                    ])?;
                }
            }
        }
        transaction.commit()?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    println!("orders {order}");
    Ok(())
}

fn word(random: &mut Random) -> String {
    let length = 3 + random.below(7);
    (0..length)
        .map(|_| char::from(b'a' + random.below(26) as u8))
        .collect()
}
