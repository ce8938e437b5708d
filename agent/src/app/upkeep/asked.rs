//! A rehearsal that the owner asks for in the chat: from the next remote in turn, as the daily one, in a process of its
//! own, whose progress the one who asked can watch.
//! How it went is read from what that process wrote down, not from what it said.

use std::process::{Command, Stdio};

use anyhow::Context;
use tokio::{sync::watch, time::timeout};

use super::{CHILD_LIMIT, SAID_CHARS_MAX, Upkeep, now};
use crate::{
    app::{child::listen, died::Died},
    console::work::{Ask, DrillEnd, Step, TELLS},
    store::rehearsal::Kind,
};

impl Upkeep {
    pub(super) async fn rehearse(&self, ask: Ask<DrillEnd>) {
        let end = match self.rehearse_once(ask.step).await {
            Ok(end) => end,
            Err(error) => DrillEnd::Broken(format!("{error:#}")),
        };
        // Who asked may be gone.
        let _ = ask.end.send(end);
    }

    async fn rehearse_once(&self, step: watch::Sender<Step>) -> anyhow::Result<DrillEnd> {
        if self.store.newest_point_at(now())?.is_none() {
            return Ok(DrillEnd::NoBackup);
        }
        let remote = self.next_in_turn().context("no remote is configured")?;
        let began_at = now();
        let said = self.telling(&remote, self.watched(&remote, step)).await;
        let said = said.unwrap_or_else(|error| format!("{error:#}"));
        let newest = self.store.newest_rehearsal(Kind::Drill, &remote)?;
        Ok(match newest.filter(|it| it.began_at >= began_at) {
            None => DrillEnd::Broken(said),
            Some(it) if it.was_not_rehearsed() => DrillEnd::Broken(it.fault.unwrap_or(said)),
            Some(mut it) => match it.fault.take() {
                Some(fault) => DrillEnd::Failed(remote, fault),
                None => DrillEnd::Passed {
                    is_counted: it.was_counted(),
                    lasted: it.ended_at.since(it.began_at),
                    remote,
                },
            },
        })
    }

    /// The last words of the process, for when it wrote nothing down.
    async fn watched(&self, remote: &str, step: watch::Sender<Step>) -> anyhow::Result<String> {
        let mut command = Command::new(&self.program);
        command.args(["drill", "--remote", remote, "--config"]);
        command
            .arg(&self.config.path)
            .env(TELLS, "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .spawn()
            .context("starting the rehearsal")?;
        let said = child.stderr.take().context("hearing the rehearsal")?;
        let said = said.into_owned_fd().context("hearing the rehearsal")?;
        let heard = tokio::task::spawn_blocking(move || listen(std::fs::File::from(said), Some(step)));
        let status = timeout(CHILD_LIMIT, child.wait())
            .await
            .context("it did not end in eight hours")?
            .context("waiting for the rehearsal")?;
        let heard = heard.await.context("hearing the rehearsal")?;
        let said = String::from_utf8_lossy(&heard);
        let last = said.lines().last().unwrap_or_default().trim();
        let last: String = last.chars().take(SAID_CHARS_MAX).collect();
        Died::of(status, &last).map_or(Ok(last), |died| Err(died.into()))
    }
}
