//! What lies in the database beside the table of pages: read once, in order, and told or written down.
//! What a difference means is not known here.

use anyhow::Context;
use protocol::chain::{PageHash, PageSum, is_lock_page};

use super::{hashes::Hashes, past::Differing, recorder::Ended};
use crate::backup::{
    segment::{PAGES_MAX, change_counter},
    wal::follow::Follower,
};

/// What was found beside the table of pages, which is left as it is.
pub(super) struct Compared {
    /// Pages of the database.
    pub pages: u32,
    /// Those that differ, up to [`PAGES_MAX`], and how many do.
    pub changed: Vec<(u32, Vec<u8>)>,
    pub count: usize,
    pub sum: PageSum,
    pub counter: Option<u32>,
    /// Whether the log holds each of them.
    pub is_explained: bool,
    pub differing: Differing,
}

pub(super) fn compared(follower: &Follower, hashes: &Hashes) -> Result<Compared, Ended> {
    let mut found = Compared {
        pages: follower.source().pages()?,
        changed: Vec::new(),
        count: 0,
        sum: PageSum::default(),
        counter: None,
        is_explained: true,
        differing: Differing::default(),
    };
    follower.source().each_page(|page, image| {
        if is_lock_page(page, follower.page_size()) {
            return Ok(());
        }
        if page == 1 {
            found.counter = change_counter(image);
        }
        let hash = PageHash::of(page, image);
        found.sum.add(hash);
        if hashes.get(page)? != hash {
            found.count += 1;
            found.is_explained &= follower.is_in_log(page);
            found.differing.add(page, hash);
            if found.count <= PAGES_MAX {
                found.changed.push((page, image.to_vec()));
            }
        }
        Ok(())
    })?;
    Ok(found)
}

/// What was found while the table of pages was written anew.
#[derive(Default)]
pub(super) struct Written {
    pub sum: PageSum,
    pub counter: Option<u32>,
    /// Where it differs from the table before, and how often.
    pub differing: Differing,
    pub count: u32,
}

pub(super) fn write_table(follower: &Follower, hashes: &Hashes) -> Result<Written, Ended> {
    let mut written = Written::default();
    follower.source().each_page(|page, image| {
        if page == 1 {
            written.counter = change_counter(image);
        }
        if !is_lock_page(page, follower.page_size()) {
            let hash = PageHash::of(page, image);
            if hashes.get(page)? != hash {
                written.count += 1;
                written.differing.add(page, hash);
            }
            hashes.set(page, hash)?;
            written.sum.add(hash);
        }
        Ok(())
    })?;
    hashes
        .cut(follower.source().pages()?)
        .and_then(|()| hashes.sync())
        .context("writing the table of pages")?;
    Ok(written)
}
