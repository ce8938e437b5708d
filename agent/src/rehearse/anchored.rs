//! Whether a remote holds what a daily summary names, and the row that keeps a contradiction until a summary fits again.
//! What proves nothing, because it never was there or may have been let go, begins and ends no alert.

use std::collections::BTreeMap;

use anyhow::Context;
use protocol::{object_key::PointId, time::UnixMillis};
use serde_json::json;

use super::sample::Sample;
use crate::{
    backup::{anchor::Fits, seal::sha256_hex, survey::Names},
    store::{
        points::KnownPoint,
        rehearsal::{Kind, Rehearsal},
    },
};

/// What was found of a summary's line.
pub(super) enum Anchored {
    /// There was none.
    NotAsked,
    /// The remote does not contradict it.
    Fits(Fits),
    /// It does, in a sentence.
    Contradicted(String),
    /// The remote lists it and did not give it, which the next look may find otherwise.
    Unread(String),
}

impl Anchored {
    /// Whether what the summary names is there, and is by its bytes what it says.
    pub(super) async fn of(
        sample: &Sample<'_>,
        names: &Names,
        known: &BTreeMap<PointId, KnownPoint>,
        now: UnixMillis,
    ) -> Self {
        let Some(anchor) = sample.anchor else {
            return Self::NotAsked;
        };
        let kept_from = sample.rules.map(|rules| rules.retention.window_start(now));
        let (key, remote) = (anchor.manifest(), sample.remote);
        match anchor.fits(remote.name(), names, known, kept_from) {
            Err(contradiction) => return Self::Contradicted(contradiction),
            Ok(fits) if fits != Fits::There => return Self::Fits(fits),
            Ok(_) => {}
        }
        match remote.get(&key, names.get(&key).copied().unwrap_or(0)).await {
            Err(error) => Self::Unread(format!("{key}: {error}")),
            Ok(bytes) if sha256_hex(&bytes).starts_with(&anchor.digest) => Self::Fits(Fits::There),
            Ok(_) => Self::Contradicted(format!(
                "the summary names {key}, and its bytes are others: somebody wrote another history"
            )),
        }
    }

    /// Writes a proof down, for or against.
    pub(super) fn write_down(
        &self,
        sample: &Sample<'_>,
        began_at: UnixMillis,
        now: UnixMillis,
    ) -> anyhow::Result<()> {
        let is_proof = matches!(self, Self::Fits(Fits::There) | Self::Contradicted(_));
        let (Some(anchor), true) = (sample.anchor, is_proof) else {
            return Ok(());
        };
        let row = Rehearsal {
            kind: Kind::Anchor,
            remote: sample.remote.name().to_owned(),
            point: Some(anchor.point.to_string()),
            began_at,
            ended_at: now,
            fault: self.contradiction(),
            seen: json!({ "anchor": anchor.line() }).to_string(),
        };
        let written = sample.store.add_rehearsal(&row);
        written.context("writing down whether the summary fits")
    }

    /// How it fits, where it does.
    pub(super) fn fits(&self) -> Option<Fits> {
        match self {
            Self::Fits(fits) => Some(*fits),
            Self::NotAsked | Self::Contradicted(_) | Self::Unread(_) => None,
        }
    }

    /// What the remote contradicts.
    pub(super) fn contradiction(&self) -> Option<String> {
        match self {
            Self::Contradicted(what) => Some(what.clone()),
            Self::NotAsked | Self::Fits(_) | Self::Unread(_) => None,
        }
    }

    /// What could not be read this time.
    pub(super) fn unread(self) -> Option<String> {
        match self {
            Self::Unread(what) => Some(what),
            Self::NotAsked | Self::Fits(_) | Self::Contradicted(_) => None,
        }
    }
}
