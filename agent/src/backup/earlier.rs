//! Whether a database that nobody follows is an older state than the one that was backed up last, or another one: no chain
//! goes back to where the shop was before.
//! It proves no progress: of tables that number no rows, an older copy with the same counter, of a moment at which no point
//! was taken, shows by nothing.

use std::{fs, path::Path};

use anyhow::Context;
use protocol::{
    chain::{ChainId, PageRoot},
    manifest::{Manifest, REPLACED_CHARS_MAX},
    object_key::PointId,
    restored::FileId,
};

use super::{
    lineage::{Identity, Likeness},
    restores,
    table::Table,
};
use crate::store::{Store, growth::Growth, pages::PinnedPages, points::KnownPoint};

/// What the points before tell of the database, where nobody follows its commits.
#[derive(Default)]
pub(super) struct Before {
    /// SQLite's file change counter, at its highest.
    counter: Option<u32>,
    /// What the tables had come to in the newest of them.
    growth: Option<Growth>,
    /// The states that points of the chain hold, but the last one's.
    roots: Vec<(PointId, PageRoot)>,
}

impl Before {
    /// What the points of the last one's chain tell.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub(super) fn of(store: &Store, last: Option<&KnownPoint>) -> anyhow::Result<Self> {
        let asking = "asking for the points before";
        let Some(last) = last.map(|last| &last.manifest) else {
            return Ok(Self::default());
        };
        let points = store.points().context(asking)?.into_values();
        let points = points.map(|known| known.manifest);
        let others = points.filter(|point| point.chain == last.chain && point.page_root != last.page_root);
        Ok(Self {
            counter: store.change_counter(&last.chain).context(asking)?,
            growth: store.growth(&last.chain).context(asking)?,
            roots: others.map(|point| (point.point, point.page_root)).collect(),
        })
    }

    /// What shows that a file with this counter came before one that was backed up. In one history it never falls; where
    /// it does not rise it tells nothing.
    pub(super) fn by_counter(&self, now: Option<u32>) -> Option<String> {
        let (was, is) = self.counter.zip(now)?;
        (is < was).then(|| format!("SQLite's change counter had come to {was}, and is {is} again"))
    }

    /// What the tables show: that a row is another one, or that numbers were not given yet which had been. Tables that
    /// cannot be read show nothing, and stop no backup.
    pub(super) fn by_growth(&self, pages: &PinnedPages) -> Option<String> {
        let found = pages.contradiction(self.growth.as_ref()?);
        let found =
            found.inspect_err(|error| tracing::debug!(%error, "the tables' numbers could not be compared"));
        Some(found.ok()??.to_string())
    }

    /// What shows that this is the state of an older point.
    pub(super) fn by_root(&self, root: &PageRoot) -> Option<String> {
        let (point, _) = self.roots.iter().rev().find(|(_, of_point)| of_point == root)?;
        Some(format!("it is the state of {point} again, byte for byte"))
    }
}

/// What is said of a file that is another one than was backed up last, unless a restore put it there.
pub(super) fn another_file(state_dir: &Path, database: &Path, identity: &Identity) -> Option<String> {
    let table = Table::open(state_dir)?;
    let is_other = identity.beside(&table.head.identity) == Likeness::Other;
    let put_there = || restores::that_put(state_dir, FileId::of(&fs::metadata(database).ok()?)?);
    (is_other && put_there().is_none())
        .then(|| "another file lies in the place of the database that was backed up before".to_owned())
}

/// Why this chain began, if the database was replaced: as a backup has just found it, as the capture did, or as the last
/// point says. A chain that begins upon another one inherits that, since what it goes on from is no more the shop for
/// having been moved; what a restore put there inherits nothing.
pub(super) fn replaced(
    (state_dir, database): (&Path, &Path),
    last: Option<&Manifest>,
    chain: &ChainId,
    found: Option<String>,
) -> Option<String> {
    let captured = || {
        let store = Store::open_to_look(state_dir).ok().flatten()?;
        store.replaced(chain).ok().flatten()
    };
    let is_restored = || {
        let found = fs::metadata(database).ok();
        let file = found.and_then(|found| FileId::of(&found));
        file.is_some_and(|file| restores::that_put(state_dir, file).is_some())
    };
    let inherited = || {
        last.filter(|last| last.chain == *chain || !is_restored())?
            .replaced
            .clone()
    };
    let replaced = found.or_else(captured).or_else(inherited)?;
    Some(replaced.chars().take(REPLACED_CHARS_MAX).collect())
}
