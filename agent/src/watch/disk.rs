//! Is there room on each disk that the shop needs or the owner named, for bytes and for files? Does it take writes? When will it be full?
//! It deletes nothing, and follows no link out of the trees that it adds up.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use protocol::{health::Health, time::UnixMillis};
use tokio::sync::watch;

use super::{
    forecast::{Forecast, Outlook, Usage},
    history::History,
    probe::{At, Probe, Seen, bytes},
    space::{MountPoints, MountTable, Space, as_df_tells, space},
    trees,
};
use crate::alert::{
    role::Role,
    rule::{Rule, object_of},
};

const EVERY: Duration = Duration::from_secs(5);
/// Adding up trees costs more than asking the file system.
const TREES_EVERY: Duration = Duration::from_secs(300);
/// Of a bot that names another folder at every start no more are taken in.
const PLACES_MAX: usize = 100;
/// With so much left no percentage is an emergency: a tenth of a large disk is a lot of shop.
const COMFORT_BYTES: f64 = 32.0 * GIB;
/// Beside two copies of the database: one that a restore puts beside the other, and one that is staged.
const FLOOR_BYTES: f64 = 500.0 * 1024.0 * 1024.0;
/// Of a disk on which neither is made it is never more than this share, or a small one could never hold it.
const FLOOR_SHARE_MAX: f64 = 0.25;
const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
/// A day and a little more: the time between two daily peaks.
const REMEMBERED_MS: i64 = 26 * 3_600_000;
/// The lines of the rules about room, in percent used.
const LOW_PERCENT: f64 = 90.0;
const FULL_PERCENT: f64 = 95.0;

/// What is asked of each disk: the kinds of its keys, before the role.
const QUESTIONS: [&str; 4] = ["disk", "disk_writes", "disk_files", "disk_forecast"];

const ROOM: &[Rule] = &[Rule::DiskLow, Rule::DiskFull];
const FILES: &[Rule] = &[Rule::InodesLow, Rule::InodesFull];
const FILLING: &[Rule] = &[Rule::DiskFilling];

/// A file system that the shop needs, or that the owner named.
struct Disk {
    device: u64,
    /// The first place on it that was named.
    place: PathBuf,
    /// Where it is mounted: its name.
    mount: String,
    /// Of all that lies on it the gravest.
    role: Role,
    /// Whether backups are staged or restores put together there.
    is_worked_on: bool,
}

impl Disk {
    /// The room that must be left there, where a backup or a restore takes so much.
    fn floor(&self, space: Space, taken_bytes: f64) -> f64 {
        match self.is_worked_on {
            true => taken_bytes,
            false => taken_bytes.min(space.capacity * FLOOR_SHARE_MAX),
        }
    }
}

/// The watch over the disks.
pub struct Disks {
    /// Each is on a disk that the shop needs or the owner named; those on the same one are looked at once.
    places: Vec<(Role, PathBuf)>,
    mounts: MountPoints,
    health: watch::Receiver<Option<Health>>,
    /// Whether the bot has told of itself since the start: before, its log's disk is not known.
    has_heard: bool,
    /// The disks of the last look, by where they are mounted.
    looked_at: BTreeSet<String>,
    /// What rotates by itself: logs, spool, backups, the journal.
    rotating: Vec<PathBuf>,
    database: PathBuf,
    past: History,
    forecasts: BTreeMap<String, Forecast>,
    outlooks: BTreeMap<String, Outlook>,
    trees_at: Option<Instant>,
}

impl Disks {
    /// A watch over the file systems that hold these places. The database's size decides how much room is enough.
    #[must_use]
    pub fn new(
        places: Vec<(Role, PathBuf)>,
        rotating: Vec<PathBuf>,
        database: PathBuf,
        health: watch::Receiver<Option<Health>>,
        past: History,
    ) -> Self {
        Self {
            places,
            mounts: MountPoints::default(),
            health,
            has_heard: false,
            looked_at: BTreeSet::new(),
            rotating,
            database,
            past,
            forecasts: BTreeMap::new(),
            outlooks: BTreeMap::new(),
            trees_at: None,
        }
    }

    /// The folder that the bot logs to, by its own word. It stays known while the bot does not answer.
    fn learn(&mut self) {
        let told = self.health.borrow().as_ref().and_then(|health| {
            self.has_heard = true;
            let log = health.log.as_ref()?;
            Path::new(&log.path).parent().map(Path::to_path_buf)
        });
        let Some(folder) = told.filter(|folder| folder.is_absolute()) else {
            return;
        };
        // What the owner named is the log's as well, by this word alone.
        let is_known = |(role, place): &(Role, PathBuf)| *place == folder && *role != Role::Named;
        let is_new = !self.places.iter().any(is_known);
        if is_new && self.places.len() < PLACES_MAX {
            self.places.push((Role::Logs, folder.clone()));
            self.rotating.push(folder);
        }
    }

    /// The file systems by device: of several places on one, the first stands for it.
    fn disks(&mut self) -> Vec<Disk> {
        let mut found: Vec<Disk> = Vec::new();
        let shops = trees::nearest(&self.database).map(|(_, device)| device);
        for (role, place) in &self.places {
            let Some((there, device)) = trees::nearest(place) else {
                continue;
            };
            match found.iter_mut().find(|disk| disk.device == device) {
                Some(disk) => {
                    disk.role = disk.role.min(*role);
                    disk.is_worked_on |= *role == Role::State;
                }
                None => {
                    let mount = self.mounts.of(there, device).display().to_string();
                    found.push(Disk {
                        device,
                        place: there.to_path_buf(),
                        mount,
                        role: *role,
                        is_worked_on: *role == Role::State || shops == Some(device),
                    });
                }
            }
        }
        found
    }

    fn look_ahead(&mut self, at: At, disk: &Disk, space: Space) {
        let Some(rotating) = trees::size_on(disk.device, &self.rotating) else {
            self.outlooks.insert(disk.mount.clone(), Outlook::Unknown);
            return;
        };
        let usage = Usage {
            capacity: space.capacity,
            used: space.used,
            rotating,
        };
        let past = &self.past;
        let forecast = self
            .forecasts
            .entry(disk.mount.clone())
            .or_insert_with(|| remembered(past, &disk.mount, at.now));
        let outlook = forecast.push(at.now, usage);
        self.outlooks.insert(disk.mount.clone(), outlook);
    }
}

impl Probe for Disks {
    fn name(&self) -> &'static str {
        "disk"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn owns(&self, key: &str) -> bool {
        let is_known = self.has_heard || Role::of_key(key) != Role::Logs;
        // A disk that the owner named is looked at before the bot says that its log is there: its alert goes on meanwhile.
        (is_known || self.looked_at.contains(object_of(key))) && QUESTIONS.contains(&Role::question_of(key))
    }

    fn look(&mut self, at: At) -> Seen {
        self.learn();
        let mut seen = Seen::default();
        let database_bytes = std::fs::metadata(&self.database).map_or(0, |found| found.len());
        let taken_bytes = floor(database_bytes);
        let trees_are_due = self
            .trees_at
            .is_none_or(|last| at.tick.saturating_duration_since(last) >= TREES_EVERY);
        let mounts = MountTable::now();
        let disks = self.disks();
        self.looked_at = disks.iter().map(|disk| disk.mount.clone()).collect();
        for disk in disks {
            match space(&disk.place, &mounts) {
                Ok(space) => {
                    if trees_are_due {
                        self.look_ahead(at, &disk, space);
                    }
                    let outlook = self.outlooks.get(&disk.mount).copied();
                    let outlook = outlook.unwrap_or(Outlook::Unknown);
                    let named = (disk.role, disk.mount.as_str());
                    judge_space(&mut seen, named, space, disk.floor(space, taken_bytes));
                    judge_outlook(&mut seen, named, outlook);
                }
                Err(error) => seen.unknown(disk.role.key("disk", &disk.mount), error.to_string()),
            }
            if let Some((residual, rotating)) = self.forecasts.get(&disk.mount).and_then(Forecast::last) {
                seen.sample(not_rotating_series(&disk.mount), residual);
                seen.sample(rotating_series(&disk.mount), rotating);
            }
        }
        if trees_are_due {
            self.trees_at = Some(at.tick);
        }
        seen
    }
}

/// What was known before the agent's start: a restart must not make it blind for hours.
fn remembered(past: &History, place: &str, now: UnixMillis) -> Forecast {
    let mut forecast = Forecast::default();
    let since = UnixMillis(now.0.saturating_sub(REMEMBERED_MS));
    let read = |series: String| past.read(&series, since, now).unwrap_or_default();
    let rotating = read(rotating_series(place));
    for (not_rotating, rotating) in read(not_rotating_series(place)).iter().zip(&rotating) {
        if not_rotating.at == rotating.at {
            forecast.remember(not_rotating.at, not_rotating.mean, rotating.mean);
        }
    }
    forecast
}

fn not_rotating_series(place: &str) -> String {
    format!("disk_not_rotating_bytes:{place}")
}

fn rotating_series(place: &str) -> String {
    format!("disk_rotating_bytes:{place}")
}

/// What the figures mean of one disk on which backups and restores are made. Pure.
pub fn judge(seen: &mut Seen, disk: (Role, &str), space: Space, database_bytes: u64, outlook: Outlook) {
    judge_space(seen, disk, space, floor(database_bytes));
    judge_outlook(seen, disk, outlook);
}

fn judge_space(seen: &mut Seen, (role, place): (Role, &str), space: Space, floor: f64) {
    let read_only = space.read_only.then(|| (Rule::DiskReadOnly, place.to_owned()));
    seen.judge(role.key("disk_writes", place), read_only);
    if space.capacity > 0.0 {
        let free = space.capacity - space.used;
        let detail = format!("{place}: {:.0} %, {}", shown_percent(space), whole(free));
        let value = emergency_percent(space, floor);
        seen.sample(
            format!("disk_used_percent:{place}"),
            100.0 * space.used / space.capacity,
        );
        seen.sample(format!("disk_free_bytes:{place}"), free);
        seen.measure(role.key("disk", place), ROOM, value, detail);
    }
    if space.files > 0.0 {
        let used = 100.0 * (1.0 - space.files_free / space.files);
        seen.sample(format!("disk_files_used_percent:{place}"), used);
        seen.measure(role.key("disk_files", place), FILES, used, place.to_owned());
    }
}

/// How full it is as `df` shows it: rounded up.
fn shown_percent(space: Space) -> f64 {
    as_df_tells(100.0 * space.used / space.capacity)
}

/// The room that a backup or a restore takes.
#[allow(clippy::cast_precision_loss, reason = "a size to compare with")]
fn floor(database_bytes: u64) -> f64 {
    2.0 * database_bytes as f64 + FLOOR_BYTES
}

/// What the rules judge, and no figure to show: in percent, but on the line of the rule when the room is less than what a backup or a restore takes, and below it
/// when there is plenty in bytes.
fn emergency_percent(space: Space, floor: f64) -> f64 {
    let free = space.capacity - space.used;
    let percent = 100.0 * space.used / space.capacity;
    if free < floor / 4.0 {
        percent.max(FULL_PERCENT)
    } else if free < floor {
        percent.max(LOW_PERCENT)
    } else if free > COMFORT_BYTES {
        percent.min(LOW_PERCENT - 10.0)
    } else {
        percent
    }
}

fn judge_outlook(seen: &mut Seen, (role, place): (Role, &str), outlook: Outlook) {
    let key = role.key("disk_forecast", place);
    match outlook {
        Outlook::Unknown => seen.unknown(key, "less than three hours were watched"),
        Outlook::Steady => seen.judge(key, None),
        Outlook::Filling {
            full_in,
            bytes_per_hour,
        } => {
            seen.sample(
                format!("disk_full_in_hours:{place}"),
                full_in.as_secs_f64() / 3600.0,
            );
            let detail = format!("{place}: +{}/h", whole(bytes_per_hour));
            seen.measure(key, FILLING, full_in.as_secs_f64(), detail);
        }
    }
}

fn whole(count: f64) -> String {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive size, for reading"
    )]
    bytes(count.max(0.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{alert::rule::Observation, watch::probe::Verdict};

    fn space_of(capacity_gib: f64, free_gib: f64) -> Space {
        Space {
            capacity: capacity_gib * GIB,
            used: (capacity_gib - free_gib) * GIB,
            files: 0.0,
            files_free: 0.0,
            read_only: false,
        }
    }

    #[test]
    fn a_floor_in_bytes_counts_more_than_the_percentage_and_plenty_counts_less() {
        let gib = 1 << 30;
        let cases = [
            (space_of(20.0, 10.0), 0, 50.0),
            (space_of(20.0, 2.0), gib, LOW_PERCENT),
            (space_of(20.0, 0.5), gib, 97.5),
            (space_of(5.0, 0.6), gib, FULL_PERCENT),
            (space_of(1000.0, 40.0), gib, LOW_PERCENT - 10.0),
        ];
        for (space, database_bytes, expected) in cases {
            let value = emergency_percent(space, floor(database_bytes));
            assert!((value - expected).abs() < 0.01, "{space:?}: {value}");
        }
    }

    #[test]
    fn a_disk_that_is_smaller_than_the_floor_is_judged_by_it_only_where_backups_or_restores_are_made() {
        let tiny = space_of(0.02, 0.02);
        let value = |is_worked_on| {
            let disk = Disk {
                device: 1,
                place: PathBuf::new(),
                mount: String::new(),
                role: Role::Shop,
                is_worked_on,
            };
            let judged = |space| emergency_percent(space, disk.floor(space, floor(0)));
            (judged(tiny), judged(space_of(20.0, 0.4)))
        };
        let (tiny, large) = value(true);
        assert!(tiny >= FULL_PERCENT && large >= FULL_PERCENT, "{tiny} {large}");
        let (tiny, large) = value(false);
        assert!(tiny < LOW_PERCENT && large >= FULL_PERCENT, "{tiny} {large}");
    }

    #[test]
    fn the_disks_of_the_database_and_of_the_state_are_those_that_are_worked_on() {
        let dir = tempfile::tempdir().unwrap();
        let past = History::new(std::sync::Arc::new(
            crate::store::Store::open(dir.path()).unwrap(),
        ));
        let is_worked_on = |role, database: PathBuf| {
            let (_said, health) = watch::channel(None);
            let places = vec![
                (Role::Logs, dir.path().to_path_buf()),
                (role, dir.path().to_path_buf()),
            ];
            Disks::new(places, Vec::new(), database, health, past.clone()).disks()[0].is_worked_on
        };
        assert!(is_worked_on(Role::Shop, dir.path().join("shop.db")));
        assert!(is_worked_on(Role::State, PathBuf::new()));
        assert!(!is_worked_on(Role::Shop, PathBuf::new()));
    }

    #[test]
    fn what_the_owner_reads_is_the_disks_own_percentage_whatever_the_rules_judge() {
        let mut seen = Seen::default();
        // Less is left than two copies of the database take: an emergency at 40 %.
        judge_space(&mut seen, (Role::Shop, "/"), space_of(10.0, 6.0), floor(16 << 30));
        let found = seen
            .findings
            .iter()
            .find(|found| found.key.as_str() == "disk//")
            .unwrap();
        let Verdict::Known(Observation::Measured { value, detail, .. }) = &found.verdict else {
            panic!("{found:?}")
        };
        assert!(*value >= LOW_PERCENT, "{value}");
        assert_eq!(detail, "/: 40 %, 6.0 GiB");
    }

    #[test]
    fn this_machines_own_disk_is_read_as_df_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let asked = std::process::Command::new("df")
            .arg("--output=pcent")
            .arg(dir.path())
            .output()
            .unwrap();
        let said = String::from_utf8(asked.stdout).unwrap();
        let said: f64 = said
            .lines()
            .last()
            .unwrap()
            .trim()
            .trim_end_matches('%')
            .parse()
            .unwrap();
        let space = space(dir.path(), &MountTable::now()).unwrap();
        // Others write to the same disk meanwhile.
        assert!((shown_percent(space) - said).abs() <= 1.0, "{said} {space:?}");
        assert!(
            space.capacity > 0.0 && space.used > 0.0 && !space.read_only,
            "{space:?}"
        );
    }

    #[test]
    fn the_disk_of_the_log_that_the_bot_tells_of_is_watched_also_when_the_bot_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        // A file system of its own on every Linux.
        let log = PathBuf::from("/dev/shm/bot.log");
        let past = History::new(std::sync::Arc::new(
            crate::store::Store::open(dir.path()).unwrap(),
        ));
        let (said, health) = watch::channel(None);
        let places = vec![(Role::Shop, dir.path().to_path_buf())];
        let mut disks = Disks::new(places, Vec::new(), PathBuf::new(), health, past);
        let at = At {
            now: UnixMillis(1),
            tick: Instant::now(),
        };
        let mut watched = || {
            let seen = disks.look(at);
            let mut keys = seen.findings.iter();
            keys.any(|found| found.key.as_str() == "disk_of_logs//dev/shm")
        };
        assert!(!watched());
        said.send_replace(Some(logging_to(&log)));
        assert!(watched());
        said.send_replace(None);
        assert!(watched());
    }

    fn logging_to(log: &Path) -> Health {
        Health {
            log: Some(protocol::health::LogFile {
                path: log.display().to_string(),
                device: 0,
                inode: 0,
                links: 1,
                size_bytes: 0,
                written_bytes: 0,
                dropped_lines: 0,
            }),
            ..Health::default()
        }
    }

    #[test]
    fn a_disk_that_the_owner_named_is_the_logs_by_the_bots_word_and_its_alert_goes_on_before_that() {
        let dir = tempfile::tempdir().unwrap();
        let past = History::new(std::sync::Arc::new(
            crate::store::Store::open(dir.path()).unwrap(),
        ));
        let (said, health) = watch::channel(None);
        let named = PathBuf::from("/dev/shm");
        let places = vec![
            (Role::Shop, dir.path().to_path_buf()),
            (Role::Named, named.clone()),
        ];
        let mut disks = Disks::new(places, Vec::new(), PathBuf::new(), health, past);
        let of_logs = Role::Logs.key("disk", "/dev/shm");
        assert!(!disks.owns(of_logs.as_str()), "nothing was looked at");
        let is_asked = |disks: &mut Disks, role: Role| {
            let seen = disks.look(At {
                now: UnixMillis(1),
                tick: Instant::now(),
            });
            let key = role.key("disk", "/dev/shm");
            seen.findings.iter().any(|found| found.key == key)
        };
        assert!(is_asked(&mut disks, Role::Named));
        assert!(disks.owns(of_logs.as_str()));
        assert!(
            !disks.owns(Role::Logs.key("disk", "/mnt/logs").as_str()),
            "that may be the log's"
        );
        said.send_replace(Some(logging_to(&named.join("bot.log"))));
        assert!(is_asked(&mut disks, Role::Logs));
        assert!(disks.owns(Role::Named.key("disk", "/dev/shm").as_str()));
    }

    #[test]
    fn two_places_on_one_disk_are_one_disk_and_a_missing_folder_is_on_the_disk_above_it() {
        let dir = tempfile::tempdir().unwrap();
        let places = vec![
            (Role::Logs, dir.path().to_path_buf()),
            (Role::State, dir.path().join("not/there")),
        ];
        let past = History::new(std::sync::Arc::new(
            crate::store::Store::open(dir.path()).unwrap(),
        ));
        let (_said, health) = watch::channel(None);
        let mut disks = Disks::new(places, Vec::new(), PathBuf::new(), health, past);
        let found = disks.disks();
        assert_eq!(
            (found.len(), found[0].role),
            (1, Role::State),
            "the gravest counts"
        );
        let at = At {
            now: UnixMillis(1),
            tick: Instant::now(),
        };
        let seen = disks.look(at);
        assert!(
            seen.samples
                .iter()
                .any(|sample| sample.series.starts_with("disk_used_percent:"))
        );
    }
}
