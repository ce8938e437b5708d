//! Orders and money by the hour, for the owner's charts. An hour that is over is counted once and remembered.
//! Figures only: no order, no customer, no product.

pub mod store;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use anyhow::Result;
use protocol::{
    health::{HOURS_MAX, HourTotals},
    time::UnixMillis,
};
use rusqlite::Connection;

const HOUR_MS: i64 = 3_600_000;
/// A transaction takes its moment before it commits: an hour is over for good this much later.
const SETTLED_AFTER_MS: i64 = 60_000;

/// The hours that were counted.
#[derive(Debug, Default)]
pub struct Hours(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    hours: BTreeMap<UnixMillis, HourTotals>,
    /// Everything before this is counted for good.
    until: Option<UnixMillis>,
}

impl Hours {
    /// The last [`HOURS_MAX`] hours, oldest first, without those in which nothing happened.
    ///
    /// # Errors
    /// When the database fails.
    pub fn totals(&self, conn: &Connection, now: UnixMillis) -> Result<Vec<HourTotals>> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = first_shown(now);
        let settled = hour_of(UnixMillis(now.0 - SETTLED_AFTER_MS));
        // A clock that was set back makes the hours count anew.
        let since = counted.until.unwrap_or(first).min(settled).max(first);
        let fresh = store::since(conn, since)?;
        counted.hours.retain(|hour, _| *hour >= first && *hour < since);
        counted.hours.extend(fresh);
        counted.until = Some(settled);
        Ok(counted.hours.values().copied().collect())
    }
}

fn hour_of(moment: UnixMillis) -> UnixMillis {
    UnixMillis(moment.0 - moment.0.rem_euclid(HOUR_MS))
}

fn first_shown(now: UnixMillis) -> UnixMillis {
    let before = i64::try_from(HOURS_MAX).unwrap_or(i64::MAX).saturating_sub(1);
    UnixMillis(hour_of(now).0 - before * HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_present_hour_is_the_last_of_those_that_are_shown() {
        let now = UnixMillis(1_795_313_640_000);
        let hours = (hour_of(now).0 - first_shown(now).0) / HOUR_MS + 1;
        assert_eq!(usize::try_from(hours).unwrap(), HOURS_MAX);
        assert!(hour_of(now) <= now && now.0 - hour_of(now).0 < HOUR_MS);
    }
}
