//! Measures apalis-sqlite as a program would use it: 64 tasks that each push one job at a time.
//! Its setup turns syncing off; here every connection is opened with synchronous = full, the one that runs the setup
//! is closed afterwards, and what the others say is read back.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use apalis_core::backend::TaskSink;
use apalis_sqlite::SqliteStorage;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::task::JoinSet;

const PAYLOAD: &str = r#"{"order":1234567}"#;
const FULL: i64 = 2;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(dir), Some(seconds)) = (args.next(), args.next()) else {
        bail!("usage: bench-apalis DIRECTORY SECONDS");
    };
    let time = Duration::from_secs_f64(seconds.parse().context("reading the seconds")?);
    let options = SqliteConnectOptions::new()
        .filename(PathBuf::from(dir).join("apalis.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(30));
    let setup = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await?;
    SqliteStorage::setup(&setup).await?;
    setup.close().await;
    // sqlx's own default number of connections.
    let pool = SqlitePoolOptions::new()
        .max_connections(10)
        .acquire_timeout(Duration::from_secs(60))
        .connect_with(options)
        .await?;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&pool).await?;
    ensure!(synchronous == FULL, "synchronous is {synchronous}, not full");
    callers(&pool, 64, time.min(Duration::from_secs(1))).await?;
    println!("enqueue_64 {}", callers(&pool, 64, time).await?);
    Ok(())
}

async fn callers(pool: &SqlitePool, callers: usize, time: Duration) -> Result<u64> {
    let added = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (mut storage, added) = (SqliteStorage::<String>::new(pool), Arc::clone(&added));
        tasks.spawn(async move {
            while begun.elapsed() < time {
                storage
                    .push(PAYLOAD.to_owned())
                    .await
                    .map_err(|error| anyhow::anyhow!("pushing: {error}"))?;
                added.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok((added.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()).round() as u64)
}
