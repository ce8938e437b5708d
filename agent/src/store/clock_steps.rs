//! How often this server's clock was set while the shop was followed, and how it stood last.
//! It knows nothing of which clock was right.

use std::collections::BTreeMap;

use protocol::{chain::ChainId, manifest::ClockStep};
use rusqlite::{OptionalExtension, named_params};

use super::{
    Store,
    capture::{chain_from, commit_from, signed},
};

const INSERT: &str =
    "INSERT INTO clock_step (chain, after_commit, by_ms) VALUES (:chain, :after_commit, :by_ms)";
const PRUNE: &str = "DELETE FROM clock_step WHERE id <= (SELECT max(id) FROM clock_step) - 1000";
/// Between two commits it may be set several times.
const SELECT: &str = "
    SELECT chain, after_commit, CASE WHEN count(by_ms) = count(*) THEN sum(by_ms) END AS by_ms FROM clock_step
    GROUP BY chain, after_commit HAVING by_ms IS NULL OR by_ms <> 0 ORDER BY after_commit";
const REPLACE_SEEN: &str =
    "INSERT OR REPLACE INTO clock_seen (only_row, boot, ahead_ms) VALUES (1, :boot, :ahead_ms)";
const SELECT_SEEN: &str = "SELECT boot, ahead_ms FROM clock_seen";

/// How a clock stood against the time since the machine's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockSeen {
    /// Which start.
    pub boot: String,
    /// Milliseconds from then to the epoch that the clock counts from.
    pub ahead_ms: i64,
}

impl Store {
    /// Writes down how the clock stands, and that it was set since the last look; the oldest of a thousand times goes.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_clock(&self, seen: &ClockSeen, step: Option<(&ChainId, ClockStep)>) -> rusqlite::Result<()> {
        self.write(|transaction| {
            let row = named_params! {":boot": seen.boot, ":ahead_ms": seen.ahead_ms};
            transaction.execute(REPLACE_SEEN, row)?;
            let Some((chain, step)) = step else { return Ok(()) };
            let after = signed(step.after.get());
            let row = named_params! {":chain": chain.as_str(), ":after_commit": after, ":by_ms": step.by_ms};
            transaction.execute(INSERT, row)?;
            transaction.execute(PRUNE, []).map(drop)
        })
    }

    /// How it stood when it was looked at last.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn clock_seen(&self) -> rusqlite::Result<Option<ClockSeen>> {
        self.read(|connection| {
            let row = |row: &rusqlite::Row<'_>| {
                Ok(ClockSeen {
                    boot: row.get(0)?,
                    ahead_ms: row.get(1)?,
                })
            };
            connection
                .prepare_cached(SELECT_SEEN)?
                .query_row([], row)
                .optional()
        })
    }

    /// The times that it was set, of each chain in the order of its commits.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn clock_steps(&self) -> rusqlite::Result<BTreeMap<ChainId, Vec<ClockStep>>> {
        self.read(|connection| {
            let mut all = BTreeMap::<ChainId, Vec<ClockStep>>::new();
            let mut statement = connection.prepare_cached(SELECT)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let step = ClockStep {
                    after: commit_from(row, 1)?,
                    by_ms: row.get(2)?,
                };
                all.entry(chain_from(row, 0)?).or_default().push(step);
            }
            Ok(all)
        })
    }
}
