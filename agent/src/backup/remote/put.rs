//! Writes an object whole, and believes that it is there only when it came back as it was written.
//! It overwrites nothing on purpose: names are unique, and the same name holds the same bytes.

use futures_util::TryStreamExt;
use jiff::Timestamp;
use opendal::Buffer;
use protocol::time::UnixMillis;

use super::{Remote, RemoteError, attempt::Patience, has_size, told::NO_FOLDER};
use crate::{backup::room::lacks_files, config::RemoteKind};

/// What the system says of a disk that takes nothing new, be it for want of bytes or of files; and what we say of the second.
const NO_SPACE: &str = "No space left on device";
const NO_FILES: &str = "its disk can hold no more files, however much room there is: df -i says so, and the folder with very many \
                        files on it is to be emptied";
/// A file is read back in such pieces.
const PIECE_BYTES: usize = 1024 * 1024;

impl Remote {
    /// Writes an object whole and reads it back. Every attempt is a write of its own: one that failed half way
    /// may have lost its buffer, and repeating it would write a hole. Waits first when the remote has a bandwidth.
    ///
    /// # Errors
    /// When the remote does not take it, or gives something else back.
    pub async fn put(&self, key: &str, bytes: impl Into<Buffer>) -> Result<(), RemoteError> {
        let bytes = bytes.into();
        self.wait_for_the_line(bytes.len() as u64).await?;
        let patience = Patience::Write(bytes.len() as u64);
        let written = self.write(key, bytes.clone(), patience).await;
        // What comes back is then what the disk has, and the memory is left to the shop.
        self.let_go(key);
        let held = self.holds(key, bytes).await;
        self.let_go(key);
        let is_same = match (held, written) {
            (Ok(is_same), _) => is_same,
            (Err(_), Err(refused)) => return Err(refused),
            (Err(error), Ok(())) => return Err(error),
        };
        // An answer that was lost, or a second attempt that a remote without overwriting refused, is no failure when
        // the object is there.
        let altered = || RemoteError::Down("what was read back is not what was written".to_owned());
        is_same.then_some(()).ok_or_else(altered)
    }

    fn let_go(&self, key: &str) {
        if let Some(folder) = &self.folder {
            folder.let_go(key);
        }
    }

    async fn wait_for_the_line(&self, bytes: u64) -> Result<(), RemoteError> {
        let Some(pace) = &self.pace else { return Ok(()) };
        let now = UnixMillis(Timestamp::now().as_millisecond());
        let wait = pace
            .book(bytes, now)
            .map_err(|error| RemoteError::Down(format!("{error:#}")))?;
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Writes an object. That something is missing then says that its place is, and cannot be made, or that it only lets
    /// itself be read.
    pub(super) async fn write(
        &self,
        key: &str,
        buffer: Buffer,
        patience: Patience,
    ) -> Result<(), RemoteError> {
        match self.write_there(key, buffer, patience).await {
            Err(RemoteError::Down(why)) if self.lacks_files(&why) => {
                Err(self.silence.note(RemoteError::Down(NO_FILES.to_owned())))
            }
            Err(RemoteError::Missing) => {
                let why = match self.is_place_there().await {
                    true => self.read_only_place(),
                    false => self.without_place(),
                };
                Err(self.silence.note(RemoteError::Down(why)))
            }
            // Where the folder is made anew first, its servers hide that it was not.
            Err(RemoteError::Down(why)) if why == NO_FOLDER && self.is_place_there().await => {
                Err(self.silence.note(RemoteError::Down(self.read_only_place())))
            }
            ended => ended,
        }
    }

    fn lacks_files(&self, why: &str) -> bool {
        let is_full = why.contains(NO_SPACE);
        is_full
            && self
                .folder
                .as_ref()
                .is_some_and(|folder| lacks_files(folder.root()))
    }

    /// Whether the place lists anything, be it itself: what is not there lists nothing.
    async fn is_place_there(&self) -> bool {
        let Some(operator) = &self.opened else {
            return false;
        };
        let look = || async move { operator.lister("/").await?.try_next().await };
        let first = self.silence.attempt(Patience::Ask, look).await;
        first.is_ok_and(|first| first.is_some())
    }

    fn read_only_place(&self) -> String {
        format!(
            "{} is there and can be read, but takes no writes: the server says that what is written has no place there, and \
             may be one that only lets itself be read. Let these credentials write there, or name another place",
            self.place()
        )
    }

    fn without_place(&self) -> String {
        format!(
            "{} is not there and cannot be made with these credentials: make it on the server, or correct the name",
            self.place()
        )
    }

    fn place(&self) -> &'static str {
        match self.kind {
            RemoteKind::S3 | RemoteKind::Gcs => "the bucket that `bucket` names",
            RemoteKind::Azblob => "the container that `container` names",
            RemoteKind::Sftp
            | RemoteKind::Webdav
            | RemoteKind::Fs
            | RemoteKind::Dropbox
            | RemoteKind::Gdrive => "the folder that `root` names",
        }
    }

    async fn write_there(&self, key: &str, buffer: Buffer, patience: Patience) -> Result<(), RemoteError> {
        let operator = &self.writer().await?;
        let buffer = &buffer;
        if self.kind == RemoteKind::Sftp {
            // OpenDAL writes in place: an object that a broken line cut off must not bear its name.
            let write = || async move {
                let part = format!("{key}.{:08x}.part", rand::random::<u32>());
                operator.write(&part, buffer.clone()).await?;
                operator.rename(&part, key).await
            };
            return self.silence.attempt(patience, write).await;
        }
        if self.folder.is_none() {
            let write = || operator.write(key, buffer.clone());
            self.silence.attempt(patience, write).await?;
            return Ok(());
        }
        let write = || async move {
            let mut writer = operator.writer(key).await?;
            let whole = async {
                writer.write(buffer.clone()).await?;
                writer.close().await
            };
            let written = whole.await;
            // OpenDAL leaves what it began: on a full disk each try would keep it full.
            if written.is_err() {
                let _ = writer.abort().await;
            }
            written.map(drop)
        };
        self.silence.attempt(patience, write).await?;
        if let Some(folder) = &self.folder {
            folder.give_to_owner(key);
            folder
                .flush(key)
                .map_err(|error| RemoteError::Down(format!("its folder cannot be flushed: {error}")))?;
        }
        Ok(())
    }

    /// Whether an object holds these bytes. They are compared piece by piece, as they come.
    async fn holds(&self, key: &str, bytes: Buffer) -> Result<bool, RemoteError> {
        let size_bytes = bytes.len() as u64;
        has_size(self.size(key).await?, size_bytes)?;
        let operator = &self.reader()?.ok_or(RemoteError::Missing)?;
        let (bytes, is_folder) = (&bytes.to_bytes(), self.folder.is_some());
        let compare = || async move {
            let reader = match is_folder {
                true => operator.reader_with(key).chunk(PIECE_BYTES).await?,
                // Each piece would be a request.
                false => operator.reader(key).await?,
            };
            let mut coming = reader.into_stream(0..size_bytes).await?;
            let mut left = &bytes[..];
            while let Some(pieces) = coming.try_next().await? {
                for piece in pieces {
                    let Some(rest) = left.strip_prefix(&piece[..]) else {
                        return Ok(false);
                    };
                    left = rest;
                }
            }
            Ok(left.is_empty())
        };
        self.silence.attempt(Patience::Read(size_bytes), compare).await
    }
}
