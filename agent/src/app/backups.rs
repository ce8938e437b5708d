//! Takes backups when the schedule says, one after the other, and hands their outcome to the alerts.
//! How a backup is taken is not known here, nor whether the owner hears of a failed one.

use std::{convert::Infallible, sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use protocol::time::UnixMillis;
use tokio::time::sleep;

use crate::{
    alert::{
        Alerts,
        rule::{AlertKey, Observation, Rule},
    },
    backup::{self, Silent, Taken, schedule},
    config::Config,
    store::Store,
};

/// After a start: time for the bot to be there before a backup that was missed is made up for.
const SETTLE: Duration = Duration::from_secs(60);
/// After a backup that is nowhere.
const RETRY: Duration = Duration::from_secs(900);
/// When a schedule has no further time, which only a fixed year can cause, it is asked again.
const NO_MORE: Duration = Duration::from_secs(86_400);
/// The clock may be set: a long wait is made of short ones.
const WAIT_PIECE: Duration = Duration::from_secs(30);
const LEFT_OUT_MAX: usize = 10;

/// The schedule at work.
pub(super) struct Backups {
    pub(super) config: Arc<Config>,
    pub(super) store: Arc<Store>,
    pub(super) alerts: Alerts,
}

impl Backups {
    /// Takes backups for as long as the agent lives.
    pub(super) async fn run(self) -> Infallible {
        let newest = self.store.newest_point_at().unwrap_or_default();
        let mut due = first_due(
            &self.config.backup.snapshot,
            &self.config.owner.timezone,
            newest,
            now(),
        );
        loop {
            while now() < due {
                sleep(due.since(now()).min(WAIT_PIECE)).await;
            }
            let taken = self.back_up().await;
            due = next_due(&self.config.backup.snapshot, &self.config.owner.timezone, now());
            if !taken {
                due = due.min(now().plus(RETRY));
            }
        }
    }

    /// Whether there is a new restore point.
    async fn back_up(&self) -> bool {
        let key = AlertKey::new("backup", "any");
        match backup::take(&self.config, &self.store, Arc::new(Silent)).await {
            Ok(taken) => {
                tracing::info!(point = %taken.point, size_bytes = taken.size_bytes, "a backup was taken");
                self.observe(&key, Observation::Fine);
                self.tell_outcome(&taken);
                true
            }
            Err(error) => {
                let detail = format!("{error:#}");
                tracing::error!(error = detail, "no backup could be taken");
                self.observe(
                    &key,
                    Observation::Wrong {
                        rule: Rule::BackupNotTaken,
                        detail,
                    },
                );
                false
            }
        }
    }

    fn tell_outcome(&self, taken: &Taken) {
        for outcome in &taken.remotes {
            self.observe(
                &AlertKey::new("backup_remote", &outcome.remote),
                seen(Rule::BackupFailed, outcome.error.clone()),
            );
        }
        let left_out = (!taken.left_out.is_empty()).then(|| {
            let more = taken.left_out.len().saturating_sub(LEFT_OUT_MAX);
            let shown = taken
                .left_out
                .iter()
                .take(LEFT_OUT_MAX)
                .map(|line| format!("\n• {line}"))
                .collect::<String>();
            if more > 0 {
                format!("{shown}\n• +{more}")
            } else {
                shown
            }
        });
        self.observe(
            &AlertKey::new("backup_files", "all"),
            seen(Rule::BackupIncomplete, left_out),
        );
        self.observe(
            &AlertKey::new("database", "shop"),
            seen(Rule::DatabaseDamaged, taken.damage.clone()),
        );
    }

    fn observe(&self, key: &AlertKey, seen: Observation) {
        if let Err(error) = self.alerts.observe(key, seen, now()) {
            tracing::error!(
                error = format!("{error:#}"),
                "the outcome of a backup could not be stored"
            );
        }
    }
}

/// A time of the schedule that passed while no agent ran is made up for, and so is the very first backup.
fn first_due(
    schedule: &cron::Schedule,
    timezone: &TimeZone,
    newest: Option<UnixMillis>,
    now: UnixMillis,
) -> UnixMillis {
    let next = next_due(schedule, timezone, now);
    let after_newest = newest.and_then(|newest| schedule::next_after(schedule, timezone, newest));
    let missed = after_newest.is_none_or(|due_then| due_then <= now);
    if missed { next.min(now.plus(SETTLE)) } else { next }
}

fn next_due(schedule: &cron::Schedule, timezone: &TimeZone, now: UnixMillis) -> UnixMillis {
    schedule::next_after(schedule, timezone, now).unwrap_or_else(|| now.plus(NO_MORE))
}

fn seen(rule: Rule, fault: Option<String>) -> Observation {
    fault.map_or(Observation::Fine, |detail| Observation::Wrong { rule, detail })
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    #[test]
    fn a_missed_time_is_made_up_for_a_minute_after_the_start() {
        let schedule = cron::Schedule::from_str("0 0 * * * *").unwrap();
        let minutes = |minutes: i64| UnixMillis(minutes * 60_000);
        let due = |newest, now| first_due(&schedule, &TimeZone::UTC, newest, now);
        assert_eq!(
            due(Some(minutes(60)), minutes(90)),
            minutes(120),
            "nothing was missed"
        );
        assert_eq!(
            due(Some(minutes(0)), minutes(90)),
            minutes(91),
            "the one of 60 was missed"
        );
        assert_eq!(due(None, minutes(90)), minutes(91), "there never was one");
        assert_eq!(
            due(None, UnixMillis(119 * 60_000 + 30_000)),
            minutes(120),
            "the schedule comes first"
        );
    }
}
