//! The ways to the owner as the configuration describes them, each with its senders.
//! It sends nothing itself.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;

use crate::{
    alert::{
        channels::Channel,
        ladder::ladder,
        message::Voice,
        outbox::{Pace, Sender},
        rehearsal::Way,
    },
    beat::Beats,
    config::Config,
    store::{Store, outbox::Address},
};

/// One request to a channel takes at most 20 s.
const OUTBOX_LIMIT: Duration = Duration::from_secs(120);

/// Every way, in the order in which they are tried.
///
/// # Errors
/// When one cannot be used as it is configured: better told at the start than in the night.
pub fn open(config: &Config, client: &reqwest::Client) -> anyhow::Result<Vec<Way>> {
    let mut channels = vec![Channel::first(config, client.clone())];
    for channel in &config.channels {
        let opened = Channel::further(config, channel, client.clone())
            .with_context(|| format!("preparing [channels.{}]", channel.name))?;
        channels.push(opened);
    }
    let way = |(rung, channel)| Way {
        rung,
        channel: Arc::new(channel),
    };
    Ok(ladder(config).into_iter().zip(channels).map(way).collect())
}

/// One for each chat of each way: one that refuses does not hold the others up.
pub(super) fn senders(
    ways: &[Way],
    config: &Config,
    store: &Arc<Store>,
    pace: Pace,
    beats: &mut Beats,
) -> Vec<Sender> {
    let mut senders = Vec::new();
    for way in ways {
        for &chat_id in &way.rung.chats {
            senders.push(Sender {
                store: Arc::clone(store),
                channel: Arc::clone(&way.channel),
                voice: Voice::of(config),
                pace,
                address: Address {
                    rung: way.rung.name.clone(),
                    chat_id,
                },
                beat: beats.add("outbox", OUTBOX_LIMIT, Instant::now()),
            });
        }
    }
    senders
}
