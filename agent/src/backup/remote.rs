//! One place off the server, by OpenDAL: put an object and read it back, get, list, delete.
//! It knows no restore point. What it fetches is untrusted, and never longer than the caller allows.

use std::{borrow::Cow, collections::BTreeMap, future::Future, path::PathBuf, time::Duration};

use anyhow::Context;
use opendal::{Buffer, ErrorKind, HttpTransporter, Operator, services};
use opendal_http_transport_reqwest::ReqwestTransport;
use thiserror::Error;

use super::seal::sha256_hex;
use crate::{
    config::{RemoteConfig, RemoteKind},
    store::owner::own_like,
};

/// One call to a remote. An object is at most some 16 MiB but for the files' archive: slow lines need this long.
const CALL_LIMIT: Duration = Duration::from_secs(300);
/// A listing or a question answers within this, or the remote counts as down.
const ASK_LIMIT: Duration = Duration::from_secs(60);
/// A connection stands within this, or the attempt has failed.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// How often a call is tried, and how long the pause after each failure is.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(3)];
const ERROR_CHARS_MAX: usize = 300;
/// Where a folder remote holds what is not whole yet.
const PARTIAL_DIR: &str = ".partial";

/// A remote that was opened; nothing was asked of it yet.
pub struct Remote {
    name: String,
    operator: Operator,
    /// A folder's own path, to force its entries to the disk.
    folder: Option<PathBuf>,
}

/// Why an object did not come.
#[derive(Debug, Error)]
pub enum RemoteError {
    /// It is not there.
    #[error("it is missing")]
    Missing,
    /// It is there with another size than it must have.
    #[error("it has {found} bytes of {expected}")]
    WrongSize {
        /// Bytes that are there.
        found: u64,
        /// Bytes that must be there.
        expected: u64,
    },
    /// The remote does not answer, or refuses.
    #[error("{0}")]
    Down(String),
}

/// How requests to remotes are sent, by this process: once, before the first remote is asked. TLS needs a provider,
/// which the program installs.
///
/// # Errors
/// When TLS cannot be set up.
pub fn install_transport() -> anyhow::Result<()> {
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_LIMIT)
        .build()
        .context("setting up TLS")?;
    HttpTransporter::install_default(ReqwestTransport::new(client));
    Ok(())
}

/// Opens a remote by its options; nothing is asked of it.
///
/// # Errors
/// A sentence for each option that OpenDAL does not know or accept.
pub fn open(config: &RemoteConfig) -> Result<Remote, String> {
    let mut options = config.options.clone();
    options.extend(
        config
            .credentials
            .iter()
            .map(|(key, secret)| (key.clone(), secret.expose().to_owned())),
    );
    let mut folder = None;
    if config.kind == RemoteKind::Fs {
        let root = options
            .get("root")
            .cloned()
            .ok_or("it needs a root: the folder that holds the backups")?;
        folder = Some(PathBuf::from(&root));
        let partial = PathBuf::from(&root)
            .join(PARTIAL_DIR)
            .to_string_lossy()
            .into_owned();
        let partial = options.entry("atomic_write_dir".to_owned()).or_insert(partial);
        // OpenDAL would make them as well, and tell a failure twice over in words of its own.
        for dir in [&root, &*partial] {
            std::fs::create_dir_all(dir)
                .map_err(|error| format!("its folder {dir} cannot be made: {error}"))?;
        }
    }
    let operator = match config.kind {
        RemoteKind::Fs => Operator::from_iter::<services::Fs>(options),
        RemoteKind::S3 => Operator::from_iter::<services::S3>(options),
        RemoteKind::Webdav => Operator::from_iter::<services::Webdav>(options),
    };
    let operator = operator.map_err(|error| plain(&error))?;
    if let Some(root) = &folder {
        // It has just been made, perhaps by root.
        own_like(&root.join(PARTIAL_DIR), root);
    }
    Ok(Remote {
        name: config.name.clone(),
        operator,
        folder,
    })
}

/// The options that a kind of remote knows, by OpenDAL's names.
#[must_use]
pub fn known_options(kind: RemoteKind) -> Vec<String> {
    let fields = match kind {
        RemoteKind::Fs => serde_json::to_value(services::FsConfig::default()),
        RemoteKind::S3 => serde_json::to_value(services::S3Config::default()),
        RemoteKind::Webdav => serde_json::to_value(services::WebdavConfig::default()),
    };
    let fields = fields.expect("OpenDAL's options are plain data");
    fields
        .as_object()
        .map(|fields| fields.keys().cloned().collect())
        .unwrap_or_default()
}

impl Remote {
    /// Its name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes an object whole and reads it back. Every attempt is a write of its own: one that failed half way
    /// may have lost its buffer, and repeating it would write a hole.
    ///
    /// # Errors
    /// When the remote does not take it, or gives something else back.
    pub async fn put(&self, key: &str, bytes: &[u8], sha256: &str) -> Result<(), RemoteError> {
        let buffer = Buffer::from(bytes.to_vec());
        self.attempt(CALL_LIMIT, || self.operator.write(key, buffer.clone()))
            .await?;
        self.give_to_owner(key);
        self.flush_folder(key)
            .map_err(|error| RemoteError::Down(format!("its folder cannot be flushed: {error}")))?;
        let back = self.get(key, bytes.len() as u64).await?;
        if sha256_hex(&back) == sha256 {
            Ok(())
        } else {
            Err(RemoteError::Down(
                "what was read back is not what was written".to_owned(),
            ))
        }
    }

    /// Fetches an object of a known size.
    ///
    /// # Errors
    /// [`RemoteError`]: the caller tries another remote.
    pub async fn get(&self, key: &str, size_bytes: u64) -> Result<Vec<u8>, RemoteError> {
        let found = self.size(key).await?;
        if found != size_bytes {
            return Err(RemoteError::WrongSize {
                found,
                expected: size_bytes,
            });
        }
        let read = || async { self.operator.read_with(key).range(0..size_bytes).await };
        let bytes = self.attempt(CALL_LIMIT, read).await?.to_vec();
        if bytes.len() as u64 == size_bytes {
            Ok(bytes)
        } else {
            Err(RemoteError::WrongSize {
                found: bytes.len() as u64,
                expected: size_bytes,
            })
        }
    }

    /// Fetches an object of unknown size that may not be larger than this.
    ///
    /// # Errors
    /// As [`Remote::get`].
    pub async fn get_at_most(&self, key: &str, bytes_max: u64) -> Result<Vec<u8>, RemoteError> {
        let size_bytes = self.size(key).await?;
        if size_bytes > bytes_max {
            return Err(RemoteError::WrongSize {
                found: size_bytes,
                expected: bytes_max,
            });
        }
        self.get(key, size_bytes).await
    }

    /// How many bytes an object has.
    ///
    /// # Errors
    /// As [`Remote::get`].
    pub async fn size(&self, key: &str) -> Result<u64, RemoteError> {
        Ok(self
            .attempt(ASK_LIMIT, || self.operator.stat(key))
            .await?
            .content_length())
    }

    /// Every object under a folder, with its size. An absent folder is empty.
    ///
    /// # Errors
    /// When the remote does not answer.
    pub async fn list(&self, folder: &str) -> Result<BTreeMap<String, u64>, RemoteError> {
        let list = || async { self.operator.list_with(folder).recursive(true).await };
        let entries = match self.attempt(ASK_LIMIT, list).await {
            Err(RemoteError::Missing) => return Ok(BTreeMap::new()),
            entries => entries?,
        };
        let files = entries.into_iter().filter(|entry| entry.metadata().is_file());
        Ok(files
            .map(|entry| (entry.path().to_owned(), entry.metadata().content_length()))
            .collect())
    }

    /// Deletes an object; one that is not there is as good as deleted.
    ///
    /// # Errors
    /// When the remote does not answer or refuses.
    pub async fn delete(&self, key: &str) -> Result<(), RemoteError> {
        self.attempt(ASK_LIMIT, || self.operator.delete(key)).await
    }

    async fn attempt<T, F>(&self, limit: Duration, call: impl Fn() -> F) -> Result<T, RemoteError>
    where
        F: Future<Output = opendal::Result<T>>,
    {
        let mut pauses = PAUSES.iter();
        loop {
            let failure = match tokio::time::timeout(limit, call()).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) if error.kind() == ErrorKind::NotFound => return Err(RemoteError::Missing),
                Ok(Err(error)) if !error.is_temporary() => return Err(RemoteError::Down(plain(&error))),
                Ok(Err(error)) => plain(&error),
                Err(_) => format!("no answer within {} s", limit.as_secs()),
            };
            match pauses.next() {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => return Err(RemoteError::Down(failure)),
            }
        }
    }

    /// What root writes into a folder by hand must not lock the agent's own user out of it.
    fn give_to_owner(&self, key: &str) {
        let Some(root) = &self.folder else { return };
        let path = root.join(key);
        let made = path.ancestors().take_while(|path| path != root);
        made.for_each(|path| own_like(path, root));
    }

    /// OpenDAL forces a file to the disk and renames it, but leaves the folder that names it to luck.
    fn flush_folder(&self, key: &str) -> std::io::Result<()> {
        match self.folder.as_ref().map(|root| root.join(key)) {
            Some(path) => std::fs::File::open(path.parent().unwrap_or(&path))?.sync_all(),
            None => Ok(()),
        }
    }
}

/// The message and its cause in one line. OpenDAL's own rendering begins with address and headers, which fill the line
/// before the cause comes and are nobody's business.
fn plain(error: &opendal::Error) -> String {
    let mut text = error.message().to_owned();
    if text.is_empty() {
        text = error.kind().to_string();
    }
    let mut cause = std::error::Error::source(error);
    while let Some(found) = cause {
        let told = found.to_string();
        if !text.contains(&told) {
            text = format!("{text}: {told}");
        }
        cause = found.source();
    }
    let words: Vec<Cow<str>> = text.split_whitespace().map(without_secrets).collect();
    words.join(" ").chars().take(ERROR_CHARS_MAX).collect()
}

/// Of an address only scheme, host and path: what follows the question mark may be a signature, and what stands before
/// the host a password.
fn without_secrets(word: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = word.split_once("://") else {
        return Cow::Borrowed(word);
    };
    let rest = rest.split_once('?').map_or(rest, |(address, _)| address);
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    Cow::Owned(format!("{scheme}://{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_tells_its_cause_and_neither_headers_nor_signatures() {
        let cause =
            anyhow::anyhow!("error for https://me:canary@s3.example/a?X-Amz-Signature=canary: refused");
        let error = opendal::Error::new(ErrorKind::Unexpected, "send http request")
            .with_context("response", "authorization: canary")
            .set_source(cause);
        assert_eq!(
            plain(&error),
            "send http request: error for https://s3.example/a refused"
        );
        let bare = opendal::Error::new(ErrorKind::PermissionDenied, "");
        assert_eq!(plain(&bare), "PermissionDenied");
    }
}
