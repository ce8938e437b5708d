//! The keys that restore points were sealed to: a chain goes on only upon a full point that the present keys open.
//! It reads no certificate: whoever seals says to which keys.

use std::collections::BTreeSet;

use protocol::{chain::ChainId, object_key::PointId};
use rusqlite::{OptionalExtension, named_params};

use super::Store;

const SELECT_NEWEST_FULL: &str = "
    SELECT p.point, p.sealed_to FROM restore_point p
        JOIN restore_point_copy c ON c.point = p.point AND c.lost_at IS NULL
    WHERE json_extract(p.manifest, '$.chain') = :chain AND json_extract(p.manifest, '$.base') IS NULL
    ORDER BY p.rowid DESC LIMIT 1";
const SELECT_SEALED_TO: &str = "SELECT sealed_to FROM restore_point WHERE point = :point";

/// Keys that can all open something, by the fingerprints of the keys that it was encrypted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedTo(String);

impl SealedTo {
    /// These, in whatever order and however often.
    pub fn of(fingerprints: impl IntoIterator<Item = String>) -> Self {
        let all: BTreeSet<String> = fingerprints.into_iter().collect();
        Self(all.into_iter().collect::<Vec<_>>().join(" "))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn read(text: Option<String>) -> Option<Self> {
        text.map(Self)
    }

    fn keys(&self) -> BTreeSet<&str> {
        self.0.split(' ').collect()
    }

    /// Whether one key opens both.
    #[must_use]
    pub fn shares_key(&self, other: &Self) -> bool {
        !self.keys().is_disjoint(&other.keys())
    }

    /// What it means that the newest full point, which this one was sealed to these keys, is followed by what is sealed to
    /// `present`; `None` when they are the same.
    #[must_use]
    pub fn told_before(&self, point: &PointId, present: &Self) -> Option<String> {
        let (before, present) = (self.keys(), present.keys());
        if before == present {
            return None;
        }
        let what = if before.is_disjoint(&present) {
            "opens with none of the keys that [backup] recipients names now: what is backed up upon it comes back with \
             neither the old keys nor these alone"
        } else if present.is_subset(&before) {
            "opens with a key as well that [backup] recipients does not name any more"
        } else {
            "does not open with every key that [backup] recipients names now: with a new one nothing comes back yet"
        };
        Some(format!(
            "the newest full backup, {point}, {what}. The running agent takes a new one at once, and the present keys open \
             what is backed up from then on; while no agent runs: agent backup. Keep every older secret key for as long as \
             you keep backups from before"
        ))
    }
}

impl Store {
    /// The newest full point of this chain that at least one remote holds whole, and its keys where they are known.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn newest_full(&self, chain: &ChainId) -> rusqlite::Result<Option<(PointId, Option<SealedTo>)>> {
        let found = self.read(|connection| {
            connection
                .prepare_cached(SELECT_NEWEST_FULL)?
                .query_row(named_params! {":chain": chain.as_str()}, |row| {
                    Ok((row.get::<_, String>(0)?, row.get(1)?))
                })
                .optional()
        })?;
        Ok(found.and_then(|(point, keys)| Some((PointId::parse(&point).ok()?, SealedTo::read(keys)))))
    }

    /// The sentence of [`SealedTo::told_before`] about the newest full point of this chain. One of an earlier program,
    /// whose keys nobody wrote down, is taken for one of the present keys: the schedule replaces it soon.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn other_keys(&self, chain: &ChainId, present: &SealedTo) -> rusqlite::Result<Option<String>> {
        let newest = self.newest_full(chain)?;
        Ok(newest.and_then(|(point, keys)| keys?.told_before(&point, present)))
    }

    /// Whether a point is known to be sealed to other keys than these.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn has_other_keys(&self, point: &PointId, present: &SealedTo) -> rusqlite::Result<bool> {
        let found: Option<Option<String>> = self.read(|connection| {
            connection
                .prepare_cached(SELECT_SEALED_TO)?
                .query_row(named_params! {":point": point.as_str()}, |row| row.get(0))
                .optional()
        })?;
        Ok(SealedTo::read(found.flatten()).is_some_and(|keys| keys != *present))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_keys_mean_is_told_by_who_can_open_what() {
        let keys = |names: &[&str]| SealedTo::of(names.iter().map(|name| (*name).to_owned()));
        let point = PointId::parse("20261122T090000Z-00000000").unwrap();
        let told = |before: &[&str], present: &[&str]| keys(before).told_before(&point, &keys(present));
        assert_eq!(told(&["b", "a", "b"], &["a", "b"]), None);
        for (before, present, words) in [
            (vec!["a"], vec!["b"], "none of the keys"),
            (vec!["a", "b"], vec!["a"], "does not name any more"),
            (vec!["a"], vec!["a", "b"], "not open with every key"),
            (vec!["a", "b"], vec!["b", "c"], "not open with every key"),
        ] {
            let said = told(&before, &present).unwrap();
            assert!(said.contains(words), "{said}");
        }
        assert!(keys(&["a", "b"]).shares_key(&keys(&["b", "c"])));
        assert!(!keys(&["a"]).shares_key(&keys(&["ab"])));
    }
}
