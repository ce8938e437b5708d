//! How each look at a remote's objects, each comparison with a daily summary and each rehearsal of a restore ended.
//! It decides nothing about what that means.

use std::collections::BTreeMap;

use protocol::time::UnixMillis;
use rusqlite::{OptionalExtension, named_params};
use serde_json::{Value, json};

use super::{Store, freshness::latest};

/// In what a look saw: it found nothing wrong, and could not compare everything that it drew.
pub const UNCOMPARED_ONLY: &str = "uncompared_only";
/// In what a drill saw: the remote did not answer, so that nothing was rehearsed.
pub const UNREACHED: &str = "unreached";
/// In what a drill saw: this server could open none of what the remote holds, so that nothing was rehearsed.
pub const UNOPENED: &str = "unopened";
/// In what a drill saw: the shop's own program could not be run, so that what came back was not counted.
pub const UNASKED: &str = "unasked";
/// In what a drill saw: this server's disk had no room for what was to come back.
pub const UNROOMED: &str = "unroomed";
/// In what such a drill saw: how much it would have taken.
pub const NEEDED_BYTES: &str = "needed_bytes";
/// In what a drill saw `beyond` what came back: commits of the chain that is followed, to which nothing there leads.
pub const OF_ANOTHER_CHAIN: &str = "of_another_chain";
const INSERT: &str = "
    INSERT INTO rehearsal (kind, remote, point, began_at, ended_at, fault, seen)
    VALUES (:kind, :remote, :point, :began_at, :ended_at, :fault, :seen)";
const PRUNE: &str = "
    DELETE FROM rehearsal WHERE ended_at < :before AND id NOT IN (SELECT max(id) FROM rehearsal GROUP BY kind, remote)";
const SELECT_NEWEST: &str = "
    SELECT kind, remote, point, began_at, ended_at, fault, seen FROM rehearsal
    WHERE kind = :kind AND remote = :remote ORDER BY id DESC LIMIT 1";
/// One that did not come about neither shows a fault nor ends one.
const SELECT_NEWEST_DONE: &str = "
    SELECT kind, remote, point, began_at, ended_at, fault, seen FROM rehearsal
    WHERE kind = :kind AND remote = :remote AND json_extract(seen, '$.unreached') IS NOT 1
        AND json_extract(seen, '$.unopened') IS NOT 1 AND json_extract(seen, '$.unasked') IS NOT 1
        AND json_extract(seen, '$.unroomed') IS NOT 1
    ORDER BY id DESC LIMIT 1";
const SELECT_SEEN: &str = "
    SELECT seen FROM rehearsal WHERE kind = :kind AND remote = :remote AND seen <> '{}' ORDER BY id DESC LIMIT 1";
const SELECT_STORED: &str = "
    SELECT ended_at, json_extract(seen, '$.stored_bytes') FROM rehearsal
    WHERE kind = 'sample' AND remote = :remote AND json_type(seen, '$.stored_bytes') = 'integer'
    ORDER BY id DESC LIMIT :most";
const SELECT_PASSED: &str = "
    SELECT max(ended_at) FROM rehearsal
    WHERE kind = :kind AND remote = :remote AND fault IS NULL AND ended_at <= :latest";
/// One that only gave a chain back which nobody follows any more says nothing of the newest state.
const SELECT_PASSED_NEWEST: &str = "
    SELECT max(ended_at) FROM rehearsal
    WHERE kind = 'drill' AND remote = :remote AND fault IS NULL AND ended_at <= :latest
        AND json_extract(seen, '$.beyond.of_another_chain') IS NOT 1";
const SELECT_DRILLED: &str = "
    SELECT point, max(ended_at) FROM rehearsal
    WHERE kind = 'drill' AND fault IS NULL AND point IS NOT NULL GROUP BY point";
const SELECT_NEWEST_PASSED: &str = "
    SELECT kind, remote, point, began_at, ended_at, fault, seen FROM rehearsal
    WHERE kind = :kind AND remote = :remote AND fault IS NULL ORDER BY id DESC LIMIT 1";
/// An older summary that fits says nothing about what a newer one named.
const SELECT_CONTRADICTED: &str = "
    SELECT kind, remote, point, began_at, ended_at, fault, seen FROM rehearsal AS failed
    WHERE kind = :kind AND remote = :remote AND fault IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM rehearsal AS passed
        WHERE passed.kind = failed.kind AND passed.remote = failed.remote AND passed.fault IS NULL
              AND passed.id > failed.id AND passed.point >= failed.point)
    ORDER BY id DESC LIMIT 1";
const SELECT_FULL_CHECK: &str = "
    SELECT max(ended_at) FROM rehearsal
    WHERE kind = 'drill' AND fault IS NULL AND json_extract(seen, '$.full_check') = 1";
/// Rows of this long ago are dropped, but for the newest of each.
const KEPT_MS: i64 = 400 * 86_400_000;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Objects were fetched and compared with the manifests.
    Sample,
    /// A shop was rebuilt from it and checked.
    Drill,
    /// What a daily summary names was looked for.
    Anchor,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Drill => "drill",
            Self::Anchor => "anchor",
        }
    }
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    /// What was done.
    pub kind: Kind,
    /// With which remote.
    pub remote: String,
    /// The restore point; `None` when none could be found.
    pub point: Option<String>,
    /// When it began.
    pub began_at: UnixMillis,
    /// When it ended.
    pub ended_at: UnixMillis,
    /// What was wrong, in a sentence; `None` when it passed.
    pub fault: Option<String>,
    /// What was seen, as JSON.
    pub seen: String,
}

impl Rehearsal {
    /// Whether one with a fault saw no damage: the remote did not answer, or not about every object that was drawn.
    #[must_use]
    pub fn was_unreached(&self) -> bool {
        let seen: Value = serde_json::from_str(&self.seen).unwrap_or_default();
        self.fault.is_some()
            && match self.kind {
                Kind::Drill => seen[UNREACHED] == json!(true),
                Kind::Sample | Kind::Anchor => seen == json!({}) || seen[UNCOMPARED_ONLY] == json!(true),
            }
    }
}

impl Rehearsal {
    /// Whether a drill did not come about: it says nothing about the backups, and the last one that passed gets older.
    #[must_use]
    pub fn was_not_rehearsed(&self) -> bool {
        let seen: Value = serde_json::from_str(&self.seen).unwrap_or_default();
        self.kind == Kind::Drill
            && (self.was_unreached()
                || self.was_uncounted()
                || [UNOPENED, UNROOMED].iter().any(|why| seen[*why] == json!(true)))
    }

    /// What it needed on this server's disk, which had no room for that: no remote's fault. `None` where it had.
    #[must_use]
    pub fn lacked_bytes(&self) -> Option<u64> {
        let seen: Value = serde_json::from_str(&self.seen).unwrap_or_default();
        let is_it = self.kind == Kind::Drill && seen[UNROOMED] == json!(true);
        is_it.then(|| seen[NEEDED_BYTES].as_u64().unwrap_or(0))
    }

    /// Whether the shop's own program counted what came back, and booted on it.
    #[must_use]
    pub fn was_counted(&self) -> bool {
        let seen: Value = serde_json::from_str(&self.seen).unwrap_or_default();
        seen["booted"] == json!(true)
    }

    /// Whether the shop's own program could not be run, which is no remote's fault.
    #[must_use]
    pub fn was_uncounted(&self) -> bool {
        let seen: Value = serde_json::from_str(&self.seen).unwrap_or_default();
        self.kind == Kind::Drill && seen[UNASKED] == json!(true)
    }
}

impl Store {
    /// What the newest one of the kind saw that saw anything, as JSON.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn last_seen(&self, kind: Kind, remote: &str) -> rusqlite::Result<Option<String>> {
        let of = named_params! {":kind": kind.word(), ":remote": remote};
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_SEEN)?
                .query_row(of, |row| row.get(0))
                .optional()
        })
    }

    /// Writes one down, and drops very old ones.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_rehearsal(&self, it: &Rehearsal) -> rusqlite::Result<()> {
        self.write(|transaction| {
            transaction.execute(
                INSERT,
                named_params! {
                    ":kind": it.kind.word(),
                    ":remote": it.remote,
                    ":point": it.point,
                    ":began_at": it.began_at.0,
                    // The clock may have been set back meanwhile.
                    ":ended_at": it.ended_at.0.max(it.began_at.0),
                    ":fault": it.fault,
                    ":seen": it.seen,
                },
            )?;
            transaction.execute(
                PRUNE,
                named_params! {":before": it.ended_at.0.saturating_sub(KEPT_MS)},
            )?;
            Ok(())
        })
    }

    /// What the newest comparisons found stored on a remote, in bytes, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn stored_bytes(&self, remote: &str, most: usize) -> rusqlite::Result<Vec<(UnixMillis, u64)>> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut found: Vec<(UnixMillis, u64)> = self.read(|connection| {
            connection
                .prepare_cached(SELECT_STORED)?
                .query_map(named_params! {":remote": remote, ":most": most}, |row| {
                    let bytes: i64 = row.get(1)?;
                    Ok((UnixMillis(row.get(0)?), u64::try_from(bytes).unwrap_or(0)))
                })?
                .collect::<rusqlite::Result<_>>()
        })?;
        found.reverse();
        Ok(found)
    }

    /// The newest one of a remote.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn newest_rehearsal(&self, kind: Kind, remote: &str) -> rusqlite::Result<Option<Rehearsal>> {
        self.one_rehearsal(SELECT_NEWEST, kind, remote)
    }

    /// The newest one of a remote that was carried out, whether it passed or not.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn newest_done(&self, kind: Kind, remote: &str) -> rusqlite::Result<Option<Rehearsal>> {
        self.one_rehearsal(SELECT_NEWEST_DONE, kind, remote)
    }

    /// The newest one of a remote that passed, with what it saw.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn newest_passed(&self, kind: Kind, remote: &str) -> rusqlite::Result<Option<Rehearsal>> {
        self.one_rehearsal(SELECT_NEWEST_PASSED, kind, remote)
    }

    /// The newest comparison with a daily summary that failed, for as long as no later one with that summary or a newer
    /// one passed: whatever else is compared meanwhile does not know what is gone.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn contradicted(&self, remote: &str) -> rusqlite::Result<Option<Rehearsal>> {
        self.one_rehearsal(SELECT_CONTRADICTED, Kind::Anchor, remote)
    }

    fn one_rehearsal(
        &self,
        statement: &str,
        kind: Kind,
        remote: &str,
    ) -> rusqlite::Result<Option<Rehearsal>> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Rehearsal {
                kind,
                remote: row.get(1)?,
                point: row.get(2)?,
                began_at: UnixMillis(row.get(3)?),
                ended_at: UnixMillis(row.get(4)?),
                fault: row.get(5)?,
                seen: row.get(6)?,
            })
        };
        self.read(|connection| {
            connection
                .prepare_cached(statement)?
                .query_row(named_params! {":kind": kind.word(), ":remote": remote}, read)
                .optional()
        })
    }

    /// When SQLite last checked every page and index of a rebuilt shop and found nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn last_full_check(&self) -> rusqlite::Result<Option<UnixMillis>> {
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_FULL_CHECK)?
                .query_row([], |row| row.get(0))
        })
        .map(|at: Option<i64>| at.map(UnixMillis))
    }

    /// When the last one that passed ended; one of a clock that ran ahead counts for nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn last_passed(
        &self,
        kind: Kind,
        remote: &str,
        now: UnixMillis,
    ) -> rusqlite::Result<Option<UnixMillis>> {
        let parameters = named_params! {":kind": kind.word(), ":remote": remote, ":latest": latest(now).0};
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_PASSED)?
                .query_row(parameters, |row| row.get(0))
        })
        .map(|at: Option<i64>| at.map(UnixMillis))
    }

    /// When the last drill ended that passed and gave the chain back which was followed then; as [`Store::last_passed`].
    ///
    /// # Errors
    /// When the database refuses.
    pub fn last_passed_newest(&self, remote: &str, now: UnixMillis) -> rusqlite::Result<Option<UnixMillis>> {
        let parameters = named_params! {":remote": remote, ":latest": latest(now).0};
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_PASSED_NEWEST)?
                .query_row(parameters, |row| row.get(0))
        })
        .map(|at: Option<i64>| at.map(UnixMillis))
    }

    /// The points from which a shop was rebuilt and found whole, and when that last was.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn drilled_points(&self) -> rusqlite::Result<BTreeMap<String, UnixMillis>> {
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_DRILLED)?
                .query_map([], |row| Ok((row.get(0)?, UnixMillis(row.get(1)?))))?
                .collect()
        })
    }
}
