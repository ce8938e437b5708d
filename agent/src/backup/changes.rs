//! Which pages differ from the base: every page of the database is hashed and compared with the base's table.
//! It reads inside the caller's transaction, keeps no page, and believes no time stamp.

use anyhow::Context;
use protocol::chain::{PageHash, PageSum, is_lock_page};

use super::{Progress, cancel::Cancelled, table::Table};
use crate::store::pages::PinnedPages;

/// Plain bytes that are looked at at once.
const CHUNK_BYTES: u32 = 1024 * 1024;

/// What has changed.
pub(super) struct Changes {
    /// The numbers of the pages that differ from the base or are beyond it, ascending.
    pub pages: Vec<u32>,
    /// The sum over every page of the database.
    pub sum: PageSum,
}

/// Compares the whole database with the table.
pub(super) fn since(
    table: &Table,
    pages: &PinnedPages,
    cancelled: &Cancelled,
    progress: &dyn Progress,
) -> anyhow::Result<Changes> {
    let page_size = pages.page_size();
    let step = (CHUNK_BYTES / page_size).max(1);
    let mut found = Changes {
        pages: Vec::new(),
        sum: PageSum::default(),
    };
    let (mut first, mut chunk) = (1, Vec::new());
    while first <= pages.pages() {
        cancelled.check()?;
        let count = step.min(pages.pages() + 1 - first);
        chunk.clear();
        pages
            .read(first, count, &mut chunk)
            .context("reading pages of the database")?;
        let hashes: Vec<PageHash> = (first..)
            .zip(chunk.chunks(page_size as usize))
            .map(|(number, page)| PageHash::of(number, page))
            .collect();
        let counted = (first..)
            .zip(&hashes)
            .filter(|(number, _)| !is_lock_page(*number, page_size));
        counted.for_each(|(_, hash)| found.sum.add(*hash));
        let mut changed = |number| {
            if !is_lock_page(number, page_size) {
                found.pages.push(number);
            }
        };
        table
            .compare(first, &hashes, &mut changed)
            .context("reading the table of the base's pages")?;
        progress.advance(chunk.len() as u64);
        first += count;
    }
    Ok(found)
}
