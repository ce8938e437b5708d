//! What of the messages to the owner has arrived nowhere yet, and what still waits for one place although it has arrived at
//! another: for one of two owners who has blocked the bot, or for a way that is down.
//! It names no chat by its number, which is a person's.

use protocol::time::UnixMillis;
use serde::Serialize;

use crate::{
    alert::{message::duration, rehearsal::chat_named},
    config::{Config, Language},
    store::Store,
};

#[derive(Default, Serialize)]
pub(super) struct MessagesView {
    /// Of those that have arrived nowhere.
    waiting: u64,
    oldest_at: Option<UnixMillis>,
    /// For each place how many wait that have arrived at another.
    behind: Vec<BehindView>,
}

#[derive(Serialize)]
struct BehindView {
    way: String,
    /// Its place in `[owner] chat_ids`, where that has several.
    chat: Option<String>,
    waiting: u64,
}

/// None of them where no agent ever ran.
pub(super) fn look(store: Option<&Store>, config: &Config, now: UnixMillis) -> anyhow::Result<MessagesView> {
    let Some(store) = store else {
        return Ok(MessagesView::default());
    };
    let backlog = store.late(now)?;
    let behind = store.behind(now)?.into_iter();
    Ok(MessagesView {
        waiting: backlog.untold,
        oldest_at: backlog.oldest_at,
        behind: behind
            .map(|(address, waiting)| BehindView {
                chat: chat_named(&config.owner.chat_ids, address.chat_id),
                way: address.rung,
                waiting,
            })
            .collect(),
    })
}

pub(super) fn sentence(messages: &MessagesView, now: UnixMillis) -> String {
    let behind: Vec<String> = messages.behind.iter().map(behind_there).collect();
    let waits_behind = match behind.is_empty() {
        true => String::new(),
        false => format!("; arrived elsewhere, and waiting still: {}", behind.join(", ")),
    };
    let Some(oldest) = messages.oldest_at else {
        let waits = match behind.is_empty() {
            true => "none waits to reach the owner",
            false => "each has arrived somewhere",
        };
        return format!("Messages: {waits}{waits_behind}");
    };
    format!(
        "Messages: {} not arrived anywhere yet, by any way to the owner; the oldest is of {} ago{waits_behind}",
        match messages.waiting {
            1 => "1 has".to_owned(),
            count => format!("{count} have"),
        },
        duration(Language::En, now.since(oldest))
    )
}

fn behind_there(behind: &BehindView) -> String {
    let BehindView { way, chat, waiting } = behind;
    let chat = chat.as_ref().map_or(String::new(), |chat| format!(" ({chat})"));
    format!("{waiting} by {way}{chat}")
}
