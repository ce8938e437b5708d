//! A scheduled backup as a process of its own: its memory is given back when it ends, and a crash in it takes nobody
//! along. It is this program's own `agent backup`, asked in its own words.
//! It decides nothing about schedules and alerts.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Output, Stdio},
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use anyhow::Context;
use tokio::{net::TcpListener, sync::watch};

use super::died::Died;
use crate::{
    backup::{TakeError, Taken, Want, What},
    console::work::{Step, TELLS},
};

/// How long a child that is told to stop may take to remove what it staged.
const STOP_LIMIT: Duration = Duration::from_secs(2);
/// Of what a child complained the end matters, and not all of it.
const DETAIL_CHARS_MAX: usize = 2_000;
/// A process that says more than this is not listened to any more.
const SAID_BYTES_MAX: usize = 1024 * 1024;

/// What it takes to start one.
pub(super) struct Program {
    /// This program's file.
    pub path: PathBuf,
    /// The address at which this agent answers.
    pub url: String,
}

impl Program {
    /// This program, asking at the address that the listener has in the end.
    pub(super) fn of(path: PathBuf, listener: &TcpListener) -> anyhow::Result<Self> {
        let address = listener.local_addr().context("asking for the private address")?;
        Ok(Self {
            path,
            url: format!("http://{address}"),
        })
    }

    /// Takes a backup in a child process, and puts how far it is where somebody watches. Dropping the future stops it
    /// and waits until it has removed what it staged.
    pub(super) async fn back_up(
        &self,
        config: &Path,
        What { want, only, keys }: What<'_>,
        step: Option<watch::Sender<Step>>,
    ) -> Result<Taken, TakeError> {
        let mut command = Command::new(&self.path);
        command
            .args(["backup", "--json", "--agent", &self.url, "--config"])
            .arg(config);
        if want == Want::Delta {
            command.arg("--delta");
        }
        for remote in only {
            command.args(["--remote", remote]);
        }
        // It cannot read them itself.
        let keys = keys.map(|keys| keys.to_bytes());
        if let Some(keys) = &keys {
            command.args(["--keys-bytes", &keys.len().to_string()]);
        }
        command
            .env(TELLS, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| format!("starting {} for a backup", self.path.display()))?;
        let stdin = child.stdin.take();
        let stdin = match keys {
            Some(keys) => hand_over(stdin, keys).await?,
            None => stdin,
        };
        let (ended, has_ended) = mpsc::sync_channel(1);
        let _stop = StopOnDrop { stdin, has_ended };
        let output = tokio::task::spawn_blocking(move || {
            let said = child.stderr.take();
            // Both ends are read at once: a child that fills one would wait for ever.
            let listener = std::thread::spawn(move || said.map_or_else(Vec::new, |said| listen(said, step)));
            let output = child.wait_with_output();
            let said = listener.join().unwrap_or_default();
            let _ = ended.send(());
            output.map(|output| Output {
                stderr: said,
                ..output
            })
        });
        let output = output
            .await
            .context("the thread that waits for the backup ended")?
            .context("waiting for the backup")?;
        outcome(&output)
    }
}

/// Writes it to the child, which reads it before anything else. One that has ended tells why by itself.
async fn hand_over(stdin: Option<ChildStdin>, bytes: Vec<u8>) -> anyhow::Result<Option<ChildStdin>> {
    let write = move || {
        let mut stdin = stdin;
        if let Some(stdin) = &mut stdin {
            let _ = stdin.write_all(&bytes);
        }
        stdin
    };
    tokio::task::spawn_blocking(write)
        .await
        .context("the thread that hands the keys over ended")
}

/// Takes the lines about progress out of what a process says, and gives the rest when it ends.
pub(super) fn listen(said: impl Read, step: Option<watch::Sender<Step>>) -> Vec<u8> {
    let mut rest = Vec::new();
    for line in BufReader::new(said).split(b'\n').map_while(Result::ok) {
        match std::str::from_utf8(&line).ok().and_then(Step::parse) {
            Some(seen) => {
                if let Some(step) = &step {
                    step.send_replace(seen);
                }
            }
            None if rest.len() < SAID_BYTES_MAX => {
                rest.extend_from_slice(&line);
                rest.push(b'\n');
            }
            None => {}
        }
    }
    rest
}

/// The child ends when nobody holds the other end of its standard input, also when this process is killed.
struct StopOnDrop {
    stdin: Option<ChildStdin>,
    has_ended: Receiver<()>,
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.has_ended.recv_timeout(STOP_LIMIT);
    }
}

fn outcome(output: &Output) -> Result<Taken, TakeError> {
    let said = String::from_utf8_lossy(&output.stderr);
    // Its log lines belong into ours.
    let _ = std::io::stderr().write_all(said.as_bytes());
    if let Ok(taken) = serde_json::from_slice::<Taken>(&output.stdout) {
        return Ok(taken);
    }
    if said.contains(&TakeError::AlreadyRunning.to_string()) {
        return Err(TakeError::AlreadyRunning);
    }
    let detail = last_word(&said);
    if let Some(died) = Died::of(output.status, detail.as_deref().unwrap_or_default()) {
        return Err(TakeError::Failed(died.into()));
    }
    let detail = detail.unwrap_or_else(|| "its process ended without a word".to_owned());
    Err(TakeError::Failed(anyhow::anyhow!(detail)))
}

/// What the process said in the end, in one line: several faults stand in lines of their own after it.
fn last_word(said: &str) -> Option<String> {
    let lines: Vec<&str> = said.lines().collect();
    let begins = lines.iter().rposition(|line| line.starts_with("agent: "))?;
    let pieces = lines[begins..]
        .iter()
        .map(|line| line.trim_start_matches("agent: ").trim())
        .map(|line| line.trim_start_matches("- "));
    let told = pieces.collect::<Vec<_>>().join(" ");
    Some(told.trim().chars().take(DETAIL_CHARS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_told_with_every_fault_that_stands_below_it() {
        let said = "2026-11-26 WARN looking\nagent: the first try failed\nagent: the configuration has 2 faults; nothing \
                    was started:\n  - remotes.disk: not mounted\n  - owner: no chat\n";
        assert_eq!(
            last_word(said).as_deref(),
            Some(
                "the configuration has 2 faults; nothing was started: remotes.disk: not mounted owner: no chat"
            )
        );
        assert_eq!(
            last_word("agent: the disk is full\n").as_deref(),
            Some("the disk is full")
        );
        assert_eq!(last_word("only the log\n"), None);
    }
}
