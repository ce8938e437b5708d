//! Times in which the agent did not run or did not follow, by what this server remembers of itself.
//! Pure. It knows nothing of what was committed in those that are over.

use protocol::time::UnixMillis;

use super::gaps::{Gap, What};
use crate::{backup::capture::Unattended, store::samples::SLOT};

/// Slots that an agent may miss by being busy, or by its clock being set.
const SLOTS_MISSED_MAX: i64 = 2;

/// Adds those of which nothing else tells; what was looked at seldom tells of them less exactly.
pub(super) fn add<'a>(gaps: &mut Vec<Gap>, absences: impl Iterator<Item = &'a (UnixMillis, UnixMillis)>) {
    for &(from, until) in absences {
        let meets = |gap: &Gap| gap.from <= until && from <= gap.until;
        let is_roughly = |gap: &Gap| gap.what == What::Away && gap.chain.is_none();
        if gaps.iter().any(|gap| meets(gap) && !is_roughly(gap)) {
            continue;
        }
        gaps.retain(|gap| !(meets(gap) && is_roughly(gap)));
        gaps.push(Gap {
            from,
            until,
            chain: None,
            what: What::Absent,
        });
    }
}

/// Between two looks of the agent that do not follow each other.
pub(super) fn between(slots: &[UnixMillis]) -> Vec<Gap> {
    let slot = SLOT.as_millis() as i64;
    slots
        .windows(2)
        .filter(|pair| pair[1].0 - pair[0].0 > slot * (1 + SLOTS_MISSED_MAX))
        .map(|pair| Gap {
            from: pair[0].plus(SLOT),
            until: pair[1],
            chain: None,
            what: What::Away,
        })
        .collect()
}

/// The one that lasts, until now.
pub(super) fn lasting((lasting, now): (Unattended, UnixMillis)) -> Gap {
    Gap {
        from: lasting.since,
        until: now,
        chain: None,
        what: What::StillAway {
            commits: lasting.commits,
        },
    }
}
