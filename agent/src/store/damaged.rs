//! Restore points that were taken of a database which SQLite found damaged, the newest that was not, and how the newest
//! state from before the damage is asked for.
//! It looks into no backup; a delta is as damaged as the full point under it.

use std::fmt;

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::PointId,
    time::UnixMillis,
};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    Store,
    capture::{chain_from, commit_from, signed},
    freshness::latest,
};

const NEWEST_SOUND: &str = "
    SELECT p.point, json_extract(p.manifest, '$.chain'), json_extract(p.manifest, '$.commit') FROM restore_point p JOIN restore_point_copy c ON c.point = p.point AND c.lost_at IS NULL
    LEFT JOIN restore_point base ON base.point = json_extract(p.manifest, '$.base.point')
    WHERE p.taken_at <= :latest AND p.damage IS NULL AND base.damage IS NULL
    ORDER BY p.taken_at DESC LIMIT 1";
const DAMAGED: &str = "
    SELECT p.point FROM restore_point p
    LEFT JOIN restore_point base ON base.point = json_extract(p.manifest, '$.base.point')
    WHERE (p.damage IS NOT NULL OR base.damage IS NOT NULL)
        AND EXISTS (SELECT 1 FROM restore_point_copy c WHERE c.point = p.point)
    ORDER BY p.taken_at";
const FIRST_DAMAGED: &str = "
    SELECT min(json_extract(p.manifest, '$.commit')) FROM restore_point p
    LEFT JOIN restore_point base ON base.point = json_extract(p.manifest, '$.base.point')
    WHERE (p.damage IS NOT NULL OR base.damage IS NOT NULL)
        AND json_extract(p.manifest, '$.chain') = :chain AND json_extract(p.manifest, '$.commit') > :commit";
/// Of a chain that is followed no more nobody knows here how far it went.
const HAS_COMMITS_AFTER: &str = "
    SELECT EXISTS (SELECT 1 FROM capture WHERE chain <> :chain OR commit_number > :commit)
        OR EXISTS (SELECT 1 FROM shipping WHERE chain = :chain AND commit_number > :commit)";

/// How the newest state from before the damage is asked for, as far as it is known here. Written, it is the choice that
/// `agent restore` takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sound {
    /// The newest restore point of a sound database: no commit after it is known.
    Point(PointId),
    /// All of the chain that this point is of: the damage is in the file alone, or in points of another chain.
    All(ChainId),
    /// All of it before this commit, at which a point holds the damage.
    Before(ChainId, CommitNumber),
}

impl fmt::Display for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Point(point) => write!(f, "--point {point}"),
            Self::All(chain) => write!(f, "--latest --chain {chain}"),
            Self::Before(chain, commit) => write!(f, "--before-commit {commit} --chain {chain}"),
        }
    }
}

impl Store {
    /// The newest point that a remote holds whole, of a database in which SQLite found nothing wrong.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn newest_sound_point(&self, now: UnixMillis) -> rusqlite::Result<Option<PointId>> {
        let found = self.read(|connection| newest_sound(connection, now))?;
        Ok(found.map(|(point, ..)| point))
    }

    /// What loses least; `None` when no sound point is known here.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn newest_sound_state(&self, now: UnixMillis) -> rusqlite::Result<Option<Sound>> {
        self.read(|connection| {
            let Some((point, chain, commit)) = newest_sound(connection, now)? else {
                return Ok(None);
            };
            let at = named_params! {":chain": chain.as_str(), ":commit": signed(commit.get())};
            let damaged: Option<u64> = connection
                .prepare_cached(FIRST_DAMAGED)?
                .query_row(at, |row| row.get(0))?;
            let has_more: bool = connection
                .prepare_cached(HAS_COMMITS_AFTER)?
                .query_row(at, |row| row.get(0))?;
            let damaged = damaged.and_then(|number| CommitNumber::new(number).ok());
            Ok(Some(match damaged {
                Some(damaged) if damaged > commit.next() => Sound::Before(chain, damaged),
                None if has_more => Sound::All(chain),
                _ => Sound::Point(point),
            }))
        })
    }

    /// The names of the points of a damaged database that are on a remote, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn points_damaged(&self) -> rusqlite::Result<Vec<String>> {
        self.read(|connection| {
            connection
                .prepare_cached(DAMAGED)?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }
}

fn newest_sound(
    connection: &Connection,
    now: UnixMillis,
) -> rusqlite::Result<Option<(PointId, ChainId, CommitNumber)>> {
    let until = named_params! {":latest": latest(now).0};
    let read = |row: &rusqlite::Row<'_>| {
        let point = row.get::<_, String>(0)?;
        Ok((
            PointId::parse(&point).ok(),
            chain_from(row, 1)?,
            commit_from(row, 2)?,
        ))
    };
    let found = connection
        .prepare_cached(NEWEST_SOUND)?
        .query_row(until, read)
        .optional()?;
    Ok(found.and_then(|(point, chain, commit)| Some((point?, chain, commit))))
}
