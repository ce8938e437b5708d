//! What `agent status` says of each remote's copies: the newest restore point there, and when a restore from it was last
//! rehearsed.
//! It asks no remote.

use std::{collections::BTreeSet, time::Duration};

use jiff::tz::TimeZone;
use protocol::{object_key::PointId, time::UnixMillis};
use serde::Serialize;

use crate::{
    alert::message::{duration, moment},
    cli::words,
    config::{Config, Language},
    store::{
        Store,
        rehearsal::{Kind, Rehearsal},
    },
};

/// One remote.
#[derive(Serialize)]
pub(super) struct CopyView {
    pub remote: String,
    point: Option<String>,
    taken_at: Option<UnixMillis>,
    age_s: Option<u64>,
    /// Points that were found missing or altered there, or that stand on one.
    damaged: Vec<PointId>,
    /// When the last rehearsed restore from it that passed ended.
    pub drill_passed_at: Option<UnixMillis>,
    /// The point that the last one was of; nothing when there was none that could be rehearsed.
    pub drill_tried: Option<String>,
    /// What was wrong with the last one; nothing when it passed, or when there was none.
    pub drill_fault: Option<String>,
    /// Why the last one did not come about: the remote did not answer.
    pub drill_unreached: Option<String>,
    /// Why the last one did not come about, whatever the reason.
    pub drill_not_rehearsed: Option<String>,
}

/// Every configured remote, also one that holds nothing yet.
pub(super) fn look(config: &Config, store: Option<&Store>, now: UnixMillis) -> anyhow::Result<Vec<CopyView>> {
    let fresh = store
        .map(|store| store.freshness(now))
        .transpose()?
        .unwrap_or_default();
    let points = store.map(Store::points).transpose()?.unwrap_or_default();
    let lost = points.into_iter().map(|(point, known)| {
        let on: BTreeSet<String> = known.lost.into_keys().collect();
        (point, on)
    });
    let lost: Vec<(PointId, BTreeSet<String>)> = lost.filter(|(_, on)| !on.is_empty()).collect();
    let view = |name: &String| -> anyhow::Result<CopyView> {
        let newest = fresh.iter().find(|fresh| fresh.remote == *name);
        let passed = store
            .map(|store| store.last_passed(Kind::Drill, name, now))
            .transpose()?;
        let last = store
            .map(|store| store.newest_done(Kind::Drill, name))
            .transpose()?
            .flatten();
        let tried = store
            .map(|store| store.newest_rehearsal(Kind::Drill, name))
            .transpose()?;
        let not_rehearsed = tried.flatten().filter(Rehearsal::was_not_rehearsed);
        let unreached = not_rehearsed.as_ref().filter(|tried| tried.was_unreached());
        Ok(CopyView {
            remote: name.clone(),
            point: newest.map(|fresh| fresh.point.clone()),
            taken_at: newest.map(|fresh| fresh.taken_at),
            damaged: lost
                .iter()
                .filter(|(_, on)| on.contains(name))
                .map(|(point, _)| point.clone())
                .collect(),
            age_s: newest.map(|fresh| now.since(fresh.taken_at).as_secs()),
            drill_passed_at: passed.flatten(),
            drill_tried: last.as_ref().and_then(|last| last.point.clone()),
            drill_fault: last.and_then(|last| last.fault),
            drill_unreached: unreached.and_then(|tried| tried.fault.clone()),
            drill_not_rehearsed: not_rehearsed.and_then(|tried| tried.fault),
        })
    };
    config.remotes.iter().map(|remote| view(&remote.name)).collect()
}

/// What each holds, in a sentence.
pub(super) fn held(views: &[CopyView], zone: &TimeZone) -> impl Iterator<Item = String> {
    // Its name holds the same moment in UTC.
    let newest = views.iter().map(
        |backup| match (&backup.point, backup.taken_at.zip(backup.age_s)) {
            (Some(point), Some((at, age_s))) => {
                let age = duration(Language::En, Duration::from_secs(age_s));
                format!(
                    "Backup:   {} holds {point} of {}, {age} old",
                    backup.remote,
                    moment(zone, at)
                )
            }
            _ => format!(
                "Backup:   {} holds none that this agent took and that counts: agent backup",
                backup.remote
            ),
        },
    );
    newest.chain(views.iter().filter_map(damaged))
}

/// What of it is no restore point any more.
fn damaged(backup: &CopyView) -> Option<String> {
    let newest = backup.damaged.iter().max()?;
    Some(format!(
        "Backup:   {} is DAMAGED: {} there, the newest {newest}, cannot be restored from it alone, as `agent verify` found; \
         `agent list` names what is wrong",
        backup.remote,
        words::count(backup.damaged.len() as u64, "restore point")
    ))
}
