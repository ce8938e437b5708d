//! An object's bytes as they come from a remote, piece by piece.
//! It knows nothing of what they are, and believes none of them.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use futures_util::{TryStream, TryStreamExt};
use opendal::Buffer;
use tokio::time::timeout;

use super::ASK_LIMIT;

/// A try that brings this much was of use: an object of 16 MiB takes a thousand of them at most.
const FORWARD_BYTES: u64 = 16 * 1024;

/// Somebody who takes an object's bytes as they come.
pub trait Arrival: Sync {
    /// A try begins, of an object of so many bytes: from which byte on it is asked for.
    fn begin(&self, size_bytes: u64) -> u64;
    /// The next bytes.
    fn take(&self, piece: &Buffer);
    /// So many bytes are there that the next try does not ask for.
    fn held_bytes(&self) -> u64 {
        0
    }
}

/// How far an object has come, try by try.
pub(super) struct Forward<'a, A> {
    arrival: &'a A,
    seen_bytes: AtomicU64,
}

impl<'a, A: Arrival> Forward<'a, A> {
    pub(super) fn of(arrival: &'a A) -> Self {
        Self {
            arrival,
            seen_bytes: AtomicU64::new(arrival.held_bytes()),
        }
    }

    /// Whether more is there, by enough, than when that was said last.
    pub(super) fn is_worth_it(&self) -> bool {
        let held_bytes = self.arrival.held_bytes();
        let is_more = held_bytes
            >= self
                .seen_bytes
                .load(Ordering::Relaxed)
                .saturating_add(FORWARD_BYTES);
        if is_more {
            self.seen_bytes.store(held_bytes, Ordering::Relaxed);
        }
        is_more
    }
}

/// All of it, from the first byte on in each try.
#[derive(Default)]
pub(super) struct Whole(Mutex<Vec<Buffer>>);

impl Whole {
    pub(super) fn end(self) -> Bytes {
        let pieces = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        Buffer::from_iter(pieces.into_iter().flatten()).to_bytes()
    }
}

impl Arrival for Whole {
    fn begin(&self, _size_bytes: u64) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
        0
    }

    fn take(&self, piece: &Buffer) {
        let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pieces.push(piece.clone());
    }
}

/// Gives all that comes on, and how many bytes they were; `None` when the remote fell silent.
pub(super) async fn arrived(
    coming: impl TryStream<Ok = Buffer, Error = opendal::Error> + Unpin,
    arrival: &impl Arrival,
) -> opendal::Result<Option<u64>> {
    let mut bytes = 0;
    let take = |piece: Buffer| {
        bytes += piece.len() as u64;
        arrival.take(&piece);
    };
    let is_all = each(coming, take).await?;
    Ok(is_all.then_some(bytes))
}

/// All that comes, piece by piece: what is long takes its time, and a remote that is silent is noticed all the same, which is
/// `false`.
pub(super) async fn each<T>(
    mut coming: impl TryStream<Ok = T, Error = opendal::Error> + Unpin,
    mut take: impl FnMut(T),
) -> opendal::Result<bool> {
    while let Ok(next) = timeout(ASK_LIMIT, coming.try_next()).await {
        match next? {
            Some(piece) => take(piece),
            None => return Ok(true),
        }
    }
    Ok(false)
}
