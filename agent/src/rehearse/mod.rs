//! Rehearses a restore from one remote, without anybody's secret key: the newest point is fetched, opened with the
//! session keys that this server still remembers, rebuilt in a private folder, checked, counted against the live shop,
//! booted on, and thrown away. Between these drills a few objects are fetched and compared with what was written.
//! It touches nothing live, and what it writes down is read by the watch.

use std::{path::Path, time::Duration};

use anyhow::Context;
use protocol::{object_key::MANIFESTS, time::UnixMillis};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::{
    backup::{
        Progress,
        remembered::Remembered,
        remote::Remote,
        seal::{Keys, SessionKeys},
        signer::SigningKey,
        survey,
    },
    config::Config,
    restore::{self, Done, Plan, Reached, Request, Sources, Target},
    store::{
        Store,
        freshness::latest,
        points::KnownPoint,
        rehearsal::{Kind, NEEDED_BYTES, Rehearsal, UNASKED, UNOPENED, UNREACHED, UNROOMED},
    },
};

pub mod adopt;
mod anchored;
mod beyond;
mod boot;
mod certificates;
mod closer;
mod compare;
mod elsewhere;
mod failed;
mod lacks;
mod look;
mod missing;
mod named;
mod reach;
mod room;
mod sample;
mod shop;
mod unknown;

use compare::Counted;
use failed::Failed;
use reach::{is_remembered, selection};
use room::PrivateFolder;
pub use room::remove_leftovers;
pub use sample::{LEFT_OPEN, Looked, Sample, Share};

/// SQLite checks every page and index of even a large database this often; a smaller one every time.
const FULL_CHECK_EVERY: Duration = Duration::from_secs(7 * 86_400);
/// A remote's points of this long ago cannot be opened here any more.
const OPENABLE: Duration = Duration::from_secs(6 * 86_400);

const NOTHING: &str =
    "it holds no point of the last six days that was read back: there is nothing to rehearse";
/// No fault of a backup: those are encrypted to the owner's keys all the same.
const FORGOTTEN: &str = "this server no longer remembers the keys of its points there, and nothing was rehearsed. No \
                         backup is bad by that: the next full one can be rehearsed again (`agent backup` takes it now), \
                         and the owner's key rehearses these (`agent restore --to`)";

/// What a drill is to look at.
pub struct Drill<'a> {
    /// The shop's own program and everything else that the owner configured.
    pub config: &'a Config,
    /// What this agent knows of its points.
    pub store: &'a Store,
    /// Where the shop comes back from: this remote alone.
    pub remote: &'a Remote,
    /// Check every page and index as well, also when that was done within the week.
    pub full_check: bool,
}

impl Drill<'_> {
    /// Rehearses once, and writes down how it went. Takes as long as a restore.
    ///
    /// # Errors
    /// When the agent's own database refuses; a drill that failed is no error but a row.
    pub async fn run(
        &self,
        progress: &dyn Progress,
        clock: &dyn Fn() -> UnixMillis,
    ) -> anyhow::Result<Rehearsal> {
        let began_at = clock();
        let keys = Remembered::at(&self.config.state_dir).load()?;
        let newest = self.newest_point(&keys, began_at)?;
        let passed_over = self
            .store
            .points_ahead(began_at)
            .context("reading the catalogue")?;
        let (fault, seen) = match &newest {
            // No fault of a backup, and none of a rehearsal that was none.
            Err(nothing) => (Some(nothing.clone()), json!({ UNOPENED: true })),
            Ok(known) => match self.rehearse(known, keys, progress, began_at).await {
                Ok(mut seen) => {
                    seen["passed_over"] = json!(passed_over);
                    (None, seen)
                }
                Err(Failed::Unasked(why)) => (Some(why), json!({ UNASKED: true })),
                Err(Failed::WithoutRoom(why)) => {
                    let needed_bytes = self.needed_bytes(known);
                    (Some(why), json!({ UNROOMED: true, NEEDED_BYTES: needed_bytes }))
                }
                Err(Failed::Rebuilt(fault)) => self.weigh(fault).await,
            },
        };
        let newest = newest.ok();
        let rehearsal = Rehearsal {
            kind: Kind::Drill,
            remote: self.remote.name().to_owned(),
            point: newest.as_ref().map(|known| known.manifest.point.to_string()),
            began_at,
            ended_at: clock(),
            fault,
            seen: seen.to_string(),
        };
        self.store
            .add_rehearsal(&rehearsal)
            .context("writing down how the drill went")?;
        if let (Some(known), true, false) =
            (&newest, rehearsal.fault.is_some(), rehearsal.was_not_rehearsed())
        {
            self.look_closer(known, progress, clock).await?;
        }
        Ok(rehearsal)
    }

    /// What the shop takes that comes back from this point, at most.
    fn needed_bytes(&self, known: &KnownPoint) -> u64 {
        let (point, points) = (&known.manifest, self.store.points().unwrap_or_default());
        let base = point.base.as_ref().and_then(|base| points.get(&base.point));
        let all = base.into_iter().chain([known]).map(|known| &known.manifest);
        restore::bytes_of(all, point.files.as_ref())
    }

    /// A line that fails says nothing of the backups behind it: nothing was rehearsed then.
    async fn weigh(&self, fault: String) -> (Option<String>, Value) {
        let failures = self.remote.failures();
        // A folder that still answers, and a file that does not: no line is between, the disk has lost it.
        if self.remote.is_folder() && self.remote.list(MANIFESTS).await.is_ok() {
            return (Some(fault), json!({}));
        }
        match failures.iter().find(|why| fault.contains(*why)) {
            None => (Some(fault), json!({})),
            Some(why) => (
                Some(format!(
                    "it did not answer ({why}), and was not rehearsed: nothing is known about its backups"
                )),
                json!({ UNREACHED: true }),
            ),
        }
    }

    /// The newest one that this server can open, or why there is none.
    fn newest_point(
        &self,
        keys: &SessionKeys,
        now: UnixMillis,
    ) -> anyhow::Result<Result<KnownPoint, String>> {
        let known = self.store.points().context("reading the catalogue")?;
        let is_openable = |at: Option<UnixMillis>| at.is_some_and(|at| now.since(at) < OPENABLE);
        let here = known.into_values().filter(|known| {
            let base = known.manifest.base.as_ref();
            known.verified.contains_key(self.remote.name())
                // One that a clock has dated ahead would be the newest for days, and the others never be rehearsed.
                && known.manifest.taken_at <= latest(now)
                && is_openable(Some(known.manifest.taken_at))
                && base.is_none_or(|base| is_openable(survey::moment_of(&base.point)))
        });
        let mut here: Vec<KnownPoint> = here.collect();
        if here.is_empty() {
            return Ok(Err(NOTHING.to_owned()));
        }
        here.retain(|known| is_remembered(known, keys));
        Ok(here
            .into_iter()
            .max_by_key(|known| known.manifest.taken_at)
            .ok_or_else(|| FORGOTTEN.to_owned()))
    }

    /// What was seen, or what was wrong.
    async fn rehearse(
        &self,
        known: &KnownPoint,
        keys: SessionKeys,
        progress: &dyn Progress,
        now: UnixMillis,
    ) -> Result<Value, Failed> {
        let folder = PrivateFolder::make(&self.config.state_dir).map_err(Failed::here)?;
        let refused = |error: rusqlite::Error| format!("the agent's own database refuses: {error}");
        let shipping = self.store.shipping().map_err(refused)?;
        let (plan, done) = self.restore(known, keys, &folder.path, progress, now).await?;
        if plan.manifest != known.manifest {
            let point = &known.manifest.point;
            return Err(format!("the manifest of {point} there is not the one that this agent wrote").into());
        }
        let database = done.database.ok_or("no database came back")?;
        let reached = done.reached.unwrap_or(Reached {
            commit: plan.manifest.commit,
            at: plan.manifest.taken_at,
        });
        let commit = reached.commit;
        let counts = shop::count(self.config, &database).await?;
        let rebuilt = Counted {
            chain: &plan.manifest.chain,
            commit,
            shop: &counts,
        };
        let live = self.compare(&rebuilt).await?;
        let here = (self.remote.name(), shipping);
        let beyond = beyond::beyond(self.store, here, (&plan.manifest.chain, reached)).map_err(refused)?;
        let lacks = lacks::lacks(self.store, self.remote.name(), &plan.manifest.chain).map_err(refused)?;
        if let Some(program) = &self.config.bot.binary {
            boot::boot(program, &database, &folder.path).await?;
        }
        Ok(json!({
            "database_bytes": plan.manifest.database_bytes,
            // Of the point; each segment after it carries its own, and all of them were compared.
            "page_root": plan.manifest.page_root,
            "chain": plan.manifest.chain.as_str(),
            "commit": commit,
            "segments": plan.segments.len(),
            "full_check": plan.full_check,
            "shop": counts,
            "live": live,
            "beyond": beyond,
            "lacks": lacks,
            "booted": self.config.bot.binary.is_some(),
        }))
    }

    /// Against the live shop, as it stands after the restore, and against the rehearsal before. What the live shop counts.
    async fn compare(&self, rebuilt: &Counted<'_>) -> Result<Value, String> {
        let told = |error: rusqlite::Error| format!("the agent's own database refuses: {error}");
        let recorded = self.store.capture_state().map_err(told)?;
        // After a restore another chain is live, and the shop of the old one may hold more.
        let is_alive = recorded.is_none_or(|state| state.chain == *rebuilt.chain);
        let live = match is_alive {
            // What is wrong with the live shop is not this remote's fault, and told by the shop itself.
            true => shop::count(self.config, &self.config.backup.database)
                .await
                .unwrap_or_default(),
            false => Value::Null,
        };
        let earlier = self
            .store
            .newest_passed(Kind::Drill, self.remote.name())
            .map_err(told)?;
        let earlier = earlier.and_then(|it| serde_json::from_str(&it.seen).ok());
        compare::compare(rebuilt, &live, earlier.as_ref())?;
        Ok(live)
    }

    /// Asked for, or not done for a week with any remote.
    fn wants_full_check(&self, now: UnixMillis) -> bool {
        let last = self.store.last_full_check().unwrap_or_default();
        self.full_check || last.is_none_or(|at| now.since(at) >= FULL_CHECK_EVERY || at > now)
    }

    async fn restore(
        &self,
        known: &KnownPoint,
        keys: SessionKeys,
        folder: &Path,
        progress: &dyn Progress,
        now: UnixMillis,
    ) -> Result<(Plan, Done), Failed> {
        let told = |error: anyhow::Error| format!("{error:#}");
        let signer = SigningKey::load(&self.config.state_dir)
            .map_err(told)?
            .ok_or("this server has no signing key, so that nothing on the remote can be its own")?;
        let remotes = std::slice::from_ref(self.remote);
        // Before the list: what arrives meanwhile is no loss.
        let arrived = restore::acknowledged(self.store, Some(self.remote.name()));
        let arrived = arrived.map_err(|error| told(error.into()))?;
        let own = self.store.points().map_err(|error| told(error.into()))?;
        let mut survey = survey::ask(remotes, Vec::new()).await;
        unknown::leave_out(&mut survey, &own);
        let selection = selection(&survey, known, (&keys, &arrived), now);
        let sources = Sources {
            remotes,
            survey: &survey,
            keys: &Keys::of_sessions(keys),
            signers: &signer.as_signers(),
            // The shop goes on selling beside it.
            cores: &Semaphore::new(1),
        };
        let request = Request {
            selection,
            only: None,
            target: Target::Folder(folder.join("shop")),
            full_check: self.wants_full_check(now),
            known: std::collections::BTreeMap::new(),
            chain: None,
            seen: None,
            arrived,
            elsewhere: Vec::new(),
            restores: Vec::new(),
            clock_steps: std::collections::BTreeMap::new(),
            is_agent_named: false,
            newest_only: true,
            wants_offer: false,
            anchor: None,
            now,
            zone: self.config.owner.timezone.clone(),
        };
        let mut plan = restore::plan(request, &sources)
            .await
            .map_err(|refused| refused.reason)?;
        let done = restore::carry_out(&mut plan, &sources, None, now, progress)
            .await
            .map_err(Failed::here)?;
        Ok((plan, done))
    }
}
