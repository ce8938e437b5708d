//! The catalogue of restore points that this agent took: a memory aid, never the truth.
//! The truth is what the remotes hold; a fresh machine restores without this.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{chain::ChainId, manifest::Manifest, object_key::PointId, time::UnixMillis};
use rusqlite::{OptionalExtension, Transaction, named_params};

use super::{
    Store,
    freshness::latest,
    growth::Growth,
    own_chains,
    sealed_to::SealedTo,
    shipping::{Taken, put_point_taken},
};

const INSERT_POINT: &str = "
    INSERT INTO restore_point
        (point, taken_at, manifest, manifest_size_bytes, manifest_sha256, damage, is_for_all, is_checked, sealed_to,
         change_counter, growth)
    VALUES (:point, :taken_at, :manifest, :size, :sha256, :damage, :for_all, :checked, :sealed_to, :counter, :growth)";
/// Behind every other by the order of writing down, so that it is never taken for this agent's last one.
const ADOPT_POINT: &str = "
    INSERT OR IGNORE INTO restore_point
        (rowid, point, taken_at, manifest, manifest_size_bytes, manifest_sha256, damage, is_for_all, is_checked, sealed_to,
         change_counter, growth)
    VALUES ((SELECT min(coalesce(min(rowid), 0), 0) - 1 FROM restore_point),
        :point, :taken_at, :manifest, :size, :sha256, :damage, :for_all, :checked, :sealed_to, :counter, :growth)";
const INSERT_COPY: &str = "
    INSERT OR REPLACE INTO restore_point_copy (point, remote, verified_at) VALUES (:point, :remote, :at)";
const SELECT_POINTS: &str = "
    SELECT p.manifest, p.manifest_size_bytes, p.manifest_sha256, coalesce(p.damage, base.damage)
    FROM restore_point p LEFT JOIN restore_point base ON base.point = json_extract(p.manifest, '$.base.point')
    ORDER BY p.taken_at DESC LIMIT :most";
const SELECT_COPIES: &str = "SELECT point, remote, verified_at, lost_at FROM restore_point_copy";
const SELECT_NEWEST: &str = "
    SELECT max(p.taken_at) FROM restore_point p JOIN restore_point_copy c ON c.point = p.point AND c.lost_at IS NULL
    WHERE p.taken_at <= :latest";
/// By the newest that each remote ever got: an older one that is whole takes no delta.
const SELECT_FULL_HOLDERS: &str = "
    SELECT remote FROM (
        SELECT c.remote, c.lost_at, p.sealed_to, max(p.rowid) FROM restore_point p JOIN restore_point_copy c ON c.point = p.point
        WHERE json_extract(p.manifest, '$.chain') = :chain AND json_extract(p.manifest, '$.base') IS NULL
        GROUP BY c.remote)
    WHERE (lost_at IS NOT NULL) = :lost AND (:keys IS NULL OR sealed_to IS NULL OR sealed_to = :keys)";
const SELECT_LATER_FULL_HOLDERS: &str = "
    SELECT DISTINCT c.remote FROM restore_point p JOIN restore_point_copy c ON c.point = p.point AND c.lost_at IS NULL
    WHERE json_extract(p.manifest, '$.chain') = :chain AND json_extract(p.manifest, '$.base') IS NULL
        AND p.rowid > (SELECT rowid FROM restore_point WHERE point = :point)";
const SELECT_LAST: &str = "
    SELECT manifest, manifest_size_bytes, manifest_sha256, damage FROM restore_point ORDER BY rowid DESC LIMIT 1";
const SELECT_COUNTER: &str = "
    SELECT max(change_counter) FROM restore_point WHERE json_extract(manifest, '$.chain') = :chain";
const SELECT_HOLDERS: &str = "
    SELECT remote FROM restore_point_copy WHERE point = :point AND lost_at IS NULL";
/// More points than any retention keeps.
const POINTS_MAX: i64 = 100_000;

/// One restore point as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPoint {
    /// What it consists of.
    pub manifest: Manifest,
    /// The encrypted manifest's size on a remote.
    pub manifest_size_bytes: u64,
    /// SHA-256 of the encrypted manifest, in hex.
    pub manifest_sha256: String,
    /// The remotes on which it was read back whole, and when.
    pub verified: BTreeMap<String, UnixMillis>,
    /// Those of them on which a comparison has found it missing or altered since, or what it stands on, and when.
    pub lost: BTreeMap<String, UnixMillis>,
    /// What SQLite found wrong with the live database when it, or the full point under it, was taken: as it was written
    /// it is whole, and no shop comes back from it.
    pub damage: Option<String>,
}

/// How a point was taken.
#[derive(Clone, Debug)]
pub struct How {
    /// It was meant for every remote, not for some that were named.
    pub is_for_all: bool,
    /// SQLite has looked at the state of the database that it holds.
    pub is_checked: bool,
    /// The keys that open it, where they are known.
    pub sealed_to: Option<SealedTo>,
    /// SQLite's file change counter in the state that it holds.
    pub change_counter: Option<u32>,
    /// What the tables had come to in it.
    pub growth: Option<Growth>,
}

impl KnownPoint {
    /// Whether a remote was seen to hold it whole, and nothing else was seen there since.
    #[must_use]
    pub fn is_held_by(&self, remote: &str) -> bool {
        self.verified.contains_key(remote) && !self.lost.contains_key(remote)
    }
}

impl Store {
    /// Writes a point down with the remotes that hold it, and counts what each of them took, in one transaction.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_point(&self, known: &KnownPoint, how: How) -> rusqlite::Result<()> {
        self.write(|transaction| {
            put_point(transaction, INSERT_POINT, known, &how)?;
            for (remote, at) in &known.verified {
                put_point_taken(transaction, remote, *at, &taken_of(known))?;
            }
            Ok(())
        })
    }

    /// Writes down that another remote holds a point whole that is written down, and counts what that remote took.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_copy(&self, known: &KnownPoint, remote: &str, at: UnixMillis) -> rusqlite::Result<()> {
        self.write(|transaction| {
            put_copy(transaction, known.manifest.point.as_str(), remote, at)?;
            put_point_taken(transaction, remote, at, &taken_of(known))
        })
    }

    /// The same for a point that another machine's agent took. One that is known keeps its manifest and gets the copies.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn adopt_point(&self, known: &KnownPoint) -> rusqlite::Result<()> {
        // Nothing here will ever look at the database that it was taken of.
        let how = How {
            is_for_all: true,
            is_checked: true,
            sealed_to: None,
            change_counter: None,
            growth: None,
        };
        self.write(|transaction| put_point(transaction, ADOPT_POINT, known, &how))
    }

    /// Every point written down, by name. One whose manifest no longer reads is left out.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn points(&self) -> rusqlite::Result<BTreeMap<PointId, KnownPoint>> {
        self.read(|connection| {
            let mut points = BTreeMap::new();
            let mut statement = connection.prepare(SELECT_POINTS)?;
            let mut rows = statement.query(named_params! {":most": POINTS_MAX})?;
            while let Some(row) = rows.next()? {
                let text: String = row.get(0)?;
                let Ok(manifest) = serde_json::from_str::<Manifest>(&text) else {
                    continue;
                };
                let known = KnownPoint {
                    manifest_size_bytes: u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
                    manifest_sha256: row.get(2)?,
                    verified: BTreeMap::new(),
                    lost: BTreeMap::new(),
                    damage: row.get(3)?,
                    manifest,
                };
                points.insert(known.manifest.point.clone(), known);
            }
            let mut statement = connection.prepare(SELECT_COPIES)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let point: String = row.get(0)?;
                if let Some(known) = PointId::parse(&point)
                    .ok()
                    .and_then(|point| points.get_mut(&point))
                {
                    let remote: String = row.get(1)?;
                    if let Some(at) = row.get::<_, Option<i64>>(3)? {
                        known.lost.insert(remote.clone(), UnixMillis(at));
                    }
                    known.verified.insert(remote, UnixMillis(row.get(2)?));
                }
            }
            Ok(points)
        })
    }

    /// The highest file change counter of SQLite's that a point of this chain holds, where any is known.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn change_counter(&self, chain: &ChainId) -> rusqlite::Result<Option<u32>> {
        self.read(|connection| {
            connection.query_row(SELECT_COUNTER, named_params! {":chain": chain.as_str()}, |row| {
                row.get(0)
            })
        })
    }

    /// The point that was written down last, whatever the clock said then; without its copies.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn last_point(&self) -> rusqlite::Result<Option<KnownPoint>> {
        let row = |row: &rusqlite::Row<'_>| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, i64>(1)?,
                row.get(2)?,
                row.get(3)?,
            ))
        };
        let found = self.read(|connection| connection.query_row(SELECT_LAST, [], row).optional())?;
        Ok(found.and_then(|(text, size, manifest_sha256, damage)| {
            Some(KnownPoint {
                manifest: serde_json::from_str(&text).ok()?,
                manifest_size_bytes: u64::try_from(size).unwrap_or(0),
                manifest_sha256,
                verified: BTreeMap::new(),
                lost: BTreeMap::new(),
                damage,
            })
        }))
    }

    /// The remotes that hold a point whole, as far as is known.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn holders(&self, point: &PointId) -> rusqlite::Result<BTreeSet<String>> {
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_HOLDERS)?
                .query_map(named_params! {":point": point.as_str()}, |row| row.get(0))?
                .collect()
        })
    }

    /// The moment of the newest point that at least one remote holds whole, and that is not dated in the future.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn newest_point_at(&self, now: UnixMillis) -> rusqlite::Result<Option<UnixMillis>> {
        let latest = named_params! {":latest": latest(now).0};
        self.read(|connection| connection.query_row(SELECT_NEWEST, latest, |row| row.get(0)))
            .map(|at: Option<i64>| at.map(UnixMillis))
    }

    /// The remotes that hold a full point of this chain whole on which a delta can stand; with keys, one that is sealed to
    /// just these, or of which that is not known.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn full_point_holders(
        &self,
        chain: &ChainId,
        keys: Option<&SealedTo>,
    ) -> rusqlite::Result<BTreeSet<String>> {
        self.by_newest_full(chain, false, keys)
    }

    /// The remotes that hold a full point of this chain whole which was written down after this one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn later_full_holders(&self, chain: &ChainId, point: &PointId) -> rusqlite::Result<BTreeSet<String>> {
        let found = named_params! {":chain": chain.as_str(), ":point": point.as_str()};
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_LATER_FULL_HOLDERS)?
                .query_map(found, |row| row.get(0))?
                .collect()
        })
    }

    /// The remotes whose newest full point of this chain a comparison has found missing or altered.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn full_point_losers(&self, chain: &ChainId) -> rusqlite::Result<BTreeSet<String>> {
        self.by_newest_full(chain, true, None)
    }

    fn by_newest_full(
        &self,
        chain: &ChainId,
        is_lost: bool,
        keys: Option<&SealedTo>,
    ) -> rusqlite::Result<BTreeSet<String>> {
        let keys = keys.map(SealedTo::as_str);
        let found = named_params! {":chain": chain.as_str(), ":lost": is_lost, ":keys": keys};
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_FULL_HOLDERS)?
                .query_map(found, |row| row.get(0))?
                .collect()
        })
    }
}

fn put_point(
    transaction: &Transaction<'_>,
    insert: &str,
    known: &KnownPoint,
    how: &How,
) -> rusqlite::Result<()> {
    let manifest = serde_json::to_string(&known.manifest).expect("a manifest is plain data");
    let point = known.manifest.point.as_str();
    transaction.execute(
        insert,
        named_params! {
            ":point": point,
            ":taken_at": known.manifest.taken_at.0,
            ":manifest": manifest,
            ":size": i64::try_from(known.manifest_size_bytes).unwrap_or(i64::MAX),
            ":sha256": known.manifest_sha256,
            ":damage": known.damage,
            ":for_all": how.is_for_all,
            ":checked": how.is_checked,
            ":sealed_to": how.sealed_to.as_ref().map(SealedTo::as_str),
            ":counter": how.change_counter,
            ":growth": how.growth.as_ref().map(Growth::to_json),
        },
    )?;
    own_chains::put(transaction, &known.manifest.chain)?;
    for (remote, at) in &known.verified {
        put_copy(transaction, point, remote, *at)?;
    }
    Ok(())
}

fn put_copy(
    transaction: &Transaction<'_>,
    point: &str,
    remote: &str,
    at: UnixMillis,
) -> rusqlite::Result<()> {
    let copy = named_params! {":point": point, ":remote": remote, ":at": at.0};
    transaction.execute(INSERT_COPY, copy).map(drop)
}

/// What one remote took of it.
fn taken_of(known: &KnownPoint) -> Taken {
    let objects = known.manifest.objects();
    let size_bytes = objects.map(|object| object.size_bytes).sum::<u64>();
    Taken {
        objects: known.manifest.objects().count() as u64 + 1,
        commits: 0,
        size_bytes: size_bytes + known.manifest_size_bytes,
    }
}
