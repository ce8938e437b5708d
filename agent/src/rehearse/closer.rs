//! What a rehearsal that failed says of its remote's objects: all that it took is compared with what was written, so that
//! what is missing or altered is written down by name, and nothing more is promised of it.
//! It rehearses nothing.

use protocol::time::UnixMillis;

use super::{Drill, Sample, Share};
use crate::{
    backup::{Progress, certificate::Certificate, prune::Rules, remembered::Remembered, remote, seal::Keys},
    store::points::KnownPoint,
};

impl Drill<'_> {
    /// Compares the point, and what follows it. What it finds is written down as any comparison's.
    ///
    /// # Errors
    /// When the agent's own database or its key refuses.
    pub(super) async fn look_closer(
        &self,
        known: &KnownPoint,
        progress: &dyn Progress,
        clock: &dyn Fn() -> UnixMillis,
    ) -> anyhow::Result<()> {
        let all = self.config.remotes.iter();
        let all: Vec<_> = all.filter_map(|remote| remote::open(remote).ok()).collect();
        let own = Certificate::load(&self.config.state_dir)?;
        let keys = Keys::of_sessions(Remembered::at(&self.config.state_dir).load()?);
        let sample = Sample {
            store: self.store,
            keys: &keys,
            remote: self.remote,
            all: &all,
            rules: Rules::of(self.config),
            anchor: None,
            own: own.as_ref(),
            state_dir: &self.config.state_dir,
            share: Share::Some,
            rehearsed: Some(known),
        };
        sample.run(progress, clock).await.map(drop)
    }
}
