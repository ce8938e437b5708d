//! Both units under a real systemd, installed by `scripts/install` on a machine as if new: they start, come back from
//! everything that kills or hangs them, the owner hears of what was no plan, and the agent may restart the bot and
//! nothing else. One boot for all of it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tests::{
    binaries::binary,
    chat::Chat,
    http,
    machine::Machine,
    sandbox::{OWNER_BOT, SHOP_BOT, Sandbox},
    secrecy::leaks,
    settings::{OWNER, SELLER, Settings, secrets},
    wait::until,
};

use crate::shelves::stocked;

/// On a busy machine; systemd itself waits two seconds before it starts something again.
const SOON: Duration = Duration::from_secs(60);
/// systemd's watchdog of 30 s, and the time to end and to start.
const WATCHDOG: Duration = Duration::from_secs(120);
const DIED: &str = "Bot toko mati mendadak";
const HUNG: &str = "Bot toko tidak menjawab";
const BACK: &str = "Bot toko berjalan lagi";
/// A message that began with a bot that hung ends with one that answers, also when systemd had to kill it in between.
const ANSWERS: &str = "Bot toko menjawab lagi";
const KILLED: &str = "Kernel mematikan agent karena memori habis";
/// Where what a unit says is changed until the next boot.
const DROP_IN: &str = "/run/systemd/system/agent.service.d";
/// More than the bot holds and less than this machine has.
const SCARCE_BYTES: u64 = 96 << 20;

struct World {
    machine: Machine,
    sandbox: Sandbox,
    settings: Settings,
    owner: Chat,
    begun: Instant,
    _folder: tempfile::TempDir,
}

impl World {
    /// `None` where no machine can be booted.
    fn open() -> Option<Self> {
        let begun = Instant::now();
        let folder = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let [scripts, units, docs] = ["scripts", "systemd", "docs"].map(|name| source.join(name));
        let programs = binary("agent");
        let shown = [&scripts, &units, &docs, programs.parent().unwrap()];
        let machine = match Machine::boot(&shown, &folder.path().join("machine.log")) {
            Ok(machine) => machine,
            Err(why) => {
                eprintln!("NOT RUN: the units under a real systemd: {why:#}");
                return None;
            }
        };
        let sandbox = Sandbox::start(None, &folder.path().join("sandbox.log")).unwrap();
        let settings = Settings::new(sandbox.url().to_owned(), sandbox.gateway_url());
        let owner = sandbox.chat(OWNER_BOT, OWNER);
        let world = Self {
            machine,
            sandbox,
            settings,
            owner,
            begun,
            _folder: folder,
        };
        world.install(&scripts, programs.parent().unwrap());
        Some(world)
    }

    /// As an owner does it: the script, the two files, the secrets, the public key.
    fn install(&self, scripts: &Path, programs: &Path) {
        let install = scripts.join("install");
        let told = self.run(&format!("{} --built {}", install.display(), programs.display()));
        assert!(told.contains("systemctl enable --now bot agent"), "{told}");
        let Settings {
            telegram_url,
            gateway_url,
            bot_public,
            bot_private,
            agent_private,
            ..
        } = &self.settings;
        for program in ["bot", "agent"] {
            let path = format!("/etc/warung/{program}.toml");
            let example = self.machine.read(&path).unwrap();
            let adapted = example
                .replace("https://api.telegram.org", telegram_url)
                .replace("https://app.pakasir.com", gateway_url)
                .replace("127.0.0.1:8080", &bot_public.to_string())
                .replace("127.0.0.1:8081", &bot_private.to_string())
                .replace("127.0.0.1:8082", &agent_private.to_string());
            self.machine.write(&path, &adapted).unwrap();
        }
        for (name, value) in secrets() {
            let path = format!("/etc/warung/credentials/{name}");
            self.machine.write(&path, &value).unwrap();
        }
        self.run(
            "OWNER_KEY_PASSPHRASE=pretend-passphrase agent key new --out /root/safe --config /etc/warung/agent.toml &&
             install -m 0640 -g warung /root/safe/owner.asc /etc/warung/owner.asc",
        );
        let catalogue = "/etc/warung/catalogue.toml";
        self.machine.write(catalogue, &stocked(2)).unwrap();
        self.run(&self.as_unit(
            "warung",
            &format!("bot catalog import {catalogue} --config /etc/warung/bot.toml"),
        ));
        for (user, program) in [("warung", "bot"), ("warung-agent", "agent")] {
            let check = format!("{program} check --config /etc/warung/{program}.toml");
            self.run(&self.as_unit(user, &check));
            // As the README says.
            self.run(&check);
        }
    }

    fn as_unit(&self, user: &str, command: &str) -> String {
        format!("runuser -u {user} -- env CREDENTIALS_DIRECTORY=/etc/warung/credentials {command}")
    }

    #[track_caller]
    fn run(&self, script: &str) -> String {
        self.machine
            .run(script)
            .unwrap_or_else(|error| panic!("{error:#}"))
    }

    fn step(&self, what: &str) {
        println!("{:>5.1} s: {what}", self.begun.elapsed().as_secs_f64());
    }

    fn wait_for_watch(&self) {
        let url = format!("http://{}/health", self.settings.agent_private);
        until("the agent to see the bot", SOON, || {
            let health: serde_json::Value = serde_json::from_str(&http::try_get(&url)?.body).ok()?;
            (health["bot"] == "running").then_some(())
        });
    }

    /// An agent that has seen nothing yet: of what comes again within the hour it would say that it does.
    fn forget(&self) {
        self.run(
            "systemctl stop agent && find /var/lib/warung-agent -mindepth 1 -delete && systemctl start agent",
        );
        self.wait_for_watch();
    }

    /// Does something to the bot; the owner must be told with these words, and systemd must start it again.
    fn misfortune(&self, (words, over): (&str, &str), limit: Duration, does: impl FnOnce(u32)) {
        self.forget();
        let (told, back) = (self.every_time_told(words), self.every_time_told(over));
        let restarts = self.restarts("bot");
        let process = self.machine.main_process("bot").unwrap();
        does(process);
        until(&format!("the owner to read '{words}'"), limit, || {
            (self.every_time_told(words) > told).then_some(())
        });
        self.step(&format!("the owner was told: {words}"));
        until("systemd to start the bot again", limit, || {
            (self.restarts("bot") > restarts && self.is_active("bot")).then_some(())
        });
        self.step("systemd has started it again");
        self.wait_for_watch();
        until("the owner to read that it is back", SOON, || {
            (self.every_time_told(over) > back).then_some(())
        });
    }

    /// Also what was edited since, and each edit that says it.
    fn every_time_told(&self, words: &str) -> usize {
        let filter = format!("api=telegram&bot={OWNER_BOT}");
        let record = self.sandbox.whole_record(&filter).unwrap();
        let told = record.iter().filter(|entry| {
            let is_text = entry["method"] == "sendMessage" || entry["method"] == "editMessageText";
            is_text
                && entry["code"] == 200
                && entry["params"]["text"]
                    .as_str()
                    .unwrap_or_default()
                    .contains(words)
        });
        told.count()
    }

    fn restarts(&self, unit: &str) -> u32 {
        self.machine.property(unit, "NRestarts").parse().unwrap()
    }

    fn is_active(&self, unit: &str) -> bool {
        self.machine.property(unit, "ActiveState") == "active"
    }
}

/// A process that takes all memory there is in a group of so much, beside another one whom the kernel ends first.
struct Hog(Child);

impl Hog {
    /// In the group of that process, which is given a limit; `None` where the kernel counts no memory for groups.
    fn beside(process: u32) -> Option<Self> {
        let group = memory_group(process)?;
        fs::write(format!("/proc/{process}/oom_score_adj"), "1000").ok()?;
        let script = "echo $$ > \"$0/cgroup.procs\" && exec tail /dev/zero";
        let child = Command::new("sh")
            .args(["-c", script])
            .arg(group)
            .stdout(Stdio::null())
            .spawn();
        Some(Self(child.unwrap()))
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
        // Only an older kernel's layout has it, and it is empty now.
        drop(fs::remove_dir(own_group()));
    }
}

/// Where the memory of a process is counted, with a limit; an older kernel's layout needs a group of the test's own.
fn memory_group(process: u32) -> Option<PathBuf> {
    let old = Path::new("/sys/fs/cgroup/memory");
    if old.is_dir() {
        let group = own_group();
        fs::create_dir_all(&group).ok()?;
        fs::write(group.join("memory.limit_in_bytes"), SCARCE_BYTES.to_string()).ok()?;
        fs::write(group.join("cgroup.procs"), process.to_string()).ok()?;
        return Some(group);
    }
    let own = fs::read_to_string(format!("/proc/{process}/cgroup")).ok()?;
    let path = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let group = Path::new("/sys/fs/cgroup").join(path);
    fs::write(group.join("memory.max"), SCARCE_BYTES.to_string()).ok()?;
    Some(group)
}

fn own_group() -> PathBuf {
    Path::new("/sys/fs/cgroup/memory").join(format!("warung-test-{}", std::process::id()))
}

fn started_by_systemd(world: &World) {
    world.run("systemctl enable --now bot agent");
    for unit in ["bot", "agent"] {
        assert!(
            world.is_active(unit),
            "Type=notify: {unit} has said that it is ready"
        );
    }
    world.wait_for_watch();
    world.step("both units are ready");
    world.sandbox.customer(3001).unwrap().say("/start").unwrap();
    world.sandbox.customer(3001).unwrap().wait_for("Selamat datang");
    world.owner.say("/backup").unwrap();
    world.owner.wait_for("selesai:");
    let told = world.run("warung-health-check --json");
    assert!(told.contains("\"well\":true"), "{told}");
    world.step("a backup was taken, and the health check finds nothing");
}

fn a_planned_stop_is_silent(world: &World) {
    world.run("systemctl stop bot && systemctl start bot");
    world.wait_for_watch();
    assert_eq!((world.every_time_told(DIED), world.every_time_told(BACK)), (0, 0));
    world.step("a planned stop was no alarm");
}

fn the_agent_comes_back(world: &World) {
    let restarts = world.restarts("agent");
    world.run("systemctl kill --signal=KILL agent");
    until("systemd to start the agent again", SOON, || {
        (world.restarts("agent") > restarts && world.is_active("agent")).then_some(())
    });
    world.wait_for_watch();
    world.step("the agent was killed and is back");
}

/// What the killed cannot say, the unit writes down within its walls, and the next agent tells. A kill by hand is none.
fn the_owner_hears_that_the_kernel_killed_the_agent(world: &World) {
    assert_eq!(
        world.every_time_told(KILLED),
        0,
        "somebody's kill is not the kernel's"
    );
    let restarts = world.restarts("agent");
    let counts_by_unit = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
    let mut hog = None;
    if counts_by_unit {
        hog = Hog::beside(world.machine.main_process("agent").unwrap());
    } else {
        eprintln!(
            "NOT RUN: systemd's own word for it: of this kernel's groups it hears of no kill for want of memory"
        );
        let ended = "agent ended --config /etc/warung/agent.toml";
        world.run(&format!(
            "mkdir -p {DROP_IN} && printf '[Service]\\nExecStopPost=\\nExecStopPost=-/usr/bin/env SERVICE_RESULT=oom-kill \
             /usr/local/bin/{ended}\\n' > {DROP_IN}/ended.conf && systemctl daemon-reload && \
             systemctl kill --kill-whom=main --signal=KILL agent"
        ));
    }
    until("the owner to read that the kernel killed the agent", SOON, || {
        (world.every_time_told(KILLED) > 0).then_some(())
    });
    drop(hog);
    world.run(&format!("rm -rf {DROP_IN} && systemctl daemon-reload"));
    until("systemd to start the agent again", SOON, || {
        (world.restarts("agent") > restarts && world.is_active("agent")).then_some(())
    });
    world.wait_for_watch();
    world.step("the owner was told that the kernel had killed the agent");
}

/// The owner asks the real unit, with all its walls around it, to restart the bot.
fn the_owner_restarts_from_the_chat(world: &World) {
    let before = world.machine.property("bot", "MainPID");
    world.owner.say("/restart").unwrap();
    let asked = world.owner.wait_for("Kirim kode ini");
    let digits: String = asked
        .text
        .chars()
        .rev()
        .filter(char::is_ascii_digit)
        .take(6)
        .collect();
    let code: String = digits.chars().rev().collect();
    world.owner.say(&code).unwrap();
    until("the agent to have restarted the bot", SOON, || {
        let now = world.machine.property("bot", "MainPID");
        (now != before && now != "0" && world.is_active("bot")).then_some(())
    });
    world.wait_for_watch();
    assert_eq!(
        world.every_time_told(DIED),
        0,
        "the owner's own restart is no alarm"
    );
    world.step("the owner has restarted the bot through the agent");
}

fn the_agent_may_do_nothing_else(world: &World) {
    let may = |command: &str| {
        world.machine.does(&format!(
            "runuser -u warung-agent -- systemctl --no-ask-password {command}"
        ))
    };
    assert!(may("restart bot.service"));
    for command in [
        "stop bot.service",
        "start bot.service",
        "kill bot.service",
        "disable bot.service",
        "set-property bot.service MemoryMax=1G",
        "restart agent.service",
        "restart dbus.service",
        "daemon-reload",
        "poweroff",
    ] {
        assert!(!may(command), "the agent's user may: {command}");
    }
    let other = "runuser -u warung -- systemctl --no-ask-password restart bot.service";
    assert!(!world.machine.does(other), "the bot's user may restart it");
    world.wait_for_watch();
    world.step("the agent may restart the bot and do nothing else");
}

fn the_owner_sees_the_unit(world: &World) {
    let told = until("/status to show the unit", SOON, || {
        world.owner.say("/status").unwrap();
        let told = world.owner.wait_for("24 jam:").text;
        told.contains("bot.service: aktif").then_some(told)
    });
    let counted = world
        .machine
        .property("bot", "MemoryCurrent")
        .parse::<u64>()
        .is_ok();
    let line = told
        .lines()
        .find(|line| line.starts_with("bot.service:"))
        .unwrap();
    if counted {
        assert!(line.contains("MB"), "{line}");
    } else {
        eprintln!(
            "NOT RUN: the memory of the unit in /status: this kernel counts none for the container's units"
        );
    }
    world.step(line);
}

#[test]
fn real_systemd_brings_both_back_from_everything_and_the_owner_hears_of_what_was_no_plan() {
    let Some(world) = World::open() else { return };
    world.step("installed");
    started_by_systemd(&world);
    a_planned_stop_is_silent(&world);
    the_owner_restarts_from_the_chat(&world);
    the_agent_may_do_nothing_else(&world);
    world.misfortune((DIED, BACK), SOON, |_| {
        world.run("systemctl kill --kill-whom=main --signal=KILL bot");
    });
    the_agent_comes_back(&world);
    the_owner_hears_that_the_kernel_killed_the_agent(&world);
    let seller = world.sandbox.chat(SHOP_BOT, SELLER);
    let mut hog = None;
    world.misfortune((DIED, BACK), SOON, |process| {
        hog = Hog::beside(process);
        if hog.is_none() {
            eprintln!("NOT RUN: memory runs out: this kernel counts none for groups");
            world.run("systemctl kill --kill-whom=main --signal=KILL bot");
        }
    });
    drop(hog);
    the_owner_sees_the_unit(&world);
    world.misfortune((HUNG, ANSWERS), WATCHDOG, |_| {
        world.run("systemctl kill --kill-whom=main --signal=STOP bot");
    });
    assert_eq!(
        world
            .run("systemctl list-units --failed --plain --no-legend")
            .trim(),
        ""
    );
    assert!(seller.everything_ever_shown().is_empty());
    assert_eq!(leaks(&world.sandbox), Vec::<String>::new());
    world.step("done");
}
