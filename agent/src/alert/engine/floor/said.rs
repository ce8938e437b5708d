//! What a floor knows, as it is told: how often it came as what, and the one notice that says so.
//! It decides nothing, and changes no floor.

use protocol::{incident::Severity, time::UnixMillis};

use super::{Fault, Kind, Notice, Times};
use crate::{
    alert::rule::Rule,
    store::episodes::{EpisodeId, FloorRow},
};

pub(super) fn as_it_was(floor: &FloorRow, since: UnixMillis) -> Option<Fault> {
    Some(Fault {
        key: floor.key.clone(),
        rule: Rule::named(&floor.rule)?,
        detail: String::new(),
        value: None,
        since,
    })
}

pub(super) fn is_told_in(floor: &FloorRow, id: EpisodeId) -> bool {
    floor.flapping.is_some_and(|(_, episode)| episode == id)
}

pub(super) fn counted(floor: &FloorRow) -> Times {
    let known = |(rule, count)| Some((Rule::named(rule)?, count));
    Times {
        count: floor.raises,
        kinds: floor.kinds.most_first().into_iter().filter_map(known).collect(),
        since: floor.began_at,
        last_at: floor.bad_at,
        is_in_place: true,
    }
}

pub(super) fn notice(
    kind: Kind,
    episode: EpisodeId,
    severity: Severity,
    lead: Fault,
    times: Times,
) -> Notice {
    // A change rings nowhere, and neither does the message that it is where nothing can be changed.
    let loud = !kind.is_edit() && severity > Severity::Info;
    Notice {
        kind,
        episode,
        severity,
        lead,
        others: Vec::new(),
        mended: Vec::new(),
        faults: 1,
        acked: None,
        times: Some(times),
        rungs: 1,
        loud,
    }
}
