//! Jobs claimed and completed, a hundred in a transaction, beside a thousand finished and waiting rows and beside a
//! million of both. The two take turns, so that a disk that changes its pace changes it for both.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use bot::{
    clock::now,
    db::Writer,
    queue::{Boot, Claim, store},
};

use crate::{job, open, usual};

const SIZES: [i64; 2] = [1_000, 1_000_000];
const TURNS: u32 = 10;
const BATCH: usize = 100;
/// Transactions between two refills, which are not measured.
const ROUNDS: usize = 10;
const BOOT: Boot = Boot(1);

const FINISH: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
    INSERT INTO done_job (job_id, queue, kind, attempt, rescues, created_at, done_at)
    SELECT i, 'money', 'bench', 1, 0, 0, 0 FROM n";
const FORGET: &str = "DELETE FROM done_job WHERE seq > ?1";

struct Shop {
    size: i64,
    writer: Writer,
    jobs: u64,
    took: Duration,
}

pub async fn measure(dir: &Path, time: Duration) -> Result<()> {
    let mut shops = Vec::new();
    for size in SIZES {
        let (writer, _thread) = open(&dir.join(format!("claim-{size}.db")))?;
        writer.run(move |conn| Ok(conn.execute(FINISH, [size])?)).await?;
        for _ in 0..size / 1_000 {
            wait_more(&writer, 1_000).await?;
        }
        shops.push(Shop {
            size,
            writer,
            jobs: 0,
            took: Duration::ZERO,
        });
    }
    for turn in 0..=TURNS {
        for shop in &mut shops {
            shop.turn(time / TURNS).await?;
            if turn == 0 {
                (shop.jobs, shop.took) = (0, Duration::ZERO);
            }
        }
    }
    for shop in shops {
        println!(
            "claim_complete_{} {}",
            shop.size,
            (shop.jobs as f64 / shop.took.as_secs_f64()).round()
        );
    }
    Ok(())
}

impl Shop {
    async fn turn(&mut self, time: Duration) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < time {
            let mut held: Vec<Claim> = Vec::new();
            let round = Instant::now();
            for _ in 0..ROUNDS {
                held = self
                    .writer
                    .run(move |conn| settle_and_claim(conn, held, BATCH))
                    .await?;
                ensure!(
                    held.len() == BATCH,
                    "{} jobs were claimed instead of {BATCH}",
                    held.len()
                );
            }
            self.writer
                .run(move |conn| settle_and_claim(conn, held, 0))
                .await?;
            self.took += round.elapsed();
            self.jobs += (ROUNDS * BATCH) as u64;
            let size = self.size;
            self.writer
                .run(move |conn| Ok(conn.execute(FORGET, [size])?))
                .await?;
            wait_more(&self.writer, ROUNDS * BATCH).await?;
        }
        Ok(())
    }
}

/// Completes what is held and claims the next, in one transaction.
fn settle_and_claim(conn: &rusqlite::Connection, held: Vec<Claim>, wanted: usize) -> Result<Vec<Claim>> {
    let now = now();
    for claim in held {
        ensure!(store::complete(conn, claim, now)?, "a job was somebody else's");
    }
    let claimed = store::claim(conn, wanted, BOOT, now, usual)?;
    Ok(claimed.jobs.into_iter().map(|job| job.claim).collect())
}

async fn wait_more(writer: &Writer, count: usize) -> Result<()> {
    let now = now();
    writer
        .run(move |conn| {
            for _ in 0..count {
                store::enqueue(conn, &job(now), now)?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}
