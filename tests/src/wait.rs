//! Waiting for something to become true: generous limits that end as soon as it is.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

const BETWEEN: Duration = Duration::from_millis(25);

/// Asks again and again until there is an answer.
///
/// # Panics
/// After `limit`, naming `what` was waited for.
#[track_caller]
pub fn until<T>(what: &str, limit: Duration, ask: impl FnMut() -> Option<T>) -> T {
    within(limit, ask).unwrap_or_else(|| panic!("waited {limit:?} in vain for {what}"))
}

/// Asks again and again; `None` when there was no answer within `limit`.
pub fn within<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        sleep(BETWEEN);
    }
}
