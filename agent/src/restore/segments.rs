//! Fetches segments from the remotes in turn, and says what their names are worth. A segment must be signed, and have the
//! digest in its name.
//! What a name claims is never believed.

use protocol::{chain::PageRoot, object_key::SegmentName, time::UnixMillis};
use sha2::{Digest, Sha256};

use super::{
    Sources,
    avoid::Culprit,
    coming::Coming,
    fetch::{ALTERED, Failure, describe, twice},
    wrong::Wrong,
};
use crate::backup::{
    Progress, Silent,
    remote::{Remote, RemoteError},
    seal::{OpenError, hex, open_dated},
    segment::{BYTES_MAX, Header, MISNAMED, Segment},
};

/// A segment of another history of the same chain.
pub(super) const UNLINKED: &str = "it follows another segment than the one before it";

/// What is to blame for a segment that does not lead on.
pub(super) fn culprit(name: &SegmentName, plain: &[u8], what: &str) -> Culprit {
    match what {
        MISNAMED => {
            let header = Segment::parse(plain).ok().map(|it| it.header);
            Culprit::Misnamed(name.clone(), header.map(|it| (it.chain, it.last)))
        }
        UNLINKED => {
            let previous = Segment::parse(plain).ok().and_then(|it| it.header.previous);
            Culprit::Unlinked(name.clone(), previous)
        }
        _ => Culprit::Segment(name.clone()),
    }
}

/// A segment's plain bytes and the SHA-256 of its object, and what was wrong with the copies before the one taken.
///
/// # Errors
/// A sentence that names the segment and what is wrong with it on each remote.
pub(super) async fn segment(
    sources: &Sources<'_>,
    name: &SegmentName,
    progress: &dyn Progress,
) -> Result<(Vec<u8>, [u8; 32], Option<String>), Failure> {
    let key = name.to_string();
    let coming = Coming::whole(progress, sources.survey.size_of(&key));
    let (mut wrong, mut is_unheard) = (Wrong::default(), false);
    for remote in sources.remotes {
        match segment_from((sources, remote), (&key, &name.digest), &coming).await {
            Ok(opened) => return Ok((opened.plain, opened.sha256, wrong.as_note(&key, remote.name()))),
            Err(fault) => {
                wrong.add(remote.name(), fault.told());
                is_unheard |= matches!(fault, SegmentFault::Unknown(_));
            }
        }
    }
    Err(Failure::of(wrong.sentence(&key), is_unheard))
}

/// Opens a segment for whoever only wants to know whether it is what its name says.
///
/// # Errors
/// A sentence that names it and what is wrong with it on each remote.
pub async fn open_segment(sources: &Sources<'_>, name: &SegmentName) -> Result<(), String> {
    match segment(sources, name, &Silent).await {
        Ok((plain, _, _)) if header_of(&plain, name).is_some() => Ok(()),
        Ok(_) => Err(format!("{name}: {MISNAMED}")),
        Err(Failure::Here(error)) => Err(format!("{name}: {error:#}")),
        Err(failure) => Err(failure.to_string()),
    }
}

/// How many of these, of one chain and the latest first, somebody signed who is not believed, where the first of them is such a
/// one: by halving, since a server is left behind once, and may have sold for days since.
pub(super) async fn foreign_ones(sources: &Sources<'_>, names: &[SegmentName]) -> usize {
    let (mut foreign, mut other) = (0, names.len());
    while foreign + 1 < other {
        let middle = foreign.midpoint(other);
        match proof(sources, &names[middle]).await {
            Proof::Foreign(_) => foreign = middle,
            _ => other = middle,
        }
    }
    other
}

/// What a segment's name is worth.
pub(super) enum Proof {
    /// A copy opens, is signed, and is what its name says.
    Whole {
        /// When it was signed.
        signed_at: UnixMillis,
        /// The SHA-256 of the object that it follows; `None` for the first of a chain.
        previous: Option<[u8; 32]>,
        /// What the database holds after its last commit.
        root: PageRoot,
    },
    /// Every copy was read, and none of them is anything: what is wrong with each.
    Nothing(String),
    /// No copy opens, and one is sealed to another key: what is wrong with each.
    Locked(String),
    /// A copy is sealed to this key and signed by somebody who is not believed, or not for that moment: that is the owner's
    /// to judge.
    Foreign(Stranger),
    /// Not every copy could be read.
    Unknown,
}

/// Who signed what is not believed.
#[derive(Clone, Debug)]
pub(super) struct Stranger {
    /// What is said of it.
    pub why: String,
    /// Whether the owner's word is all that is missing: the certificate is at hand.
    pub can_be_trusted: bool,
    /// Whether it is one whose server the shop has left behind: what it signs is another history for certain.
    pub is_earlier: bool,
}

/// Whether a segment is what its name says, by the copies on all remotes.
pub(super) async fn proof(sources: &Sources<'_>, name: &SegmentName) -> Proof {
    let key = name.to_string();
    let coming = Coming::whole(&Silent, 0);
    let (mut wrong, mut is_locked) = (Wrong::default(), false);
    for remote in sources.remotes {
        match segment_from((sources, remote), (&key, &name.digest), &coming).await {
            Ok(opened) => match header_of(&opened.plain, name) {
                Some(header) => {
                    return Proof::Whole {
                        signed_at: opened.signed_at,
                        previous: header.previous,
                        root: header.root,
                    };
                }
                None => wrong.add(remote.name(), MISNAMED),
            },
            Err(SegmentFault::Nothing(what)) => wrong.add(remote.name(), &what),
            Err(SegmentFault::Locked(what)) => {
                wrong.add(remote.name(), &what);
                is_locked = true;
            }
            Err(SegmentFault::Foreign(stranger)) => return Proof::Foreign(stranger),
            Err(SegmentFault::Unknown(_)) => return Proof::Unknown,
        }
    }
    match is_locked {
        true => Proof::Locked(wrong.sentence(&key)),
        false => Proof::Nothing(wrong.sentence(&key)),
    }
}

/// What a segment says of itself, where that is what its name says.
fn header_of(plain: &[u8], name: &SegmentName) -> Option<Header> {
    let header = Segment::parse(plain).ok()?.header;
    header.is_named(name).then_some(header)
}

/// A copy that was taken.
struct Opened {
    plain: Vec<u8>,
    sha256: [u8; 32],
    signed_at: UnixMillis,
}

/// Why a copy of a segment was not taken.
enum SegmentFault {
    /// It is none, or not there.
    Nothing(String),
    /// It is sealed to another key.
    Locked(String),
    /// Somebody signed it who is not believed.
    Foreign(Stranger),
    /// It did not come.
    Unknown(String),
}

impl SegmentFault {
    fn told(&self) -> &str {
        match self {
            Self::Nothing(what) | Self::Locked(what) | Self::Unknown(what) => what,
            Self::Foreign(stranger) => &stranger.why,
        }
    }
}

async fn segment_from(
    (sources, remote): (&Sources<'_>, &Remote),
    name: (&str, &str),
    coming: &Coming<'_>,
) -> Result<Opened, SegmentFault> {
    let ask = || segment_once((sources, remote), name, coming);
    twice(remote, ask, SegmentFault::told).await
}

async fn segment_once(
    (sources, remote): (&Sources<'_>, &Remote),
    (key, digest): (&str, &str),
    coming: &Coming<'_>,
) -> Result<Opened, SegmentFault> {
    let nothing = |what: &str| SegmentFault::Nothing(what.to_owned());
    let listed = sources.survey.size_on(remote.name(), key);
    let size_bytes = listed.ok_or_else(|| nothing(sources.unlisted(remote.name())))?;
    if size_bytes > BYTES_MAX {
        return Err(nothing("it is larger than a segment may be"));
    }
    let came = remote.get_into(key, size_bytes, coming).await;
    came.map_err(|error| match error {
        RemoteError::Down(_) => SegmentFault::Unknown(error.to_string()),
        other => SegmentFault::Nothing(other.to_string()),
    })?;
    let sealed = coming.end();
    let (keys, signers, digest) = (sources.keys.clone(), sources.signers.clone(), digest.to_owned());
    let _core = sources.cores.acquire().await;
    let work = move || {
        let sha256: [u8; 32] = Sha256::digest(&sealed).into();
        if !hex(&sha256).starts_with(&digest) {
            let altered = format!("{ALTERED}: its SHA-256 is not the one in its name");
            return Err(SegmentFault::Nothing(altered));
        }
        let opened = open_dated(&sealed, &keys, &signers, BYTES_MAX);
        let (plain, signed_at) = opened.map_err(|error| match error {
            OpenError::Broken(_) | OpenError::Unsigned => SegmentFault::Nothing(describe(&error, &signers)),
            OpenError::WrongKey(_) => SegmentFault::Locked(describe(&error, &signers)),
            // It was sealed for the owner.
            OpenError::ForeignSigner(ref signer) => SegmentFault::Foreign(Stranger {
                why: describe(&error, &signers),
                can_be_trusted: signers.could_believe(signer),
                is_earlier: false,
            }),
            OpenError::SignedSince(_) => SegmentFault::Foreign(Stranger {
                why: describe(&error, &signers),
                can_be_trusted: true,
                is_earlier: true,
            }),
        })?;
        Ok(Opened {
            plain,
            sha256,
            signed_at,
        })
    };
    let ended = tokio::task::spawn_blocking(work).await;
    ended.unwrap_or_else(|_| Err(SegmentFault::Unknown("the thread that opens it ended".to_owned())))
}
