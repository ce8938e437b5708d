//! Takes backups when the schedule says, one after the other, and hands their outcome to the alerts.
//! How a backup is taken is not known here, nor whether the owner hears of a failed one.

use std::{convert::Infallible, sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use protocol::time::UnixMillis;
use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};

use super::{beats::Outside, child::Program, died, owed::Owed};
use crate::{
    alert::{
        Alerts,
        heartbeat::{RunId, Signal},
        message::moment,
        outside::of_backup,
        rule::Rule,
    },
    backup::{self, Commits, Silent, TakeError, Taken, Want, What, capture::Capture, room, schedule},
    config::Config,
    console::work::{Ask, BackupEnd, Step},
    store::Store,
};

mod blamed;
mod checkup;
mod due;
mod ended;
mod lacking;
mod sealed;

use checkup::Checkup;
use due::Due;
use ended::{Ended, missed};
use lacking::hear_who_missed;
use sealed::Told;

/// After a start: time for the bot to be there before a backup that was missed is made up for.
const SETTLE: Duration = Duration::from_secs(60);
/// When a schedule has no further time, which only a fixed year can cause, it is asked again.
const NO_MORE: Duration = Duration::from_secs(86_400);
/// The clock may be set: a long wait is made of short ones.
const WAIT_PIECE: Duration = Duration::from_secs(30);

/// The schedule at work.
pub(super) struct Backups {
    pub(super) config: Arc<Config>,
    pub(super) store: Arc<Store>,
    pub(super) alerts: Alerts,
    pub(super) capture: Capture,
    /// What takes a backup in its own process.
    pub(super) program: Option<Program>,
    /// Who outside hears of each backup.
    pub(super) outside: Option<Outside>,
}

impl Backups {
    /// Takes backups for as long as the agent lives.
    pub(super) async fn run(self, mut asked: mpsc::Receiver<Ask<BackupEnd>>) -> Infallible {
        let (backup, zone) = (&self.config.backup, &self.config.owner.timezone);
        let newest_full = self.store.newest_for_all_at(now(), false).unwrap_or_default();
        let mut full = Due::at(first_due(&backup.snapshot, zone, newest_full, now()));
        let mut delta = Due::at(next_due(&backup.delta, zone, now()));
        let mut owed = Owed::since(now());
        let (mut chain, mut keys, mut told) = (None, None, Told::default());
        let checkup = Checkup::default();
        loop {
            let mut ask = None;
            while ask.is_none() && now() < full.next.min(delta.next) {
                self.tell_of_keys(&mut told);
                for due in [&mut full, &mut delta] {
                    due.look_for_room(|| self.has_room(), now());
                }
                if self.lacks_base() {
                    full.hasten(now());
                } else if let Some(lacking) = self.owes(&mut owed).await {
                    match self.repair(&lacking, &mut owed).await {
                        true => owed.made_up(now()),
                        false => owed.tried(now()),
                    }
                    continue;
                }
                let unread = told.unread();
                ask = tokio::select! {
                    ask = wait_for(owed.before(full.next.min(delta.next), now()), &mut asked) => ask,
                    () = self.capture.chain_changes(&mut chain) => None,
                    () = self.capture.keys_change(&mut keys) => None,
                    () = self.capture.unread_keys_change(&unread) => None,
                };
            }
            if ask.is_none() && !self.lacks_base() && full.calm() {
                continue;
            }
            // A time of the schedule that passes meanwhile is made up for.
            let began = now();
            let after = |schedule| next_due(schedule, zone, began.min(now()));
            if let Some(ask) = ask {
                // One that the owner asks for is owed from this moment on.
                let ended = self.turn(Want::Full, now(), Some(ask.step)).await;
                // Who asked may be gone.
                let _ = ask.end.send(self.told(&ended));
                self.full_turned(&mut full, &ended, after(&backup.snapshot));
                owed = Owed::since(now());
                hear_who_missed(&ended, &mut owed);
                self.look_at_source(&checkup);
            } else if backup::is_being_taken(&self.config) {
                for due in [&mut full, &mut delta] {
                    due.wait_for_other(now());
                }
            } else if now() >= full.next {
                let ended = self.turn(Want::Full, full.owed_since, None).await;
                self.full_turned(&mut full, &ended, after(&backup.snapshot));
                owed = Owed::since(now());
                hear_who_missed(&ended, &mut owed);
                self.look_at_source(&checkup);
                delta.turned(&ended, after(&backup.delta));
            } else {
                let ended = self.turn(Want::Delta, delta.owed_since, None).await;
                hear_who_missed(&ended, &mut owed);
                delta.turned(&ended, after(&backup.delta));
            }
        }
    }

    fn told(&self, ended: &Ended) -> BackupEnd {
        match ended {
            Ended::Taken(missed) => self
                .store
                .point_lines(1, now())
                .ok()
                .and_then(|lines| lines.last().copied())
                .map_or(BackupEnd::Failed(None), |line| {
                    let at = moment(&self.config.owner.timezone, line.taken_at);
                    BackupEnd::Taken(at, line.size_bytes, missed.clone())
                }),
            Ended::ByHand => BackupEnd::Running,
            Ended::Compared(why) | Ended::NoRoom(why) | Ended::Failed(why) => {
                BackupEnd::Failed(Some(why.clone()))
            }
        }
    }

    fn tell(&self, signal: Signal, run: &RunId) {
        if let Some(outside) = &self.outside {
            outside.tell(signal, run);
        }
    }

    /// A backup, unless one was taken by hand since it was owed.
    async fn turn(&self, want: Want, owed_since: UnixMillis, step: Option<watch::Sender<Step>>) -> Ended {
        let delta_counts = want == Want::Delta;
        let newest = self
            .store
            .newest_for_all_at(now(), delta_counts)
            .unwrap_or_default();
        if !self.lacks_base() && newest.is_some_and(|newest| newest >= owed_since) {
            tracing::info!("the backup that was due has been taken by hand");
            return Ended::Taken(Vec::new());
        }
        let run = RunId::random();
        self.tell(Signal::Start, &run);
        let taken = self.take((want, &[]), step).await;
        let why = "no backup could be taken; the agent's alert tells why";
        let signal = match &taken {
            Err(TakeError::Failed(error)) => Some(died::signal(error, why.to_owned())),
            taken => of_backup(taken.as_ref(), why),
        };
        if let Some(signal) = signal {
            self.tell(signal, &run);
        }
        match taken {
            Ok(taken) => {
                self.capture.point_taken();
                tracing::info!(point = %taken.point, size_bytes = taken.size_bytes, "a backup was taken");
                self.observe(&taken).await;
                Ended::Taken(missed(&taken))
            }
            Err(TakeError::AlreadyRunning) => {
                tracing::info!(
                    "a backup by hand was begun at the same moment; the scheduled one waits for it"
                );
                Ended::ByHand
            }
            Err(error) => {
                let is_compared = error.contradicts_capture();
                let detail = format!("{:#}", anyhow::Error::from(error));
                tracing::error!(error = detail, "no backup could be taken");
                // Asked at once: room may come while it is told.
                let (rule, ended): (_, fn(String) -> Ended) = match (is_compared, self.has_room()) {
                    (true, _) => (Rule::BackupNotTaken, Ended::Compared),
                    (false, false) => (Rule::BackupWithoutRoom, Ended::NoRoom),
                    (false, true) => (Rule::BackupNotTaken, Ended::Failed),
                };
                self.tell_not_taken(rule, &detail).await;
                ended(detail)
            }
        }
    }
}

impl Backups {
    fn has_room(&self) -> bool {
        room::require_for_backup(&self.config.state_dir, &self.config.backup.database, "").is_ok()
    }

    /// In a process of its own, where this program can be started.
    async fn take(
        &self,
        (want, only): (Want, &[String]),
        step: Option<watch::Sender<Step>>,
    ) -> Result<Taken, TakeError> {
        let what = What {
            want,
            only,
            keys: self.keys_as_read(),
        };
        if let Some(program) = &self.program {
            return program.back_up(&self.config.path, what, step).await;
        }
        let commits = Commits::Here(self.capture.clone());
        backup::take(&self.config, &self.store, what, commits, Arc::new(Silent)).await
    }
}

/// A piece of the wait for that moment, which ends early when somebody asks for a backup.
async fn wait_for(due: UnixMillis, asked: &mut mpsc::Receiver<Ask<BackupEnd>>) -> Option<Ask<BackupEnd>> {
    tokio::select! {
        Some(ask) = asked.recv() => Some(ask),
        () = sleep(due.since(now()).min(WAIT_PIECE)) => None,
    }
}

/// Logged here, because the next backup must be taken all the same.
fn stored(result: anyhow::Result<()>) {
    if let Err(error) = result {
        tracing::error!(
            error = format!("{error:#}"),
            "the outcome of a backup could not be stored"
        );
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
