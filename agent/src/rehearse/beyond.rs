//! What a rehearsal did not reach, although this server knows of it: commits of a chain to which nothing on the remote
//! leads, or later ones that another remote has taken and this one has not.
//! It is no fault of what came back, and none of what is still on its way.

use std::time::Duration;

use protocol::chain::ChainId;
use serde_json::{Value, json};

use crate::{
    restore::Reached,
    store::{Store, rehearsal::OF_ANOTHER_CHAIN, shipping::Shipping},
};

/// A remote whose newest commit is older than another one's by less than this is not behind: the rest is on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(60);

/// Those after `reached`, as the row of a drill of this remote holds them; nothing where there are none. `shipping` is what
/// each remote held before this one was listed: what came meanwhile is missing nowhere.
///
/// # Errors
/// When the agent's own database refuses.
pub(super) fn beyond(
    store: &Store,
    (remote, shipping): (&str, Vec<Shipping>),
    (chain, reached): (&ChainId, Reached),
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
    Ok(behind((remote, shipping), (chain, reached)))
}

/// What of the chain another remote has taken and this one has not.
fn behind((remote, shipping): (&str, Vec<Shipping>), (chain, reached): (&ChainId, Reached)) -> Value {
    let taken = shipping
        .into_iter()
        .filter_map(|one| Some((one.remote, one.holds?)));
    let taken = taken.filter(|(_, (of, ..))| of == chain);
    let taken = taken.map(|(of, (_, commit, at))| (of == remote, commit, at));
    let (own, others): (Vec<_>, Vec<_>) = taken.partition(|(is_own, ..)| *is_own);
    // What it has taken itself is there, whether it was rehearsed or not.
    let own = own.into_iter().map(|(_, commit, at)| (commit, at));
    let reached = (reached.commit, reached.at);
    let (held, held_at) = own.chain([reached]).max().unwrap_or(reached);
    let newest = others.into_iter().map(|(_, commit, at)| (commit, at)).max();
    let missing = newest.filter(|(commit, at)| *commit > held && at.since(held_at) > ON_ITS_WAY);
    missing.map_or(
        Value::Null,
        |(through, _)| json!({ "chain": chain, "first": held.next(), "through": through }),
    )
}

#[cfg(test)]
mod tests {
    use protocol::{chain::CommitNumber, time::UnixMillis};

    use super::*;

    fn at(commit: u64, seconds: i64) -> (CommitNumber, UnixMillis) {
        (
            CommitNumber::try_from(commit).unwrap(),
            UnixMillis(seconds * 1_000),
        )
    }

    fn holding(remote: &str, chain: &ChainId, (commit, at): (CommitNumber, UnixMillis)) -> Shipping {
        Shipping {
            remote: remote.to_owned(),
            holds: Some((chain.clone(), commit, at)),
            shipped_at: None,
            failing: None,
            unanswered_since: None,
            passed_by: None,
            never_sent: 0,
            torn_after: None,
            waiting_commits: 0,
            waiting_bytes: 0,
            waiting_since: None,
        }
    }

    #[test]
    fn only_what_a_remote_has_not_taken_for_a_minute_is_missing_there() {
        let (chain, other) = (ChainId::from_bits(1), ChainId::from_bits(2));
        let reached = |(commit, at)| Reached { commit, at };
        let told = |own: &[Shipping], theirs, reached| {
            let all = own.iter().cloned().chain([holding("b", &chain, theirs)]);
            behind(("a", all.collect()), (&chain, reached))
        };
        let nothing_of_it = [holding("a", &other, at(900, 900))];
        let long_ago = json!({ "chain": chain, "first": 11, "through": 40 });
        assert_eq!(told(&[], at(40, 400), reached(at(10, 100))), long_ago);
        assert_eq!(told(&nothing_of_it, at(40, 400), reached(at(10, 100))), long_ago);
        // On its way.
        assert_eq!(told(&[], at(40, 130), reached(at(10, 100))), Value::Null);
        // Taken, although the rehearsal was of an earlier state.
        let own = [holding("a", &chain, at(40, 400))];
        assert_eq!(told(&own, at(40, 400), reached(at(10, 100))), Value::Null);
        let own = [holding("a", &chain, at(30, 300))];
        let rest = json!({ "chain": chain, "first": 31, "through": 40 });
        assert_eq!(told(&own, at(40, 400), reached(at(10, 100))), rest);
    }
}
