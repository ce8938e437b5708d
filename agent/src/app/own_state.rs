//! Whether the agent's own memory still lies where it was opened: a state folder that is deleted, or put back from a copy,
//! under the running agent leaves it with files that nobody will find again, and its children with others.
//! It mends nothing. The agent ends, and the next one begins with what lies there.

use std::{convert::Infallible, fs::File, os::unix::fs::MetadataExt, path::PathBuf, time::Duration};

use anyhow::Context;
use jiff::Timestamp;
use protocol::time::UnixMillis;
use tokio::time::sleep;

use crate::{config::Config, watch::exchanged};

const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The folder and the lock in it, held open: nothing else gets their numbers meanwhile.
pub(super) struct OwnState {
    held: [(PathBuf, File); 2],
}

impl OwnState {
    /// What lies there now, which this process has just opened and locked.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(super) fn of(config: &Config) -> anyhow::Result<Self> {
        let open = |path: PathBuf| {
            let file = File::open(&path).with_context(|| format!("opening {}", path.display()))?;
            anyhow::Ok((path, file))
        };
        Ok(Self {
            held: [open(config.state_dir.clone())?, open(config.lock_path())?],
        })
    }

    /// Looks until something else lies there, and leaves word of it to the next agent.
    ///
    /// # Errors
    /// That it is so.
    pub(super) async fn watch(self) -> anyhow::Result<Infallible> {
        while self.is_in_place() {
            sleep(LOOK_EVERY).await;
        }
        let folder = &self.held[0].0;
        let now = UnixMillis(Timestamp::now().as_millisecond());
        if let Err(error) = exchanged::note(folder, now) {
            tracing::error!(error = format!("{error:#}"), "the next agent will not tell of it");
        }
        anyhow::bail!(
            "the state folder {}, or what lay in it, was deleted or exchanged under the running agent: it ends, so that the \
             next one begins with what lies there now",
            folder.display()
        )
    }

    /// One that cannot be looked at for a moment counts as there.
    fn is_in_place(&self) -> bool {
        let same = |(path, file): &(PathBuf, File)| match (path.metadata(), file.metadata()) {
            (Ok(there), Ok(held)) => (there.dev(), there.ino()) == (held.dev(), held.ino()),
            (Err(error), _) => error.kind() != std::io::ErrorKind::NotFound,
            _ => true,
        };
        self.held.iter().all(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_gone_or_another_one_is_not_the_one_that_was_opened() {
        let place = tempfile::tempdir().unwrap();
        let (state, lock) = (place.path().join("state"), place.path().join("state/agent.lock"));
        std::fs::create_dir(&state).unwrap();
        std::fs::write(&lock, "").unwrap();
        let held = [&state, &lock].map(|path| (path.clone(), File::open(path).unwrap()));
        let own = OwnState { held };
        assert!(own.is_in_place());
        std::fs::write(&lock, "again").unwrap();
        assert!(own.is_in_place(), "written to is no other one");
        let aside = place.path().join("aside");
        std::fs::rename(&state, &aside).unwrap();
        assert!(!own.is_in_place(), "gone");
        std::fs::create_dir(&state).unwrap();
        std::fs::write(&lock, "").unwrap();
        assert!(!own.is_in_place(), "another one");
        std::fs::remove_dir_all(&state).unwrap();
        std::fs::rename(&aside, &state).unwrap();
        assert!(own.is_in_place(), "back again");
        std::fs::remove_file(&lock).unwrap();
        std::fs::write(&lock, "").unwrap();
        assert!(!own.is_in_place(), "what lay in it was exchanged");
    }
}
