//! What a delta would stand on, and why a full point was taken instead of one.
//! It decides nothing: that is done where the pages are read.

use std::{collections::BTreeSet, path::Path};

use anyhow::Context;
use protocol::{manifest::Manifest, time::UnixMillis};

use super::{
    Want,
    survey::moment_of,
    table::{Table, TableHead},
};
use crate::store::{Store, freshness::latest};

/// The newest full point whose pages this server knows.
pub(super) struct Base {
    head: Option<TableHead>,
    /// The remotes that hold it; none when nothing may stand on it.
    pub holders: BTreeSet<String>,
    /// A clock that ran ahead has dated it: a restore passes it over, and what stands on it would be lost with it.
    is_ahead: bool,
}

impl Base {
    /// As the state directory and the catalogue know it.
    pub(super) fn find(state_dir: &Path, store: &Store, now: UnixMillis) -> anyhow::Result<Self> {
        let head = Table::open(state_dir).map(|table| table.head);
        let is_ahead = head
            .as_ref()
            .and_then(|head| moment_of(&head.base.point))
            .is_some_and(|at| at > latest(now));
        let holders = match &head {
            Some(head) if !is_ahead => store
                .holders(&head.base.point)
                .context("looking for the newest full point")?,
            _ => BTreeSet::new(),
        };
        Ok(Self {
            head,
            holders,
            is_ahead,
        })
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
        Some(if self.is_ahead {
            format!("the newest full backup, {base}, is dated in the future")
        } else if self.holders.is_empty() {
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
