//! The tasks around telling the owner that are no vital loops: the daily tests of the ways, the restarts of a hung bot,
//! and the outside heartbeat.
//! It starts them and knows nothing of what they do.

use std::{convert::Infallible, sync::Arc};

use protocol::time::UnixMillis;
use tokio::task::JoinSet;

use super::{heartbeat, restart::Restarter};
use crate::{
    alert::{
        Alerts,
        calendar::Calendar,
        heartbeat::Heartbeat,
        message::Voice,
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
        if let Some(url) = &self.config.heartbeat.url {
            let heartbeat = Heartbeat::new(self.client.clone(), url, self.config.owner.language);
            let beating = heartbeat::run(heartbeat, Arc::clone(self.status));
            tasks.spawn(async { Ok(beating.await) });
        }
    }
}
