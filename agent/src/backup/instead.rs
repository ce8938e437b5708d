//! What a delta would stand on, and why a full point was taken instead of one.
//! It decides nothing: that is done where the pages are read.

use std::{collections::BTreeSet, path::Path};

use anyhow::Context;
use protocol::{manifest::Manifest, time::UnixMillis};

use super::{
    Want, is_meant_for,
    lineage::{Identity, Likeness},
    survey::moment_of,
    table::{Table, TableHead},
};
use crate::store::{Store, freshness::latest, sealed_to::SealedTo};

/// The newest full point whose pages this server knows.
pub(super) struct Base {
    head: Option<TableHead>,
    /// The remotes that hold it, of those that the point is meant for.
    pub holders: BTreeSet<String>,
    /// The remotes that hold a later full point of its chain instead, which was meant for them alone.
    pub ahead: BTreeSet<String>,
    /// Whether any remote holds it.
    is_held: bool,
    /// A clock that ran ahead has dated it: a restore passes it over, and what stands on it would be lost with it.
    is_of_the_future: bool,
    /// It is sealed to other keys than this point will be: what stands on it would open with neither.
    has_other_keys: bool,
    /// The database lies in another file by now.
    is_of_another_file: bool,
}

impl Base {
    /// As the state directory and the catalogue know it, for a point that is meant for these remotes, or for all.
    pub(super) fn find(
        (state_dir, database): (&Path, &Path),
        store: &Store,
        only: &[String],
        sealed_to: &SealedTo,
        now: UnixMillis,
    ) -> anyhow::Result<Self> {
        let head = Table::open(state_dir).map(|table| table.head);
        let looking = "looking for the newest full point";
        let lies_in = |head: &TableHead| {
            Identity::of(database).is_ok_and(|it| it.beside(&head.identity) != Likeness::Other)
        };
        let is_of_another_file = head.as_ref().is_some_and(|head| !lies_in(head));
        let is_of_the_future = head
            .as_ref()
            .and_then(|head| moment_of(&head.base.point))
            .is_some_and(|at| at > latest(now));
        let has_other_keys = match &head {
            Some(head) => store
                .has_other_keys(&head.base.point, sealed_to)
                .context(looking)?,
            None => false,
        };
        let (mut holders, mut ahead) = (BTreeSet::new(), BTreeSet::new());
        if let Some(head) = head.as_ref().filter(|_| !is_of_the_future && !has_other_keys) {
            let point = &head.base.point;
            holders = store.holders(point).context(looking)?;
            ahead = store.later_full_holders(&head.chain, point).context(looking)?;
            ahead.retain(|remote| !holders.contains(remote));
        }
        let is_held = !holders.is_empty();
        holders.retain(|remote| is_meant_for(only, remote));
        Ok(Self {
            head,
            holders,
            ahead,
            is_held,
            is_of_the_future,
            has_other_keys,
            is_of_another_file,
        })
    }

    /// Whether deltas go on standing on it although there is a newer full point: that one is for some remotes alone, and
    /// the others would get no delta upon it.
    pub(super) fn stays(&self, only: &[String], taken: &Manifest) -> bool {
        let is_same_chain = self.head.as_ref().is_some_and(|head| head.chain == taken.chain);
        !only.is_empty() && self.is_held && is_same_chain
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
        Some(if self.is_of_the_future {
            format!("the newest full backup, {base}, is dated in the future")
        } else if self.has_other_keys {
            format!(
                "[backup] recipients names other keys than those that open the newest full backup, {base}, and a delta upon it \
                 would open with neither alone"
            )
        } else if self.holders.is_empty() && self.is_held {
            format!("none of the remotes that it is for holds the newest full backup, {base}")
        } else if self.holders.is_empty() {
            format!("no remote holds the newest full backup, {base}, whole any more")
        } else if head.page_size != taken.page_size {
            format!("the database's pages have another size than in {base}")
        } else if head.chain != taken.chain {
            format!("it cannot be proven that the database continues the one in {base}: a new chain began")
        } else if self.is_of_another_file {
            format!("the database lies in another file than {base} was taken of")
        } else {
            format!("more than half of the database differs from {base}")
        })
    }
}
