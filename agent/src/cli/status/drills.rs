//! How the last rehearsal of a restore from one remote went, in a sentence.
//! It only puts into words.

use protocol::time::UnixMillis;

use super::copies::CopyView;
use crate::{alert::message::duration, config::Language};

pub(super) fn sentence(backup: &CopyView, now: UnixMillis) -> String {
    let remote = &backup.remote;
    let told = match (&backup.drill_fault, backup.drill_passed_at) {
        (Some(fault), _) if backup.drill_tried.is_none() => {
            format!("Drill:    {remote} was NOT REHEARSED: {fault}")
        }
        (Some(fault), _) => format!("Drill:    {remote} FAILED: {fault}"),
        (None, Some(at)) => format!(
            "Drill:    {remote} gave the shop back {} ago",
            duration(Language::En, now.since(at))
        ),
        (None, None) => format!("Drill:    {remote} was not rehearsed yet: agent drill --remote {remote}"),
    };
    let unreached = backup.drill_unreached.as_ref();
    let tried = unreached.map_or_else(String::new, |why| format!("; when that was last tried {why}"));
    told + &tried
}
