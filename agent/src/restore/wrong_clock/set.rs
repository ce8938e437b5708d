//! What was there by a moment on the clock as it was set later, or as it was for most of the time, where that is something else
//! than by the dates as they were written. By the dates alone a clock that was set while nobody committed is a quiet shop.
//! It opens what this machine does not know, and says nothing of which clock was right.

use std::time::Duration;

use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::{ClockStep, Manifest},
    time::UnixMillis,
};

use super::{
    dated_later::nearest_unknown,
    eras::{Dates, Other, Side},
    unknown,
};
use crate::restore::{
    Request, Sources,
    search::{self, Route},
};

/// What the owner is told of it.
pub(super) async fn told(
    request: &Request,
    sources: &Sources<'_>,
    route: &Route,
    moment: UnixMillis,
) -> Option<String> {
    let chain = &route.manifest.chain;
    let dates = dates(request, sources, &route.manifest, moment).await;
    let by_then = route.segments.iter().rfind(|name| name.last_at <= moment);
    let given = by_then.map_or(route.manifest.commit, |name| name.last);
    dates
        .by_another_clock(moment, given)
        .map(|other| in_words(&other, chain))
}

/// The last commit that was there by a moment on the clock as it was set later, of the chain of this point; `None` where it never
/// was set, or nothing was there yet.
pub(super) async fn by_the_last(
    request: &Request,
    sources: &Sources<'_>,
    manifest: &Manifest,
    moment: UnixMillis,
) -> Option<CommitNumber> {
    let dates = dates(request, sources, manifest, moment).await;
    dates.by_the_last_clock(moment)
}

/// Those of the chain of a point.
async fn dates(request: &Request, sources: &Sources<'_>, manifest: &Manifest, moment: UnixMillis) -> Dates {
    let mut dated = vec![(manifest.commit, manifest.taken_at)];
    let segments = sources.survey.segments(&manifest.chain);
    dated.extend(segments.into_iter().map(|name| (name.last, name.last_at)));
    let steps = steps(request, sources, manifest, moment).await;
    Dates::of(dated, &steps, request.now)
}

/// By this machine, where it followed the chain; else by the manifest that knows of the most commits. One source alone: what it
/// has summed up since is told apart in an older one.
async fn steps(
    request: &Request,
    sources: &Sources<'_>,
    manifest: &Manifest,
    moment: UnixMillis,
) -> Vec<ClockStep> {
    let chain = &manifest.chain;
    let here = request.clock_steps.get(chain);
    let follows = request.seen.as_ref().is_some_and(|(seen, _)| seen == chain);
    if here.is_some() || follows {
        return here.cloned().unwrap_or_default();
    }
    let mut opened = vec![manifest.clone()];
    opened.extend(nearest_unknown(request, sources, moment).await);
    if let Some(newest) = sources.survey.points().last() {
        opened.extend(unknown(request, sources, newest).await);
    }
    let known = request.known.values().map(|known| &known.manifest);
    let of_chain = known.chain(&opened).filter(|manifest| manifest.chain == *chain);
    let latest = of_chain.max_by_key(|manifest| manifest.commit);
    latest.map_or_else(Vec::new, |manifest| manifest.clock_steps.clone())
}

fn in_words(other: &Other, chain: &ChainId) -> String {
    // The two clocks are not read at the same instant.
    let by = search::told(Duration::from_secs((other.by_ms.unsigned_abs() + 500) / 1_000));
    let set = match other.by_ms > 0 {
        true => format!("set forward by {by}, or the machine stood still for that long"),
        false => format!("set back by {by}"),
    };
    let wrong = match other.wrong {
        Side::Before => "was wrong before",
        Side::After => "was wrong from then on",
    };
    let state = match other.commit {
        Some(commit) => format!(
            "the last commit by that moment is {commit}. What is given goes by the dates as they were written; --chain {chain} \
             --commit {commit} gives the other state"
        ),
        None => "nothing of this chain that can be restored was there yet by that moment. What is given goes by the dates as \
                 they were written"
            .to_owned(),
    };
    format!(
        "after commit {} this server's clock was {set}: if it {wrong}, {state}",
        other.after
    )
}
