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

/// The way with those of its chats alone that did not work by what was said; with all of them where none is named.
pub(super) fn blamed(rung: &Rung, said: &str) -> Rung {
    let is_named =
        |chat_id: &&i64| chat_named(&rung.chats, **chat_id).is_some_and(|chat| said.contains(&chat));
    let named: Vec<i64> = rung.chats.iter().filter(is_named).copied().collect();
    Rung {
        name: rung.name.clone(),
        chats: if named.is_empty() {
            rung.chats.clone()
        } else {
            named
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chats_that_do_not_work_are_those_that_are_named_else_all() {
        let rung = Rung {
            name: "telegram".to_owned(),
            chats: vec![11, 12, 13],
        };
        let said = of_chat(&rung, 12, "Forbidden: bot was blocked by the user");
        assert_eq!(blamed(&rung, &said).chats, [12]);
        let both = [of_chat(&rung, 11, "gone"), said].join(SAID_BETWEEN);
        assert_eq!(blamed(&rung, &both).chats, [11, 12]);
        assert_eq!(blamed(&rung, "connection refused").chats, [11, 12, 13]);
    }
}
