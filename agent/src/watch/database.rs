//! How large are the shop's database and its write-ahead log? A log that grows means that nobody puts it back into the
//! database, and beyond a gibibyte the bot takes no new orders.
//! Of the log it counts what is in use: its file never becomes shorter. It opens no database.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::probe::{At, Probe, Seen, bytes};
use crate::{
    alert::standing::{WAL, wal_key},
    backup::wal::extent::used_bytes,
    store::source::log_of,
};

const EVERY: Duration = Duration::from_secs(5);

/// The watch over the database's files.
pub struct Database {
    path: PathBuf,
}

impl Database {
    /// A watch over this database.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
        }
    }
}

impl Probe for Database {
    fn name(&self) -> &'static str {
        "database"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn look(&mut self, _: At) -> Seen {
        let mut seen = Seen::default();
        let key = wal_key();
        match (size(&self.path), used_bytes(&log_of(&self.path))) {
            (Ok(database), Ok(wal)) => {
                #[allow(clippy::cast_precision_loss, reason = "sizes to compare with")]
                let (database, wal_bytes) = (database as f64, wal as f64);
                seen.sample("database_bytes", database);
                seen.sample("database_wal_bytes", wal_bytes);
                seen.measure(key, WAL, wal_bytes, bytes(wal));
            }
            (Err(error), _) | (_, Err(error)) => seen.unknown(key, error.to_string()),
        }
        seen
    }
}

/// A file that is not there is empty: a database that nobody has opened yet has no log.
fn size(path: &Path) -> io::Result<u64> {
    match fs::metadata(path) {
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn both_files_are_measured_and_a_missing_log_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        fs::write(&path, [0; 4096]).unwrap();
        let at = At {
            now: protocol::time::UnixMillis(0),
            tick: Instant::now(),
        };
        let seen = Database::new(&path).look(at);
        let figures: Vec<(&str, f64)> = seen
            .samples
            .iter()
            .map(|sample| (sample.series.as_str(), sample.value))
            .collect();
        assert_eq!(figures, [("database_bytes", 4096.0), ("database_wal_bytes", 0.0)]);
    }
}
