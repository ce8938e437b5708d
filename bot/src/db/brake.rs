//! How much of the WAL nobody has copied into the database yet, and what that means: the owner is told, and at the
//! worst nothing new is sold. Pure, but for one question to SQLite that copies nothing itself.

use anyhow::{Context, Result};
use rusqlite::Connection;

/// Asks how many frames there are and how many are copied; does no checkpoint (SQLite 3.51 or newer).
const WAL_FRAMES: &str = "PRAGMA wal_checkpoint(NOOP)";
/// A page and the header of its frame.
const FRAME_BYTES: u64 = 4_096 + 24;

/// From how many bytes on the WAL is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The owner is told.
    pub heavy_bytes: u64,
    /// No new orders; payments and deliveries go on.
    pub full_bytes: u64,
}

impl Limits {
    /// What the contract with the agent says.
    pub const USUAL: Self = Self {
        heavy_bytes: 256 << 20,
        full_bytes: 1 << 30,
    };
}

/// How heavy the WAL is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Load {
    /// As it should be.
    #[default]
    Light,
    /// Nobody checkpoints: the owner must know.
    Heavy,
    /// Before the disk is full: no new orders.
    Full,
}

/// What so many bytes mean after `before`. A state is left only at half its limit: at the edge nothing flickers.
#[must_use]
pub fn load(bytes: u64, before: Load, limits: Limits) -> Load {
    let over = |limit: u64, state: Load| bytes > if before >= state { limit / 2 } else { limit };
    if over(limits.full_bytes, Load::Full) {
        Load::Full
    } else if over(limits.heavy_bytes, Load::Heavy) {
        Load::Heavy
    } else {
        Load::Light
    }
}

/// Bytes of the WAL that still count, asked outside of any transaction. One that is copied whole is written from its start again, and counts nothing.
///
/// # Errors
/// When the database fails.
pub fn wal_bytes(conn: &Connection) -> Result<u64> {
    let (frames, copied) = conn
        .query_row(WAL_FRAMES, [], |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })
        .context("asking how long the WAL is")?;
    let frames = if copied >= frames { 0 } else { frames };
    Ok(u64::try_from(frames).unwrap_or(0).saturating_mul(FRAME_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{open_reader, open_writer};

    const LIMITS: Limits = Limits {
        heavy_bytes: 100,
        full_bytes: 400,
    };

    #[test]
    fn a_state_begins_above_its_limit_and_ends_at_half_of_it() {
        use Load::{Full, Heavy, Light};
        let walk = [
            (100, Light),
            (101, Heavy),
            (60, Heavy),
            (50, Light),
            (401, Full),
            (201, Full),
            (200, Heavy),
        ];
        let mut before = Light;
        for (bytes, wanted) in walk {
            before = load(bytes, before, LIMITS);
            assert_eq!(before, wanted, "{bytes}");
        }
    }

    #[test]
    fn the_wal_is_measured_without_a_checkpoint_and_counts_nothing_once_it_is_copied() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        let conn = open_writer(&path).unwrap();
        conn.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(100000))")
            .unwrap();
        let reader = open_reader(&path).unwrap();
        let bytes = wal_bytes(&reader).unwrap();
        assert!((100_000..200_000).contains(&bytes), "{bytes}");
        assert_eq!(wal_bytes(&reader).unwrap(), bytes, "asking copies nothing");
        conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            .unwrap();
        assert_eq!(wal_bytes(&reader).unwrap(), 0);
    }
}
