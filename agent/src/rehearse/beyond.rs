//! What a rehearsal did not reach, although this server knows of it: commits of a chain to which nothing on the remote
//! leads, or later ones that another remote has taken already.
//! It is no fault of what came back, and none of what is still on its way.

use protocol::chain::{ChainId, CommitNumber};
use serde_json::{Value, json};

use crate::store::{Store, rehearsal::OF_ANOTHER_CHAIN};

/// Those after `reached`, as the row of a drill of this remote holds them; nothing where there are none.
///
/// # Errors
/// When the agent's own database refuses.
pub(super) fn beyond(
    store: &Store,
    remote: &str,
    (chain, reached): (&ChainId, CommitNumber),
) -> rusqlite::Result<Value> {
    let followed = store.capture_state()?;
    if let Some(state) = followed.as_ref().filter(|state| state.chain != *chain) {
        let newest = store
            .points()?
            .into_values()
            .max_by_key(|known| known.manifest.taken_at);
        // A backup beside the capture begins a chain of its own: where that is the newest, it was reached.
        let is_newest = newest.is_some_and(|known| {
            known.manifest.chain == *chain && known.manifest.taken_at >= state.commit_at
        });
        return Ok(match is_newest {
            true => Value::Null,
            false => json!({ "chain": state.chain, "through": state.commit, OF_ANOTHER_CHAIN: true }),
        });
    }
    let all = store.shipping()?.into_iter().filter(|one| one.remote != remote);
    let taken = all.filter_map(|one| one.holds).filter(|(of, _, _)| of == chain);
    let newest = taken
        .map(|(_, commit, _)| commit)
        .max()
        .filter(|commit| *commit > reached);
    Ok(newest.map_or(
        Value::Null,
        |through| json!({ "chain": chain, "first": reached.next(), "through": through }),
    ))
}
