//! Compares what a remote holds with what was written there, and writes down how that went.
//! It opens nothing and deletes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::Context;
use protocol::{object_key::PointId, time::UnixMillis};
use serde_json::{Value, json};

use super::{
    anchored::Anchored,
    elsewhere,
    look::{Again, Look, SUSPECTS_MAX, look, lost_before, lost_points, suspects},
    missing::Lacks,
    unknown::{self, unknown},
};
use crate::{
    backup::{
        Progress,
        anchor::{self, Anchor},
        certificate::Certificate,
        earlier_server::{ENDS, Written},
        own::Own,
        prune::{self, Rules},
        remembered::Remembered,
        remote::Remote,
        seal::Keys,
        survey::Names,
        torn, twin,
    },
    store::{
        Store,
        points::KnownPoint,
        rehearsal::{self, Kind, Rehearsal},
        shipping::Shipping,
        twin::{SHARED, TWIN},
    },
};

/// Faults that are told by name; of more only their number.
const FAULTS_TOLD: usize = 3;
/// How many of the objects are fetched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    /// One in twenty, at least one, at most a gigabyte.
    Some,
    /// All of them.
    All,
}

/// Under this name a row says what is no fault, and nobody can judge from there.
pub const LEFT_OPEN: &str = "left_open";

/// How one look went: what is written down names the first faults only.
pub struct Looked {
    /// What was written down.
    pub rehearsal: Rehearsal,
    /// Everything that is wrong, or could not be compared, in a sentence each.
    pub faults: Vec<String>,
}

/// A look at one remote.
pub struct Sample<'a> {
    /// What this agent knows of its points.
    pub store: &'a Store,
    /// The remote that is looked at.
    pub remote: &'a Remote,
    /// All that can be asked: they may hold what it lacks.
    pub all: &'a [Remote],
    /// What may be deleted there.
    pub rules: Option<Rules<'a>>,
    /// What the owner was told in a summary: it must still be there.
    pub anchor: Option<&'a Anchor>,
    /// This server's own certificate, once its agent has made a key.
    pub own: Option<&'a Certificate>,
    /// Where this machine keeps what it knows as its own.
    pub state_dir: &'a Path,
    /// What opens objects: the owner's key, or what this machine remembers of those that it sealed.
    pub keys: &'a Keys,
    /// How many of the objects are fetched.
    pub share: Share,
    /// A point of which a rehearsal has failed: all that a restore from it takes is fetched too.
    pub rehearsed: Option<&'a KnownPoint>,
}

impl Sample<'_> {
    /// Looks once and writes down how it went; what a summary named and is not there, in a row of its own, which no look
    /// without it ends.
    ///
    /// # Errors
    /// When the agent's own database refuses; what is wrong with the remote is no error but a row.
    pub async fn run(
        &self,
        progress: &dyn Progress,
        clock: &dyn Fn() -> UnixMillis,
    ) -> anyhow::Result<Looked> {
        let (store, remote, began_at) = (self.store, self.remote, clock());
        prune::forget_deleted_elsewhere(self.rules, store, remote, began_at).await?;
        let known = store.points().context("reading the catalogue")?;
        // Asked before the list: what is sent meanwhile is in the list, and not the other way round.
        let shipping = store.shipping().context("asking what was sent")?;
        let before = self.seen_before()?;
        let (suspects, lost) = (suspects(&before), lost_before(&before));
        let again = Again {
            suspects: &suspects,
            lost: &lost,
            rehearsed: self.rehearsed,
        };
        let (mut contradicted, mut newest) = (None, None);
        let there = (remote, self.own, self.keys);
        let (mut faults, seen) = match look(there, &known, self.share, &again, progress).await {
            Ok(Look {
                here,
                listed,
                mut faults,
                mut uncompared,
                lost,
                mut seen,
            }) => {
                newest = here.last().map(|known| known.manifest.point.to_string());
                let lacks = Lacks::of(self, &listed, &here, &shipping, &before, clock()).await?;
                let split = elsewhere::split(self, &listed, (&known, &here), clock()).await?;
                let back = self.rolled_back(&listed, &known, &shipping).await;
                let anchored = Anchored::of(self, &listed, &known, clock()).await;
                anchored.write_down(self, began_at, clock())?;
                seen["anchor"] = json!(anchored.fits());
                note_names(&mut seen, &listed, &known);
                self.note_twin(&mut seen, &listed, (&before, clock()))?;
                contradicted = anchored.contradiction();
                uncompared.extend(anchored.unread());
                faults.splice(
                    0..0,
                    back.into_iter().chain(split).chain(lacks.lost(remote.name())),
                );
                faults.extend(unknown::copies(&known, &listed).chain(lacks.spared(remote.name())));
                lacks.note(&mut seen);
                self.put_lost(&here, (&listed, &lost, &suspects), &shipping, clock())?;
                seen[rehearsal::UNCOMPARED_ONLY] = json!(faults.is_empty() && !uncompared.is_empty());
                faults.extend(uncompared);
                (faults, seen)
            }
            Err(silent) => (vec![silent], json!({})),
        };
        let mut rehearsal = Rehearsal {
            kind: Kind::Sample,
            remote: remote.name().to_owned(),
            point: newest,
            began_at,
            ended_at: clock(),
            fault: told(&faults),
            seen: seen.to_string(),
        };
        store
            .add_rehearsal(&rehearsal)
            .context("writing down what the remote holds")?;
        faults.splice(0..0, contradicted);
        rehearsal.fault = told(&faults);
        Ok(Looked { rehearsal, faults })
    }
}

impl Sample<'_> {
    /// Whether another server writes there as this one. What this one has sealed and knows is asked for after the list: a
    /// backup may have come meanwhile.
    fn note_twin(
        &self,
        seen: &mut Value,
        names: &Names,
        (before, now): (&Value, UnixMillis),
    ) -> anyhow::Result<()> {
        let sealed = twin::Sealed::read(&Remembered::at(self.state_dir)).unwrap_or_else(|error| {
            tracing::warn!(error = format!("{error:#}"), "who else writes there is not known");
            None
        });
        let Some(sealed) = sealed else {
            // Nothing tells: what was seen before stays.
            for what in [TWIN, SHARED] {
                seen[what] = before[what].clone();
            }
            return Ok(());
        };
        let own = Own::of(self.state_dir, self.store)?;
        let question = twin::Question {
            remote: self.remote.name(),
            names,
            own: &own,
            sealed: &sealed,
            now,
        };
        seen[TWIN] = json!(twin::find(&question));
        seen[SHARED] = json!(question.is_shared());
        Ok(())
    }

    /// That the remote lists nothing of the newest that this server read back or sent there, and who still has it.
    async fn rolled_back(
        &self,
        listed: &Names,
        known: &BTreeMap<PointId, KnownPoint>,
        shipping: &[Shipping],
    ) -> Option<String> {
        let name = self.remote.name();
        let told = anchor::rolled_back(name, listed, known, Shipping::taken(shipping, name))?;
        Some(match elsewhere::holds_the_end(self, listed, shipping).await {
            Some(held) => format!("{told}; {held}"),
            None => told,
        })
    }

    /// What the last look wrote down.
    fn seen_before(&self) -> anyhow::Result<Value> {
        let before = self.store.last_seen(Kind::Sample, self.remote.name());
        let before = before.context("asking what was wrong before")?;
        Ok(serde_json::from_str(&before.unwrap_or_default()).unwrap_or_default())
    }

    /// The latest start of `keep_within` that was in force on this machine: rules that keep more from now on bring nothing
    /// back.
    pub(super) fn kept_from(&self, now: UnixMillis) -> rusqlite::Result<Option<UnixMillis>> {
        let (store, remote) = (self.store, self.remote.name());
        if let Some(rules) = self.rules {
            store.put_let_go(remote, rules.retention.window_start(now), now)?;
        }
        // Of a clock that was wrong nothing follows.
        Ok(store.let_go_until(remote)?.filter(|until| *until <= now))
    }

    /// Whether somebody may delete there by rules that this machine was not told: a server without any deletes nothing.
    pub(super) fn are_rules_unknown(&self, kept_from: Option<UnixMillis>) -> bool {
        kept_from.is_none() && (self.own.is_none() || self.remote.is_append_only())
    }

    /// Writes down which points no backup may stand on there, and which commits cannot be had from there.
    fn put_lost(
        &self,
        here: &[&KnownPoint],
        (listed, lost, suspects): (&Names, &BTreeSet<String>, &BTreeSet<String>),
        shipping: &[Shipping],
        now: UnixMillis,
    ) -> anyhow::Result<()> {
        let (store, remote) = (self.store, self.remote.name());
        let writing = "writing down what is lost";
        let mut points = lost_points(here, lost);
        // Not all of them were looked at again: nothing that was lost is known to be whole.
        let is_partial = suspects.len() >= SUSPECTS_MAX && self.share == Share::Some;
        if is_partial {
            let before = here.iter().filter(|known| !known.is_held_by(remote));
            points.extend(before.map(|known| known.manifest.point.clone()));
        }
        store.put_lost(remote, &points, now).context(writing)?;
        let whole = here.iter().map(|known| &known.manifest);
        let whole = whole.filter(|manifest| !points.contains(&manifest.point));
        let whole: Vec<_> = whole.map(|manifest| (&manifest.chain, manifest.commit)).collect();
        let sent = shipping.iter().find(|shipping| shipping.remote == remote);
        let sent = sent.and_then(|shipping| shipping.holds.clone());
        let torn = torn::of(&torn::Question {
            names: listed,
            lost,
            points: &whole,
            sent: sent.map(|(chain, commit, _)| (chain, commit)).as_ref(),
            now,
        });
        let torn = match is_partial {
            true => torn::with(torn, store.torn(remote).context(writing)?),
            false => torn,
        };
        let never_sent = store.never_sent(remote).context(writing)?;
        let torn = torn::without(torn, &never_sent);
        store.put_torn(remote, &torn).context(writing)
    }
}

/// What the names alone tell, of whom nothing is known here too.
fn note_names(seen: &mut Value, listed: &Names, known: &BTreeMap<PointId, KnownPoint>) {
    unknown(known, listed).note(seen, SUSPECTS_MAX);
    let written = Written::by(listed.keys().map(|name| (name, None)));
    seen[ENDS] = written.ends_noted();
    seen["knows_any"] = json!(!known.is_empty());
}

/// The faults in one sentence; `None` when there are none.
fn told(faults: &[String]) -> Option<String> {
    let first: Vec<&str> = faults.iter().take(FAULTS_TOLD).map(String::as_str).collect();
    match faults.len() {
        0 => None,
        count if count > FAULTS_TOLD => {
            Some(format!("{}; and {} more", first.join("; "), count - FAULTS_TOLD))
        }
        _ => Some(first.join("; ")),
    }
}
