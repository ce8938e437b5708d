//! Named points at which a test lets the process die as in a crash: `WARUNG_FAIL_POINT=name` or `name:n`, the n-th
//! time that it is reached; and at which it lets work hang for ever: `WARUNG_HANG=name:n`, the first n times.
//! Only in builds with debug assertions; what is shipped has no such points.

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

/// Never ends, if this is the point and one of the times that were asked for.
#[cfg(debug_assertions)]
pub async fn hang(name: &str) {
    use std::sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    };

    static ASKED_FOR: OnceLock<Option<(String, AtomicU64)>> = OnceLock::new();
    let asked_for = ASKED_FOR.get_or_init(|| {
        let wish = std::env::var("WARUNG_HANG").ok()?;
        let (name, count) = wish.split_once(':').unwrap_or((&wish, "1"));
        Some((name.to_owned(), AtomicU64::new(count.parse().ok()?)))
    });
    let Some((wanted, left)) = asked_for else { return };
    let take = |left: u64| left.checked_sub(1);
    if wanted == name
        && left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    {
        std::future::pending::<()>().await;
    }
}

/// Nothing: this build was not made for tests.
#[cfg(not(debug_assertions))]
pub async fn hang(_name: &str) {}
