//! What was captured of the shop's database between restore points, the objects of it that wait to be shipped, and how
//! far each remote is.
//! It holds names, sizes and digests: nothing of the shop, and none of the objects themselves.

use protocol::{
    chain::{ChainId, CommitNumber, PageRoot},
    time::UnixMillis,
};
use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use super::{
    Store,
    defined::Defined,
    growth::Growth,
    interruptions::{EventKind, put_event},
    own_chains,
};

const SELECT_STATE: &str = "
    SELECT chain, commit_number, commit_at, page_size, pages, page_root, database_file, log_position, previous_sha256,
        changed, change_counter, file_written, log_emptied, growth, schema_cookie, user_version FROM capture";
const REPLACE_STATE: &str = "
    INSERT OR REPLACE INTO capture (only_row, chain, commit_number, commit_at, page_size, pages, page_root, database_file,
        log_position, previous_sha256, changed, change_counter, file_written, growth, schema_cookie, user_version)
    VALUES (1, :chain, :commit, :commit_at, :page_size, :pages, :page_root,
        :database_file, :log_position, :previous, :changed, :counter, :file_written, :growth, :schema, :release)";
const SET_LOG_EMPTIED: &str = "UPDATE capture SET log_emptied = :emptied WHERE log_emptied <> :emptied";
const SET_FILE_WRITTEN: &str = "UPDATE capture SET file_written = :written";
const SET_DATABASE_FILE: &str = "UPDATE capture SET database_file = :file";
const INSERT_SEGMENT: &str = "
    INSERT INTO segment (key, chain, first_commit, last_commit, first_at, last_at, size_bytes, sha256)
    VALUES (:key, :chain, :first, :last, :first_at, :last_at, :size, :sha256)";
const SELECT_AFTER: &str = "
    SELECT id, key, chain, first_commit, last_commit, first_at, last_at, size_bytes, sha256
    FROM segment WHERE id > :id ORDER BY id LIMIT :most";
const SELECT_DIGESTS: &str = "SELECT sha256 FROM segment";
const SELECT_NEWEST: &str = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'segment'";
const SPOOL_BYTES: &str = "SELECT coalesce(sum(size_bytes), 0) FROM segment";
const DELETE_THROUGH: &str = "DELETE FROM segment WHERE id <= :id";
const DELETE_AFTER: &str = "DELETE FROM segment WHERE chain = :chain AND last_commit > :commit";
/// Where the capture stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureState {
    /// The lineage.
    pub chain: ChainId,
    /// Its newest commit that is in a segment, or the one that the chain began with.
    pub commit: CommitNumber,
    /// When that commit was seen.
    pub commit_at: UnixMillis,
    /// Bytes in a page.
    pub page_size: u32,
    /// Pages of the database after it.
    pub pages: u32,
    /// What they hold.
    pub root: PageRoot,
    /// Which file the database is, as the capture wrote it.
    pub database_file: String,
    /// How far the log was read, as the capture wrote it.
    pub log_position: Option<String>,
    /// SHA-256 of the newest segment's object, in hex.
    pub previous_sha256: Option<String>,
    /// What the table of pages may lack, as the capture wrote it.
    pub changed: Vec<u8>,
    /// SQLite's counter in the first page after it, where that page was seen.
    pub change_counter: Option<u32>,
    /// What is counted of the definitions after it, where the first page was seen.
    pub defined: Option<Defined>,
    /// When the database's file was last written by a checkpoint, as the capture wrote it.
    pub file_written: Option<String>,
    /// Whether its log was found emptied or cut short since. Not written with the rest: see [`Store::set_log_emptied`].
    pub log_emptied: bool,
    /// What its tables had come to, then or since; `None` where that was never read.
    pub growth: Option<Growth>,
}

/// One object in the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpooledSegment {
    /// Grows with every object.
    pub id: i64,
    /// Its name on a remote.
    pub key: String,
    /// The lineage.
    pub chain: ChainId,
    /// Its first commit.
    pub first: CommitNumber,
    /// Its last commit.
    pub last: CommitNumber,
    /// When its first commit was seen.
    pub first_at: UnixMillis,
    /// When its last commit was seen.
    pub last_at: UnixMillis,
    /// Bytes of the object.
    pub size_bytes: u64,
    /// SHA-256 of the object, in hex.
    pub sha256: String,
}

impl Store {
    /// Where the capture stands; `None` before it ever began.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn capture_state(&self) -> rusqlite::Result<Option<CaptureState>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(SELECT_STATE)?;
            statement.query_row([], state_from).optional()
        })
    }

    /// Begins a lineage, and says why.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn begin_chain(
        &self,
        state: &CaptureState,
        at: UnixMillis,
        kind: EventKind,
        why: &str,
    ) -> rusqlite::Result<()> {
        self.write(|transaction| {
            put_state(transaction, state)?;
            own_chains::put(transaction, &state.chain)?;
            put_event(transaction, at, kind, why)
        })
    }

    /// The log was found emptied or cut short, or the database holds all the same what was followed last. Whatever is
    /// written down of the capture afterwards says that it goes on.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_log_emptied(&self, emptied: bool) -> rusqlite::Result<()> {
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(SET_LOG_EMPTIED)?;
            statement.execute(named_params! { ":emptied": emptied }).map(drop)
        })
    }

    /// A checkpoint wrote to the database's file.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_file_written(&self, written: Option<&str>) -> rusqlite::Result<()> {
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(SET_FILE_WRITTEN)?;
            statement.execute(named_params! { ":written": written }).map(drop)
        })
    }

    /// The lineage goes on in this file, which was exchanged or written to past SQLite and holds all that was followed.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn keep_chain(&self, database_file: &str, at: UnixMillis, why: &str) -> rusqlite::Result<()> {
        self.write(|transaction| {
            transaction.execute(SET_DATABASE_FILE, named_params! { ":file": database_file })?;
            put_event(transaction, at, EventKind::Unharmed, why)
        })
    }

    /// Moves the capture on by one segment, whose object lies in the spool: this is the commit of both. `resync` says
    /// why it is no ordinary one. Gives the segment's number.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_segment(
        &self,
        state: &CaptureState,
        segment: &SpooledSegment,
        event: Option<(EventKind, &str)>,
    ) -> rusqlite::Result<i64> {
        self.write(|transaction| {
            put_state(transaction, state)?;
            transaction
                .prepare_cached(INSERT_SEGMENT)?
                .execute(named_params! {
                    ":key": segment.key,
                    ":chain": segment.chain.as_str(),
                    ":first": signed(segment.first.get()),
                    ":last": signed(segment.last.get()),
                    ":first_at": segment.first_at.0,
                    ":last_at": segment.last_at.0,
                    ":size": signed(segment.size_bytes),
                    ":sha256": segment.sha256,
                })?;
            let id = transaction.last_insert_rowid();
            if let Some((kind, why)) = event {
                put_event(transaction, segment.last_at, kind, why)?;
            }
            Ok(id)
        })
    }

    /// The next objects of the spool after this number.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn segments_after(&self, id: i64, most: usize) -> rusqlite::Result<Vec<SpooledSegment>> {
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_AFTER)?
                .query_map(
                    named_params! {":id": id, ":most": signed(most as u64)},
                    segment_from,
                )?
                .collect()
        })
    }

    /// SHA-256 of all objects that the spool should hold, in hex.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn spooled_digests(&self) -> rusqlite::Result<Vec<String>> {
        self.read(|connection| {
            connection
                .prepare(SELECT_DIGESTS)?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }

    /// The number of the newest object that ever was in the spool; 0 when none was.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn newest_segment(&self) -> rusqlite::Result<i64> {
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_NEWEST)?
                .query_row([], |row| row.get(0))
        })
    }

    /// Bytes of all objects in the spool.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn spool_bytes(&self) -> rusqlite::Result<u64> {
        self.read(|connection| {
            connection
                .prepare_cached(SPOOL_BYTES)?
                .query_row([], |row| row.get(0))
        })
    }

    /// Takes the objects of this chain with commits after that one off the list.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_segments_after(&self, chain: &ChainId, commit: CommitNumber) -> rusqlite::Result<()> {
        self.write(|transaction| {
            let after = named_params! {":chain": chain.as_str(), ":commit": signed(commit.get())};
            transaction.execute(DELETE_AFTER, after).map(drop)
        })
    }

    /// Takes objects through this number off the list; their files are deleted afterwards.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_segments_through(&self, id: i64) -> rusqlite::Result<()> {
        self.write(|transaction| {
            transaction
                .execute(DELETE_THROUGH, named_params! {":id": id})
                .map(drop)
        })
    }
}

fn put_state(transaction: &Transaction<'_>, state: &CaptureState) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(REPLACE_STATE)?
        .execute(named_params! {
            ":chain": state.chain.as_str(),
            ":commit": signed(state.commit.get()),
            ":commit_at": state.commit_at.0,
            ":page_size": state.page_size,
            ":pages": state.pages,
            ":page_root": state.root.as_str(),
            ":database_file": state.database_file,
            ":log_position": state.log_position,
            ":previous": state.previous_sha256,
            ":changed": state.changed,
            ":counter": state.change_counter,
            ":schema": state.defined.map(|it| it.changes), ":release": state.defined.and_then(|it| it.release),
            ":file_written": state.file_written,
            ":growth": state.growth.as_ref().map(Growth::to_json),
        })?;
    Ok(())
}

fn state_from(row: &Row<'_>) -> rusqlite::Result<CaptureState> {
    Ok(CaptureState {
        chain: chain_from(row, 0)?,
        commit: commit_from(row, 1)?,
        commit_at: UnixMillis(row.get(2)?),
        page_size: row.get(3)?,
        pages: row.get(4)?,
        root: parsed(5, PageRoot::parse(&row.get::<_, String>(5)?))?,
        database_file: row.get(6)?,
        log_position: row.get(7)?,
        previous_sha256: row.get(8)?,
        changed: row.get(9)?,
        change_counter: row.get(10)?,
        file_written: row.get(11)?,
        log_emptied: row.get(12)?,
        growth: Growth::from_json(row.get(13)?),
        defined: Defined::read(row, 14)?,
    })
}

fn segment_from(row: &Row<'_>) -> rusqlite::Result<SpooledSegment> {
    Ok(SpooledSegment {
        id: row.get(0)?,
        key: row.get(1)?,
        chain: chain_from(row, 2)?,
        first: commit_from(row, 3)?,
        last: commit_from(row, 4)?,
        first_at: UnixMillis(row.get(5)?),
        last_at: UnixMillis(row.get(6)?),
        size_bytes: row.get(7)?,
        sha256: row.get(8)?,
    })
}

pub(super) fn chain_from(row: &Row<'_>, at: usize) -> rusqlite::Result<ChainId> {
    parsed(at, ChainId::parse(&row.get::<_, String>(at)?))
}

pub(super) fn commit_from(row: &Row<'_>, at: usize) -> rusqlite::Result<CommitNumber> {
    parsed(at, CommitNumber::new(row.get(at)?))
}

/// What this program wrote reads back, or somebody changed the file.
fn parsed<T, E: std::error::Error + Send + Sync + 'static>(
    at: usize,
    read: Result<T, E>,
) -> rusqlite::Result<T> {
    read.map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// No number here comes near SQLite's largest one.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
