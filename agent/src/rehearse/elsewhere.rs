//! What the other remotes tell of what one of them lacks: whether they hold it, and whether it was ever there. Each remote
//! stands for itself: what never was on one is no loss of it.
//! It judges by names, fetches nothing, and copies nothing.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use protocol::{
    chain::ChainId,
    object_key::{self, PointId},
    time::UnixMillis,
};

use super::sample::Sample;
use crate::{
    backup::{
        hole::Hole,
        holes::{self, SETTLED, Stand},
        ranges::Range,
        remote::{Remote, RemoteError},
        survey::{self, Names},
    },
    store::{points::KnownPoint, shipping::Shipping},
};

/// Points without a manifest that the others are asked about; of more only the newest ones.
const SPLIT_MAX: usize = 100;

/// The other remotes, and every point that this machine knows.
pub(super) struct Elsewhere<'a> {
    others: Vec<&'a Remote>,
    known: BTreeSet<PointId>,
}

/// What commits that are not there are.
pub(super) enum Weighed {
    /// Missing; with the other remotes that hold all of them.
    Missing(Vec<String>),
    /// The numbers of points alone, which count their commits, or give back all there may be.
    Points,
    /// Gone, or never sent by a server whose agent does not run: nothing tells.
    NotKnown,
}

impl<'a> Elsewhere<'a> {
    pub(super) fn of(sample: &Sample<'a>, known: BTreeSet<PointId>) -> Self {
        let all = sample.all.iter();
        let others = all.filter(|other| other.name() != sample.remote.name());
        Self {
            others: others.collect(),
            known,
        }
    }

    /// By what the others list; `here` are the points of the remote that lacks them.
    pub(super) async fn weigh(&self, hole: &Hole, here: &[Stand]) -> Weighed {
        let (mut holders, mut is_proven, mut is_silent, mut has_segments) =
            (Vec::new(), !hole.is_open, false, false);
        let mut points = self.known.clone();
        for other in &self.others {
            // One that does not answer holds nothing that could be fetched.
            let Ok(names) = other.list(&object_key::segments_of(&hole.chain)).await else {
                is_silent = true;
                continue;
            };
            let ranges = holes::on(&names, &hole.chain);
            has_segments |= !ranges.is_empty();
            is_proven |= ranges
                .iter()
                .any(|range| range.first <= hole.last && hole.first <= range.last);
            if are_held(hole, &ranges) {
                holders.push(other.name().to_owned());
            }
            if hole.is_open {
                match other.list(object_key::MANIFESTS).await {
                    Ok(names) => points.extend(names.keys().filter_map(|key| point_of(key))),
                    Err(_) => is_silent = true,
                }
            }
        }
        if is_proven {
            return Weighed::Missing(holders);
        }
        if hole.lost().is_none() || hole.is_of_points(points.iter(), here) {
            return Weighed::Points;
        }
        match is_silent || has_segments || hole.follows_segments {
            true => Weighed::NotKnown,
            false => Weighed::Missing(holders),
        }
    }

    /// Which of the others hold of a chain what is asked for.
    async fn holding(&self, chain: &ChainId, is_it: impl Fn(&[Range]) -> bool) -> Vec<String> {
        let mut holders = Vec::new();
        for other in &self.others {
            let names = other.list(&object_key::segments_of(chain)).await;
            if names.is_ok_and(|names| is_it(&holes::on(&names, chain))) {
                holders.push(other.name().to_owned());
            }
        }
        holders
    }

    /// Which of the others hold all of it.
    pub(super) async fn holders(&self, hole: &Hole) -> Vec<String> {
        self.holding(&hole.chain, |ranges| are_held(hole, ranges)).await
    }
}

/// Whether these hold all of it that no point gives back: that need not be copied.
fn are_held(hole: &Hole, ranges: &[Range]) -> bool {
    let (first, last) = hole.lost().unwrap_or((hole.first, hole.last));
    ranges
        .iter()
        .any(|range| range.first <= first && last <= range.last)
}

fn point_of(key: &str) -> Option<PointId> {
    object_key::point_of_manifest(key).map(|(point, _)| point)
}

/// Who still has the newest commits that this server sent to the remote, where that lists them no more.
pub(super) async fn holds_the_end(
    sample: &Sample<'_>,
    listed: &Names,
    shipping: &[Shipping],
) -> Option<String> {
    let remote = sample.remote.name();
    let of_remote = shipping.iter().find(|shipping| shipping.remote == remote)?;
    let (chain, commit, _) = of_remote.holds.as_ref()?;
    let reaches = |ranges: &[Range]| ranges.iter().any(|range| range.last >= *commit);
    if reaches(&holes::on(listed, chain)) {
        return None;
    }
    let elsewhere = Elsewhere::of(sample, BTreeSet::new());
    let holders = elsewhere.holding(chain, reaches).await;
    (!holders.is_empty()).then(|| {
        format!(
            "{} holds commit {commit} of the chain {chain}: copy what {remote} lacks under {} from there",
            holders.join(" and "),
            object_key::segments_of(chain)
        )
    })
}

/// Points of which everything lies there but the manifest, which another remote holds: a sentence each.
///
/// # Errors
/// When the agent's own database refuses.
pub(super) async fn split(
    sample: &Sample<'_>,
    listed: &Names,
    (known, here): (&BTreeMap<PointId, KnownPoint>, &[&KnownPoint]),
    now: UnixMillis,
) -> anyhow::Result<Vec<String>> {
    let kept_from = sample
        .kept_from(now)
        .context("asking what retention may have let go")?;
    if sample.are_rules_unknown(kept_from) {
        return Ok(Vec::new());
    }
    let in_parts = listed.keys().filter_map(|key| object_key::part(key));
    let mut points: BTreeSet<PointId> = in_parts.map(|(point, _)| point).collect();
    points.retain(|point| {
        let may_be_gone =
            |at: UnixMillis| now.since(at) < SETTLED || kept_from.is_some_and(|kept_from| at <= kept_from);
        survey::manifests_of(listed, point).next().is_none()
            // Told already, as a manifest that is missing.
            && !here.iter().any(|known| known.manifest.point == *point)
            && !was_never_there(sample, known.get(point))
            && survey::moment_of(point).is_some_and(|at| !may_be_gone(at))
    });
    if points.is_empty() {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for other in Elsewhere::of(sample, BTreeSet::new()).others {
        if let Ok(names) = listing(other).await {
            all.push((other.name(), names));
        }
    }
    let newest = points.iter().rev().take(SPLIT_MAX);
    let told = newest.filter_map(|point| without_manifest(point, listed, &all));
    Ok(told.collect())
}

/// In a sentence, where all of it but the manifest is listed as some other remote lists it.
fn without_manifest(point: &PointId, listed: &Names, all: &[(&str, Names)]) -> Option<String> {
    let whole = all.iter().filter_map(|(other, names)| {
        let manifest = survey::manifests_of(names, point).next()?;
        let mut rest = names.iter().filter(|(key, _)| belongs_to(key, point));
        rest.all(|(key, size)| listed.get(key) == Some(size))
            .then_some((*other, manifest))
    });
    let whole: Vec<(&str, &str)> = whole.collect();
    let (_, manifest) = whole.first()?;
    let holders: Vec<&str> = whole.iter().map(|(other, _)| *other).collect();
    Some(format!(
        "{manifest} is missing, all else of its point is there, and no rule of [retention] lets it go: without it nothing is \
         restored from there. {} holds it: copy it from there",
        holders.join(" and ")
    ))
}

/// A server knows where it could not write its own.
fn was_never_there(sample: &Sample<'_>, known: Option<&KnownPoint>) -> bool {
    match (sample.own, known) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(own), Some(known)) => known.manifest.signer == *own.signer(),
    }
}

async fn listing(remote: &Remote) -> Result<Names, RemoteError> {
    let mut names = Names::new();
    for folder in [
        object_key::BASES,
        object_key::DELTAS,
        object_key::FILES,
        object_key::MANIFESTS,
    ] {
        names.extend(remote.list(folder).await?);
    }
    Ok(names)
}

/// An object of the point that is no manifest.
fn belongs_to(key: &str, point: &PointId) -> bool {
    let part = object_key::part(key).map(|(point, _)| point);
    part.or_else(|| object_key::point_of_files(key)).as_ref() == Some(point)
}
