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
    object_key::{self, Fingerprint, PointId},
    time::UnixMillis,
};
use serde_json::Value;

use super::{
    earlier_server::{self, ENDS, EarlierServer, Written},
    remote::Listed,
    restores,
    signer::SigningKey,
};
use crate::store::Store;

/// What this machine knows as its own.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Who signed what it knows: this agent, and those whose points were taken in.
    pub signers: BTreeSet<Fingerprint>,
    /// The chains of which it ever knew a commit or a point.
    pub chains: BTreeSet<ChainId>,
    /// The points of which it knows.
    pub points: BTreeSet<PointId>,
    /// Whose backups it, and the servers before it, were restored from.
    pub before: BTreeMap<Fingerprint, EarlierServer>,
    /// Whether a copy of this server writes to the remote that is asked about: then nobody knows what of it is whose.
    pub is_copied: bool,
}

/// Another agent that writes to a remote.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Other {
    /// Whose certificate lies there.
    pub key: Fingerprint,
    /// When that was written, where the remote tells it: about when its first backup came.
    pub since: Option<UnixMillis>,
    /// When this server, or one before it, was restored from its backups, if that ever was: then they are the owner's own.
    pub restored_at: Option<UnixMillis>,
    /// When it last wrote there after that, as names claim.
    pub again_at: Option<UnixMillis>,
    /// What else is known of it then.
    #[serde(skip)]
    pub earlier: Option<EarlierServer>,
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
        // Where that record cannot be read, a restore says so.
        let restored = restores::all(state_dir).unwrap_or_default();
        let key = key.map(|key| key.fingerprint().clone());
        let mut before = earlier_server::of(restored);
        before.retain(|signer, _| Some(signer) != key.as_ref());
        Ok(Self {
            chains: store.own_chains().context("reading which chains are known")?,
            before,
            points: points.keys().cloned().collect(),
            is_copied: false,
            signers: points
                .into_values()
                .map(|known| known.manifest.signer)
                .chain(key)
                .collect(),
        })
    }

    /// The other agents, by the certificates among these names. A machine that knows nothing calls nobody another one.
    #[must_use]
    pub fn others<'a>(&self, names: impl Iterator<Item = (&'a String, Option<UnixMillis>)>) -> Vec<Other> {
        // Of a server that was never restored the certificates tell all, and a remote lists very many names.
        let counts = |name: &str| !self.before.is_empty() || object_key::fingerprint_of_cert(name).is_some();
        self.others_by(&Written::by(names.filter(|(name, _)| counts(name))))
    }

    /// Whether this is the certificate of somebody who is neither this agent nor one of a server before this one.
    #[must_use]
    pub fn is_strangers(&self, signer: &Fingerprint) -> bool {
        !self.signers.contains(signer) && !self.before.contains_key(signer)
    }

    fn others_by(&self, written: &Written) -> Vec<Other> {
        if self.signers.is_empty() {
            return Vec::new();
        }
        let again = written.again(&self.before, (&self.signers, &self.points));
        // One whose points were taken in is told of all the same where it goes on.
        let is_other = |key: &Fingerprint| !self.signers.contains(key) || again.contains_key(key);
        let certificates = written.certificates.iter().filter(|(key, _)| is_other(key));
        let told = certificates.map(|(key, since)| {
            let earlier = self.before.get(key).cloned();
            Other {
                key: key.clone(),
                since: *since,
                restored_at: earlier.as_ref().map(|earlier| earlier.restored_at),
                again_at: again.get(key).copied(),
                earlier,
            }
        });
        told.collect()
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
        let mut written = Written::by(certificates.iter().map(|(key, since)| (key, *since)));
        written.points = serde_json::from_value(seen["unknown_points"].clone()).unwrap_or_default();
        written.ends = serde_json::from_value(seen[ENDS].clone()).unwrap_or_default();
        self.others_by(&written)
    }
}

/// Under this name a comparison writes down which certificates lie there, and since when.
pub const CERTIFICATES: &str = "certificates";

impl Other {
    /// In a sentence; `at` writes a moment.
    #[must_use]
    pub fn told(&self, at: impl Fn(UnixMillis) -> String) -> String {
        if let Some(earlier) = &self.earlier {
            return self.told_of(earlier, at);
        }
        let since = self.since.map(|since| format!(" since {}", at(since)));
        format!(
            "another agent, of the key {}, has written there{}: what it wrote is left alone, and neither compared nor rehearsed \
             by this one",
            self.key,
            since.unwrap_or_default()
        )
    }

    fn told_of(&self, earlier: &EarlierServer, at: impl Fn(UnixMillis) -> String) -> String {
        let server = match earlier.is_last {
            true => "this server",
            false => "a server of this shop before this one",
        };
        let whose = format!(
            "the agent {}, from whose backups {server} was restored at {}",
            self.key,
            at(earlier.restored_at)
        );
        match self.again_at {
            None => format!(
                "{whose}, has written there: what it wrote by then is the earlier part of this shop's history and can be \
                 restored like its own; it is left alone, and neither compared nor rehearsed by this one"
            ),
            Some(again_at) => format!(
                "{whose}, WRITES THERE AGAIN, last at {}, as the names there say: most likely the lost server runs again, and two \
                 shops sell one stock. Stop the bot and the agent on that server. What it wrote since is another history, which \
                 a restore here leaves out",
                at(again_at)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_second(second: i64) -> PointId {
        PointId::parse(&format!("19700101T00000{second}Z-00000001")).unwrap()
    }

    #[test]
    fn who_is_not_known_is_another_one_unless_nobody_is_known() {
        let fingerprint = |digit: &str| Fingerprint::parse(&digit.repeat(40)).unwrap();
        let (own, other) = (fingerprint("A"), fingerprint("B"));
        let earlier = EarlierServer::at(UnixMillis(7_000));
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
            again_at: None,
            earlier: None,
        }];
        assert_eq!(knows.others(listed()), expected);
        assert_eq!(Own::default().others(listed()), []);
        let seen = serde_json::json!({ CERTIFICATES: { (names[1].clone()): 5 } });
        assert_eq!(knows.others_seen(&seen), expected);
        let restored = |again_at: i64| {
            let manifest = |at: i64| object_key::manifest(&at_second(at), &"0".repeat(64));
            let names = [names[1].clone(), manifest(1), manifest(again_at)];
            let own = Own {
                before: [(other.clone(), earlier.clone())].into(),
                points: [at_second(1)].into(),
                ..knows.clone()
            };
            own.others(names.iter().map(|name| (name, None))).remove(0)
        };
        assert_eq!(restored(7).restored_at, Some(UnixMillis(7_000)));
        assert_eq!(restored(7).again_at, None);
        let told = restored(8).told(|at| at.0.to_string());
        assert!(told.contains("WRITES THERE AGAIN, last at 8000"), "{told}");
    }
}
