//! `[remotes.<name>]`: the keys that are this program's own, and OpenDAL's as they stand.
//! Whether OpenDAL knows a key is not judged here.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use protocol::settings::{Faults, Section};

use super::{BytesPerSecond, Price, RemoteConfig, RemoteKind, place, secrets};

/// More remotes than anybody has; each costs a full upload.
const REMOTES_MAX: usize = 16;
/// Where the state directory remembers remotes.
const MEMORY: &str = "remotes";

pub(super) fn read(
    top: &mut Section,
    folder: &Path,
    state_dir: &Path,
    faults: &mut Faults,
) -> Vec<RemoteConfig> {
    let mut section = top.section("remotes", faults);
    let found = section.sections(faults);
    if found.is_empty() || found.len() > REMOTES_MAX {
        faults.add(format!(
            "there must be from 1 to {REMOTES_MAX} remotes, each in a section [remotes.<name>]"
        ));
    }
    section.finish(faults);
    share_no_secret(found.iter().map(|(name, _)| name.as_str()), faults);
    found
        .into_iter()
        .filter_map(|(name, section)| remote(name, section, folder, state_dir, faults))
        .collect()
}

/// Two names that differ in case, `-` and `_` alone have one variable for the secrets of both: one server would be told the
/// other one's.
fn share_no_secret<'a>(names: impl Iterator<Item = &'a str>, faults: &mut Faults) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for name in names {
        let prefix = secrets::prefix(name);
        if let Some(other) = seen.get(&prefix) {
            faults.add(format!(
                "remotes.{other} and remotes.{name} take their secrets from the same variables, {prefix}...: give one of them \
                 another name, or each server is told the other one's secrets"
            ));
        }
        seen.insert(prefix, name);
    }
}

fn remote(
    name: String,
    mut section: Section,
    folder: &Path,
    state_dir: &Path,
    faults: &mut Faults,
) -> Option<RemoteConfig> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !(1..=40).contains(&name.len()) || !name.bytes().all(plain) {
        faults.add("the name of a remote is 1 to 40 letters, digits, '-' or '_'");
    }
    let kind = kind(&name, &mut section, faults);
    let bandwidth = bandwidth(&mut section, faults);
    let append_only = section.boolean_if_any("append_only", faults).unwrap_or(false);
    let price = Price {
        gib_month: amount("price_per_gib_month", &mut section, faults),
        million_writes: amount("price_per_million_writes", &mut section, faults),
    };
    let mut options: BTreeMap<String, String> = section.scalars(faults).into_iter().collect();
    options.retain(|key, value| {
        let secret = secrets::is_secret_key(key) || secrets::holds_password(value);
        if secret {
            let variable = secrets::variable(&name, key);
            faults.add(format!(
                "remotes.{name}.{key} is a secret and must not stand in this file: put it into {variable}"
            ));
        }
        !secret
    });
    let kind = kind?;
    // Relative paths are relative to the file, wherever the program is started from.
    for key in local_paths(kind) {
        if let Some(path) = options.get_mut(*key) {
            let place = place::elsewhere(folder, &format!("remotes.{name}.{key}"), path, faults);
            *path = place.to_string_lossy().into_owned();
        }
    }
    let memory: PathBuf = state_dir.join(MEMORY).join(&name);
    Some(RemoteConfig {
        name,
        kind,
        options,
        credentials: BTreeMap::new(),
        bandwidth,
        append_only,
        price,
        memory,
        own_folders: Vec::new(),
    })
}

fn kind(name: &str, section: &mut Section, faults: &mut Faults) -> Option<RemoteKind> {
    let word = section.text("type", faults);
    let kind = RemoteKind::ALL
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, kind)| *kind);
    if kind.is_none() && !word.is_empty() {
        let known: Vec<&str> = RemoteKind::ALL.iter().map(|(known, _)| *known).collect();
        let instead = instead_of(&word).map_or_else(String::new, |instead| format!("write {instead}. "));
        faults.add(format!(
            "remotes.{name}.type is \"{word}\"; {instead}This program knows: {}",
            known.join(", ")
        ));
    }
    kind
}

/// What to write for a service that goes by another name here.
fn instead_of(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "b2" | "backblaze" | "r2" | "cloudflare" | "minio" | "wasabi" | "spaces" | "ceph" | "idrive" => {
            "type = \"s3\", with endpoint (that service's S3 address), region and bucket"
        }
        "aws" | "amazon" => "type = \"s3\", with bucket and region",
        "google" | "gs" | "google_cloud" => {
            "type = \"gcs\" for Google Cloud Storage, or \"gdrive\" for Google Drive"
        }
        "drive" | "google_drive" | "googledrive" => "type = \"gdrive\"",
        "azure" | "blob" | "azureblob" => "type = \"azblob\", with container and endpoint",
        "ssh" | "scp" | "rsync" => "type = \"sftp\", with endpoint = \"ssh://USER@HOST:22\" and key",
        "ftp" | "ftps" => "type = \"sftp\" if that server speaks SSH, too: FTP itself is not spoken here",
        "local" | "file" | "disk" | "folder" | "dir" => "type = \"fs\", with root: the folder",
        "nextcloud" | "owncloud" | "dav" => "type = \"webdav\", with endpoint",
        _ => return None,
    })
}

fn bandwidth(section: &mut Section, faults: &mut Faults) -> Option<BytesPerSecond> {
    let text = section.text_if_any("bandwidth", faults)?;
    let read = BytesPerSecond::parse(&text);
    if read.is_none() {
        faults.add(format!(
            "{} is \"{text}\"; write for example \"2MiB/s\" (KiB, MiB or GiB; at least 16KiB/s)",
            section.name("bandwidth")
        ));
    }
    read
}

/// A price is text, as in `"0.015"`: it is shown as it stands, in whatever currency the owner thinks in.
fn amount(key: &str, section: &mut Section, faults: &mut Faults) -> Option<f64> {
    let text = section.text_if_any(key, faults)?;
    let read = text.trim().parse().ok();
    let read = read.filter(|amount: &f64| amount.is_finite() && *amount >= 0.0);
    if read.is_none() {
        faults.add(format!(
            "{} is \"{text}\"; write a price in quotes, for example \"0.015\"",
            section.name(key)
        ));
    }
    read
}

/// The options of a kind that are paths on this machine.
fn local_paths(kind: RemoteKind) -> &'static [&'static str] {
    match kind {
        RemoteKind::Fs => &["root", "atomic_write_dir"],
        RemoteKind::Gcs => &["credential_path"],
        RemoteKind::Sftp => &["key"],
        RemoteKind::Azblob
        | RemoteKind::Dropbox
        | RemoteKind::Gdrive
        | RemoteKind::S3
        | RemoteKind::Webdav => &[],
    }
}
