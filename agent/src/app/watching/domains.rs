//! Under which names the shop is reached from outside: those of `[watch] domains`, and the one to which Telegram delivers
//! by the bot's own configuration, where this agent may read it.
//! It reads that one key of the bot's file and nothing else.

use std::fs;

use protocol::settings::{self, Faults};

use crate::{config::Config, watch::egress::host_and_port};

/// Each name once, in the order of the file.
pub(super) fn of(config: &Config) -> Vec<String> {
    let mut domains = config.watch.domains.clone();
    if let Some(url) = webhook_url(config) {
        let (host, _) = host_and_port(&url);
        let is_known = domains.iter().any(|domain| host_and_port(domain).0 == host);
        // Telegram delivers by HTTPS alone; anything else is somebody trying things out.
        if url.starts_with("https://") && !is_known {
            domains.push(url);
        }
    }
    domains
}

fn webhook_url(config: &Config) -> Option<String> {
    let text = fs::read_to_string(config.bot.config.as_ref()?).ok()?;
    // Its faults are the bot's to tell.
    let mut faults = Faults::default();
    let mut top = settings::parse(&text, &mut faults);
    let mut telegram = top.section_if_any("telegram", &mut faults)?;
    telegram.text_if_any("webhook_url", &mut faults)
}
