//! A remote on which nothing lies, where another one holds restore points: on a machine that never wrote to either that is
//! no remote without backups, but one that was not found.
//! It is not compared: whoever began it as an empty one would write down that nothing is missing.

use serde_json::{Value, json};

use crate::backup::{remote::Remote, unfilled::Unfilled};

/// Says so of this remote, where it is one; the fault.
pub(super) fn told(
    in_doubt: &[Unfilled],
    remote: &Remote,
    (as_json, shown): (bool, &mut Vec<Value>),
) -> Option<String> {
    let unfilled = in_doubt.iter().find(|it| it.remote == remote.name())?;
    let wrong = format!(
        "{}: {}. IT MAY BE NEWER than what the others hold, and nothing of it was compared",
        remote.name(),
        unfilled.told
    );
    match as_json {
        true => shown.push(json!({ "remote": remote.name(), "passed": false, "faults": [&wrong] })),
        false => println!("{}: NOT FOUND", remote.name()),
    }
    Some(wrong)
}
