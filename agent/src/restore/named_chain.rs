//! Why nothing of the chain that was named can be had, where that lies with the chain: there is none of that name, or no
//! full backup leads into it; and which chains there are.
//! It says nothing where a point of the chain opens, or an agent that is not known here has one.

use std::collections::BTreeMap;

use protocol::{
    chain::{ChainId, CommitNumber},
    time::UnixMillis,
};

use super::{
    Refused, Request, Sources,
    goal::nothing,
    index::{Index, Unread},
};

/// Chains, and points that do not open, that are named in one sentence.
const TOLD_MAX: usize = 8;
const UNREAD_TOLD: usize = 3;

/// By the points that were opened so far; `by` is the moment from before which they are.
pub(super) fn refusal(
    request: &Request,
    sources: &Sources<'_>,
    index: &Index<'_>,
    by: Option<UnixMillis>,
) -> Option<Refused> {
    let beginning = request.chain.as_ref()?;
    let is_opened = index
        .opened()
        .any(|manifest| request.is_of_chain(&manifest.chain));
    if is_opened || index.foreign().any(|one| request.is_of_chain(&one.chain)) {
        return None;
    }
    let mut reason = what(request, sources, beginning, by);
    let told: Vec<&str> = index.unread().map(Unread::told).take(UNREAD_TOLD).collect();
    if !told.is_empty() {
        reason = format!(
            "{reason}. Whether it is of that chain nobody can say: {}",
            told.join("; ")
        );
    }
    let chains = chains(sources, index);
    if !chains.is_empty() {
        reason = format!("{reason}. What there is: {}", chains.join(", "));
    }
    Some(nothing(sources, reason))
}

/// What is so of that chain.
fn what(request: &Request, sources: &Sources<'_>, beginning: &str, by: Option<UnixMillis>) -> String {
    let segments = sources.survey.all_segments();
    let mut of_chain = segments.keys().filter(|name| request.is_of_chain(&name.chain));
    if let Some(first) = of_chain.next() {
        let (chain, last) = (&first.chain, of_chain.map(|name| name.last).max());
        let when = by.map_or("", |_| " from before that moment");
        return format!(
            "of the chain {chain} there are single commits, until commit {}, and no full backup{when} that leads to them: nothing \
             can be restored from them alone",
            last.unwrap_or(first.last).max(first.last)
        );
    }
    match by {
        None => format!("no restore point here is of a chain whose name begins with {beginning}"),
        Some(_) => {
            format!(
                "no restore point from before that moment is of a chain whose name begins with {beginning}"
            )
        }
    }
}

/// Those of which a point opened, each with the commits that it may have.
fn chains(sources: &Sources<'_>, index: &Index<'_>) -> Vec<String> {
    let mut reaches: BTreeMap<&ChainId, (CommitNumber, CommitNumber)> = BTreeMap::new();
    for manifest in index.opened() {
        let reach = reaches
            .entry(&manifest.chain)
            .or_insert((manifest.commit, manifest.commit));
        *reach = (reach.0.min(manifest.commit), reach.1.max(manifest.commit));
    }
    let told = reaches.into_iter().take(TOLD_MAX).map(|(chain, (first, last))| {
        let segments = sources.survey.segments(chain);
        let last = segments
            .iter()
            .map(|name| name.last)
            .fold(last, CommitNumber::max);
        format!("the chain {chain} with commits {first} to {last}")
    });
    told.collect()
}
