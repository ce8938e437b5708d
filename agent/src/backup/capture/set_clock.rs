//! Whether the clock that dates the commits was set: how far it went beyond the time that passed since it was looked at last, also
//! by an agent before this one, as long as the machine was not restarted in between.
//! It sets no clock, and does not say when it was right.

use std::time::{Duration, Instant};

use protocol::{chain::ChainId, chain::CommitNumber, manifest::ClockStep, time::UnixMillis};

use super::desk::Desk;
use crate::{boot::Up, store::clock_steps::ClockSeen};

/// What keeps a clock right may move it by less than this at once.
pub(super) const STEP_LEAST: Duration = Duration::from_secs(2);

/// The clock when it was looked at last; nothing before the first look.
#[derive(Default)]
pub(super) struct SetClock(Option<Seen>);

#[derive(Clone, Copy)]
struct Seen {
    now: UnixMillis,
    tick: Instant,
}

impl SetClock {
    /// Looks at the clock that dates what comes after this commit, and writes it down where it was set. What cannot be
    /// written down costs a note, and nothing else.
    pub(super) fn look(&mut self, desk: &Desk, after: (&ChainId, CommitNumber), now: UnixMillis) {
        let seen = Seen {
            now,
            tick: Instant::now(),
        };
        if let Err(error) = self.note(desk, after, seen) {
            tracing::warn!(
                error = format!("{error:#}"),
                "it is not written down that the clock was set"
            );
        }
    }

    fn note(
        &mut self,
        desk: &Desk,
        (chain, after): (&ChainId, CommitNumber),
        seen: Seen,
    ) -> anyhow::Result<()> {
        let Some(before) = self.0.replace(seen) else {
            let stands = stands(seen.now)?;
            let before = desk
                .store
                .clock_seen()?
                .filter(|before| before.boot == stands.boot);
            let by_ms = before.map_or(0, |before| stands.ahead_ms.saturating_sub(before.ahead_ms));
            let step = is_step(by_ms).then_some((chain, ClockStep { after, by_ms }));
            return Ok(desk.store.put_clock(&stands, step)?);
        };
        let by_ms = step_ms(before, seen);
        if is_step(by_ms) {
            let step = (chain, ClockStep { after, by_ms });
            desk.store.put_clock(&stands(seen.now)?, Some(step))?;
        }
        Ok(())
    }
}

/// How far the clock went beyond the time that passed.
fn step_ms(before: Seen, after: Seen) -> i64 {
    let passed = after.tick.saturating_duration_since(before.tick);
    after.now.0.saturating_sub(before.now.plus(passed).0)
}

fn is_step(by_ms: i64) -> bool {
    Duration::from_millis(by_ms.unsigned_abs()) >= STEP_LEAST
}

fn stands(now: UnixMillis) -> anyhow::Result<ClockSeen> {
    let up = Up::read()?;
    Ok(ClockSeen {
        boot: up.boot,
        ahead_ms: now.0.saturating_sub(up.for_ms),
    })
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
        assert_eq!(by(seen(0, 0), seen(6_900, 5)), None);
        assert_eq!(by(seen(0, 0), seen(65_000, 5)), Some(60_000));
        assert_eq!(by(seen(100_000, 0), seen(45_000, 5)), Some(-60_000));
    }
}
