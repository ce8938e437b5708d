//! How work on another thread learns that nobody waits for it any more: a stopped agent must not leave the shop in
//! plain text behind, nor take minutes to end.
//! It interrupts nothing by force: whoever works asks between two pieces.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::ensure;

/// Asked by the one who works.
#[derive(Clone, Default)]
pub(super) struct Cancelled(Arc<AtomicBool>);

/// Held by the one who waits; dropping it calls the work off.
pub(super) struct CancelOnDrop(pub(super) Cancelled);

impl Cancelled {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Fails when the work was called off.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(
            !self.is_set(),
            "the backup was stopped in its middle; it left nothing behind"
        );
        Ok(())
    }

    /// A reader that fails when the work was called off.
    pub(super) fn watch<R: Read>(&self, inner: R) -> impl Read {
        Watched {
            inner,
            cancelled: self.clone(),
        }
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

struct Watched<R> {
    inner: R,
    cancelled: Cancelled,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.cancelled.check().map_err(io::Error::other)?;
        self.inner.read(buffer)
    }
}
