//! What a remote lacks of the chain that was rehearsed there: commits that it was never sent, and those that a comparison
//! found missing or altered. The shop comes back in spite of them, to the state before them or to one that a later restore
//! point holds.
//! It asks no remote, and judges nothing.

use protocol::chain::{ChainId, CommitNumber};
use serde_json::{Value, json};

use crate::store::Store;

/// In rows, as a drill of this remote holds them. What lies before the oldest point there is let go, and not lacking.
///
/// # Errors
/// When the agent's own database refuses.
pub(super) fn lacks(store: &Store, remote: &str, chain: &ChainId) -> rusqlite::Result<Vec<Value>> {
    let points = store.points()?.into_values();
    let held = points.filter(|known| known.manifest.chain == *chain && known.is_held_by(remote));
    let Some(oldest) = held.map(|known| known.manifest.commit).min() else {
        return Ok(Vec::new());
    };
    let never_sent = store.never_sent(remote)?.into_iter();
    let never_sent = never_sent.map(|it| (it.chain, it.first, it.last, true));
    let torn = store.torn(remote)?.into_iter();
    let torn = torn.map(|it| (it.chain, it.first, it.last, false));
    let mut all: Vec<(CommitNumber, CommitNumber, bool)> = never_sent
        .chain(torn)
        .filter(|(of, _, last, _)| of == chain && *last > oldest)
        .map(|(_, first, last, never_sent)| (first.max(oldest.next()), last, never_sent))
        .collect();
    all.sort_unstable();
    let row = |(first, last, never_sent)| json!({ "first": first, "last": last, "never_sent": never_sent });
    Ok(all.into_iter().map(row).collect())
}
