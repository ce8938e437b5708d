//! The tasks around telling the owner that are no vital loops: the daily tests of the ways, the restarts of a hung bot,
//! and the outside heartbeat.
//! It starts them and knows nothing of what they do.

use std::{convert::Infallible, sync::Arc};

use protocol::time::UnixMillis;
use tokio::task::JoinSet;

use super::{beats::Outside, heartbeat, restart::Restarter};
use crate::{
    alert::{
        Alerts,
        calendar::Calendar,
        message::Voice,
        outside::{Check, Subject, forget_others},
        rehearsal::{Rehearsal, Way},
    },
    config::Config,
    http::Status,
    store::Store,
};

/// What they need.
pub(super) struct Telling<'a> {
    pub(super) config: &'a Config,
    pub(super) store: &'a Arc<Store>,
    pub(super) alerts: &'a Alerts,
    pub(super) status: &'a Arc<Status>,
    pub(super) client: &'a reqwest::Client,
}

impl Telling<'_> {
    /// Where starts and ends go that the check of this subject is told of; `None` where there is none.
    pub(super) fn outside(
        &self,
        subject: Subject,
        tasks: &mut JoinSet<anyhow::Result<Infallible>>,
    ) -> Option<Outside> {
        let check = Check::of(subject, (self.config, self.client), self.alerts, self.store)?;
        let (outside, telling) = Outside::of(check);
        tasks.spawn(async { Ok(telling.await) });
        Some(outside)
    }

    /// Starts all of them.
    pub(super) fn spawn(
        &self,
        ways: Vec<Way>,
        started_at: UnixMillis,
        tasks: &mut JoinSet<anyhow::Result<Infallible>>,
    ) {
        let rehearsal = Rehearsal {
            ways,
            alerts: self.alerts.clone(),
            store: Arc::clone(self.store),
            voice: Voice::of(self.config),
            calendar: Calendar::of(self.config),
            started_at,
        };
        tasks.spawn(async { Ok(rehearsal.run().await) });
        let restarter = Restarter {
            alerts: self.alerts.clone(),
            store: Arc::clone(self.store),
            unit: self.config.bot.unit.clone(),
        };
        tasks.spawn(async { Ok(restarter.run().await) });
        if let Err(error) = forget_others(self.config, self.alerts, started_at) {
            tracing::error!(
                error = format!("{error:#}"),
                "alerts about checks that are not configured any more could not be ended"
            );
        }
        let sent = (self.config, self.client);
        if let Some(check) = Check::of(Subject::Shop, sent, self.alerts, self.store) {
            let beating = heartbeat::run(check, Arc::clone(self.status));
            tasks.spawn(async { Ok(beating.await) });
        }
    }
}
