//! A notice on a remote: a few bytes that say something by being there. Nobody depends on it, so that a remote that takes
//! none has not failed, and is asked for objects as before.

use std::{future::Future, time::Duration};

use opendal::{Buffer, Operator};
use tokio::time::timeout;

use super::Remote;

/// A remote that takes longer does without.
const LIMIT: Duration = Duration::from_secs(10);

impl Remote {
    /// Whether the remote took it: credentials to read alone refuse, and so does a disk that is full. It makes no place
    /// that is missing, and leaves no mark of this server's there.
    pub async fn leave_notice(&self, key: &str) -> bool {
        let noise: [u8; 16] = rand::random();
        let is_taken = self
            .quietly(|operator| async move { operator.write(key, Buffer::from(noise.to_vec())).await })
            .await;
        // Also the folder of one that was not taken: the agent's own user is to write there later.
        if let Some(folder) = &self.folder {
            folder.give_to_owner(key);
        }
        is_taken
    }

    /// Takes it away again; one that stays counts for as long as its reader says.
    pub async fn take_notice_back(&self, key: &str) {
        self.quietly(|operator| async move { operator.delete(key).await })
            .await;
    }

    /// Without a second try, and without a word about a failure.
    async fn quietly<T, F>(&self, call: impl FnOnce(Operator) -> F) -> bool
    where
        F: Future<Output = opendal::Result<T>>,
    {
        let Ok(Some(operator)) = self.reader() else {
            return false;
        };
        timeout(LIMIT, call(operator))
            .await
            .is_ok_and(|ended| ended.is_ok())
    }
}
