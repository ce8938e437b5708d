//! A backup by hand, told to the check at the outside as the running agent tells its own: that it begins, and how it ended,
//! each once.
//! The backup itself waits for neither. One that is meant for some remotes alone is not told: it makes up for no other.

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::{
    alert::{
        Alerts,
        channels::http_client,
        heartbeat::{RunId, Signal},
        outside::{Check, Subject, of_backup},
    },
    backup::{TakeError, Taken, is_one_taken},
    config::Config,
    store::Store,
};

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
                let _ = check.tell(&Signal::Start, Some(&run)).await;
            }
        });
        Some(Self { check, run, begun })
    }

    /// Tells how it ended, behind the word that it began.
    pub(super) async fn end(self, taken: &Result<Taken, TakeError>) {
        let why = "no backup could be taken; the command that was to take one by hand told why";
        // A task that panicked has told nothing, and the end is to be told all the same.
        let _ = self.begun.await;
        if let Some(signal) = of_backup(taken.as_ref(), why) {
            let _ = self.check.tell(&signal, Some(&self.run)).await;
        }
    }
}
