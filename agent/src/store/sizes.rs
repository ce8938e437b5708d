//! The restore points that this agent took, as people look at them: when, how large, upon what, where, and whether one
//! of them was rehearsed.
//! It reads the agent's own catalogue only; the truth is what the remotes hold.

use protocol::{manifest::Manifest, time::UnixMillis};
use rusqlite::named_params;

use super::{Store, freshness::latest};

const READ: &str = "
    SELECT p.taken_at, p.manifest, p.manifest_size_bytes,
           (SELECT count(*) FROM restore_point_copy c WHERE c.point = p.point AND c.lost_at IS NULL),
           EXISTS (SELECT 1 FROM rehearsal r WHERE r.kind = 'drill' AND r.point = p.point AND r.fault IS NULL),
           EXISTS (SELECT 1 FROM restore_point d WHERE d.damage IS NOT NULL
               AND (+d.point = p.point OR +d.point = json_extract(p.manifest, '$.base.point')))
    FROM restore_point p WHERE p.taken_at <= :latest ORDER BY p.taken_at DESC LIMIT :most";
const COUNT: &str = "SELECT count(*) FROM restore_point";

/// One restore point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointLine {
    /// The moment that its database stands at.
    pub taken_at: UnixMillis,
    /// What it takes on a remote.
    pub size_bytes: u64,
    /// Whether it stands on a full one.
    pub is_delta: bool,
    /// Remotes on which it was read back whole.
    pub copies: u32,
    /// Whether a shop was rebuilt from it and was well.
    pub is_drilled: bool,
    /// Whether SQLite found the database damaged that it, or what it stands on, was taken of.
    pub is_damaged: bool,
}

impl Store {
    /// The restore points, oldest first, at most so many of the newest. A point whose manifest no longer reads, or that
    /// is dated in the future, is left out.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn point_lines(&self, most: usize, now: UnixMillis) -> rusqlite::Result<Vec<PointLine>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(READ)?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let mut rows = statement.query(named_params! { ":most": most, ":latest": latest(now).0 })?;
            let mut lines = Vec::new();
            while let Some(row) = rows.next()? {
                let text: String = row.get(1)?;
                let Ok(manifest) = serde_json::from_str::<Manifest>(&text) else {
                    continue;
                };
                let objects: u64 = manifest.objects().map(|object| object.size_bytes).sum();
                let own = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
                lines.push(PointLine {
                    taken_at: UnixMillis(row.get(0)?),
                    size_bytes: objects.saturating_add(own),
                    is_delta: manifest.base.is_some(),
                    copies: row.get(3)?,
                    is_drilled: row.get(4)?,
                    is_damaged: row.get(5)?,
                });
            }
            lines.reverse();
            Ok(lines)
        })
    }

    /// How many restore points were taken and not forgotten.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn point_count(&self) -> rusqlite::Result<u64> {
        self.read(|connection| connection.prepare_cached(COUNT)?.query_row([], |row| row.get(0)))
    }
}
