//! Fetches objects from the remotes in turn and believes none of them: a manifest must be signed, and have the digest in its
//! name (segments: `segments`); every other object must have the size, the digest and the unpacked size that a signed
//! manifest tells.
//! A remote that fails is named, and the next one is asked.

use std::{
    fmt,
    io::{self, Write},
};

use bytes::Bytes;
use protocol::{
    manifest::{BaseRef, Manifest, Object},
    object_key::{self, PointId},
};

use super::{Sources, coming::Coming, foreign::Foreign, index::Unread, wrong::Wrong};
use crate::backup::{
    Progress,
    remote::{CUT_OFF, Remote, RemoteError},
    seal::{OpenError, open, open_known_into, sha256_hex},
    signer::Signers,
    survey,
};

/// A manifest of the largest point that there may be is smaller.
const MANIFEST_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Why an object was not taken.
pub(super) enum Failure {
    /// It is intact nowhere: another point may do.
    Lost(String),
    /// This machine's disk, or the like.
    Here(anyhow::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(why) => f.write_str(why),
            Self::Here(error) => write!(f, "{error:#}"),
        }
    }
}

/// The point's manifest, from the first remote whose copy has the digest in its name, opens and agrees with itself.
///
/// # Errors
/// What is wrong with it on each remote, in a sentence that names the object.
pub(super) async fn manifest(
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
            match manifest_from(sources, remote, point, key).await {
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

async fn manifest_from(
    sources: &Sources<'_>,
    remote: &Remote,
    point: &PointId,
    key: &str,
) -> Result<Manifest, Unread> {
    let ask = || manifest_once(sources, remote, point, key);
    twice(remote, ask, Unread::told).await
}

async fn manifest_once(
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
/// As [`manifest`].
pub(super) async fn manifest_of(
    sources: &Sources<'_>,
    base: &BaseRef,
    notes: &mut Vec<String>,
) -> Result<Manifest, String> {
    let key = object_key::manifest(&base.point, &base.manifest_sha256);
    let mut wrong = Wrong::default();
    for remote in sources.remotes {
        match manifest_from(sources, remote, &base.point, &key).await {
            Ok(manifest) => {
                notes.extend(wrong.as_note(&key, remote.name()));
                return Ok(manifest);
            }
            Err(unread) => wrong.add(remote.name(), unread.told()),
        }
    }
    Err(wrong.sentence(&key))
}

/// An object's plain bytes, and what was wrong with the copies before the one that was taken.
///
/// # Errors
/// A sentence that names the object and what is wrong with it on each remote.
pub(super) async fn object(
    sources: &Sources<'_>,
    object: &Object,
    progress: &dyn Progress,
) -> Result<(Vec<u8>, Option<String>), Failure> {
    let coming = Coming::of(object, progress);
    opened(sources, (object, &coming), Vec::new).await
}

/// The same, opened into a writer that `make` makes anew for each copy that is tried.
///
/// # Errors
/// [`Failure`].
pub(super) async fn opened<W: Write + Send + 'static>(
    sources: &Sources<'_>,
    (object, coming): (&Object, &Coming<'_>),
    make: impl Fn() -> W,
) -> Result<(W, Option<String>), Failure> {
    let mut wrong = Wrong::default();
    for remote in sources.remotes {
        let ask = || opened_from((sources, remote), (object, coming), &make);
        match twice(remote, ask, Fault::told).await {
            Ok(writer) => return Ok((writer, wrong.as_note(&object.key, remote.name()))),
            Err(Fault::Nothing(what)) => wrong.add(remote.name(), &what),
            Err(Fault::Here(error)) => {
                return Err(Failure::Here(
                    anyhow::Error::from(error).context("writing what was restored"),
                ));
            }
        }
    }
    Err(Failure::Lost(wrong.sentence(&object.key)))
}

/// Why one copy was not taken.
enum Fault {
    /// It is none, or did not come.
    Nothing(String),
    /// This machine's disk.
    Here(io::Error),
}

impl Fault {
    fn told(&self) -> &str {
        match self {
            Self::Nothing(what) => what,
            Self::Here(_) => "",
        }
    }
}

/// What came altered, or came to no end, is asked for once more: the line may have done it, and the object be whole.
pub(super) async fn twice<T, E, F>(
    remote: &Remote,
    ask: impl Fn() -> F,
    told: impl Fn(&E) -> &str,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    match ask().await {
        Err(fault) if !remote.is_folder() && may_be_the_lines(told(&fault)) => ask().await,
        ended => ended,
    }
}

fn may_be_the_lines(what: &str) -> bool {
    what.starts_with(ALTERED) || what.starts_with(CUT_OFF)
}

/// With what a sentence begins that tells of other bytes than were written.
pub(super) const ALTERED: &str = "it is altered";

async fn opened_from<W: Write + Send + 'static>(
    (sources, remote): (&Sources<'_>, &Remote),
    (object, coming): (&Object, &Coming<'_>),
    make: &impl Fn() -> W,
) -> Result<W, Fault> {
    sealed_from(remote, object, coming)
        .await
        .map_err(Fault::Nothing)?;
    match opened_here(sources, (object, coming.end()), make()).await {
        // What was there before may be to blame, and not this copy.
        Err(Fault::Nothing(what)) if coming.is_pieced() && what.starts_with(ALTERED) => {
            coming.forget();
            sealed_from(remote, object, coming)
                .await
                .map_err(Fault::Nothing)?;
            opened_here(sources, (object, coming.end()), make()).await
        }
        ended => ended,
    }
}

async fn opened_here<W: Write + Send + 'static>(
    sources: &Sources<'_>,
    (object, sealed): (&Object, Bytes),
    mut writer: W,
) -> Result<W, Fault> {
    let (object, keys, signers) = (object.clone(), sources.keys.clone(), sources.signers.clone());
    // Hashing and decrypting a part takes a tenth of a second: on a thread of its own, as many as cores.
    let _core = sources.cores.acquire().await;
    let work = move || {
        unseal(&object, &sealed, &signers, |sealed| {
            open_known_into(sealed, &keys, object.plain_size_bytes, &mut writer)
        })
        .map(|()| writer)
    };
    let ended = tokio::task::spawn_blocking(work).await;
    let ended = ended.unwrap_or_else(|_| Err(Ok("the thread that opens it ended".to_owned())));
    ended.map_err(|fault| fault.map_or_else(Fault::Here, Fault::Nothing))
}

async fn sealed_from(remote: &Remote, object: &Object, coming: &Coming<'_>) -> Result<(), String> {
    let came = remote.get_into(&object.key, object.size_bytes, coming).await;
    came.map_err(|error| match error {
        RemoteError::WrongSize { found, expected } if found < expected => {
            format!("it is truncated: {found} of {expected} bytes")
        }
        error => error.to_string(),
    })
}

fn unseal(
    object: &Object,
    sealed: &[u8],
    signers: &Signers,
    open: impl FnOnce(&[u8]) -> Result<u64, Result<OpenError, io::Error>>,
) -> Result<(), Result<String, io::Error>> {
    if sha256_hex(sealed) != object.sha256 {
        return Err(Ok(format!("{ALTERED}: its SHA-256 differs")));
    }
    let plain_size_bytes = open(sealed).map_err(|error| error.map(|error| describe(&error, signers)))?;
    if plain_size_bytes != object.plain_size_bytes {
        return Err(Ok(
            "it unpacks to something else than the manifest says".to_owned()
        ));
    }
    Ok(())
}

/// What is wrong, and what can be done about it.
pub(super) fn describe(error: &OpenError, signers: &Signers) -> String {
    match error {
        OpenError::WrongKey(_) | OpenError::Unsigned => error.to_string(),
        OpenError::ForeignSigner(signer) if signers.could_believe(signer) => format!(
            "{error}. If that agent is yours, and its fingerprint is in your recovery kit or was printed by `agent \
             check`, lay its certificate as agent.asc beside the owner's key; `agent restore` alone takes it with --trust \
             {signer}, too"
        ),
        OpenError::SignedSince(signer) => format!(
            "{error}, so that it is of another history than the shop's since then. If that is the one that you want, `agent \
             restore` alone takes it with --trust {signer}"
        ),
        // Its word alone opens nothing: the certificate is needed.
        OpenError::ForeignSigner(signer) => format!(
            "{error}: cert/{signer}.asc is intact on none of the remotes that were asked, and without it `--trust` helps \
             nothing. Lay that certificate as agent.asc beside the owner's key: it is in your recovery kit, or `agent key \
             agent` prints it on the server that made the backup; another remote may hold it too"
        ),
        OpenError::Broken(what) => format!("{ALTERED}: {what}"),
    }
}
