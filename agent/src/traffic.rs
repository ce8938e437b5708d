//! What goes to each remote by the hour, segments and restore points together, and what that and what lies there cost a
//! month.
//! It asks no remote: it reads what the agent wrote down. Without a price of the owner's it claims none.

use std::time::Duration;

use protocol::time::UnixMillis;

use crate::{
    config::{Config, Price},
    store::{Store, shipping::ShippedHour},
};

/// An object is written, asked for its size and read back.
pub const REQUESTS_AN_OBJECT: u64 = 3;
/// Over which the writes of a month are reckoned.
pub const DAY: Duration = Duration::from_secs(86_400);
/// What a week's mean is taken over.
pub const WEEK: Duration = Duration::from_secs(7 * 86_400);

const HOUR: Duration = Duration::from_secs(3_600);
const DAYS_A_MONTH: f64 = 365.0 / 12.0;
const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
/// Comparisons of the past that a picture shows.
const COMPARED_MAX: usize = 64;

/// A configured remote and what its provider charges.
#[derive(Clone, Debug, PartialEq)]
pub struct Priced {
    /// Its name.
    pub remote: String,
    /// As far as the owner has written it down.
    pub price: Price,
}

impl Priced {
    /// Whether anything can be said of what it costs.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.price.gib_month.is_some() || self.price.million_writes.is_some()
    }
}

/// The mean of a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mean {
    /// Bytes that were written, an hour.
    pub bytes: u64,
    /// Requests an hour: see [`REQUESTS_AN_OBJECT`].
    pub requests: u64,
    /// The while, which ends now: shorter where the first of it is younger, and never less than an hour.
    pub over: Duration,
}

/// How one remote stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    /// Its name.
    pub remote: String,
    /// Over the last day.
    pub day: Mean,
    /// Over the last seven.
    pub week: Mean,
    /// In the currency of its prices; `None` without one, or before the first comparison of what lies there.
    pub cost_a_month: Option<f64>,
    /// Whether the owner has written down a price.
    pub is_priced: bool,
}

/// Every configured remote, in the configuration's order.
#[must_use]
pub fn priced(config: &Config) -> Vec<Priced> {
    let one = |remote: &crate::config::RemoteConfig| Priced {
        remote: remote.name.clone(),
        price: remote.price,
    };
    config.remotes.iter().map(one).collect()
}

/// How each of them stands.
///
/// # Errors
/// When the agent's database refuses.
pub fn look(store: &Store, remotes: &[Priced], now: UnixMillis) -> rusqlite::Result<Vec<Traffic>> {
    let hours = store.shipped_hours(ago(now, WEEK))?;
    let of = |one: &Priced| {
        Ok(Traffic {
            day: mean(&hours, &one.remote, DAY, now),
            week: mean(&hours, &one.remote, WEEK, now),
            cost_a_month: costs(store, one, &hours, now)?.last().map(|cost| cost.1),
            is_priced: one.is_known(),
            remote: one.remote.clone(),
        })
    };
    remotes.iter().map(of).collect()
}

/// The mean of a while that ends now, from the first hour on in which anything went there: most hours of a quiet shop have
/// nothing. The while slides: of the hour in which it begins it counts the share that lies within, and nothing leaps when
/// the clock strikes.
#[must_use]
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mean"
)]
pub fn mean(hours: &[ShippedHour], remote: &str, over: Duration, now: UnixMillis) -> Mean {
    let from = ago(now, over);
    let own = || {
        let own = hours.iter().filter(|hour| hour.remote == remote);
        own.map(|hour| (hour, share_after(hour.from, from)))
            .filter(|(_, share)| *share > 0.0)
    };
    let (objects, bytes) = own().fold((0.0, 0.0), |(objects, bytes), (hour, share)| {
        (
            objects + share * hour.objects as f64,
            bytes + share * hour.size_bytes as f64,
        )
    });
    let since = own().map(|(hour, _)| hour.from.max(from)).min().unwrap_or(now);
    let over = now.since(since).max(HOUR);
    let an_hour = |sum: f64| (sum / (over.as_secs_f64() / HOUR.as_secs_f64())).round() as u64;
    Mean {
        bytes: an_hour(bytes),
        requests: an_hour(objects * REQUESTS_AN_OBJECT as f64),
        over,
    }
}

/// How much of the hour that begins then lies after a moment, from 0 to 1.
fn share_after(hour: UnixMillis, moment: UnixMillis) -> f64 {
    hour.plus(HOUR).since(moment).min(HOUR).as_secs_f64() / HOUR.as_secs_f64()
}

/// What a month would cost as things stood at each comparison of what lies on the remote, and as they stand now, oldest
/// first. Empty without a price, or before the first comparison.
///
/// # Errors
/// When the agent's database refuses.
pub fn costs(
    store: &Store,
    of: &Priced,
    hours: &[ShippedHour],
    now: UnixMillis,
) -> rusqlite::Result<Vec<(UnixMillis, f64)>> {
    let stored = store.stored_bytes(&of.remote, COMPARED_MAX)?;
    let newest = stored.last().map(|(_, bytes)| (now, *bytes));
    let at = |(at, bytes): (UnixMillis, u64)| {
        Some((at, cost_a_month(of.price, bytes, writes(hours, &of.remote, at))?))
    };
    Ok(stored.into_iter().chain(newest).filter_map(at).collect())
}

/// Objects written within the day before a moment.
fn writes(hours: &[ShippedHour], remote: &str, at: UnixMillis) -> u64 {
    let from = ago(at, DAY);
    let own = hours
        .iter()
        .filter(|hour| hour.remote == remote && hour.from > from && hour.from <= at);
    own.map(|hour| hour.objects).sum()
}

#[allow(clippy::cast_precision_loss, reason = "an estimate")]
fn cost_a_month(price: Price, stored_bytes: u64, writes_a_day: u64) -> Option<f64> {
    let stored = price.gib_month.map(|price| price * stored_bytes as f64 / GIB);
    let writes_a_month = writes_a_day as f64 * DAYS_A_MONTH;
    let written = price.million_writes.map(|price| price * writes_a_month / 1e6);
    match (stored, written) {
        (None, None) => None,
        (stored, written) => Some(stored.unwrap_or(0.0) + written.unwrap_or(0.0)),
    }
}

fn ago(now: UnixMillis, span: Duration) -> UnixMillis {
    UnixMillis(
        now.0
            .saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    #[test]
    fn what_is_stored_and_what_is_written_cost_and_without_a_price_nothing_is_claimed() {
        let price = |gib_month, million_writes| Price {
            gib_month,
            million_writes,
        };
        let two_gib = 2 * 1024 * 1024 * 1024;
        let cost = |price| cost_a_month(price, two_gib, 86_400);
        assert_eq!(cost(price(None, None)), None);
        assert_eq!(cost(price(Some(0.015), None)), Some(0.03));
        let both = cost(price(Some(0.015), Some(4.5))).unwrap();
        assert!((both - (0.03 + 4.5 * 2.628)).abs() < 1e-9, "{both}");
    }

    #[test]
    fn a_mean_is_over_the_hours_that_were_seen_and_over_one_remote() {
        let now = UnixMillis(1_000 * HOUR_MS);
        let hour = |ago: i64, remote: &str, objects, size_bytes| ShippedHour {
            remote: remote.to_owned(),
            from: UnixMillis(now.0 - ago * HOUR_MS),
            objects,
            commits: 0,
            size_bytes,
        };
        let hours = [
            hour(100, "a", 100, 1_000_000),
            hour(10, "a", 20, 5_000),
            hour(2, "b", 7, 700),
        ];
        let of = |remote, over| mean(&hours, remote, over, now);
        assert_eq!(
            of("a", DAY),
            Mean {
                bytes: 500,
                requests: 6,
                over: 10 * HOUR
            }
        );
        assert_eq!(
            of("a", WEEK),
            Mean {
                bytes: 10_050,
                requests: 4,
                over: 100 * HOUR
            }
        );
        assert_eq!(
            of("b", WEEK),
            Mean {
                bytes: 350,
                requests: 11,
                over: 2 * HOUR
            }
        );
        let never = of("c", WEEK);
        assert_eq!((never.bytes, never.requests), (0, 0));
        assert_eq!(writes(&hours, "a", now), 20);
    }

    #[test]
    fn a_mean_does_not_leap_when_the_clock_strikes() {
        let strikes = UnixMillis(1_000 * HOUR_MS);
        let hour = |ago: i64, size_bytes| ShippedHour {
            remote: "a".to_owned(),
            from: UnixMillis(strikes.0 - ago * HOUR_MS),
            objects: 10,
            commits: 0,
            size_bytes,
        };
        let leaps = |hours: &[ShippedHour]| {
            let at = |moment: i64| mean(hours, "a", DAY, UnixMillis(strikes.0 + moment)).bytes;
            at(-1_000).abs_diff(at(1_000))
        };
        // An agent of less than an hour, and one whose busiest hour was a day ago.
        assert!(leaps(&[hour(1, 1_000_000)]) < 1_000);
        assert!(leaps(&[hour(25, 1_000_000), hour(24, 240_000_000), hour(1, 1_000)]) < 10_000);
    }
}
