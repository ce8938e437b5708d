//! What was found out once and must still be known when it cannot be found out: a word or a path under a name.
//! It keeps no history and no secrets.

use rusqlite::{OptionalExtension, named_params};

use super::Store;

const READ: &str = "SELECT value FROM remembered WHERE name = :name";
const PUT: &str = "INSERT OR REPLACE INTO remembered (name, value) VALUES (:name, :value)";

impl Store {
    /// What is remembered under this name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remembered(&self, name: &str) -> rusqlite::Result<Option<String>> {
        self.read(|connection| {
            connection
                .prepare_cached(READ)?
                .query_row(named_params! { ":name": name }, |row| row.get(0))
                .optional()
        })
    }

    /// Remembers it in the place of what was before; what is the same is not written.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remember(&self, name: &str, value: &str) -> rusqlite::Result<()> {
        if self.remembered(name)?.as_deref() == Some(value) {
            return Ok(());
        }
        self.write(|transaction| {
            let parameters = named_params! { ":name": name, ":value": value };
            transaction.execute(PUT, parameters).map(drop)
        })
    }
}
