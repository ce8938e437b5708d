//! Which chain a commit's number means. Every chain counts from one, so that a number alone may mean several moments:
//! then nobody guesses.
//! It opens every manifest, and no more.

use std::collections::BTreeMap;

use protocol::{
    chain::{ChainId, CommitNumber},
    time::UnixMillis,
};

use super::{Next, Refused, Request, Sources, goal::nothing, index::Index};

/// How far a chain can be restored.
#[derive(Clone, Debug)]
struct Reach {
    first: CommitNumber,
    last: CommitNumber,
}

/// The one chain that holds this commit.
///
/// # Errors
/// [`Refused`], with every chain that may be meant, or with what there is instead.
pub(super) async fn chain_of(
    request: &Request,
    sources: &Sources<'_>,
    index: &mut Index<'_>,
    commit: CommitNumber,
) -> Result<ChainId, Refused> {
    let reaches = reaches(request, sources, index).await;
    let holding: Vec<&ChainId> = reaches
        .iter()
        .filter(|(_, reach)| (reach.first..=reach.last).contains(&commit))
        .map(|(chain, _)| chain)
        .collect();
    match holding.as_slice() {
        [chain] => Ok((*chain).clone()),
        [] => Err(unreachable(sources, index, &reaches, commit)),
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

async fn reaches(
    request: &Request,
    sources: &Sources<'_>,
    index: &mut Index<'_>,
) -> BTreeMap<ChainId, Reach> {
    let mut at = 0;
    while index.get(at).await.is_some() {
        at += 1;
    }
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

fn unreachable(
    sources: &Sources<'_>,
    index: &Index<'_>,
    reaches: &BTreeMap<ChainId, Reach>,
    commit: CommitNumber,
) -> Refused {
    let newest = index
        .opened()
        .find_map(|manifest| Some((&manifest.chain, reaches.get(&manifest.chain)?)));
    match newest {
        Some((chain, reach)) if reach.last < commit => Refused {
            reason: format!(
                "commit {commit} is on no remote that answers: the last one there is {}",
                reach.last
            ),
            next: Next::Commit {
                chain: chain.clone(),
                commit: reach.last,
                at: Some(moment(sources, index, chain, reach.last)),
            },
        },
        Some((chain, reach)) => Refused {
            reason: format!(
                "commit {commit} cannot be reached: the oldest point of the newest chain stands at commit {}",
                reach.first
            ),
            next: Next::Commit {
                chain: chain.clone(),
                commit: reach.first,
                at: Some(moment(sources, index, chain, reach.first)),
            },
        },
        None => nothing(
            sources,
            "no restore point on the remotes that answer opens with this key and a known signer".to_owned(),
        ),
    }
}
