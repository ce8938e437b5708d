//! Small certainties about files and folders that a restore makes: whose they are, that their names are new, that
//! they are on the disk, and that they vanish when the restore fails.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::Target;

pub(super) use crate::store::owner::own_like;

impl Target {
    /// The folder in which it is put together.
    pub(super) fn folder(&self) -> &Path {
        match self {
            Self::Live(path) => path.parent().unwrap_or(path),
            Self::Folder(folder) => folder,
        }
    }
}

/// Removed on drop unless it was kept: a failed restore leaves nothing behind.
pub(super) struct Temporary {
    path: PathBuf,
    kept: bool,
}

impl Temporary {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, kept: false }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Moves it to its final name, which must not exist.
    pub(super) fn become_final(&mut self, path: &Path) -> anyhow::Result<()> {
        fs::rename(&self.path, path).with_context(|| format!("putting {} into its place", path.display()))?;
        self.moved_away();
        Ok(())
    }

    /// It has another name already, and is not this guard's any more.
    pub(super) fn moved_away(&mut self) {
        self.kept = true;
    }

    /// Leaves it where it is.
    pub(super) fn keep(mut self) -> PathBuf {
        self.kept = true;
        self.path.clone()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let gone = match fs::symlink_metadata(&self.path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(&self.path),
            Ok(_) => fs::remove_file(&self.path),
            Err(_) => Ok(()),
        };
        if let Err(error) = gone {
            tracing::warn!(path = %self.path.display(), %error, "a temporary file of the restore could not be removed");
        }
    }
}

/// Gives a new file the mode of everything that bot and agent share by their group, whatever this process's umask.
pub(super) fn share(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o660))
}

/// A folder of a new name: `<base>`, else `<base>-2` and so on.
pub(super) fn new_folder(parent: &Path, base: &str) -> anyhow::Result<PathBuf> {
    for count in 1..100 {
        let name = if count == 1 {
            base.to_owned()
        } else {
            format!("{base}-{count}")
        };
        let path = parent.join(name);
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("making {}", path.display())),
        }
    }
    anyhow::bail!("{} holds a hundred folders {base}", parent.display())
}

/// Forces a folder's entries to the disk.
pub(super) fn flush(dir: &Path) -> anyhow::Result<()> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .with_context(|| format!("forcing {} to the disk", dir.display()))
}
