//! Is each place under `[watch] disks` there, and on the disk on which it was? And the database, and the agent's state? When a disk is not mounted any more its
//! folder stays and is empty, and all that asks for room asks the disk above it.
//! It mounts nothing, and reads what is remembered once. A place that comes to lie on another disk beside or below the old one was moved.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    probe::{At, Probe, Seen},
    space::MountPoints,
    trees,
};
use crate::{
    alert::{
        role::Role,
        rule::{AlertKey, Rule},
    },
    store::Store,
};

/// Soon enough to be told before what follows from it.
const EVERY: Duration = Duration::from_secs(5);
/// What its alerts are called, and its memory of where each place was mounted.
const KIND: &str = "disk_missing";
/// The same of a disk that the shop itself lives on.
const OWN_KIND: &str = "disk_gone";

/// The watch over the mounts.
pub struct Mounts {
    places: Vec<PathBuf>,
    /// What the shop and the agent themselves live on, the gravest first.
    own: Vec<Own>,
    store: Arc<Store>,
    points: MountPoints,
    /// Where each place was mounted when it was last where it should be, as far as that was looked up.
    mounted: BTreeMap<PathBuf, PathBuf>,
}

/// A place that the configuration does not call a disk of its own. Where it was mounted is known since the agent's start
/// alone: whoever moves it starts the agent anew.
struct Own {
    role: Role,
    place: PathBuf,
    mount: Option<PathBuf>,
}

impl Own {
    /// Where it was mounted, as far as that is known, and whether it is gone from there.
    fn look(&mut self, points: &mut MountPoints) -> Option<(PathBuf, bool)> {
        let (there, device) = trees::nearest(&self.place)?;
        let mount = points.of(there, device);
        match &self.mount {
            Some(before) if *before != mount && before.starts_with(&mount) => Some((before.clone(), true)),
            _ => {
                self.mount = (there == self.place).then_some(mount).or(self.mount.take());
                Some((self.mount.clone()?, false))
            }
        }
    }
}

impl Mounts {
    /// A watch over these places. What is remembered of others is forgotten: who takes a place out and puts it back says
    /// that it lies where it should.
    #[must_use]
    pub fn new(places: Vec<PathBuf>, store: Arc<Store>) -> Self {
        let names: Vec<String> = places.iter().map(|place| key(place).to_string()).collect();
        if let Err(error) = store.forget_others(KIND, &names) {
            tracing::warn!(%error, "where places were mounted that are not watched any more is still remembered");
        }
        Self {
            places,
            own: Vec::new(),
            store,
            points: MountPoints::default(),
            mounted: BTreeMap::new(),
        }
    }

    /// The same, and over what the shop and the agent live on, the gravest first.
    #[must_use]
    pub fn with_own(self, own: impl IntoIterator<Item = (Role, PathBuf)>) -> Self {
        let own = own.into_iter().map(|(role, place)| Own {
            role,
            place,
            mount: None,
        });
        Self {
            own: own.collect(),
            ..self
        }
    }

    /// Of several on one disk the first stands for it.
    fn judge_own(&mut self, seen: &mut Seen) {
        let mut told: Vec<PathBuf> = Vec::new();
        for own in &mut self.own {
            let Some((mount, is_gone)) = own.look(&mut self.points) else {
                continue;
            };
            if told.contains(&mount) {
                continue;
            }
            let key = own.role.key(OWN_KIND, &mount.display().to_string());
            let gone = is_gone.then(|| (Rule::DiskGone, own.place.display().to_string()));
            seen.judge(key, gone);
            told.push(mount);
        }
    }

    fn judge(&mut self, place: &Path) -> rusqlite::Result<Option<String>> {
        let Some(device) = trees::device(place) else {
            return Ok(Some(place.display().to_string()));
        };
        let (before, mount) = (self.before(place)?, self.points.of(place, device));
        match before {
            Some(before) if before == mount => Ok(None),
            Some(before) if before.starts_with(&mount) => Ok(Some(before.display().to_string())),
            Some(_) | None => {
                let (name, told) = (key(place).to_string(), mount.display().to_string());
                self.store.remember(&name, &told)?;
                self.mounted.insert(place.to_path_buf(), mount);
                Ok(None)
            }
        }
    }

    fn before(&mut self, place: &Path) -> rusqlite::Result<Option<PathBuf>> {
        if let Some(mount) = self.mounted.get(place) {
            return Ok(Some(mount.clone()));
        }
        let remembered = self.store.remembered(key(place).as_str())?.map(PathBuf::from);
        if let Some(mount) = &remembered {
            self.mounted.insert(place.to_path_buf(), mount.clone());
        }
        Ok(remembered)
    }
}

impl Probe for Mounts {
    fn name(&self) -> &'static str {
        "mounts"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn owns(&self, key: &str) -> bool {
        key.split('/').next() == Some(KIND) || Role::question_of(key) == OWN_KIND
    }

    fn look(&mut self, _: At) -> Seen {
        let mut seen = Seen::default();
        self.judge_own(&mut seen);
        for place in self.places.clone() {
            match self.judge(&place) {
                Ok(gone) => seen.judge(key(&place), gone.map(|gone| (Rule::DiskMissing, gone))),
                Err(error) => seen.unknown(key(&place), error.to_string()),
            }
        }
        seen
    }
}

fn key(place: &Path) -> AlertKey {
    AlertKey::new(KIND, &place.display().to_string())
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::symlink, time::Instant};

    use protocol::time::UnixMillis;

    use super::*;
    use crate::watch::probe::Verdict;

    fn gone(mounts: &mut Mounts) -> Option<String> {
        let at = At {
            now: UnixMillis(0),
            tick: Instant::now(),
        };
        match mounts.look(at).findings.remove(0).verdict {
            Verdict::Known(crate::alert::rule::Observation::Wrong { detail, .. }) => Some(detail),
            _ => None,
        }
    }

    /// `/dev/shm` is a disk of its own on every Linux; the link stands for the folder under which a disk is mounted.
    #[test]
    fn a_place_that_lies_on_the_disk_above_is_gone_until_its_own_is_back_also_after_a_restart() {
        let (disk, above) = (
            tempfile::tempdir_in("/dev/shm").unwrap(),
            tempfile::tempdir().unwrap(),
        );
        let place = above.path().join("mnt");
        let lies_in = |folder: &Path| {
            let _ = std::fs::remove_file(&place);
            symlink(folder, &place).unwrap();
        };
        let store = Arc::new(Store::open(above.path()).unwrap());
        let open = || Mounts::new(vec![place.clone()], Arc::clone(&store));
        assert_eq!(
            gone(&mut open()),
            Some(place.display().to_string()),
            "not there yet"
        );
        lies_in(disk.path());
        let mut mounts = open();
        assert_eq!(gone(&mut mounts), None);
        lies_in(Path::new("/"));
        for mounts in [&mut mounts, &mut open()] {
            assert_eq!(gone(mounts).as_deref(), Some("/dev/shm"));
        }
        // It need not ask for what it knows.
        store.forget_others(KIND, &[]).unwrap();
        assert_eq!(gone(&mut mounts).as_deref(), Some("/dev/shm"));
        lies_in(disk.path());
        assert_eq!(gone(&mut mounts), None);
        // Taken out and put back: it lies where it should.
        lies_in(Path::new("/"));
        drop(Mounts::new(Vec::new(), Arc::clone(&store)));
        assert_eq!(gone(&mut open()), None);
    }

    #[test]
    fn what_the_shop_lives_on_is_gone_until_it_is_back_and_a_start_takes_where_it_lies_for_right() {
        let (disk, above) = (
            tempfile::tempdir_in("/dev/shm").unwrap(),
            tempfile::tempdir().unwrap(),
        );
        std::fs::create_dir(disk.path().join("warung")).unwrap();
        let mounted = above.path().join("srv");
        let lies_in = |folder: &Path| {
            let _ = std::fs::remove_file(&mounted);
            symlink(folder, &mounted).unwrap();
        };
        let store = Arc::new(Store::open(above.path()).unwrap());
        let own = || {
            [
                (Role::Shop, mounted.join("warung")),
                (Role::State, mounted.join("warung")),
            ]
        };
        let open = || Mounts::new(Vec::new(), Arc::clone(&store)).with_own(own());
        let mut mounts = open();
        let at = At {
            now: UnixMillis(0),
            tick: Instant::now(),
        };
        assert_eq!(mounts.look(at).findings.len(), 0, "it never was there");
        lies_in(disk.path());
        assert_eq!(gone(&mut mounts), None);
        // The folder on it goes with it.
        lies_in(Path::new("/"));
        let seen = mounts.look(at);
        assert_eq!(seen.findings.len(), 1, "one disk is one alert");
        assert_eq!(seen.findings[0].key.as_str(), "disk_gone//dev/shm");
        let place = mounted.join("warung").display().to_string();
        assert_eq!(gone(&mut mounts), Some(place));
        lies_in(disk.path());
        assert_eq!(gone(&mut mounts), None);
        // Moved on purpose: the agent was started anew.
        lies_in(Path::new("/"));
        assert!(gone(&mut mounts).is_some());
        assert!(open().look(at).findings.is_empty());
    }
}
