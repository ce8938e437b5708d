//! A backup by hand, told to the check at the outside as the running agent tells its own: that it begins, and how it ended.
//! The end is told again for a short while, since nobody is left to do it later.
//! The backup itself waits for neither. One that is meant for some remotes alone is not told: it makes up for no other.

use std::{path::Path, sync::Arc, time::Duration};

use protocol::settings::Faults;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout_at},
};

use crate::{
    alert::{
        Alerts,
        channels::http_client,
        heartbeat::{RunId, Signal},
        outside::{Check, Subject, of_backup},
    },
    backup::{TakeError, Taken, is_one_taken},
    cli::{interrupted, load},
    config::{Config, Purpose},
    store::Store,
};

/// Somebody waits at a terminal: a moment's trouble on the line is got over, and a service that is down is not waited for.
const TOLD_WITHIN: Duration = Duration::from_secs(45);

/// What is told, and to whom.
pub(super) struct Outside {
    check: Arc<Check>,
    run: RunId,
    begun: JoinHandle<()>,
}

impl Outside {
    /// Tells that a backup begins; `None` where no check is named, another backup runs, whose end would not be this one's, or
    /// TLS cannot be set up: the backup does not depend on it.
    pub(super) fn begin(config: &Config, alerts: &Alerts, store: &Arc<Store>) -> Option<Self> {
        config.heartbeat.backup_url.as_ref()?;
        if is_one_taken(&config.state_dir) {
            return None;
        }
        let client = http_client().inspect_err(|error| {
            tracing::warn!(
                error = format!("{error:#}"),
                "the outside is not told of this backup"
            );
        });
        let check = Check::of(Subject::Backup, (config, &client.ok()?), alerts, store)?;
        let (check, run) = (Arc::new(check), RunId::random());
        let begun = tokio::spawn({
            let (check, run) = (Arc::clone(&check), run.clone());
            async move {
                let _ = check.ask(&Signal::Start, Some(&run)).await;
            }
        });
        Some(Self { check, run, begun })
    }

    /// Tells of a backup that was refused before it began because no remote can be written to, as when their disk is not
    /// mounted: the outside waits for one. Whatever else is wrong may be so of this command alone, and not of the agent that
    /// runs.
    pub(super) async fn refused(path: &Path, faults: &Faults) {
        if !faults.all(|fault| fault.starts_with("remotes.")) {
            return;
        }
        let Ok(config) = load(path, Purpose::Look) else {
            return;
        };
        let Ok(store) = Store::open(&config.state_dir).map(Arc::new) else {
            return;
        };
        if let Some(outside) = Self::begin(&config, &super::alerts(&config, &store), &store) {
            let refused = anyhow::anyhow!("no remote can be written to");
            outside.end(&Err(TakeError::Failed(refused))).await;
        }
    }

    /// Tells how it ended, behind the word that it began, and says where that could not be told.
    pub(super) async fn end(self, taken: &Result<Taken, TakeError>) {
        let why = "no backup could be taken; the command that was to take one by hand told why";
        // A task that panicked has told nothing, and the end is to be told all the same.
        let _ = self.begun.await;
        let Some(signal) = of_backup(taken.as_ref(), why) else {
            return;
        };
        let until = Instant::now() + TOLD_WITHIN;
        let mut why = String::new();
        let told = async {
            while let Err(missed) = self.check.ask(&signal, Some(&self.run)).await {
                missed.why().clone_into(&mut why);
                // A service that refuses does so in a moment as well.
                if Instant::now() + missed.again_after() >= until {
                    return false;
                }
                sleep(missed.again_after()).await;
            }
            true
        };
        // Whoever has had enough of it reads how the backup ended all the same.
        let told = tokio::select! {
            told = timeout_at(until, told) => told.unwrap_or(false),
            _ = interrupted() => false,
        };
        if !told {
            let why = match why.is_empty() {
                true => why,
                false => format!(" ({why})"),
            };
            eprintln!(
                "agent: [heartbeat] backup_url was not told how this backup ended{why}, and may call it missing or not ended"
            );
        }
    }
}
