//! Keeps the hourly totals that the bot tells, because the bot tells two days of them and the charts show weeks.
//! It judges nothing.

use std::{convert::Infallible, sync::Arc, time::Duration};

use jiff::Timestamp;
use protocol::{
    health::{HOURS_MAX, Health},
    time::UnixMillis,
};
use tokio::{sync::watch, time::sleep};

use crate::store::Store;

/// Between two writes: a busy shop changes them with every order.
const EVERY: Duration = Duration::from_secs(15);

/// The one who writes them down.
pub struct Hours {
    /// Where they are kept.
    pub store: Arc<Store>,
    /// What the bot says.
    pub health: watch::Receiver<Option<Health>>,
}

impl Hours {
    /// Writes them down for as long as the agent lives.
    pub async fn run(mut self) -> Infallible {
        let mut written = Vec::new();
        loop {
            let said = self.health.borrow_and_update().as_ref().map(|health| {
                let skipped = health.hours.len().saturating_sub(HOURS_MAX);
                health.hours[skipped..].to_vec()
            });
            if let Some(hours) = said.filter(|hours| *hours != written) {
                let now = UnixMillis(Timestamp::now().as_millisecond());
                match self.store.put_hours(&hours, now) {
                    Ok(()) => written = hours,
                    Err(error) => tracing::warn!(%error, "the shop's hourly totals could not be kept"),
                }
                sleep(EVERY).await;
            }
            if self.health.changed().await.is_err() {
                // Nobody asks the bot any more: the agent stops.
                std::future::pending::<()>().await;
            }
        }
    }
}
