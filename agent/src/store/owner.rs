//! Whose a file is that this program makes: commands are run by root beside an agent that runs as another user, and
//! what root makes must not lock that agent out.
//! It changes no mode, and without root's rights it does nothing.

use std::{
    fs,
    os::unix::fs::{MetadataExt, lchown},
    path::Path,
};

use rustix::fs::{Access, access};

/// What to do where this user may not write a file, for the end of what was refused: SQLite says no more than that.
pub(super) fn advice(path: &Path) -> &'static str {
    match access(path, Access::WRITE_OK) {
        Ok(()) => "",
        Err(_) => {
            " (this user may not write there: give the command as the user that the agent runs as, or as root)"
        }
    }
}

/// Gives a file the owner and group of another. Without the right to do so it stays as it is: then whoever runs the
/// command is the one who runs the programs.
pub fn own_like(path: &Path, like: &Path) {
    let (Ok(own), Ok(other)) = (fs::symlink_metadata(path), fs::metadata(like)) else {
        return;
    };
    if (own.uid(), own.gid()) == (other.uid(), other.gid()) {
        return;
    }
    if let Err(error) = lchown(path, Some(other.uid()), Some(other.gid())) {
        tracing::debug!(path = %path.display(), %error, "the owner could not be set");
    }
}
