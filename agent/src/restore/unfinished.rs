//! What is fetched of a database, until all of it is there. Whoever leaves the work in its middle, as Ctrl-C and SIGTERM
//! do, leaves it for the next try, as a kill does; a restore that has failed removes it.
//! It fetches nothing.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{leftovers, place::Temporary};

/// The first line of the journal says of which point the parts are.
const LINES_BEFORE_PARTS: usize = 1;

/// The database, which parts are in it, and the folder where it had to be made.
pub(super) struct Unfinished<'a> {
    files: Option<(Temporary, Temporary)>,
    made: &'a mut Option<Temporary>,
}

impl<'a> Unfinished<'a> {
    /// Takes over what a killed restore left there; whether there was anything.
    pub(super) fn begin(folder: &Path, made: &'a mut Option<Temporary>) -> (Self, bool) {
        let database = folder.join(leftovers::database_name());
        let journal = folder.join(leftovers::journal_name());
        let was_left = leftovers::adopt(folder, &database, &journal);
        let files = Some((Temporary::new(database), Temporary::new(journal)));
        (Self { files, made }, was_left)
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
        self.made.take().map(Temporary::keep);
        Some(database.keep())
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

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        let journal = self
            .files
            .as_ref()
            .and_then(|(_, journal)| fs::read(journal.path()).ok());
        let lines = journal.map_or(0, |text| text.iter().filter(|byte| **byte == b'\n').count());
        if lines > LINES_BEFORE_PARTS {
            self.keep();
        }
    }
}
