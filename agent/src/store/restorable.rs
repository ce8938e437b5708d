//! How far the shop comes back from one remote alone: from its newest whole point by what was sent after that, up to what a
//! spool dropped or a comparison found torn.
//! It decides nothing about what that means.

use protocol::{
    chain::{ChainId, CommitNumber},
    time::UnixMillis,
};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    Store,
    capture::{chain_from, signed},
    sealed_to::SealedTo,
    shipping::Shipping,
    torn,
};

const SELECT_HELD: &str = "
    SELECT (SELECT max(json_extract(p.manifest, '$.commit'))
            FROM restore_point p JOIN restore_point_copy c ON c.point = p.point AND c.remote = :remote
                 AND c.lost_at IS NULL
            WHERE json_extract(p.manifest, '$.chain') = :chain),
           (SELECT commit_number FROM shipping WHERE remote = :remote AND chain = :chain),
           (SELECT gap_commit FROM shipping WHERE remote = :remote AND gap_chain = :chain),
           (SELECT p.sealed_to
            FROM restore_point p JOIN restore_point_copy c ON c.point = p.point AND c.remote = :remote
                 AND c.lost_at IS NULL
            WHERE json_extract(p.manifest, '$.chain') = :chain AND json_extract(p.manifest, '$.base') IS NULL
            ORDER BY p.rowid DESC LIMIT 1)";
/// The first commit after that point which the remote was never sent.
const SELECT_FIRST_DROPPED: &str = "
    SELECT min(first_commit) FROM spool_drop WHERE remote = :remote AND chain = :chain AND last_commit > :point";
/// What the remote was never sent behind that point, and when that turned out.
const SELECT_NEVER_SENT: &str = "
    SELECT max(first_commit, :point + 1), last_commit, at FROM spool_drop
    WHERE remote = :remote AND chain = :chain AND last_commit > :point ORDER BY first_commit, last_commit";
const SELECT_FOLLOWED: &str = "SELECT chain FROM capture";

impl Store {
    /// The newest commit of this lineage that can be restored from this remote alone; `None` while it holds no restore
    /// point of it, without which segments restore nothing, and while what is sealed to `keys` follows a full point that
    /// opens with none of these: nobody has both.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn restorable_through(
        &self,
        remote: &str,
        chain: &ChainId,
        keys: Option<&SealedTo>,
    ) -> rusqlite::Result<Option<CommitNumber>> {
        self.read(|connection| through(connection, (remote, chain), keys))
    }
}

fn through(
    connection: &Connection,
    (remote, chain): (&str, &ChainId),
    keys: Option<&SealedTo>,
) -> rusqlite::Result<Option<CommitNumber>> {
    let row = named_params! {":remote": remote, ":chain": chain.as_str()};
    let (point, shipped, gap, sealed): (Option<u64>, _, Option<u64>, _) =
        connection.prepare_cached(SELECT_HELD)?.query_row(row, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    let Some(point) = point else { return Ok(None) };
    let sealed = SealedTo::read(sealed);
    if sealed
        .zip(keys)
        .is_some_and(|(sealed, keys)| !sealed.shares_key(keys))
    {
        return Ok(None);
    }
    let gap = match gap.is_some_and(|gap| gap > point) {
        true => Some(first_dropped(connection, (remote, chain), point)?.unwrap_or(point)),
        false => None,
    };
    let torn = torn::first_after(connection, remote, chain, point)?;
    let missing = gap.into_iter().chain(torn).min();
    Ok(CommitNumber::new(restorable(point, shipped, missing)).ok())
}

/// What stands between the newest point of a remote and all that was meant for it.
pub(super) struct Behind {
    /// The newest commit that can be restored from it.
    pub after: CommitNumber,
    /// Commits behind its newest point that it was never sent.
    pub never_sent: u64,
    /// Since when that is known; `None` where there are none.
    pub since: Option<UnixMillis>,
}

/// Nothing where all that it was sent leads on from its newest point. Asked only where something was ever found torn or
/// dropped: that is seldom, and this is asked all the time.
pub(super) fn behind(connection: &Connection, one: &Shipping) -> rusqlite::Result<Option<Behind>> {
    let held = one.holds.as_ref().map(|(chain, commit, _)| (chain, *commit));
    let passed_by = one.passed_by.as_ref().map(|(chain, commit, _)| (chain, *commit));
    let is_torn = match held {
        Some((chain, _)) => torn::first_after(connection, &one.remote, chain, 0)?.is_some(),
        None => false,
    };
    if passed_by.is_none() && !is_torn {
        return Ok(None);
    }
    // A chain that has ended needs no mending, and nothing is promised of it.
    let followed = connection
        .prepare_cached(SELECT_FOLLOWED)?
        .query_row([], |row| chain_from(row, 0))
        .optional()?;
    let Some(chain) = followed.or_else(|| held.map(|(chain, _)| chain.clone())) else {
        return Ok(None);
    };
    let of_chain = |(of, commit): (&ChainId, CommitNumber)| (*of == chain).then_some(commit);
    let reached = held.and_then(of_chain).max(passed_by.and_then(of_chain));
    let through = through(connection, (&one.remote, &chain), None)?;
    let Some(after) = through.filter(|through| reached.is_some_and(|reached| *through < reached)) else {
        return Ok(None);
    };
    let (never_sent, since) = never_sent(connection, (&one.remote, &chain))?;
    Ok(Some(Behind {
        after,
        never_sent,
        since,
    }))
}

/// How many commits, and since when that is known.
fn never_sent(
    connection: &Connection,
    (remote, chain): (&str, &ChainId),
) -> rusqlite::Result<(u64, Option<UnixMillis>)> {
    let row = named_params! {":remote": remote, ":chain": chain.as_str()};
    let point: Option<i64> = connection
        .prepare_cached(SELECT_HELD)?
        .query_row(row, |row| row.get(0))?;
    let row = named_params! {
        ":remote": remote, ":chain": chain.as_str(), ":point": point.unwrap_or(0),
    };
    let mut statement = connection.prepare_cached(SELECT_NEVER_SENT)?;
    let mut dropped = statement.query(row)?;
    let (mut count, mut counted_through, mut since) = (0, 0, None);
    while let Some(row) = dropped.next()? {
        let (first, last): (u64, u64) = (row.get(0)?, row.get(1)?);
        // A remote that was taken out twice may have missed the same twice.
        count += (last + 1).saturating_sub(first.max(counted_through + 1));
        counted_through = counted_through.max(last);
        let at = UnixMillis(row.get(2)?);
        since = Some(since.map_or(at, |since: UnixMillis| since.min(at)));
    }
    Ok((count, since))
}

fn first_dropped(
    connection: &Connection,
    (remote, chain): (&str, &ChainId),
    point: u64,
) -> rusqlite::Result<Option<u64>> {
    let row = named_params! {":remote": remote, ":chain": chain.as_str(), ":point": signed(point)};
    connection
        .prepare_cached(SELECT_FIRST_DROPPED)?
        .query_row(row, |row| row.get(0))
}

/// What is missing behind the newest point cannot be crossed; what is missing before it does not matter any more. `missing`
/// is the first commit behind the point that was never sent, or was found torn: it may be of a segment that begins before.
fn restorable(point: u64, shipped: Option<u64>, missing: Option<u64>) -> u64 {
    let through = point.max(shipped.unwrap_or(0));
    missing.map_or(through, |missing| {
        through.min(point.max(missing.saturating_sub(1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_count_only_upon_a_point_and_up_to_the_commit_before_what_is_missing() {
        assert_eq!(restorable(5, None, None), 5);
        assert_eq!(restorable(5, Some(9), None), 9);
        assert_eq!(restorable(5, Some(3), None), 5);
        assert_eq!(restorable(5, Some(9), Some(8)), 7);
        assert_eq!(restorable(5, Some(9), Some(6)), 5);
        // The segment that is altered may begin before the point.
        assert_eq!(restorable(5, Some(9), Some(3)), 5);
    }
}
