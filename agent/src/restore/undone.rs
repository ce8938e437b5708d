//! What a live restore to an earlier commit has undone, when a later one would bring it back: the chain that it left goes on
//! behind the commit at which it stands, and nothing there looks wrong.
//! It asks nobody, and keeps nobody from it: an owner who wants that back may have it.

use protocol::chain::{ChainId, CommitNumber};

use super::{Next, Request};
use crate::{backup::restores::LiveRestore, config::moment};

/// What is said of a state that holds what was undone; `None` of every other.
pub(super) fn told(request: &Request, chain: &ChainId, end: CommitNumber) -> Option<String> {
    let undoing = |restore: &&LiveRestore| restore.chain == *chain;
    let restore = request.restores.iter().rfind(undoing)?;
    let count = end
        .get()
        .checked_sub(restore.commit.get())
        .filter(|count| *count > 0)?;
    let commits = match count {
        1 => format!("commit {end}, which that restore left out, is"),
        count => format!("the {count} commits until {end}, which that restore left out, are"),
    };
    let server = match restore.server {
        None => "this server",
        Some(_) => "a server of this shop before this one",
    };
    Some(format!(
        "UNDONE BEFORE: at {} {server} was restored to commit {} of the chain {chain}, and went on from there. What this \
         gives goes on behind that commit: {commits} in it, and what happened since that restore is not. Without them: --chain \
         {chain} --commit {}",
        moment::told(restore.at, &request.zone),
        restore.commit,
        restore.commit
    ))
}

/// The same of what there is instead of what was asked for.
pub(super) fn by_next(request: &Request, next: &Next) -> Option<String> {
    match next {
        Next::Commit { chain, commit, .. } => told(request, chain, *commit),
        Next::Point { .. }
        | Next::Chain(_)
        | Next::Which(..)
        | Next::Nothing
        | Next::OtherKey
        | Next::Trust(_)
        | Next::Advice(_) => None,
    }
}
