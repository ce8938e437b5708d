//! Hand-made remotes, and what stays on them.

use super::*;

mod clocks;
mod histories;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 2026-11-22T00:00:00Z, a Sunday.
const NOW: i64 = 1_795_305_600_000;

struct World {
    listed: BTreeMap<String, Listed>,
    points: Vec<Point>,
    own: Own,
    retention: Retention,
    now: i64,
    shares_clock: bool,
}

fn chain(number: u128) -> ChainId {
    ChainId::from_bits(number)
}

impl World {
    fn new(retention: Retention) -> Self {
        let mut world = Self {
            listed: BTreeMap::new(),
            points: Vec::new(),
            own: Own::default(),
            retention,
            now: NOW,
            shares_clock: false,
        };
        // The remote's clock.
        world.list("cert/x.asc", NOW);
        world
    }

    fn list(&mut self, key: &str, at: i64) {
        let listed = Listed {
            size_bytes: 1,
            written_at: Some(UnixMillis(at)),
        };
        self.listed.insert(key.to_owned(), listed);
    }

    /// A full point of so long ago, or a delta on another one.
    fn point(&mut self, age: i64, base: Option<&PointId>) -> PointId {
        let at = NOW - age;
        let moment = jiff::Timestamp::from_millisecond(at).unwrap();
        let id = PointId::parse(&format!("{}-00000000", moment.strftime("%Y%m%dT%H%M%SZ"))).unwrap();
        let part = match base {
            None => object_key::base(&id, 0),
            Some(_) => object_key::delta(&id, 0),
        };
        let manifest = object_key::manifest(&id, &"0".repeat(64));
        self.list(&part, at);
        self.list(&manifest, at);
        self.points.push(Point {
            id: id.clone(),
            chain: chain(1),
            commit: CommitNumber::new(u64::try_from(at / 1000).unwrap()).unwrap(),
            base: base.cloned(),
            manifest,
            objects: BTreeSet::from([part]),
            is_verified: true,
            is_split: false,
            is_damaged: false,
        });
        id
    }

    /// A segment whose last commit is of so long ago.
    fn segment(&mut self, of: u128, age: i64) -> String {
        let at = NOW - age;
        let commit = CommitNumber::new(u64::try_from(at / 1000).unwrap()).unwrap();
        let name = SegmentName::new(&chain(of), commit, commit, UnixMillis(at), &"0".repeat(64)).to_string();
        self.list(&name, at);
        name
    }

    fn plan(&self) -> BTreeMap<String, (bool, String)> {
        let question = Question {
            listed: &self.listed,
            points: &self.points,
            own: &self.own,
            retention: self.retention,
            timezone: &TimeZone::UTC,
            now: UnixMillis(self.now),
            shares_clock: self.shares_clock,
        };
        plan(&question)
            .into_iter()
            .map(|it| (it.key, (it.keep, it.reason)))
            .collect()
    }

    fn stays(&self, point: &PointId) -> bool {
        let plan = self.plan();
        let of = |key: &&String| point_of(key).as_ref() == Some(point);
        let all: BTreeSet<bool> = plan.keys().filter(of).map(|key| plan[key].0).collect();
        assert_eq!(all.len(), 1, "a point stays whole or goes whole: {plan:?}");
        all.contains(&true)
    }
}

fn daily(count: u32) -> Retention {
    Retention {
        daily: count,
        ..Retention::default()
    }
}

#[test]
fn the_newest_of_each_day_stays_and_the_others_go() {
    let mut world = World::new(daily(3));
    let points: Vec<PointId> = (0..20)
        .map(|at| world.point(HOUR + at * 12 * HOUR, None))
        .collect();
    let stay: Vec<usize> = (0..20).filter(|at| world.stays(&points[*at])).collect();
    // The newest of three days, and the second newest full point in any case; what is younger than a day stays too.
    assert_eq!(stay, [0, 1, 2, 4]);
}

#[test]
fn a_delta_keeps_the_full_point_that_it_stands_on() {
    let mut world = World::new(daily(1));
    let base = world.point(30 * DAY, None);
    let old = world.point(20 * DAY, Some(&base));
    let new = world.point(HOUR, Some(&base));
    assert!(world.stays(&base) && world.stays(&new) && !world.stays(&old));
}

#[test]
fn only_points_that_were_read_back_count_and_the_newest_of_them_never_goes() {
    let mut world = World::new(daily(1));
    let good = world.point(40 * DAY, None);
    let newer = world.point(3 * DAY, None);
    for point in world.points.iter_mut().filter(|it| it.id == newer) {
        point.is_verified = false;
    }
    assert!(
        world.stays(&good),
        "a newer one that nobody read back replaces nothing"
    );
    assert!(world.stays(&newer), "and may still be read back");
}

#[test]
fn a_point_that_lacks_an_object_does_not_count() {
    let mut world = World::new(daily(1));
    let good = world.point(40 * DAY, None);
    let broken = world.point(2 * DAY, None);
    world.listed.remove(&object_key::base(&broken, 0));
    assert!(world.stays(&good));
}

#[test]
fn every_commit_within_the_window_can_be_restored() {
    let mut world = World::new(Retention {
        keep_within: Duration::from_secs(7 * 86_400),
        ..Retention::default()
    });
    let anchor = world.point(9 * DAY, None);
    let gone = world.point(12 * DAY, None);
    world.point(HOUR, None);
    world.point(2 * HOUR, None);
    let before = world.segment(1, 10 * DAY);
    let bridge = world.segment(1, 8 * DAY);
    let inside = world.segment(1, 3 * DAY);
    let foreign = world.segment(2, 8 * DAY);
    let plan = world.plan();
    assert!(
        world.stays(&anchor),
        "the start of the window is restored from it"
    );
    assert!(!world.stays(&gone));
    assert_eq!(
        [&before, &bridge, &inside, &foreign].map(|key| plan[key].0),
        [false, true, true, false]
    );
    // Of which chain a copy's commits are, nobody knows.
    world.own.is_copied = true;
    let plan = world.plan();
    assert!([before, bridge, inside, foreign].iter().all(|key| plan[key].0));
}

#[test]
fn without_keep_within_no_reason_names_it() {
    let mut world = World::new(daily(1));
    world.point(9 * DAY, None);
    world.point(HOUR, None);
    let gone = world.segment(1, 8 * DAY);
    let plan = world.plan();
    assert!(!plan[&gone].0);
    let told = plan.values().any(|(_, reason)| {
        reason.contains("older than keep_within")
            || reason.contains("inside keep_within")
            || reason.contains("start of keep_within")
    });
    assert!(!told, "{plan:?}");
}

#[test]
fn without_any_point_that_counts_nothing_of_a_chain_goes() {
    let mut world = World::new(daily(1));
    let segment = world.segment(1, 30 * DAY);
    assert!(world.plan()[&segment].0);
}

#[test]
fn what_belongs_to_nothing_goes_after_a_day_and_what_is_not_ours_stays() {
    let mut world = World::new(daily(1));
    let orphan = PointId::parse("20261101T000000Z-00000000").unwrap();
    let old = object_key::base(&orphan, 0);
    let young = object_key::base(&orphan, 1);
    world.list(&old, NOW - 2 * DAY);
    world.list(&young, NOW - HOUR);
    world.list("probe/20261101T000000Z-1.zst.pgp", NOW - 2 * DAY);
    world.list("base/x.00000000.part", NOW - 2 * DAY);
    world.list(".partial/000000.zst.pgp.Z5PkTjr0", NOW - 2 * DAY);
    world.list("photos/cat.jpg", NOW - 900 * DAY);
    let plan = world.plan();
    let keeps = |key: &str| plan[key].0;
    assert_eq!((keeps(&old), keeps(&young)), (false, true));
    assert!(!keeps("probe/20261101T000000Z-1.zst.pgp") && !keeps("base/x.00000000.part"));
    assert!(!keeps(".partial/000000.zst.pgp.Z5PkTjr0"));
    assert!(keeps("photos/cat.jpg") && keeps("cert/x.asc"));
}

#[test]
fn a_point_that_another_agent_wrote_is_left_alone() {
    let mut world = World::new(daily(1));
    let foreign = world.point(400 * DAY, None);
    world.points.clear();
    world.point(HOUR, None);
    assert!(world.stays(&foreign));
}

#[test]
fn what_a_young_delta_stands_on_stays_even_when_no_rule_keeps_either() {
    let mut world = World::new(daily(1));
    let base = world.point(30 * DAY, None);
    // Two newer full points, and a newer delta that the rule takes.
    world.point(20 * DAY, None);
    world.point(10 * DAY, None);
    let young = world.point(5 * HOUR, Some(&base));
    let newest = world.point(HOUR, None);
    assert!(world.stays(&newest) && world.stays(&young));
    assert!(world.stays(&base), "a listed point must not lack its base");
}

#[test]
fn what_is_left_of_a_point_that_is_whole_nowhere_stays_as_long_as_the_rules_would_keep_a_whole_one() {
    let mut world = World::new(daily(4));
    let points: Vec<PointId> = (0..7).map(|at| world.point(HOUR + at * DAY, None)).collect();
    let change = |world: &mut World, id: &PointId, is_split: bool| {
        let point = world.points.iter_mut().find(|point| point.id == *id).unwrap();
        (point.is_verified, point.is_split) = (false, is_split);
        point.objects.first().unwrap().clone()
    };
    // Altered here, and nothing of it or a whole copy elsewhere.
    change(&mut world, &points[2], false);
    assert!(!world.stays(&points[2]));
    assert!(world.stays(&points[4]), "an older one takes its place");
    // Altered here, and elsewhere too.
    change(&mut world, &points[2], true);
    assert!(world.stays(&points[2]));
    assert!(
        world.stays(&points[4]),
        "and still does: it takes no whole one's place"
    );
    // One that the rules would let go were it whole is let go.
    change(&mut world, &points[5], true);
    assert!(!world.stays(&points[5]));
    // A part or the manifest alone is gone here: what is left stays.
    let part = change(&mut world, &points[3], true);
    world.listed.remove(&part);
    assert!(world.stays(&points[3]));
    let manifest = world.points[2].manifest.clone();
    world.listed.remove(&manifest);
    assert!(world.stays(&points[2]));
}

#[test]
fn what_is_left_of_a_delta_keeps_what_it_stands_on() {
    let mut world = World::new(daily(3));
    let base = world.point(3 * DAY, None);
    let delta = world.point(2 * DAY + HOUR, Some(&base));
    for age in [DAY + 2 * HOUR, DAY + HOUR, HOUR] {
        world.point(age, None);
    }
    let own = world.points.iter_mut().find(|point| point.id == delta).unwrap();
    (own.is_verified, own.is_split) = (false, true);
    assert!(world.stays(&delta) && world.stays(&base));
}

#[test]
fn points_of_a_damaged_database_take_no_place_of_a_sound_one() {
    let mut world = World::new(daily(1));
    let sound: Vec<PointId> = (0..3).map(|at| world.point((6 + at) * DAY, None)).collect();
    let damaged: Vec<PointId> = (0..4).map(|at| world.point((1 + at) * DAY, None)).collect();
    for point in world
        .points
        .iter_mut()
        .filter(|point| damaged.contains(&point.id))
    {
        point.is_damaged = true;
    }
    // The newest one, and the second newest full point in any case.
    assert_eq!(
        sound.iter().map(|id| world.stays(id)).collect::<Vec<_>>(),
        [true, true, false]
    );
    assert!(
        damaged.iter().all(|id| world.stays(id)),
        "until there is a newer sound one"
    );
    let newest = world.point(HOUR, None);
    assert!(world.stays(&newest));
    assert!(
        damaged[2..].iter().all(|id| !world.stays(id)),
        "they keep nothing"
    );
    assert!(world.stays(&sound[0]), "the second sound full point");
}
