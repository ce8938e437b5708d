//! What a delta would stand on, and why a full point was taken instead of one.
//! It decides nothing: that is done where the pages are read.

use std::{collections::BTreeSet, path::Path};

use anyhow::Context;
use protocol::manifest::Manifest;

use super::{
    Want,
    table::{Table, TableHead},
};
use crate::store::Store;

/// The newest full point whose pages this server knows.
pub(super) struct Base {
    head: Option<TableHead>,
    /// The remotes that hold it.
    pub holders: BTreeSet<String>,
}

impl Base {
    /// As the state directory and the catalogue know it.
    pub(super) fn find(state_dir: &Path, store: &Store) -> anyhow::Result<Self> {
        let head = Table::open(state_dir).map(|table| table.head);
        let holders = match &head {
            Some(head) => store
                .holders(&head.base.point)
                .context("looking for the newest full point")?,
            None => BTreeSet::new(),
        };
        Ok(Self { head, holders })
    }

    /// Why the point is full although a delta was wanted; `None` when all went as wanted.
    pub(super) fn why_full(&self, want: Want, taken: &Manifest) -> Option<String> {
        if want == Want::Full || taken.base.is_some() {
            return None;
        }
        let Some(head) = &self.head else {
            return Some(
                "there is no full backup that this server knows the pages of: none was taken yet, or its state directory \
                 is new"
                    .to_owned(),
            );
        };
        let base = &head.base.point;
        Some(if self.holders.is_empty() {
            format!("no remote holds the newest full backup, {base}, whole any more")
        } else if head.page_size != taken.page_size {
            format!("the database's pages have another size than in {base}")
        } else if head.chain != taken.chain {
            format!("it cannot be proven that the database continues the one in {base}: a new chain began")
        } else {
            format!("more than half of the database differs from {base}")
        })
    }
}
