//! A month of a small shop's disk in steps of five minutes, with the clock set by hand: rotating logs, a staged backup every
//! night, an upgrade now and then. Nothing of it may alarm; a leak after it must be told in time.
//! A toy model of a 10 GB disk: a regression test, and no claim about any real host.

use std::time::Duration;

use agent::{
    alert::{
        calendar::Calendar,
        engine::{self, Notice},
        role::Role,
        rule::{Observation, Rule},
    },
    store::book::Book,
    watch::{
        disk::judge,
        forecast::{Forecast, Outlook, Usage},
        probe::Seen,
        space::Space,
    },
};
use protocol::time::UnixMillis;
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::world::calendar;

const GB: f64 = 1e9;
const CAPACITY: f64 = 10.0 * GB;
const DAY_MIN: u64 = 24 * 60;
const START: UnixMillis = UnixMillis(1_795_305_600_000);
const DATABASE_BYTES: u64 = 50_000_000;

/// One day's plan of what rotates.
struct Day {
    log_bytes_per_min: f64,
    backup_begins_min: u64,
    backup_lasts_min: u64,
    upgrade: bool,
}

impl Day {
    fn new(random: &mut StdRng) -> Self {
        Self {
            log_bytes_per_min: 1.8 * GB / 1440.0 * random.random_range(0.6..1.4),
            backup_begins_min: 180 + random.random_range(0..60) - 30,
            backup_lasts_min: random.random_range(20..60),
            upgrade: random.random_ratio(1, 10),
        }
    }

    /// What the logs and the staged backup take at this minute.
    fn rotating(&self, minute: u64) -> f64 {
        let minute_f = f64::from(u32::try_from(minute).unwrap());
        let busy = minute
            .checked_sub(self.backup_begins_min)
            .filter(|since| *since < self.backup_lasts_min);
        let share = busy.map_or(0.0, |since| {
            f64::from(u32::try_from(since).unwrap())
                / f64::from(u32::try_from(self.backup_lasts_min).unwrap())
        });
        self.log_bytes_per_min * minute_f + 1.2 * GB * share
    }
}

/// The agent's part: what it would make of the figures.
#[derive(Default)]
struct Watcher {
    forecast: Forecast,
    outlook: Option<Outlook>,
    book: Book,
}

impl Watcher {
    fn look(&mut self, minute: u64, used: f64, rotating: f64) -> Vec<Notice> {
        let now = START.plus(Duration::from_secs(60 * minute));
        let usage = Usage {
            capacity: CAPACITY,
            used,
            rotating,
        };
        self.outlook = Some(self.forecast.push(now, usage));
        let space = Space {
            capacity: CAPACITY,
            used,
            files: 1e6,
            files_free: 9e5,
            read_only: false,
        };
        let mut seen = Seen::default();
        judge(
            &mut seen,
            (Role::Shop, "/"),
            space,
            DATABASE_BYTES,
            self.outlook.unwrap_or(Outlook::Unknown),
        );
        let calendar = calendar();
        let mut said = Vec::new();
        for finding in seen.findings {
            if let Some(observation) = finding.verdict.counts() {
                said.extend(self.observe(&calendar, &finding.key, observation, now));
            }
        }
        said.extend(engine::tick(&mut self.book, &calendar, now));
        said
    }

    fn observe(
        &mut self,
        calendar: &Calendar,
        key: &agent::alert::rule::AlertKey,
        observation: Observation,
        now: UnixMillis,
    ) -> Vec<Notice> {
        engine::observe(&mut self.book, calendar, key, observation, now)
    }
}

/// What a month of health says, and then how long before the disk is full the leak is told.
fn month(seed: u64, leak_gb_per_hour: f64) -> (Vec<Notice>, f64) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut watcher = Watcher::default();
    let mut day = Day::new(&mut random);
    let mut base = 3.0 * GB;
    let mut false_alarms = Vec::new();
    let mut told_min = None;
    let leak_from = 30 * DAY_MIN + random.random_range(0..DAY_MIN);
    for minute in (0..60 * DAY_MIN).step_by(5) {
        if minute % DAY_MIN == 0 {
            day = Day::new(&mut random);
        }
        if day.upgrade && minute % DAY_MIN == 600 {
            base += 0.3 * GB;
        }
        // Packages are tidied away a few hours later; orders stay.
        if day.upgrade && minute % DAY_MIN == 900 {
            base -= 0.25 * GB;
        }
        base += 20e6 / 288.0;
        if minute >= leak_from {
            base += leak_gb_per_hour * GB / 12.0;
        }
        let rotating = day.rotating(minute % DAY_MIN);
        // The two figures are not read in the same moment.
        let used = base + rotating + random.random_range(-10e6..10e6);
        let said = watcher.look(minute, used, rotating);
        if minute < leak_from {
            false_alarms.extend(said);
        } else if told_min.is_none() && said.iter().any(|notice| notice.kind.is_open()) {
            told_min = Some(minute);
        }
        if used >= CAPACITY {
            let told = told_min.expect("a full disk was told before");
            let lead_h = Duration::from_secs(60 * (minute - told)).as_secs_f64() / 3600.0;
            return (false_alarms, lead_h);
        }
    }
    panic!("the disk never filled")
}

#[test]
fn thirty_healthy_days_say_nothing_and_a_leak_is_told_hours_before_the_disk_is_full() {
    for (leak, least_h) in [(0.1, 6.0), (0.5, 1.0)] {
        let mut leads = Vec::new();
        for seed in 0..8 {
            let (false_alarms, lead_h) = month(seed, leak);
            assert_eq!(false_alarms, [], "seed {seed}");
            assert!(
                lead_h >= least_h,
                "seed {seed}: told {lead_h:.1} h before at {leak} GB/h"
            );
            leads.push(lead_h);
        }
        leads.sort_by(f64::total_cmp);
        println!(
            "{leak} GB/h: told {:.1} to {:.1} h before the disk is full",
            leads[0], leads[7]
        );
    }
}

#[test]
fn a_disk_that_is_full_all_the_same_is_told_once_and_gravely() {
    let mut watcher = Watcher::default();
    let mut said = Vec::new();
    for minute in (0..60).step_by(5) {
        said.extend(watcher.look(minute, 0.97 * CAPACITY, 0.0));
    }
    let leads: Vec<Rule> = said.iter().map(|notice| notice.lead.rule).collect();
    assert_eq!(leads.first(), Some(&Rule::DiskFull), "{leads:?}");
    assert!(
        said.iter().filter(|notice| !notice.kind.is_edit()).count() <= 4,
        "{said:?}"
    );
}
