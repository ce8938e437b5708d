//! What lies where, as the configuration says: the folders of remotes, and the disks that are watched by themselves. The book
//! carries it, so that it is known which remote a disk that is not there can be the cause for.
//! It looks at no disk, and nothing of it is stored.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::Store;

/// The places of one configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The folder of each remote that is one, by the remote's name.
    pub folders: BTreeMap<String, PathBuf>,
    /// What is mounted by itself.
    pub disks: Vec<PathBuf>,
}

impl Places {
    /// Whether this remote is a folder below that place.
    #[must_use]
    pub fn lies_on(&self, remote: &str, place: &Path) -> bool {
        let folder = self.folders.get(remote);
        folder.is_some_and(|folder| folder.starts_with(place))
    }

    /// Whether this remote is a folder on a disk that is watched by itself.
    #[must_use]
    pub fn is_watched(&self, remote: &str) -> bool {
        self.disks.iter().any(|disk| self.lies_on(remote, disk))
    }
}

impl Store {
    /// What lies where, for every look at the book from now on.
    pub fn put_places(&self, places: Places) {
        let mut home = self.lock();
        home.places = Arc::new(places);
        home.book = None;
    }
}
