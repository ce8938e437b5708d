//! Named points at which a test lets the process die as in a crash: `WARUNG_FAIL_POINT=name` or `name:n`, the n-th
//! time that it is reached. Only in builds with debug assertions; what is shipped has no such points.

/// Ends the process here, without unwinding and without a word, if this is the point and the time that were asked for.
#[cfg(debug_assertions)]
pub fn point(name: &str) {
    use std::sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    };

    static ASKED_FOR: OnceLock<Option<(String, AtomicU64)>> = OnceLock::new();
    let asked_for = ASKED_FOR.get_or_init(|| {
        let wish = std::env::var("WARUNG_FAIL_POINT").ok()?;
        let (name, count) = wish.split_once(':').unwrap_or((&wish, "1"));
        Some((name.to_owned(), AtomicU64::new(count.parse().ok()?)))
    });
    if let Some((wanted, left)) = asked_for
        && wanted == name
        && left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        std::process::abort();
    }
}

/// Nothing: this build was not made for tests.
#[cfg(not(debug_assertions))]
pub fn point(_name: &str) {}
