//! Which remote lies on which disk, as the configuration says: what a disk that is not there explains hangs on that.
//! It looks at no disk.

use super::Alerts;
use crate::{
    config::{Config, RemoteKind},
    store::places::Places,
};

impl Alerts {
    /// The same, where it is known what lies where.
    #[must_use]
    pub fn placed(self, config: &Config) -> Self {
        let remotes = config.remotes.iter();
        let folders = remotes.filter(|remote| remote.kind == RemoteKind::Fs);
        let folders = folders.filter_map(|remote| {
            let root = remote.options.get("root")?;
            Some((remote.name.clone(), root.into()))
        });
        self.store.put_places(Places {
            folders: folders.collect(),
            disks: config.watch.disks.clone(),
        });
        self
    }
}
