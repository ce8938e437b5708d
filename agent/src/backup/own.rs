//! What on a remote is this agent's own, and who else writes there: two agents may share a bucket or a folder, and then
//! neither compares, rehearses or deletes what the other wrote.
//! Certificates are believed to say that somebody writes there, and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::Context;
use protocol::{
    chain::ChainId,
    object_key::{self, Fingerprint},
    time::UnixMillis,
};
use serde_json::Value;

use super::{remote::Listed, restores, signer::SigningKey};
use crate::store::Store;

/// What this machine knows as its own.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Who signed what it knows: this agent, and those whose points were taken in.
    pub signers: BTreeSet<Fingerprint>,
    /// The chains of which it ever knew a commit or a point.
    pub chains: BTreeSet<ChainId>,
    /// Whose backups it was restored from, and when that was last.
    pub before: BTreeMap<Fingerprint, UnixMillis>,
}

/// Another agent that writes to a remote.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Other {
    /// Whose certificate lies there.
    pub key: Fingerprint,
    /// When that was written, where the remote tells it: about when its first backup came.
    pub since: Option<UnixMillis>,
    /// When this server was restored from its backups, if it ever was: then they are the owner's own.
    pub restored_at: Option<UnixMillis>,
}

impl Own {
    /// By the signing key and the catalogue.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn of(state_dir: &Path, store: &Store) -> anyhow::Result<Self> {
        // Whoever signs says that it cannot be read; the catalogue tells whose it was.
        let key = SigningKey::load(state_dir).unwrap_or_default();
        let points = store.points().context("reading the catalogue")?;
        let signers = points.into_values().map(|known| known.manifest.signer);
        // Where that record cannot be read, a restore says so.
        let restored = restores::all(state_dir).unwrap_or_default();
        Ok(Self {
            signers: key
                .map(|key| key.fingerprint().clone())
                .into_iter()
                .chain(signers)
                .collect(),
            chains: store.own_chains().context("reading which chains are known")?,
            before: restored.into_iter().map(|one| (one.signer, one.at)).collect(),
        })
    }

    /// The other agents, by the certificates among these names. A machine that knows nothing calls nobody another one.
    #[must_use]
    pub fn others<'a>(&self, names: impl Iterator<Item = (&'a String, Option<UnixMillis>)>) -> Vec<Other> {
        if self.signers.is_empty() {
            return Vec::new();
        }
        let certificates = names.filter_map(|(key, since)| {
            let key = object_key::fingerprint_of_cert(key)?;
            let restored_at = self.before.get(&key).copied();
            (!self.signers.contains(&key)).then_some(Other {
                key,
                since,
                restored_at,
            })
        });
        certificates.collect()
    }

    /// The same of a listing.
    #[must_use]
    pub fn others_in(&self, listed: &BTreeMap<String, Listed>) -> Vec<Other> {
        self.others(listed.iter().map(|(key, listed)| (key, listed.written_at)))
    }

    /// The same of what a comparison wrote down.
    #[must_use]
    pub fn others_seen(&self, seen: &Value) -> Vec<Other> {
        let certificates: BTreeMap<String, Option<UnixMillis>> =
            serde_json::from_value(seen[CERTIFICATES].clone()).unwrap_or_default();
        self.others(certificates.iter().map(|(key, since)| (key, *since)))
    }
}

/// Under this name a comparison writes down which certificates lie there, and since when.
pub const CERTIFICATES: &str = "certificates";

impl Other {
    /// In a sentence; `at` writes a moment.
    #[must_use]
    pub fn told(&self, at: impl Fn(UnixMillis) -> String) -> String {
        if let Some(restored_at) = self.restored_at {
            return format!(
                "the agent {}, from whose backups this server was restored at {}, has written there: what it wrote by then is \
                 the earlier part of this shop's history and can be restored like its own; it is left alone, and neither compared \
                 nor rehearsed by this one",
                self.key,
                at(restored_at)
            );
        }
        let since = self.since.map(|since| format!(" since {}", at(since)));
        format!(
            "another agent, of the key {}, has written there{}: what it wrote is left alone, and neither compared nor rehearsed \
             by this one",
            self.key,
            since.unwrap_or_default()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_known_is_another_one_unless_nobody_is_known() {
        let fingerprint = |digit: &str| Fingerprint::parse(&digit.repeat(40)).unwrap();
        let (own, other) = (fingerprint("A"), fingerprint("B"));
        let names = [
            object_key::cert(&own),
            object_key::cert(&other),
            "base/x".to_owned(),
        ];
        let listed = || names.iter().map(|name| (name, Some(UnixMillis(5))));
        let knows = Own {
            signers: [own].into(),
            ..Own::default()
        };
        let expected = [Other {
            key: other.clone(),
            since: Some(UnixMillis(5)),
            restored_at: None,
        }];
        assert_eq!(knows.others(listed()), expected);
        assert_eq!(Own::default().others(listed()), []);
        let seen = serde_json::json!({ CERTIFICATES: { (names[1].clone()): 5 } });
        assert_eq!(knows.others_seen(&seen), expected);
        let restored = Own {
            before: [(other, UnixMillis(7))].into(),
            ..knows
        };
        assert_eq!(restored.others(listed())[0].restored_at, Some(UnixMillis(7)));
    }
}
