//! What the owner keeps outside of every remote: the newest point's place in its chain and its manifest's digest. Who
//! puts a remote back to an older state, or writes another history there, contradicts it.
//! It sends nothing: the daily summary to the owner does.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::{self, PointId, SegmentName},
    time::UnixMillis,
};
use serde::Serialize;

use super::survey::{Names, moment_of};
use crate::store::{Store, points::KnownPoint};

/// Hex digits of the digest that a person compares.
const DIGEST_CHARS_TOLD: usize = 32;

/// Where the backups stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The newest point.
    pub point: PointId,
    /// Its chain.
    pub chain: ChainId,
    /// The commit that it stands after.
    pub commit: CommitNumber,
    /// The beginning of its manifest's SHA-256, as in the manifest's name.
    pub digest: String,
}

impl Anchor {
    /// The newest point that was written down; `None` before the first backup.
    ///
    /// # Errors
    /// When the agent's own database refuses.
    pub fn newest(store: &Store) -> rusqlite::Result<Option<Self>> {
        let last = store.last_point()?;
        Ok(last.map(|known| Self {
            digest: known.manifest_sha256.chars().take(DIGEST_CHARS_TOLD).collect(),
            point: known.manifest.point,
            chain: known.manifest.chain,
            commit: known.manifest.commit,
        }))
    }

    /// Reads such a line, however its spaces and dots came out of a chat.
    ///
    /// # Errors
    /// A sentence when it is none.
    pub fn parse(line: &str) -> Result<Self, String> {
        let words: Vec<&str> = line
            .split(|char: char| char.is_whitespace() || char == '·')
            .filter(|word| !word.is_empty() && !["commit", "chain"].contains(word))
            .collect();
        let wrong = || {
            format!(
                "'{line:.120}' is no line of a summary (POINT · commit N · chain ID · DIGEST); copy it as it was sent"
            )
        };
        let [point, commit, chain, digest] = words.as_slice() else {
            return Err(wrong());
        };
        let number = commit
            .parse()
            .ok()
            .and_then(|number| CommitNumber::new(number).ok());
        let is_digest =
            digest.len() == DIGEST_CHARS_TOLD && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        Ok(Self {
            point: PointId::parse(point).map_err(|_| wrong())?,
            chain: ChainId::parse(chain).map_err(|_| wrong())?,
            commit: number.ok_or_else(wrong)?,
            digest: is_digest.then(|| digest.to_lowercase()).ok_or_else(wrong)?,
        })
    }

    /// Reads a line that the owner kept. Its digest proves the point; what it says besides is held against what this server
    /// knows of that.
    ///
    /// # Errors
    /// As [`Anchor::parse`], and what does not agree.
    pub fn read(text: &str, known: &BTreeMap<PointId, KnownPoint>) -> Result<Self, String> {
        let anchor = Self::parse(text)?;
        let manifest = known.get(&anchor.point).map(|known| &known.manifest);
        match manifest.filter(|it| (&it.chain, it.commit) != (&anchor.chain, anchor.commit)) {
            None => Ok(anchor),
            Some(manifest) => Err(format!(
                "the line says commit {} of the chain {}, and {} stands after commit {} of the chain {}: copy the line as it \
                 was sent",
                anchor.commit, anchor.chain, anchor.point, manifest.commit, manifest.chain
            )),
        }
    }

    /// One line that needs no translation: point, commit, digest.
    #[must_use]
    pub fn line(&self) -> String {
        let Self {
            point,
            chain,
            commit,
            digest,
        } = self;
        format!(
            "{point} · commit {} · chain {} · {digest}",
            commit.get(),
            chain.as_str()
        )
    }
}

/// How a remote fits what the summary said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fits {
    /// The point that it names is there.
    There,
    /// It never was there: this server wrote it to other remotes only.
    NeverThere,
    /// It is gone, newer ones are there, and retention may have let it go.
    MayBeLetGo,
}

impl Anchor {
    /// The name of the manifest, as far as the line tells it, which is all of it.
    #[must_use]
    pub fn manifest(&self) -> String {
        object_key::manifest(&self.point, &self.digest)
    }

    /// Whether a remote's list fits. `kept_from` is where `keep_within` begins, when that is known. Pure.
    ///
    /// # Errors
    /// What the owner was told in a summary and is not so there.
    pub fn fits(
        &self,
        remote: &str,
        names: &Names,
        known: &BTreeMap<PointId, KnownPoint>,
        kept_from: Option<UnixMillis>,
    ) -> Result<Fits, String> {
        let key = self.manifest();
        if names.contains_key(&key) {
            return Ok(Fits::There);
        }
        let listed = names
            .keys()
            .filter_map(|name| Some(object_key::point_of_manifest(name)?.0));
        let points: BTreeSet<PointId> = listed.collect();
        if points.contains(&self.point) {
            return Err(format!(
                "the summary names {key}, and another manifest of that point lies here: somebody wrote another history"
            ));
        }
        let here = known.get(&self.point);
        if here.is_some_and(|known| !known.verified.contains_key(remote)) {
            return Ok(Fits::NeverThere);
        }
        let must_stay = kept_from.is_some_and(|from| moment_of(&self.point).is_some_and(|at| at >= from));
        match points.last() {
            Some(newest) if *newest > self.point && !must_stay => Ok(Fits::MayBeLetGo),
            Some(newest) => Err(format!(
                "it was put back to an older state, or somebody deleted there: the summary names {key}, which is gone, and \
                 the list ends with {newest}"
            )),
            None => Err(format!(
                "it was emptied, or is another place: the summary names {key}, and there is no restore point at all"
            )),
        }
    }
}

/// What every sentence says of a remote that lacks the newest of what lay there.
pub const PUT_BACK: &str = "put back to an older state";

/// What shows that a remote was put back to an older state, or that somebody deleted there: it lists nothing of the
/// newest that this server read back there, or fewer commits than the remote has taken. Pure.
#[must_use]
pub fn rolled_back(
    remote: &str,
    names: &Names,
    known: &BTreeMap<PointId, KnownPoint>,
    taken: Option<(&ChainId, CommitNumber)>,
) -> Option<String> {
    let here = known.values().filter(|known| known.verified.contains_key(remote));
    let newest = here.max_by_key(|known| (known.manifest.taken_at, &known.manifest.point))?;
    let key = object_key::manifest(&newest.manifest.point, &newest.manifest_sha256);
    if !names.contains_key(&key) {
        let listed = names
            .keys()
            .filter_map(|name| object_key::point_of_manifest(name));
        let ends = listed.map(|(point, _)| point).max();
        return Some(format!(
            "it was put back to an older state, or somebody deleted there: {key} was read back there and is gone, and its \
             list ends with {}",
            ends.map_or_else(|| "no restore point at all".to_owned(), |point| point.to_string())
        ));
    }
    // Of a chain that was left retention may have let the end go.
    let (chain, commit) = taken.filter(|(chain, _)| **chain == newest.manifest.chain)?;
    let of_chain = object_key::segments_of(chain);
    let segments = names.range(of_chain.clone()..).map(|(name, _)| name);
    let segments = segments.take_while(|name| name.starts_with(&of_chain));
    let through = segments
        .filter_map(|name| SegmentName::parse(name))
        .map(|name| name.last);
    let points = known.values().filter(|known| known.manifest.chain == *chain);
    let points = points.filter(|known| {
        names.contains_key(&object_key::manifest(
            &known.manifest.point,
            &known.manifest_sha256,
        ))
    });
    let through = through.chain(points.map(|known| known.manifest.commit)).max();
    (through < Some(commit)).then(|| {
        let ends = through.map_or_else(|| "none of them".to_owned(), |commit| format!("commit {commit}"));
        format!(
            "it was put back to an older state, or somebody deleted there: commits until {commit} of the chain {chain} \
             were sent there, and its list ends with {ends}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_summary_reads_back_and_nothing_else_does() {
        let anchor = Anchor {
            point: PointId::parse("20261122T091400Z-1f0c9a3e").unwrap(),
            chain: ChainId::from_bits(7),
            commit: CommitNumber::new(4_711).unwrap(),
            digest: "0123456789abcdef".repeat(2),
        };
        assert_eq!(Anchor::parse(&anchor.line()), Ok(anchor.clone()));
        assert_eq!(
            Anchor::parse(&anchor.line().replace(" · ", "  ")),
            Ok(anchor.clone())
        );
        for wrong in [
            "",
            "yesterday",
            &anchor.line()[..60],
            &anchor.line().replace("4711", "0"),
        ] {
            assert!(Anchor::parse(wrong).is_err(), "{wrong} was accepted");
        }
    }

    #[test]
    fn what_is_gone_under_newer_points_is_told_only_where_retention_must_have_kept_it() {
        let anchor = Anchor {
            point: PointId::parse("20261122T091400Z-1f0c9a3e").unwrap(),
            chain: ChainId::from_bits(7),
            commit: CommitNumber::new(4_711).unwrap(),
            digest: "0123456789abcdef".repeat(2),
        };
        let fits = |points: &[(&str, &str)], kept_from: Option<i64>| {
            let name = |(point, digest): &(&str, &str)| {
                (
                    object_key::manifest(&PointId::parse(point).unwrap(), &digest.repeat(32 / digest.len())),
                    1,
                )
            };
            let names: Names = points.iter().map(name).collect();
            anchor.fits("local", &names, &BTreeMap::new(), kept_from.map(UnixMillis))
        };
        let (older, same, newer) = (
            "20261121T091400Z-1f0c9a3e",
            "20261122T091400Z-1f0c9a3e",
            "20261123T091400Z-1f0c9a3e",
        );
        let at = moment_of(&anchor.point).unwrap().0;
        assert_eq!(fits(&[(same, "0123456789abcdef")], None), Ok(Fits::There));
        assert_eq!(fits(&[(newer, "a")], None), Ok(Fits::MayBeLetGo));
        assert_eq!(fits(&[(newer, "a")], Some(at + 1)), Ok(Fits::MayBeLetGo));
        for (points, kept_from, told) in [
            (&[(newer, "a")][..], Some(at), "put back to an older state"),
            (&[(older, "a")], Some(at + 1), "put back to an older state"),
            (&[(same, "a"), (newer, "a")], None, "another history"),
            (&[], None, "no restore point at all"),
        ] {
            let said = fits(points, kept_from).unwrap_err();
            assert!(said.contains(told), "{said}");
        }
    }
}
