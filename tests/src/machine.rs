//! A whole Debian machine with systemd as its first process, in a container that shares this machine's network.
//! It is made once by `debootstrap` into the target folder, and boots from there in seconds, each time as if new.
//! It needs root, `systemd-nspawn` and a kernel that lets containers be made; where that is not so it says why.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    process::{Process, run, run_well},
    volume::is_root,
    wait::{until, within},
};

const PACKAGES: &str =
    "systemd,systemd-sysv,libpam-systemd,dbus,polkitd,logrotate,libssl3,curl,ca-certificates";
const MAKE_LIMIT: Duration = Duration::from_secs(600);
const BOOT_LIMIT: Duration = Duration::from_secs(90);
const COMMAND_LIMIT: Duration = Duration::from_secs(120);

/// A machine that runs. It is switched off when it goes out of scope.
pub struct Machine {
    // Ends the container when it is dropped.
    _container: Process,
    /// Its first process, as this machine counts.
    init: u32,
}

impl Machine {
    /// Boots one, which sees the folders of `shown` at the same paths, and may only read them.
    ///
    /// # Errors
    /// Why no machine can be booted here.
    pub fn boot(shown: &[&Path], log: &Path) -> Result<Self> {
        let root = root()?;
        let mut command = Command::new("systemd-nspawn");
        command.arg("-D").arg(&root).args(["--boot", "--quiet"]);
        // Nothing of it stays; no other service of this machine has to know of it.
        command.args([
            "--volatile=overlay",
            "--register=no",
            "--keep-unit",
            "--link-journal=no",
        ]);
        command.args(["--console=read-only", "--machine=warung-test"]);
        for folder in shown {
            command.arg(format!("--bind-ro={}", folder.display()));
        }
        let mut container = Process::start("systemd-nspawn", &mut command, log)?;
        let id = container.id();
        let init = within(BOOT_LIMIT, || {
            if container.ended().is_some() {
                return Some(None);
            }
            child_of(id).filter(|child| is_first_of_its_own(*child)).map(Some)
        });
        let Some(init) = init.flatten() else {
            bail!("no container starts here: {}", container.log());
        };
        let machine = Self {
            _container: container,
            init,
        };
        let up = within(BOOT_LIMIT, || {
            let state = machine.run("systemctl is-system-running; true").ok()?;
            ["running", "degraded"].contains(&state.trim()).then_some(())
        });
        ensure!(up.is_some(), "the machine did not come up");
        Ok(machine)
    }

    /// Runs a script inside as root, which must succeed; answers what it printed.
    ///
    /// # Errors
    /// When it fails, with all that it said.
    pub fn run(&self, script: &str) -> Result<String> {
        run_well(&mut self.command(script), COMMAND_LIMIT)
    }

    /// Whether a script inside succeeds.
    #[must_use]
    pub fn does(&self, script: &str) -> bool {
        run(&mut self.command(script), COMMAND_LIMIT).is_ok_and(|output| output.status.success())
    }

    /// Writes a file inside that root owns and the group of the programs may read.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        let place = PathBuf::from(format!("/proc/{}/root{path}", self.init));
        fs::write(&place, text).with_context(|| format!("writing {path} inside"))?;
        self.run(&format!("chown root:warung {path} && chmod 0640 {path}"))
            .map(drop)
    }

    /// What a file inside says.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, path: &str) -> Result<String> {
        let place = format!("/proc/{}/root{path}", self.init);
        fs::read_to_string(place).with_context(|| format!("reading {path} inside"))
    }

    /// A property of a unit.
    ///
    /// # Panics
    /// When systemd does not answer.
    #[must_use]
    pub fn property(&self, unit: &str, name: &str) -> String {
        let answer = self.run(&format!("systemctl show --value --property={name} {unit}"));
        answer.expect("systemd answers").trim().to_owned()
    }

    /// The main process of a unit, as this machine counts; `None` while it has none.
    #[must_use]
    pub fn main_process(&self, unit: &str) -> Option<u32> {
        let inner = self.property(unit, "MainPID");
        let space = fs::read_link(format!("/proc/{}/ns/pid", self.init)).ok()?;
        let all = fs::read_dir("/proc").ok()?;
        all.flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
            .filter(|id| fs::read_link(format!("/proc/{id}/ns/pid")).is_ok_and(|other| other == space))
            .find(|id| {
                let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
                let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
                numbers.and_then(|numbers| numbers.split_whitespace().last()) == Some(inner.as_str())
            })
    }

    fn command(&self, script: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.init.to_string(), "-a", "--", "sh", "-c", script]);
        command
    }
}

/// The first process dies with its container, and everything else with it.
impl Drop for Machine {
    fn drop(&mut self) {
        drop(
            Command::new("kill")
                .args(["-s", "KILL", &self.init.to_string()])
                .status(),
        );
        let gone = format!("/proc/{}", self.init);
        until("the container to end", BOOT_LIMIT, || {
            (!Path::new(&gone).exists()).then_some(())
        });
    }
}

/// The files of the machine, made when there are none yet.
fn root() -> Result<PathBuf> {
    ensure!(is_root(), "only root may boot a container");
    for program in ["systemd-nspawn", "debootstrap", "nsenter"] {
        let found = run(Command::new(program).arg("--version"), COMMAND_LIMIT);
        ensure!(
            found.is_ok(),
            "{program} is not installed: scripts/setup --tests installs it"
        );
    }
    let system = fs::read_to_string("/etc/os-release").context("reading what system this is")?;
    let name = system
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    // The programs that were built here must run there: the same libraries, so the same release.
    let name = name.context("this is no Debian")?.trim_matches('"');
    let own = env::current_exe().context("finding this test")?;
    let target = own
        .ancestors()
        .nth(3)
        .context("a test lies in target/debug/deps")?;
    let root = target.join("machine").join(name);
    if root.is_dir() {
        return Ok(root);
    }
    let begun = target.join("machine").join(format!("{name}.begun"));
    fs::create_dir_all(&begun).context("making a place for a machine")?;
    let mut command = Command::new("debootstrap");
    command
        .args(["--variant=minbase", &format!("--include={PACKAGES}"), name])
        .arg(&begun);
    if let Err(error) = run_well(&mut command, MAKE_LIMIT) {
        // What is half made would not be taken up again.
        fs::remove_dir_all(&begun).context("removing half a machine")?;
        return Err(error.context("making a machine"));
    }
    fs::rename(&begun, &root).context("keeping the machine")?;
    Ok(root)
}

fn child_of(id: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// Whether it counts itself as the first: before it does, it is still in this machine, where no script of a test's may run.
fn is_first_of_its_own(id: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let is_systemd = status.lines().any(|line| line == "Name:\tsystemd");
    is_systemd
        && numbers.is_some_and(|numbers| numbers.split_whitespace().count() > 1 && numbers.ends_with("\t1"))
}
