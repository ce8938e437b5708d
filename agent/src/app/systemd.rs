//! What systemd is told: ready, stopping, and that every vital loop moves. Without systemd nothing happens.
//! The watchdog is never fed by the clock alone: one loop that stands still is enough for a restart.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use sd_notify::NotifyState;

use crate::{beat::is_late, http::Status};

/// How often loops are judged when systemd does not watch: for the log.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Everything is started.
pub(super) fn ready() {
    tell(NotifyState::Ready);
}

/// The agent stops on purpose.
pub(super) fn stopping() {
    tell(NotifyState::Stopping);
}

/// Feeds the watchdog at twice the asked rate, for as long as every loop makes progress.
pub(super) async fn feed_watchdog(status: Arc<Status>) -> anyhow::Result<Infallible> {
    let period = sd_notify::watchdog_enabled().map_or(LOOK_EVERY, |limit| limit / 2);
    loop {
        tokio::time::sleep(period).await;
        let late: Vec<String> = status
            .beats
            .report(Instant::now())
            .iter()
            .filter(|beat| is_late(beat))
            .map(|beat| format!("{} ({} s)", beat.name, beat.age_ms / 1000))
            .collect();
        if late.is_empty() {
            tell(NotifyState::Watchdog);
        } else {
            tracing::error!(
                loops = late.join(", "),
                "a loop of the agent stands still; systemd will restart the agent"
            );
        }
    }
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd could not be told how the agent is");
    }
}
