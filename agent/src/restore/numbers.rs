//! Which chain a commit's number means. Every chain counts from one, so that a number alone may mean several moments:
//! then nobody guesses.
//! Of points that follow each other on one chain it opens a few: their commits only grow. Where it meets anything else
//! it opens every manifest.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::Manifest,
    time::UnixMillis,
};

use super::{
    Next, Refused, Request, Sources, acknowledged,
    beside::{Beside, State},
    foreign,
    goal::Before,
    index::{Index, Unread},
    later, named_chain, unopened,
    wanted::seen_at,
};

/// Chains that are named in one sentence.
const CHAINS_TOLD: usize = 8;
/// Points that are named one by one where the restore needs none of them.
const DAMAGED_TOLD: usize = 3;

/// How far a chain can be restored.
#[derive(Clone, Debug)]
struct Reach {
    first: CommitNumber,
    last: CommitNumber,
}

/// What a number means.
pub(super) struct Meant {
    pub chain: ChainId,
    /// What else there is that may be meant.
    pub notes: Vec<String>,
    /// Whether that may be a later state of the same shop.
    pub may_be_newer: bool,
}

/// The one chain that holds this commit, and what else of that number there is.
///
/// # Errors
/// [`Refused`], with every chain that may be meant, or with what there is instead.
pub(super) async fn chain_of(
    request: &Request,
    sources: &Sources<'_>,
    index: &mut Index<'_>,
    commit: CommitNumber,
) -> Result<Meant, Refused> {
    if !narrow(sources, index, commit).await {
        open_all(index).await;
    }
    let reaches = reaches(request, sources, index);
    let holding: Vec<&ChainId> = reaches
        .iter()
        .filter(|(_, reach)| (reach.first..=reach.last).contains(&commit))
        .map(|(chain, _)| chain)
        .collect();
    match holding.as_slice() {
        [chain] => {
            let begins =
                |(_, manifest): &(usize, &Manifest)| manifest.chain == **chain && manifest.commit <= commit;
            let newest = index.placed().find(begins).map(|(at, _)| at);
            let newer = foreign::newer(request, index, chain);
            let may_be_newer = !newer.is_empty();
            let mut notes = foreign::also_holding(request, sources, index, commit);
            notes.extend(newer);
            notes.extend(damaged(request, sources, index));
            index.skip(newest.unwrap_or(0));
            Ok(Meant {
                chain: (*chain).clone(),
                notes,
                may_be_newer,
            })
        }
        [] => {
            let foreign = foreign::refuse_commit(request, sources, index, commit);
            let named = || named_chain::refusal(request, sources, index, None);
            Err(match foreign.or_else(named) {
                Some(refused) => refused,
                None => unreachable((request, sources), index, &reaches, commit).await,
            })
        }
        several => {
            let seen = |chain: &ChainId| (chain.clone(), moment(sources, index, chain, commit));
            Err(Refused {
                reason: format!(
                    "commit {commit} is in {} chains, at different moments",
                    several.len()
                ),
                next: Next::Which(commit, several.iter().map(|chain| seen(chain)).collect()),
            })
        }
    }
}

/// What was there and is no more as it was, though what is asked for is had without it.
fn damaged(request: &Request, sources: &Sources<'_>, index: &Index<'_>) -> Vec<String> {
    let was_there =
        |point| request.known.contains_key(point) || !sources.survey.manifests_of(point).is_empty();
    let unread = index.unread_points().filter(|(point, _)| was_there(point));
    let damaged = unread.filter(|(_, unread)| matches!(unread, Unread::Damaged(_)));
    damaged
        .map(|(_, unread)| unread.told().to_owned())
        .take(DAMAGED_TOLD)
        .collect()
}

async fn open_all(index: &mut Index<'_>) {
    let mut at = 0;
    while index.get(at).await.is_some() {
        at += 1;
    }
}

/// Opens the ends of every chain's points and those beside the commit, by halving; whether that tells everything. It
/// does not where a manifest does not read, numbers fall, or commits of a chain without an opened point may be meant.
async fn narrow(sources: &Sources<'_>, index: &mut Index<'_>, commit: CommitNumber) -> bool {
    let Some(oldest) = index.points().len().checked_sub(1) else {
        return false;
    };
    let mut stretches = vec![(0, oldest)];
    while let Some((new, old)) = stretches.pop() {
        let (Some(newer), Some(older)) = (standing(index, new).await, standing(index, old).await) else {
            return false;
        };
        let is_one_chain = newer.0 == older.0;
        if is_one_chain && newer.1 < older.1 {
            return false;
        }
        let holds_it = (older.1..newer.1).contains(&commit);
        if old - new > 1 && (holds_it || !is_one_chain) {
            let middle = new.midpoint(old);
            stretches.extend([(new, middle), (middle, old)]);
        }
    }
    let opened: BTreeSet<&ChainId> = index.opened().map(|manifest| &manifest.chain).collect();
    let all = sources.survey.all_segments();
    let mut strangers = all.keys().filter(|name| !opened.contains(&name.chain));
    !strangers.any(|name| (name.first..=name.last).contains(&commit))
}

/// Chain and commit of the `at`-th newest point.
async fn standing(index: &mut Index<'_>, at: usize) -> Option<(ChainId, CommitNumber)> {
    let manifest = index.probe(at).await?.found.as_ref().ok()?;
    Some((manifest.chain.clone(), manifest.commit))
}

fn reaches(request: &Request, sources: &Sources<'_>, index: &Index<'_>) -> BTreeMap<ChainId, Reach> {
    let mut reaches: BTreeMap<ChainId, Reach> = BTreeMap::new();
    let points = index.opened().map(|manifest| (&manifest.chain, manifest.commit));
    for (chain, commit) in points.filter(|(chain, _)| request.is_of_chain(chain)) {
        let reach = reaches.entry(chain.clone()).or_insert(Reach {
            first: commit,
            last: commit,
        });
        reach.first = reach.first.min(commit);
        reach.last = reach.last.max(commit);
    }
    for name in sources.survey.all_segments().keys() {
        if let Some(reach) = reaches.get_mut(&name.chain) {
            reach.last = reach.last.max(name.last);
        }
    }
    reaches
}

/// When the agent saw the commit, as well as names tell.
fn moment(sources: &Sources<'_>, index: &Index<'_>, chain: &ChainId, commit: CommitNumber) -> UnixMillis {
    let segments = sources.survey.segments(chain);
    let holding = segments
        .iter()
        .find(|name| (name.first..=name.last).contains(&commit));
    let points = index
        .opened()
        .filter(|manifest| manifest.chain == *chain && manifest.commit >= commit);
    let point = points.map(|manifest| manifest.taken_at).min();
    holding
        .map(|name| name.last_at)
        .or(point)
        .unwrap_or(UnixMillis(0))
}

/// Where the chains end that can be restored.
fn last_ones(reaches: &BTreeMap<ChainId, Reach>) -> String {
    let told: Vec<String> = reaches
        .iter()
        .take(CHAINS_TOLD)
        .map(|(chain, reach)| format!("{} of the chain {chain}", reach.last))
        .collect();
    match reaches.values().next() {
        Some(reach) if told.len() == 1 => format!("the last one there is {}", reach.last),
        _ => format!("the last ones there are {}", told.join(", ")),
    }
}

async fn unreachable(
    (request, sources): (&Request, &Sources<'_>),
    index: &Index<'_>,
    reaches: &BTreeMap<ChainId, Reach>,
    commit: CommitNumber,
) -> Refused {
    let newest = index
        .opened()
        .find_map(|manifest| Some((&manifest.chain, reaches.get(&manifest.chain)?)));
    let having = acknowledged::unheard_with(request, sources, |chain| request.is_of_chain(chain), commit);
    let having = having.map(|told| format!("; {told}"));
    let beside = |chain: &ChainId, found: CommitNumber, at: UnixMillis| {
        // Of which chain the number was meant nobody can say.
        if reaches.len() > 1 {
            return None;
        }
        let asked = State::new(chain, commit, seen_at(sources, chain, commit));
        Beside::of(&asked, &State::new(chain, found, Some(at)))
    };
    match newest {
        Some((chain, reach)) if reach.last < commit => Refused {
            reason: format!(
                "commit {commit} is {}: {}{}",
                sources.survey.nowhere(),
                last_ones(reaches),
                having.unwrap_or_default()
            ),
            next: Next::Commit {
                chain: chain.clone(),
                commit: reach.last,
                at: Some(moment(sources, index, chain, reach.last)),
                beside: beside(chain, reach.last, moment(sources, index, chain, reach.last)),
            },
        },
        Some((chain, reach)) => {
            let (found, faults) = later::than_commit(request, sources, (chain, commit)).await;
            let mut reasons = vec![format!(
                "commit {commit} cannot be reached: the oldest point of the newest chain stands at commit {}{}",
                reach.first,
                index.locked().map_or_else(String::new, |ids| format!(
                    " with this key; others were encrypted to {ids}, and the key of that time opens them"
                ))
            )];
            reasons.extend(faults);
            let next = found.map_or(Next::Nothing, |found| {
                let (at, commit) = (found.manifest.taken_at, found.manifest.commit);
                Next::Commit {
                    chain: chain.clone(),
                    commit,
                    at: Some(at),
                    beside: beside(chain, commit, at),
                }
            });
            Refused {
                reason: reasons.join("; "),
                next,
            }
        }
        None => unopened::none_opens(request, sources, index, &Before::of_all(index), None),
    }
}
