//! A hole at the end of a chain: a segment is on no remote that answers, and a few later ones are. Segments travel a few
//! at a time, so that this is what a server leaves that dies while it sends: what lies behind the hole is left out, and
//! said so before anybody is asked.
//! It leaves out nothing when more lies behind the hole than travels at one time, or when anything shows that what is
//! missing had arrived: then it was lost since, and is told as that.

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::SegmentName,
    time::UnixMillis,
};

use super::{Request, Sources, avoid::Avoid, goal::Goal, replay};
use crate::backup::capture::SENT_AT_ONCE;

/// What is on a remote and leads nowhere, with what is missing before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The chain.
    pub chain: ChainId,
    /// The first commit that is missing.
    pub first: CommitNumber,
    /// The first one behind the hole.
    pub behind: CommitNumber,
    /// The last one that is there.
    pub last: CommitNumber,
    /// About when the agent saw it.
    pub last_at: UnixMillis,
    /// Configured remotes that were not asked, and may hold what is missing.
    pub unasked: Vec<String>,
    /// How many objects lie behind the hole.
    objects: usize,
}

/// Takes the names behind a hole at the end of the goal's chain out of what is promised; whether there were any.
pub(super) fn take_out(request: &Request, sources: &Sources<'_>, goal: &Goal, avoid: &mut Avoid) -> bool {
    // Who rehearses wants to hear of everything, and who is silent may hold what is missing.
    if request.newest_only || !sources.survey.silent.is_empty() {
        return false;
    }
    let Some(begin) = goal.begin else { return false };
    let promised = avoid.promised(sources.survey, &goal.chain);
    let way = replay::way((&promised, avoid.links()), &goal.chain, begin, goal.stop);
    let Some((before, behind)) = way.gap else {
        return false;
    };
    let first = before.next();
    // It is there, and follows something else.
    if behind == first {
        return false;
    }
    let behind: Vec<SegmentName> = promised.into_iter().filter(|name| name.first > first).collect();
    let arrived = arrived(request, &goal.chain).max(avoid.found(&goal.chain));
    if behind.len() >= SENT_AT_ONCE || arrived.is_some_and(|commit| commit >= first) {
        return false;
    }
    let found = of((&goal.chain, first), &behind, &sources.survey.unasked);
    let is_some = found.is_some();
    if let Some(left_out) = found {
        let told = left_out.to_string();
        avoid.leave_out(behind, left_out, told);
    }
    is_some
}

fn of(
    (chain, first): (&ChainId, CommitNumber),
    behind: &[SegmentName],
    unasked: &[String],
) -> Option<LeftOut> {
    let last = behind.iter().max_by_key(|name| name.last)?;
    Some(LeftOut {
        chain: chain.clone(),
        first,
        behind: behind.iter().map(|name| name.first).min()?,
        last: last.last,
        last_at: last.last_at,
        unasked: unasked.to_vec(),
        objects: behind.len(),
    })
}

/// The newest commit of the chain of which anything says that it was on a remote, by whatever way it came there.
fn arrived(request: &Request, chain: &ChainId) -> Option<CommitNumber> {
    let points = request.known.values().map(|known| &known.manifest);
    let points = points.map(|manifest| (&manifest.chain, manifest.commit));
    let sent = request.arrived.iter().map(|one| (&one.chain, one.commit));
    let anchor = request.anchor.iter().map(|anchor| (&anchor.chain, anchor.commit));
    let all = points.chain(sent).chain(anchor);
    all.filter(|(of, _)| *of == chain).map(|(_, commit)| commit).max()
}

impl LeftOut {
    /// The commits that are missing, in words.
    #[must_use]
    pub fn missing(&self) -> String {
        match self.first.next() == self.behind {
            true => format!("commit {}", self.first),
            false => format!("commits {} to {}", self.first, self.behind.get() - 1),
        }
    }
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (them, lead) = match self.objects {
            1 => ("a later object is".to_owned(), "leads"),
            count => (format!("{count} later objects are"), "lead"),
        };
        let is = match self.first.next() == self.behind {
            true => "is",
            false => "are",
        };
        let (missing, chain, last) = (self.missing(), &self.chain, self.last);
        if self.unasked.is_empty() {
            write!(
                f,
                "LEFT OUT: {missing} of the chain {chain} {is} on no remote that answers, although {them} there, through commit \
                 {last}, which {lead} nowhere without. So few travel at the same time, and nothing shows that what is missing \
                 ever arrived: a server that dies while it sends leaves this"
            )?;
        } else {
            write!(
                f,
                "LEFT OUT: {missing} of the chain {chain} {is} not on the remote that was asked, although {them} there, through \
                 commit {last}, which {lead} nowhere without: it may be on {}, not asked here",
                self.unasked.join(" or ")
            )?;
        }
        write!(
            f,
            ". The chain ends with commit {}, and what was paid and sold after that is not in it",
            self.first.get() - 1
        )
    }
}
