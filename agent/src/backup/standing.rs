//! Where a backup's point stands: in the chain of the point before, in that of the capture, or at the beginning of one of its
//! own.
//! It decides by what was found of the database, and reads and seals nothing of it.

use anyhow::Context;
use protocol::chain::PageRoot;

use super::{
    capture::Place,
    commits::Commits,
    earlier::{self, Before},
    lineage::{Identity, Likeness, Position},
    log_holder,
    stage::Order,
    table::Table,
};
use crate::store::pages::PinnedPages;

/// What was found of the database.
pub(super) struct Found<'f> {
    pub identity: &'f Identity,
    /// What its pages add up to.
    pub root: &'f PageRoot,
    /// Whether it lies in the file that the point before was taken of.
    pub is_same_file: bool,
    /// What shows that it is an older state of that, or another one.
    pub older: Option<&'f str>,
}

impl Order {
    /// The chain and the commit, and why the chain began if that was because the database was replaced.
    ///
    /// # Errors
    /// When no commit is left to count.
    pub(super) fn standing(
        &self,
        place: Option<&Place>,
        found: &Found<'_>,
    ) -> anyhow::Result<(Position, Option<String>)> {
        let is_moved = self.is_moved(found);
        // No chain goes back to where the shop was before, or on in another database.
        let goes_on = found.older.is_none() && (is_moved || found.is_same_file);
        let last = self.last.as_ref().map(|known| &known.manifest);
        // Where a capture counts the commits nobody else may.
        let before = last.filter(|_| goes_on && matches!(self.commits, Commits::Unknown));
        let position = self.commits.position(place, before, found.root)?;
        let another = || {
            let another = |_: &Before| earlier::another_file(&self.state_dir, &self.database, found.identity);
            self.alone(another).filter(|_| !is_moved)
        };
        let why = found.older.map(str::to_owned).or_else(another);
        let replaced = earlier::replaced((&self.state_dir, &self.database), last, &position.chain, why);
        Ok((position, replaced))
    }

    /// The pages of the newest full point, where this database may stand on it.
    pub(super) fn table(
        &self,
        (identity, pages): (&Identity, &PinnedPages),
        place: Option<&Place>,
    ) -> Option<Table> {
        let table = Table::open(&self.state_dir).filter(|table| table.head.page_size == pages.page_size());
        table.filter(|table| match (place, identity.beside(&table.head.identity)) {
            (_, Likeness::Other) => false,
            // The capture has proven that it is the same file.
            (Some(place), Likeness::Same | Likeness::Renumbered) => place.chain == table.head.chain,
            // Beside a capture that cannot say where it stands, its chain must not be continued.
            (None, Likeness::Same) => matches!(self.commits, Commits::Unknown),
            (None, Likeness::Renumbered) => false,
        })
    }

    /// Whether the last point is one of the chain of that table.
    pub(super) fn goes_on_from(&self, table: Option<&Table>) -> bool {
        let last = self.last.as_ref().map(|known| &known.manifest.chain);
        table.is_some_and(|table| last == Some(&table.head.chain))
    }

    /// What another program still writes for the file before is no part of the one that took its place.
    ///
    /// # Errors
    /// That there is such a program.
    pub(super) fn require_own_log(&self, identity: &Identity) -> anyhow::Result<()> {
        match self.table_of_another_file(identity) {
            Some(_) => log_holder::require_own(&self.database).context("no backup was taken"),
            None => Ok(()),
        }
    }

    /// What shows that the database with this root is an older state than the last point's.
    pub(super) fn is_older(&self, root: &PageRoot) -> Option<String> {
        self.alone(|before| before.by_root(root))
    }

    /// What the points before tell, where nobody else knows the commits.
    pub(super) fn alone<T>(&self, tell: impl FnOnce(&Before) -> Option<T>) -> Option<T> {
        matches!(self.commits, Commits::Unknown).then(|| tell(&self.before))?
    }

    /// Whether the file is another one than the last point was taken of, and holds page for page the same: then the shop was
    /// moved, and its chain goes on there.
    fn is_moved(&self, found: &Found<'_>) -> bool {
        let table = self.table_of_another_file(found.identity);
        let last = self.last.as_ref().map(|known| &known.manifest.page_root);
        matches!(self.commits, Commits::Unknown)
            && self.goes_on_from(table.as_ref())
            && last == Some(found.root)
    }

    /// The pages of the newest full point, where that was taken of another file.
    fn table_of_another_file(&self, identity: &Identity) -> Option<Table> {
        Table::open(&self.state_dir).filter(|table| identity.beside(&table.head.identity) != Likeness::Same)
    }
}
