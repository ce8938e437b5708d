//! What is asked about backups: how old the newest is, how the last one ended, whom they are for, and whether they were
//! rehearsed.
//! It asks none of it itself.

use std::{convert::Infallible, sync::Arc};

use protocol::time::UnixMillis;
use tokio::task::JoinSet;

use crate::{
    alert::Alerts,
    backup::room,
    beat::Beat,
    config::Config,
    store::Store,
    watch::{backup_age::BackupAge, backup_outcome, recipients::RecipientWatch, rehearsals::RehearsalWatch},
};

/// Begins to ask about them.
pub(in crate::app) fn watch_backups(
    config: &Config,
    store: &Arc<Store>,
    alerts: &Alerts,
    started_at: UnixMillis,
    age_beat: Beat,
    tasks: &mut JoinSet<anyhow::Result<Infallible>>,
) -> anyhow::Result<()> {
    let age = backup_age(config, store, alerts, started_at, age_beat);
    tasks.spawn(async { Ok(age.run().await) });
    let remotes: Vec<&str> = config.remotes.iter().map(|remote| remote.name.as_str()).collect();
    backup_outcome::forget_other_remotes(alerts, &remotes, started_at)?;
    let recipients = RecipientWatch {
        alerts: alerts.clone(),
        paths: config.backup.recipients.clone(),
        timezone: config.owner.timezone.clone(),
    };
    tasks.spawn(async { Ok(recipients.run().await) });
    let rehearsals = rehearsals(config, store, alerts, started_at);
    tasks.spawn(async { Ok(rehearsals.run().await) });
    Ok(())
}

fn backup_age(
    config: &Config,
    store: &Arc<Store>,
    alerts: &Alerts,
    started_at: UnixMillis,
    beat: Beat,
) -> BackupAge {
    BackupAge {
        store: Arc::clone(store),
        alerts: alerts.clone(),
        schedule: config.backup.snapshot.clone(),
        timezone: config.owner.timezone.clone(),
        started_at,
        beat,
    }
}

fn rehearsals(
    config: &Config,
    store: &Arc<Store>,
    alerts: &Alerts,
    started_at: UnixMillis,
) -> RehearsalWatch {
    let state_dir = config.state_dir.clone();
    RehearsalWatch {
        has_room: Box::new(move |bytes| room::require_once(&state_dir, bytes, "a rehearsal", "").is_ok()),
        store: Arc::clone(store),
        alerts: alerts.clone(),
        remotes: config.remotes.iter().map(|remote| remote.name.clone()).collect(),
        schedule: config.drill.clone(),
        timezone: config.owner.timezone.clone(),
        started_at,
    }
}
