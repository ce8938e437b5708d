//! A consistent copy of the bot's database while the bot writes: one read transaction, page by page.
//! It writes nothing into the database, never checkpoints, and never deletes the write-ahead log of the bot's.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, path::Path};

use anyhow::{Context, bail};
use protocol::time::UnixMillis;
use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};

use super::{Progress, cancel::Cancelled};
use crate::store::shop::{self, Depth};

/// Pages between two reports of progress: 8 MiB.
const PAGES_A_STEP: i32 = 2_048;
/// Some milliseconds of a check.
const OPERATIONS_BETWEEN_QUESTIONS: i32 = 100_000;
/// The contract of both programs.
const PAGE_BYTES: u64 = 4_096;

/// What was copied.
pub(super) struct Snapshot {
    /// The moment that the copy stands at.
    pub taken_at: UnixMillis,
    /// What SQLite finds wrong with it, if anything: the live database has the same fault.
    pub damage: Option<String>,
}

/// Copies the database into a new file, readable by this user alone. `now` is asked when the view is pinned.
pub(super) fn take(
    database: &Path,
    into: &Path,
    now: impl Fn() -> UnixMillis,
    progress: &dyn Progress,
    cancelled: &Cancelled,
) -> anyhow::Result<Snapshot> {
    let source = shop::open_pinned(database).with_context(|| {
        format!(
            "opening {}: no backup was taken; is the path right, and may this user read it?",
            database.display()
        )
    })?;
    let taken_at = now();
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(into)
        .context("making the staged copy")?;
    let mut copy = Connection::open(into).context("opening the staged copy")?;
    // A copy that a crash cut short is thrown away at the next start: forcing it to the disk would gain nothing.
    copy.pragma_update(None, "synchronous", "OFF")?;
    copy_pages(&source, &mut copy, progress, cancelled)?;
    let called_off = cancelled.clone();
    copy.progress_handler(OPERATIONS_BETWEEN_QUESTIONS, Some(move || called_off.is_set()))?;
    let damage = shop::damage(&copy, Depth::Quick).context("checking the copy")?;
    copy.close()
        .map_err(|(_, error)| error)
        .context("closing the copy")?;
    Ok(Snapshot { taken_at, damage })
}

fn copy_pages(
    source: &Connection,
    copy: &mut Connection,
    progress: &dyn Progress,
    cancelled: &Cancelled,
) -> anyhow::Result<()> {
    let backup = Backup::new(source, copy).context("beginning the copy")?;
    let mut copied_pages = 0;
    loop {
        cancelled.check()?;
        match backup.step(PAGES_A_STEP).context("copying pages")? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            StepResult::Busy | StepResult::Locked => bail!("the database stayed locked for too long"),
            _ => bail!("SQLite answered something unknown while copying"),
        }
        let state = backup.progress();
        let now_pages = state.pagecount - state.remaining;
        progress.advance(u64::try_from(now_pages - copied_pages).unwrap_or(0) * PAGE_BYTES);
        copied_pages = now_pages;
    }
}
