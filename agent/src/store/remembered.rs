//! What was found out once and must still be known when it cannot be found out: a word or a path under a name.
//! It keeps no history and no secrets.

use rusqlite::{OptionalExtension, named_params};

use super::Store;

const READ: &str = "SELECT value FROM remembered WHERE name = :name";
const NAMES: &str = "SELECT name FROM remembered ORDER BY name";
const FORGET: &str = "DELETE FROM remembered WHERE name = :name";
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

    /// Forgets what is remembered of this kind, `<kind>/<object>`, but under these names.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_others(&self, kind: &str, names: &[String]) -> rusqlite::Result<()> {
        let is_other = |name: &String| {
            let of_kind = name.split_once('/').is_some_and(|(of, _)| of == kind);
            of_kind && !names.contains(name)
        };
        let known: Vec<String> = self.read(|connection| {
            let mut statement = connection.prepare_cached(NAMES)?;
            statement.query_map([], |row| row.get(0))?.collect()
        })?;
        let others: Vec<&String> = known.iter().filter(|name| is_other(name)).collect();
        if others.is_empty() {
            return Ok(());
        }
        self.write(|transaction| {
            others.iter().try_for_each(|name| {
                transaction
                    .execute(FORGET, named_params! { ":name": name })
                    .map(drop)
            })
        })
    }
}
