//! What the owner looks at and speaks with: the status page and the console, and what they are made of.
//! It starts them and knows nothing of what they show.

use std::{convert::Infallible, future::Future, sync::Arc};

use anyhow::Context;
use axum::Router;
use protocol::secret::Secret;
use tokio::{sync::mpsc, task::JoinSet};

use super::telling::Telling;
use crate::{
    alert::message::Voice,
    config::Config,
    console::{
        Console, Doers, Settings,
        log_places::LogPlaces,
        totp::{Totp, UNUSABLE},
        work::{Ask, BackupEnd, DrillEnd},
    },
    overview::{Desk, Rehearsed},
    page, traffic,
    watch::{bot_health::BotWatch, cycle::Cycle, hours::Hours},
};

/// Backups or rehearsals that were asked for and have not begun: a second one would be the same.
const ASKED_MAX: usize = 1;

/// What comes of it.
pub(super) struct Shown {
    /// The pages to serve.
    pub pages: Router,
    /// Where the owner asks for backups.
    pub backups: mpsc::Receiver<Ask<BackupEnd>>,
    /// Where the owner asks for rehearsals.
    pub drills: mpsc::Receiver<Ask<DrillEnd>>,
}

impl Telling<'_> {
    /// Starts what the owner looks at and speaks with.
    ///
    /// # Errors
    /// When the console's second step cannot be read.
    pub(super) fn show(
        &self,
        bot: &BotWatch,
        cycle: &Cycle,
        tasks: &mut JoinSet<anyhow::Result<Infallible>>,
    ) -> anyhow::Result<Shown> {
        let desk = Desk {
            store: Arc::clone(self.store),
            alerts: self.alerts.clone(),
            voice: Voice::of(self.config),
            bot: bot.state(),
            health: bot.health(),
            board: cycle.board.clone(),
            history: cycle.history.clone(),
            remotes: Arc::new(traffic::priced(self.config)),
            rehearsed: Arc::new(Rehearsed {
                remotes: self
                    .config
                    .remotes
                    .iter()
                    .map(|remote| remote.name.clone())
                    .collect(),
                schedule: self.config.drill.clone(),
            }),
        };
        let hours = Hours {
            store: Arc::clone(self.store),
            health: bot.health(),
        };
        tasks.spawn(async { Ok(hours.run().await) });
        let (backups, asked_backups) = mpsc::channel(ASKED_MAX);
        let (drills, asked_drills) = mpsc::channel(ASKED_MAX);
        let doers = Doers { backups, drills };
        tasks.spawn(console(self.config, &desk, self.client, doers)?);
        Ok(Shown {
            pages: page::router(desk),
            backups: asked_backups,
            drills: asked_drills,
        })
    }
}

/// The console in the owner's chat, unless its second step was set up and cannot be read: that leaves no easier one.
fn console(
    config: &Config,
    desk: &Desk,
    client: &reqwest::Client,
    doers: Doers,
) -> anyhow::Result<impl Future<Output = anyhow::Result<Infallible>> + Send + 'static> {
    let totp = match &config.secrets.console_totp {
        Some(secret) => Some(Totp::new(secret).context(UNUSABLE)?),
        None => None,
    };
    let token = config.secrets.owner_bot_token.as_ref().map_or("", Secret::expose);
    let settings = Settings {
        owners: config.owner.chat_ids.clone(),
        api_url: config.owner.api_url.clone(),
        token: Secret::new(token),
        totp,
        logs: LogPlaces::of(config),
        doers,
    };
    let (desk, client) = (desk.clone(), client.clone());
    Ok(async { Ok(Console::run(settings, desk, client).await) })
}
