//! Once a day by default: compares what the remotes hold with what was written, rehearses a restore from the next
//! remote in turn, and lets retention delete what nobody needs. Each in a short-lived process of its own, so that what
//! a restore takes of memory goes with it.
//! It judges nothing: the processes write their outcome down, and the watch reads it.

use std::{convert::Infallible, path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use jiff::Timestamp;
use protocol::time::UnixMillis;
use tokio::{
    process::Command,
    sync::mpsc,
    time::{sleep, timeout},
};

use super::{
    beats::Outside,
    died::{self, Died},
};
use crate::{
    alert::heartbeat::{RunId, Signal},
    backup::{remembered::Remembered, schedule},
    config::Config,
    console::work::{Ask, DrillEnd},
    store::{
        Store,
        freshness::latest,
        rehearsal::{Kind, Rehearsal},
    },
};

mod asked;

/// After a start: a round that was missed is made up for when the shop has settled.
const SETTLE: Duration = Duration::from_secs(900);
/// When a schedule has no further time, which only a fixed year can cause, it is asked again.
const NO_MORE: Duration = Duration::from_secs(86_400);
/// The clock may be set: a long wait is made of short ones.
const WAIT_PIECE: Duration = Duration::from_secs(30);
/// A restore of 64 GiB over a slow line, and then some.
const CHILD_LIMIT: Duration = Duration::from_secs(8 * 3_600);
const SAID_CHARS_MAX: usize = 500;

/// The daily round.
pub(super) struct Upkeep {
    /// This program's own file.
    pub(super) program: PathBuf,
    pub(super) config: Arc<Config>,
    pub(super) store: Arc<Store>,
    /// Who outside hears of each drill.
    pub(super) outside: Option<Outside>,
}

impl Upkeep {
    /// With this program's own file; without one, in a test, nothing goes round.
    pub(super) fn of(
        program: Option<PathBuf>,
        config: &Arc<Config>,
        store: &Arc<Store>,
        outside: Option<Outside>,
    ) -> Option<Self> {
        Some(Self {
            program: program?,
            outside,
            config: Arc::clone(config),
            store: Arc::clone(store),
        })
    }

    /// Goes round for as long as the agent lives.
    /// `missed` names remotes that lack what they acknowledged: such a one is compared at once.
    pub(super) async fn run(
        self,
        mut asked: mpsc::Receiver<Ask<DrillEnd>>,
        mut missed: mpsc::Receiver<String>,
    ) -> Infallible {
        let mut due = self.first_due(now());
        loop {
            while now() < due {
                tokio::select! {
                    Some(ask) = asked.recv() => self.rehearse(ask).await,
                    Some(remote) = missed.recv() => self.child(&["verify", "--remote", &remote]).await,
                    () = sleep(due.since(now()).min(WAIT_PIECE)) => {}
                }
            }
            self.round().await;
            due = self.next_due(now());
        }
    }

    /// A time of the schedule that passed while no agent ran is made up for.
    fn first_due(&self, now: UnixMillis) -> UnixMillis {
        let last = self.drilled().into_iter().filter_map(|(_, at)| at).max();
        let after_last =
            last.and_then(|last| schedule::next_after(&self.config.drill, &self.config.owner.timezone, last));
        let missed = after_last.is_none_or(|due_then| due_then <= now);
        let next = self.next_due(now);
        if missed { next.min(now.plus(SETTLE)) } else { next }
    }

    fn next_due(&self, now: UnixMillis) -> UnixMillis {
        schedule::next_after(&self.config.drill, &self.config.owner.timezone, now)
            .unwrap_or_else(|| now.plus(NO_MORE))
    }

    async fn round(&self) {
        if let Err(error) = Remembered::at(&self.config.state_dir).forget_old(now()) {
            tracing::error!(
                error = format!("{error:#}"),
                "old session keys could not be deleted"
            );
        }
        let newest = self.store.newest_point_at(now());
        if !newest.is_ok_and(|newest| newest.is_some()) {
            tracing::info!("there is no backup yet that could be rehearsed");
            return;
        }
        self.child(&["verify"]).await;
        if let Some(remote) = self.next_in_turn() {
            let arguments = ["drill", "--remote", &remote];
            let ended = self.telling(&remote, self.run_child(&arguments)).await;
            log(arguments[0], ended);
        }
        if self.config.retention.is_some() {
            self.child(&["prune"]).await;
        }
    }

    /// The remote that was not rehearsed for longest.
    fn next_in_turn(&self) -> Option<String> {
        let drilled = self.drilled().into_iter();
        drilled.min_by_key(|(_, at)| *at).map(|(remote, _)| remote)
    }

    fn drilled(&self) -> Vec<(String, Option<UnixMillis>)> {
        let remotes = self.config.remotes.iter().map(|remote| &remote.name);
        let newest = |remote: &String| self.store.newest_rehearsal(Kind::Drill, remote).ok().flatten();
        remotes
            .map(|remote| (remote.clone(), newest(remote).map(|it| it.ended_at)))
            // Of a clock that ran ahead: it would not be this remote's turn again for as long.
            .map(|(remote, at)| (remote, at.filter(|at| *at <= latest(now()))))
            .collect()
    }

    /// Waits for a rehearsal, and tells the outside of its start and its end.
    async fn telling<T>(
        &self,
        remote: &str,
        rehearsal: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        let (run, began_at) = (RunId::random(), now());
        self.tell(Signal::Start, &run);
        let ended = rehearsal.await;
        if let Err(error) = &ended
            && let Err(error) = self.write_down(remote, began_at, error)
        {
            tracing::error!(
                error = format!("{error:#}"),
                "that a rehearsal died could not be written down"
            );
        }
        let passed = self.store.last_passed(Kind::Drill, remote, now()).ok().flatten();
        // What exactly is wrong is the owner's to read, and not the outside's.
        let why = format!("the rehearsed restore from {remote} did not pass; `agent status` tells why");
        let signal = match &ended {
            _ if passed.is_some_and(|at| at >= began_at) => Signal::Success,
            Ok(_) => Signal::Fail(why),
            Err(error) => died::signal(error, why),
        };
        self.tell(signal, &run);
        ended
    }

    /// What its process would have written down, had it not died first.
    fn write_down(&self, remote: &str, began_at: UnixMillis, error: &anyhow::Error) -> anyhow::Result<()> {
        let Some(died) = error.downcast_ref::<Died>().filter(|died| !died.was_told_to()) else {
            return Ok(());
        };
        let newest = self.store.newest_rehearsal(Kind::Drill, remote)?;
        if newest.is_some_and(|newest| newest.began_at >= began_at) {
            return Ok(());
        }
        self.store.add_rehearsal(&Rehearsal {
            kind: Kind::Drill,
            remote: remote.to_owned(),
            point: None,
            began_at,
            ended_at: now(),
            fault: Some(died.to_string()),
            seen: "{}".to_owned(),
        })?;
        Ok(())
    }

    fn tell(&self, signal: Signal, run: &RunId) {
        if let Some(outside) = &self.outside {
            outside.tell(signal, run);
        }
    }

    async fn child(&self, arguments: &[&str]) {
        log(arguments[0], self.run_child(arguments).await);
    }

    async fn run_child(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--config").arg(&self.config.path);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let output = timeout(CHILD_LIMIT, command.output())
            .await
            .context("it did not end in eight hours")?
            .context("starting it")?;
        let said = String::from_utf8_lossy(&output.stderr);
        let said: String = said.trim().chars().take(SAID_CHARS_MAX).collect();
        if let Some(died) = Died::of(output.status, &said) {
            return Err(died.into());
        }
        ensure!(output.status.success(), said);
        Ok(())
    }
}

fn log(what: &str, ended: anyhow::Result<()>) {
    match ended {
        Ok(()) => tracing::info!(what, "the daily round: done"),
        Err(error) => tracing::error!(
            what,
            error = format!("{error:#}"),
            "the daily round: something is wrong"
        ),
    }
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}
