//! A look at the shop's database while it is in use, for one that is too large to be looked at while it is backed up: by
//! a connection that only reads, at the lowest priority, and called off before the log gets long that nobody can start
//! anew meanwhile. What it finds is written down for every point that waited for it.
//! It changes nothing in the shop's database.

use std::{fs, path::Path};

use protocol::{chain::ChainId, time::UnixMillis};
use rusqlite::{ErrorCode, named_params};

use super::{
    Store,
    shop::{self, Depth},
    source::log_of,
};

/// The log may be so long at the end. It is what the agent's own upkeep of it calls long too.
const LOG_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Steps of SQLite's between two looks at the log: some milliseconds.
const STEPS: i32 = 20_000;
/// The cache of the connection, in KiB: each page is read once.
const CACHE_KIB: i64 = 2_048;

const SETTLE: &str = "
    UPDATE restore_point SET is_checked = 1, damage = coalesce(damage, :damage)
    WHERE is_checked = 0 AND taken_at <= :at AND json_extract(manifest, '$.chain') = :chain";
const WAITS: &str = "
    SELECT EXISTS (SELECT 1 FROM restore_point
        WHERE is_checked = 0 AND json_extract(manifest, '$.chain') = :chain)";

/// What a look came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// SQLite finds nothing wrong.
    Sound,
    /// It finds this.
    Damaged(String),
    /// The bot writes too much for a look that lasts, or the agent ends.
    CalledOff,
}

/// Looks at the whole database as it stands now. Blocks for as long as reading all of it takes, and lowers the priority
/// of the calling thread for good.
///
/// # Errors
/// When the database cannot be opened or read.
pub fn look(database: &Path, is_over: impl Fn() -> bool + Send + 'static) -> rusqlite::Result<Verdict> {
    // Refused, it is only less polite.
    let _ = rustix::process::setpriority_process(None, 19);
    let mut connection = shop::open_pinned(database)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    let log = log_of(database);
    // A log that is long already shows only by growing.
    let began_bytes = bytes_of(&log);
    let most_bytes = began_bytes.max(LOG_BYTES_MAX);
    connection.progress_handler(STEPS, Some(move || is_over() || bytes_of(&log) > most_bytes))?;
    match shop::damage(&connection, Depth::Quick) {
        Ok(None) => Ok(Verdict::Sound),
        Ok(Some(damage)) => Ok(Verdict::Damaged(damage)),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Ok(Verdict::CalledOff),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Ok(Verdict::Damaged(error.to_string()))
            }
            _ => Err(error),
        },
    }
}

fn bytes_of(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |found| found.len())
}

impl Store {
    /// Whether a point of this chain waits for a look at the database.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn waits_for_checkup(&self, chain: &ChainId) -> rusqlite::Result<bool> {
        let of_chain = named_params! {":chain": chain.as_str()};
        self.read(|connection| {
            connection
                .prepare_cached(WAITS)?
                .query_row(of_chain, |row| row.get(0))
        })
    }

    /// Writes down what a look found that began at that moment, for every point of the chain that waited for it: damage
    /// does not heal, and which of them it is older than nobody knows.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn settle_checkup(
        &self,
        chain: &ChainId,
        at: UnixMillis,
        damage: Option<&str>,
    ) -> rusqlite::Result<()> {
        let row = named_params! {":chain": chain.as_str(), ":at": at.0, ":damage": damage};
        self.write(|transaction| transaction.execute(SETTLE, row).map(drop))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom, Write};

    use rusqlite::Connection;

    use super::*;

    fn database(dir: &Path) -> std::path::PathBuf {
        let path = dir.join("shop.db");
        let bot = Connection::open(&path).unwrap();
        bot.pragma_update(None, "journal_mode", "WAL").unwrap();
        bot.execute_batch(
            "CREATE TABLE t (a TEXT) STRICT;
             WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
             INSERT INTO t SELECT hex(randomblob(400)) FROM n",
        )
        .unwrap();
        path
    }

    #[test]
    fn a_look_finds_damage_and_is_called_off_when_it_must_not_go_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = database(dir.path());
        assert_eq!(look(&path, || false), Ok(Verdict::Sound));
        assert_eq!(look(&path, || true), Ok(Verdict::CalledOff));
        let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.seek(SeekFrom::Start(20 * 4_096)).unwrap();
        file.write_all(&[0xff; 4_096]).unwrap();
        assert!(matches!(look(&path, || false), Ok(Verdict::Damaged(_))));
    }
}
