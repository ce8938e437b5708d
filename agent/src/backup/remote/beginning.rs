//! Whether a remote may be begun: one on which nothing lay when this server was restored may be a disk that is not mounted,
//! another bucket, or a path with a slip of the pen, and is written to only once something lies there, or its owner has said
//! that it is new.
//! It asks a remote of which nothing is in doubt for nothing.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use super::{Remote, RemoteError};
use crate::backup::{restores, survey};

/// What is known of it.
pub(super) struct Beginning {
    state_dir: PathBuf,
    is_settled: AtomicBool,
}

impl Beginning {
    /// `memory` is the remote's own folder, two below the agent's.
    pub(super) fn of(memory: &Path) -> Self {
        Self {
            state_dir: memory.ancestors().nth(2).unwrap_or(memory).to_path_buf(),
            is_settled: AtomicBool::new(false),
        }
    }

    pub(super) fn accept(&self, remote: &str) -> Result<(), String> {
        restores::is_new(&self.state_dir, remote).map_err(|error| format!("{error:#}"))
    }
}

impl Remote {
    /// Refuses to be the first who writes to a place that is in doubt.
    ///
    /// # Errors
    /// What is in doubt and what its owner can do, or that it does not answer.
    pub(super) async fn require_begun(&self) -> Result<(), RemoteError> {
        let Beginning {
            state_dir,
            is_settled,
        } = &self.beginning;
        if is_settled.load(Ordering::Relaxed) {
            return Ok(());
        }
        if restores::was_unfilled(state_dir, &self.name) && survey::names(self).await?.is_empty() {
            return Err(self.silence.note(RemoteError::Down(self.in_doubt())));
        }
        is_settled.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn in_doubt(&self) -> String {
        let name = &self.name;
        match &self.folder {
            Some(folder) => format!(
                "nothing lies in its folder {}, as when this server was restored: its disk may not be mounted. Nothing was \
                 written in its place. Mount the disk, or, when it is new, run `agent remote test {name} --new-disk`",
                folder.root().display()
            ),
            None => format!(
                "nothing lies where it leads, as when this server was restored: that may not be the right place. Nothing was \
                 written there. Correct [remotes.{name}] in agent.toml, or, when it is new, run `agent remote test {name} \
                 --new-disk`"
            ),
        }
    }
}
