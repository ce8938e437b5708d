//! The certificate of this server's agent, as it lies on every remote: by it a machine that has nothing but the owner's
//! key knows who signed. One that is missing or altered there is written again, where the remote lets it.
//! It looks at no other agent's, and deletes nothing.

use std::path::Path;

use anyhow::Context;
use protocol::object_key::{self, Fingerprint};

use super::{
    remote::{Remote, RemoteError},
    signer::SigningKey,
};

/// What it holds, and under which name.
pub struct Certificate {
    key: String,
    signer: Fingerprint,
    bytes: Vec<u8>,
}

/// How it lies on one remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Byte for byte as it was written.
    Whole,
    /// It is not there.
    Missing,
    /// Something else lies under its name.
    Altered,
}

impl Certificate {
    /// The certificate of this key.
    ///
    /// # Errors
    /// When the cryptographic library refuses.
    pub fn of(signer: &SigningKey) -> anyhow::Result<Self> {
        Ok(Self {
            key: object_key::cert(signer.fingerprint()),
            signer: signer.fingerprint().clone(),
            bytes: signer.certificate()?.into_bytes(),
        })
    }

    /// That of this state directory's key; `None` when no agent has made one yet.
    ///
    /// # Errors
    /// As [`SigningKey::load`] and [`Certificate::of`].
    pub fn load(state_dir: &Path) -> anyhow::Result<Option<Self>> {
        let key = SigningKey::load(state_dir)?;
        key.as_ref().map(Self::of).transpose()
    }

    /// Its name on a remote.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whose it is.
    #[must_use]
    pub fn signer(&self) -> &Fingerprint {
        &self.signer
    }

    /// Its size there.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Fetches it and compares every byte.
    ///
    /// # Errors
    /// When the remote does not answer.
    pub async fn state_on(&self, remote: &Remote) -> Result<State, RemoteError> {
        match remote.get(&self.key, self.size_bytes()).await {
            Ok(found) if found == self.bytes => Ok(State::Whole),
            Ok(_) | Err(RemoteError::WrongSize { .. }) => Ok(State::Altered),
            Err(RemoteError::Missing) => Ok(State::Missing),
            Err(error) => Err(error),
        }
    }

    /// Writes it where it is not as it was written. A remote that lets nobody overwrite keeps the wrong one: that holds
    /// no backup back, and each comparison of that remote names it.
    ///
    /// # Errors
    /// When the remote has none and takes none.
    pub async fn put_right(&self, remote: &Remote) -> anyhow::Result<()> {
        let state = self.state_on(remote).await;
        if matches!(state, Ok(State::Whole)) {
            return Ok(());
        }
        let put = remote.put(&self.key, self.bytes.clone()).await;
        match (state, put) {
            (Ok(State::Altered), Ok(())) => {
                tracing::warn!(
                    remote = remote.name(),
                    key = self.key,
                    "the agent's certificate was altered there, and was written again"
                );
                Ok(())
            }
            (Ok(State::Altered), Err(error)) => {
                // What answers in a remote's place has no list to give.
                let listed = remote.list(object_key::CERTS).await;
                listed.with_context(|| format!("looking at {}", self.key))?;
                tracing::error!(
                    remote = remote.name(),
                    key = self.key,
                    %error,
                    "the agent's certificate was altered there and cannot be overwritten: delete it there with credentials \
                     that may, and the next backup writes it again"
                );
                Ok(())
            }
            (_, put) => put.with_context(|| format!("writing {}", self.key)),
        }
    }
}
