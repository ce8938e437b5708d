//! Whether the clock that dates the commits was set: how far it went beyond the time that passed since it was looked at last, also
//! by an agent before this one. Over a restart of the machine nobody can tell, and that is written down.
//! It sets no clock, and does not say when it was right.

use std::time::{Duration, Instant};

use protocol::{chain::ChainId, chain::CommitNumber, manifest::ClockStep, time::UnixMillis};

use super::desk::Desk;
use crate::{boot::Up, store::clock_steps::ClockSeen};

/// What keeps a clock right moves it by less than this at once; a date that is off by more is off by more than `--at` promises.
const STEP_LEAST: Duration = Duration::from_millis(900);

/// So often two clocks are read until it is done within so long.
const READ_TIMES: usize = 3;
const READ_WITHIN_MS: i64 = 100;

/// The clock when it was looked at last; nothing before the first look.
#[derive(Default)]
pub(super) struct SetClock {
    seen: Option<Seen>,
    /// What could not be written down is tried again with each look, and told once.
    is_told: bool,
}

#[derive(Clone, Copy)]
struct Seen {
    now: UnixMillis,
    tick: Instant,
}

/// Where in a chain a look lies; nothing where a new one begins with it.
pub(super) type After<'c> = Option<(&'c ChainId, CommitNumber)>;

impl SetClock {
    /// Looks at the clock that dates what comes after this commit, and writes it down where it was set. What cannot be
    /// written down costs a note, and nothing else.
    pub(super) fn look(&mut self, desk: &Desk, after: After<'_>, now: UnixMillis) {
        let tick = Instant::now();
        let seen = Seen { now, tick };
        match note(desk, after, self.seen, seen) {
            Ok(()) => {
                *self = Self {
                    seen: Some(seen),
                    is_told: false,
                }
            }
            Err(error) if !std::mem::replace(&mut self.is_told, true) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "it is not written down how the clock stands"
                );
            }
            Err(_) => {}
        }
    }
}

/// Asks what this or the agent before has written down only where that may be otherwise now: `tick` stands still while the
/// machine sleeps, and the time since its start does not.
fn note(desk: &Desk, after: After<'_>, before: Option<Seen>, seen: Seen) -> anyhow::Result<()> {
    if before.is_some_and(|before| !is_step(step_ms(before, seen))) {
        return Ok(());
    }
    let stands = stands()?;
    let step = match desk.store.clock_seen()? {
        None => None,
        Some(before) if before.boot != stands.boot => Some(None),
        Some(before) => {
            let by_ms = stands.ahead_ms.saturating_sub(before.ahead_ms);
            is_step(by_ms).then_some(Some(by_ms))
        }
    };
    let step = after
        .zip(step)
        .map(|((chain, after), by_ms)| (chain, ClockStep { after, by_ms }));
    Ok(desk.store.put_clock(&stands, step)?)
}

/// How far the clock went beyond the time that passed.
fn step_ms(before: Seen, after: Seen) -> i64 {
    let passed = after.tick.saturating_duration_since(before.tick);
    after.now.0.saturating_sub(before.now.plus(passed).0)
}

fn is_step(by_ms: i64) -> bool {
    Duration::from_millis(by_ms.unsigned_abs()) >= STEP_LEAST
}

/// Two clocks that were not read at the same moment tell nothing.
fn stands() -> anyhow::Result<ClockSeen> {
    for _ in 0..READ_TIMES {
        let (before, now, up) = (Up::read()?, super::worker::now(), Up::read()?);
        if up.for_ms - before.for_ms <= READ_WITHIN_MS {
            return Ok(ClockSeen {
                boot: up.boot,
                ahead_ms: now.0.saturating_sub(up.for_ms),
            });
        }
    }
    anyhow::bail!("this machine is too busy to read two clocks at once")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_clock_right_sets_it_by_little() {
        let tick = Instant::now();
        let seen = |now, after_s| Seen {
            now: UnixMillis(now),
            tick: tick + Duration::from_secs(after_s),
        };
        let by = |before, after| Some(step_ms(before, after)).filter(|by| is_step(*by));
        assert_eq!(by(seen(0, 0), seen(5_000, 5)), None);
        assert_eq!(by(seen(0, 0), seen(5_800, 5)), None);
        assert_eq!(by(seen(0, 0), seen(6_500, 5)), Some(1_500));
        assert_eq!(by(seen(0, 0), seen(65_000, 5)), Some(60_000));
        assert_eq!(by(seen(100_000, 0), seen(45_000, 5)), Some(-60_000));
    }
}
