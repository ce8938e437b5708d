//! The choice of a language. It holds for everything that is written to the visitor from then on.

use anyhow::Result;

use super::catalogue;
use crate::{
    outbox::{Screen, press::Press, rich::Rich},
    shop::customer::{self, Language},
    telegram::visit::{Reply, Visit},
};

/// The question.
#[must_use]
pub fn page(visit: &Visit<'_>) -> Screen {
    let keyboard = vec![
        vec![
            visit.button("button-indonesian", Press::Language(Language::Indonesian)),
            visit.button("button-english", Press::Language(Language::English)),
        ],
        vec![visit.button("button-home", Press::Home)],
    ];
    Screen {
        words: Rich::plain(visit.say("language-question", &[])),
        keyboard,
    }
}

/// The answer: the first page in that language.
///
/// # Errors
/// When the database fails.
pub fn choose(visit: &Visit<'_>, language: Language) -> Result<Reply> {
    customer::store::set_language(visit.conn, visit.user, language)?;
    let visit = Visit { language, ..*visit };
    Ok(Reply::both(
        visit.say("toast-language", &[]),
        catalogue::page(&visit, 0)?,
    ))
}
