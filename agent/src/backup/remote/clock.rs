//! What time it is for a remote: it writes down when it took an object, and that is asked with an object that is deleted
//! again. Nothing is learned from what is in it.

use opendal::Buffer;
use protocol::{object_key::PROBES, time::UnixMillis};

use super::{Remote, RemoteError, attempt::Patience};

impl Remote {
    /// The remote's clock; `None` when it tells no moments. On a folder of this machine it is this machine's.
    ///
    /// # Errors
    /// When the remote does not answer, or takes nothing.
    pub async fn clock(&self) -> Result<Option<UnixMillis>, RemoteError> {
        let key = format!("{PROBES}{:016x}.clock", rand::random::<u64>());
        let noise: [u8; 16] = rand::random();
        self.write(&key, Buffer::from(noise.to_vec()), Patience::Ask)
            .await?;
        let listed = self.list_dated(PROBES).await;
        self.delete(&key).await?;
        Ok(listed?.get(&key).and_then(|listed| listed.written_at))
    }
}
