//! A writer that commits at a steady pace, whether or not the last commit was slow: each latency counts from the moment
//! at which its commit was due. As the shop's own: WAL, synchronous=FULL, one immediate transaction a commit.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use anyhow::Context;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::random::Random;

/// How often SQLite said that somebody else held the lock.
static BUSY: AtomicU64 = AtomicU64::new(0);
const ORDER: &str = "INSERT INTO orders (customer, product, state, amount, at, goods, proof)
    VALUES (?1, 'netflix-1b', 'paid', 25000, ?2, ?3, x'00')";
const LEDGER: &str = "INSERT INTO ledger (order_id, account, amount, at) VALUES (?1, 'gateway', 25000, ?2)";

/// Commits `rate` times a second for so many seconds, and prints latencies in microseconds. A rate of 0 commits
/// `seconds` times, as fast as it goes and without syncs.
pub fn steadily(file: &Path, rate: u64, seconds: u64) -> anyhow::Result<()> {
    let mut connection = Connection::open(file).context("opening the database")?;
    // The contract of the shop's database: the bot's own checkpoint is a backstop alone.
    let sync = if rate == 0 { "OFF" } else { "FULL" };
    let pragmas =
        format!("PRAGMA synchronous = {sync}; PRAGMA wal_autocheckpoint = 16384; PRAGMA mmap_size = 0;");
    connection.execute_batch(&pragmas)?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.busy_handler(Some(|_| {
        BUSY.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_micros(200));
        true
    }))?;
    let mut random = Random(u64::from(std::process::id()));
    let count = if rate == 0 { seconds } else { rate * seconds };
    let pause = if rate == 0 {
        Duration::ZERO
    } else {
        Duration::from_secs(1) / u32::try_from(rate)?
    };
    let mut latencies = Vec::with_capacity(usize::try_from(count)?);
    let start = Instant::now();
    for number in 0..u32::try_from(count)? {
        let due = start + pause * number;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        commit(&mut connection, &mut random)?;
        latencies.push(if rate == 0 { Duration::ZERO } else { due.elapsed() });
    }
    latencies.sort_unstable();
    let at = |per_mille: usize| latencies[(latencies.len() - 1) * per_mille / 1_000].as_micros();
    println!("commits {count}\nseconds {:.2}", start.elapsed().as_secs_f64());
    println!(
        "p50_us {}\np99_us {}\np999_us {}\nmax_us {}",
        at(500),
        at(990),
        at(999),
        at(1_000)
    );
    println!("busy {}", BUSY.load(Ordering::Relaxed));
    Ok(())
}

fn commit(connection: &mut Connection, random: &mut Random) -> anyhow::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let customer = i64::try_from(random.below(50_000))?;
    let at = 1_796_000_000_000 + i64::try_from(random.below(1_000_000))?;
    transaction
        .prepare_cached(ORDER)?
        .execute(params![customer, at, random.hex(120)])?;
    let order = transaction.last_insert_rowid();
    transaction.prepare_cached(LEDGER)?.execute(params![order, at])?;
    transaction.commit()?;
    Ok(())
}
