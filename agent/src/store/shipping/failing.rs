//! Since when a remote takes nothing and why, or leaves what was sent to it without an answer, and what ends that.
//! It tries nothing.

use protocol::time::UnixMillis;
use rusqlite::{Transaction, named_params};

use crate::store::Store;

const PUT_FAILED: &str = "
    INSERT INTO shipping (remote, failing_since, error) VALUES (:remote, :at, :error)
    ON CONFLICT (remote) DO UPDATE SET failing_since = coalesce(failing_since, :at), error = :error,
        unanswered_since = NULL";
const IS_FAILING: &str = "SELECT 1 FROM shipping WHERE remote = :remote AND failing_since IS NOT NULL";
/// While something waits, only that it was taken ends what failed.
const END: &str = "
    UPDATE shipping SET failing_since = NULL, error = NULL
    WHERE remote = :remote AND failing_since IS NOT NULL AND NOT EXISTS (SELECT 1 FROM segment s WHERE s.id > through_id)";
const PUT_UNANSWERED: &str = "
    INSERT INTO shipping (remote, unanswered_since) VALUES (:remote, :since)
    ON CONFLICT (remote) DO UPDATE SET unanswered_since = :since";

impl Store {
    /// The remote did not take what is next.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_ship_failed(&self, remote: &str, at: UnixMillis, error: &str) -> rusqlite::Result<()> {
        let row = named_params! {":remote": remote, ":at": at.0, ":error": error};
        self.write(|transaction| transaction.execute(PUT_FAILED, row).map(drop))
    }

    /// The remote lacks nothing: what failed before is over, unless something waits for it that it could refuse.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_fit(&self, remote: &str) -> rusqlite::Result<()> {
        let is_failing = self.read(|connection| {
            let mut statement = connection.prepare_cached(IS_FAILING)?;
            statement.exists(named_params! {":remote": remote})
        })?;
        // Nothing is written as long as there is nothing to end.
        match is_failing {
            true => self.write(|transaction| end(transaction, remote)),
            false => Ok(()),
        }
    }

    /// The remote has not answered since then; `None` while nothing is being sent to it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_unanswered(&self, remote: &str, since: Option<UnixMillis>) -> rusqlite::Result<()> {
        let row = named_params! {":remote": remote, ":since": since.map(|since| since.0)};
        self.write(|transaction| transaction.execute(PUT_UNANSWERED, row).map(drop))
    }
}

/// The remote lacks nothing any more, where nothing waits for it.
pub(super) fn end(transaction: &Transaction<'_>, remote: &str) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(END)?
        .execute(named_params! {":remote": remote})
        .map(drop)
}
