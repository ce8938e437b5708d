//! Whose a file is that this program makes: commands are run by root beside an agent that runs as another user, and
//! what root makes must not lock that agent out.
//! It changes no mode, and without root's rights it does nothing.

use std::{
    fs,
    os::unix::fs::{MetadataExt, lchown},
    path::Path,
};

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
