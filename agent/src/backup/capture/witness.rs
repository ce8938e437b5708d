//! Whether a remote still holds what it acknowledged: of an older copy that somebody put in its place the next write says
//! nothing. It is asked for two names, seldom, and only when something was sent there anyway.
//! And whether it holds a backup that somebody else took as this server, which sells one stock with this one then.
//! It judges nothing: where one is gone, or one too many, the remote is compared as a whole.

use std::time::{Duration, Instant};

use protocol::{
    object_key::{self, PointId},
    time::UnixMillis,
};
use tokio::time::timeout;

use super::ship::{Shipper, now};
use crate::backup::{
    self,
    remote::{Remote, RemoteError},
    survey::{manifests_of_day, moment_of},
};

/// Two requests each time: a shop that sells all day costs a remote some forty thousand in a month.
const EVERY: Duration = Duration::from_secs(120);
/// After a comparison was asked for: it may take a while.
const AFTER_SUSPICION: Duration = Duration::from_secs(900);

/// Commits wait behind the question: whoever hangs is found out by what is sent next.
const ANSWERS: Duration = Duration::from_secs(3);
const HALF_A_DAY_MS: i64 = 12 * 3_600_000;
const LOOK_ASIDE_EVERY: Duration = Duration::from_secs(600);
/// What is dated further ahead is not believed.
const AHEAD_MAX: Duration = Duration::from_secs(3_600);
/// A comparison fetches objects, and whoever writes as this server takes a backup every hour.
const COMPARED_EVERY: Duration = Duration::from_secs(6 * 3_600);

/// What is asked for, and when.
pub(super) struct Witness {
    /// A segment that was acknowledged when the remote was asked last.
    sent: Option<String>,
    next_at: Option<Instant>,
    /// When the backups there are listed next.
    aside_at: Option<Instant>,
    /// When the agent started, or found such a backup last: what was taken before that start may be this server's own, before
    /// it was put back to an earlier state.
    since: UnixMillis,
}

impl Default for Witness {
    fn default() -> Self {
        Self {
            sent: None,
            next_at: None,
            aside_at: None,
            since: now(),
        }
    }
}

impl Shipper {
    /// Asks for what the remote acknowledged before, where it is time, and has it compared when that is gone; `newest` is
    /// what it has just taken.
    pub(super) async fn look_back(&mut self, remote: &Remote, newest: &str) {
        let now = Instant::now();
        if self.witness.next_at.is_some_and(|at| now < at) {
            return;
        }
        let mut witnesses: Vec<String> = self.newest_manifest().into_iter().collect();
        witnesses.extend(self.witness.sent.replace(newest.to_owned()));
        self.witness.next_at = Some(now + EVERY);
        for key in witnesses {
            // Whoever does not answer is no witness, and is told of elsewhere.
            let Ok(answer) = timeout(ANSWERS, remote.size(&key)).await else {
                return;
            };
            if !matches!(answer, Err(RemoteError::Missing)) {
                continue;
            }
            let remote = &self.remote().name;
            tracing::warn!(
                remote,
                key,
                "what this remote acknowledged is gone: it is compared"
            );
            self.have_compared();
            self.witness.next_at = Some(now + AFTER_SUSPICION);
            return;
        }
    }

    /// Looks, where it is time, for a backup that this server did not take since its agent has run, and has the remote
    /// compared where one lies there: that tells whose it may be.
    pub(super) async fn look_aside(&mut self, remote: &Remote) {
        let begun = Instant::now();
        if self.witness.aside_at.is_some_and(|at| begun < at) {
            return;
        }
        self.witness.aside_at = Some(begun + LOOK_ASIDE_EVERY);
        let seen = self.store.seen_there(&self.remote().name);
        // Where others write too a point tells nothing.
        if seen.is_ok_and(|seen| seen.is_some_and(|seen| seen.is_shared)) {
            return;
        }
        let Ok(names) = timeout(ANSWERS, names_of_late(remote)).await else {
            tracing::debug!(remote = self.remote().name, "it was not seen who backs up there");
            return;
        };
        let mut points = names
            .iter()
            .filter_map(|name| object_key::point_of_manifest(name));
        let since = self.witness.since;
        let is_strange = |point: &PointId| {
            moment_of(point).is_some_and(|at| at > since && at.since(now()) < AHEAD_MAX)
                && !self.store.knows_point(point).unwrap_or(true)
        };
        // One's own is on the remote before it is in the catalogue.
        let strange = points.find(|(point, _)| is_strange(point));
        if let Some((point, _)) = strange.filter(|_| !backup::is_being_taken(&self.config)) {
            tracing::warn!(
                remote = self.remote().name,
                %point,
                "a backup lies there that this server did not take: the remote is compared"
            );
            self.witness.since = since.max(now());
            self.have_compared();
            self.witness.aside_at = Some(begun + COMPARED_EVERY);
        }
    }

    fn have_compared(&self) {
        if let Some(missed) = &self.missed {
            // A full inbox compares it already.
            let _ = missed.try_send(self.remote().name.clone());
        }
    }

    /// That of the newest point, where this remote holds it.
    fn newest_manifest(&self) -> Option<String> {
        let newest = self.store.last_point().ok()??;
        let point = &newest.manifest.point;
        let is_here = self.store.holders(point).ok()?.contains(&self.remote().name);
        is_here.then(|| object_key::manifest(point, &newest.manifest_sha256))
    }
}

/// The manifests of the last half day at least, by their days, with which names begin: one request or two, however many
/// backups there are. None of a remote that does not answer.
async fn names_of_late(remote: &Remote) -> Vec<String> {
    let at = now();
    let days = [at, UnixMillis(at.0 - HALF_A_DAY_MS)].map(manifests_of_day);
    let mut days: Vec<String> = days.into_iter().flatten().collect();
    days.dedup();
    let mut names = Vec::new();
    for day in days {
        names.extend(remote.list(&day).await.unwrap_or_default().into_keys());
    }
    names
}
