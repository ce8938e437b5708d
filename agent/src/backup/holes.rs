//! Commits whose segments one remote lacks although it holds what follows them in the same chain: nothing after them can
//! be reached there before the next point. A chain that was followed has a segment for each of its commits but the first,
//! also for those at which a point stands, so that its points and the segments' names prove what there was.
//! Pure. What may still be on its way is no hole, nor what retention may have let go.

use std::{collections::BTreeSet, time::Duration};

use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::Manifest,
    object_key::{self, PointId, SegmentName},
    time::UnixMillis,
};

use super::{
    capture::SENT_AT_ONCE,
    hole::{Hole, Stretch, before},
    ranges::{self, Range},
    survey::Names,
};
use crate::store::drops::Dropped;

/// Segments travel a few at a time: of what another machine sends, a younger hole with a few behind it may close by itself.
pub const SETTLED: Duration = Duration::from_secs(600);

/// The last commit of a hole, which names it.
pub type End = (ChainId, CommitNumber);

/// A point that is there, as far as commits are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Its name.
    pub point: PointId,
    /// Its chain.
    pub chain: ChainId,
    /// The commit that it stands after.
    pub commit: CommitNumber,
    /// When it was taken.
    pub taken_at: UnixMillis,
}

impl From<&Manifest> for Stand {
    fn from(manifest: &Manifest) -> Self {
        Self {
            point: manifest.point.clone(),
            chain: manifest.chain.clone(),
            commit: manifest.commit,
            taken_at: manifest.taken_at,
        }
    }
}

/// What the holes are found from.
pub struct Question<'a> {
    /// What the remote lists.
    pub names: &'a Names,
    /// The points that were read back from it.
    pub points: &'a [Stand],
    /// How far this server sent segments there: what follows may be on its way.
    pub sent: Option<End>,
    /// The chain that this server follows: what of it was not sent yet is on its way, however old it is.
    pub follows: Option<ChainId>,
    /// What the spool had to drop before the remote took it, or no longer had when the remote was added.
    pub never_sent: Vec<Dropped>,
    /// The latest start of `keep_within` that was ever in force: what lies before it and before a point of that time may
    /// have been let go.
    pub kept_from: Option<UnixMillis>,
    /// Whether another machine deletes there by rules that this one does not know: where a chain begins is theirs.
    pub is_pruned_elsewhere: bool,
    /// Whether nobody told this machine by which rules is deleted there, if by any.
    pub are_rules_unknown: bool,
    /// This machine's clock.
    pub now: UnixMillis,
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What was there once, or should have been.
    pub holes: Vec<Hole>,
    /// The ends of what is not there because it was never sent.
    pub never_sent: BTreeSet<End>,
}

/// Every hole in the chains of the points that are there.
#[must_use]
pub fn of(question: &Question<'_>) -> Found {
    let chains: BTreeSet<&ChainId> = question.points.iter().map(|point| &point.chain).collect();
    let mut found = Found::default();
    for chain in chains {
        let ranges = on(question.names, chain);
        let was_followed = question.sends(chain) || !ranges.is_empty();
        let pieces = question.with_ends(chain, ranges);
        for pair in pieces.windows(2) {
            let first = pair[0].range.last.next();
            let last = pair[1].end_before(was_followed);
            let Some(last) = last.filter(|last| first <= *last) else {
                continue;
            };
            let dropped = question.dropped(chain, (first, last));
            found
                .never_sent
                .extend(dropped.iter().map(|it| (chain.clone(), it.last)));
            for (first, last) in without((first, last), &dropped) {
                let settled = question.settled_through(&pair[1].range, &(chain.clone(), last));
                if let Some(last) = settled.filter(|last| first <= *last) {
                    let holes = question
                        .between_points(chain, (first, last), was_followed)
                        .into_iter();
                    let stay = holes.filter(|hole| !question.is_let_go(hole, pair[0].range.last_at));
                    found.holes.extend(stay);
                }
            }
        }
    }
    found
}

/// What a listing holds of a chain, without a gap in any of the ranges.
#[must_use]
pub fn on(names: &Names, chain: &ChainId) -> Vec<Range> {
    let folder = object_key::segments_of(chain);
    let of_chain = names.range(folder.clone()..);
    let of_chain = of_chain.take_while(|(name, _)| name.starts_with(&folder));
    let segments = of_chain.filter_map(|(name, size)| Some((SegmentName::parse(name)?, *size)));
    ranges::of(&segments.collect())
}

/// Commits that are there, as a chain's windows are made of them.
struct Piece {
    range: Range,
    /// Whether it is a point, as a range of its own commit, and no segments.
    is_point: bool,
}

impl Piece {
    /// The last commit that may be missing before it: before a point of a followed chain that one's own, which has a
    /// segment too.
    fn end_before(&self, was_followed: bool) -> Option<CommitNumber> {
        match self.is_point && was_followed {
            true => Some(self.range.first),
            false => before(self.range.first),
        }
    }
}

/// What is left of a stretch of commits without what was dropped.
fn without(stretch: Stretch, dropped: &[&Dropped]) -> Vec<Stretch> {
    let cut = |(first, last): Stretch, dropped: &Dropped| {
        let head = before(dropped.first).map(|end| (first, end.min(last)));
        let tail = (dropped.last.next().max(first), last);
        let both = head.into_iter().chain([tail]);
        both.filter(|(first, last)| first <= last)
    };
    dropped.iter().fold(vec![stretch], |left, dropped| {
        left.into_iter()
            .flat_map(|stretch| cut(stretch, dropped))
            .collect()
    })
}

impl Question<'_> {
    /// What of a stretch was never sent.
    fn dropped(&self, chain: &ChainId, (first, last): Stretch) -> Vec<&Dropped> {
        let dropped = self.never_sent.iter();
        let within = dropped.filter(|it| it.chain == *chain && it.first <= last && first <= it.last);
        within.collect()
    }

    /// The ranges from the oldest point of the chain on, or from the chain's own beginning where this server sends it, and the
    /// points behind them: what is missing right after a point, or between two, is a hole too. Each point stands as a range of
    /// its own commit.
    fn with_ends(&self, chain: &ChainId, ranges: Vec<Range>) -> Vec<Piece> {
        let of_chain = || self.points.iter().filter(|point| point.chain == *chain);
        let alone = |commit: CommitNumber, at: UnixMillis, is_point: bool| Piece {
            range: Range {
                chain: chain.clone(),
                first: commit,
                last: commit,
                restorable_from: None,
                first_at: at,
                last_at: at,
                size_bytes: 0,
            },
            is_point,
        };
        let as_piece = |point: &Stand| alone(point.commit, point.taken_at, true);
        let oldest = of_chain().min_by_key(|point| point.commit);
        let begins = ranges.first().map(|range| range.first);
        let ends = ranges.last().map(|range| range.last);
        let segments = ranges.into_iter().map(|range| Piece {
            range,
            is_point: false,
        });
        let mut pieces: Vec<Piece> = segments.collect();
        if let (Some(begins), Some(oldest)) = (begins, oldest)
            && oldest.commit < begins
        {
            pieces.insert(0, as_piece(oldest));
        }
        let beyond = of_chain().filter(|point| ends.is_none_or(|ends| ends < point.commit));
        pieces.extend(beyond.map(as_piece));
        // By their commits: clocks are set back.
        pieces.sort_by_key(|piece| piece.range.first);
        // Of the commit that the chain began with there is no segment.
        let begun = pieces.first().map(|piece| piece.range.first_at);
        if let Some(at) = begun.filter(|_| self.sends(chain) && !self.is_pruned_elsewhere) {
            pieces.insert(0, alone(CommitNumber::FIRST, at, false));
        }
        pieces
    }

    /// Whether this server sends that chain there.
    fn sends(&self, chain: &ChainId) -> bool {
        self.sent.as_ref().is_some_and(|(sent, _)| sent == chain)
    }

    /// Whether this server itself sent the segments through this commit.
    fn was_sent(&self, chain: &ChainId, commit: CommitNumber) -> bool {
        let sent = self.sent.as_ref();
        sent.is_some_and(|(sent, through)| sent == chain && commit <= *through)
    }

    /// Whether nothing of what ends there, right before this range, can still be on its way.
    #[must_use]
    pub fn is_settled(&self, after: &Range, end: &End) -> bool {
        self.settled_through(after, end) == Some(end.1)
    }

    /// The last commit of what ends there, right before this range, that cannot still be on its way.
    fn settled_through(&self, after: &Range, (chain, last): &End) -> Option<CommitNumber> {
        match &self.sent {
            Some((sent, through)) if sent == chain => Some(*last.min(through)),
            _ if self.follows.as_ref() == Some(chain) => None,
            _ => {
                let is_old = self.now.since(after.first_at) >= SETTLED;
                (is_old || self.overtaken(chain, *last) >= SENT_AT_ONCE).then_some(*last)
            }
        }
    }

    /// Whether retention may have deleted them by rules that this machine does not know: it lets the oldest segments go, and
    /// what was there before a hole is still there. Of what a point gives back it needs none.
    fn may_be_let_go(&self, hole: &Hole) -> bool {
        let is_needed = !hole.is_open && hole.lost().is_some();
        let is_theirs = self.is_pruned_elsewhere || (self.are_rules_unknown && !is_needed);
        is_theirs && !hole.follows_segments
    }

    /// How many segments after that commit are there: more than travel at one time do not overtake one that travels.
    fn overtaken(&self, chain: &ChainId, last: CommitNumber) -> usize {
        let folder = object_key::segments_of(chain);
        let of_chain = self.names.range(folder.clone()..).map(|(name, _)| name);
        let of_chain = of_chain.take_while(|name| name.starts_with(&folder));
        let behind = of_chain.filter_map(|name| SegmentName::parse(name));
        behind.filter(|name| name.first > last).count()
    }

    /// Whether retention may have deleted such segments, the newest of which before them are of `since`. The start of
    /// what it keeps is restored from the newest point before: of that one's chain it keeps all that follows it, of
    /// earlier chains nothing.
    fn is_let_go(&self, hole: &Hole, since: UnixMillis) -> bool {
        let Some(kept_from) = self.kept_from else {
            return false;
        };
        let mut before = self.points.iter().filter(|point| point.taken_at <= kept_from);
        before.any(|point| match point.chain == hole.chain {
            true => point.commit >= hole.last,
            false => point.taken_at >= since,
        })
    }

    /// A point within ends what could not be reached. Its own commit is missing as a segment where there must have been
    /// one, in a chain that a capture followed, and is there by itself else.
    fn between_points(&self, chain: &ChainId, (first, last): Stretch, was_followed: bool) -> Vec<Hole> {
        let of_chain = self.points.iter().filter(|point| point.chain == *chain);
        let mut points: Vec<(CommitNumber, &PointId)> =
            of_chain.map(|point| (point.commit, &point.point)).collect();
        points.sort_unstable();
        let hole =
            |first: CommitNumber, last: Option<CommitNumber>, next: Option<&(CommitNumber, &PointId)>| {
                let last = last.filter(|last| first <= *last)?;
                let follows = points.iter().rev().find(|(commit, _)| commit.next() == first);
                let ends_at = next.filter(|(commit, _)| *commit == last);
                let name = |point: &(CommitNumber, &PointId)| point.1.clone();
                let hole = Hole {
                    chain: chain.clone(),
                    first,
                    last,
                    ends_at: ends_at.map(name),
                    follows: follows.map(name),
                    next: next.map(name),
                    is_open: !self.was_sent(chain, last) && self.overtaken(chain, last) == 0,
                    follows_segments: on(self.names, chain).iter().any(|range| range.last < first),
                    is_before_all: points.first().is_none_or(|(commit, _)| first <= *commit),
                    by_rules: false,
                };
                let by_rules = self.may_be_let_go(&hole);
                Some(Hole { by_rules, ..hole })
            };
        let (mut holes, mut from) = (Vec::new(), first);
        for point in points.iter().filter(|(at, _)| first <= *at && *at <= last) {
            let end = was_followed.then_some(point.0).or_else(|| before(point.0));
            holes.extend(hole(from, end, Some(point)));
            from = point.0.next();
        }
        let next = points.iter().find(|(commit, _)| *commit > last);
        holes.extend(hole(from, Some(last), next));
        holes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOLD: [(u64, u64); 4] = [(2, 4), (5, 5), (9, 12), (15, 20)];

    fn commit(number: u64) -> CommitNumber {
        CommitNumber::new(number).unwrap()
    }

    fn end(last: u64) -> End {
        (ChainId::from_bits(1), commit(last))
    }

    /// Each segment at the moment that its last commit numbers.
    fn name((first, last): (u64, u64)) -> SegmentName {
        let at = UnixMillis(i64::try_from(last).unwrap());
        let chain = ChainId::from_bits(1);
        SegmentName::new(&chain, commit(first), commit(last), at, &"0".repeat(64))
    }

    fn point(number: u64) -> Stand {
        Stand {
            point: PointId::parse(&format!("20261122T0914{number:02}Z-00000000")).unwrap(),
            chain: ChainId::from_bits(1),
            commit: commit(number),
            taken_at: UnixMillis(i64::try_from(number).unwrap()),
        }
    }

    /// First and last commit of each hole that cannot be restored, and the commit of the next point.
    fn found(points: &[u64], change: impl FnOnce(&mut Question<'_>)) -> Vec<(u64, u64, Option<u64>)> {
        found_in(&SOLD, points, change)
    }

    fn found_in(
        segments: &[(u64, u64)],
        points: &[u64],
        change: impl FnOnce(&mut Question<'_>),
    ) -> Vec<(u64, u64, Option<u64>)> {
        let all = holes_in(segments, points, change);
        let lost = |hole: &Hole| Some((hole.lost()?.0.get(), hole.lost()?.1.get(), place(&hole.next)));
        all.iter()
            .filter(|hole| !hole.by_rules)
            .filter_map(lost)
            .collect()
    }

    /// First and last commit of the segments that are missing, and the commit of the point at their end.
    fn segments_in(
        segments: &[(u64, u64)],
        points: &[u64],
        change: impl FnOnce(&mut Question<'_>),
    ) -> Vec<(u64, u64, Option<u64>)> {
        let all = holes_in(segments, points, change);
        let missing = |hole: &Hole| (hole.first.get(), hole.last.get(), place(&hole.ends_at));
        all.iter().filter(|hole| !hole.by_rules).map(missing).collect()
    }

    /// The commit of one of [`point`]s.
    fn place(id: &Option<PointId>) -> Option<u64> {
        (1..60).find(|at| Some(point(*at).point) == *id)
    }

    fn holes_in(
        segments: &[(u64, u64)],
        points: &[u64],
        change: impl FnOnce(&mut Question<'_>),
    ) -> Vec<Hole> {
        let names: Names = segments
            .iter()
            .map(|range| (name(*range).to_string(), 10))
            .collect();
        let points: Vec<Stand> = points.iter().copied().map(point).collect();
        let mut question = question(&names, &points);
        change(&mut question);
        of(&question).holes
    }

    fn question<'a>(names: &'a Names, points: &'a [Stand]) -> Question<'a> {
        Question {
            names,
            points,
            sent: Some(end(20)),
            follows: None,
            never_sent: Vec::new(),
            kept_from: None,
            is_pruned_elsewhere: false,
            are_rules_unknown: false,
            now: UnixMillis(30),
        }
    }

    #[test]
    fn the_segment_of_a_points_own_commit_is_missing_too_where_there_must_have_been_one() {
        let as_it_is = |_: &mut Question<'_>| {};
        let one = [(2, 4), (6, 9)];
        assert_eq!(segments_in(&one, &[1, 5], as_it_is), [(5, 5, Some(5))]);
        assert_eq!(found_in(&one, &[1, 5], as_it_is), [], "the point gives it back");
        let more = [(2, 4), (9, 9)];
        assert_eq!(
            segments_in(&more, &[1, 6, 8], as_it_is),
            [(5, 6, Some(6)), (7, 8, Some(8))]
        );
        let end = [(2, 4)];
        assert_eq!(segments_in(&end, &[1, 5], as_it_is), [(5, 5, Some(5))]);
        let on_its_way = |question: &mut Question<'_>| question.sent = Some(self::end(4));
        assert_eq!(segments_in(&end, &[1, 5], on_its_way), []);
        let of_another_server = |question: &mut Question<'_>| {
            question.sent = None;
            question.now = UnixMillis(20).plus(SETTLED);
        };
        let open = holes_in(&end, &[1, 5], of_another_server);
        let is_open = |hole: &Hole| hole.is_open && hole.lost().is_none();
        assert!(
            open.len() == 1 && is_open(&open[0]),
            "it may have died, and others may know"
        );
        assert_eq!(segments_in(&one, &[1, 5], of_another_server), [(5, 5, Some(5))]);
        assert_eq!(
            segments_in(&[], &[1, 2], as_it_is),
            [(2, 2, Some(2))],
            "all that was sent"
        );
        assert_eq!(
            segments_in(&[], &[1, 2, 3], of_another_server),
            [],
            "nobody followed them"
        );
        let first = [(6, 9)];
        assert_eq!(segments_in(&first, &[5], as_it_is), [(2, 5, Some(5))]);
        assert_eq!(found_in(&first, &[5], as_it_is), [], "nothing led there");
        assert_eq!(segments_in(&first, &[5], of_another_server), []);
        let chain = ChainId::from_bits(2);
        let points = [point(5), Stand { chain, ..point(3) }];
        let names: Names = [(name((6, 9)).to_string(), 10)].into();
        let question = Question {
            kept_from: Some(UnixMillis(4)),
            ..question(&names, &points)
        };
        let ends: Vec<_> = of(&question).holes.iter().map(|hole| hole.last.get()).collect();
        assert_eq!(
            ends,
            [5],
            "what is kept of another chain lets none of this one go"
        );
        let no_rules = |question: &mut Question<'_>| {
            of_another_server(question);
            question.are_rules_unknown = true;
        };
        assert_eq!(
            segments_in(&[(6, 9)], &[4, 5], no_rules),
            [],
            "retention may have let it go"
        );
        let let_go = |question: &mut Question<'_>| question.kept_from = Some(UnixMillis(5));
        assert_eq!(
            segments_in(&one, &[1, 5], let_go),
            [],
            "retention needs none before it"
        );
        let needed = |question: &mut Question<'_>| question.kept_from = Some(UnixMillis(4));
        assert_eq!(segments_in(&one, &[1, 5], needed), [(5, 5, Some(5))]);
        let dropped = |question: &mut Question<'_>| {
            question.never_sent = vec![Dropped {
                chain: ChainId::from_bits(1),
                first: commit(5),
                last: commit(5),
            }];
        };
        assert_eq!(segments_in(&one, &[1, 5], dropped), []);
    }

    #[test]
    fn a_young_hole_that_more_segments_overtook_than_travel_at_a_time_is_settled() {
        let young = |behind: u64| {
            let mut segments = vec![(2, 4)];
            segments.extend((6..6 + behind).map(|at| (at, at)));
            found_in(&segments, &[1], |question| {
                // Of a chain that this server does not send.
                question.sent = None;
            })
        };
        assert_eq!(young(7), []);
        assert_eq!(young(8), [(5, 5, None)]);
    }

    #[test]
    fn commits_between_two_segments_are_a_hole_until_the_next_point() {
        assert_eq!(found(&[1, 14], |_| {}), [(6, 8, Some(14)), (13, 13, Some(14))]);
        assert_eq!(found(&[1], |_| {}), [(6, 8, None), (13, 14, None)]);
        assert_eq!(
            found(&[1, 7, 13, 14], |_| {}),
            [(6, 6, Some(7)), (8, 8, Some(13))],
            "what a point gives back can be restored"
        );
        assert_eq!(found(&[], |_| {}), [], "a chain that nobody here knows");
    }

    #[test]
    fn what_is_missing_right_after_the_first_point_or_before_the_last_is_a_hole_too() {
        let begin = [(9, 20)];
        let as_it_is = |_: &mut Question<'_>| {};
        assert_eq!(found_in(&begin, &[1], as_it_is), [(2, 8, None)]);
        assert_eq!(
            found_in(&begin, &[1, 5], as_it_is),
            [(2, 4, Some(5)), (6, 8, None)]
        );
        assert_eq!(
            found_in(&begin, &[8], as_it_is),
            [],
            "nothing is missing after it"
        );
        assert_eq!(found_in(&begin, &[10], as_it_is), [], "no point led there");
        let elsewhere = |question: &mut Question<'_>| question.is_pruned_elsewhere = true;
        assert_eq!(found_in(&begin, &[1], elsewhere), []);
        let end = [(2, 12)];
        assert_eq!(found_in(&end, &[1, 19], as_it_is), [(13, 18, Some(19))]);
        let on_its_way = |question: &mut Question<'_>| question.sent = Some(self::end(15));
        assert_eq!(
            found_in(&end, &[1, 19], on_its_way),
            [(13, 15, Some(19))],
            "no more was sent"
        );
    }

    #[test]
    fn what_the_rules_of_another_machine_may_have_let_go_is_kept_apart() {
        let elsewhere = |question: &mut Question<'_>| question.is_pruned_elsewhere = true;
        let told = |segments: &[(u64, u64)], points: &[u64]| {
            let all = holes_in(segments, points, elsewhere);
            let told = all
                .iter()
                .map(|hole| (hole.first.get(), hole.last.get(), hole.by_rules));
            told.collect::<Vec<_>>()
        };
        assert_eq!(told(&[], &[1, 5]), [(2, 5, true)]);
        assert_eq!(
            told(&[(6, 20)], &[1, 3, 5]),
            [(2, 3, true), (4, 5, true)],
            "daily points stay without what lay between"
        );
        assert_eq!(told(&[(9, 20)], &[1]), [(2, 8, true)]);
        assert_eq!(
            told(&[(9, 12), (15, 18)], &[8, 19]),
            [(13, 14, false), (19, 19, false)],
            "rules let go from the oldest on"
        );
        assert_eq!(told(&[(6, 20)], &[5]), [], "and that point stands alone");
    }

    #[test]
    fn between_points_that_no_segment_follows_the_numbers_tell_what_is_missing() {
        let settled = |question: &mut Question<'_>| {
            question.sent = None;
            question.now = UnixMillis(20).plus(SETTLED);
        };
        let unknown = |question: &mut Question<'_>| {
            settled(question);
            question.are_rules_unknown = true;
        };
        let (all, end) = ([(2, 5, Some(6)), (7, 18, Some(19))], [(2, 12)]);
        assert_eq!(found_in(&[], &[1, 6, 19, 20], settled), all);
        assert_eq!(
            found_in(&[], &[1, 6, 19, 20], |question| question.sent = None),
            []
        );
        assert_eq!(
            found_in(&[], &[1, 6, 19], unknown),
            [],
            "retention may have let them go"
        );
        assert_eq!(
            found_in(&end, &[1, 19], unknown),
            [(13, 18, Some(19))],
            "not these alone"
        );
        let let_go = |question: &mut Question<'_>| {
            settled(question);
            question.kept_from = Some(UnixMillis(6));
        };
        assert_eq!(found_in(&[], &[1, 6, 19], let_go), [(7, 18, Some(19))]);
    }

    #[test]
    fn points_that_are_elsewhere_count_for_a_commit_each() {
        let hole = Hole {
            chain: ChainId::from_bits(1),
            first: commit(3),
            last: commit(4),
            ends_at: None,
            follows: Some(point(2).point),
            next: Some(point(5).point),
            is_open: true,
            follows_segments: false,
            is_before_all: false,
            by_rules: false,
        };
        let here = [point(1), point(2), point(5)];
        let told = |elsewhere: &[u64]| {
            let elsewhere: Vec<PointId> = elsewhere.iter().map(|at| point(*at).point).collect();
            hole.is_of_points(elsewhere.iter(), &here)
        };
        assert!(told(&[1, 3, 4, 5]));
        assert!(!told(&[1, 2, 3, 5, 6]));
    }

    #[test]
    fn what_retention_may_have_deleted_is_no_hole_and_what_it_must_keep_is_one() {
        let names: Names = [(name((9, 20)).to_string(), 10)].into();
        let asked = |points: &[u64], kept_from: i64, other: Option<i64>| {
            let names = names.clone();
            let mut points: Vec<Stand> = points.iter().copied().map(point).collect();
            points.extend(other.map(|taken_at| Stand {
                chain: ChainId::from_bits(2),
                taken_at: UnixMillis(taken_at),
                ..point(1)
            }));
            let question = Question {
                names: &names,
                points: &points,
                sent: None,
                follows: None,
                never_sent: Vec::new(),
                kept_from: Some(UnixMillis(kept_from)),
                is_pruned_elsewhere: false,
                are_rules_unknown: false,
                now: UnixMillis(20).plus(SETTLED),
            };
            let holes = of(&question).holes;
            let lost = holes.iter().filter_map(Hole::lost);
            let ends = lost.map(|(first, last)| (first.get(), last.get()));
            ends.collect::<Vec<_>>()
        };
        assert_eq!(asked(&[3], 2, None), [(4, 8)], "all of it is young");
        assert_eq!(
            asked(&[3], 7, None),
            [(4, 8)],
            "what is kept is restored through it"
        );
        assert_eq!(
            asked(&[3, 7], 7, None),
            [(8, 8)],
            "a later point begins what is kept"
        );
        assert_eq!(asked(&[3, 7], 6, None), [(4, 6), (8, 8)]);
        assert_eq!(asked(&[3], 40, Some(30)), [], "a later chain does");
        assert_eq!(asked(&[3], 29, Some(30)), [(4, 8)]);
        assert_eq!(asked(&[3], 40, Some(2)), [(4, 8)], "an earlier chain does not");
    }

    #[test]
    fn what_is_on_its_way_was_never_sent_or_is_let_go_is_no_hole() {
        assert_eq!(
            found(&[1], |question| question.sent = Some(end(10))),
            [(6, 8, None)]
        );
        assert_eq!(found(&[1], |question| question.sent = None), []);
        let settled = |question: &mut Question<'_>| {
            question.sent = None;
            question.now = UnixMillis(20).plus(SETTLED);
        };
        assert_eq!(found(&[1], settled), [(6, 8, None), (13, 14, None)]);
        let followed_here = |question: &mut Question<'_>| {
            settled(question);
            question.follows = Some(ChainId::from_bits(1));
        };
        assert_eq!(found(&[1], followed_here), [], "the first ones are being sent");
        let dropped = |first, last| Dropped {
            chain: ChainId::from_bits(1),
            first: commit(first),
            last: commit(last),
        };
        let found_without =
            |dropped: &[Dropped]| found(&[1], |question| question.never_sent = dropped.to_vec());
        let all = [dropped(1, 8), dropped(13, 13)];
        assert_eq!(found_without(&all), [(14, 14, None)], "what follows is one");
        assert_eq!(
            found_without(&[dropped(7, 7), dropped(13, 14)]),
            [(6, 6, None), (8, 8, None)],
            "and what was there before"
        );
        assert_eq!(
            found(&[1, 10], |question| question.kept_from = Some(UnixMillis(14))),
            [(13, 14, None)]
        );
        assert_eq!(
            found(&[1], |question| question.kept_from = Some(UnixMillis(14))),
            [(6, 8, None), (13, 14, None)],
            "the start of what is kept needs them"
        );
    }
}
