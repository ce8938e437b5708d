//! On which side of what was asked for that lies which there is instead, and how far off: a later state holds what the owner
//! may have wanted to be rid of, an earlier one lacks what came after it.
//! Pure. Where neither numbers nor moments can be compared it says nothing.

use std::time::Duration;

use protocol::{
    chain::{ChainId, CommitNumber},
    time::UnixMillis,
};

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It holds less than was asked for.
    Earlier,
    /// It holds more than was asked for.
    Later,
}

/// Where something lies beside what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside {
    /// On which side.
    pub side: Side,
    /// How many commits are between the two, on one chain.
    pub commits: Option<u64>,
    /// How much time is between the two, as far as moments are known.
    pub time: Option<Duration>,
}

/// A state: its place on a chain and its moment, as far as they are known.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub place: Option<(ChainId, CommitNumber)>,
    pub at: Option<UnixMillis>,
}

impl State {
    pub(super) fn new(chain: &ChainId, commit: CommitNumber, at: Option<UnixMillis>) -> Self {
        Self {
            place: Some((chain.clone(), commit)),
            at,
        }
    }
}

impl Beside {
    /// Of what was found beside what was asked for. Numbers count before moments, which clocks tell.
    pub(super) fn of(asked: &State, found: &State) -> Option<Self> {
        let places = asked.place.as_ref().zip(found.place.as_ref());
        let commits = places
            .filter(|(asked, found)| asked.0 == found.0)
            .map(|(asked, found)| (asked.1.get(), found.1.get()));
        let moments = asked.at.zip(found.at).map(|(asked, found)| (asked.0, found.0));
        let by_number = commits.and_then(|(asked, found)| side(&asked, &found));
        let by_clock = moments.and_then(|(asked, found)| side(&asked, &found));
        Some(Self {
            side: by_number.or(by_clock)?,
            commits: commits
                .map(|(asked, found)| asked.abs_diff(found))
                .filter(|count| *count > 0),
            // A clock that was set contradicts the numbers, and tells no distance.
            time: moments
                .filter(|_| by_number.is_none() || by_clock == by_number)
                .map(|(asked, found)| Duration::from_millis(asked.abs_diff(found))),
        })
    }
}

/// A distance to the earlier side counts below zero.
fn signed(side: Side, distance: u64) -> i128 {
    match side {
        Side::Earlier => -i128::from(distance),
        Side::Later => i128::from(distance),
    }
}

impl Beside {
    /// By numbers where both have them, else by moments.
    #[must_use]
    pub fn is_nearer_than(&self, other: &Self) -> bool {
        let commits = self.commits.zip(other.commits).map(|(this, other)| this < other);
        let time = self.time.zip(other.time).map(|(this, other)| this < other);
        commits.or(time).unwrap_or(false)
    }

    /// Where something lies that was found beside this. `None` where the two are of no help together.
    pub(super) fn then(self, next: Self) -> Option<Self> {
        let add = |one: Option<u64>, other: Option<u64>| {
            one.zip(other)
                .map(|(one, other)| signed(self.side, one) + signed(next.side, other))
        };
        let millis = |one: Option<Duration>| one.and_then(|one| u64::try_from(one.as_millis()).ok());
        let commits = add(self.commits, next.commits);
        let time = add(millis(self.time), millis(next.time));
        let side = match commits.or(time) {
            Some(sum) => side(&0, &sum)?,
            None if self.side == next.side => self.side,
            None => return None,
        };
        let distance = |sum: i128| u64::try_from(sum.unsigned_abs()).ok();
        Some(Self {
            side,
            commits: commits.and_then(distance),
            time: time.and_then(distance).map(Duration::from_millis),
        })
    }
}

fn side<T: Ord>(asked: &T, found: &T) -> Option<Side> {
    match found.cmp(asked) {
        std::cmp::Ordering::Less => Some(Side::Earlier),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(Side::Later),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(chain: u128, commit: u64, at: Option<i64>) -> State {
        let commit = CommitNumber::new(commit).unwrap();
        State::new(&ChainId::from_bits(chain), commit, at.map(UnixMillis))
    }

    #[test]
    fn numbers_of_one_chain_tell_the_side_and_moments_where_there_are_none() {
        let asked = state(1, 10, Some(60_000));
        let of = |found: State| {
            let beside = Beside::of(&asked, &found)?;
            Some((beside.side, beside.commits, beside.time.map(|it| it.as_secs())))
        };
        let (earlier, later) = (Side::Earlier, Side::Later);
        assert_eq!(of(state(1, 7, Some(20_000))), Some((earlier, Some(3), Some(40))));
        assert_eq!(of(state(1, 12, Some(61_000))), Some((later, Some(2), Some(1))));
        assert_eq!(of(state(1, 12, None)), Some((later, Some(2), None)));
        // The clock was set back in between.
        assert_eq!(of(state(1, 12, Some(20_000))), Some((later, Some(2), None)));
        // Numbers of two chains say nothing of each other.
        assert_eq!(of(state(2, 1, Some(65_000))), Some((later, None, Some(5))));
        assert_eq!(of(state(2, 1, None)), None);
        let then = |one: Beside, next: Beside| one.then(next).map(|it| (it.side, it.commits));
        let by = |side: Side, commits: Option<u64>| Beside {
            side,
            commits,
            time: None,
        };
        let more = (by(earlier, Some(3)), by(earlier, Some(2)));
        assert_eq!(then(more.0, more.1), Some((earlier, Some(5))));
        assert_eq!(
            then(by(later, Some(3)), by(earlier, Some(7))),
            Some((earlier, Some(4)))
        );
        assert_eq!(then(by(later, Some(3)), by(earlier, None)), None);
        let moment = State {
            place: None,
            at: Some(UnixMillis(5_000)),
        };
        assert_eq!(
            Beside::of(&moment, &state(1, 9, Some(4_000))).unwrap().side,
            earlier
        );
    }
}
