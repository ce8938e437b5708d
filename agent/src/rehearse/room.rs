//! Where a shop is rebuilt: a folder for the agent's user alone, which holds it in plain text and goes when it is done.
//! It knows no shop.

use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use anyhow::Context;

/// Where shops are rebuilt, in the state directory.
const FOLDER: &str = "drill";

/// Deletes what a rehearsal that was killed left behind: it holds the shop in plain text.
pub fn remove_leftovers(state_dir: &Path) {
    let path = state_dir.join(FOLDER);
    if path.exists()
        && let Err(error) = fs::remove_dir_all(&path)
    {
        tracing::warn!(%error, "what an interrupted drill left behind could not be deleted");
    }
}

/// For the agent's user alone, and gone when it is dropped.
pub(super) struct PrivateFolder {
    pub path: PathBuf,
}

impl PrivateFolder {
    pub(super) fn make(state_dir: &Path) -> anyhow::Result<Self> {
        let path = state_dir.join(FOLDER);
        if path.exists() {
            fs::remove_dir_all(&path).context("deleting what an interrupted drill left behind")?;
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("making {}", path.display()))?;
        crate::store::owner::own_like(&path, state_dir);
        Ok(Self { path })
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "the folder of a drill could not be deleted");
        }
    }
}
