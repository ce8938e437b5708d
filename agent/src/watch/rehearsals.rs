//! Do the remotes hold what was written there, and has a restore from each been rehearsed? Read from what the
//! rehearsals wrote down. It is the age of the last one that passed that counts, not that of the last upload.
//! It rehearses nothing itself.

use std::{convert::Infallible, sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use protocol::time::UnixMillis;
use tokio::time::sleep;

use super::{backup_age::longest_gap, capture::BEHIND_KIND};
use crate::{
    alert::{
        Alerts, message,
        rule::{AlertKey, Observation, Rule},
    },
    store::{
        Store,
        rehearsal::{Kind, Rehearsal},
        twin::{SeenThere, TWINS},
    },
};

const LOOK_EVERY: Duration = Duration::from_secs(30);
/// What a late but working rehearsal may take beyond the schedule.
const TOLERANCE: Duration = Duration::from_secs(3_600);
const OBJECTS: &str = "remote_objects";
const ANCHORS: &str = "remote_anchor";
const DRILLS: &str = "drill";
const PROGRAM: &str = "drill_program";
const ROOM: &str = "drill_room";

/// The watch over the rehearsals.
pub struct RehearsalWatch {
    /// Where they are written down.
    pub store: Arc<Store>,
    /// Who hears of it.
    pub alerts: Alerts,
    /// The remotes' names: they are rehearsed in turn.
    pub remotes: Vec<String>,
    /// When one is rehearsed.
    pub schedule: cron::Schedule,
    /// On whose clock.
    pub timezone: TimeZone,
    /// When the agent started: before that it could rehearse nothing.
    pub started_at: UnixMillis,
    /// Whether the agent's disk has room for what a rehearsal brings back, of so many bytes.
    pub has_room: Box<dyn Fn(u64) -> bool + Send + Sync>,
}

impl RehearsalWatch {
    /// Watches for as long as the agent lives. Days matter here: it is no vital loop and gives no beat.
    pub async fn run(self) -> Infallible {
        loop {
            if let Err(error) = self.look(UnixMillis(Timestamp::now().as_millisecond())) {
                tracing::error!(error = format!("{error:#}"), "the rehearsals could not be judged");
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Looks once.
    ///
    /// # Errors
    /// When the agent's own database refuses.
    pub fn look(&self, now: UnixMillis) -> anyhow::Result<()> {
        let names: Vec<&str> = self.remotes.iter().map(String::as_str).collect();
        for kind in [OBJECTS, ANCHORS, DRILLS, TWINS, BEHIND_KIND] {
            self.alerts.withdraw_others(kind, &names, now)?;
        }
        let turns = u32::try_from(self.remotes.len()).unwrap_or(u32::MAX);
        let gap = longest_gap(&self.schedule, &self.timezone, now);
        let limit = gap.saturating_mul(turns).saturating_mul(2) + TOLERANCE;
        for remote in &self.remotes {
            if let Some(seen) = objects(self.store.newest_rehearsal(Kind::Sample, remote)?) {
                self.alerts.observe(&AlertKey::new(OBJECTS, remote), seen, now)?;
            }
            if let Some(seen) = self.twin(remote)? {
                self.alerts.observe(&AlertKey::new(TWINS, remote), seen, now)?;
            }
            let seen = anchored(self.store.contradicted(remote)?);
            self.alerts.observe(&AlertKey::new(ANCHORS, remote), seen, now)?;
            let newest = self.store.newest_done(Kind::Drill, remote)?;
            let passed = self.store.last_passed_newest(remote, now)?;
            if let Some(seen) = self.drill(newest, passed, limit, now) {
                self.alerts.observe(&AlertKey::new(DRILLS, remote), seen, now)?;
            }
        }
        let newest = self.newest_of_all()?;
        if let Some(seen) = newest.as_ref().and_then(|newest| self.roomed(newest)) {
            self.alerts.observe(&AlertKey::new(ROOM, "state"), seen, now)?;
        }
        if let Some(seen) = counted(newest) {
            self.alerts.observe(&AlertKey::new(PROGRAM, "bot"), seen, now)?;
        }
        Ok(())
    }

    /// The newest rehearsal with any remote: the shop's program is one for all of them.
    fn newest_of_all(&self) -> rusqlite::Result<Option<Rehearsal>> {
        let mut newest: Option<Rehearsal> = None;
        for remote in &self.remotes {
            let it = self.store.newest_rehearsal(Kind::Drill, remote)?;
            newest = newest.into_iter().chain(it).max_by_key(|it| it.ended_at);
        }
        Ok(newest)
    }

    /// Whether another server writes there as this one does. `None` where that may have been this very server, before it was
    /// put back to an earlier state, as it would start then: what stood before the start stands. And until a comparison no
    /// longer finds it: that its last word is old is no proof that it is silent.
    fn twin(&self, remote: &str) -> rusqlite::Result<Option<Observation>> {
        let Some(SeenThere { twin, .. }) = self.store.seen_there(remote)? else {
            return Ok(None);
        };
        Ok(match twin {
            Some(twin) if twin.is_proven || twin.at > self.started_at => Some(Observation::Wrong {
                rule: Rule::ShopRunsTwice,
                detail: twin.detail,
            }),
            Some(_) => None,
            None => Some(Observation::Fine),
        })
    }

    /// `None` while it did not come to that.
    fn roomed(&self, newest: &Rehearsal) -> Option<Observation> {
        match newest.lacked_bytes() {
            Some(bytes) if !(self.has_room)(bytes) => Some(Observation::Wrong {
                rule: Rule::DrillWithoutRoom,
                detail: newest.fault.clone().unwrap_or_default(),
            }),
            None if newest.was_not_rehearsed() => None,
            Some(_) | None => Some(Observation::Fine),
        }
    }

    /// After an absence of its own the agent has a moment to make up for it: until then nothing is raised, and what stood
    /// before the start stands.
    fn drill(
        &self,
        newest: Option<Rehearsal>,
        passed: Option<UnixMillis>,
        limit: Duration,
        now: UnixMillis,
    ) -> Option<Observation> {
        if let Some(detail) = newest.and_then(|it| it.fault) {
            let rule = Rule::DrillFailed;
            return Some(Observation::Wrong { rule, detail });
        }
        let is_old = now.since(passed.unwrap_or(self.started_at)) > limit;
        let had_time = now.since(self.started_at) > 2 * TOLERANCE;
        match (passed, is_old) {
            (Some(_), false) => Some(Observation::Fine),
            (_, true) if had_time => Some(Observation::Wrong {
                rule: Rule::DrillOld,
                detail: passed.map_or("-".to_owned(), |at| message::moment(&self.timezone, at)),
            }),
            (_, true) | (None, false) => None,
        }
    }
}

/// `None` while it was not asked at all.
fn counted(newest: Option<Rehearsal>) -> Option<Observation> {
    let newest = newest?;
    match (newest.was_uncounted(), newest.was_not_rehearsed()) {
        (true, _) => Some(Observation::Wrong {
            rule: Rule::DrillUncounted,
            detail: newest.fault.unwrap_or_default(),
        }),
        (false, true) => None,
        (false, false) => Some(Observation::Fine),
    }
}

fn anchored(contradicted: Option<Rehearsal>) -> Observation {
    match contradicted.and_then(|it| it.fault) {
        None => Observation::Fine,
        Some(detail) => Observation::Wrong {
            rule: Rule::RemoteContradicts,
            detail,
        },
    }
}

/// `None` when no damage was seen and not all could be compared: a remote that does not answer is the backups' to tell,
/// and what it held before it broke off neither raises an alert nor ends one.
fn objects(newest: Option<Rehearsal>) -> Option<Observation> {
    let newest = newest?;
    if newest.was_unreached() {
        return None;
    }
    match newest.fault {
        None => Some(Observation::Fine),
        Some(detail) => Some(Observation::Wrong {
            rule: Rule::RemoteDamaged,
            detail,
        }),
    }
}
