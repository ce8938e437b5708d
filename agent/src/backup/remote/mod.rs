//! One place off the server, by OpenDAL: put an object and read it back, get, list, delete.
//! It knows no restore point. What it fetches is untrusted, and never longer than the caller allows.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use opendal::{ErrorKind, HttpTransporter, Operator};
use opendal_http_transport_reqwest::ReqwestTransport;
use thiserror::Error;

use self::{
    arrival::{Forward, Whole, arrived},
    attempt::{Patience, Silence},
    beginning::Beginning,
    folder::Folder,
    pace::Pace,
    told::plain,
};
use crate::config::{RemoteConfig, RemoteKind};

mod apart;
mod arrival;
mod attempt;
mod beginning;
mod clock;
pub(super) mod folder;
mod host_key;
mod kinds;
mod listing;
pub mod masters;
mod needs;
mod notice;
mod pace;
mod put;
mod told;
pub mod trial;

pub use arrival::Arrival;
pub use attempt::ASK_LIMIT;
pub use kinds::known_options;
pub use listing::Listed;

/// A connection stands within this, or the attempt has failed.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// With what a sentence begins that tells of an object which came to no end.
pub const CUT_OFF: &str = "the connection ended after";

/// A remote that was opened; nothing was asked of it yet.
pub struct Remote {
    name: String,
    kind: RemoteKind,
    /// Without a folder: the one that is asked. With a folder it is opened for each call, since OpenDAL makes a folder
    /// that is missing, also that of a disk that is not mounted.
    options: BTreeMap<String, String>,
    opened: Option<Operator>,
    folder: Option<Folder>,
    pace: Option<Pace>,
    append_only: bool,
    silence: Silence,
    beginning: Beginning,
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

/// Opens a remote by its options; nothing is asked of it, and nothing is made.
///
/// # Errors
/// A sentence for each option that OpenDAL does not know or accept, and for a folder that cannot be written to as it
/// is now.
pub fn open(config: &RemoteConfig) -> Result<Remote, String> {
    let remote = open_to_read(config)?;
    match &remote.folder {
        Some(folder) => folder.check().map(|()| remote),
        None => Ok(remote),
    }
}

/// The same for whoever only reads: a folder on another disk than it was is no hindrance.
///
/// # Errors
/// As [`open`].
pub fn open_to_read(config: &RemoteConfig) -> Result<Remote, String> {
    let mut options = config.options.clone();
    options.extend(
        config
            .credentials
            .iter()
            .map(|(key, secret)| (key.clone(), secret.expose().to_owned())),
    );
    let key_file = options
        .get("key")
        .filter(|_| config.kind == RemoteKind::Sftp)
        .cloned();
    let (mut folder, mut opened) = (None, None);
    if config.kind == RemoteKind::Fs {
        let root = options
            .get("root")
            .ok_or("it needs a root: the folder that holds the backups")?;
        let partial = options.get("atomic_write_dir").map(String::as_str);
        let own = &config.own_folders;
        folder = Some(Folder::new(&config.name, root, partial, &config.memory).apart_from(own));
    } else {
        let whose = (config.name.as_str(), config.kind);
        if let Some(fault) = needs::unusable(whose, &options) {
            return Err(fault);
        }
        let operator = kinds::operator(config.kind, options.clone());
        opened =
            Some(operator.map_err(|error| needs::missing(whose, &error).unwrap_or_else(|| plain(&error)))?);
        // Only a folder needs them again.
        options.clear();
    }
    Ok(Remote {
        name: config.name.clone(),
        kind: config.kind,
        pace: config.bandwidth.map(|limit| Pace::new(limit, &config.memory)),
        append_only: config.append_only,
        silence: Silence::of(needs::no_credentials((&config.name, config.kind)), key_file),
        beginning: Beginning::of(&config.memory),
        options,
        opened,
        folder,
    })
}

impl Remote {
    /// Its name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its credentials may not delete, by the configuration: then nothing here ever tries.
    #[must_use]
    pub fn is_append_only(&self) -> bool {
        self.append_only
    }

    /// Whether it is a folder of this machine, with no line between.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.folder.is_some()
    }

    /// Why it failed to answer since it was opened, the first failure first; that something is not there, or has
    /// another size, is an answer.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        self.silence.failures()
    }

    /// Fetches an object of a known size.
    ///
    /// # Errors
    /// [`RemoteError`]: the caller tries another remote.
    pub async fn get(&self, key: &str, size_bytes: u64) -> Result<Bytes, RemoteError> {
        let whole = Whole::default();
        self.get_into(key, size_bytes, &whole).await?;
        Ok(whole.end())
    }

    /// The same for whoever takes the bytes as they come, and says where each try begins.
    ///
    /// # Errors
    /// As [`Remote::get`]; what has come until then was given.
    pub async fn get_into(
        &self,
        key: &str,
        size_bytes: u64,
        arrival: &impl Arrival,
    ) -> Result<(), RemoteError> {
        has_size(self.size(key).await?, size_bytes)?;
        let operator = &self.reader()?.ok_or(RemoteError::Missing)?;
        let read = || async move {
            let from = arrival.begin(size_bytes);
            let reader = operator.reader(key).await?;
            let came = arrived(reader.into_stream(from..size_bytes).await?, arrival).await?;
            match came.map(|bytes| from + bytes) {
                // An end that looks like one is tried again as any other, as long as that brings the object forward.
                Some(found) if found < size_bytes && arrival.held_bytes() > from => Err(opendal::Error::new(
                    ErrorKind::Unexpected,
                    cut_off(found, size_bytes),
                )
                .set_temporary()),
                found => Ok(found),
            }
        };
        let forward = Forward::of(arrival);
        let found = self
            .silence
            .attempt_on(Patience::Read(size_bytes), || forward.is_worth_it(), read)
            .await?;
        // However large it is: nothing comes of whoever says nothing, and another remote may have it.
        let found = found.ok_or_else(|| self.silence.note(self.silence.unanswered(ASK_LIMIT)))?;
        // It has just said itself that it holds all of them: what did not come was lost on the way.
        match found == size_bytes {
            true => Ok(()),
            false => Err(self.silence.note(RemoteError::Down(cut_off(found, size_bytes)))),
        }
    }

    /// Fetches an object of unknown size that may not be larger than this.
    ///
    /// # Errors
    /// As [`Remote::get`].
    pub async fn get_at_most(&self, key: &str, bytes_max: u64) -> Result<Bytes, RemoteError> {
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
        let operator = self.reader()?.ok_or(RemoteError::Missing)?;
        let ask = self.silence.attempt(Patience::Ask, || operator.stat(key));
        Ok(ask.await?.content_length())
    }

    /// Deletes an object; one that is not there is as good as deleted.
    ///
    /// # Errors
    /// When the remote does not answer or refuses.
    pub async fn delete(&self, key: &str) -> Result<(), RemoteError> {
        let operator = self.writer().await?;
        match self.silence.attempt(Patience::Ask, || operator.delete(key)).await {
            Err(RemoteError::Missing) => Ok(()),
            ended => ended,
        }
    }

    /// Takes the place that is there now for the right one: it is new, or its disk was replaced on purpose.
    ///
    /// # Errors
    /// A sentence when that cannot be written down, or the folder not be marked.
    pub fn accept_place(&self) -> Result<(), String> {
        self.beginning.accept(&self.name)?;
        self.folder.as_ref().map_or(Ok(()), Folder::accept)
    }

    /// `None` when it is a folder that is not there yet.
    fn reader(&self) -> Result<Option<Operator>, RemoteError> {
        let Some(folder) = &self.folder else {
            return Ok(self.opened.clone());
        };
        if !folder.is_there().map_err(RemoteError::Down)? {
            return Ok(None);
        }
        // Without the folder for what is not whole: a disk that takes no writes can be read all the same.
        let mut options = self.options.clone();
        options.remove("atomic_write_dir");
        self.open_folder(options).map(Some)
    }

    /// Makes a folder that is missing, unless that is in doubt.
    async fn writer(&self) -> Result<Operator, RemoteError> {
        self.require_begun().await?;
        let Some(folder) = &self.folder else {
            return Ok(self.opened.clone().expect("what is no folder was opened"));
        };
        folder.prepare().map_err(RemoteError::Down)?;
        let mut options = self.options.clone();
        let partial = folder.partial().to_string_lossy().into_owned();
        options.insert("atomic_write_dir".to_owned(), partial);
        self.open_folder(options)
    }

    fn open_folder(&self, options: BTreeMap<String, String>) -> Result<Operator, RemoteError> {
        kinds::operator(self.kind, options).map_err(|error| RemoteError::Down(plain(&error)))
    }
}

fn cut_off(found: u64, size_bytes: u64) -> String {
    format!("{CUT_OFF} {found} of {size_bytes} bytes")
}

fn has_size(found: u64, expected: u64) -> Result<(), RemoteError> {
    match found == expected {
        true => Ok(()),
        false => Err(RemoteError::WrongSize { found, expected }),
    }
}
