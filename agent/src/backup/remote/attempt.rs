//! One call to a remote, tried again after failures that may pass, each try under a limit of its own.
//! OpenDAL's own layers are not used: its limit of ten seconds is too short, and a limit around the retries would cut
//! off a try that has just begun.

use std::{
    future::Future,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use opendal::ErrorKind;

use super::{
    RemoteError, masters,
    told::{NO_CREDENTIALS, plain},
};

/// A call may take this long and [`SLOWEST_BYTES_PER_SECOND`] on top: OpenDAL's own ten seconds are too short for an
/// object of 16 MiB on a slow line.
const CALL_LIMIT: Duration = Duration::from_secs(60);
const SLOWEST_BYTES_PER_SECOND: u64 = 32 * 1024;
/// A question, and each piece of a listing, is answered within this, or the remote counts as down.
pub const ASK_LIMIT: Duration = Duration::from_secs(30);
/// However many pieces it has.
const LIST_LIMIT: Duration = Duration::from_secs(1800);
/// How often a call is tried that brings nothing, and how long the pause after each failure is.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(3)];
/// A remote that left a question without an answer is not asked again for so long: whoever restores has others to ask.
const SILENT_FOR: Duration = Duration::from_secs(60);

/// What an SSH server says to whoever shows no key that it knows.
const KEY_REFUSED: &str = "publickey";
/// Different failures that are kept.
const FAILURES_MAX: usize = 16;

/// How long a call is waited for.
#[derive(Clone, Copy)]
pub(super) enum Patience {
    /// A question of a few bytes.
    Ask,
    /// A listing, of whose pieces each is waited for as for an answer.
    List,
    /// Reading so many bytes.
    Read(u64),
    /// Writing so many bytes. One that was not answered may have arrived, and is tried again.
    Write(u64),
}

/// A question whose failure took this long met somebody who says nothing: packets that are dropped, a proxy that waits.
const SILENT_FAILURE: Duration = Duration::from_secs(15);

impl Patience {
    /// Whether a try that failed after so long is as good as no answer. Many bytes may take long and then break off.
    fn is_silence(self, took: Duration) -> bool {
        matches!(self, Self::Ask | Self::List) && took >= SILENT_FAILURE
    }

    fn limit(self) -> Duration {
        match self {
            Self::Ask => ASK_LIMIT,
            Self::List => LIST_LIMIT,
            Self::Read(bytes) | Self::Write(bytes) => {
                CALL_LIMIT + Duration::from_secs(bytes / SLOWEST_BYTES_PER_SECOND)
            }
        }
    }
}

/// When a remote last left somebody without an answer, and why it failed to give one for good.
pub(super) struct Silence {
    /// What to say of this remote where it has nothing to sign with.
    no_credentials: String,
    /// The file of the key that ssh shows to the server.
    key_file: Option<String>,
    last: Mutex<Option<Instant>>,
    failures: Mutex<Vec<String>>,
}

impl Silence {
    pub(super) fn of(no_credentials: String, key_file: Option<String>) -> Self {
        Self {
            no_credentials,
            key_file,
            last: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    fn check(&self) -> Result<(), RemoteError> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last.is_some_and(|at| at.elapsed() < SILENT_FOR) {
            true => Err(RemoteError::Down("it did not answer a moment ago".to_owned())),
            false => Ok(()),
        }
    }

    fn begin(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// What the calls met that failed for good, the first one first.
    pub(super) fn failures(&self) -> Vec<String> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.clone()
    }

    /// Keeps why an answer did not come, each reason once, with what this remote in particular should be given.
    pub(super) fn note(&self, error: RemoteError) -> RemoteError {
        let error = match error {
            RemoteError::Down(why) => RemoteError::Down(self.explained(&why)),
            other => other,
        };
        if let RemoteError::Down(why) = &error {
            let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
            if failures.len() < FAILURES_MAX && !failures.contains(why) {
                failures.push(why.clone());
            }
        }
        error
    }

    fn explained(&self, why: &str) -> String {
        // ssh goes on without a key that is not there, and the server refuses whom it does not know. A home it knows best.
        let missing = self
            .key_file
            .as_ref()
            .filter(|path| !path.starts_with('~') && !Path::new(path).exists());
        match missing.filter(|_| why.contains(KEY_REFUSED)) {
            Some(path) => format!(
                "the key file {path} that `key` names is not there: put it there, readable for the agent's user, or correct \
                 `key`"
            ),
            None if why == NO_CREDENTIALS => self.no_credentials.clone(),
            None => why.to_owned(),
        }
    }

    /// Calls until it succeeds, fails for good, or has failed too often.
    pub(super) async fn attempt<T, F>(
        &self,
        patience: Patience,
        call: impl Fn() -> F,
    ) -> Result<T, RemoteError>
    where
        F: Future<Output = opendal::Result<T>>,
    {
        self.attempt_on(patience, || false, call).await
    }

    /// The same of what a later try goes on with: a try that brought it forward is not one that failed, however often the
    /// line breaks. Whoever says what is forward bounds how often that may be.
    pub(super) async fn attempt_on<T, F>(
        &self,
        patience: Patience,
        came_forward: impl Fn() -> bool,
        call: impl Fn() -> F,
    ) -> Result<T, RemoteError>
    where
        F: Future<Output = opendal::Result<T>>,
    {
        self.call(patience, came_forward, call).await.map_err(|error| {
            masters::end_abandoned();
            self.note(error)
        })
    }

    async fn call<T, F>(
        &self,
        patience: Patience,
        came_forward: impl Fn() -> bool,
        call: impl Fn() -> F,
    ) -> Result<T, RemoteError>
    where
        F: Future<Output = opendal::Result<T>>,
    {
        self.check()?;
        let limit = patience.limit();
        let mut pauses = PAUSES.iter();
        loop {
            let begun = Instant::now();
            // The limit is inside the retries: outside, it would cut an attempt off that has just begun.
            let failure = match tokio::time::timeout(limit, call()).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) if error.kind() == ErrorKind::NotFound => return Err(RemoteError::Missing),
                Ok(Err(error)) if !is_worth_another_try(&error) => {
                    return Err(RemoteError::Down(plain(&error)));
                }
                Ok(Err(error)) => {
                    if patience.is_silence(begun.elapsed()) {
                        self.begin();
                        return Err(RemoteError::Down(plain(&error)));
                    }
                    plain(&error)
                }
                Err(_) if matches!(patience, Patience::Write(_)) => no_answer(limit),
                Err(_) => return Err(self.unanswered(limit)),
            };
            // Each try would leave one more that waits.
            masters::end_abandoned();
            if came_forward() {
                pauses = PAUSES.iter();
            }
            match pauses.next() {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => return Err(RemoteError::Down(failure)),
            }
        }
    }

    /// That this remote has left a question without an answer for so long.
    pub(super) fn unanswered(&self, limit: Duration) -> RemoteError {
        self.begin();
        RemoteError::Down(no_answer(limit))
    }
}

fn no_answer(limit: Duration) -> String {
    format!("no answer within {} s", limit.as_secs())
}

/// OpenDAL calls a busy WebDAV server's 429 neither temporary nor rate-limited: what has no name of its own is tried
/// again as well.
fn is_worth_another_try(error: &opendal::Error) -> bool {
    error.is_temporary() || matches!(error.kind(), ErrorKind::Unexpected | ErrorKind::RateLimited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_fails_late_is_not_asked_again_at_once_and_a_part_is() {
        assert!(Patience::Ask.is_silence(Duration::from_secs(20)));
        assert!(
            !Patience::Ask.is_silence(Duration::from_secs(2)),
            "a refusal is quick"
        );
        assert!(!Patience::Read(16 << 20).is_silence(Duration::from_secs(40)));
    }
}
