//! What ends a sender's wait: a message was queued, or the owner was heard in its chat.
//! It holds nothing of what was queued or said.

use std::{collections::BTreeMap, future::pending};

use tokio::sync::watch;

/// Gives the signals. Cheap to clone.
#[derive(Clone)]
pub(super) struct Bell {
    queued: watch::Sender<u64>,
    /// How often the owner was heard in each chat. Only the owner's chats are ever in it.
    heard: watch::Sender<BTreeMap<i64, u64>>,
}

/// Gets them.
pub struct Signals {
    queued: watch::Receiver<u64>,
    heard: watch::Receiver<BTreeMap<i64, u64>>,
    known: u64,
}

impl Bell {
    pub(super) fn new() -> Self {
        Self {
            queued: watch::Sender::new(0),
            heard: watch::Sender::new(BTreeMap::new()),
        }
    }

    pub(super) fn queued(&self) {
        self.queued.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(super) fn heard(&self, chat_id: i64) {
        self.heard
            .send_modify(|chats| *chats.entry(chat_id).or_default() += 1);
    }

    pub(super) fn subscribe(&self) -> Signals {
        Signals {
            queued: self.queued.subscribe(),
            heard: self.heard.subscribe(),
            known: 0,
        }
    }
}

impl Signals {
    /// Resolves with every message that is queued after this call.
    pub(super) async fn queued(&mut self) {
        if self.queued.changed().await.is_err() {
            pending().await
        }
    }

    /// What was said in this chat so far is no news: an attempt begins now.
    pub(super) fn forget_heard(&mut self, chat_id: i64) {
        self.known = times(&self.heard.borrow_and_update(), chat_id);
    }

    /// Resolves once the owner was heard in this chat since the attempt began.
    pub(super) async fn heard(&mut self, chat_id: i64) {
        let known = self.known;
        let heard = self.heard.wait_for(|chats| times(chats, chat_id) > known).await;
        let Ok(times) = heard.map(|chats| times(&chats, chat_id)) else {
            return pending().await;
        };
        self.known = times;
    }
}

fn times(chats: &BTreeMap<i64, u64>, chat_id: i64) -> u64 {
    chats.get(&chat_id).copied().unwrap_or_default()
}
