//! Is there a backup that is young enough? Read from what this agent has written down, beside the backups
//! themselves, so that one that hangs for ever is noticed too.
//! It takes no backup and asks no remote.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{Timestamp, tz::TimeZone};
use protocol::time::UnixMillis;
use tokio::time::sleep;

use crate::{
    alert::{
        Alerts, message,
        rule::{AlertKey, Observation, Rule},
    },
    backup::schedule,
    beat::Beat,
    store::Store,
};

const LOOK_EVERY: Duration = Duration::from_secs(10);
/// A schedule of working days has longer gaps than its first: so many are looked at.
const GAPS: usize = 16;
/// What a late but working backup may take beyond the schedule.
const TOLERANCE: Duration = Duration::from_secs(300);

/// The watch over the newest restore point.
pub struct BackupAge {
    /// Where the restore points are written down.
    pub store: Arc<Store>,
    /// Who hears of it.
    pub alerts: Alerts,
    /// When backups are taken.
    pub schedule: cron::Schedule,
    /// On whose clock.
    pub timezone: TimeZone,
    /// When the agent started: before that it could not take one.
    pub started_at: UnixMillis,
    /// Progress for the watchdog.
    pub beat: Beat,
}

impl BackupAge {
    /// Watches for as long as the agent lives.
    pub async fn run(self) -> Infallible {
        loop {
            self.beat.progress(Instant::now());
            if let Err(error) = self.look(UnixMillis(Timestamp::now().as_millisecond())) {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the age of the newest backup could not be judged"
                );
            }
            sleep(LOOK_EVERY).await;
        }
    }

    fn look(&self, now: UnixMillis) -> anyhow::Result<()> {
        let newest = self.store.newest_sound_at(now)?;
        let limit = longest_gap(&self.schedule, &self.timezone, now).saturating_mul(2) + TOLERANCE;
        let Some(is_old) = is_old(newest, self.started_at, limit, now) else {
            return Ok(());
        };
        let since = newest.unwrap_or(self.started_at);
        let seen = match is_old {
            false => Observation::Fine,
            true => Observation::Wrong {
                rule: Rule::BackupOld,
                detail: message::moment(&self.timezone, since),
            },
        };
        self.alerts
            .observe(&AlertKey::new("backup_age", "newest"), seen, now)
    }
}

/// After an absence of its own the agent has one interval of the schedule to make up for it. `None` in that time: nothing is
/// raised, and what stood before the start stands.
fn is_old(
    newest: Option<UnixMillis>,
    started_at: UnixMillis,
    limit: Duration,
    now: UnixMillis,
) -> Option<bool> {
    let age = newest.map_or(Duration::MAX, |newest| now.since(newest));
    match age > limit {
        false => Some(false),
        true => (now.since(started_at) > limit / 2).then_some(true),
    }
}

/// The longest pause between the next few times of the schedule.
pub(super) fn longest_gap(schedule: &cron::Schedule, timezone: &TimeZone, now: UnixMillis) -> Duration {
    let next = |at: &UnixMillis| schedule::next_after(schedule, timezone, *at);
    let times: Vec<UnixMillis> = std::iter::successors(next(&now), next).take(GAPS).collect();
    times
        .windows(2)
        .map(|pair| pair[1].since(pair[0]))
        .max()
        .unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    #[test]
    fn a_schedule_of_working_days_is_given_its_weekend() {
        let schedule = cron::Schedule::from_str("0 0 3 * * Mon-Fri").unwrap();
        let gap = longest_gap(&schedule, &TimeZone::UTC, UnixMillis(1_795_000_000_000));
        assert_eq!(gap, Duration::from_secs(72 * 3600));
    }

    #[test]
    fn a_backup_is_old_after_two_intervals_and_a_fresh_agent_has_one_to_make_up() {
        let limit = Duration::from_secs(12 * 3600);
        let hours = |hours: i64| UnixMillis(hours * HOUR_MS);
        let cases = [
            (Some(hours(0)), hours(0), hours(12), Some(false)),
            (Some(hours(0)), hours(0), hours(13), Some(true)),
            (Some(hours(0)), hours(12), hours(13), None),
            (Some(hours(0)), hours(12), hours(19), Some(true)),
            (None, hours(0), hours(6), None),
            (None, hours(0), hours(7), Some(true)),
        ];
        for (newest, started_at, now, old) in cases {
            assert_eq!(
                is_old(newest, started_at, limit, now),
                old,
                "{newest:?} {started_at:?} {now:?}"
            );
        }
    }
}
