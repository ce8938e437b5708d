//! Measures effectum as a program would use it: 64 tasks that each add one job at a time.
//! Its API sets neither journal mode nor synchronous. It asks for "journal = wal", which is no pragma, and for
//! synchronous = normal: so it runs on a rollback journal, which in that mode is synced at every commit as well.
//! Putting its file into WAL mode from outside would leave commits unsynced, and is not done.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use effectum::{Job, Queue};
use tokio::task::JoinSet;

const PAYLOAD: &str = r#"{"order":1234567}"#;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(dir), Some(seconds)) = (args.next(), args.next()) else {
        bail!("usage: bench-effectum DIRECTORY SECONDS");
    };
    let time = Duration::from_secs_f64(seconds.parse().context("reading the seconds")?);
    let queue = Arc::new(Queue::new(&PathBuf::from(dir).join("effectum.db")).await?);
    callers(&queue, 64, time.min(Duration::from_secs(1))).await?;
    println!("enqueue_64 {}", callers(&queue, 64, time).await?);
    queue.close(Duration::from_secs(10)).await?;
    Ok(())
}

async fn callers(queue: &Arc<Queue>, callers: usize, time: Duration) -> Result<u64> {
    let added = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (queue, added) = (Arc::clone(queue), Arc::clone(&added));
        tasks.spawn(async move {
            while begun.elapsed() < time {
                Job::builder("bench")
                    .payload(PAYLOAD.into())
                    .add_to(&queue)
                    .await?;
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
