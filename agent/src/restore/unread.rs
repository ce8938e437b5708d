//! What a point above the state that is restored means for it, when its manifest cannot be read: something that is lost, or
//! nothing but a note.
//! What is known and cannot be read is never left out in silence.

use std::collections::BTreeMap;

use protocol::{
    manifest::Manifest,
    object_key::{self, PointId},
    time::UnixMillis,
};

use super::{
    Request, Sources,
    bare::{self, Claim},
    goal::{Before, Goal},
    index::Unread,
};
use crate::backup::survey::moment_of;

impl Goal {
    /// What a point that does not open means for it.
    fn heed(&mut self, claim: Claim, (point, told): (&PointId, &str)) {
        match claim {
            Claim::Nobodys(told) => self.notes.push(told),
            Claim::MayBeNewer(told) => {
                self.may_be_newer = true;
                self.notes.push(told);
            }
            Claim::Counts => self.lose(
                point,
                format!(
                    "the restore point {point} cannot be restored: {told}; nothing proves that an older one lacks no commit of it"
                ),
            ),
        }
    }

    /// The point held something that no way leads to.
    fn lose(&mut self, point: &PointId, told: String) {
        self.lost.push(told);
        self.lost_at = self.lost_at.max(moment_of(point));
    }
}

/// Takes the points of agents that the owner did not name out of what was met, and tells of them once: the owner has said
/// whose are meant.
pub(super) fn pass_over(request: &Request, goal: &mut Goal, before: &mut Before, end_at: UnixMillis) {
    if !request.is_agent_named {
        return;
    }
    let is_others = |(point, unread): &mut (PointId, Unread)| {
        matches!(unread, Unread::NotOurs(..)) && !request.known.contains_key(point)
    };
    let others: Vec<(PointId, Unread)> = before.unread.extract_if(.., is_others).collect();
    let Some((newest, unread)) = others.iter().max_by_key(|(point, _)| point) else {
        return;
    };
    let which = match others.len() {
        1 => format!("the restore point {newest} is another agent's"),
        count => format!("{count} restore points, the newest {newest}, are another agent's"),
    };
    goal.may_be_newer |= moment_of(newest).is_some_and(|taken| taken > end_at);
    goal.notes
        .push(format!("{which}, and not restored: {}", unread.told()));
}

/// Takes the points that an earlier server signed after the shop had left it out of what was met, and tells of each such
/// server once: they are of another history for certain.
pub(super) fn leave_behind(request: &Request, goal: &mut Goal, before: &mut Before) {
    let is_earlier = |(point, unread): &mut (PointId, Unread)| {
        unread.foreign().is_some_and(|foreign| foreign.is_earlier) && !request.known.contains_key(point)
    };
    let earlier: Vec<(PointId, Unread)> = before.unread.extract_if(.., is_earlier).collect();
    let mut by_server: BTreeMap<&str, (usize, &(PointId, Unread))> = BTreeMap::new();
    for one in &earlier {
        let signer = one.1.foreign().map_or("", |foreign| foreign.signer.as_str());
        let entry = by_server.entry(signer).or_insert((0, one));
        entry.0 += 1;
        if one.0 > entry.1.0 {
            entry.1 = one;
        }
    }
    goal.may_be_newer |= !earlier.is_empty() && request.known.is_empty();
    for (count, (newest, unread)) in by_server.into_values() {
        let which = match count {
            1 => format!("the restore point {newest}"),
            count => format!("{count} restore points, the newest {newest}"),
        };
        goal.notes
            .push(format!("not restored: {which}: {}", unread.told()));
    }
}

/// Whether a newer point that cannot be read held something that no way leads to.
pub(super) async fn weigh(
    request: &Request,
    sources: &Sources<'_>,
    goal: &mut Goal,
    (point, unread): (&PointId, Unread),
    (begin, end_at): (&Manifest, UnixMillis),
) {
    let told = unread.told().to_owned();
    let known = request.known.get(point).map(|known| &known.manifest);
    match (unread, known) {
        (Unread::Misnamed(_), _) => goal.notes.push(told),
        (_, Some(known)) if known.chain == goal.chain => {
            goal.floor = goal.floor.max(known.commit);
            goal.notes.push(told);
        }
        (_, Some(_)) if request.chain.is_some() => goal.notes.push(told),
        // What was there then is followed by what is restored.
        (_, Some(known)) if known.taken_at < end_at => goal.notes.push(told),
        (_, Some(known)) => goal.lose(
            point,
            format!(
                "the point {point}, which begins the chain {}, cannot be used: {told}",
                known.chain
            ),
        ),
        // It was sealed for the owner, and this server took it not: who took it is the owner's to judge.
        (Unread::NotOurs(..), None) if bare::would_be_known(request, point) => {
            goal.may_be_newer |= request.chain.is_none();
            goal.notes.push(format!(
                "NOT PROVEN, and not restored: the restore point {point}, which this server did not take: {told}. Where that agent \
                 is yours, IT MAY BE NEWER than what you get"
            ));
        }
        (_, None) if let Some(claim) = bare::unsupported(request, sources, (point, &told)) => {
            goal.heed(claim, (point, &told));
        }
        (_, None) if request.chain.is_some() => goal.notes.push(told),
        (Unread::Damaged(_), None) if is_same_chain(sources, goal, point, begin, end_at) => {
            goal.notes.push(told);
        }
        // It was sealed for the owner: who signed it is the owner's to judge.
        (Unread::NotOurs(..), None) => goal.lose(
            point,
            format!("the restore point {point} cannot be restored: {told}"),
        ),
        (_, None) => {
            let claim = bare::claim(request, sources, (point, &told), (begin, end_at)).await;
            goal.heed(claim, (point, &told));
        }
    }
}

/// Whether a point that cannot be read is proven to lie on the goal's chain: the chain went on after it, or it is a
/// delta, which stands on a full point of its own chain.
fn is_same_chain(
    sources: &Sources<'_>,
    goal: &Goal,
    point: &PointId,
    begin: &Manifest,
    end_at: UnixMillis,
) -> bool {
    let goes_on = moment_of(point).is_some_and(|taken| end_at.0 > taken.0 + 1_000);
    let names = || sources.survey.holdings.iter().flat_map(|(_, names)| names.keys());
    let parts_in = |folder: &str| {
        names().any(|name| {
            name.starts_with(folder) && object_key::part(name).is_some_and(|(of, _)| of == *point)
        })
    };
    // Between the two no other full point may lie, on which the delta could stand.
    let others = names()
        .filter_map(|name| Some((name, object_key::part(name)?.0)))
        .filter(|(name, of)| name.starts_with(object_key::BASES) && *of > begin.point && of < point);
    let is_delta = parts_in(object_key::DELTAS) && !parts_in(object_key::BASES) && others.count() == 0;
    goal.lost.is_empty() && (goes_on || is_delta)
}
