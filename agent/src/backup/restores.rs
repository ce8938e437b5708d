//! The live restores that were done on this server: from whose backups its shop came, and where it stood then; and those
//! that were done on the servers before it, as their own backups tell. Whose they were is the owner's own agent from then
//! on, for what it had signed by then: what it signs later is another history. The record rides along in every restore
//! point, sealed and signed with it, so that the next server knows the whole line.
//! A memory aid: where it cannot be read nothing is refused, and another agent's word counts as that of any stranger.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::{Fingerprint, PointId},
    restored::FileId,
    time::UnixMillis,
};
use serde::{Deserialize, Serialize};

use super::signer::Signers;
use crate::store::owner::own_like;

/// Its name in the state directory, and at the end of its name in an archive of files.
pub const FILE: &str = "restores.json";
/// More than are ever done on one server.
const KEPT_MAX: usize = 50;
/// A record is two kilobytes with its certificate.
const BYTES_MAX: u64 = 1024 * 1024;

/// One live restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveRestore {
    /// When it was done.
    pub at: UnixMillis,
    /// The point that it began at.
    pub point: PointId,
    /// The chain that was followed from there.
    pub chain: ChainId,
    /// The commit after which the restored shop stands.
    pub commit: CommitNumber,
    /// When that commit was seen.
    pub as_of: UnixMillis,
    /// Who signed it.
    pub signer: Fingerprint,
    /// The signer's certificate, armoured.
    pub certificate: String,
    /// Remotes on which nothing lay: a disk that was not mounted looks the same as a new one.
    #[serde(default)]
    pub unfilled: Vec<String>,
    /// The file that it put under the database's name, where the file system tells one from another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileId>,
    /// The agent of the server on which it was done, where that was one before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Fingerprint>,
}

impl LiveRestore {
    /// Until when what its signer signed is the shop's own: the clock of whoever signed may have stood before this one's.
    #[must_use]
    pub fn until(&self) -> UnixMillis {
        self.at.max(self.as_of)
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (self.at, &self.point, &self.signer) == (other.at, &other.point, &other.signer)
    }
}

/// Where the record lies.
#[must_use]
pub fn path(state_dir: &Path) -> PathBuf {
    state_dir.join(FILE)
}

/// All that are written down, the oldest first; none where there is no record.
///
/// # Errors
/// When the record is there and does not read.
pub fn all(state_dir: &Path) -> anyhow::Result<Vec<LiveRestore>> {
    let path = path(state_dir);
    let reading = || format!("reading which restores were done here, {}", path.display());
    let file = match fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(reading),
    };
    let mut bytes = Vec::new();
    file.take(BYTES_MAX)
        .read_to_end(&mut bytes)
        .with_context(reading)?;
    serde_json::from_slice(&bytes).with_context(reading)
}

/// What the record of another server says, which its agent signed; nothing where it does not read.
#[must_use]
pub fn told_by(server: &Fingerprint, record: &[u8]) -> Vec<LiveRestore> {
    let mut restores: Vec<LiveRestore> = match record.len() as u64 > BYTES_MAX {
        true => Vec::new(),
        false => serde_json::from_slice(record).unwrap_or_default(),
    };
    restores.truncate(KEPT_MAX);
    for restore in &mut restores {
        restore.server.get_or_insert_with(|| server.clone());
        restore.unfilled.clear();
        restore.file = None;
    }
    restores
}

/// Writes one down behind those before it, and what is not there yet of the `line` that led to it before those. A record that
/// does not read is begun anew. The state directory is made where there is none yet, for whoever the folder above belongs to.
///
/// # Errors
/// What the disk refuses.
pub fn add(state_dir: &Path, line: &[LiveRestore], restore: LiveRestore) -> anyhow::Result<()> {
    let path = path(state_dir);
    let writing = || format!("writing down that this server was restored, {}", path.display());
    if !state_dir.exists() {
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(state_dir);
        made.with_context(writing)?;
        own_like(state_dir, state_dir.parent().unwrap_or(state_dir));
    }
    let known = all(state_dir).unwrap_or_default();
    let mut restores: Vec<LiveRestore> = Vec::new();
    for one in line {
        if !known.iter().chain(&restores).any(|other| other.is_same(one)) {
            restores.push(one.clone());
        }
    }
    restores.extend(known);
    restores.push(restore);
    restores.drain(..restores.len().saturating_sub(KEPT_MAX));
    put(state_dir, &restores).with_context(writing)
}

/// Whether nothing lay on this remote when this server was last restored, and nobody has said since that it is new.
#[must_use]
pub fn was_unfilled(state_dir: &Path, remote: &str) -> bool {
    let last = all(state_dir).unwrap_or_default().pop();
    last.is_some_and(|last| last.unfilled.iter().any(|name| name == remote))
}

/// The owner says that this remote is new.
///
/// # Errors
/// What the disk refuses.
pub fn is_new(state_dir: &Path, remote: &str) -> anyhow::Result<()> {
    if !was_unfilled(state_dir, remote) {
        return Ok(());
    }
    let mut restores = all(state_dir)?;
    for restore in &mut restores {
        restore.unfilled.retain(|name| name != remote);
    }
    put(state_dir, &restores).with_context(|| format!("writing down that {remote} is new"))
}

fn put(state_dir: &Path, restores: &[LiveRestore]) -> anyhow::Result<()> {
    let path = path(state_dir);
    let new = path.with_extension("new");
    write_private(&new, &serde_json::to_vec_pretty(restores)?)?;
    own_like(&new, state_dir);
    fs::rename(&new, &path)?;
    fs::File::open(state_dir)?.sync_all()?;
    Ok(())
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The restore that put this file there.
#[must_use]
pub fn that_put(state_dir: &Path, file: FileId) -> Option<LiveRestore> {
    let restores = all(state_dir).unwrap_or_default();
    restores.into_iter().rfind(|restore| restore.file == Some(file))
}

/// Whoever signed what a server, and those before it, were restored from, each for what was signed by then.
#[must_use]
pub fn signers_of(restores: &[LiveRestore]) -> Signers {
    let each = restores.iter().filter_map(|restore| {
        let signers = Signers::of(&restore.signer, restore.certificate.as_bytes()).ok()?;
        Some(signers.until(restore.until()))
    });
    each.fold(Signers::default(), |all, signers| all.and(&signers))
}

/// Until when each server was the shop's own, by which of them was restored from it: what it signs later is another history,
/// also where its certificate is known. Of one that was itself restored after that nothing is said: then it is the shop's
/// again.
#[must_use]
pub fn bounds(restores: &[LiveRestore]) -> BTreeMap<Fingerprint, UnixMillis> {
    let mut bounds: BTreeMap<Fingerprint, UnixMillis> = BTreeMap::new();
    let of_another = |one: &&LiveRestore| one.server.as_ref() != Some(&one.signer);
    for one in restores.iter().filter(of_another) {
        let until = bounds.entry(one.signer.clone()).or_insert(one.at);
        *until = (*until).max(one.until());
    }
    let is_back = |signer: &Fingerprint, until: UnixMillis| {
        let mut done_there = restores.iter().filter(|one| one.server.as_ref() == Some(signer));
        done_there.any(|one| one.at > until)
    };
    bounds.retain(|signer, until| !is_back(signer, *until));
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::signer::SigningKey;

    fn restore(key: &SigningKey, at: i64) -> LiveRestore {
        LiveRestore {
            at: UnixMillis(at),
            point: PointId::parse("20261127T233618Z-0c01def1").unwrap(),
            chain: ChainId::from_bits(7),
            commit: CommitNumber::new(61).unwrap(),
            as_of: UnixMillis(at - 5),
            signer: key.fingerprint().clone(),
            certificate: key.certificate().unwrap(),
            unfilled: vec!["disk".to_owned()],
            file: None,
            server: None,
        }
    }

    #[test]
    fn a_remote_on_which_nothing_lay_is_in_doubt_until_the_owner_says_that_it_is_new() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!was_unfilled(dir.path(), "disk"));
        is_new(dir.path(), "disk").unwrap();
        let key = SigningKey::make().unwrap();
        add(dir.path(), &[], restore(&key, 1_000)).unwrap();
        assert!(was_unfilled(dir.path(), "disk") && !was_unfilled(dir.path(), "cloud"));
        is_new(dir.path(), "disk").unwrap();
        assert!(!was_unfilled(dir.path(), "disk"));
        assert_eq!(all(dir.path()).unwrap().len(), 1);
    }

    #[test]
    fn whose_backups_a_server_was_restored_from_is_believed_until_then() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        assert!(signers_of(&all(&state).unwrap()).is_empty());
        let key = SigningKey::make().unwrap();
        for at in [1_000, 2_000] {
            add(&state, &[], restore(&key, at)).unwrap();
        }
        assert_eq!(all(&state).unwrap().len(), 2);
        let known = signers_of(&all(&state).unwrap());
        let believes = |known: &Signers, at: i64| known.believes(key.fingerprint(), UnixMillis(at));
        assert!(known.contains(key.fingerprint()));
        assert!(believes(&known, 2_000) && !believes(&known, 2_001));
        // Whoever is known without a bound stays so.
        let own = key.as_signers();
        assert!(believes(&own.and(&known), 2_001) && believes(&known.and(&own), 2_001));
    }

    #[test]
    fn a_server_is_the_shops_own_until_another_one_was_restored_from_it_unless_it_was_restored_itself_since()
    {
        let [first, second, third] = std::array::from_fn(|_| SigningKey::make().unwrap());
        let on = |server: &SigningKey, one: LiveRestore| LiveRestore {
            server: Some(server.fingerprint().clone()),
            ..one
        };
        let mut line = vec![
            on(&second, restore(&first, 1_000)),
            on(&third, restore(&second, 2_000)),
            // In its own place: it goes on.
            on(&third, restore(&third, 3_000)),
        ];
        let of = |line: &[LiveRestore], key: &SigningKey| bounds(line).get(key.fingerprint()).map(|at| at.0);
        assert_eq!(
            [&first, &second, &third].map(|key| of(&line, key)),
            [Some(1_000), Some(2_000), None]
        );
        line.push(on(&first, restore(&third, 4_000)));
        assert_eq!(
            [&first, &second, &third].map(|key| of(&line, key)),
            [None, Some(2_000), Some(4_000)]
        );
        let known = first
            .as_signers()
            .and(&second.as_signers())
            .bounded(&bounds(&line));
        assert!(known.believes(first.fingerprint(), UnixMillis(9_000)));
        assert!(!known.believes(second.fingerprint(), UnixMillis(2_001)));
        assert!(known.has_unbounded(&[]) && !known.has_unbounded(&[first.fingerprint().clone()]));
    }

    #[test]
    fn a_record_that_does_not_read_is_begun_anew_and_stays_small() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(path(dir.path()), "rubbish").unwrap();
        assert!(all(dir.path()).is_err());
        let key = SigningKey::make().unwrap();
        for at in 0..60 {
            add(dir.path(), &[], restore(&key, at)).unwrap();
        }
        let kept = all(dir.path()).unwrap();
        assert_eq!((kept.len(), kept.last().unwrap().at), (KEPT_MAX, UnixMillis(59)));
    }

    #[test]
    fn what_led_to_a_server_is_taken_over_once_and_names_where_it_was_done() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (SigningKey::make().unwrap(), SigningKey::make().unwrap());
        let record = serde_json::to_vec(&[restore(&first, 1_000)]).unwrap();
        let line = told_by(second.fingerprint(), &record);
        assert_eq!(line[0].server.as_ref(), Some(second.fingerprint()));
        for at in [2_000, 3_000] {
            add(dir.path(), &line, restore(&second, at)).unwrap();
        }
        let known = all(dir.path()).unwrap();
        assert_eq!(
            known.iter().map(|one| one.at.0).collect::<Vec<_>>(),
            [1_000, 2_000, 3_000]
        );
        let signers = signers_of(&all(dir.path()).unwrap());
        assert!(signers.believes(first.fingerprint(), UnixMillis(1_000)));
        assert!(!signers.believes(first.fingerprint(), UnixMillis(1_001)));
        // What was done elsewhere says nothing of the remotes here.
        assert!(line[0].unfilled.is_empty());
        assert_eq!(told_by(second.fingerprint(), b"rubbish"), []);
    }
}
