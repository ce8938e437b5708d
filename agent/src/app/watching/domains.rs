//! Under which names the shop is reached from outside: those of `[watch] domains`, and the one to which Telegram delivers
//! by the bot's own configuration, where this agent may read it.
//! It asks none of them.

use crate::{
    config::{Config, bot_file},
    watch::egress::host_and_port,
};

/// Each name once, in the order of the file.
pub(super) fn of(config: &Config) -> Vec<String> {
    let mut domains = config.watch.domains.clone();
    if let Some(url) = config.bot.config.as_deref().and_then(bot_file::webhook_url) {
        let (host, _) = host_and_port(&url);
        let is_known = domains.iter().any(|domain| host_and_port(domain).0 == host);
        // Telegram delivers by HTTPS alone; anything else is somebody trying things out.
        if url.starts_with("https://") && !is_known {
            domains.push(url);
        }
    }
    domains
}
