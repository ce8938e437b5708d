//! One program that runs: started with its output in a file, killed or asked to stop, never left behind.
//! It knows nothing about what the program does.

use std::{
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::wait::within;

const STOP_LIMIT: Duration = Duration::from_secs(20);

/// A child that ends with its owner.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it; output of both kinds is appended to `log`.
    ///
    /// # Errors
    /// When the log cannot be opened or the program not be started.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let out = OpenOptions::new().create(true).append(true).open(log);
        let out = out.with_context(|| format!("opening {}", log.display()))?;
        let err = out.try_clone().context("sharing a log")?;
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn();
        let child = child.with_context(|| format!("starting {name}"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log: log.to_owned(),
        })
    }

    /// Its id, for `kill` by hand.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it ended, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// `kill -9`: returns when the kernel has buried it.
    pub fn kill_9(mut self) {
        self.bury();
    }

    /// Asks it to stop, as systemd does, and waits for it.
    ///
    /// # Errors
    /// When it does not stop within 20 s (then it is killed), or ends with a fault.
    pub fn stop(mut self) -> Result<()> {
        let asked = Command::new("kill")
            .args(["-s", "TERM", &self.id().to_string()])
            .status();
        asked.context("asking a program to stop")?;
        match within(STOP_LIMIT, || self.ended()) {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("{} ended with {status}; its log:\n{}", self.name, self.log()),
            None => bail!(
                "{} did not stop within {STOP_LIMIT:?}; its log:\n{}",
                self.name,
                self.log()
            ),
        }
    }

    /// What it said so far: the last 20,000 bytes.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        let tail = bytes.len().saturating_sub(20_000);
        String::from_utf8_lossy(&bytes[tail..]).into_owned()
    }

    fn bury(&mut self) {
        // Both fail only when it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.bury();
        if thread::panicking() {
            eprintln!(
                "\n--- log of {} ({})\n{}",
                self.name,
                self.log.display(),
                self.log()
            );
        }
    }
}

/// Runs a command to its end with both outputs kept; ended by force after `limit`.
///
/// # Errors
/// When it cannot be started or does not end in time.
pub fn run(command: &mut Command, limit: Duration) -> Result<Output> {
    let folder = tempfile::tempdir().context("making a place for output")?;
    let file = |name: &str| File::create(folder.path().join(name)).context("making a file for output");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file("out")?)
        .stderr(file("err")?)
        .spawn();
    let child = child
        .as_mut()
        .map_err(|error| anyhow::anyhow!("starting {command:?}: {error}"))?;
    let Some(status) = within(limit, || child.try_wait().ok().flatten()) else {
        drop(child.kill());
        drop(child.wait());
        bail!("{command:?} did not end within {limit:?}");
    };
    let read = |name: &str| fs::read(folder.path().join(name)).context("reading output");
    Ok(Output {
        status,
        stdout: read("out")?,
        stderr: read("err")?,
    })
}

/// Runs a command that must succeed, and returns what it said on its standard output.
///
/// # Errors
/// As [`run`], and when it fails, with all that it said.
pub fn run_well(command: &mut Command, limit: Duration) -> Result<String> {
    let output = run(command, limit)?;
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    if !output.status.success() {
        bail!("{command:?} ended with {}:\n{out}{err}", output.status);
    }
    Ok(out.into_owned())
}
