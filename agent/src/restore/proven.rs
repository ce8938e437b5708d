//! The end of a chain that only names claim: anybody who may write on a remote can invent a later segment, and a machine
//! without the agent's state cannot doubt its name. What opens, is signed and is what it says proves all before it; what
//! lies behind the last such segment is nothing, or was altered and is lost either way.
//! It takes out nothing that anything speaks for: a point, this server's memory or a summary. What a remote that does not
//! answer may hold is said.

use std::collections::BTreeSet;

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::SegmentName,
};

use super::{
    Request, Sources,
    avoid::Avoid,
    segments::{self, Proof},
    unheard,
};

/// Segments that are opened in search of one that is whole. Behind more of them than this nothing is decided.
const OPENED_MAX: usize = 200;
/// Of those that prove nothing so many are named.
const TOLD_MAX: usize = 3;

/// Takes the names behind the last whole segment of a chain out of what is promised; whether there were any.
pub(super) async fn take_out(
    request: &Request,
    sources: &Sources<'_>,
    (chain, begin): (&ChainId, CommitNumber),
    avoid: &mut Avoid,
) -> bool {
    // Who rehearses wants to hear of everything.
    if request.newest_only {
        return false;
    }
    let known = known_through(request, chain).max(begin);
    let names = avoid.promised(sources.survey, chain);
    let Some(tail) = behind_the_last(sources, names, known).await else {
        return false;
    };
    let is_locked = !tail.locked.is_empty();
    if let Some(why) = tail.of_earlier() {
        let told = format!(
            "not restored, of the chain {chain} after commit {}: {why}",
            tail.end
        );
        avoid.unproven(tail.earlier.iter().cloned().collect(), told);
        avoid.may_be_newer = true;
    }
    if !tail.told.is_empty() {
        let told = sentence(&tail.told, tail.end, is_locked) + &unheard::may_hold_more(sources);
        avoid.unproven(tail.names, told);
        avoid.may_be_newer |= is_locked || sources.is_partial();
    }
    true
}

/// What lies behind the last segment that opens.
pub struct Tail {
    /// The names of what is nothing, or is sealed to another key.
    pub names: Vec<SegmentName>,
    /// Those of them that are sealed to another key.
    pub locked: BTreeSet<SegmentName>,
    /// Those of them that an earlier server signed after the shop had left it: they are whole, and of another history.
    pub earlier: BTreeSet<SegmentName>,
    /// What is said of the latest of those.
    earlier_told: Option<String>,
    /// What is wrong with each of them.
    told: Vec<String>,
    /// The last commit that something shows.
    end: CommitNumber,
}

/// What of these segments of one chain lies behind the last one that opens, and after a commit that is known; `None` when
/// there is nothing, or it cannot be told.
pub async fn behind_the_last(
    sources: &Sources<'_>,
    names: BTreeSet<SegmentName>,
    known: CommitNumber,
) -> Option<Tail> {
    let mut names: Vec<SegmentName> = names.into_iter().collect();
    names.sort_by_key(|name| (name.last, name.first));
    let mut tail = Tail {
        names: Vec::new(),
        locked: BTreeSet::new(),
        earlier: BTreeSet::new(),
        earlier_told: None,
        told: Vec::new(),
        end: known,
    };
    names.reverse();
    let mut place = 0;
    while let Some(name) = names.get(place).filter(|name| name.last > known).cloned() {
        place += 1;
        match segments::proof(sources, &name).await {
            Proof::Whole { .. } => {
                tail.end = name.last;
                break;
            }
            Proof::Nothing(_) | Proof::Locked(_) if tail.names.len() == OPENED_MAX => return None,
            Proof::Nothing(why) => {
                tail.told.push(why);
                tail.names.push(name);
            }
            Proof::Locked(why) => {
                tail.told.push(why);
                tail.locked.insert(name.clone());
                tail.names.push(name);
            }
            // Of its own chain it is what that server wrote after the shop had left it.
            Proof::Foreign(stranger) if stranger.is_earlier => {
                tail.earlier_told.get_or_insert(stranger.why);
                let end = place - 1 + segments::foreign_ones(sources, &names[place - 1..]).await;
                let theirs = names[place - 1..end].iter().filter(|name| name.last > known);
                tail.earlier.extend(theirs.cloned());
                place = end;
            }
            Proof::Foreign(_) | Proof::Unknown => return None,
        }
    }
    let is_any = !tail.names.is_empty() || !tail.earlier.is_empty();
    is_any.then_some(tail)
}

impl Tail {
    /// What is said of those that an earlier server signed.
    #[must_use]
    pub fn of_earlier(&self) -> Option<&str> {
        self.earlier_told.as_deref()
    }
}

/// What is known of the chain without any name.
fn known_through(request: &Request, chain: &ChainId) -> CommitNumber {
    let points = request.known.values().map(|known| &known.manifest);
    let points = points.map(|manifest| (&manifest.chain, manifest.commit));
    let seen = request.seen.iter().map(|(chain, commit)| (chain, *commit));
    let anchor = request.anchor.iter().map(|anchor| (&anchor.chain, anchor.commit));
    let all = points.chain(seen).chain(anchor);
    let of_chain = all.filter(|(of, _)| *of == chain).map(|(_, commit)| commit);
    of_chain.max().unwrap_or(CommitNumber::FIRST)
}

fn sentence(told: &[String], end: CommitNumber, is_locked: bool) -> String {
    let first: Vec<&str> = told.iter().take(TOLD_MAX).map(String::as_str).collect();
    let more = match told.len() {
        count if count > TOLD_MAX => format!("; and {} more", count - TOLD_MAX),
        _ => String::new(),
    };
    if is_locked {
        return format!(
            "NOT PROVEN, and not restored: {}{more}. Nothing that opens shows that there was any commit after {end}. IT MAY BE \
             NEWER than what you get: if a key of yours is named there, restore with that one: \
             --key FILE",
            first.join("; ")
        );
    }
    format!(
        "NOT PROVEN, and not restored: {}{more}. Nothing that opens shows that there was any commit after {end}: either \
         these were altered since the agent wrote them, and their commits are lost unless an intact copy is elsewhere, or \
         somebody invented their names",
        first.join("; ")
    )
}
