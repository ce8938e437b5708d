//! The one place that reads the wall clock. Everything else takes `now` as an argument, or asks here at its edge.

use std::time::{SystemTime, UNIX_EPOCH};

use protocol::time::UnixMillis;

/// The present moment in UTC.
#[must_use]
pub fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
