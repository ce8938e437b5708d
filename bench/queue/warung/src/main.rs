//! Measures the shop's queue as the bot runs it: its own writer, its own pragmas, every commit synced.
//! It compares with nobody: scripts/bench runs the peers beside it and sets the figures side by side.
//! Each line of its answer is a name and a figure; rates are operations per second.

mod claims;
mod disk;
mod enqueues;
mod latency;

use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use bot::{
    db::{self, Writer},
    queue::{NewJob, Policy, Priority, QueueName, Unique},
};
use protocol::time::UnixMillis;

/// What a small job carries; the peers carry the same.
const PAYLOAD: &str = r#"{"order":1234567}"#;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(what), Some(dir), Some(seconds)) = (args.next(), args.next(), args.next()) else {
        bail!("usage: bench-warung enqueue|claim|latency DIRECTORY SECONDS");
    };
    let (dir, time) = (
        PathBuf::from(dir),
        Duration::from_secs_f64(seconds.parse().context("reading the seconds")?),
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match what.as_str() {
            "enqueue" => enqueues::measure(&dir, time).await,
            "claim" => claims::measure(&dir, time).await,
            "latency" => latency::measure(&dir).await,
            other => bail!("there is nothing called '{other}' to measure"),
        }
    })
}

/// A fresh shop's writer.
fn open(database: &Path) -> Result<(Writer, thread::JoinHandle<()>)> {
    let mut conn = db::open_writer(database)?;
    db::migrate(&mut conn)?;
    Ok(Writer::start(conn))
}

fn job(run_at: UnixMillis) -> NewJob {
    NewJob {
        queue: QueueName::MONEY,
        kind: "bench",
        payload: PAYLOAD.to_owned(),
        priority: Priority::CUSTOMER,
        run_at,
        unique: Unique::No,
    }
}

fn usual(_kind: &str) -> Policy {
    Policy::USUAL
}
