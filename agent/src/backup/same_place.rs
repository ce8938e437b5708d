//! Remotes that are one place under two names, where what lies there once would count as two copies; and folders of remotes in
//! which lies what nobody has encrypted.
//! It asks no remote: two addresses that lead to one place are not found out here.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::config::{Config, RemoteConfig, RemoteKind};

/// Options that say where a remote is; all others say how it is spoken to.
pub(super) const WHERE: [&str; 6] = [
    "endpoint",
    "bucket",
    "container",
    "account_name",
    "user",
    "username",
];

/// The names of every two remotes that are one place.
#[must_use]
pub fn pairs(config: &Config) -> Vec<(&str, &str)> {
    let remotes = config.remotes.iter().enumerate();
    let pairs = remotes.flat_map(|(at, one)| config.remotes[at + 1..].iter().map(move |other| (one, other)));
    pairs
        .filter(|(one, other)| is_same(one, other))
        .map(|(one, other)| (one.name.as_str(), other.name.as_str()))
        .collect()
}

/// What that means, and what to do.
#[must_use]
pub fn told(other: &str) -> String {
    format!(
        "they are one place, and what lies there once counts as two copies: whatever happens to one happens to the other. \
         Take [remotes.{other}] out, or give it a place of its own"
    )
}

/// Each folder of a remote with what of the agent's and the shop's own lies within it, and could be read by whoever reads
/// the remote: the agent's keys, the database.
#[must_use]
pub fn within(config: &Config) -> Vec<(&str, &Path)> {
    let own = [
        config.state_dir.as_path(),
        config.backup.database.as_path(),
        config.path.as_path(),
    ];
    let folders = config
        .remotes
        .iter()
        .filter(|remote| remote.kind == RemoteKind::Fs);
    let within = folders.flat_map(|remote| own.map(|path| (remote, path)));
    within
        .filter(|(remote, path)| {
            let (folder, path) = (folder_of(remote), as_known(path));
            folder
                .zip(path)
                .is_some_and(|(folder, path)| path.starts_with(folder))
        })
        .map(|(remote, path)| (remote.name.as_str(), path))
        .collect()
}

fn is_same(one: &RemoteConfig, other: &RemoteConfig) -> bool {
    if one.kind != other.kind {
        return false;
    }
    match one.kind {
        RemoteKind::Fs => folder_of(one) == folder_of(other),
        // There the account is the place, and only its credentials name it.
        RemoteKind::Dropbox | RemoteKind::Gdrive => {
            let secrets = |remote: &RemoteConfig| -> Vec<(String, String)> {
                let all = remote.credentials.iter();
                all.map(|(key, secret)| (key.clone(), secret.expose().to_owned()))
                    .collect()
            };
            root_of(one) == root_of(other) && secrets(one) == secrets(other)
        }
        RemoteKind::Azblob | RemoteKind::Gcs | RemoteKind::S3 | RemoteKind::Sftp | RemoteKind::Webdav => {
            let option = |remote: &RemoteConfig, key: &str| {
                let found = remote.options.get(key);
                found.map(|text| text.trim_end_matches('/').to_lowercase())
            };
            root_of(one) == root_of(other) && WHERE.iter().all(|key| option(one, key) == option(other, key))
        }
    }
}

fn root_of(remote: &RemoteConfig) -> &str {
    remote
        .options
        .get("root")
        .map_or("", |root| root.trim_matches('/'))
}

fn folder_of(remote: &RemoteConfig) -> Option<PathBuf> {
    as_known(Path::new(remote.options.get("root")?))
}

/// As the disk knows it, also by way of links; one that is not there yet by the folder that it will be made in.
pub(super) fn as_known(root: &Path) -> Option<PathBuf> {
    let there = root.ancestors().find_map(|above| {
        let known = fs::canonicalize(above).ok()?;
        Some(known.join(root.strip_prefix(above).ok()?))
    });
    // Its parts once more, without what says nothing.
    there.map(|path| path.components().collect())
}
