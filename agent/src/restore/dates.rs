//! Which of a chain's segments were there by a moment, although a clock may have been wrong for a while: dates that only
//! grow with the commits are believed, as many of them as there can be, and those between that do not fit are not.
//! Pure. What no believed date stands behind is not given out as having been there.

use std::ops::Range;

use protocol::time::UnixMillis;

/// The segments to follow for a moment, by their places in the order of the commits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// So many of them; the last one may reach beyond the moment.
    pub count: usize,
    /// Those right after what was surely there of which nobody can say whether they were there too.
    pub unsure: Range<usize>,
}

/// What of these dates, in the order of the commits, was there by the moment. What is dated after `ahead` was dated by a
/// clock that was wrong: nobody has been there yet.
pub(super) fn wanted(dates: &[UnixMillis], moment: UnixMillis, ahead: UnixMillis) -> Wanted {
    let believed = believed(dates, ahead);
    let by_then = |at: &usize| dates[*at] <= moment;
    let mut count = believed
        .iter()
        .rev()
        .find(|at| by_then(at))
        .map_or(0, |at| at + 1);
    let next = believed.into_iter().find(|at| *at >= count);
    if next.is_none() {
        // Nothing speaks for a later moment than their own.
        count = (count..dates.len())
            .rev()
            .find(by_then)
            .map_or(count, |at| at + 1);
    }
    let unsure = count..next.unwrap_or(count);
    // Its first commits may have been there.
    if dates.get(count).is_some_and(|at| *at > moment) {
        count += 1;
    }
    Wanted { count, unsure }
}

/// The places of the longest run of dates that never fall; of two equally long ones the later, since a clock that was
/// wrong has been set right.
fn believed(dates: &[UnixMillis], ahead: UnixMillis) -> Vec<usize> {
    // At each length the place with the earliest date that ends such a run, and what comes before each place in its run.
    let (mut ends, mut before) = (Vec::<usize>::new(), vec![None; dates.len()]);
    for (at, date) in dates.iter().enumerate().filter(|(_, date)| **date <= ahead) {
        let length = ends.partition_point(|end| dates[*end] <= *date);
        before[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut run: Vec<usize> = std::iter::successors(ends.last().copied(), |at| before[*at]).collect();
    run.reverse();
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(dates: &[i64], moment: i64) -> (usize, Range<usize>) {
        let dates: Vec<UnixMillis> = dates.iter().copied().map(UnixMillis).collect();
        let wanted = wanted(&dates, UnixMillis(moment), UnixMillis(10_000));
        (wanted.count, wanted.unsure)
    }

    #[test]
    fn with_a_right_clock_the_last_one_is_the_one_that_reaches_beyond_the_moment() {
        let dates = [10, 20, 20, 30];
        assert_eq!(by(&dates, 5), (1, 0..0));
        assert_eq!(by(&dates, 20), (4, 3..3));
        assert_eq!(by(&dates, 25), (4, 3..3));
        assert_eq!(by(&dates, 99), (4, 4..4));
    }

    #[test]
    fn a_stretch_of_a_clock_that_ran_ahead_was_there_when_what_follows_it_was() {
        let past = [10, 20, 900, 910, 30, 40, 50, 890, 950];
        assert_eq!(by(&past, 45), (7, 6..6));
        assert_eq!(by(&past, 25), (3, 2..4), "right before it was set right");
        assert_eq!(
            by(&past, 905),
            (9, 8..8),
            "a moment that the wrong clock has shown"
        );
        let future = [10, 20, 90_000, 91_000, 30];
        assert_eq!(by(&future, 30), (5, 5..5));
        assert_eq!(by(&future, 95_000), (5, 5..5));
    }

    #[test]
    fn a_stretch_of_a_clock_that_ran_behind_is_not_given_for_the_moments_that_it_showed() {
        let dates = [100, 200, 300, 400, 150, 160, 410];
        assert_eq!(by(&dates, 170), (2, 1..1));
        assert_eq!(by(&dates, 405), (4, 4..6));
        assert_eq!(by(&dates, 410), (7, 7..7));
        let tail = [100, 200, 300, 400, 150, 160];
        assert_eq!(by(&tail, 170), (2, 1..1));
        assert_eq!(by(&tail, 500), (6, 6..6), "they are there now");
    }
}
