//! What was there by a moment on the clock as it was set later, or as it was for most of the time, where that is something else
//! than by the dates as they were written. By the dates alone a clock that was set while nobody committed is a quiet shop.
//! It opens what this machine does not know, and says nothing of which clock was right.

use std::{collections::BTreeMap, time::Duration};

use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::Manifest,
    time::UnixMillis,
};

use super::dated_later::nearest_unknown;
use crate::restore::{
    Request, Sources, fetch,
    search::{self, Route},
};

/// The dates of a chain, and how often the clock was set among them.
struct Dates {
    /// The last commit of each segment, in the order of the commits.
    dated: Vec<(CommitNumber, UnixMillis)>,
    steps: BTreeMap<CommitNumber, i64>,
    now: UnixMillis,
}

/// A clock on which something else was there by the moment.
#[derive(Debug, PartialEq, Eq)]
struct Other {
    /// The last commit by then; `None` where there was none yet.
    commit: Option<CommitNumber>,
    /// One that was dated by another clock than this.
    around: CommitNumber,
    /// By how many milliseconds that was behind.
    behind_ms: i64,
    /// Whether the clock was set to it in the end, or else was it for most of the time.
    is_last: bool,
}

/// What the owner is told of it.
pub(super) async fn told(
    request: &Request,
    sources: &Sources<'_>,
    route: &Route,
    moment: UnixMillis,
) -> Option<String> {
    let chain = &route.manifest.chain;
    let dates = dates(request, sources, &route.manifest, moment).await;
    let by_then = route.segments.iter().rfind(|name| name.last_at <= moment);
    let given = by_then.map_or(route.manifest.commit, |name| name.last);
    dates
        .by_another_clock(moment, given)
        .map(|other| in_words(&other, chain))
}

/// The last commit that was there by a moment on the clock as it was set later, of the chain of this point; `None` where it never
/// was set, or nothing was there yet.
pub(super) async fn by_the_last(
    request: &Request,
    sources: &Sources<'_>,
    manifest: &Manifest,
    moment: UnixMillis,
) -> Option<CommitNumber> {
    let dates = dates(request, sources, manifest, moment).await;
    let set: i64 = dates.steps.values().sum();
    (!dates.steps.is_empty()).then(|| dates.by(moment, set)).flatten()
}

/// Those of the chain of a point.
async fn dates(request: &Request, sources: &Sources<'_>, manifest: &Manifest, moment: UnixMillis) -> Dates {
    let segments = sources.survey.segments(&manifest.chain);
    let mut dated = BTreeMap::from([(manifest.commit, manifest.taken_at)]);
    dated.extend(segments.into_iter().map(|name| (name.last, name.last_at)));
    Dates {
        dated: dated.into_iter().collect(),
        steps: steps(request, sources, manifest, moment).await,
        now: request.now,
    }
}

/// By this machine, and by the manifests; where nobody here followed the chain, also by the newest one.
async fn steps(
    request: &Request,
    sources: &Sources<'_>,
    manifest: &Manifest,
    moment: UnixMillis,
) -> BTreeMap<CommitNumber, i64> {
    let chain = &manifest.chain;
    let mut opened = vec![manifest.clone()];
    if request.seen.as_ref().is_none_or(|(seen, _)| seen != chain) {
        opened.extend(nearest_unknown(request, sources, moment).await);
        opened.extend(newest_unknown(request, sources).await);
    }
    let known = request.known.values().map(|known| &known.manifest);
    let told = known.chain(&opened).filter(|manifest| manifest.chain == *chain);
    let told = told.flat_map(|manifest| &manifest.clock_steps);
    let here = request.clock_steps.get(chain).into_iter().flatten();
    told.chain(here).map(|step| (step.after, step.by_ms)).collect()
}

async fn newest_unknown(request: &Request, sources: &Sources<'_>) -> Option<Manifest> {
    let newest = sources.survey.points().pop_last()?;
    match request.known.contains_key(&newest) {
        true => None,
        false => fetch::manifest(sources, &newest, &mut Vec::new()).await.ok(),
    }
}

impl Dates {
    /// The clock as it was set to in the end, then the one that most of the time went by.
    fn by_another_clock(&self, moment: UnixMillis, given: CommitNumber) -> Option<Other> {
        let last: i64 = self.steps.values().sum();
        let clocks = [Some((last, true)), self.longest().map(|clock| (clock, false))];
        clocks.into_iter().flatten().find_map(|(clock, is_last)| {
            let commit = self.by(moment, clock);
            let is_other = |at: &CommitNumber| self.set_until(*at) != clock;
            let around = [Some(given), commit, self.dated.first().map(|(first, _)| *first)];
            let around = around.into_iter().flatten().find(is_other)?;
            (commit != Some(given)).then(|| Other {
                commit,
                around,
                behind_ms: clock - self.set_until(around),
                is_last,
            })
        })
    }

    /// How far the clock that dated a commit had been set since the chain began.
    fn set_until(&self, commit: CommitNumber) -> i64 {
        self.steps.range(..commit).map(|(_, by_ms)| by_ms).sum()
    }

    /// The last commit that was there by a moment on this clock.
    fn by(&self, moment: UnixMillis, clock: i64) -> Option<CommitNumber> {
        let is_by_then = |(commit, at): &&(CommitNumber, UnixMillis)| {
            at.0.saturating_add(clock - self.set_until(*commit)) <= moment.0
        };
        self.dated.iter().rfind(is_by_then).map(|(commit, _)| *commit)
    }

    /// The clock by which more time went by than by all others together; the last one goes on until now.
    fn longest(&self) -> Option<i64> {
        let mut set: Vec<(i64, UnixMillis)> = self
            .dated
            .iter()
            .map(|(commit, at)| (self.set_until(*commit), *at))
            .collect();
        set.extend(set.last().map(|(clock, _)| (*clock, self.now)));
        let stretches = set.chunk_by(|one, next| one.0 == next.0);
        let lasted = stretches.filter_map(|stretch| {
            let (first, last) = stretch.first().zip(stretch.last())?;
            Some((last.1.since(first.1), first.0))
        });
        let lasted: Vec<(Duration, i64)> = lasted.collect();
        let all: Duration = lasted.iter().map(|(time, _)| *time).sum();
        let longest = lasted.into_iter().max()?;
        (longest.0 * 2 > all).then_some(longest.1)
    }
}

fn in_words(other: &Other, chain: &ChainId) -> String {
    // The two clocks are not read at the same instant.
    let by = search::told(Duration::from_secs(
        (other.behind_ms.unsigned_abs() + 500) / 1_000,
    ));
    let side = if other.behind_ms > 0 { "behind" } else { "ahead of" };
    let (what, clock) = match other.is_last {
        true => ("what it was set to later", "that later clock"),
        false => ("what it was for most of the time", "that clock"),
    };
    let state = match other.commit {
        Some(commit) => format!(
            "the last commit by that moment is {commit}. What is given goes by the dates as they were written; --chain {chain} \
             --commit {commit} gives the other state"
        ),
        None => "nothing of this chain that can be restored was there yet by that moment. What is given goes by the dates as \
                 they were written"
            .to_owned(),
    };
    format!(
        "commits around {} were dated by a clock that was {by} {side} {what}: by {clock} {state}",
        other.around
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(number: u64) -> CommitNumber {
        CommitNumber::new(number).unwrap()
    }

    /// What is there by a moment on another clock than the written dates give, and one that was dated by how many seconds
    /// less.
    fn other(dated: &[i64], steps: &[(u64, i64)], moment: i64, given: u64) -> Option<(u64, u64, i64)> {
        let dates = Dates {
            dated: (1..)
                .zip(dated)
                .map(|(number, at)| (commit(number), UnixMillis(at * 1_000)))
                .collect(),
            steps: steps
                .iter()
                .map(|(after, by)| (commit(*after), by * 1_000))
                .collect(),
            now: UnixMillis(17_500_000),
        };
        let other = dates.by_another_clock(UnixMillis(moment * 1_000), commit(given))?;
        let there = other.commit.map_or(0, CommitNumber::get);
        Some((there, other.around.get(), other.behind_ms / 1_000))
    }

    #[test]
    fn a_clock_that_was_never_set_has_one_answer() {
        assert_eq!(other(&[10, 20, 30], &[], 25, 2), None);
    }

    #[test]
    fn a_chain_that_began_under_a_clock_that_stood_back_has_another_answer_by_the_right_clock() {
        // Really at 3,610 to 3,630, and then at 4,000.
        let (dated, steps) = ([10, 20, 30, 4_000, 9_000], [(3, 3_600)]);
        assert_eq!(other(&dated, &steps, 3_625, 3), Some((2, 3, 3_600)));
        assert_eq!(other(&dated, &steps, 3_635, 3), None);
        assert_eq!(other(&dated, &steps, 15, 1), Some((0, 1, 3_600)));
        assert_eq!(other(&dated, &steps, 4_500, 4), None);
    }

    #[test]
    fn a_clock_that_was_set_back_for_a_while_in_which_its_dates_do_not_fall_is_known_to_have_been_wrong() {
        // An hour back after the second, really at 5,000 to 5,100, and right again.
        let (dated, steps) = ([10, 1_000, 1_400, 1_500, 5_200, 9_000], [(2, -3_600), (4, 3_600)]);
        assert_eq!(other(&dated, &steps, 1_450, 3), Some((2, 3, 3_600)));
        assert_eq!(other(&dated, &steps, 5_050, 4), Some((3, 4, 3_600)));
        assert_eq!(other(&dated, &steps, 5_150, 4), None);
    }

    #[test]
    fn a_clock_that_is_wrong_at_the_end_is_not_believed_over_the_one_before() {
        // Two hours ahead at the end.
        let (dated, steps) = ([1_000, 9_000, 17_000, 17_100], [(2, 7_200)]);
        assert_eq!(
            other(&dated, &steps, 9_100, 2),
            Some((1, 2, 7_200)),
            "by the clock as it is"
        );
        assert_eq!(
            other(&dated, &steps, 16_500, 2),
            Some((4, 4, -7_200)),
            "by the one before"
        );
        assert_eq!(other(&dated, &steps, 17_500, 4), None);
    }
}
