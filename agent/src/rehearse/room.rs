//! Where a shop is rebuilt: a folder of its own for each rehearsal and for the agent's user alone, which holds the shop in
//! plain text and goes when it is done. No rehearsal opens what lies in another one's.
//! It knows no shop.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use anyhow::Context;

/// Where shops are rebuilt, in the state directory.
const FOLDER: &str = "drill";
/// Another rehearsal that ends takes the common folder along if it is empty: it is made again.
const TRIES: usize = 10;

/// Deletes what rehearsals that were killed left behind: it holds the shop in plain text.
pub fn remove_leftovers(state_dir: &Path) {
    let path = state_dir.join(FOLDER);
    if path.exists()
        && let Err(error) = sweep(&path)
    {
        tracing::warn!(%error, "what an interrupted drill left behind could not be deleted");
    }
}

fn sweep(path: &Path) -> io::Result<()> {
    let _common = claim(path)?;
    remove_unclaimed(path)?;
    remove_if_empty(path);
    Ok(())
}

/// For the agent's user alone, and gone when it is dropped.
pub(super) struct PrivateFolder {
    pub path: PathBuf,
    /// Whose process lives holds this: the kernel lets it go with the process.
    _claim: File,
}

impl PrivateFolder {
    pub(super) fn make(state_dir: &Path) -> anyhow::Result<Self> {
        let common = state_dir.join(FOLDER);
        let _whole = (0..TRIES)
            .find_map(|_| claim_new(&common).transpose())
            .context("making the folder of drills")?
            .with_context(|| format!("making {}", common.display()))?;
        crate::store::owner::own_like(&common, state_dir);
        remove_unclaimed(&common).context("deleting what an interrupted drill left behind")?;
        let path = common.join(format!("{:016x}", rand::random::<u64>()));
        let making = || format!("making {}", path.display());
        DirBuilder::new().mode(0o700).create(&path).with_context(making)?;
        crate::store::owner::own_like(&path, state_dir);
        let claim = claim(&path).with_context(making)?;
        Ok(Self { path, _claim: claim })
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "the folder of a drill could not be deleted");
        }
        let common = self.path.parent().unwrap_or(&self.path);
        // Whoever comes next makes it anew.
        if let Ok(_common) = claim(common) {
            remove_if_empty(common);
        }
    }
}

/// Waits for the folder, which nobody else changes meanwhile.
fn claim(path: &Path) -> io::Result<File> {
    let folder = File::open(path)?;
    folder.lock()?;
    Ok(folder)
}

/// The same of one that is made if it is not there; nothing when it was deleted while this waited.
fn claim_new(path: &Path) -> io::Result<Option<File>> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let same = |folder: File| -> io::Result<Option<File>> {
        let (held, there) = (folder.metadata()?, fs::metadata(path)?);
        Ok((held.ino() == there.ino()).then_some(folder))
    };
    match claim(path).and_then(same) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        claimed => claimed,
    }
}

/// What no living rehearsal works in.
fn remove_unclaimed(common: &Path) -> io::Result<()> {
    for entry in fs::read_dir(common)? {
        let entry = entry?;
        let path = entry.path();
        if !entry.file_type()?.is_dir() {
            fs::remove_file(&path)?;
        } else if File::open(&path)?.try_lock().is_ok() {
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

/// Somebody may be at work in it.
fn remove_if_empty(common: &Path) {
    let _ = fs::remove_dir(common);
}
