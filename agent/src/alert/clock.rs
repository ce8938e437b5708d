//! Lets time pass for the alerts: what was held is let go, reminders and the digest come due.
//! It decides nothing: it only calls, and shows that it does.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use protocol::time::UnixMillis;
use tokio::time::sleep;

use super::{Alerts, ladder::Patience};
use crate::beat::Beat;

/// The shortest wait is ten seconds; with less patience for a channel it ticks faster.
const TICK: Duration = Duration::from_secs(2);

/// The alerts' clock.
pub struct AlertClock {
    /// For whom time passes.
    pub alerts: Alerts,
    /// How long a way may keep a message to itself.
    pub patience: Patience,
    /// Progress for the watchdog.
    pub beat: Beat,
}

impl AlertClock {
    /// Ticks for as long as the agent lives.
    pub async fn run(self) -> Infallible {
        loop {
            sleep(TICK.min(self.patience.critical)).await;
            self.beat.progress(Instant::now());
            let now = UnixMillis(Timestamp::now().as_millisecond());
            let done = self
                .alerts
                .tick(now)
                .and_then(|()| self.alerts.climb(self.patience, now))
                .and_then(|()| self.alerts.end_what_delivers(now))
                .and_then(|()| self.alerts.note_what_refuses(now))
                .and_then(|()| self.alerts.digest_if_due(now));
            if let Err(error) = done {
                tracing::error!(
                    error = format!("{error:#}"),
                    "what is due could not be told; it is tried again in two seconds"
                );
            }
        }
    }
}
