//! A remote on which nothing lies, seen by a machine whose agent never wrote to any: the folder of a disk that is not
//! mounted, and a path with a slip of the pen, look like a remote that nobody has used yet.
//! It asks nobody, and does not say which of the three it is: whoever knows is the owner.

use std::path::Path;

use super::{same_place::WHERE, signer::SigningKey, survey::Survey};
use crate::config::{Config, RemoteConfig, RemoteKind};

/// Where a remote is, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    remote: String,
    what: String,
}

/// A remote that answers and holds nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfilled {
    /// Its name.
    pub remote: String,
    /// What is seen there and what to look at, in a sentence without its end.
    pub told: String,
}

/// Where each remote is. None on a server: its agent has begun them, and remembers what each of them took.
#[must_use]
pub fn places(config: &Config) -> Vec<Place> {
    if SigningKey::path(&config.state_dir).exists() {
        return Vec::new();
    }
    let place = |remote: &RemoteConfig| Place {
        remote: remote.name.clone(),
        what: place_of(remote),
    };
    config.remotes.iter().map(place).collect()
}

/// Those of them that answered and hold nothing that an agent writes.
#[must_use]
pub fn of(places: &[Place], survey: &Survey) -> Vec<Unfilled> {
    let is_empty = |place: &&Place| {
        let mut holdings = survey.holdings.iter();
        holdings.any(|(name, names)| *name == place.remote && names.is_empty())
    };
    let empty = places.iter().filter(is_empty).map(|place| Unfilled {
        remote: place.remote.clone(),
        told: format!("nothing lies on {}: {}", place.remote, place.what),
    });
    empty.collect()
}

impl Survey {
    /// Those that hold nothing, where another one holds restore points: they may hold newer ones, once they are found.
    #[must_use]
    pub fn in_doubt(&self) -> &[Unfilled] {
        match self.points().is_empty() {
            true => &[],
            false => &self.unfilled,
        }
    }
}

fn place_of(remote: &RemoteConfig) -> String {
    let option = |key: &str| remote.options.get(key).map(String::as_str);
    if remote.kind == RemoteKind::Fs {
        let root = option("root").unwrap_or_default();
        return match Path::new(root).is_dir() {
            true => {
                format!(
                    "no backup is in its folder {root}: its disk may not be mounted there, or the path may not be the right one"
                )
            }
            false => {
                format!(
                    "its folder {root} is not there: its disk may not be mounted, or the path may not be the right one"
                )
            }
        };
    }
    let keys = WHERE.into_iter().chain(["root"]);
    let parts: Vec<String> = keys
        .filter_map(|key| Some(format!("{key} {}", protocol::address::bare(option(key)?))))
        .collect();
    format!(
        "no backup is where it leads ({}), which may not be the right place",
        parts.join(", ")
    )
}
