//! The restore points on the remotes, newest first, and what their manifests say; opened only as far as somebody asks,
//! since each costs a request.
//! A point without a readable manifest is not left out: what it may have held decides whether an older one will do.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use protocol::{
    manifest::Manifest,
    object_key::{self, PointId},
    time::UnixMillis,
};

use super::{Request, Sources, foreign::Foreign, manifests, unheard};
use crate::backup::survey::moment_of;

/// Manifests that are opened at the same time.
const MANIFESTS_AT_ONCE: usize = 8;

/// Why a manifest was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It was there once, or should be, and is intact nowhere.
    Damaged(String),
    /// It is intact, and is not what its name says: somebody put it there.
    Misnamed(String),
    /// It is intact, and signed by somebody unknown, or by somebody known after he had no business here any more; and what
    /// it says of itself, where it reads.
    NotOurs(String, Option<Foreign>),
    /// It is intact, and was encrypted to other keys: what is wrong, and the ids of those.
    Locked(String, String),
}

impl Unread {
    /// What is wrong, with the object's name.
    pub(super) fn told(&self) -> &str {
        let (Self::Damaged(text) | Self::Misnamed(text) | Self::NotOurs(text, _) | Self::Locked(text, _)) =
            self;
        text
    }

    /// What it says of itself, where somebody signed it who is not known.
    pub(super) fn foreign(&self) -> Option<&Foreign> {
        match self {
            Self::NotOurs(_, foreign) => foreign.as_ref(),
            Self::Damaged(_) | Self::Misnamed(_) | Self::Locked(..) => None,
        }
    }

    /// Of several that stand for one point, the one that says most about what was lost.
    fn gravity(&self) -> u8 {
        match self {
            Self::Misnamed(_) => 0,
            Self::Damaged(_) => 1,
            Self::NotOurs(..) | Self::Locked(..) => 2,
        }
    }

    /// Both in one.
    pub(super) fn and(self, other: Self) -> Self {
        let text = format!("{}; {}", self.told(), other.told());
        let graver = if self.gravity() >= other.gravity() {
            self
        } else {
            other
        };
        match graver {
            Self::Damaged(_) => Self::Damaged(text),
            Self::Misnamed(_) => Self::Misnamed(text),
            Self::NotOurs(_, foreign) => Self::NotOurs(text, foreign),
            Self::Locked(_, ids) => Self::Locked(text, ids),
        }
    }
}

/// Why a manifest was not opened, for whoever only looks.
pub struct Unopened {
    /// A sentence that names the object and what is wrong with it on each remote.
    pub told: String,
    /// It is intact, and this key is none of those that it was encrypted to.
    pub is_locked: bool,
    /// It is intact, and an agent signed it that is not known, or that has no business here any more.
    pub is_anothers: bool,
}

/// A point's manifest, for whoever only wants to look, and what was wrong with copies that were not taken.
///
/// # Errors
/// [`Unopened`].
pub async fn open_manifest(
    sources: &Sources<'_>,
    point: &PointId,
) -> Result<(Manifest, Vec<String>), Unopened> {
    let mut notes = Vec::new();
    let found = manifests::of_point(sources, point, &mut notes).await;
    let manifest = found.map_err(|unread| Unopened {
        told: unread.told().to_owned(),
        is_locked: matches!(unread, Unread::Locked(..)),
        is_anothers: matches!(unread, Unread::NotOurs(..)),
    })?;
    Ok((manifest, notes))
}

/// One point and what became of opening its manifest.
pub(super) struct Reading {
    pub point: PointId,
    pub found: Result<Manifest, Unread>,
    /// What was wrong with copies that were not taken.
    pub notes: Vec<String>,
}

/// The points that may be meant.
pub(super) struct Index<'a> {
    sources: &'a Sources<'a>,
    request: &'a Request,
    order: Vec<PointId>,
    /// By their place in the order.
    read: BTreeMap<usize, Reading>,
}

impl<'a> Index<'a> {
    /// Every point that a remote or this server's catalogue knows, down from `until`.
    pub(super) fn new(sources: &'a Sources<'a>, request: &'a Request, until: Option<UnixMillis>) -> Self {
        let mut all = sources.survey.points();
        // Also those of which there are parts and no manifest.
        all.extend(sources.survey.points_in_parts());
        all.extend(request.known.keys().cloned());
        let is_wanted = |point: &PointId| match (until, moment_of(point)) {
            (Some(until), Some(taken)) => taken <= until,
            (Some(_), None) => false,
            (None, _) => true,
        };
        Self {
            sources,
            request,
            order: all.into_iter().rev().filter(is_wanted).collect(),
            read: BTreeMap::new(),
        }
    }

    /// The names, newest first.
    pub(super) fn points(&self) -> &[PointId] {
        &self.order
    }

    /// The `at`-th newest; `None` behind the oldest. The first is read alone: usually nobody asks for a second.
    pub(super) async fn get(&mut self, at: usize) -> Option<&Reading> {
        if !self.read.contains_key(&at) {
            let count = if at == 0 { 1 } else { MANIFESTS_AT_ONCE };
            self.read_at((at..self.order.len()).take(count)).await;
        }
        self.read.get(&at)
    }

    /// The `at`-th newest alone, for whoever looks here and there.
    pub(super) async fn probe(&mut self, at: usize) -> Option<&Reading> {
        self.read_at((at..self.order.len()).take(1)).await;
        self.read.get(&at)
    }

    async fn read_at(&mut self, places: impl Iterator<Item = usize>) {
        let unread: Vec<usize> = places.filter(|at| !self.read.contains_key(at)).collect();
        let coming = unread.iter().map(|at| self.open(&self.order[*at]));
        let readings: Vec<Reading> = stream::iter(coming).buffered(MANIFESTS_AT_ONCE).collect().await;
        self.read.extend(unread.into_iter().zip(readings));
    }

    /// From now on only those from the `at`-th newest on count: all before it are too new.
    pub(super) fn skip(&mut self, at: usize) {
        self.order.drain(..at);
        let kept = self.read.split_off(&at);
        self.read = kept
            .into_iter()
            .map(|(place, reading)| (place - at, reading))
            .collect();
    }

    /// All that were opened so far, newest first, with their places.
    pub(super) fn placed(&self) -> impl Iterator<Item = (usize, &Manifest)> {
        self.read
            .iter()
            .filter_map(|(at, reading)| Some((*at, reading.found.as_ref().ok()?)))
    }

    /// All that were opened so far, newest first.
    pub(super) fn opened(&self) -> impl Iterator<Item = &Manifest> {
        self.placed().map(|(_, manifest)| manifest)
    }

    /// All that were read so far and do not open, newest first.
    pub(super) fn unread(&self) -> impl Iterator<Item = &Unread> {
        self.unread_points().map(|(_, unread)| unread)
    }

    /// The same, with their names.
    pub(super) fn unread_points(&self) -> impl Iterator<Item = (&PointId, &Unread)> {
        self.read
            .values()
            .filter_map(|reading| Some((&reading.point, reading.found.as_ref().err()?)))
    }

    /// All that were read so far and are of agents that are not known.
    pub(super) fn foreign(&self) -> impl Iterator<Item = &Foreign> {
        self.unread().filter_map(Unread::foreign)
    }

    /// The ids of the keys that open points which were read and which this key does not open; `None` when there are none.
    pub(super) fn locked(&self) -> Option<String> {
        let ids = self.read.values().filter_map(|reading| match &reading.found {
            Err(Unread::Locked(_, ids)) if !ids.is_empty() => Some(ids.as_str()),
            _ => None,
        });
        let ids: BTreeSet<&str> = ids.collect();
        (!ids.is_empty()).then(|| ids.into_iter().collect::<Vec<_>>().join(", or "))
    }

    async fn open(&self, point: &PointId) -> Reading {
        let mut notes = Vec::new();
        let found = if self.sources.survey.manifests_of(point).is_empty() {
            Err(Unread::Damaged(self.missing(point)))
        } else {
            manifests::of_point(self.sources, point, &mut notes).await
        };
        Reading {
            point: point.clone(),
            found,
            notes,
        }
    }

    fn missing(&self, point: &PointId) -> String {
        let known = self.request.known.get(point);
        let name = known.map_or_else(
            || format!("{}*.json.pgp", object_key::manifest_prefix(point)),
            |known| object_key::manifest(point, &known.manifest_sha256),
        );
        let holdings = &self.sources.survey.holdings;
        // One that never had it has lost nothing.
        let had_it = |remote: &&str| known.is_none_or(|known| known.verified.contains_key(*remote));
        let answering = holdings.iter().map(|(remote, _)| remote.as_str());
        let remotes: Vec<&str> = answering.filter(had_it).collect();
        if let (Some(known), true) = (known, remotes.is_empty()) {
            let remotes = known.verified.keys().map(String::as_str).collect();
            let lies_at = unheard::whereabouts(self.request, self.sources, &remotes);
            return format!("the backup {point} is on {lies_at}");
        }
        format!(
            "the backup {point} is not whole: its upload was cut short, or a part of it was deleted ({name} is missing \
             on {})",
            remotes.join(", ")
        )
    }
}

/// The ids of the keys to which all of them were encrypted, when that alone is why they were not read.
pub(super) fn locked_to(unread: &[(PointId, Unread)]) -> Option<String> {
    let ids: Option<BTreeSet<&str>> = unread
        .iter()
        .map(|(_, unread)| match unread {
            Unread::Locked(_, ids) => Some(ids.as_str()),
            _ => None,
        })
        .collect();
    let ids = ids.filter(|ids| !ids.is_empty())?;
    Some(ids.into_iter().collect::<Vec<_>>().join(", or "))
}
