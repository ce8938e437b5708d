//! Connections that only read, off the runtime's threads. A reader never waits for the writer, nor the writer for it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use anyhow::Result;
use rusqlite::Connection;

use super::{OpenError, open_reader};

/// Idle connections that are kept; more are opened when needed and dropped afterwards.
const IDLE_MAX: usize = 4;

/// A small pool of reading connections. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    database: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Reader {
    /// A pool on a database that exists.
    ///
    /// # Errors
    /// When not even one connection can be opened.
    pub fn open(database: &Path) -> Result<Self, OpenError> {
        let first = open_reader(database)?;
        Ok(Self {
            database: database.to_owned(),
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
        let conn = idle.map_or_else(|| open_reader(&self.database), Ok)?;
        let result = work(&conn);
        let mut idle = self.idle.lock().expect("nobody panics while holding it");
        if idle.len() < IDLE_MAX {
            idle.push(conn);
        }
        result
    }
}
