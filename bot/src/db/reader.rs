//! Connections that only read, off the runtime's threads. A reader never waits for the writer, nor the writer for it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use anyhow::Result;
use rusqlite::Connection;

use super::{OpenError, Place, WriteError, open_reader};

/// Idle connections that are kept; more are opened when needed and dropped afterwards.
const IDLE_MAX: usize = 4;

/// A small pool of reading connections. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    database: PathBuf,
    place: Option<Place>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Reader {
    /// A pool on a database that exists.
    ///
    /// # Errors
    /// When not even one connection can be opened.
    pub fn open(database: &Path) -> Result<Self, OpenError> {
        Self::open_at(database, None)
    }

    /// The same of a database that lies there: what takes its place is not opened, for its pages under the log of the first
    /// one would be no state that ever was.
    ///
    /// # Errors
    /// When not even one connection can be opened.
    pub fn open_at(database: &Path, place: Option<Place>) -> Result<Self, OpenError> {
        let first = open_reader(database)?;
        Ok(Self {
            database: database.to_owned(),
            place,
            idle: Arc::new(Mutex::new(vec![first])),
        })
    }

    /// Runs `work` on a connection of the pool.
    ///
    /// # Errors
    /// What the work answered, or that no connection could be opened.
    pub async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let pool = self.clone();
        tokio::task::spawn_blocking(move || pool.run_here(work)).await?
    }

    fn run_here<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = self.idle.lock().expect("nobody panics while holding it").pop();
        let conn = idle.map_or_else(|| self.connect(), Ok)?;
        let result = work(&conn);
        let mut idle = self.idle.lock().expect("nobody panics while holding it");
        if idle.len() < IDLE_MAX {
            idle.push(conn);
        }
        result
    }

    fn connect(&self) -> Result<Connection> {
        self.require_place()?;
        let conn = open_reader(&self.database)?;
        // It may have been exchanged in between.
        self.require_place()?;
        Ok(conn)
    }

    fn require_place(&self) -> Result<(), WriteError> {
        let refusal = self.place.as_ref().and_then(Place::refusal);
        refusal.map_or(Ok(()), |refusal| Err(WriteError::Database(refusal)))
    }
}
