//! Every picture from what a real database of the agent holds: an ordinary week, nothing at all, a single figure, figures
//! beyond all measure, and a week with holes. Each is small enough for a phone.
//! With `PICTURES` set they are left in that folder, to be looked at; how long each took is printed.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use agent::{
    alert::rule::{AlertKey, Observation, Rule},
    chart::{
        Theme,
        picture::{Picture, Sources, gather},
    },
    config::{Language, Price},
    store::{
        Store,
        capture::SpooledSegment,
        points::{How, KnownPoint},
        rehearsal::{Kind, Rehearsal},
        samples::{Point, slot_start},
    },
    traffic::Priced,
    watch::{history::History, probe::Sample},
};
use jiff::{Timestamp, tz::TimeZone};
use protocol::{
    chain::{ChainId, CommitNumber},
    health::HourTotals,
    object_key::PointId,
    time::UnixMillis,
};
use serde_json::json;

use crate::world::alerts;

/// A Thursday noon in Jakarta.
const NOW: UnixMillis = UnixMillis(1_795_338_000_000);
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
const BYTES_MAX: usize = 100_000;
const CASES: [Case; 6] = [
    Case::Usual,
    Case::Nothing,
    Case::Single,
    Case::Huge,
    Case::Holes,
    Case::ManyDisks,
];
const DISKS: [&str; 7] = [
    "/",
    "/boot",
    "/home",
    "/mnt/backup",
    "/srv/backups/of/the/shop",
    "/tmp",
    "/var/log",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Usual,
    Nothing,
    Single,
    Huge,
    Holes,
    ManyDisks,
}

struct World {
    _dir: tempfile::TempDir,
    store: Arc<Store>,
    history: History,
}

impl World {
    fn of(case: Case) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let history = History::new(Arc::clone(&store));
        let world = Self {
            _dir: dir,
            store,
            history,
        };
        if case != Case::Nothing {
            world.measure(case);
            world.trade(case);
            world.back_up(case);
            world.ship(case);
            world.go_wrong();
        }
        world
    }

    fn measure(&self, case: Case) {
        let first = if case == Case::Single {
            NOW.0 - 20 * MINUTE_MS
        } else {
            NOW.0 - 8 * DAY_MS
        };
        let mut at = slot_start(UnixMillis(first));
        while at < NOW {
            let hour = (at.0 / HOUR_MS) % 24;
            let is_hole = case == Case::Holes && (hour < 7 || hour == 11);
            if !is_hole {
                self.store.put_samples(at, &points(case, at)).unwrap();
            }
            if case == Case::Single {
                return;
            }
            at = at.plus(Duration::from_secs(300));
        }
        let newest = |series: &str, value: f64| Sample {
            series: series.to_owned(),
            value,
        };
        let looks = 720;
        for look in 0..looks {
            let at = UnixMillis(NOW.0 - (looks - look) * 5_000);
            let lag = if look % 90 == 0 {
                1.4
            } else {
                0.2 + 0.1 * wave(look, 7.0)
            };
            let samples = [
                newest("disk_used_percent:/var", scaled(case, 74.0)),
                newest("disk_full_in_hours:/var", 14.0),
                newest("memory_used_percent", scaled(case, 52.0 + 3.0 * wave(look, 40.0))),
                newest("bot_memory_bytes", scaled(case, 6.4e7)),
                newest(
                    "cpu_busy_percent",
                    scaled(case, 14.0 + 9.0 * wave(look, 11.0).abs()),
                ),
                newest("cpu_iowait_percent", 1.0),
                newest("backup_lag_seconds:local", scaled(case, 0.05)),
                newest("backup_lag_seconds:offsite", scaled(case, lag)),
            ];
            self.history.add(at, &samples).unwrap();
        }
    }

    fn trade(&self, case: Case) {
        let hours = if case == Case::Single { 1 } else { 9 * 24 };
        let totals: Vec<HourTotals> = (0..hours)
            .filter_map(|ago| {
                let hour = UnixMillis((NOW.0 / HOUR_MS - ago) * HOUR_MS);
                let of_day = (hour.0 / HOUR_MS + 7) % 24;
                let is_night = of_day < 6;
                let orders = if is_night {
                    0
                } else {
                    (of_day * 7 + ago * 5) % 13 + of_day / 4
                };
                (orders > 0).then(|| totals(hour, orders.unsigned_abs(), case))
            })
            .collect();
        self.store.put_hours(&totals, NOW).unwrap();
    }

    fn back_up(&self, case: Case) {
        let hours: i64 = if case == Case::Single { 1 } else { 7 * 24 };
        let mut base = None;
        for ago in (0..hours).rev() {
            let taken_at = UnixMillis(NOW.0 - ago * HOUR_MS - 7 * MINUTE_MS);
            if case == Case::Holes && (60..90).contains(&ago) {
                continue;
            }
            let is_full = base.is_none() || ago % 6 == 0;
            let size = if is_full {
                42_000_000 + 50_000 * (hours - ago)
            } else {
                900_000 + 40_000 * (ago % 6)
            };
            let size = size.unsigned_abs() * if case == Case::Huge { 100_000 } else { 1 };
            let known = point(taken_at, size, if is_full { None } else { base.clone() });
            if is_full {
                base = Some(known.manifest.point.clone());
            }
            let how = How {
                is_for_all: true,
                is_checked: true,
                sealed_to: None,
                change_counter: None,
                growth: None,
            };
            self.store.add_point(&known, how).unwrap();
        }
    }

    /// Segments of an ordinary shop, and the daily comparison of what lies on the remotes.
    fn ship(&self, case: Case) {
        let hours = if case == Case::Single { 1 } else { 8 * 24 };
        let chain = ChainId::parse("5f0c61d2a8e94b7fa3d1c07e9b24d6aa").unwrap();
        for ago in (0..hours).rev() {
            let at = UnixMillis(NOW.0 - ago * HOUR_MS - 20 * MINUTE_MS);
            let of_day = (at.0 / HOUR_MS + 7) % 24;
            if of_day < 6 || case == Case::Holes && (60..90).contains(&ago) {
                continue;
            }
            let commits = (40 + (of_day * 37 + ago * 11) % 90).unsigned_abs();
            let segment = SpooledSegment {
                id: 1,
                key: String::new(),
                chain: chain.clone(),
                first: CommitNumber::new(1).unwrap(),
                last: CommitNumber::new(commits).unwrap(),
                first_at: at,
                last_at: at,
                size_bytes: commits
                    * if case == Case::Huge {
                        400_000_000_000
                    } else {
                        40_000
                    },
                sha256: String::new(),
            };
            for (remote, every) in [("local", 1), ("offsite", 2)] {
                let taken = vec![segment.clone(); usize::try_from(commits / every).unwrap()];
                self.store.put_shipped(remote, &taken, at).unwrap();
            }
        }
        for day in 0..if case == Case::Single { 1 } else { 9 } {
            for remote in ["local", "offsite"] {
                let ended_at = UnixMillis(NOW.0 - (8 - day) * DAY_MS - 5 * HOUR_MS);
                let stored = 30_000_000_000 + day * 400_000_000;
                self.store
                    .add_rehearsal(&Rehearsal {
                        kind: Kind::Sample,
                        remote: remote.to_owned(),
                        point: None,
                        began_at: ended_at,
                        ended_at,
                        fault: None,
                        seen: json!({"stored_bytes": stored}).to_string(),
                    })
                    .unwrap();
            }
        }
    }

    /// Something that came and went, twice.
    fn go_wrong(&self) {
        let alerts = alerts(&self.store, Language::Id, &[]);
        let key = AlertKey::new("bot", "bot");
        for (ago_min, lasted_s) in [(9 * 60, 1_500), (100, 20)] {
            let began = UnixMillis(NOW.0 - ago_min * MINUTE_MS);
            let wrong = Observation::Wrong {
                rule: Rule::BotGone,
                detail: String::new(),
            };
            alerts.observe(&key, wrong, began).unwrap();
            let over = began.plus(Duration::from_secs(lasted_s));
            alerts.tick(over).unwrap();
            alerts.observe(&key, Observation::Fine, over).unwrap();
        }
    }

    fn sources(&self) -> Sources {
        Sources {
            history: self.history.clone(),
            store: Arc::clone(&self.store),
            remotes: Arc::new(priced()),
            language: Language::Id,
            timezone: TimeZone::get("Asia/Jakarta").unwrap(),
        }
    }
}

fn priced() -> Vec<Priced> {
    let remote = |name: &str, gib_month, million_writes| Priced {
        remote: name.to_owned(),
        price: Price {
            gib_month,
            million_writes,
        },
    };
    vec![
        remote("offsite", Some(0.015), Some(4.5)),
        remote("local", None, None),
    ]
}

/// Between -1 and 1.
fn wave(at: i64, length: f64) -> f64 {
    (f64::from(i32::try_from(at).unwrap_or(0)) / length).sin()
}

fn scaled(case: Case, value: f64) -> f64 {
    if case == Case::Huge { value * 1e9 } else { value }
}

fn points(case: Case, at: UnixMillis) -> Vec<(String, Point)> {
    let slot = (at.0 - (NOW.0 - 8 * DAY_MS)) / (5 * MINUTE_MS);
    let days = f64::from(i32::try_from(slot).unwrap()) / 288.0;
    let point = |series: &str, mean: f64, most: f64| {
        let (mean, most) = (scaled(case, mean), scaled(case, most));
        let point = Point {
            begins: false,
            at,
            mean,
            least: mean.min(0.0),
            most,
        };
        (series.to_owned(), point)
    };
    let disk = 61.0 + 1.6 * days + 2.0 * (days * std::f64::consts::TAU).sin();
    let lag = if slot % 97 == 0 {
        3.2
    } else {
        0.3 + 0.2 * wave(slot, 5.0)
    };
    let others = (1..).zip(DISKS).filter(|_| case == Case::ManyDisks);
    let others = others.map(|(at, place)| {
        let used = 9.0 * f64::from(at) + 4.0 * wave(slot + 40 * i64::from(at), 50.0);
        point(&format!("disk_used_percent:{place}"), used, used + 8.0)
    });
    let others: Vec<_> = others.collect();
    let mut all = vec![
        point("disk_used_percent:/var", disk, disk),
        point("memory_used_percent", 50.0 + 6.0 * wave(slot, 31.0), 60.0),
        point("bot_memory_bytes", 6.0e7 + 4.0e6 * wave(slot, 60.0), 7e7),
        point("cpu_busy_percent", 12.0 + 8.0 * wave(slot, 9.0).abs(), 40.0),
        point("cpu_iowait_percent", 1.0 + wave(slot, 17.0).abs(), 5.0),
        point("backup_lag_seconds:local", 0.02, 0.05),
        point("backup_lag_seconds:offsite", lag / 2.0, lag),
    ];
    all.extend(others);
    all
}

fn totals(hour: UnixMillis, orders: u64, case: Case) -> HourTotals {
    let orders = if case == Case::Huge {
        orders * 1_000_000
    } else {
        orders
    };
    HourTotals {
        hour,
        placed: orders,
        paid: orders,
        delivered: orders,
        paid_rupiah: i64::try_from(orders).unwrap() * 25_000,
    }
}

pub fn point(taken_at: UnixMillis, size_bytes: u64, base: Option<PointId>) -> KnownPoint {
    let stamp = Timestamp::from_millisecond(taken_at.0)
        .unwrap()
        .strftime("%Y%m%dT%H%M%SZ");
    let name = format!("{stamp}-1f0c9a3e");
    let digest = "0".repeat(64);
    let manifest = json!({
        "version": protocol::manifest::VERSION, "point": name, "taken_at": taken_at.0, "chain": "5f0c61d2a8e94b7fa3d1c07e9b24d6aa", "commit": 7,
        "base": base.map(|point| json!({"point": point, "manifest_sha256": digest})), "previous": null,
        "database": [{"key": "base/x", "size_bytes": size_bytes, "sha256": digest, "plain_size_bytes": size_bytes}],
        "database_bytes": size_bytes, "page_size": 4096, "page_root": "0".repeat(32), "files": null,
        "agent_version": "0", "sqlite_version": "0", "signer": "0".repeat(40),
    });
    KnownPoint {
        manifest: serde_json::from_value(manifest).unwrap(),
        manifest_size_bytes: 900,
        manifest_sha256: digest,
        verified: [("offsite".to_owned(), taken_at)].into(),
        lost: std::collections::BTreeMap::new(),
        damage: None,
    }
}

#[test]
fn every_picture_is_small_whatever_it_shows() {
    let kept = std::env::var_os("PICTURES");
    for case in CASES {
        let sources = World::of(case);
        for (names, picture) in Picture::ALL {
            for theme in [Theme::Light, Theme::Dark] {
                let before = Instant::now();
                let chart = gather(&sources.sources(), picture, picture.usual_span(), NOW).unwrap();
                let gathered = before.elapsed();
                let png = chart.png(theme).unwrap();
                let took = before.elapsed();
                let name = format!("{}-{case:?}-{theme:?}.png", names[0]).to_lowercase();
                eprintln!(
                    "{name}: {} bytes in {took:?}, {gathered:?} of it gathering",
                    png.len()
                );
                assert!(
                    png.starts_with(b"\x89PNG") && png.len() < BYTES_MAX,
                    "{name}: {}",
                    png.len()
                );
                if let Some(kept) = &kept {
                    std::fs::write(Path::new(kept).join(name), png).unwrap();
                }
            }
        }
    }
}

#[test]
fn every_disk_has_a_line_up_to_six_and_the_highest_is_that_of_single_figures() {
    let world = World::of(Case::ManyDisks);
    let chart = gather(&world.sources(), Picture::Disk, Picture::Disk.usual_span(), NOW).unwrap();
    let panel = &chart.panels[0];
    let lines: Vec<_> = panel
        .marks
        .iter()
        .filter(|marks| marks.number.is_some())
        .collect();
    assert_eq!(lines.len(), 6);
    let rest = panel.rest.as_deref().unwrap();
    assert!(rest.starts_with("+ /boot ") && rest.contains(", / "), "{rest}");
    // What a restart has left are means of five minutes, with the highest single figure beside each.
    let log = lines
        .iter()
        .find(|marks| marks.name.starts_with("/var/log"))
        .unwrap();
    let highest_mean = log.dots.iter().map(|dot| dot.1).fold(0.0, f64::max);
    assert!(
        (log.range.unwrap().1 - highest_mean - 8.0).abs() < 0.01,
        "{:?}",
        log.range
    );
}
