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
        BackupAsk, Console, Settings,
        totp::{Totp, UNUSABLE},
    },
    overview::Desk,
    page,
    watch::{bot_health::BotWatch, cycle::Cycle, hours::Hours},
};

/// Backups that were asked for and have not begun: a second one would be the same.
const ASKED_MAX: usize = 1;

impl Telling<'_> {
    /// Starts what the owner looks at and speaks with. Gives the pages to serve, and where backups are asked for.
    ///
    /// # Errors
    /// When the console's second step cannot be read.
    pub(super) fn show(
        &self,
        bot: &BotWatch,
        cycle: &Cycle,
        tasks: &mut JoinSet<anyhow::Result<Infallible>>,
    ) -> anyhow::Result<(Router, mpsc::Receiver<BackupAsk>)> {
        let desk = Desk {
            store: Arc::clone(self.store),
            alerts: self.alerts.clone(),
            voice: Voice::of(self.config),
            bot: bot.state(),
            health: bot.health(),
            board: cycle.board.clone(),
            history: cycle.history.clone(),
        };
        let hours = Hours {
            store: Arc::clone(self.store),
            health: bot.health(),
        };
        tasks.spawn(async { Ok(hours.run().await) });
        let (ask, asked) = mpsc::channel(ASKED_MAX);
        tasks.spawn(console(self.config, &desk, self.client, ask)?);
        Ok((page::router(desk), asked))
    }
}

/// The console in the owner's chat, unless its second step was set up and cannot be read: that leaves no easier one.
fn console(
    config: &Config,
    desk: &Desk,
    client: &reqwest::Client,
    backups: mpsc::Sender<BackupAsk>,
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
        log_files: config.watch.logs.files.clone(),
        backups,
    };
    let (desk, client) = (desk.clone(), client.clone());
    Ok(async { Ok(Console::run(settings, desk, client).await) })
}
