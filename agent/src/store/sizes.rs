//! How large each restore point is on a remote: for charts.
//! It reads the agent's own catalogue only.

use protocol::{manifest::Manifest, time::UnixMillis};
use rusqlite::named_params;

use super::Store;

const READ: &str = "
    SELECT taken_at, manifest, manifest_size_bytes FROM restore_point ORDER BY taken_at DESC LIMIT :most";

impl Store {
    /// The moment of each restore point and its bytes, oldest first, at most so many of the newest. A point whose
    /// manifest no longer reads is left out.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn point_sizes(&self, most: usize) -> rusqlite::Result<Vec<(UnixMillis, u64)>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(READ)?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let mut rows = statement.query(named_params! { ":most": most })?;
            let mut sizes = Vec::new();
            while let Some(row) = rows.next()? {
                let text: String = row.get(1)?;
                let Ok(manifest) = serde_json::from_str::<Manifest>(&text) else {
                    continue;
                };
                let objects: u64 = manifest.objects().map(|object| object.size_bytes).sum();
                let own = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
                sizes.push((UnixMillis(row.get(0)?), objects.saturating_add(own)));
            }
            sizes.reverse();
            Ok(sizes)
        })
    }
}
