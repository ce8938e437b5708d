//! Commits to which no restore point leads: whoever takes the end of what there is for the end of what there was would
//! lose them in silence.
//! It opens a few segments to see that they are real, and follows none.

use std::collections::BTreeSet;

use protocol::{chain::ChainId, object_key::SegmentName, time::UnixMillis};

use super::{
    Request, Sources, fetch,
    goal::{Goal, ahead_of},
    index::Index,
    segments,
};
use crate::backup::survey::moment_of;

/// Segments of a chain without a point that are opened to see whether they are real.
const STRANGERS_OPENED: usize = 3;
/// Points after a moment that are opened to see which chain begins there.
const LATER_OPENED: usize = 8;

/// Commits of another chain, later than all that can be had, to which no point leads.
pub(super) async fn beyond(
    request: &Request,
    sources: &Sources<'_>,
    index: &Index<'_>,
    goal: &Goal,
    end_at: UnixMillis,
) -> Option<String> {
    let ahead = ahead_of(request.now);
    let until = request.selection.moment().unwrap_or(ahead);
    let opened: BTreeSet<&ChainId> = index.opened().map(|manifest| &manifest.chain).collect();
    let all = sources.survey.all_segments();
    let later: Vec<&SegmentName> = all
        .keys()
        .filter(|name| !opened.contains(&name.chain) && (end_at.0 + 1..=until.0).contains(&name.last_at.0))
        .filter(|name| name.chain != goal.chain)
        .collect();
    for name in later.iter().rev().take(STRANGERS_OPENED) {
        // A name is only a promise, and anybody's.
        let is_real = segments::segment(sources, name).await.is_ok();
        if is_real && !begins_later(request, sources, &name.chain).await {
            return Some(format!(
                "commits of another chain, {}, until commit {} of a later moment are there, and no restore point that \
                 leads to them",
                name.chain, name.last
            ));
        }
    }
    None
}

/// Whether a chain's first point was only taken after the moment that is wanted: then nothing of it can be had for that
/// moment, and nothing is damaged.
async fn begins_later(request: &Request, sources: &Sources<'_>, chain: &ChainId) -> bool {
    let Some(moment) = request.selection.moment() else {
        return false;
    };
    let points = sources.survey.points();
    let later = points
        .iter()
        .filter(|point| moment_of(point).is_some_and(|taken| taken.0 + 999 > moment.0));
    for point in later.take(LATER_OPENED) {
        let manifest = fetch::manifest(sources, point, &mut Vec::new()).await;
        if manifest.is_ok_and(|manifest| manifest.chain == *chain) {
            return true;
        }
    }
    false
}
