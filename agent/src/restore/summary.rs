//! What the owner was told in a summary, held against what the remotes say now.
//! It reads no object: names and listings are enough.

use protocol::{manifest::Manifest, object_key, time::UnixMillis};

use super::{Sources, goal::Goal};
use crate::backup::{anchor::Anchor, survey::moment_of};

/// What the owner was told in a summary must still be so: who put a remote back to an older state contradicts it.
pub(super) fn hold_to(
    anchor: &Anchor,
    sources: &Sources<'_>,
    goal: &mut Goal,
    begin: &Manifest,
    by: Option<UnixMillis>,
) {
    let taken = moment_of(&anchor.point);
    if taken.zip(by).is_some_and(|(taken, by)| taken > by) {
        return;
    }
    let listed = sources.survey.manifests_of(&anchor.point);
    let name = object_key::manifest(&anchor.point, &anchor.digest);
    if !listed.is_empty() && !listed.contains(name.as_str()) {
        goal.lost.push(format!(
            "the summary names {name}, and the remotes hold another manifest of that point: somebody wrote another history \
             there"
        ));
    } else if listed.is_empty() && anchor.chain != goal.chain && begin.point < anchor.point {
        goal.lost.push(format!(
            "the summary names {name}, which is on no remote that answers: they were put back to an older state, and end \
             with {}",
            begin.point
        ));
    } else if anchor.chain == goal.chain {
        if listed.is_empty() {
            goal.notes.push(format!(
                "the summary names {name}, which is on no remote that answers"
            ));
        }
        goal.floor = goal.floor.max(anchor.commit);
    }
}
