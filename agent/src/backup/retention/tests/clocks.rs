//! Clocks that are wrong, here and on the remote.

use super::*;

#[test]
fn a_clock_of_ours_that_runs_ahead_deletes_nothing() {
    let mut world = World::new(Retention {
        keep_within: Duration::from_secs(7 * 86_400),
        ..Retention::default()
    });
    let points: Vec<PointId> = (0..5).map(|at| world.point(HOUR + at * DAY, None)).collect();
    world.now = NOW + 365 * DAY;
    assert!(points.iter().all(|point| world.stays(point)));
}

#[test]
fn a_restore_from_a_shop_that_died_does_not_have_its_window_go_on() {
    let mut world = World::new(Retention {
        keep_within: Duration::from_secs(7 * 86_400),
        ..Retention::default()
    });
    let points: Vec<PointId> = (0..5).map(|at| world.point(HOUR + at * DAY, None)).collect();
    world.now = NOW + 10 * DAY;
    for left in ["restore/1795000000123-00000007", "probe/0123456789abcdef.clock"] {
        let listed = Listed {
            size_bytes: 16,
            written_at: Some(UnixMillis(world.now)),
        };
        world.listed.insert(left.to_owned(), listed);
    }
    assert!(points.iter().all(|point| world.stays(point)));
}

#[test]
fn what_is_dated_in_the_future_is_ignored() {
    let mut world = World::new(daily(1));
    let good = world.point(3 * DAY, None);
    let ahead = world.point(-300 * DAY, None);
    // The remote says when it was really written.
    for (key, listed) in &mut world.listed {
        if key.contains(ahead.as_str()) {
            listed.written_at = Some(UnixMillis(NOW - 2 * DAY));
        }
    }
    assert!(world.stays(&good), "it does not push the others out");
    assert!(world.stays(&ahead), "and is left alone");
}

#[test]
fn what_a_folder_of_this_machine_took_while_its_clock_ran_ahead_pushes_nothing_out() {
    let mut world = World::new(Retention {
        keep_within: Duration::from_secs(7 * 86_400),
        ..Retention::default()
    });
    let points: Vec<PointId> = (0..5).map(|at| world.point(HOUR + at * DAY, None)).collect();
    let segments: Vec<String> = (0..5).map(|at| world.segment(1, at * DAY)).collect();
    let ahead = [10 * DAY, 10 * DAY + HOUR].map(|by| world.point(-by, None));
    world.shares_clock = true;
    assert!(points.iter().chain(&ahead).all(|point| world.stays(point)));
    let plan = world.plan();
    assert!(segments.iter().all(|key| plan[key].0), "{plan:?}");
    assert!(plan.values().any(|(_, reason)| reason.contains("future")));
    // Ten days later they are the newest, as they say.
    world.now = NOW + 11 * DAY;
    assert!(world.stays(&ahead[0]) && !world.stays(&points[4]));
}
