//! Any point of a real run: what `--commit N` and `--at TIME` give back is held against what the writer remembers of
//! each of its commits.
//! A few targets here; `scripts/soak restore-points` takes 200 of each.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rand::Rng;
use rusqlite::Connection;

use crate::{
    shop::text,
    site::{Site, millis, wanted},
};

const TARGETS: usize = 3;
/// Rows are changed and replaced, never more than these: a state is small enough to remember after every commit.
const ROWS: i64 = 200;

/// A commit as its writer remembers it.
struct Sentinel {
    number: u64,
    /// Before and after it, in milliseconds.
    begun: u64,
    done: u64,
    state: u64,
}

#[test]
fn every_point_of_a_run_comes_back_as_it_was() {
    let targets = wanted("WARUNG_RESTORE_POINTS", TARGETS);
    let site = Site::new();
    let mut agent = site.start_agent();
    site.back_up_first();
    let point = site.shop.listed().remove(0);
    let first = point["commit"].as_u64().expect("the agent knows the commit");
    // Some seconds at least, so that several segments are there, and longer for more targets.
    let run = Duration::from_secs(4 + targets as u64 / 5);
    let sentinels = work(&site, first, run, targets);
    site.wait_until_durable();
    agent.burn();
    println!(
        "soak restore-points: {} commits in {} s after {}",
        sentinels.len() - 1,
        run.as_secs(),
        text(&point["id"])
    );
    for _ in 0..targets {
        let sentinel = &sentinels[rand::rng().random_range(0..sentinels.len())];
        let back = rescue(&site, &["--commit", &sentinel.number.to_string()]);
        assert_eq!(back, sentinel.state, "commit {}", sentinel.number);
    }
    println!("soak restore-points: --commit exact {targets} of {targets}");
    let mut off: Vec<u64> = (0..targets)
        .map(|_| at_random_moment(&site, &sentinels))
        .collect();
    off.sort_unstable();
    println!(
        "soak restore-points: --at never after, {targets} of {targets}; short by {} ms median, {} ms worst",
        off[off.len() / 2],
        off[off.len() - 1]
    );
}

/// Commits of every size at every pace, with a delta in their middle, each remembered.
fn work(site: &Site, first: u64, run: Duration, targets: usize) -> Vec<Sentinel> {
    let shop = Connection::open(site.shop.database()).unwrap();
    shop.busy_timeout(Duration::from_secs(5)).unwrap();
    let now = millis();
    let mut sentinels = vec![Sentinel {
        number: first,
        begun: now,
        done: now,
        state: state(&shop),
    }];
    let (start, mut is_delta_due) = (Instant::now(), targets > TARGETS);
    while start.elapsed() < run {
        let begun = millis();
        change(&shop);
        sentinels.push(Sentinel {
            number: first + sentinels.len() as u64,
            begun,
            done: millis(),
            state: state(&shop),
        });
        if is_delta_due && start.elapsed() > run / 2 {
            is_delta_due = false;
            site.shop.agent_done(&["backup", "--delta"]);
        }
        std::thread::sleep(Duration::from_millis(rand::rng().random_range(0..40)));
    }
    sentinels
}

fn change(shop: &Connection) {
    let mut random = rand::rng();
    shop.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..random.random_range(1..6) {
        let (n, size) = (random.random_range(1..=ROWS), random.random_range(1..900));
        let what = "INSERT OR REPLACE INTO sale (n, what) VALUES (?1, hex(randomblob(?2)))";
        shop.prepare_cached(what).unwrap().execute([n, size]).unwrap();
    }
    shop.execute("DELETE FROM sale WHERE n = ?1", [random.random_range(1..=ROWS)])
        .unwrap();
    shop.execute_batch("COMMIT").unwrap();
}

/// Everything in it, in one number.
fn state(shop: &Connection) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut rows = shop
        .prepare_cached("SELECT n, what FROM sale ORDER BY n")
        .unwrap();
    let rows = rows.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)));
    rows.unwrap().for_each(|row| row.unwrap().hash(&mut hasher));
    hasher.finish()
}

fn rescue(site: &Site, until: &[&str]) -> u64 {
    let found = state(&site.rescue("back", until));
    fs::remove_dir_all(site.shop.path("back")).unwrap();
    found
}

/// By how many milliseconds the first commit that is missing could have been there; fails for one that came later.
fn at_random_moment(site: &Site, sentinels: &[Sentinel]) -> u64 {
    let (from, until) = (sentinels[0].done, sentinels[sentinels.len() - 1].done);
    let moment = rand::rng().random_range(from..=until);
    let time = Timestamp::from_millisecond(i64::try_from(moment).unwrap()).unwrap();
    let back = rescue(site, &["--at", &time.to_string()]);
    let at = sentinels.iter().position(|it| it.state == back);
    let at = at.unwrap_or_else(|| panic!("what came back for {time} was never there"));
    let late = sentinels[at].begun.saturating_sub(moment);
    let number = sentinels[at].number;
    assert_eq!(
        late, 0,
        "{time} gave commit {number}, which began so many ms after it"
    );
    sentinels
        .get(at + 1)
        .map_or(0, |missing| moment.saturating_sub(missing.done))
}
