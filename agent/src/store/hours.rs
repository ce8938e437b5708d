//! The bot's hourly totals, kept for longer than the bot tells them: for charts against the week before.
//! Whole rupiah and counts; nothing of any order or person.

use protocol::{health::HourTotals, time::UnixMillis};
use rusqlite::named_params;

use super::Store;

/// Sixteen days: eight to show, and the week before each of them.
const KEPT_MS: i64 = 16 * 86_400_000;
const HOUR_MS: i64 = 3_600_000;

const PUT: &str = "
    INSERT OR REPLACE INTO hours (hour, placed, paid, delivered, paid_rupiah)
    VALUES (:hour, :placed, :paid, :delivered, :paid_rupiah)";
const PRUNE: &str = "DELETE FROM hours WHERE hour < :before";
const READ: &str = "
    SELECT hour, placed, paid, delivered, paid_rupiah FROM hours WHERE hour >= :from AND hour <= :to ORDER BY hour";

impl Store {
    /// Takes in what the bot says of these hours, over what it said before, and forgets those of long ago. An hour that
    /// does not begin at a whole one of UTC is left out.
    ///
    /// # Errors
    /// When the database refuses; then nothing has changed.
    pub fn put_hours(&self, hours: &[HourTotals], now: UnixMillis) -> rusqlite::Result<()> {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.write(|transaction| {
            let mut put = transaction.prepare_cached(PUT)?;
            for totals in hours.iter().filter(|totals| totals.hour.0 % HOUR_MS == 0) {
                put.execute(named_params! {
                    ":hour": totals.hour.0,
                    ":placed": count(totals.placed),
                    ":paid": count(totals.paid),
                    ":delivered": count(totals.delivered),
                    ":paid_rupiah": totals.paid_rupiah,
                })?;
            }
            let before = now.0.saturating_sub(KEPT_MS);
            transaction
                .prepare_cached(PRUNE)?
                .execute(named_params! { ":before": before })
                .map(drop)
        })
    }

    /// The totals of the hours that begin within these moments, oldest first; a quiet hour is left out.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn hours(&self, from: UnixMillis, to: UnixMillis) -> rusqlite::Result<Vec<HourTotals>> {
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        self.read(|connection| {
            let totals = |row: &rusqlite::Row<'_>| {
                Ok(HourTotals {
                    hour: UnixMillis(row.get(0)?),
                    placed: count(row.get(1)?),
                    paid: count(row.get(2)?),
                    delivered: count(row.get(3)?),
                    paid_rupiah: row.get(4)?,
                })
            };
            connection
                .prepare_cached(READ)?
                .query_map(named_params! { ":from": from.0, ":to": to.0 }, totals)?
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_kept_for_sixteen_days_and_the_newest_word_counts() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let hour = |hour: i64, placed| HourTotals {
            hour: UnixMillis(hour * HOUR_MS),
            placed,
            ..HourTotals::default()
        };
        let crooked = HourTotals {
            hour: UnixMillis(7),
            ..HourTotals::default()
        };
        store
            .put_hours(&[hour(1, 1), hour(300, 2), crooked], UnixMillis(0))
            .unwrap();
        store
            .put_hours(&[hour(300, 3)], UnixMillis(400 * HOUR_MS))
            .unwrap();
        let all = store.hours(UnixMillis(0), UnixMillis(i64::MAX)).unwrap();
        assert_eq!(all, [hour(300, 3)]);
    }
}
