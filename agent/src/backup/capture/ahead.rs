//! Whether a remote holds commits of the chain that this server does not know of: the whole server, its database and the
//! agent's own, was put back to an earlier state, as from a provider's snapshot, or the agent's alone was, or it runs
//! twice. Each would give the same numbers to other commits, and nobody could tell them apart afterwards.
//! It looks once for each remote, before the first write there, and believes names: a false one costs a new chain.

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::{SegmentName, segments_of},
};

use super::{
    Mark, NewChain, WhyAgain,
    ship::Shipper,
    worker::{Wake, Worker},
};
use crate::{backup::remote::Remote, store::interruptions::EventKind};

/// What lies on a remote beyond what this server knows of.
pub(super) struct Ahead {
    /// Where this server stood when the agent started.
    known: Mark,
    /// The newest commit that lies there.
    last: CommitNumber,
    remote: String,
}

impl Shipper {
    /// Whether all that the remote holds of the chain was written by this server. Where it was not the capture is told, and
    /// nothing is to be written there before it has begun another chain.
    ///
    /// # Errors
    /// When the remote does not answer, or the agent's database does not.
    pub(super) async fn leads_on(&mut self, remote: &Remote) -> anyhow::Result<bool> {
        let Some(known) = self.known.clone() else {
            return Ok(true);
        };
        let state = self.store.capture_state()?;
        if state.is_some_and(|state| state.chain == known.chain)
            && let Some(last) = newest_of(remote, &known.chain).await?
            && last > known.commit
        {
            let remote = self.remote().name.clone();
            // A full inbox means that it is awake; this is asked again before anything is written.
            let _ = self.wake.try_send(Wake::Ahead(Ahead { known, last, remote }));
            return Ok(false);
        }
        self.known = None;
        Ok(true)
    }
}

async fn newest_of(remote: &Remote, chain: &ChainId) -> anyhow::Result<Option<CommitNumber>> {
    let listed = remote.list(&segments_of(chain)).await?;
    let names = listed.keys().filter_map(|key| SegmentName::parse(key));
    Ok(names.map(|name| name.last).max())
}

impl Worker {
    /// Begins another chain, unless that was done for another remote. What was spooled of this one since the start is not
    /// sent: its numbers are taken.
    pub(super) fn went_back(&mut self, ahead: &Ahead) {
        let known = &ahead.known;
        match self.desk.store.capture_state() {
            Ok(Some(state)) if state.chain == known.chain => {}
            _ => return,
        }
        if let Err(error) = self.desk.spool.forget_after(known) {
            tracing::error!(
                error = format!("{error:#}"),
                "what waits for remotes of a chain that has ended could not be taken back"
            );
            return;
        }
        self.again(WhyAgain::Ahead(NewChain::of(EventKind::Replaced, told(ahead))));
    }
}

fn told(Ahead { known, last, remote }: &Ahead) -> String {
    let Mark { chain, commit } = known;
    let first = commit.get().saturating_add(1);
    format!(
        "{remote} holds commits {first} to {last} of the chain {chain}, which this server does not know of: the whole server was \
         put back to an earlier state, or the agent's own folder alone was, or a copy of it runs elsewhere; unless it was the \
         agent's folder alone, what was sold in them is missing in this shop; everything until then is in the backups: agent \
         restore --latest --chain {chain} once the bot is stopped; with --to and a folder that only shows them, to compare first"
    )
}
