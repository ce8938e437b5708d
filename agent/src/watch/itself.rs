//! How is the agent itself: does its own work come in time, how much memory does it hold?
//! It restarts nothing: that is systemd's, by the beats of the vital loops.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    died_unseen, exchanged, killed,
    probe::{At, Probe, Seen},
    proc_text,
};
use crate::alert::rule::{AlertKey, Rule};

const EVERY: Duration = Duration::from_secs(5);
const LATE: &[Rule] = &[Rule::AgentSlow];

/// By how much the last cycle began too late. Cheap to clone.
#[derive(Clone, Default)]
pub struct Lag(Arc<AtomicU64>);

impl Lag {
    /// The cycle began so much after its time.
    pub fn set(&self, lag: Duration) {
        self.0.store(
            u64::try_from(lag.as_millis()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
    }

    fn seconds(&self) -> f64 {
        Duration::from_millis(self.0.load(Ordering::Relaxed)).as_secs_f64()
    }
}

/// The watch over the agent.
pub struct Itself {
    lag: Lag,
    since: Option<Instant>,
    exchanged_since: Option<Instant>,
    died_since: Option<Instant>,
}

impl Itself {
    /// A watch over this process, whose cycle reports its lag there.
    #[must_use]
    pub fn new(lag: Lag) -> Self {
        Self {
            lag,
            since: None,
            exchanged_since: None,
            died_since: None,
        }
    }
}

impl Probe for Itself {
    fn name(&self) -> &'static str {
        "itself"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn look(&mut self, at: At) -> Seen {
        let mut seen = Seen::default();
        seen.moment(killed::key(), &mut self.since, at);
        seen.moment(exchanged::key(), &mut self.exchanged_since, at);
        seen.moment(died_unseen::key(), &mut self.died_since, at);
        let lag_s = self.lag.seconds();
        seen.sample("agent_lag_seconds", lag_s);
        seen.measure(AlertKey::new("agent", "lag"), LATE, lag_s, String::new());
        if let Some(held) = proc_text::text("/proc/self/status")
            .ok()
            .and_then(|text| anonymous_bytes(&text))
        {
            seen.sample("agent_memory_bytes", held);
        }
        seen
    }
}

/// What this process holds beside its files, in bytes.
fn anonymous_bytes(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agents_own_memory_and_lag_are_figures() {
        let lag = Lag::default();
        lag.set(Duration::from_millis(2500));
        let at = At {
            now: protocol::time::UnixMillis(0),
            tick: Instant::now(),
        };
        let seen = Itself::new(lag).look(at);
        assert_eq!(seen.samples[0].value, 2.5);
        assert!(seen.samples[1].value > 1_000_000.0);
        assert_eq!(
            anonymous_bytes("VmRSS:\t9 kB\nRssAnon:\t    2048 kB\n"),
            Some(2_097_152.0)
        );
    }
}
