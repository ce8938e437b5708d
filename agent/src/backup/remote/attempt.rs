//! One call to a remote, tried again after failures that may pass, each try under a limit of its own.
//! OpenDAL's own layers are not used: its limit of ten seconds is too short, and a limit around the retries would cut
//! off a try that has just begun.

use std::{future::Future, time::Duration};

use opendal::ErrorKind;

use super::{RemoteError, told::plain};

/// A call may take this long and [`SLOWEST_BYTES_PER_SECOND`] on top: OpenDAL's own ten seconds are too short for an
/// object of 16 MiB on a slow line.
const CALL_LIMIT: Duration = Duration::from_secs(60);
const SLOWEST_BYTES_PER_SECOND: u64 = 32 * 1024;
/// A listing or a question answers within this, or the remote counts as down.
pub(super) const ASK_LIMIT: Duration = Duration::from_secs(60);
/// How often a call is tried, and how long the pause after each failure is.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(3)];

/// Calls until it succeeds, fails for good, or has failed too often.
pub(super) async fn attempt<T, F>(limit: Duration, call: impl Fn() -> F) -> Result<T, RemoteError>
where
    F: Future<Output = opendal::Result<T>>,
{
    let mut pauses = PAUSES.iter();
    loop {
        // The limit is inside the retries: outside, it would cut an attempt off that has just begun.
        let failure = match tokio::time::timeout(limit, call()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) if error.kind() == ErrorKind::NotFound => return Err(RemoteError::Missing),
            Ok(Err(error)) if !is_worth_another_try(&error) => {
                return Err(RemoteError::Down(plain(&error)));
            }
            Ok(Err(error)) => plain(&error),
            Err(_) => format!("no answer within {} s", limit.as_secs()),
        };
        match pauses.next() {
            Some(pause) => tokio::time::sleep(*pause).await,
            None => return Err(RemoteError::Down(failure)),
        }
    }
}

/// OpenDAL calls a busy WebDAV server's 429 neither temporary nor rate-limited: what has no name of its own is tried
/// again as well.
fn is_worth_another_try(error: &opendal::Error) -> bool {
    error.is_temporary() || matches!(error.kind(), ErrorKind::Unexpected | ErrorKind::RateLimited)
}

/// How long one attempt may take for so many bytes.
pub(super) fn call_limit(bytes: u64) -> Duration {
    CALL_LIMIT + Duration::from_secs(bytes / SLOWEST_BYTES_PER_SECOND)
}
