//! Random histories under random rules, and what must hold of every plan.

use super::*;

/// Histories that are tried; each takes a few milliseconds.
const HISTORIES: u64 = 300;

/// SplitMix64: the same histories on every machine, without a dependency.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % sides
    }

    fn count(&mut self, sides: u64) -> u32 {
        u32::try_from(self.roll(sides)).unwrap()
    }

    fn retention(&mut self) -> Retention {
        Retention {
            keep_within: Duration::from_secs(self.roll(12) * 86_400),
            hourly: self.count(30),
            daily: self.count(8),
            weekly: self.count(4),
            monthly: self.count(4),
            yearly: self.count(2),
        }
    }
}

/// Full points, deltas and segments from the oldest to the newest; some were not read back, some lost an object.
fn history(dice: &mut Dice) -> World {
    let mut world = World::new(dice.retention());
    let (mut age, mut base) = (120 * DAY, None);
    while age > HOUR {
        let id = match (&base, dice.roll(3)) {
            (None, _) | (_, 0) => {
                let id = world.point(age, None);
                base = Some(id.clone());
                id
            }
            (Some(base), _) => world.point(age, Some(&base.clone())),
        };
        if dice.roll(8) == 0 {
            let point = world.points.iter_mut().find(|point| point.id == id).unwrap();
            point.is_verified = false;
            point.is_split = dice.roll(2) == 0;
        }
        if dice.roll(20) == 0 {
            let lost = world.points.last().unwrap().objects.first().unwrap().clone();
            world.listed.remove(&lost);
        }
        for _ in 0..dice.roll(3) {
            let of = 1 + u128::from(dice.roll(2));
            world.segment(of, age - i64::try_from(dice.roll(3_000)).unwrap() * 1_000);
        }
        age -= HOUR + i64::try_from(dice.roll(4 * 24)).unwrap() * HOUR;
    }
    world
}

fn is_kept(plan: &BTreeMap<String, (bool, String)>, key: &str) -> bool {
    plan.get(key).is_some_and(|(keep, _)| *keep)
}

/// Whether the remote lists all of a point.
fn is_listed(world: &World, point: &Point) -> bool {
    let mut keys = point.objects.iter().chain([&point.manifest]);
    keys.all(|key| world.listed.contains_key(key))
}

fn base_of<'a>(world: &'a World, point: &Point) -> Option<&'a Point> {
    let base = point.base.as_ref()?;
    world.points.iter().find(|other| other.id == *base)
}

/// What was deleted is neither listed nor known any more.
fn carry_out(world: &mut World, plan: &BTreeMap<String, (bool, String)>) {
    world.listed.retain(|key, _| is_kept(plan, key));
    let listed = &world.listed;
    world.points.retain(|point| listed.contains_key(&point.manifest));
}

fn each(check: impl Fn(u64, World)) {
    for seed in 0..HISTORIES {
        check(seed, history(&mut Dice(seed)));
    }
}

#[test]
fn the_newest_whole_point_that_was_read_back_stays_with_all_that_it_stands_on() {
    each(|seed, world| {
        let plan = world.plan();
        let restorable = |point: &&Point| {
            let counts = |point: &Point| point.is_verified && is_listed(&world, point);
            counts(point) && (point.base.is_none() || base_of(&world, point).is_some_and(counts))
        };
        let Some(newest) = world
            .points
            .iter()
            .filter(restorable)
            .max_by_key(|point| &point.id)
        else {
            return;
        };
        let under = base_of(&world, newest);
        for point in std::iter::once(newest).chain(under) {
            let mut keys = point.objects.iter().chain([&point.manifest]);
            assert!(keys.all(|key| is_kept(&plan, key)), "seed {seed}: {}", point.id);
        }
        let later = |key: &&String| {
            SegmentName::parse(key).is_some_and(|it| it.chain == newest.chain && it.last > newest.commit)
        };
        for key in world.listed.keys().filter(later) {
            assert!(is_kept(&plan, key), "seed {seed}: {key} follows the newest point");
        }
    });
}

#[test]
fn a_point_that_stays_keeps_all_of_itself_and_of_its_base_and_everything_has_a_reason() {
    each(|seed, world| {
        let plan = world.plan();
        assert_eq!(
            plan.len(),
            world.listed.len(),
            "seed {seed}: a verdict about every object"
        );
        assert!(plan.values().all(|(_, reason)| !reason.is_empty()), "seed {seed}");
        for point in world
            .points
            .iter()
            .filter(|point| is_kept(&plan, &point.manifest))
        {
            let under = base_of(&world, point);
            let keys = std::iter::once(point)
                .chain(under)
                .flat_map(|point| &point.objects);
            for key in keys.filter(|key| world.listed.contains_key(*key)) {
                assert!(
                    is_kept(&plan, key),
                    "seed {seed}: {} stays without {key}",
                    point.id
                );
            }
        }
    });
}

#[test]
fn what_was_carried_out_once_leaves_nothing_to_carry_out() {
    each(|seed, mut world| {
        let plan = world.plan();
        carry_out(&mut world, &plan);
        let again = world.plan();
        let goes: Vec<&String> = again.keys().filter(|key| !is_kept(&again, key)).collect();
        assert!(goes.is_empty(), "seed {seed}: {goes:?}");
    });
}

#[test]
fn what_once_may_go_is_never_wanted_again() {
    each(|seed, mut world| {
        let before = world.plan();
        // Days pass, and full points come.
        for day in 1..=5 {
            world.point(-day * DAY, None);
            let after = world.plan();
            let wanted: Vec<&String> = before
                .keys()
                .filter(|key| !is_kept(&before, key) && is_kept(&after, key))
                .collect();
            assert!(wanted.is_empty(), "seed {seed}, day {day}: {wanted:?}");
        }
    });
}
