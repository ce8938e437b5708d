//! What `agent status` says of damage that a comparison found on a remote and that later backups went around: what was
//! torn stays torn, although everything new arrives.
//! It asks no remote.

use jiff::tz::TimeZone;
use protocol::{chain::CommitNumber, time::UnixMillis};
use serde::Serialize;

use crate::{
    alert::message::moment,
    cli::words,
    store::{Store, torn::Torn},
};

/// Commits that are named; of more only the first.
const TOLD_MAX: usize = 3;

/// Commits in a row that are missing or altered on a remote.
#[derive(Serialize)]
pub(super) struct DamagedView {
    chain: String,
    first: u64,
    last: u64,
    found_at: UnixMillis,
}

/// What the newest comparison found torn there, with what was torn before.
pub(super) fn commits(store: &Store, remote: &str) -> rusqlite::Result<Vec<DamagedView>> {
    let view = |torn: Torn| DamagedView {
        chain: words::chain(&torn.chain).to_owned(),
        first: CommitNumber::get(torn.first),
        last: CommitNumber::get(torn.last),
        found_at: torn.at,
    };
    Ok(store.torn(remote)?.into_iter().map(view).collect())
}

/// The same in a sentence.
pub(super) fn told(remote: &str, damaged: &[DamagedView], zone: &TimeZone) -> Option<String> {
    let oldest = damaged.iter().map(|it| it.found_at).min()?;
    let one = |it: &DamagedView| match it.first == it.last {
        true => format!("commit {} of chain {}", it.first, it.chain),
        false => format!("commits {} to {} of chain {}", it.first, it.last, it.chain),
    };
    let mut all: Vec<String> = damaged.iter().take(TOLD_MAX).map(one).collect();
    if damaged.len() > TOLD_MAX {
        all.push(format!("{} more such stretches", damaged.len() - TOLD_MAX));
    }
    Some(format!(
        "Commits:  {remote} LACKS {}: missing or altered there, as `agent verify` found first at {}. Moments among them come \
         back from other remotes alone; `agent list` says from which point on {remote} is whole again",
        all.join(", "),
        moment(zone, oldest)
    ))
}
