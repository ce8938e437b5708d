//! The picture that follows the daily digest: the disks, the trade and the backups under each other.
//! It measures nothing of its own.

use protocol::time::UnixMillis;

use super::{
    backups,
    picture::Sources,
    resources::{self, Gathered},
    trade,
    words::Words,
};

pub(super) fn chart(sources: &Sources, words: &'static Words, from: UnixMillis, now: UnixMillis) -> Gathered {
    let (_, mut panels, until_full) = resources::disk_chart(sources, words, from, now)?;
    let (_, traded, _) = trade::chart(&sources.store, words, from, now)?;
    panels.extend(traded);
    panels.push(backups::lag(sources, words, from, now)?);
    Ok((words.day, panels, until_full))
}
