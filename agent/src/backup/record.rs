//! Writes a restore point into the catalogue as soon as the first remote holds it whole, and each further copy when that
//! remote has it: a remote that hangs holds up nobody else's copy, and no order that waits for one.
//! It uploads nothing, and judges no remote that failed.

use anyhow::Context;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{instead::Base, now, stage::Staged};
use crate::{
    config::Config,
    store::{
        Store,
        points::{How, KnownPoint},
        sealed_to::SealedTo,
    },
};

/// The catalogue while one point is on its way.
pub(super) struct Record<'a> {
    pub config: &'a Config,
    pub store: &'a Store,
    /// What deltas have stood on until now.
    pub base: &'a Base,
    /// The keys that it is sealed to.
    pub sealed_to: &'a SealedTo,
    /// The remotes that the point is meant for; all when it is empty.
    pub only: &'a [String],
}

impl Record<'_> {
    /// Writes down each remote that is named, until all have ended. A remote can hold it whole only after it was staged.
    pub(super) async fn follow(
        self,
        staging: impl Future<Output = anyhow::Result<Staged>>,
        mut held: UnboundedReceiver<String>,
    ) -> anyhow::Result<Staged> {
        let mut staged = staging.await?;
        let mut written = None;
        while let Some(remote) = held.recv().await {
            match &written {
                None => written = Some(self.begin(&mut staged, remote)?),
                Some(known) => self
                    .store
                    .add_copy(known, &remote, now())
                    .context("writing a copy of the restore point down")?,
            }
        }
        Ok(staged)
    }

    /// From here on it counts: for its age, for the commits that follow it, and for the deltas that stand on it.
    fn begin(&self, staged: &mut Staged, remote: String) -> anyhow::Result<KnownPoint> {
        let known = KnownPoint {
            manifest: staged.manifest.clone(),
            manifest_size_bytes: staged.manifest_size_bytes,
            manifest_sha256: staged.manifest_sha256.clone(),
            lost: [].into(),
            damage: staged.damage.clone(),
            verified: [(remote, now())].into(),
        };
        let how = How {
            is_for_all: self.only.is_empty(),
            is_checked: staged.is_checked,
            sealed_to: Some(self.sealed_to.clone()),
            change_counter: staged.change_counter,
            growth: staged.growth.clone(),
        };
        self.store
            .add_point(&known, how)
            .context("writing the restore point down")?;
        if let Some((table, head)) = staged.table.take()
            && !self.base.stays(self.only, &staged.manifest)
        {
            table.publish(&self.config.state_dir, &head)?;
        }
        Ok(known)
    }
}
