//! How an agent before this one found the bot.
//! Only words.

use crate::{alert::before::Before, config::Language};

/// In a sentence, of a bot that is not there now.
pub(super) fn found_before(language: Language, before: Before) -> &'static str {
    match (language, before) {
        (Language::Id, Before::Unknown) => "Agent baru mulai mengawasi.",
        (Language::Id, Before::Hung) => {
            "Sebelum agent dinyalakan ulang, proses bot masih ada tetapi tidak menjawab; kapan bot berakhir tidak terlihat."
        }
        (Language::Id, Before::Unwell) => {
            "Sebelum agent dinyalakan ulang, bot masih menjawab tetapi tidak sehat; kapan bot berakhir tidak terlihat."
        }
        (Language::En, Before::Unknown) => "The agent has just begun to watch.",
        (Language::En, Before::Hung) => {
            "Before the agent was started anew the bot's process was there, but answered no question; nobody saw when it ended."
        }
        (Language::En, Before::Unwell) => {
            "Before the agent was started anew the bot answered, but was not well; nobody saw when it ended."
        }
    }
}
