//! Fetches manifests from the remotes in turn and believes none of them: one must be signed, and have the digest in its name.
//! What is wrong with each copy is told; what the manifest names is fetched elsewhere.

use protocol::{
    manifest::{BaseRef, Manifest},
    object_key::{self, PointId},
};

use super::{
    Sources,
    fetch::{ALTERED, describe, twice},
    foreign::Foreign,
    index::Unread,
    wrong::Wrong,
};
use crate::backup::{
    remote::Remote,
    seal::{OpenError, open, open_known_into, sha256_hex},
    survey,
};

/// A manifest of the largest point that there may be is smaller.
const MANIFEST_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The point's manifest, from the first remote whose copy has the digest in its name, opens and agrees with itself.
///
/// # Errors
/// What is wrong with it on each remote, in a sentence that names the object.
pub(super) async fn of_point(
    sources: &Sources<'_>,
    point: &PointId,
    notes: &mut Vec<String>,
) -> Result<Manifest, Unread> {
    let mut refused: Option<Unread> = None;
    for key in sources.survey.manifests_of(point) {
        let (mut wrong, mut gravest) = (Wrong::default(), None);
        // A point that was meant for other remotes, or that retention let go, is missed by nobody.
        let (asked, without) = holding_of(sources, point);
        for remote in asked {
            match one_from(sources, remote, point, key).await {
                Ok(manifest) => {
                    notes.extend(wrong.as_note(key, remote.name()));
                    notes.extend(refused.map(|unread| unread.told().to_owned()));
                    return Ok(manifest);
                }
                Err(unread) => {
                    wrong.add(remote.name(), unread.told());
                    // An intact copy tells what it is; a damaged one beside it tells nothing.
                    if gravest.is_none() || !matches!(unread, Unread::Damaged(_)) {
                        gravest = Some(unread);
                    }
                }
            }
        }
        without
            .iter()
            .for_each(|remote| wrong.add(remote.name(), sources.unlisted(remote.name())));
        let unread = match gravest {
            Some(Unread::Misnamed(_)) => Unread::Misnamed(wrong.sentence(key)),
            // It is whole, and whose it is or whom it is for is all that is wrong.
            Some(Unread::NotOurs(_, foreign)) => Unread::NotOurs(wrong.whole_sentence(key), foreign),
            Some(Unread::Locked(_, ids)) => Unread::Locked(wrong.whole_sentence(key), ids),
            Some(Unread::Damaged(_)) | None => Unread::Damaged(wrong.sentence(key)),
        };
        refused = Some(match refused {
            None => unread,
            Some(before) => before.and(unread),
        });
    }
    let nowhere = || format!("a manifest of {point} is {}", sources.survey.nowhere());
    Err(refused.unwrap_or_else(|| Unread::Damaged(nowhere())))
}

/// The remotes that list anything of a point, and those that list nothing of it.
fn holding_of<'s>(sources: &Sources<'s>, point: &PointId) -> (Vec<&'s Remote>, Vec<&'s Remote>) {
    let survey = sources.survey;
    sources.remotes.iter().partition(|remote| {
        let mut names = survey.holdings.iter().filter(|(name, _)| name == remote.name());
        names.any(|(_, names)| {
            survey::manifests_of(names, point).next().is_some()
                || survey::listed_parts(names, point).next().is_some()
                || names.contains_key(&object_key::files(point))
        })
    })
}

async fn one_from(
    sources: &Sources<'_>,
    remote: &Remote,
    point: &PointId,
    key: &str,
) -> Result<Manifest, Unread> {
    let ask = || one_once(sources, remote, point, key);
    twice(remote, ask, Unread::told).await
}

async fn one_once(
    sources: &Sources<'_>,
    remote: &Remote,
    point: &PointId,
    key: &str,
) -> Result<Manifest, Unread> {
    let damaged = |what: String| Unread::Damaged(what);
    let sealed = remote
        .get_at_most(key, MANIFEST_BYTES_MAX)
        .await
        .map_err(|error| damaged(error.to_string()))?;
    let sha256 = sha256_hex(&sealed);
    if object_key::manifest(point, &sha256) != key {
        return Err(damaged(format!(
            "{ALTERED}: its SHA-256 is not the one in its name"
        )));
    }
    let opened = open(&sealed, sources.keys, sources.signers, MANIFEST_BYTES_MAX);
    let json = opened.map_err(|error| match error {
        OpenError::Broken(_) | OpenError::Unsigned => damaged(describe(&error, sources.signers)),
        OpenError::WrongKey(ref ids) => Unread::Locked(describe(&error, sources.signers), ids.clone()),
        OpenError::ForeignSigner(ref signer) => {
            let can_be_trusted = sources.signers.could_believe(signer);
            let foreign = foreign(&sealed, sources, (signer, can_be_trusted), point);
            Unread::NotOurs(describe(&error, sources.signers), foreign)
        }
        OpenError::SignedSince(ref signer) => {
            let foreign = foreign(&sealed, sources, (signer, true), point).map(|foreign| Foreign {
                is_earlier: true,
                ..foreign
            });
            Unread::NotOurs(describe(&error, sources.signers), foreign)
        }
    })?;
    let manifest: Manifest =
        serde_json::from_slice(&json).map_err(|_| damaged("it does not read as a manifest".to_owned()))?;
    manifest.validate().map_err(damaged)?;
    if manifest.point == *point {
        Ok(manifest)
    } else {
        Err(Unread::Misnamed(format!(
            "it is the manifest of {}",
            manifest.point
        )))
    }
}

/// What a manifest says of itself whose signature is not believed.
fn foreign(
    sealed: &[u8],
    sources: &Sources<'_>,
    (signer, can_be_trusted): (&str, bool),
    point: &PointId,
) -> Option<Foreign> {
    let mut json = Vec::new();
    open_known_into(sealed, sources.keys, MANIFEST_BYTES_MAX, &mut json).ok()?;
    let manifest: Manifest = serde_json::from_slice(&json).ok()?;
    let is_it = manifest.point == *point && manifest.validate().is_ok();
    is_it.then(|| Foreign::of(signer, can_be_trusted, manifest))
}

/// The manifest of this very digest, as a delta names its base.
///
/// # Errors
/// As [`of_point`].
pub(super) async fn of_base(
    sources: &Sources<'_>,
    base: &BaseRef,
    notes: &mut Vec<String>,
) -> Result<Manifest, String> {
    let key = object_key::manifest(&base.point, &base.manifest_sha256);
    let mut wrong = Wrong::default();
    for remote in sources.remotes {
        match one_from(sources, remote, &base.point, &key).await {
            Ok(manifest) => {
                notes.extend(wrong.as_note(&key, remote.name()));
                return Ok(manifest);
            }
            Err(unread) => wrong.add(remote.name(), unread.told()),
        }
    }
    Err(wrong.sentence(&key))
}
