//! The newest restore points there are and what their manifests say, for whoever looks for one of a kind among them.
//! What does not open is passed over: it judges nothing by that.

use futures_util::stream::{self, Stream, StreamExt};
use protocol::{manifest::Manifest, object_key::PointId};

use super::{Sources, manifests};

/// Manifests that are opened at the same time.
const AT_ONCE: usize = 8;

/// The newest first, and no more than these.
pub(super) fn points(sources: &Sources<'_>, most: usize) -> Vec<PointId> {
    sources.survey.points().into_iter().rev().take(most).collect()
}

/// The manifests of those of them that open, in their order.
pub(super) fn manifests(sources: &Sources<'_>, points: Vec<PointId>) -> impl Stream<Item = Manifest> {
    let opening = points.into_iter().map(move |point| async move {
        let manifest = manifests::of_point(sources, &point, &mut Vec::new()).await;
        manifest.ok()
    });
    stream::iter(opening)
        .buffered(AT_ONCE)
        .filter_map(std::future::ready)
}
