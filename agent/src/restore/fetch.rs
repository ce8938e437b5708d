//! Fetches objects from the remotes in turn and believes none of them: each must have the size, the digest and the unpacked size
//! that a signed manifest tells (manifests themselves: `manifests`; segments: `segments`).
//! A remote that fails is named, and the next one is asked.

use std::{
    fmt,
    io::{self, Write},
};

use bytes::Bytes;
use protocol::manifest::Object;

use super::{Sources, coming::Coming, wrong::Wrong};
use crate::backup::{
    Progress,
    remote::{CUT_OFF, Remote, RemoteError},
    seal::{OpenError, open_known_into, sha256_hex},
    signer::Signers,
};

/// Why an object was not taken.
pub(super) enum Failure {
    /// It is intact nowhere: another point may do.
    Lost(String),
    /// It came from nowhere, and a remote did not say what it has: it may be whole there.
    Unheard(String),
    /// What was put together of objects that are whole is not what it must be.
    Wrong(String),
    /// This machine's disk, or the like.
    Here(anyhow::Error),
}

impl Failure {
    pub(super) fn of(why: String, is_unheard: bool) -> Self {
        match is_unheard {
            true => Self::Unheard(why),
            false => Self::Lost(why),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(why) | Self::Unheard(why) | Self::Wrong(why) => f.write_str(why),
            Self::Here(error) => write!(f, "{error:#}"),
        }
    }
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
    let (mut wrong, mut is_unheard) = (Wrong::default(), false);
    for remote in sources.remotes {
        let ask = || opened_from((sources, remote), (object, coming), &make);
        match twice(remote, ask, Fault::told).await {
            Ok(writer) => return Ok((writer, wrong.as_note(&object.key, remote.name()))),
            Err(Fault::Nothing(what)) => wrong.add(remote.name(), &what),
            Err(Fault::Unheard(what)) => {
                wrong.add(remote.name(), &what);
                is_unheard = true;
            }
            Err(Fault::Here(error)) => {
                return Err(Failure::Here(
                    anyhow::Error::from(error).context("writing what was restored"),
                ));
            }
        }
    }
    Err(Failure::of(wrong.sentence(&object.key), is_unheard))
}

/// Why one copy was not taken.
enum Fault {
    /// It is none, or not there.
    Nothing(String),
    /// It did not come.
    Unheard(String),
    /// This machine's disk.
    Here(io::Error),
}

impl Fault {
    fn told(&self) -> &str {
        match self {
            Self::Nothing(what) | Self::Unheard(what) => what,
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
    sealed_from(remote, object, coming).await?;
    match judged(sources, (object, coming), make()).await {
        // What was there before may be to blame, and not this copy.
        Err(Fault::Nothing(what)) if coming.is_pieced() && what.starts_with(ALTERED) => {
            coming.forget();
            sealed_from(remote, object, coming).await?;
            judged(sources, (object, coming), make()).await
        }
        ended => ended,
    }
}

/// Opens what came; of what is not the object nothing is gone on with.
async fn judged<W: Write + Send + 'static>(
    sources: &Sources<'_>,
    (object, coming): (&Object, &Coming<'_>),
    writer: W,
) -> Result<W, Fault> {
    let ended = opened_here(sources, (object, coming.end()), writer).await;
    if matches!(&ended, Err(Fault::Nothing(_))) {
        coming.discard();
    }
    ended
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

async fn sealed_from(remote: &Remote, object: &Object, coming: &Coming<'_>) -> Result<(), Fault> {
    let came = remote.get_into(&object.key, object.size_bytes, coming).await;
    came.map_err(|error| match error {
        RemoteError::WrongSize { found, expected } if found < expected => {
            Fault::Nothing(format!("it is truncated: {found} of {expected} bytes"))
        }
        RemoteError::Down(why) => {
            coming.broke_off();
            Fault::Unheard(why)
        }
        error => Fault::Nothing(error.to_string()),
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
