//! What another machine has deleted by the same rules: this one forgets those points, and misses them nowhere.
//! It deletes nothing, and what is gone against the rules stays known.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::Context;
use jiff::tz::TimeZone;
use protocol::{
    object_key::{self, PointId},
    time::UnixMillis,
};

use super::{manifest_of, own, point};
use crate::{
    backup::{
        remote::{Listed, Remote},
        retention::{self, Point, Question},
    },
    config::{Config, Retention},
    store::{Store, points::KnownPoint},
};

/// The rules that this machine was told, and in whose days and weeks.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The rules.
    pub retention: Retention,
    /// The owner's.
    pub timezone: &'a TimeZone,
    /// Where this machine keeps what is its own.
    pub state_dir: &'a Path,
}

impl<'a> Rules<'a> {
    /// Those of the configuration, if it has any.
    #[must_use]
    pub fn of(config: &'a Config) -> Option<Self> {
        Some(Self {
            retention: config.retention?,
            timezone: &config.owner.timezone,
            state_dir: &config.state_dir,
        })
    }
}

/// Forgets the points that another machine has deleted by the same rules: this one had marked them, or would let them go.
/// What is gone against the rules stays known, and is missed.
///
/// # Errors
/// When the agent's own database refuses; a remote that does not answer changes nothing.
pub async fn forget_deleted_elsewhere(
    rules: Option<Rules<'_>>,
    store: &Store,
    remote: &Remote,
    now: UnixMillis,
) -> anyhow::Result<()> {
    let known = store.points().context("reading the catalogue")?;
    let Ok(listed) = remote.list(object_key::MANIFESTS).await else {
        return Ok(());
    };
    let is_gone = |known: &&KnownPoint| {
        known.verified.contains_key(remote.name()) && !listed.contains_key(&manifest_of(known))
    };
    let gone: Vec<&KnownPoint> = known.values().filter(is_gone).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let marked = store
        .prune_marks(remote.name())
        .context("reading what was marked")?;
    let let_go = match rules {
        Some(rules) => let_go(rules, (&known, &gone), (store, remote), now).await?,
        None => BTreeSet::new(),
    };
    let mut by_rules = gone.into_iter().map(manifest_of);
    by_rules.try_for_each(|key| match marked.contains_key(&key) || let_go.contains(&key) {
        true => forget(store, remote, &key),
        false => Ok(()),
    })
}

/// The manifests of those that are gone which the rules would let go, were they there still.
async fn let_go(
    rules: Rules<'_>,
    (known, gone): (&BTreeMap<PointId, KnownPoint>, &[&KnownPoint]),
    (store, remote): (&Store, &Remote),
    now: UnixMillis,
) -> anyhow::Result<BTreeSet<String>> {
    let Ok(mut listed) = remote.list_dated("").await else {
        return Ok(BTreeSet::new());
    };
    // What stands on one that is gone stands on its base as well: neither was let go because it was lost before.
    let stands_on = |known: &&KnownPoint| {
        let bases = gone.iter().filter_map(|gone| gone.manifest.base.as_ref());
        bases
            .map(|base| &base.point)
            .any(|base| *base == known.manifest.point)
    };
    let bases = known.values().filter(stands_on);
    let as_whole: Vec<&KnownPoint> = gone.iter().copied().chain(bases).collect();
    for point in &as_whole {
        let objects = point.manifest.objects();
        let sizes = objects.map(|object| (object.key.clone(), object.size_bytes));
        for (key, size_bytes) in sizes.chain([(manifest_of(point), point.manifest_size_bytes)]) {
            listed.entry(key).or_insert(Listed {
                size_bytes,
                written_at: None,
            });
        }
    }
    let whole: BTreeSet<&PointId> = as_whole.iter().map(|known| &known.manifest.point).collect();
    let as_it_was = |known: &KnownPoint| {
        let point = point(known, remote.name());
        let was_whole = whole.contains(&point.id);
        Point {
            is_verified: point.is_verified || was_whole,
            is_split: point.is_split && !was_whole,
            ..point
        }
    };
    let points: Vec<Point> = known.values().map(as_it_was).collect();
    let verdicts = retention::plan(&Question {
        listed: &listed,
        points: &points,
        own: &own(rules.state_dir, store, remote)?,
        retention: rules.retention,
        timezone: rules.timezone,
        now,
        shares_clock: remote.is_folder(),
    });
    let may_go = verdicts.into_iter().filter(|it| !it.keep);
    Ok(may_go.map(|it| it.key).collect())
}

pub(super) fn forget(store: &Store, remote: &Remote, key: &str) -> anyhow::Result<()> {
    let point: Option<PointId> = object_key::point_of_manifest(key).map(|(point, _)| point);
    match point {
        Some(point) => store
            .forget_copy(&point, remote.name())
            .context("forgetting a point"),
        None => Ok(()),
    }
}
