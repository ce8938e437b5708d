//! Waits while the loops run, and tells systemd that they do. It mends nothing: a loop that ends by itself ends the bot,
//! and systemd starts it again.

use std::time::Duration;

use anyhow::{Context, Result};
use protocol::time::UnixMillis;
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};

use super::Loops;
use crate::{clock::now, health::Beat};

/// Waits for a signal, or for a loop that ended although it should not. Meanwhile feeds systemd's watchdog, as long
/// as every vital loop makes progress.
pub(super) async fn supervise(loops: &mut Loops, vital: &[Beat]) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let mut feed = tokio::time::interval(watchdog_interval());
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            ended = loops.join_next() => {
                let (name, result) = ended.context("no loop is left")?.context("a loop panicked")?;
                result.with_context(|| format!("the loop '{name}' failed"))?;
                anyhow::bail!("the loop '{name}' ended by itself; systemd starts the bot again");
            }
            _ = feed.tick() => feed_watchdog(vital, now()),
        }
    }
}

fn feed_watchdog(vital: &[Beat], now: UnixMillis) {
    if vital.iter().all(|beat| beat.alive(now)) {
        notify(&[NotifyState::Watchdog]);
    } else {
        tracing::error!("a vital loop makes no progress; systemd's watchdog is not fed any more");
    }
}

fn watchdog_interval() -> Duration {
    sd_notify::watchdog_enabled().map_or(Duration::from_secs(10), |limit| limit / 3)
}

pub(super) fn notify(state: &[NotifyState<'_>]) {
    // Without systemd there is nobody to tell.
    let _ = sd_notify::notify(state);
}
