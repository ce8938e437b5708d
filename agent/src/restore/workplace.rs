//! The folder that a restore works in, held so that no second one works there at the same time, and taken away again where it
//! had to be made and the restore leaves nothing in it.
//! It removes no file, whosever it is.

use std::{
    fs::{self, File, Permissions, TryLockError},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};

use super::leftovers;

/// A folder that vanishes under whoever is about to hold it belonged to a restore that has just failed.
const TRIES: usize = 5;

/// The folder of a restore.
pub(super) struct Workplace {
    folder: PathBuf,
    /// The folders that had to be made, the innermost one first.
    made: Vec<PathBuf>,
    /// Let go of after they are gone: until then nobody else works there.
    _held: Option<File>,
}

impl Workplace {
    /// Makes the folder where it is not there. Beside the live database others work as well, and whoever holds that is alone.
    pub(super) fn take(folder: &Path, live: bool) -> anyhow::Result<Self> {
        for _ in 0..TRIES {
            let mut taken = Self::make(folder, live)?;
            if live {
                return Ok(taken);
            }
            // Until it is held, what was made may be in another one's hands already, or gone.
            let made = std::mem::take(&mut taken.made);
            let Some(held) = hold(folder)? else {
                continue;
            };
            (taken.made, taken._held) = (made, Some(held));
            leftovers::require_empty(folder)?;
            return Ok(taken);
        }
        bail!(leftovers::at_work(folder))
    }

    fn make(folder: &Path, live: bool) -> anyhow::Result<Self> {
        let missing = folder.ancestors().take_while(|path| !path.exists());
        let taken = Self {
            folder: folder.to_path_buf(),
            made: missing.map(Path::to_path_buf).collect(),
            _held: None,
        };
        if taken.made.is_empty() {
            return Ok(taken);
        }
        let making = || format!("making {}", folder.display());
        fs::create_dir_all(folder).with_context(making)?;
        // As systemd-tmpfiles makes the live one: bot and agent share what is in it by its group.
        let mode = if live { 0o2770 } else { 0o700 };
        fs::set_permissions(folder, Permissions::from_mode(mode)).with_context(making)?;
        Ok(taken)
    }

    /// It stays whatever happens; gives it where it had to be made.
    pub(super) fn keep(&mut self) -> Option<PathBuf> {
        let was_made = !std::mem::take(&mut self.made).is_empty();
        was_made.then(|| self.folder.clone())
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // The first that is not empty holds what is somebody's, and so do those around it.
        let _ = self.made.iter().try_for_each(fs::remove_dir);
    }
}

/// The folder, held; `None` when it went away meanwhile.
fn hold(folder: &Path) -> anyhow::Result<Option<File>> {
    let Ok(held) = File::open(folder) else {
        ensure!(!folder.exists(), "{} cannot be read", folder.display());
        return Ok(None);
    };
    if let Err(TryLockError::WouldBlock) = held.try_lock() {
        bail!(leftovers::at_work(folder));
    }
    // A file system that knows no locks leaves it at the files' own names.
    let number = |found: fs::Metadata| (found.dev(), found.ino());
    let is_it = held.metadata().ok().map(number) == fs::metadata(folder).ok().map(number);
    Ok(is_it.then_some(held))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_in_a_folder_is_told_and_takes_nothing_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("new/er");
        let mut first = Workplace::take(&folder, false).unwrap();
        fs::write(folder.join("result"), "plain").unwrap();
        let said = Workplace::take(&folder, false).err().unwrap().to_string();
        assert!(said.contains("another restore works in"), "{said}");
        assert_eq!(first.keep(), Some(folder.clone()));
        drop(first);
        let said = Workplace::take(&folder, false).err().unwrap().to_string();
        assert!(said.contains("is not empty"), "{said}");
        assert!(folder.join("result").exists());
    }

    #[test]
    fn what_was_made_goes_only_where_nothing_lies_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("new/er");
        drop(Workplace::take(&folder, false).unwrap());
        assert!(!dir.path().join("new").exists());
        let taken = Workplace::take(&folder, false).unwrap();
        fs::write(folder.join("others"), "plain").unwrap();
        drop(taken);
        assert!(folder.join("others").exists());
    }
}
