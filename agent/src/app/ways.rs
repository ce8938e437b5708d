//! The ways to the owner as the configuration describes them, each with its senders.
//! It sends nothing itself.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;

use crate::{
    alert::{
        channels::Channel,
        ladder::ladder,
        message::Voice,
        outbox::{Pace, Roads, Sender},
        rehearsal::Way,
    },
    beat::Beats,
    config::Config,
    store::Store,
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
    let roads = roads(ways);
    for way in ways {
        for address in way.rung.addresses() {
            senders.push(Sender {
                store: Arc::clone(store),
                channel: Arc::clone(&way.channel),
                voice: Voice::of(config),
                pace,
                roads: roads.get(&address.place()).cloned(),
                address,
                beat: beats.add("outbox", OUTBOX_LIMIT, Instant::now()),
            });
        }
    }
    senders
}

/// Of each place to which several ways lead what these have in common.
fn roads(ways: &[Way]) -> BTreeMap<String, Roads> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for address in ways.iter().flat_map(|way| way.rung.addresses()) {
        *counts.entry(address.place()).or_default() += 1;
    }
    let shared = counts.into_iter().filter(|(_, count)| *count > 1);
    shared.map(|(place, _)| (place, Roads::default())).collect()
}
