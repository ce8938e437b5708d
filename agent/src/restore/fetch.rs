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
