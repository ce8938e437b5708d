//! A log that is cut off while no agent runs, or just before one is killed: the next agent tells it, however briefly the
//! one before has lived, and tells it once.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::PathBuf,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use agent::store::Store;

use crate::{running::Running, shop::Shop};

const EVERY: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(20);

/// A shop with one log that is watched.
struct World {
    shop: Shop,
}

impl World {
    fn with_log_of(kib: usize) -> Self {
        let shop = Shop::new();
        let mut settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
        let every = EVERY.as_secs();
        settings +=
            &format!("\n[watch]\ncycle = \"1s\"\n[watch.logs]\nfiles = [\"a.log\"]\nevery = \"{every}s\"\n");
        fs::write(shop.path("agent.toml"), settings).unwrap();
        let world = Self { shop };
        fs::write(world.log(), "x".repeat(kib * 1024)).unwrap();
        world
    }

    fn log(&self) -> PathBuf {
        self.shop.path("a.log")
    }

    /// An agent that has looked at the log.
    fn agent(&self) -> Running {
        let agent = Running::start(&self.shop);
        let begun = Instant::now();
        while !agent.get("/metrics").contains("log_bytes") {
            assert!(begun.elapsed() < LIMIT, "no log was looked at");
            sleep(Duration::from_millis(20));
        }
        agent
    }

    fn cut(&self) {
        fs::write(self.log(), "").unwrap();
    }

    fn append(&self, text: &str) {
        let mut file = OpenOptions::new().append(true).open(self.log()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// What the owner was told of it, by the number of the alert: one that is told anew has another.
    fn told(&self) -> Option<(i64, String)> {
        let store = Store::open_to_look(&self.shop.path("state")).unwrap().unwrap();
        let key = format!("log_loss/{}", self.log().display());
        let row = store.book().unwrap().alerts.remove(&key)?;
        Some((row.episode?.0, row.detail))
    }

    fn remembered(&self) -> String {
        let store = Store::open_to_look(&self.shop.path("state")).unwrap().unwrap();
        store.remembered("log_lengths").unwrap().unwrap_or_default()
    }

    fn is_told_within(&self, limit: Duration) -> bool {
        let begun = Instant::now();
        while self.told().is_none() && begun.elapsed() < limit {
            sleep(Duration::from_millis(50));
        }
        self.told().is_some()
    }
}

#[test]
fn a_log_that_is_cut_while_no_agent_runs_is_told_by_the_next_one_whatever_the_one_before_has_lived() {
    for kib in [850, 17] {
        let world = World::with_log_of(kib);
        world.agent().burn();
        world.cut();
        let agent = world.agent();
        assert!(world.is_told_within(2 * EVERY), "{kib} KiB");
        let (_, detail) = world.told().unwrap();
        assert!(detail.ends_with(&format!(": {kib}.0 KiB")), "{detail}");
        agent.burn();
    }
}

#[test]
fn a_log_that_is_cut_just_before_the_agent_is_killed_is_told_once_also_when_two_are_killed_in_a_row() {
    for before in [Duration::from_secs(1), Duration::from_millis(200), Duration::ZERO] {
        let world = World::with_log_of(850);
        let agent = world.agent();
        world.cut();
        sleep(before);
        agent.burn();
        world.append("a line\n");
        world.agent().burn();
        let agent = world.agent();
        assert!(world.is_told_within(2 * EVERY), "{before:?}");
        let told = world.told();
        sleep(2 * EVERY);
        agent.burn();
        assert_eq!(world.told(), told);
        // Whatever becomes of that alert: what was told is told no more.
        let written = world.remembered();
        assert!(written.contains("\"size_bytes\":7"), "{written}");
    }
}

#[test]
fn what_rotation_copies_and_cuts_while_no_agent_runs_is_told_as_while_one_runs() {
    let world = World::with_log_of(17);
    world.agent().burn();
    let configuration = world.shop.path("logrotate.conf");
    let text = format!(
        "{} {{\nsu root root\nrotate 2\ncopytruncate\n}}\n",
        world.log().display()
    );
    fs::write(&configuration, text).unwrap();
    let done = Command::new("logrotate")
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .args(["--force", "--state"])
        .args([&world.shop.path("rotated"), &configuration])
        .output()
        .expect("logrotate is installed: scripts/setup --tests does it");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(fs::metadata(world.log()).unwrap().len(), 0);
    let agent = world.agent();
    assert!(world.is_told_within(2 * EVERY));
    agent.burn();
}

#[test]
fn a_log_that_is_another_file_when_the_next_agent_starts_was_not_cut() {
    let world = World::with_log_of(17);
    let aside = world.shop.path("aside");
    let changes: [&dyn Fn(); 4] = [
        &|| {
            fs::remove_file(world.log()).unwrap();
            world.cut();
        },
        &|| {
            world.append("a line\n");
            fs::rename(world.log(), &aside).unwrap();
            world.cut();
        },
        &|| {
            fs::copy(world.log(), &aside).unwrap();
            fs::rename(&aside, world.log()).unwrap();
        },
        &|| {
            world.append("a line\n");
            fs::rename(world.log(), &aside).unwrap();
            fs::rename(&aside, world.log()).unwrap();
        },
    ];
    for (number, change) in changes.iter().enumerate() {
        world.agent().burn();
        change();
        let agent = world.agent();
        assert!(!world.is_told_within(EVERY), "{number}: {:?}", world.told());
        agent.burn();
    }
}
