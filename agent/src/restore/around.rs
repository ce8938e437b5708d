//! What lies around a moment in which nobody followed the shop, so that the owner hears what is given instead.
//! It chooses nothing: the last state known before that moment is what is restored.

use futures_util::stream::{self, StreamExt};
use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::{PointId, SegmentName},
    time::UnixMillis,
};

use super::{Sources, manifests, search::Route, segments};
use crate::backup::{
    Silent,
    segment::{Kind, Segment},
    survey::moment_of,
};

/// Points after a moment that are opened to see what comes next.
const LATER_OPENED: usize = 8;
/// Segments that are opened at the same time.
const SEGMENTS_AT_ONCE: usize = 8;

/// A while in which single commits are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// All that happened in it is one commit.
    OneStep {
        /// The last one before it, and when the agent saw it.
        before: (CommitNumber, UnixMillis),
        /// The one that stands for all that happened, and when the agent was back.
        next: (CommitNumber, UnixMillis),
    },
    /// The agent did not run at some time in it: its commits carry the moment of its return.
    Away {
        /// The last one before it, and when the agent saw it.
        before: (CommitNumber, UnixMillis),
        /// The first one that was read on its return, and when that was.
        next: (CommitNumber, UnixMillis),
    },
    /// The chain ends before it, and another one begins after it.
    NewChain {
        /// The last one before it, and about when the agent saw it.
        before: (CommitNumber, UnixMillis),
        /// The first point of the next chain that can be restored.
        point: PointId,
        /// Its chain.
        chain: ChainId,
        /// When it was taken.
        at: UnixMillis,
    },
}

/// The gap that holds the moment; `None` when the agent followed the shop then, or nothing later is known.
pub(super) async fn gap(sources: &Sources<'_>, route: &Route, moment: UnixMillis) -> Option<Gap> {
    let spanning = route.segments.last().filter(|last| last.last_at > moment);
    let Some(segment) = spanning else {
        return next_chain(sources, route, moment).await;
    };
    let kind = kind_of(sources, segment).await?;
    let before = match route.segments.as_slice() {
        [.., before, _] => (before.last, before.last_at),
        _ => (route.manifest.commit, route.manifest.taken_at),
    };
    let next = (segment.first, segment.last_at);
    match kind {
        Kind::Commits => None,
        Kind::CaughtUp => Some(Gap::Away { before, next }),
        Kind::Resync => Some(Gap::OneStep { before, next }),
    }
}

/// What these segments are, as far as they can be opened.
pub async fn kinds_of(sources: &Sources<'_>, segments: Vec<SegmentName>) -> Vec<(SegmentName, Kind)> {
    let opened = segments.into_iter().map(|name| async move {
        let kind = kind_of(sources, &name).await?;
        Some((name, kind))
    });
    let found: Vec<Option<_>> = stream::iter(opened).buffered(SEGMENTS_AT_ONCE).collect().await;
    found.into_iter().flatten().collect()
}

async fn kind_of(sources: &Sources<'_>, name: &SegmentName) -> Option<Kind> {
    let (plain, _, _) = segments::segment(sources, name, &Silent).await.ok()?;
    Segment::parse(&plain).ok().map(|parsed| parsed.header.kind)
}

async fn next_chain(sources: &Sources<'_>, route: &Route, moment: UnixMillis) -> Option<Gap> {
    let points = sources.survey.points();
    let later = points
        .iter()
        .filter(|point| moment_of(point).is_some_and(|taken| taken.0 + 999 > moment.0));
    for point in later.take(LATER_OPENED) {
        let Ok(manifest) = manifests::of_point(sources, point, &mut Vec::new()).await else {
            continue;
        };
        if manifest.taken_at <= moment {
            continue;
        }
        return (manifest.chain != route.manifest.chain).then(|| Gap::NewChain {
            before: (route.end, route.end_at),
            point: point.clone(),
            chain: manifest.chain,
            at: manifest.taken_at,
        });
    }
    None
}
