//! What is fetched of a database, until all of it is there. Whoever leaves the work in its middle, as Ctrl-C and SIGTERM
//! do, leaves it for the next try, as a kill does; so does a restore that found remotes down, or what they hold damaged.
//! One that put a database together which is wrong removes it.
//! It fetches nothing.

use std::{
    fs,
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{leftovers, place::Temporary};

/// The first line of the journal says of which point the parts are.
const LINES_BEFORE_PARTS: usize = 1;

/// What a restore that did not succeed has left for the next one.
#[derive(Clone, Debug, Error)]
#[error("what was fetched stays in {}", .path.display())]
pub struct Left {
    /// The database, as far as it came.
    pub path: PathBuf,
    /// What it takes of the disk.
    pub size_bytes: u64,
}

/// The database, and which parts are in it.
pub(super) struct Unfinished {
    files: Option<(Temporary, Temporary)>,
}

impl Unfinished {
    /// Takes over what a killed restore left there; whether there was anything.
    pub(super) fn begin(folder: &Path) -> (Self, bool) {
        let database = folder.join(leftovers::database_name());
        let journal = folder.join(leftovers::journal_name());
        let was_left = leftovers::adopt(folder, &database, &journal);
        let files = Some((Temporary::new(database), Temporary::new(journal)));
        (Self { files }, was_left)
    }

    /// Where the database and its journal are.
    pub(super) fn paths(&self) -> (&Path, &Path) {
        let (database, journal) = self.files.as_ref().expect("it is taken only with the whole");
        (database.path(), journal.path())
    }

    /// Leaves everything where it is.
    pub(super) fn keep(&mut self) -> Option<PathBuf> {
        let (database, journal) = self.files.take()?;
        journal.keep();
        Some(database.keep())
    }

    /// The same where anything of it is there.
    pub(super) fn keep_parts(&mut self) -> Option<Left> {
        let path = self.has_parts().then(|| self.keep())??;
        let size_bytes = leftovers::size_on_disk(&path);
        Some(Left { path, size_bytes })
    }

    fn has_parts(&self) -> bool {
        let journal = self
            .files
            .as_ref()
            .and_then(|(_, journal)| fs::read(journal.path()).ok());
        let lines = journal.map_or(0, |text| text.iter().filter(|byte| **byte == b'\n').count());
        lines > LINES_BEFORE_PARTS
    }

    /// All of it is there: the database, which nothing more is written down of.
    pub(super) fn whole(mut self) -> Option<Temporary> {
        self.files.take().map(|(database, _)| database)
    }

    /// It led to nothing, and is removed.
    pub(super) fn failed(mut self) {
        self.files = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.has_parts() {
            self.keep();
        }
    }
}
