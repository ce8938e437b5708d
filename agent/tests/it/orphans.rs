//! Alerts that were open when the agent was updated, started anew, or its configuration changed: which of them go on, and
//! which end.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use agent::{
    alert::{
        Alerts,
        role::Role,
        rule::{AlertKey, Observation, Rule},
    },
    config::Language,
    store::{
        Store,
        outbox::{Address, Rung},
    },
    watch::{
        clock::Clock,
        disk::Disks,
        history::History,
        itself::{Itself, Lag},
        killed,
        probe::{At, Probe, Seen, Verdict},
        went_down::{self, Alive},
    },
};
use protocol::{health::Health, time::UnixMillis};
use tokio::sync::watch;

use crate::world::{self, OWNER};

const NOW: UnixMillis = UnixMillis(1_795_330_800_000);

struct World {
    dir: tempfile::TempDir,
    store: Arc<Store>,
    alerts: Alerts,
    health: watch::Sender<Option<Health>>,
}

impl World {
    fn begin() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let ladder = [Rung {
            name: "telegram".to_owned(),
            chats: vec![OWNER],
        }];
        Self {
            alerts: world::alerts(&store, Language::En, &ladder),
            dir,
            store,
            health: watch::Sender::new(None),
        }
    }

    /// The machine's own disk is the shop's, and the one in memory, which every Linux has, is a place for backups.
    fn disks(&self) -> Disks {
        self.disks_with(Role::Remote)
    }

    fn disks_with(&self, of_memory: Role) -> Disks {
        let places = vec![
            (Role::Shop, self.dir.path().to_path_buf()),
            (of_memory, PathBuf::from("/dev/shm")),
        ];
        let past = History::new(Arc::clone(&self.store));
        Disks::new(places, Vec::new(), PathBuf::new(), self.health.subscribe(), past)
    }

    fn open(&self, key: &AlertKey, rule: Rule) {
        self.alerts.observe(key, Observation::wrong(rule), NOW).unwrap();
        self.alerts.tick(NOW.plus(Duration::from_secs(60))).unwrap();
    }

    fn keys(&self) -> Vec<String> {
        self.alerts.book().unwrap().alerts.into_keys().collect()
    }
}

fn keys(seen: &Seen) -> Vec<AlertKey> {
    seen.findings.iter().map(|found| found.key.clone()).collect()
}

fn look(disks: &mut Disks) -> Vec<AlertKey> {
    keys(&disks.look(At {
        now: NOW,
        tick: Instant::now(),
    }))
}

#[test]
fn an_alert_of_before_the_roles_goes_on_under_its_disks_new_key() {
    let world = World::begin();
    world.open(&AlertKey::new("disk_writes", "/dev/shm"), Rule::DiskReadOnly);
    let mut disks = world.disks();
    let spoken = look(&mut disks);
    world
        .alerts
        .hand_over(|key| disks.owns(key), &spoken, NOW)
        .unwrap();
    assert_eq!(world.keys(), ["disk_writes_of_remote//dev/shm"]);
    let new = Role::Remote.key("disk_writes", "/dev/shm");
    world.alerts.observe(&new, Observation::Fine, NOW).unwrap();
    assert!(world.keys().is_empty());
}

/// Before, what the owner named was the shop's. The same holds for what it explained: that is told by itself from then on.
#[test]
fn an_alert_of_a_disk_that_is_only_named_goes_on_as_that_and_explains_nothing_of_the_shop_any_more() {
    let world = World::begin();
    let before = AlertKey::new("disk_writes", "/dev/shm");
    world.open(&before, Rule::DiskReadOnly);
    let capture = AlertKey::new("capture", "shop");
    let stopped = Observation::wrong(Rule::CaptureStopped);
    let look_at_it = |after_s| {
        let now = NOW.plus(Duration::from_secs(after_s));
        world.alerts.observe(&capture, stopped.clone(), now).unwrap();
        world.alerts.tick(now).unwrap();
    };
    (70..400).step_by(10).for_each(look_at_it);
    let texts = || {
        let address = Address {
            rung: "telegram".to_owned(),
            chat_id: OWNER,
        };
        let now = NOW.plus(Duration::from_secs(3600));
        let waiting = world.store.waiting(&address, 20, now).unwrap();
        let texts = waiting.into_iter().map(|row| row.message.text);
        texts.collect::<Vec<_>>()
    };
    let is_told = || {
        let texts = texts();
        texts
            .iter()
            .any(|text| text.contains("Orders do not leave the server"))
    };
    assert!(!is_told(), "the shop's disk explains it");
    let mut disks = world.disks_with(Role::Named);
    let spoken = look(&mut disks);
    world
        .alerts
        .hand_over(|key| disks.owns(key), &spoken, NOW)
        .unwrap();
    assert_eq!(world.keys(), ["capture/shop", "disk_writes_of_named//dev/shm"]);
    (400..700).step_by(10).for_each(look_at_it);
    assert!(is_told(), "{:#?}", texts());
}

#[test]
fn an_alert_of_a_disk_that_is_gone_ends_and_says_so_and_no_other_does() {
    let world = World::begin();
    let mut disks = world.disks();
    let spoken = look(&mut disks);
    world.open(&AlertKey::new("disk_writes", "/mnt/gone"), Rule::DiskReadOnly);
    world.open(
        &AlertKey::new("disk_writes_of_logs", "/mnt/logs"),
        Rule::DiskReadOnly,
    );
    world.open(&AlertKey::new("bot_restarts", "budget"), Rule::BotRestartsSpent);
    world
        .alerts
        .hand_over(|key| disks.owns(key), &spoken, NOW)
        .unwrap();
    world
        .alerts
        .end_unspoken(|key| disks.owns(key), &spoken, NOW)
        .unwrap();
    // Where the bot logs is not known before it has said so.
    assert_eq!(
        world.keys(),
        ["bot_restarts/budget", "disk_writes_of_logs//mnt/logs"]
    );
    world.health.send_replace(Some(Health::default()));
    let spoken = look(&mut disks);
    world
        .alerts
        .end_unspoken(|key| disks.owns(key), &spoken, NOW)
        .unwrap();
    assert_eq!(world.keys(), ["bot_restarts/budget"]);
    // What was the logs' by the configuration of before is handed on once that is known, too.
    world.open(
        &AlertKey::new("disk_writes_of_logs", "/dev/shm"),
        Rule::DiskReadOnly,
    );
    world
        .alerts
        .hand_over(|key| disks.owns(key), &spoken, NOW)
        .unwrap();
    let handed_on = Role::Remote.key("disk_writes", "/dev/shm");
    assert!(
        world.keys().contains(&handed_on.to_string()),
        "{:?}",
        world.keys()
    );
    world.alerts.observe(&handed_on, Observation::Fine, NOW).unwrap();
    // Of a disk whose room cannot be read nothing ends.
    world.open(&Role::Remote.key("disk_writes", "/dev/shm"), Rule::DiskReadOnly);
    let spoken = [Role::Remote.key("disk", "/dev/shm")];
    world
        .alerts
        .end_unspoken(|key| disks.owns(key), &spoken, NOW)
        .unwrap();
    assert_eq!(world.keys().len(), 2);
}

#[test]
fn after_a_start_a_jump_of_the_clock_stands_for_ten_minutes_that_were_seen() {
    let world = World::begin();
    let key = AlertKey::new("clock", "steps");
    let jumped = Observation::Wrong {
        rule: Rule::ClockJumped,
        detail: "+3600 s".to_owned(),
    };
    world.alerts.observe(&key, jumped.clone(), NOW).unwrap();
    let begun = Instant::now();
    let mut clock = Clock::after_start(&world.alerts, begun).unwrap();
    let mut seen = |after_s: u64| {
        let after = Duration::from_secs(after_s);
        let seen = clock.look(At {
            now: NOW.plus(after),
            tick: begun + after,
        });
        let found = seen.findings.into_iter().find(|found| found.key == key);
        found.unwrap().verdict
    };
    assert_eq!(seen(1), Verdict::Known(jumped.clone()));
    assert_eq!(seen(599), Verdict::Known(jumped));
    assert_eq!(seen(600), Verdict::Known(Observation::Fine));
    // Without one that stands nothing has jumped.
    world.alerts.observe(&key, Observation::Fine, NOW).unwrap();
    let mut clock = Clock::after_start(&world.alerts, begun).unwrap();
    let seen = clock.look(At {
        now: NOW,
        tick: begun,
    });
    let found = seen.findings.into_iter().find(|found| found.key == key);
    assert_eq!(found.unwrap().verdict, Verdict::Known(Observation::Fine));
}

#[test]
fn a_kill_by_the_kernel_is_told_once_by_the_next_agent_and_another_end_not_at_all() {
    let world = World::begin();
    let told = || {
        let address = Address {
            rung: "telegram".to_owned(),
            chat_id: OWNER,
        };
        let now = NOW.plus(Duration::from_secs(60));
        let waiting = world.store.waiting(&address, 10, now).unwrap();
        let texts = waiting.into_iter().map(|row| row.message.text);
        texts.filter(|text| text.contains("killed the agent")).count()
    };
    for result in ["success", "exit-code", "watchdog"] {
        killed::note(world.dir.path(), result, NOW).unwrap();
        killed::tell(&world.alerts, world.dir.path(), NOW).unwrap();
        assert_eq!(told(), 0, "{result}");
    }
    killed::note(world.dir.path(), "oom-kill", NOW).unwrap();
    for _ in 0..2 {
        killed::tell(&world.alerts, world.dir.path(), NOW.plus(Duration::from_secs(2))).unwrap();
    }
    assert_eq!(told(), 1);
    // What the next agent sees of itself ends it after a while, and not at its first look.
    let mut probe = Itself::new(Lag::default());
    let start = Instant::now();
    let mut is_over_after = |seconds| {
        let now = NOW.plus(Duration::from_secs(seconds));
        let tick = start + Duration::from_secs(seconds);
        for found in probe.look(At { now, tick }).findings {
            if let Some(seen) = found.verdict.counts() {
                world.alerts.observe(&found.key, seen, now).unwrap();
            }
        }
        world.keys().is_empty()
    };
    assert_eq!([5, 599, 605].map(&mut is_over_after), [false, false, true]);
}

#[test]
fn a_server_that_went_down_is_told_once_when_it_is_up_again_and_one_that_was_shut_down_not_at_all() {
    let world = World::begin();
    let (dir, alerts) = (world.dir.path(), &world.alerts);
    let told = || {
        let keys = world.keys();
        keys.iter().filter(|key| key.as_str() == "server/power").count()
    };
    let up = |boot: &str, seconds: u64| {
        let alive = Alive::begin_in(boot, alerts, dir, NOW.plus(Duration::from_secs(seconds)));
        (alive, told())
    };
    assert_eq!(up("first", 0).1, 0, "the first start of all");
    assert_eq!(up("first", 10).1, 0, "the agent alone was killed");
    went_down::farewell(dir);
    assert_eq!(up("second", 20).1, 0, "shut down and started on purpose");
    assert_eq!(up("", 30).1, 0, "a kernel that does not tell");
    assert_eq!(up("second", 40).1, 0, "of what is not known nothing is told");
    let (mut alive, told) = up("third", 50);
    assert_eq!(told, 1);
    let start = Instant::now();
    let mut is_over_after = |seconds| {
        let now = NOW.plus(Duration::from_secs(50 + seconds));
        let tick = start + Duration::from_secs(seconds);
        for found in alive.look(At { now, tick }).findings {
            if let Some(seen) = found.verdict.counts() {
                alerts.observe(&found.key, seen, now).unwrap();
            }
        }
        world.keys().is_empty()
    };
    assert_eq!([5, 599, 605].map(&mut is_over_after), [false, false, true]);
}
