//! What lies on a remote: names, sizes and dates, as it tells them itself.
//! It opens nothing. A list with nothing on it is believed only of a server that can tell what is there from what is not.

use std::collections::BTreeMap;

use futures_util::TryStream;
use opendal::Operator;
use protocol::time::UnixMillis;
use tokio::time::timeout;

use super::{
    Remote, RemoteError,
    arrival::each,
    attempt::{ASK_LIMIT, Patience},
};

/// OpenDAL reads any page as a list with nothing on it.
const ANSWERS_ALL: &str = "something answers in its place that says yes to everything, such as the login page of a network or \
                           a proxy: what lies there nobody can tell";

/// What a listing says of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its size.
    pub size_bytes: u64,
    /// When it was written, by the remote's own clock; not every remote says.
    pub written_at: Option<UnixMillis>,
}

impl Remote {
    /// Every object under a folder, with its size. An absent folder is empty.
    ///
    /// # Errors
    /// When the remote does not answer.
    pub async fn list(&self, folder: &str) -> Result<BTreeMap<String, u64>, RemoteError> {
        let found = self.list_dated(folder).await?;
        Ok(found
            .into_iter()
            .map(|(key, listed)| (key, listed.size_bytes))
            .collect())
    }

    /// The same, with the moment at which each was written.
    ///
    /// # Errors
    /// When the remote does not answer, or something else does in its place.
    pub async fn list_dated(&self, folder: &str) -> Result<BTreeMap<String, Listed>, RemoteError> {
        let Some(operator) = &self.reader()? else {
            return Ok(BTreeMap::new());
        };
        let list = || async move { whole(operator.lister_with(folder).recursive(true).await?).await };
        let entries = match self.silence.attempt(Patience::List, list).await {
            Err(RemoteError::Missing) => return Ok(BTreeMap::new()),
            entries => entries?.ok_or_else(|| self.silence.unanswered(ASK_LIMIT))?,
        };
        if entries.is_empty() {
            self.require_itself(operator).await?;
        }
        let files = entries.into_iter().filter(|entry| entry.metadata().is_file());
        let listed = |metadata: &opendal::Metadata| Listed {
            size_bytes: metadata.content_length(),
            written_at: metadata
                .last_modified()
                .map(|at| UnixMillis(at.into_inner().as_millisecond())),
        };
        Ok(files
            .map(|entry| (entry.path().to_owned(), listed(entry.metadata())))
            .collect())
    }

    /// Asks for a name that nobody gave.
    async fn require_itself(&self, operator: &Operator) -> Result<(), RemoteError> {
        if self.folder.is_some() {
            return Ok(());
        }
        let name = format!("nobody-gave-this-name-{:016x}", rand::random::<u64>());
        match timeout(ASK_LIMIT, operator.stat(&name)).await {
            Ok(Ok(_)) => Err(self.silence.note(RemoteError::Down(ANSWERS_ALL.to_owned()))),
            // Whoever may not ask for it is refused, and a list came all the same.
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }
}

async fn whole<T>(
    coming: impl TryStream<Ok = T, Error = opendal::Error> + Unpin,
) -> opendal::Result<Option<Vec<T>>> {
    let mut pieces = Vec::new();
    let is_all = each(coming, |piece| pieces.push(piece)).await?;
    Ok(is_all.then_some(pieces))
}
