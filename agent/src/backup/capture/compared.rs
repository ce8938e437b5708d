//! What lies in the database beside the table of pages: read once, in order, and told or written down.
//! What a difference means is not known here.

use anyhow::Context;
use protocol::chain::{PageHash, PageSum, is_lock_page};

use super::{
    hashes::{Hashes, NOTHING},
    past::Differing,
    recorder::Ended,
};
use crate::{
    backup::{
        segment::{COUNTER_AT, PAGES_MAX, change_counter, defined},
        wal::follow::Follower,
    },
    store::defined::Defined,
};

/// In a database's first page: the counter for which what stands behind it is valid, and the number of the SQLite that wrote it.
const VALID_FOR_AT: usize = 92;
const WRITTEN_BY_AT: usize = 96;

/// What SQLite counts in a database's first page.
#[derive(Clone, Copy, Default)]
pub(super) struct Counted {
    /// Writings of that page.
    pub changes: Option<u32>,
    /// What concerns the definitions.
    pub defined: Option<Defined>,
}

impl Counted {
    /// Whether definitions are known to have changed since this was followed.
    pub(super) fn is_defined_since(&self, before: Option<Defined>) -> bool {
        let both = before.zip(self.defined);
        both.is_some_and(|(was, is)| was.changes != is.changes)
    }

    /// Whether that was within one release of the shop's program.
    pub(super) fn redefined_since(&self, before: Option<Defined>) -> Redefined {
        match (self.is_defined_since(before), self.releases(before)) {
            (false, _) => Redefined::No,
            (true, None) => Redefined::Perhaps,
            (true, Some((was, is))) if was == is => Redefined::WithinOneRelease,
            (true, Some(_)) => Redefined::No,
        }
    }

    /// Whether the tables are those of an earlier release: no program goes back there.
    pub(super) fn is_of_an_earlier_release(&self, before: Option<Defined>) -> bool {
        self.releases(before).is_some_and(|(was, is)| is < was)
    }

    /// Of the tables then and now, where both are known.
    fn releases(&self, before: Option<Defined>) -> Option<(u32, u32)> {
        let (was, is) = before.zip(self.defined)?;
        was.release.zip(is.release)
    }

    fn in_page(first: &[u8]) -> Self {
        Self {
            changes: change_counter(first),
            defined: defined(first),
        }
    }
}

/// Whether definitions changed although the shop's program is of the same release, which changes none: somebody did that by
/// hand, or put another state in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redefined {
    /// They did not, or came with another release.
    No,
    /// They changed, and of which release they were is not known.
    Perhaps,
    /// They did.
    WithinOneRelease,
}

/// What was found beside the table of pages, which is left as it is.
pub(super) struct Compared {
    /// Pages of the database.
    pub pages: u32,
    /// Those that differ, up to [`PAGES_MAX`], and how many do.
    pub changed: Vec<(u32, Vec<u8>)>,
    pub count: usize,
    pub sum: PageSum,
    pub counted: Counted,
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
        counted: Counted::default(),
        is_explained: true,
        differing: Differing::default(),
    };
    follower.source().each_page(|page, image| {
        if is_lock_page(page, follower.page_size()) {
            return Ok(());
        }
        if page == 1 {
            found.counted = Counted::in_page(image);
        }
        let hash = PageHash::of(page, image);
        found.sum.add(hash);
        let was = hashes.get(page)?;
        if was != hash {
            found.count += 1;
            found.is_explained &= follower.is_in_log(page);
            found.differing.set(page, was, hash);
            if found.count <= PAGES_MAX {
                found.changed.push((page, image.to_vec()));
            }
        }
        Ok(())
    })?;
    set_gone(&mut found.differing, hashes, found.pages, follower.page_size())?;
    Ok(found)
}

/// Pages that were there, beyond what lies there now.
fn set_gone(differing: &mut Differing, hashes: &Hashes, pages: u32, page_size: u32) -> anyhow::Result<()> {
    let reading = "reading the table of pages";
    for page in pages + 1..=hashes.pages().context(reading)? {
        if differing.is_too_much() {
            break;
        }
        if !is_lock_page(page, page_size) {
            differing.set(page, hashes.get(page).context(reading)?, NOTHING);
        }
    }
    Ok(())
}

/// What was found while the table of pages was written anew.
#[derive(Default)]
pub(super) struct Written {
    pub sum: PageSum,
    pub counted: Counted,
    /// Where it differs from the table before, and how often.
    pub differing: Differing,
    pub count: u32,
    /// Whether it differs in the first page alone, and in what SQLite counts there alone, as a copy by `.backup` does.
    pub is_counted_anew: bool,
}

/// Writes down what lies there; `counter` is SQLite's of what the table held before.
pub(super) fn write_table(
    follower: &Follower,
    hashes: &Hashes,
    counter: Option<u32>,
) -> Result<Written, Ended> {
    let mut written = Written::default();
    follower.source().each_page(|page, image| {
        if is_lock_page(page, follower.page_size()) {
            return Ok(());
        }
        let (was, hash) = (hashes.get(page)?, PageHash::of(page, image));
        let is_other = was != hash;
        if page == 1 {
            written.counted = Counted::in_page(image);
            written.is_counted_anew =
                is_other && counter.is_some_and(|counter| is_but_counted(image, counter, was));
        }
        if is_other {
            written.count += 1;
            written.differing.set(page, was, hash);
        }
        hashes.set(page, hash)?;
        written.sum.add(hash);
        Ok(())
    })?;
    let pages = follower.source().pages()?;
    set_gone(&mut written.differing, hashes, pages, follower.page_size())?;
    hashes
        .cut(pages)
        .and_then(|()| hashes.sync())
        .context("writing the table of pages")?;
    written.is_counted_anew &= written.count == 1;
    Ok(written)
}

/// Whether a first page with another counter was this one. Beside the counter stands which SQLite wrote it last.
fn is_but_counted(image: &[u8], counter: u32, was: PageHash) -> bool {
    let own = u32::try_from(rusqlite::version_number()).ok();
    let theirs = image
        .get(WRITTEN_BY_AT..WRITTEN_BY_AT + 4)
        .and_then(|bytes| Some(u32::from_be_bytes(bytes.try_into().ok()?)));
    [own, theirs].into_iter().flatten().any(|version| {
        let mut page = image.to_vec();
        for (at, number) in [
            (COUNTER_AT, counter),
            (VALID_FOR_AT, counter),
            (WRITTEN_BY_AT, version),
        ] {
            page[at..at + 4].copy_from_slice(&number.to_be_bytes());
        }
        PageHash::of(1, &page) == was
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_change_with_a_release_or_somebody_is_asked_and_no_release_goes_back() {
        let defined = |changes, release| Some(Defined { changes, release });
        let of = |was, is| {
            let counted = Counted {
                changes: None,
                defined: is,
            };
            (
                counted.redefined_since(was),
                counted.is_of_an_earlier_release(was),
            )
        };
        for (was, is, expected) in [
            (defined(4, Some(6)), defined(4, Some(6)), (Redefined::No, false)),
            (
                defined(4, Some(6)),
                defined(5, Some(6)),
                (Redefined::WithinOneRelease, false),
            ),
            (defined(4, Some(6)), defined(5, Some(7)), (Redefined::No, false)),
            (defined(4, Some(6)), defined(5, Some(5)), (Redefined::No, true)),
            (defined(4, None), defined(5, Some(6)), (Redefined::Perhaps, false)),
            (None, defined(5, Some(6)), (Redefined::No, false)),
        ] {
            assert_eq!(of(was, is), expected, "{was:?} {is:?}");
        }
    }
}
