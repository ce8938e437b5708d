//! Carries a remote's retention out: marks what may go, and a day later deletes what still may.
//! Whoever restores has a day to finish, also a fresh machine with credentials to read alone, which can leave no notice on
//! a remote; whoever can is waited for, however long ago an object was marked.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::Context;
use protocol::{object_key, time::UnixMillis};

use super::{
    Progress,
    own::{Other, Own},
    remote::Remote,
    restoring::{self, Restoring},
    retention::{self, Point, Question, Verdict},
};
use crate::{
    config::{Config, Retention},
    store::{Store, points::KnownPoint},
};

mod elsewhere;

use elsewhere::forget;
pub use elsewhere::{Rules, forget_deleted_elsewhere};

/// From the mark to the deletion: longer than any restore takes.
const GRACE: Duration = Duration::from_secs(86_400);
/// What a remote dates further ahead of this machine's clock says nothing about how slow that is.
const SLOW_MAX: Duration = Duration::from_secs(30 * 86_400);
/// After so many deletions it is asked again who restores.
const LOOK_EVERY: usize = 50;
/// More objects than this in one turn are left for the next one.
const DELETED_MAX: usize = 20_000;

/// What is to be done on one remote.
pub struct Plan {
    /// Who else writes there.
    pub others: Vec<Other>,
    /// About every object, by name.
    pub verdicts: Vec<Verdict>,
    /// Since when each object that may go has been marked; the remote's other marks are void.
    pub marks: BTreeMap<String, UnixMillis>,
    /// What is deleted now: manifests first, so that no point is seen that is not whole.
    pub due: Vec<String>,
    /// When it was made.
    pub made_at: UnixMillis,
    /// Where what `keep_within` keeps begins.
    pub kept_from: UnixMillis,
}

/// How it went.
#[derive(Default)]
pub struct Done {
    /// Objects that are gone.
    pub deleted: usize,
    /// Their bytes.
    pub deleted_bytes: u64,
    /// Objects that the remote would not delete, and why; a few of them.
    pub refused: Vec<String>,
    /// Objects whose day is over by this machine's clock, and not by the remote's, which is believed.
    pub too_early: usize,
    /// Objects that stay for now, because a restore runs.
    pub in_restore: usize,
    /// When that began, where it runs on another machine, by its notice on the remote.
    pub restored_since: Option<UnixMillis>,
}

/// Looks at the remote and decides; nothing is changed anywhere.
///
/// # Errors
/// When the remote does not answer, or the agent's own database refuses.
pub async fn plan(
    config: &Config,
    retention: Retention,
    store: &Store,
    remote: &Remote,
    now: UnixMillis,
) -> anyhow::Result<Plan> {
    let listed = remote
        .list_dated("")
        .await
        .with_context(|| format!("listing the remote {}", remote.name()))?;
    let known = store.points().context("reading the catalogue")?;
    let points: Vec<Point> = known.values().map(|known| point(known, remote.name())).collect();
    let own = own(&config.state_dir, store, remote)?;
    let verdicts = retention::plan(&Question {
        listed: &listed,
        points: &points,
        own: &own,
        retention,
        timezone: &config.owner.timezone,
        now,
        shares_clock: remote.is_folder(),
    });
    let before = store
        .prune_marks(remote.name())
        .context("reading what was marked")?;
    // A clock of ours that is slow would have the day begin in the past.
    let newest = retention::newest_written(&listed).filter(|newest| newest.since(now) < SLOW_MAX);
    let marks = marks(&verdicts, &before, newest.map_or(now, |newest| newest.max(now)));
    let due = due(&marks, now);
    Ok(Plan {
        others: own.others_in(&listed),
        verdicts,
        marks,
        due,
        made_at: now,
        kept_from: retention.window_start(now),
    })
}

fn point(known: &KnownPoint, remote: &str) -> Point {
    let manifest = &known.manifest;
    Point {
        id: manifest.point.clone(),
        chain: manifest.chain.clone(),
        commit: manifest.commit,
        base: manifest.base.as_ref().map(|base| base.point.clone()),
        manifest: manifest_of(known),
        objects: manifest.objects().map(|object| object.key.clone()).collect(),
        is_verified: known.is_held_by(remote),
        is_split: is_split(known, remote),
        is_damaged: known.damage.is_some(),
    }
}

/// Whether others have copies of it, and none of them a whole one, as far as comparisons know.
fn is_split(known: &KnownPoint, remote: &str) -> bool {
    let mut others = known.verified.keys().filter(|other| *other != remote).peekable();
    others.peek().is_some() && !others.any(|other| known.is_held_by(other))
}

fn marks(
    verdicts: &[Verdict],
    before: &BTreeMap<String, UnixMillis>,
    now: UnixMillis,
) -> BTreeMap<String, UnixMillis> {
    let may_go = verdicts.iter().filter(|it| !it.keep);
    may_go
        .map(|it| {
            // A mark from the future is a clock that was set back: it begins anew.
            let since = before
                .get(&it.key)
                .copied()
                .filter(|at| *at <= now)
                .unwrap_or(now);
            (it.key.clone(), since)
        })
        .collect()
}

fn due(marks: &BTreeMap<String, UnixMillis>, now: UnixMillis) -> Vec<String> {
    let mut due: Vec<&String> = marks
        .iter()
        .filter(|(_, since)| now.since(**since) >= GRACE)
        .map(|(key, _)| key)
        .collect();
    due.sort_by_key(|key| !key.starts_with(object_key::MANIFESTS));
    due.into_iter().take(DELETED_MAX).cloned().collect()
}

/// Writes the marks down and deletes what is due, by the remote's clock where it runs behind ours: a clock of ours that
/// was set ahead would take the day away from whoever restores. A remote that is append-only only gets its marks:
/// whoever may delete there does it from another machine.
///
/// # Errors
/// When the agent's own database refuses, or the remote does not say what time it is.
pub async fn carry_out(
    (config, plan): (&Config, &Plan),
    store: &Store,
    remote: &Remote,
    progress: &dyn Progress,
) -> anyhow::Result<Done> {
    forget_deleted_elsewhere(Rules::of(config), store, remote, plan.made_at).await?;
    store
        .set_prune_marks(remote.name(), &plan.marks)
        .context("writing the marks down")?;
    let mut done = Done::default();
    if remote.is_append_only() || plan.due.is_empty() {
        return Ok(done);
    }
    let there = remote
        .clock()
        .await
        .with_context(|| format!("asking the remote {} for its time", remote.name()))?;
    let due = due(
        &plan.marks,
        there.map_or(plan.made_at, |there| there.min(plan.made_at)),
    );
    done.too_early = plan.due.len() - due.len();
    if due.is_empty() || is_restoring((config, remote), there.unwrap_or(plan.made_at), &mut done).await? {
        done.in_restore = due.len();
        return Ok(done);
    }
    let sizes: BTreeMap<&str, u64> = plan
        .verdicts
        .iter()
        .map(|it| (it.key.as_str(), it.size_bytes))
        .collect();
    // Before the first deletion: what `agent verify` misses from now on may have been let go here.
    store
        .put_let_go(remote.name(), plan.kept_from, plan.made_at)
        .context("writing down how far is deleted")?;
    progress.count("deleting", due.len() as u64);
    for (at, key) in due.iter().enumerate() {
        let looks_again = at % LOOK_EVERY == LOOK_EVERY - 1;
        let is_waited_for = match looks_again {
            false => Ok(Restoring::is_on(&config.state_dir)),
            true => is_restoring((config, remote), there.unwrap_or(plan.made_at), &mut done).await,
        };
        if let Err(error) = &is_waited_for {
            done.refused.push(format!("{error:#}"));
            break;
        }
        if is_waited_for.unwrap_or(true) {
            done.in_restore = due.len() - at;
            break;
        }
        progress.advance(1);
        match remote.delete(key).await {
            Ok(()) => {
                done.deleted += 1;
                done.deleted_bytes += sizes.get(key.as_str()).copied().unwrap_or(0);
                forget(store, remote, key)?;
            }
            Err(error) => {
                done.refused.push(format!("{key}: {error}"));
                // A remote that refuses one refuses all: the owner hears of a few.
                if done.refused.len() >= 5 {
                    break;
                }
            }
        }
    }
    Ok(done)
}

/// Whether a restore runs on this machine, or on another one that could say so on the remote, of which this is the clock.
async fn is_restoring(
    (config, remote): (&Config, &Remote),
    there: UnixMillis,
    done: &mut Done,
) -> anyhow::Result<bool> {
    if Restoring::is_on(&config.state_dir) {
        return Ok(true);
    }
    let since = restoring::reads_from(remote, there).await;
    done.restored_since =
        since.with_context(|| format!("asking the remote {} who restores from it", remote.name()))?;
    Ok(done.restored_since.is_some())
}

fn manifest_of(known: &KnownPoint) -> String {
    object_key::manifest(&known.manifest.point, &known.manifest_sha256)
}

fn own(state_dir: &Path, store: &Store, remote: &Remote) -> anyhow::Result<Own> {
    let twin = store.twin(remote.name()).context("asking who writes there")?;
    Ok(Own {
        is_copied: twin.is_some(),
        ..Own::of(state_dir, store)?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_go_is_marked_first_and_deleted_a_day_later_with_manifests_first() {
        let verdict = |key: &str, keep| Verdict {
            key: key.to_owned(),
            size_bytes: 1,
            keep,
            reason: String::new(),
        };
        let verdicts = [
            verdict("base/a", false),
            verdict("manifest/a", false),
            verdict("base/b", true),
        ];
        let (day, hour) = (UnixMillis(0).plus(GRACE), Duration::from_secs(3600));
        let first = marks(&verdicts, &BTreeMap::new(), UnixMillis(0));
        assert!(due(&first, UnixMillis(0).plus(hour)).is_empty());
        let again = marks(&verdicts, &first, day);
        assert_eq!(due(&again, day), ["manifest/a", "base/a"]);
        let kept_again = marks(&[verdict("base/a", true)], &again, day);
        assert!(kept_again.is_empty(), "what is wanted again loses its mark");
        let ahead = BTreeMap::from([("base/a".to_owned(), day.plus(hour))]);
        assert_eq!(
            marks(&verdicts[..1], &ahead, day)["base/a"],
            day,
            "a mark from the future begins anew"
        );
    }
}
