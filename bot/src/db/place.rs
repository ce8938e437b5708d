//! Whether the database's file still lies under its name: what is committed to a file that was deleted, renamed or replaced is
//! gone at the next start, and no backup holds it.
//! It opens nothing. Which of the two files is the shop's, the owner says: by putting the first one back, or by a restart.

use std::{
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::Arc,
};

use protocol::health::CommitFault;

use super::standing::Refusal;

const REASON: &str = "its file was deleted, renamed or replaced under the running bot, or a disk was mounted over it: put it back";

/// Where the open file lay when it was opened. Its number is not given again while it is open. Cheap to clone.
#[derive(Clone)]
pub struct Place {
    database: Arc<Path>,
    file: (u64, u64),
}

impl Place {
    /// Where a database lies that was just opened, by the path that it was opened by: a link counts as what it leads to.
    ///
    /// # Errors
    /// When the file cannot be looked at.
    pub fn of(database: &Path) -> io::Result<Self> {
        let file = number(&fs::metadata(database)?);
        let database = Arc::from(database);
        Ok(Self { database, file })
    }

    /// Whether it lies there still. A folder that cannot be looked into is the disk's trouble, which the commit itself will meet.
    #[must_use]
    pub fn is_there(&self) -> bool {
        match fs::metadata(&self.database) {
            Ok(found) => number(&found) == self.file,
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    /// The file, for whoever asks which one the running bot has open.
    pub(super) fn note(&self) -> String {
        format!("{} {}\n", self.file.0, self.file.1)
    }

    /// Why nothing may be written or opened, where another file, or none, lies under the name by now. One look, no read.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        (!self.is_there()).then(|| Refusal {
            fault: CommitFault::Moved,
            reason: REASON.to_owned(),
        })
    }
}

fn number(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_file_that_was_opened_is_in_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let [path, aside, link] = ["shop.db", "aside.db", "link.db"].map(|name| dir.path().join(name));
        fs::write(&path, "the shop").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let [place, by_link] = [&path, &link].map(|path| Place::of(path).unwrap());
        let faults = || [&place, &by_link].map(|it| it.refusal().map(|refusal| refusal.fault));
        let (here, moved) = (None, Some(CommitFault::Moved));
        assert_eq!(faults(), [here, here]);
        fs::rename(&path, &aside).unwrap();
        assert_eq!(faults(), [moved, moved], "gone");
        fs::copy(&aside, &path).unwrap();
        assert_eq!(faults(), [moved, moved], "a copy is another file");
        fs::rename(&path, dir.path().join("copy.db")).unwrap();
        fs::rename(&aside, &path).unwrap();
        assert_eq!(faults(), [here, here]);
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(dir.path().join("copy.db"), &link).unwrap();
        assert_eq!(faults(), [here, moved], "the link leads elsewhere");
    }
}
