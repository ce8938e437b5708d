//! Whether what is given for a moment holds more than a restore point that is dated after it: then the clock was wrong when one
//! of the two was dated.
//! It judges neither date, and chooses nothing.

use protocol::{manifest::Manifest, time::UnixMillis};

use super::{SLEWED_MAX, unknown};
use crate::{
    backup::survey::moment_of,
    restore::{
        Request, Sources, goal,
        search::{self, Route},
    },
};

/// What the owner is told of the one that holds most of what was there before; nothing where no moment was asked for.
pub(super) async fn told(
    request: &Request,
    sources: &Sources<'_>,
    route: &Route,
    moment: UnixMillis,
) -> Option<String> {
    let ahead = goal::ahead_of(request.now);
    let is_before = |manifest: &Manifest| {
        let is_later = manifest.taken_at.since(moment) >= SLEWED_MAX && manifest.taken_at <= ahead;
        is_later && manifest.chain == route.manifest.chain && manifest.commit < route.end
    };
    let nearest = nearest_unknown(request, sources, moment).await;
    let known = request.known.values().map(|known| &known.manifest);
    let before = known.chain(nearest.as_ref()).filter(|it| is_before(it));
    let last = before.max_by_key(|manifest| manifest.commit)?;
    Some(format!(
        "the restore point {point}, after commit {}, is dated {} after that moment, and what is given comes after it: the clock was \
         wrong for a while then, and what is given may hold commits that were not there by that moment. --point {point} gives \
         the state before",
        last.commit,
        search::told(last.taken_at.since(moment)),
        point = last.point
    ))
}

/// The first point after the moment, by the names, where this machine does not know it: one request.
pub(super) async fn nearest_unknown(
    request: &Request,
    sources: &Sources<'_>,
    moment: UnixMillis,
) -> Option<Manifest> {
    let points = sources.survey.points();
    let mut later = points
        .iter()
        .filter(|point| moment_of(point).is_some_and(|taken| taken > moment));
    unknown(request, sources, later.next()?).await
}
