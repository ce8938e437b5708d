//! How far the shop comes back from one remote alone: from its newest whole point by what was sent after that, up to what a
//! spool dropped or a comparison found torn.
//! It decides nothing about what that means.

use protocol::chain::{ChainId, CommitNumber};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Store, sealed_to::SealedTo, shipping::Shipping, torn};

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
    let (point, shipped, gap, sealed): (Option<u64>, _, _, _) =
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
    let torn = torn::first_after(connection, remote, chain, point)?;
    Ok(CommitNumber::new(restorable(point, shipped, gap, torn)).ok())
}

/// Asked only where something was ever found torn or dropped: that is seldom, and this is asked all the time.
pub(super) fn torn_after(connection: &Connection, one: &Shipping) -> rusqlite::Result<Option<CommitNumber>> {
    let Some((chain, commit, _)) = &one.holds else {
        return Ok(None);
    };
    if one.gap_at.is_none() && torn::first_after(connection, &one.remote, chain, 0)?.is_none() {
        return Ok(None);
    }
    let followed: Option<String> = connection
        .prepare_cached(SELECT_FOLLOWED)?
        .query_row([], |row| row.get(0))
        .optional()?;
    // A chain that has ended needs no mending, and nothing is promised of it.
    if followed.is_some_and(|followed| followed != chain.as_str()) {
        return Ok(None);
    }
    let through = through(connection, (&one.remote, chain), None)?;
    Ok(through.filter(|through| through < commit))
}

/// What is missing behind the newest point cannot be crossed; what is missing before it does not matter any more. `gap` is
/// the last commit that a spool dropped, `torn` the first one behind the point that was found torn.
fn restorable(point: u64, shipped: Option<u64>, gap: Option<u64>, torn: Option<u64>) -> u64 {
    if gap.is_some_and(|gap| gap > point) {
        return point;
    }
    let through = point.max(shipped.unwrap_or(0));
    torn.map_or(through, |torn| through.min(point.max(torn - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_count_only_upon_a_point_and_up_to_a_gap() {
        assert_eq!(restorable(5, None, None, None), 5);
        assert_eq!(restorable(5, Some(9), None, None), 9);
        assert_eq!(restorable(5, Some(3), None, None), 5);
        assert_eq!(restorable(5, Some(9), Some(7), None), 5);
        assert_eq!(restorable(8, Some(9), Some(7), None), 9);
    }

    #[test]
    fn segments_count_up_to_the_commit_before_a_torn_one() {
        assert_eq!(restorable(5, Some(9), None, Some(8)), 7);
        assert_eq!(restorable(5, Some(9), None, Some(6)), 5);
        // The segment that is altered may begin before the point.
        assert_eq!(restorable(5, Some(9), None, Some(3)), 5);
        assert_eq!(restorable(5, Some(9), Some(7), Some(9)), 5);
    }
}
