//! Which chat of a way says what. All that do not work are named, in one order, so that a way says the same by whatever that
//! was found.
//! It asks none of them.

use crate::store::outbox::Rung;

/// Between what the chats of one way say; each is a sentence by itself.
pub(super) const SAID_BETWEEN: &str = "; ";

/// What was said of one chat.
pub(super) fn of_chat(rung: &Rung, chat_id: i64, why: &str) -> String {
    match chat_named(&rung.chats, chat_id) {
        Some(chat) => format!("{chat}: {why}"),
        None => why.to_owned(),
    }
}

/// Which of several chats, by its place in `[owner] chat_ids`, and not by its number, which is a person's.
#[must_use]
pub fn chat_named(chats: &[i64], chat_id: i64) -> Option<String> {
    let place = chats.iter().position(|chat| *chat == chat_id);
    let place = place.filter(|_| chats.len() > 1)? + 1;
    Some(format!("chat {place} of the {} in [owner] chat_ids", chats.len()))
}
