//! Durable enqueues: 64 callers that each add one job at a time, one caller alone, and the disk's own syncs between.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use bot::{clock::now, db::Writer, queue::store};
use tokio::task::JoinSet;

use crate::{disk, job, open};

/// The single caller and the disk take turns, so that a disk that changes its pace changes it for both.
const TURNS: u32 = 10;
/// Beyond this size the log has been checkpointed, and is written over instead of growing: how a shop is that has
/// run for a while.
const LOG_BYTES: u64 = 16_384 * (4_096 + 24);

pub async fn measure(dir: &Path, time: Duration) -> Result<()> {
    let database = dir.join("warung.db");
    let log = dir.join("warung.db-wal");
    let (writer, _thread) = open(&database)?;
    let bytes = bytes_of_one(&writer, &log).await?;
    while log.metadata()?.len() < LOG_BYTES {
        callers(&writer, 64, Duration::from_millis(200)).await?;
    }
    callers(&writer, 64, Duration::from_millis(300)).await?;
    let (count, took) = callers(&writer, 64, time).await?;
    println!("enqueue_64 {}", rate(count, took));
    let (mut ours, mut disks) = ((0, Duration::ZERO), (0, Duration::ZERO));
    for _ in 0..TURNS {
        let (count, took) = callers(&writer, 1, time / TURNS).await?;
        ours = (ours.0 + count, ours.1 + took);
        let (count, took) = disk::appends(&dir.join("appended"), bytes, time / TURNS)?;
        disks = (disks.0 + count, disks.1 + took);
    }
    println!("enqueue_1 {}", rate(ours.0, ours.1));
    println!("fsync {}", rate(disks.0, disks.1));
    println!("log_bytes_of_one_enqueue {bytes}");
    Ok(())
}

/// What one enqueue adds to the log while it still grows.
async fn bytes_of_one(writer: &Writer, log: &Path) -> Result<usize> {
    callers(writer, 1, Duration::from_millis(100)).await?;
    let before = log.metadata()?.len();
    let (count, _) = callers(writer, 1, Duration::from_millis(200)).await?;
    Ok(usize::try_from((log.metadata()?.len() - before) / count.max(1))?)
}

async fn callers(writer: &Writer, callers: usize, time: Duration) -> Result<(u64, Duration)> {
    let added = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (writer, added) = (writer.clone(), Arc::clone(&added));
        tasks.spawn(async move {
            while begun.elapsed() < time {
                let now = now();
                writer
                    .run(move |conn| store::enqueue(conn, &job(now), now))
                    .await?;
                added.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok((added.load(Ordering::Relaxed), begun.elapsed()))
}

fn rate(count: u64, took: Duration) -> u64 {
    (count as f64 / took.as_secs_f64()).round() as u64
}
