//! Restore points that open with the owner's key and were signed by an agent that is not known here: what they say of
//! themselves, so that an owner who set a server up anew reads exactly what lies there and how it is had.
//! Nothing of it is believed: it names, and promises nothing.

use std::collections::BTreeMap;

use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::Manifest,
    object_key::PointId,
    time::UnixMillis,
};

use super::{Next, Refused, Request, Sources, index::Index};

/// Agents that are named in one sentence.
const TOLD_MAX: usize = 5;

/// What a point of an agent that is not known says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// Whose key signed it.
    pub signer: String,
    /// The owner's word is all that is missing: the certificate is at hand.
    pub can_be_trusted: bool,
    /// It is one whose server the shop has left behind: what it signs is another history for certain.
    pub is_earlier: bool,
    pub point: PointId,
    pub chain: ChainId,
    pub commit: CommitNumber,
    pub taken_at: UnixMillis,
}

impl Foreign {
    pub(super) fn of(signer: &str, can_be_trusted: bool, manifest: Manifest) -> Self {
        Self {
            signer: signer.to_owned(),
            can_be_trusted,
            is_earlier: false,
            point: manifest.point,
            chain: manifest.chain,
            commit: manifest.commit,
            taken_at: manifest.taken_at,
        }
    }
}

/// Those that the owner's word would make one's own, each agent once, by its newest point.
fn by_agent<'f>(all: impl Iterator<Item = &'f Foreign>) -> Vec<(&'f Foreign, usize)> {
    let mut agents: BTreeMap<&str, (&Foreign, usize)> = BTreeMap::new();
    for one in all.filter(|one| one.can_be_trusted) {
        let entry = agents.entry(&one.signer).or_insert((one, 0));
        entry.1 += 1;
        if one.taken_at > entry.0.taken_at {
            entry.0 = one;
        }
    }
    let mut agents: Vec<_> = agents.into_values().collect();
    agents.sort_by_key(|(newest, _)| std::cmp::Reverse(newest.taken_at));
    agents.truncate(TOLD_MAX);
    agents
}

/// The refusal of what only agents that are not known here have; `None` where there is none of them.
pub(super) fn refusal<'f>(reason: &str, all: impl Iterator<Item = &'f Foreign>) -> Option<Refused> {
    let agents = by_agent(all);
    let told: Vec<String> = agents
        .iter()
        .map(|(newest, count)| {
            let points = match count {
                1 => "a restore point".to_owned(),
                count => format!("{count} restore points, the newest"),
            };
            format!(
                "the agent {}, which is not a known agent, has {points} {}, after commit {} of the chain {}",
                newest.signer, newest.point, newest.commit, newest.chain
            )
        })
        .collect();
    (!agents.is_empty()).then(|| Refused {
        reason: format!("{reason}. What is there opens with this key: {}", told.join("; ")),
        next: Next::Trust(agents.iter().map(|(newest, _)| newest.signer.clone()).collect()),
    })
}

/// Those in whose chains the commit is, as their points and the names of segments tell.
fn holding<'i>(
    request: &Request,
    sources: &Sources<'_>,
    index: &'i Index<'_>,
    commit: CommitNumber,
) -> Vec<&'i Foreign> {
    let is_meant = |one: &&Foreign| request.is_of_chain(&one.chain) && one.commit <= commit;
    let mut known: BTreeMap<&ChainId, bool> = BTreeMap::new();
    let mut reaches = |one: &&'i Foreign| {
        *known.entry(&one.chain).or_insert_with(|| {
            let segments = sources.survey.segments(&one.chain);
            let by_segments = segments.iter().any(|name| name.last >= commit);
            by_segments
                || index
                    .foreign()
                    .any(|other| other.chain == one.chain && other.commit >= commit)
        })
    };
    index
        .foreign()
        .filter(is_meant)
        .filter(|one| one.can_be_trusted && reaches(one))
        .collect()
}

/// The refusal of a commit that is in chains of such agents alone.
pub(super) fn refuse_commit(
    request: &Request,
    sources: &Sources<'_>,
    index: &Index<'_>,
    commit: CommitNumber,
) -> Option<Refused> {
    let reason = format!("commit {commit} is in no chain of an agent that is known here");
    refusal(&reason, holding(request, sources, index, commit).into_iter())
}

/// What is said where such an agent has a commit of this number too.
pub(super) fn also_holding(
    request: &Request,
    sources: &Sources<'_>,
    index: &Index<'_>,
    commit: CommitNumber,
) -> Vec<String> {
    if request.is_agent_named {
        return Vec::new();
    }
    let holding = holding(request, sources, index, commit).into_iter();
    let agents = by_agent(holding.filter(|one| !one.is_earlier));
    let told = agents.iter().map(|(newest, _)| {
        format!(
            "the chain {} has a commit {commit} too, of another moment: it is of the agent {}, which is not known here. If \
             that agent is yours, as of a server that was set up anew, and you mean that one: --trust {} --chain {} \
             --commit {commit}",
            newest.chain, newest.signer, newest.signer, newest.chain
        )
    });
    told.collect()
}

/// What is said where such an agent has points that are newer than all of the chain.
pub(super) fn newer(request: &Request, index: &Index<'_>, chain: &ChainId) -> Vec<String> {
    if request.is_agent_named {
        return Vec::new();
    }
    let own = index.opened().filter(|manifest| manifest.chain == *chain);
    let newest = own.map(|manifest| manifest.taken_at).max();
    // What a server that was left behind goes on to write is no newer state of the shop.
    let is_newer = |one: &&Foreign| !one.is_earlier && newest.is_some_and(|newest| one.taken_at > newest);
    let agents = by_agent(index.foreign().filter(is_newer));
    let told = agents.iter().map(|(newest, count)| {
        let (points, are) = match count {
            1 => (format!("the restore point {}", newest.point), "is"),
            count => (format!("{count} restore points, the newest {},", newest.point), "are"),
        };
        format!(
            "{points} of the agent {}, which is not known here, {are} newer than this chain's: where that agent is yours, as of a \
             server that was restored from this one, IT MAY BE NEWER than what you get: --latest --trust {}",
            newest.signer, newest.signer
        )
    });
    told.collect()
}
