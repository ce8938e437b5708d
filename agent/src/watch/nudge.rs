//! inotify, so that a rotation is looked at when it happens and not at the next look. Only to be early: who hears
//! nothing of the kernel finds the same at the usual time, because polling is what is relied on.
//! It opens no file, and tells neither what happened nor to which.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher, event::ModifyKind};
use tokio::sync::Notify;

/// Folders that are listened to: each log lies in one.
const FOLDERS_MAX: usize = 10;
/// A rotation makes and renames many files within a moment: the look waits for its end.
pub const SETTLES_WITHIN: Duration = Duration::from_millis(500);

/// The sign that something in a folder was made, renamed or deleted. Cheap to clone.
#[derive(Clone, Default)]
pub struct Nudge(Arc<Notify>);

/// Listens to folders.
pub struct Listener {
    nudge: Nudge,
    /// `None` before the first folder, and where the kernel has no inotify left to give.
    watcher: Option<RecommendedWatcher>,
    folders: Vec<PathBuf>,
}

impl Nudge {
    /// Resolves with the next sign. Nothing is lost when it is not waited for to the end.
    pub async fn given(&self) {
        self.0.notified().await;
    }
}

impl Listener {
    /// A listener that gives this sign.
    #[must_use]
    pub fn new(nudge: Nudge) -> Self {
        Self {
            nudge,
            watcher: None,
            folders: Vec::new(),
        }
    }

    /// Listens to the folder of this file from now on. On the folder and not on the file: a file that takes the place
    /// of another is not seen otherwise.
    pub fn listen_beside(&mut self, path: &Path) {
        let Some(folder) = path.parent() else { return };
        if self.folders.len() >= FOLDERS_MAX || self.folders.iter().any(|known| known == folder) {
            return;
        }
        self.folders.push(folder.to_path_buf());
        if let Err(error) = self.listen_to(folder) {
            tracing::info!(%error, folder = %folder.display(), "no word from the kernel about this folder; it is looked at in turn");
        }
    }

    fn listen_to(&mut self, folder: &Path) -> notify::Result<()> {
        if self.watcher.is_none() {
            let nudge = self.nudge.clone();
            self.watcher = Some(notify::recommended_watcher(
                move |event: notify::Result<Event>| {
                    // Each line that is logged is an event too: only what rotation does counts.
                    if event.is_ok_and(|event| is_rotation(event.kind)) {
                        nudge.0.notify_one();
                    }
                },
            )?);
        }
        self.watcher.as_mut().map_or(Ok(()), |watcher| {
            watcher.watch(folder, RecursiveMode::NonRecursive)
        })
    }
}

fn is_rotation(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
    )
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_rename_is_a_sign_and_a_line_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bot.log");
        let mut file = fs::File::create(&path).unwrap();
        let nudge = Nudge::default();
        let mut listener = Listener::new(nudge.clone());
        listener.listen_beside(&path);
        file.write_all(b"a line\n").unwrap();
        let silent = tokio::time::timeout(Duration::from_millis(300), nudge.given()).await;
        assert!(silent.is_err());
        fs::rename(&path, dir.path().join("bot.log.1")).unwrap();
        tokio::time::timeout(LIMIT, nudge.given()).await.expect("a sign");
    }
}
