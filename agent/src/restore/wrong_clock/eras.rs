//! The dates of a chain's commits on one clock, although they were written by several: by how far the clock was set in between.
//! Pure. Over a restart of the machine nobody can tell how far it was set, and the dates on both sides are not compared.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use protocol::{chain::CommitNumber, manifest::ClockStep, time::UnixMillis};

/// The dates of a chain, and the clocks that wrote them.
pub(super) struct Dates {
    /// The last commit of each segment, in the order of the commits.
    dated: Vec<(CommitNumber, UnixMillis)>,
    /// In the order of the commits; the first one dates what the chain began with.
    eras: Vec<Era>,
    now: UnixMillis,
}

/// A clock between two times that it was set.
#[derive(Clone, Copy)]
struct Era {
    /// It dates what comes after this commit.
    after: Option<CommitNumber>,
    /// How far it was set since the machine's start, or since the chain began, in milliseconds.
    clock: i64,
    /// How often the machine was started since the chain began.
    boot: usize,
}

/// A clock on which something else was there by the moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Other {
    /// The last commit by then; `None` where there was none yet.
    pub commit: Option<CommitNumber>,
    /// The last commit before it was set.
    pub after: CommitNumber,
    /// By how many milliseconds it was set forward.
    pub by_ms: i64,
    /// On which side of that it was wrong then.
    pub wrong: Side,
}

/// Before or after the clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

/// Which era's clock counts, for each start of the machine.
type Believed = BTreeMap<usize, usize>;

impl Dates {
    pub(super) fn of(dated: Vec<(CommitNumber, UnixMillis)>, steps: &[ClockStep], now: UnixMillis) -> Self {
        let begin = Era {
            after: None,
            clock: 0,
            boot: 0,
        };
        let mut eras = vec![begin];
        for step in steps {
            let (last, after) = (eras[eras.len() - 1], Some(step.after));
            eras.push(match step.by_ms {
                Some(by_ms) => Era {
                    after,
                    clock: last.clock.saturating_add(by_ms),
                    ..last
                },
                None => Era {
                    after,
                    clock: 0,
                    boot: last.boot + 1,
                },
            });
        }
        // Where a segment ends at the point, that tells when its commit was seen.
        let dated: BTreeMap<CommitNumber, UnixMillis> = dated.into_iter().collect();
        Self {
            dated: dated.into_iter().collect(),
            eras,
            now,
        }
    }

    /// By the clock as it was set to in the end, then by the one that most of the time went by.
    pub(super) fn by_another_clock(&self, moment: UnixMillis, given: CommitNumber) -> Option<Other> {
        [self.last(), self.longest()].iter().find_map(|believed| {
            let commit = self.by(moment, believed);
            if commit == Some(given) {
                return None;
            }
            let near = [Some(given), commit].into_iter().flatten();
            let mut all = near.chain(self.dated.iter().map(|(commit, _)| *commit));
            let wrong = all.find_map(|commit| {
                let at = self.era_of(commit);
                (self.off(at, believed) != 0).then_some(at)
            })?;
            self.told(wrong, believed, commit)
        })
    }

    /// The last commit by then on the clock as it was set to in the end; `None` where it was never set, or there was none yet.
    pub(super) fn by_the_last_clock(&self, moment: UnixMillis) -> Option<CommitNumber> {
        (self.eras.len() > 1)
            .then(|| self.by(moment, &self.last()))
            .flatten()
    }

    /// What is said of a clock that was wrong in this era, next to which it was set.
    fn told(&self, wrong: usize, believed: &Believed, commit: Option<CommitNumber>) -> Option<Other> {
        let right = *believed.get(&self.eras[wrong].boot)?;
        let (set, side) = match wrong < right {
            true => (wrong + 1, Side::Before),
            false => (wrong, Side::After),
        };
        let off = self.off(wrong, believed);
        Some(Other {
            commit,
            after: self.eras[set].after?,
            by_ms: if side == Side::Before { off } else { -off },
            wrong: side,
        })
    }

    fn era_of(&self, commit: CommitNumber) -> usize {
        let is_before = |era: &Era| era.after.is_none_or(|after| after < commit);
        self.eras.partition_point(is_before).saturating_sub(1)
    }

    /// How far the clock of an era stood behind the one that counts.
    fn off(&self, era: usize, believed: &Believed) -> i64 {
        let era = &self.eras[era];
        let right = believed
            .get(&era.boot)
            .map_or(era.clock, |right| self.eras[*right].clock);
        right.saturating_sub(era.clock)
    }

    /// The last commit that was there by a moment.
    fn by(&self, moment: UnixMillis, believed: &Believed) -> Option<CommitNumber> {
        let is_by_then = |(commit, at): &&(CommitNumber, UnixMillis)| {
            at.0.saturating_add(self.off(self.era_of(*commit), believed)) <= moment.0
        };
        self.dated.iter().rfind(is_by_then).map(|(commit, _)| *commit)
    }

    /// The last clock before each restart of the machine, and the last of all.
    fn last(&self) -> Believed {
        let eras = self.eras.iter().enumerate();
        eras.map(|(at, era)| (era.boot, at)).collect()
    }

    /// The same, but where more time went by on another one than on all others together; the last one goes on until now.
    fn longest(&self) -> Believed {
        let mut dated: Vec<(usize, UnixMillis)> = self
            .dated
            .iter()
            .map(|(commit, at)| (self.era_of(*commit), *at))
            .collect();
        dated.extend(dated.last().map(|(era, _)| (*era, self.now)));
        let mut lasted: Vec<(usize, Duration)> = Vec::new();
        for stretch in dated.chunk_by(|one, next| one.0 == next.0) {
            if let [first, .., last] = stretch {
                lasted.push((first.0, last.1.since(first.1)));
            }
        }
        let mut believed = self.last();
        for (boot, right) in &mut believed {
            let of_boot = || lasted.iter().filter(|(era, _)| self.eras[*era].boot == *boot);
            let all: Duration = of_boot().map(|(_, time)| *time).sum();
            let longest = of_boot().max_by_key(|(era, time)| (*time, Reverse(*era)));
            if let Some((era, _)) = longest.filter(|(_, time)| *time * 2 > all) {
                *right = *era;
            }
        }
        believed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(number: u64) -> CommitNumber {
        CommitNumber::new(number).unwrap()
    }

    /// Behind which commits the clock was set, and by how many seconds; nothing where the machine was started anew.
    type Steps<'s> = &'s [(u64, Option<i64>)];

    fn dates(dated: &[i64], steps: Steps<'_>) -> Dates {
        let steps: Vec<ClockStep> = steps
            .iter()
            .map(|(after, by)| ClockStep {
                after: commit(*after),
                by_ms: by.map(|by| by * 1_000),
            })
            .collect();
        let dated = (1..)
            .zip(dated)
            .map(|(number, at)| (commit(number), UnixMillis(at * 1_000)));
        Dates::of(dated.collect(), &steps, UnixMillis(17_500_000))
    }

    /// What is there by a moment on another clock than the written dates give, behind which commit it was set, by how many
    /// seconds, and whether it was wrong before that.
    fn other(dated: &[i64], steps: Steps<'_>, moment: i64, given: u64) -> Option<(u64, u64, i64, bool)> {
        let other = dates(dated, steps).by_another_clock(UnixMillis(moment * 1_000), commit(given))?;
        let there = other.commit.map_or(0, CommitNumber::get);
        let is_before = other.wrong == Side::Before;
        Some((there, other.after.get(), other.by_ms / 1_000, is_before))
    }

    #[test]
    fn a_clock_that_was_never_set_has_one_answer() {
        assert_eq!(other(&[10, 20, 30], &[], 25, 2), None);
    }

    #[test]
    fn a_chain_that_began_under_a_clock_that_stood_back_has_another_answer_by_the_right_clock() {
        // Really at 3,610 to 3,630, and then at 4,000.
        let (dated, steps) = ([10, 20, 30, 4_000, 9_000], [(3, Some(3_600))]);
        assert_eq!(other(&dated, &steps, 3_625, 3), Some((2, 3, 3_600, true)));
        assert_eq!(other(&dated, &steps, 3_635, 3), None);
        assert_eq!(other(&dated, &steps, 15, 1), Some((0, 3, 3_600, true)));
        assert_eq!(other(&dated, &steps, 4_500, 4), None);
        let by_the_last = |moment: i64| dates(&dated, &steps).by_the_last_clock(UnixMillis(moment * 1_000));
        assert_eq!(by_the_last(3_625), Some(commit(2)));
        assert_eq!(by_the_last(15), None);
        assert_eq!(dates(&dated, &[]).by_the_last_clock(UnixMillis(4_000_000)), None);
    }

    #[test]
    fn a_clock_that_was_set_back_for_a_while_in_which_its_dates_do_not_fall_is_known_to_have_been_wrong() {
        // An hour back after the second, really at 5,000 to 5,100, and right again.
        let dated = [10, 1_000, 1_400, 1_500, 5_200, 9_000];
        let steps = [(2, Some(-3_600)), (4, Some(3_600))];
        assert_eq!(other(&dated, &steps, 1_450, 3), Some((2, 4, 3_600, true)));
        assert_eq!(other(&dated, &steps, 5_050, 4), Some((3, 4, 3_600, true)));
        assert_eq!(other(&dated, &steps, 5_150, 4), None);
    }

    #[test]
    fn a_clock_that_is_wrong_at_the_end_is_not_believed_over_the_one_before() {
        // Two hours ahead at the end.
        let (dated, steps) = ([1_000, 9_000, 17_000, 17_100], [(2, Some(7_200))]);
        let by_the_last = Some((1, 2, 7_200, true));
        assert_eq!(other(&dated, &steps, 9_100, 2), by_the_last);
        let by_the_one_before = Some((4, 2, 7_200, false));
        assert_eq!(other(&dated, &steps, 16_500, 2), by_the_one_before);
        assert_eq!(other(&dated, &steps, 17_500, 4), None);
    }

    #[test]
    fn what_was_dated_before_the_machine_was_started_anew_is_not_measured_by_a_clock_after_that() {
        // Back at its start for want of a battery, set right a moment later.
        let dated = [10, 1_000, 9_000, 12_700, 12_800];
        let steps = [(3, None), (3, Some(3_600))];
        for (moment, given) in [(1_500, 2), (9_100, 3), (12_750, 4)] {
            assert_eq!(other(&dated, &steps, moment, given), None, "{moment}");
        }
        // The commit in between was dated by the wrong one.
        let steps = [(3, None), (4, Some(3_600))];
        let dated = [10, 1_000, 9_000, 9_150, 12_800];
        assert_eq!(other(&dated, &steps, 9_200, 4), Some((3, 4, 3_600, true)));
        assert_eq!(other(&dated, &steps, 1_500, 2), None);
    }
}
