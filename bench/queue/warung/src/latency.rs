//! From the moment an enqueue is durable to the moment its job starts, with the bot's own worker, one job at a time;
//! and what the worker costs while there is nothing to do.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use bot::{
    clock::now,
    health::{Beat, Hands},
    queue::{
        Boot, Job, store,
        worker::{Outcome, Worker},
    },
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::{job, open, usual};

const SAMPLES: usize = 2_000;
const IDLE: Duration = Duration::from_secs(10);

pub async fn measure(dir: &Path) -> Result<()> {
    let (writer, _thread) = open(&dir.join("latency.db"))?;
    let (started, mut starts) = unbounded_channel();
    let worker = Worker {
        writer: writer.clone(),
        boot: Boot(1),
        beat: Beat::new("bench", Duration::from_secs(60)),
        hands: Hands::default(),
        policy_of: usual,
        periodic: Arc::new([]),
        timezone: jiff::tz::TimeZone::UTC,
    };
    let stop = CancellationToken::new();
    let does = {
        let writer = writer.clone();
        move |job: Job| {
            let (started, writer) = (started.clone(), writer.clone());
            async move {
                let begun = Instant::now();
                let _ = writer
                    .run(move |conn| store::complete(conn, job.claim, now()))
                    .await;
                let _ = started.send(begun);
                Outcome::Settled
            }
        }
    };
    let running = tokio::spawn(worker.run(stop.clone(), does));
    let mut waits = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        waits.push(one(&writer, &mut starts).await?);
        // The worker has seen its own completion and sleeps again.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    waits.sort();
    println!("start_after_commit_us_p50 {}", waits[SAMPLES / 2].as_micros());
    println!(
        "start_after_commit_us_p99 {}",
        waits[SAMPLES * 99 / 100].as_micros()
    );
    let before = cpu_ticks()?;
    tokio::time::sleep(IDLE).await;
    println!(
        "idle_cpu_ms_per_s {}",
        (cpu_ticks()? - before) * 10 / IDLE.as_secs()
    );
    stop.cancel();
    running.await?;
    Ok(())
}

async fn one(writer: &bot::db::Writer, starts: &mut UnboundedReceiver<Instant>) -> Result<Duration> {
    let now = now();
    writer
        .run(move |conn| store::enqueue(conn, &job(now), now))
        .await?;
    let durable = Instant::now();
    let start = starts.recv().await.context("the worker has ended")?;
    Ok(start.saturating_duration_since(durable))
}

/// Processor time of this process in hundredths of a second.
fn cpu_ticks() -> Result<u64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    Ok(fields.get(11).context("utime")?.parse::<u64>()? + fields.get(12).context("stime")?.parse::<u64>()?)
}
