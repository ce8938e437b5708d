//! Once a full backup, the look at a database that is too large to be looked at while it is backed up.
//! How the look is done is not known here. It holds up no backup: a thread of its own does it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Context;

use super::{Backups, now, stored};
use crate::{
    store::checkup::{self, Verdict},
    watch::backup_outcome,
};

/// The look that is under way, if any. Dropping this calls it off.
#[derive(Default)]
pub(super) struct Checkup {
    is_under_way: Arc<AtomicBool>,
    alive: Arc<()>,
}

impl Backups {
    /// Begins a look when a point of the present chain waits for one, and none is under way.
    pub(super) fn look_at_source(&self, checkup: &Checkup) {
        let chain = self.capture.captured().map(|mark| mark.chain);
        let Some(chain) = chain.filter(|chain| self.store.waits_for_checkup(chain).unwrap_or(false)) else {
            return;
        };
        if checkup.is_under_way.swap(true, Ordering::AcqRel) {
            return;
        }
        let (store, alerts) = (Arc::clone(&self.store), self.alerts.clone());
        let (database, began_at) = (self.config.backup.database.clone(), now());
        let (is_under_way, alive) = (Arc::clone(&checkup.is_under_way), Arc::downgrade(&checkup.alive));
        let look = move || {
            let verdict = checkup::look(&database, move || alive.upgrade().is_none());
            is_under_way.store(false, Ordering::Release);
            let damage = match verdict.context("looking at the shop's database")? {
                Verdict::Sound => None,
                Verdict::Damaged(damage) => Some(damage),
                Verdict::CalledOff => {
                    tracing::warn!(
                        "the look at the shop's database was called off, because its log grew meanwhile: the next full \
                         backup begins another one"
                    );
                    return Ok(());
                }
            };
            store
                .settle_checkup(&chain, began_at, damage.as_deref())
                .context("writing down what the look at the shop's database found")?;
            backup_outcome::observe_database(&alerts, &store, damage.as_deref(), now())
        };
        let spawned = std::thread::Builder::new()
            .name("checkup".to_owned())
            .spawn(move || stored(look()));
        if let Err(error) = spawned {
            checkup.is_under_way.store(false, Ordering::Release);
            tracing::warn!(%error, "no thread for the look at the shop's database");
        }
    }
}
