//! How the last rehearsal of a restore from one remote went, in a sentence.
//! It only puts into words.

use protocol::time::UnixMillis;

use super::copies::CopyView;
use crate::{alert::message::duration, config::Language};

pub(super) fn sentence(backup: &CopyView, now: UnixMillis) -> String {
    let remote = &backup.remote;
    let ago = |at| duration(Language::En, now.since(at));
    let tried = backup.drill_not_rehearsed.as_ref();
    let since = tried.map_or_else(String::new, |why| format!("; when that was last tried {why}"));
    match (&backup.drill_fault, backup.drill_passed_at, tried) {
        // Of an earlier program, which called it a failure.
        (Some(fault), _, None) if backup.drill_tried.is_none() => {
            format!("Drill:    {remote} was NOT REHEARSED: {fault}")
        }
        (Some(fault), ..) => format!("Drill:    {remote} FAILED: {fault}{since}"),
        (None, Some(at), _) => format!("Drill:    {remote} gave the shop back {} ago{since}", ago(at)),
        (None, None, Some(why)) => format!("Drill:    {remote} was NOT REHEARSED: {why}"),
        (None, None, None) => {
            format!("Drill:    {remote} was not rehearsed yet: agent drill --remote {remote}")
        }
    }
}
