//! Keeps the world on disk: `state.json`, written beside and renamed, and one file for each content.
//! The record and standing faults are not kept.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};

use crate::{shared::Shared, world::World};

/// How long a change may stay in memory alone.
const SAVE_AFTER: Duration = Duration::from_millis(100);

/// Reads the world that was saved in `dir`, or begins a new one.
pub fn load(dir: &Path) -> Result<World> {
    fs::create_dir_all(files_in(dir))
        .with_context(|| format!("making the state directory {}", dir.display()))?;
    let path = dir.join("state.json");
    let mut world = match fs::read(&path) {
        Ok(json) => {
            serde_json::from_slice::<World>(&json).with_context(|| format!("reading {}", path.display()))?
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => World::default(),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    for unique_id in world.files.unique_ids() {
        let path = files_in(dir).join(&unique_id);
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        world.files.restore_content(unique_id, bytes);
    }
    Ok(world)
}

/// Saves after changes, until the sandbox ends.
pub async fn save_changes(shared: Shared, dir: PathBuf) {
    let mut watch = shared.watch();
    while watch.changed().await.is_ok() {
        if let Err(error) = save(&shared, &dir) {
            tracing::error!("the pretend world could not be saved: {error:#}");
        }
        tokio::time::sleep(SAVE_AFTER).await;
    }
}

/// Saves now. Contents first: the state never names a file that is not there.
pub fn save(shared: &Shared, dir: &Path) -> Result<()> {
    let (contents, json) = shared.with(|world, _| (world.files.take_unsaved(), serde_json::to_vec(world)));
    for (unique_id, bytes) in contents {
        write_whole(&files_in(dir).join(unique_id), &bytes)?;
    }
    write_whole(
        &dir.join("state.json"),
        &json.context("writing the state as JSON")?,
    )
}

fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, bytes)
        .and_then(|()| fs::rename(&unfinished, path))
        .with_context(|| format!("writing {}", path.display()))
}

fn files_in(dir: &Path) -> PathBuf {
    dir.join("files")
}
