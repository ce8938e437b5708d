//! What the owner keeps outside of every remote: the newest point's place in its chain and its manifest's digest. Who
//! puts a remote back to an older state, or writes another history there, contradicts it.
//! It sends nothing: the daily summary to the owner does.

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::PointId,
};

use crate::store::Store;

/// Hex digits of the digest that a person compares.
const DIGEST_CHARS_TOLD: usize = 32;

/// Where the backups stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The newest point.
    pub point: PointId,
    /// Its chain.
    pub chain: ChainId,
    /// The commit that it stands after.
    pub commit: CommitNumber,
    /// The beginning of its manifest's SHA-256, as in the manifest's name.
    pub digest: String,
}

impl Anchor {
    /// The newest point that was written down; `None` before the first backup.
    ///
    /// # Errors
    /// When the agent's own database refuses.
    pub fn newest(store: &Store) -> rusqlite::Result<Option<Self>> {
        let last = store.last_point()?;
        Ok(last.map(|known| Self {
            digest: known.manifest_sha256.chars().take(DIGEST_CHARS_TOLD).collect(),
            point: known.manifest.point,
            chain: known.manifest.chain,
            commit: known.manifest.commit,
        }))
    }

    /// One line that needs no translation: point, commit, digest.
    #[must_use]
    pub fn line(&self) -> String {
        let Self {
            point,
            chain,
            commit,
            digest,
        } = self;
        format!(
            "{point} · commit {} · chain {} · {digest}",
            commit.get(),
            chain.as_str()
        )
    }
}
