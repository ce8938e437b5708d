//! The full backup of the present chain that some remotes lack while others have it: for those that lack it alone, so that
//! nothing that happens to one remote costs another a backup.
//! When it is tried again is not known here.

use super::{Backups, now, stored};
use crate::{
    alert::heartbeat::{RunId, Signal},
    app::owed::{self, Owed},
    backup::{self, TakeError, Want},
    watch::backup_outcome,
};

impl Backups {
    /// The remotes that have no full point of this chain, or have lost it, although another has one, and that answer
    /// and may get one now.
    pub(super) async fn owes(&self, owed: &mut Owed) -> Option<Vec<String>> {
        let may_ask = || owed.may_ask(now()) && !backup::is_being_taken(&self.config);
        let mark = self.capture.captured().filter(|_| may_ask())?;
        let holders = self.store.full_point_holders(&mark.chain).ok()?;
        let back = owed::those_that_are_back(&self.config.remotes, &holders).await;
        if back.is_empty() {
            owed.unanswered(now());
            return None;
        }
        tracing::info!(
            remotes = back.join(", "),
            "they answer and have no whole full backup of this chain: one is taken for them"
        );
        Some(back)
    }

    /// A full backup for these remotes alone. The others have theirs, and hear nothing of it.
    pub(super) async fn repair(&self, lacking: &[String]) {
        match self.take((Want::Full, lacking), None).await {
            Ok(taken) => {
                self.capture.point_taken();
                tracing::info!(point = %taken.point, remotes = lacking.join(", "), "a backup was taken");
                stored(backup_outcome::observe(&self.alerts, &taken, now()));
                let holders = self
                    .capture
                    .captured()
                    .map(|mark| self.store.full_point_holders(&mark.chain));
                let Some(Ok(holders)) = holders else { return };
                // Else what the outside heard last is still so.
                if self
                    .config
                    .remotes
                    .iter()
                    .all(|remote| holders.contains(&remote.name))
                {
                    self.beat(&Signal::Success, &RunId::random()).await;
                }
            }
            Err(TakeError::AlreadyRunning) => {
                tracing::info!("a backup is being taken by hand at this moment");
            }
            Err(TakeError::Failed(error)) => {
                let detail = format!("{error:#}");
                tracing::error!(
                    error = detail,
                    remotes = lacking.join(", "),
                    "they got no full backup"
                );
                stored(backup_outcome::observe_unreached(
                    &self.alerts,
                    lacking,
                    &detail,
                    now(),
                ));
            }
        }
    }
}
