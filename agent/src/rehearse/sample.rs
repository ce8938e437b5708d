//! Compares what a remote holds with what was written there: every name and size by its listing, that no commit is missing
//! among others, and the bytes of some objects, drawn by chance.
//! It opens nothing and deletes nothing.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use protocol::{
    object_key::{self, DIGEST_CHARS, PointId, SegmentName},
    time::UnixMillis,
};
use serde_json::{Value, json};

use super::{anchored::Anchored, missing::Lacks};
use crate::{
    backup::{
        Progress,
        anchor::{self, Anchor},
        remote::Remote,
        seal::sha256_hex,
    },
    config::Retention,
    store::{
        Store,
        points::KnownPoint,
        rehearsal::{Kind, Rehearsal},
    },
};

/// Objects found altered that are looked at again next time; more than these make `--all` the better question.
const SUSPECTS_MAX: usize = 1_000;
/// Faults that are told by name; of more only their number.
const FAULTS_TOLD: usize = 3;
/// Bytes that one look fetches at most, when it does not fetch everything.
const FETCHED_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// How many of the objects are fetched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    /// One in twenty, at least one, at most a gigabyte.
    Some,
    /// All of them.
    All,
}

/// What must be true of an object.
struct Expected {
    size_bytes: u64,
    /// SHA-256 in hex, or its beginning.
    sha256: String,
}

/// A look at one remote.
pub struct Sample<'a> {
    /// What this agent knows of its points.
    pub store: &'a Store,
    /// The remote that is looked at.
    pub remote: &'a Remote,
    /// All that can be asked: they may hold what it lacks.
    pub all: &'a [Remote],
    /// What may be deleted there.
    pub retention: Option<Retention>,
    /// What the owner was told in a summary: it must still be there.
    pub anchor: Option<&'a Anchor>,
    /// How many of the objects are fetched.
    pub share: Share,
}

impl Sample<'_> {
    /// Looks once and writes down how it went; what a summary named and is not there, in a row of its own, which no look
    /// without it ends.
    ///
    /// # Errors
    /// When the agent's own database refuses; what is wrong with the remote is no error but a row.
    pub async fn run(
        &self,
        progress: &dyn Progress,
        clock: &dyn Fn() -> UnixMillis,
    ) -> anyhow::Result<Rehearsal> {
        let (store, remote, began_at) = (self.store, self.remote, clock());
        let known = store.points().context("reading the catalogue")?;
        let here: Vec<&KnownPoint> = known
            .values()
            .filter(|known| known.verified.contains_key(remote.name()))
            .collect();
        // Asked before the list: what is sent meanwhile is in the list, and not the other way round.
        let shipping = store.shipping().context("asking what was sent")?;
        let before = store.last_seen(Kind::Sample, remote.name());
        let before = before
            .context("asking what was wrong before")?
            .unwrap_or_default();
        let before: Value = serde_json::from_str(&before).unwrap_or_default();
        let mut contradicted = None;
        let (mut faults, seen) = match look(remote, &here, self.share, &suspects(&before), progress).await {
            Ok((listed, mut faults, mut seen)) => {
                let lacks = Lacks::of(self, &listed, &here, &shipping, &before, clock()).await?;
                let back = anchor::rolled_back(remote.name(), &listed, &known, &shipping);
                let anchored = Anchored::of(self, &listed, &known, clock()).await;
                anchored.write_down(self, began_at, clock())?;
                seen["anchor"] = json!(anchored.fits());
                contradicted = anchored.contradiction();
                let first = back.into_iter().chain(anchored.unread());
                faults.splice(0..0, first.chain(lacks.told(remote.name())));
                lacks.note(&mut seen);
                (faults, seen)
            }
            Err(silent) => (vec![silent], json!({})),
        };
        let mut rehearsal = Rehearsal {
            kind: Kind::Sample,
            remote: remote.name().to_owned(),
            point: here.last().map(|known| known.manifest.point.to_string()),
            began_at,
            ended_at: clock(),
            fault: told(&faults),
            seen: seen.to_string(),
        };
        store
            .add_rehearsal(&rehearsal)
            .context("writing down what the remote holds")?;
        faults.splice(0..0, contradicted);
        rehearsal.fault = told(&faults);
        Ok(rehearsal)
    }
}

async fn look(
    remote: &Remote,
    here: &[&KnownPoint],
    share: Share,
    suspects: &BTreeSet<String>,
    progress: &dyn Progress,
) -> Result<(BTreeMap<String, u64>, Vec<String>, Value), String> {
    let mut listed = BTreeMap::new();
    for folder in [
        object_key::BASES,
        object_key::DELTAS,
        object_key::FILES,
        object_key::MANIFESTS,
        object_key::SEGMENTS,
    ] {
        let found = remote.list(folder).await.map_err(|error| error.to_string())?;
        listed.extend(found);
    }
    let expected = expected(here, &listed);
    let mut faults = by_listing(&expected, &listed);
    faults.extend(strays(here, &expected, &listed));
    let mut altered: Vec<&String> = Vec::new();
    let (mut fetched, mut fetched_bytes) = (0_u64, 0_u64);
    let drawn = draw(&expected, &listed, share, suspects);
    progress.begin(
        "comparing",
        drawn.iter().map(|(_, object)| object.size_bytes).sum(),
    );
    for (key, object) in drawn {
        fetched += 1;
        fetched_bytes += object.size_bytes;
        match remote.get(key, object.size_bytes).await {
            Ok(bytes) if sha256_hex(&bytes).starts_with(&object.sha256) => {}
            Ok(_) => {
                faults.push(format!("{key} is altered: its SHA-256 differs"));
                altered.push(key);
            }
            Err(error) => faults.push(format!("{key}: {error}")),
        }
        progress.advance(object.size_bytes);
    }
    let seen = json!({
        "objects": expected.len(), "fetched": fetched, "fetched_bytes": fetched_bytes, "faults": faults.len(),
        "stored_bytes": listed.values().sum::<u64>(), "altered": altered.iter().take(SUSPECTS_MAX).collect::<Vec<_>>(),
    });
    Ok((listed, faults, seen))
}

/// What was altered when this remote was last looked at: until it is whole or gone, chance decides nothing about it.
fn suspects(before: &Value) -> BTreeSet<String> {
    let altered = before["altered"].as_array().into_iter().flatten();
    altered
        .filter_map(|key| key.as_str().map(str::to_owned))
        .collect()
}

/// Objects under the name of a known point that this agent did not write: a copy, or somebody else's.
fn strays(
    here: &[&KnownPoint],
    expected: &BTreeMap<String, Expected>,
    listed: &BTreeMap<String, u64>,
) -> Vec<String> {
    let known: BTreeSet<&PointId> = here.iter().map(|known| &known.manifest.point).collect();
    let point_of = |key: &String| {
        let part = object_key::part(key).map(|(point, _)| point);
        let manifest = || object_key::point_of_manifest(key).map(|(point, _)| point);
        part.or_else(manifest).or_else(|| object_key::point_of_files(key))
    };
    let foreign = listed.keys().filter(|key| {
        !expected.contains_key(*key) && point_of(key).is_some_and(|point| known.contains(&point))
    });
    foreign
        .map(|key| format!("{key} is no part of its point: a copy, or somebody else wrote it"))
        .collect()
}

/// Everything that this agent has read back from there, and every segment that is listed: its name holds its digest.
fn expected(here: &[&KnownPoint], listed: &BTreeMap<String, u64>) -> BTreeMap<String, Expected> {
    let mut expected = BTreeMap::new();
    for known in here {
        let manifest = object_key::manifest(&known.manifest.point, &known.manifest_sha256);
        expected.insert(
            manifest,
            Expected {
                size_bytes: known.manifest_size_bytes,
                sha256: known.manifest_sha256.clone(),
            },
        );
        for object in known.manifest.objects() {
            let of = Expected {
                size_bytes: object.size_bytes,
                sha256: object.sha256.clone(),
            };
            expected.insert(object.key.clone(), of);
        }
    }
    for (key, size_bytes) in listed {
        if let Some(name) = SegmentName::parse(key) {
            debug_assert_eq!(name.digest.len(), DIGEST_CHARS);
            let of = Expected {
                size_bytes: *size_bytes,
                sha256: name.digest,
            };
            expected.insert(key.clone(), of);
        }
    }
    expected
}

/// What is missing or has another size.
fn by_listing(expected: &BTreeMap<String, Expected>, listed: &BTreeMap<String, u64>) -> Vec<String> {
    let wrong = expected.iter().filter_map(|(key, object)| match listed.get(key) {
        None => Some(format!("{key} is missing")),
        Some(size) if *size != object.size_bytes => {
            Some(format!("{key} has {size} of {} bytes", object.size_bytes))
        }
        Some(_) => None,
    });
    wrong.collect()
}

/// Of what has the right size, some by chance or all.
fn draw<'a>(
    expected: &'a BTreeMap<String, Expected>,
    listed: &BTreeMap<String, u64>,
    share: Share,
    suspects: &BTreeSet<String>,
) -> Vec<(&'a String, &'a Expected)> {
    use rand::seq::SliceRandom;
    let whole: Vec<(&String, &Expected)> = expected
        .iter()
        .filter(|(key, object)| listed.get(*key) == Some(&object.size_bytes))
        .collect();
    if share == Share::All {
        return whole;
    }
    let (again, mut whole): (Vec<_>, Vec<_>) =
        whole.into_iter().partition(|(key, _)| suspects.contains(*key));
    whole.shuffle(&mut rand::rng());
    whole.truncate(whole.len().div_ceil(20));
    let mut total_bytes = 0_u64;
    whole.retain(|(_, object)| {
        total_bytes += object.size_bytes;
        total_bytes <= FETCHED_BYTES_MAX
    });
    again.into_iter().chain(whole).collect()
}

/// The faults in one sentence; `None` when there are none.
fn told(faults: &[String]) -> Option<String> {
    let first: Vec<&str> = faults.iter().take(FAULTS_TOLD).map(String::as_str).collect();
    match faults.len() {
        0 => None,
        count if count > FAULTS_TOLD => {
            Some(format!("{}; and {} more", first.join("; "), count - FAULTS_TOLD))
        }
        _ => Some(first.join("; ")),
    }
}
