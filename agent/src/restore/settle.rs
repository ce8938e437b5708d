//! The last look at a database that was put together: its pages against the manifest, its structure by SQLite, and the
//! disk's word that it has all of it.
//! It changes nothing, and says what is to blame.

use std::path::Path;

use anyhow::{Context, bail};
use protocol::{chain::PageRoot, manifest::Manifest};

use super::{Plan, avoid::Culprit, fetch::Failure, pages::PagesFile};
use crate::store::shop::{self, Depth};

/// As much of the file as SQLite maps at most; the rest is read as ever.
const MAPPED_BYTES_MAX: i64 = i32::MAX as i64;

/// Whether nothing is laid over the full point: then its pages may be summed beside SQLite's check, which leaves a core
/// idle, and from what the disk gives back.
pub(super) fn is_alone(plan: &Plan) -> bool {
    plan.base.is_none() && plan.segments.is_empty()
}

pub(super) fn prove(base: &Manifest, root: &PageRoot) -> Result<(), Failure> {
    match *root == base.page_root {
        true => Ok(()),
        false => Err(Failure::Wrong(format!(
            "its parts do not add up to the database that the manifest of {} describes",
            base.point
        ))),
    }
}

/// Forces the file to the disk, asks SQLite, and sums the pages if nobody has yet: all at once. The file has no
/// write-ahead log, so that it is opened as what it is: complete.
pub(super) fn settle(
    plan: &Plan,
    pages: &PagesFile,
    path: &Path,
    working_at: &mut Culprit,
) -> Result<(), Failure> {
    let flush = || pages.file.sync_all().context("forcing the database to the disk");
    let sum = || match is_alone(plan) {
        true => pages
            .root_on_disk()
            .context("reading what was restored")
            .map(Some),
        false => Ok(None),
    };
    let (flushed, summed, checked) = std::thread::scope(|scope| {
        let (flushing, summing) = (scope.spawn(flush), scope.spawn(sum));
        let checked = check(path, plan.full_check);
        let panicked = |_| anyhow::anyhow!("a thread panicked");
        let flushed = flushing.join().map_err(panicked).flatten();
        let summed = summing.join().map_err(panicked).flatten();
        (flushed, summed, checked)
    });
    flushed.map_err(Failure::Here)?;
    if let Some(root) = summed.map_err(Failure::Here)? {
        prove(&plan.manifest, &root)?;
    }
    *working_at = Culprit::Database;
    checked.map_err(|damage| Failure::Wrong(format!("{damage:#}")))
}

fn check(path: &Path, full: bool) -> anyhow::Result<()> {
    let connection = shop::open_complete(path).context("opening the restored database")?;
    // It was written a moment ago and nobody else has it: read where the kernel holds it, a fifth of the time is saved.
    connection
        .pragma_update(None, "mmap_size", MAPPED_BYTES_MAX)
        .context("setting SQLite up")?;
    let depth = if full { Depth::Full } else { Depth::Quick };
    let damage = shop::damage(&connection, depth)
        .context("checking the restored database: it was damaged when it was backed up")?;
    match damage {
        None => Ok(()),
        Some(damage) => bail!("SQLite finds the restored database damaged, as it was backed up: {damage}"),
    }
}
