//! The database's part of a restore point: all of its pages, or those that changed since the newest full point.
//! It neither begins nor ends the read transaction, and knows nothing of files and manifests.

use anyhow::ensure;
use protocol::{
    chain::{PageRoot, PageSum},
    manifest::{BaseRef, Object, PART_BYTES, PARTS_MAX},
    object_key::{self, PointId},
};

use super::{
    Progress, Want,
    changes::{self, Changes},
    delta::{self, Run},
    lineage,
    parts::{Part, Sealing},
    seal::{FASTEST_LEVEL, LEVEL},
    stage::Order,
    table::{Table, TableWriter},
};
use crate::store::pages::PinnedPages;

/// What the database came to.
pub(super) struct Sealed {
    pub objects: Vec<Object>,
    pub base: Option<BaseRef>,
    pub root: PageRoot,
    pub table: Option<TableWriter>,
}

impl Order {
    /// A delta when one is wanted and possible, else everything.
    pub(super) fn seal_database(
        &self,
        point: &PointId,
        pages: &PinnedPages,
        table: Option<&Table>,
        progress: &dyn Progress,
    ) -> anyhow::Result<Sealed> {
        let table = table.filter(|_| self.want == Want::Delta && self.base_is_held);
        if let Some(table) = table {
            progress.begin("looking for changes", bytes_of(pages));
            let found = changes::since(table, pages, &self.cancelled, progress)?;
            let is_older = self.is_older(&found.sum.root(pages.pages())).is_some();
            if !is_older && !lineage::is_too_different(found.pages.len(), pages.pages()) {
                return self.seal_delta(point, pages, table, &found, progress);
            }
            tracing::info!(
                is_older,
                "an older state, or more than half of the database changed: a full backup is taken instead of a delta"
            );
        }
        self.seal_base(point, pages, progress)
    }

    fn seal_base(
        &self,
        point: &PointId,
        pages: &PinnedPages,
        progress: &dyn Progress,
    ) -> anyhow::Result<Sealed> {
        let count = u32::try_from(bytes_of(pages).div_ceil(PART_BYTES)).unwrap_or(u32::MAX);
        let total = pages.pages();
        let pages_a_part = u32::try_from(PART_BYTES).unwrap_or(u32::MAX) / pages.page_size();
        let part = |index: u32| {
            let first = index * pages_a_part + 1;
            let run = Run {
                first,
                count: pages_a_part.min(total + 1 - first),
            };
            Part {
                head: Vec::new(),
                runs: vec![run],
            }
        };
        let table = TableWriter::begin(&self.outgoing.dir.path)?;
        self.outgoing.begin(None);
        progress.begin("backing up", bytes_of(pages));
        let (objects, sum) = self.seal_parts(
            point,
            object_key::base,
            count,
            &part,
            pages,
            Some(&table),
            progress,
        )?;
        Ok(Sealed {
            objects,
            base: None,
            root: sum.root(total),
            table: Some(table),
        })
    }

    fn seal_delta(
        &self,
        point: &PointId,
        pages: &PinnedPages,
        table: &Table,
        found: &Changes,
        progress: &dyn Progress,
    ) -> anyhow::Result<Sealed> {
        let cut = delta::cut(&found.pages, pages.page_size());
        let count = u32::try_from(cut.len()).unwrap_or(u32::MAX);
        let (page_size, total) = (pages.page_size(), pages.pages());
        let part = |index: u32| {
            let runs = delta::runs(cut[index as usize]);
            Part {
                head: delta::index(&runs, page_size, total),
                runs,
            }
        };
        self.outgoing.begin(Some(table.head.base.clone()));
        progress.begin(
            "backing up the changes",
            found.pages.len() as u64 * u64::from(page_size),
        );
        let (objects, _) = self.seal_parts(point, object_key::delta, count, &part, pages, None, progress)?;
        Ok(Sealed {
            objects,
            base: Some(table.head.base.clone()),
            root: found.sum.root(total),
            table: None,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "what a base and a delta differ in")]
    fn seal_parts(
        &self,
        point: &PointId,
        key: fn(&PointId, u32) -> String,
        count: u32,
        part: &(dyn Fn(u32) -> Part + Sync),
        pages: &PinnedPages,
        table: Option<&TableWriter>,
        progress: &dyn Progress,
    ) -> anyhow::Result<(Vec<Object>, PageSum)> {
        ensure!(
            count as usize <= PARTS_MAX,
            "the database has {} bytes: more than one restore point can hold",
            bytes_of(pages)
        );
        let sealing = Sealing {
            pages,
            cancelled: &self.cancelled,
            progress,
            table,
        };
        sealing.run(count, part, &|index, plain| {
            // What will have to wait for the line anyway has the time to become smaller.
            let level = if self.outgoing.is_behind() {
                LEVEL
            } else {
                FASTEST_LEVEL
            };
            let (object, sealed) = self.sealer.seal(&key(point, index), plain, level)?;
            self.outgoing.add(&object, sealed, &self.cancelled)?;
            Ok(object)
        })
    }
}

/// The database's size.
pub(super) fn bytes_of(pages: &PinnedPages) -> u64 {
    u64::from(pages.page_size()) * u64::from(pages.pages())
}
