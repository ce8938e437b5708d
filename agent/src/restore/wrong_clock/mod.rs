//! What the owner is told of a moment whose state goes by dates of a clock that was wrong: by what is known of when it was set,
//! else by the dates themselves.
//! It judges no clock, and chooses nothing: what is given goes by the dates as they were written.

use std::time::Duration;

use protocol::{chain::CommitNumber, manifest::Manifest, object_key::PointId, time::UnixMillis};

use super::{Request, Sources, Stop, manifests, search::Route};

mod dated_later;
mod eras;
mod set;
mod set_back;

/// A clock that is kept right by small steps may go back by less than this.
const SLEWED_MAX: Duration = Duration::from_secs(2);

/// The last commit of the chain of this point that was there by a moment on the clock as it was set later; `None` where it was
/// not set, or nothing was there yet.
pub async fn by_the_last(
    request: &Request,
    sources: &Sources<'_>,
    manifest: &Manifest,
    moment: UnixMillis,
) -> Option<CommitNumber> {
    set::by_the_last(request, sources, manifest, moment).await
}

/// Nothing where no moment was asked for, and where nothing speaks against the clock.
pub(super) async fn told(request: &Request, sources: &Sources<'_>, route: &Route, stop: Stop) -> Vec<String> {
    let Stop::By { moment, .. } = stop else {
        return Vec::new();
    };
    if let Some(told) = set::told(request, sources, route, moment).await {
        return vec![told];
    }
    let dated_later = dated_later::told(request, sources, route, moment).await;
    dated_later
        .into_iter()
        .chain(set_back::told(route, moment))
        .collect()
}

/// What a point says of itself, where this machine does not know it: one request.
async fn unknown(request: &Request, sources: &Sources<'_>, point: &PointId) -> Option<Manifest> {
    match request.known.contains_key(point) {
        true => None,
        false => manifests::of_point(sources, point, &mut Vec::new()).await.ok(),
    }
}
