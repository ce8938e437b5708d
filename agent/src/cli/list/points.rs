//! One restore point as `agent list` shows it: what the remotes list of it, joined with what this server knows or the
//! key opens.
//! It asks nobody.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::Manifest,
    object_key::{self, Fingerprint, PointId},
    time::UnixMillis,
};
use serde::Serialize;

use crate::{
    backup::{
        holes::Stand,
        survey::{self, Names, Survey},
    },
    cli::words,
    restore::Unopened,
    store::points::KnownPoint,
};

/// One restore point, as scripts read it.
#[derive(Serialize)]
pub(super) struct Listed {
    pub id: PointId,
    pub taken_at: String,
    /// The full point that a delta stands on; of an unknown point it is not known.
    pub base: Option<PointId>,
    pub chain: Option<ChainId>,
    /// The commit that the database stands after.
    pub commit: Option<CommitNumber>,
    pub remotes: Vec<String>,
    /// The database's objects alone, in order.
    pub objects: Vec<String>,
    pub files: Vec<String>,
    pub manifest: String,
    pub database_bytes: Option<u64>,
    pub size_bytes: u64,
    /// Whether every remote here was read back whole when it was written, and still lists it whole; never of a database
    /// that was damaged.
    pub verified: bool,
    /// What SQLite found wrong with the live database when it, or the full point under it, was taken.
    pub damage: Option<String>,
    /// When a shop was last rebuilt from it and found whole, by this server.
    pub drilled_at: Option<String>,
    /// What a remote lacks of it.
    pub problems: Vec<String>,
    /// Whether nothing but a manifest, which nobody here knows or opens, claims that there is such a point.
    pub doubtful: bool,
    /// Whether it is one of these that this server may just be taking.
    #[serde(skip)]
    pub is_being_taken: bool,
    /// The other agents that write there, where one of them may have taken it: then it is not judged here.
    pub other_agents: Vec<Fingerprint>,
    /// Whether all of those are agents whose backups led to this server, and it was taken before that.
    #[serde(skip)]
    pub of_earlier_server: bool,
    /// Whether the key that was given opens it; nothing where it was not asked, or tells nothing.
    #[serde(skip)]
    pub opens: Option<bool>,
    /// Whether it opens, and another agent's signature is on it.
    #[serde(skip)]
    pub is_anothers: bool,
    /// The remotes that it does not come back from alone.
    #[serde(rename = "incomplete_on")]
    broken_on: BTreeSet<String>,
}

/// A manifest that was opened with the key, with what is wrong about it; or why it does not open.
type Opened = Result<(Manifest, Vec<String>), Unopened>;

/// A manifest that does not open is a problem of its own point, and hides no other.
pub(super) fn one(
    survey: &Survey,
    point: &PointId,
    known: Option<&KnownPoint>,
    (opened, zone): (Option<Opened>, &TimeZone),
) -> Listed {
    let opens = match &opened {
        Some(Ok(_)) => Some(true),
        Some(Err(unopened)) => unopened.is_locked.then_some(false),
        None => None,
    };
    let is_anothers = matches!(&opened, Some(Err(unopened)) if unopened.is_anothers);
    let (manifest, problems) = match opened {
        Some(Ok((manifest, problems))) => (Some(manifest), problems),
        Some(Err(unopened)) => (None, vec![unopened.told]),
        None => (None, Vec::new()),
    };
    let mut one = describe(survey, point, known, (manifest.as_ref(), zone));
    one.problems.extend(problems);
    one.opens = opens;
    one.is_anothers = is_anothers;
    one
}

fn describe(
    survey: &Survey,
    point: &PointId,
    known: Option<&KnownPoint>,
    (opened, zone): (Option<&Manifest>, &TimeZone),
) -> Listed {
    let key = manifest_key(survey, point, known);
    let manifest = known.map(|known| &known.manifest).or(opened);
    let holders: Vec<_> = survey.holders(point).collect();
    let mut listed = Listed {
        taken_at: words::rfc3339(survey::moment_of(point).unwrap_or(UnixMillis(0))),
        base: manifest.and_then(|it| Some(it.base.as_ref()?.point.clone())),
        chain: manifest.map(|it| it.chain.clone()),
        commit: manifest.map(|it| it.commit),
        remotes: holders.iter().map(|(remote, _)| (*remote).to_owned()).collect(),
        objects: Vec::new(),
        files: Vec::new(),
        manifest: key.clone(),
        database_bytes: manifest.map(|manifest| manifest.database_bytes),
        size_bytes: 0,
        verified: known.is_some_and(|known| holders.iter().all(|(remote, _)| known.is_held_by(remote))),
        drilled_at: None,
        damage: known.and_then(|known| known.damage.clone()),
        problems: Vec::new(),
        doubtful: false,
        is_being_taken: false,
        other_agents: Vec::new(),
        of_earlier_server: false,
        opens: None,
        is_anothers: false,
        broken_on: BTreeSet::new(),
        id: point.clone(),
    };
    // The remote that lists the most of it tells what there is when no manifest is at hand.
    let fullest = holders
        .iter()
        .max_by_key(|(_, names)| survey::listed_parts(names, point).count());
    let Some((_, names)) = fullest else { return listed };
    listed.size_bytes = names.get(&key).copied().unwrap_or(0);
    if let Some(manifest) = manifest {
        listed.taken_at = words::rfc3339(manifest.taken_at);
        listed.objects = manifest.database.iter().map(|part| part.key.clone()).collect();
        listed.files = manifest.files.iter().map(|files| files.key.clone()).collect();
        listed.size_bytes += manifest.objects().map(|object| object.size_bytes).sum::<u64>();
        for (remote, names) in &holders {
            listed.lacks(remote, names, manifest, known);
        }
        listed.lost(known, zone);
        listed.problems.extend(damaged(listed.damage.as_deref()));
        listed.verified &= listed.problems.is_empty();
    } else {
        let files = object_key::files(point);
        let parts: Vec<_> = survey::listed_parts(names, point).collect();
        listed.size_bytes +=
            parts.iter().map(|(_, size)| **size).sum::<u64>() + names.get(&files).unwrap_or(&0);
        listed.objects = parts.into_iter().map(|(name, _)| name.clone()).collect();
        listed.files = names.contains_key(&files).then_some(files).into_iter().collect();
    }
    listed
}

/// What is wrong with the database in it, in a sentence.
fn damaged(damage: Option<&str>) -> Option<String> {
    let damage = damage?;
    Some(format!(
        "SQLite found the live database damaged when this, or what it stands on, was taken: {damage}"
    ))
}

/// The manifest's name as this server wrote it, or as a remote lists it.
fn manifest_key(survey: &Survey, point: &PointId, known: Option<&KnownPoint>) -> String {
    let listed = || survey.manifests_of(point).into_iter().next().map(str::to_owned);
    known
        .map(|known| object_key::manifest(point, &known.manifest_sha256))
        .or_else(listed)
        .unwrap_or_default()
}

/// What is wrong with the manifest on a remote, by its list.
fn lacking_manifest(names: &Names, key: &str, size_bytes: u64) -> Option<String> {
    match names.get(key) {
        None => Some(format!("{key} is missing")),
        Some(size) if *size != size_bytes => Some(format!("{key} has {size} of {size_bytes} bytes")),
        Some(_) => None,
    }
}

impl Listed {
    /// What one of its remotes lacks of it, by its list.
    fn lacks(&mut self, remote: &str, names: &Names, manifest: &Manifest, known: Option<&KnownPoint>) {
        let of_manifest =
            known.and_then(|known| lacking_manifest(names, &self.manifest, known.manifest_size_bytes));
        let lacking = survey::lacking(names, manifest);
        let all: Vec<String> = of_manifest.into_iter().chain(lacking).collect();
        if !all.is_empty() {
            self.broken_on.insert(remote.to_owned());
        }
        self.problems
            .extend(all.into_iter().map(|what| format!("{remote}: {what}")));
    }

    /// Where a comparison found it altered.
    fn lost(&mut self, known: Option<&KnownPoint>, zone: &TimeZone) {
        let lost = known.into_iter().flat_map(|known| &known.lost);
        for (remote, at) in lost.filter(|(remote, _)| self.remotes.contains(*remote)) {
            let at = words::moment(*at, zone);
            self.broken_on.insert(remote.clone());
            self.problems.push(format!(
                "{remote}: `agent verify` found it, or what it stands on, missing or altered at {at}"
            ));
        }
    }

    /// Names it where nobody knows or opens it, although this server knows of older ones, or where nothing else of it is
    /// there and opening was tried.
    pub(super) fn doubt(&mut self, known: &BTreeMap<PointId, KnownPoint>, is_backing_up: bool) {
        if !self.other_agents.is_empty() {
            return;
        }
        // Its signature says whose it is, whatever is known here.
        if self.is_anothers {
            self.doubtful = true;
            return;
        }
        let knows_older = known.keys().next().is_some_and(|oldest| *oldest < self.id);
        let is_bare = self.objects.is_empty() && self.files.is_empty() && !self.problems.is_empty();
        self.doubtful = self.chain.is_none() && (knows_older || is_bare);
        if self.doubtful {
            let is_newest = known.keys().next_back().is_some_and(|newest| *newest < self.id);
            self.is_being_taken = is_backing_up && is_newest;
            let what = match knows_older {
                true if self.is_being_taken => {
                    "a backup is being taken at this moment, most likely this one: it is known here when it has ended"
                }
                true => {
                    "this server knows of no such restore point: another agent, or a copy of this server, took it, or somebody \
                     invented it"
                }
                false => {
                    "no other object of it is there: it was altered or deleted since, or somebody invented it"
                }
            };
            self.problems.push(what.to_owned());
        }
    }

    /// Names the remotes on which a comparison found its files altered: the database comes back from there all the same.
    pub(super) fn archive_altered(&mut self, altered: &BTreeMap<String, BTreeSet<String>>) {
        for remote in &self.remotes {
            let Some(altered) = altered.get(remote) else {
                continue;
            };
            for key in self.files.iter().filter(|key| altered.contains(*key)) {
                let told = format!("{remote}: `agent verify` found {key} missing or altered");
                self.problems.push(told);
                self.verified = false;
            }
        }
    }

    /// Where it stands, when that is known.
    pub(super) fn place(&self) -> Option<(&ChainId, CommitNumber)> {
        Some((self.chain.as_ref()?, self.commit?))
    }

    /// The remotes that hold its manifest, each with whether it lacks something of it.
    pub(super) fn holders(&self) -> String {
        let told = |remote: &String| match self.broken_on.contains(remote) {
            true => format!("{remote} (incomplete)"),
            false => remote.clone(),
        };
        self.remotes.iter().map(told).collect::<Vec<_>>().join(", ")
    }

    /// Whether it comes back from this remote, as far as its own objects are concerned.
    pub(super) fn is_whole_on(&self, remote: &str) -> bool {
        let is_here = self.remotes.iter().any(|other| other == remote);
        is_here && self.damage.is_none() && !self.broken_on.contains(remote)
    }

    /// Whether it comes back from any of its remotes, as far as its own objects are concerned.
    pub(super) fn is_whole(&self) -> bool {
        self.remotes.iter().any(|remote| self.is_whole_on(remote))
    }

    /// The same, when it is whole on one of them.
    pub(super) fn stand(&self) -> Option<Stand> {
        let (chain, commit) = self.place().filter(|_| self.is_whole())?;
        Some(Stand {
            point: self.id.clone(),
            chain: chain.clone(),
            commit,
            taken_at: self.moment()?,
        })
    }

    /// When it was taken.
    pub(super) fn moment(&self) -> Option<UnixMillis> {
        let taken: jiff::Timestamp = self.taken_at.parse().ok()?;
        Some(UnixMillis(taken.as_millisecond()))
    }

    /// Whether it stands by itself.
    pub(super) fn kind(&self) -> &'static str {
        match (&self.base, &self.chain) {
            (Some(_), _) => "delta",
            (None, Some(_)) => "full",
            // Without a manifest at hand the folder of its parts tells.
            (None, None) => match self.objects.first() {
                Some(name) if name.starts_with(object_key::DELTAS) => "delta",
                _ => "full",
            },
        }
    }

    /// How far it is proven: a shop was rebuilt from it, or every object was read back when it was written.
    pub(super) fn state(&self) -> &'static str {
        match (self.problems.is_empty(), self.verified) {
            _ if self.damage.is_some() => "DAMAGED",
            // It may be whole: this key does not tell.
            _ if self.opens == Some(false) => "OTHER KEY",
            _ if self.of_earlier_server => "earlier server's",
            _ if self.is_anothers || !self.other_agents.is_empty() => "another agent's",
            _ if self.is_being_taken => "being taken",
            _ if self.doubtful => "NOT PROVEN",
            (false, _) => "INCOMPLETE",
            (true, true) if self.drilled_at.is_some() => "drilled",
            (true, true) => "verified",
            (true, false) => "not verified here",
        }
    }
}
