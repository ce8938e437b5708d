//! Why an alert is not told, or was not, or not as a message of its own.
//! Only words.

use crate::{config::Language, store::alerts::Held};

/// Why something is not told, or not as a message of its own.
pub(in crate::alert) fn held(language: Language, held: Held) -> &'static str {
    match (language, held) {
        (Language::Id, Held::Explained) => "ikut masalah lain",
        (Language::Id, Held::Silenced) => "dibisukan",
        (Language::Id, Held::QuietHours) => "menunggu pagi",
        (Language::Id, Held::Flapping) => "hilang timbul",
        (Language::En, Held::Explained) => "follows from another",
        (Language::En, Held::Silenced) => "silenced",
        (Language::En, Held::QuietHours) => "waits for the morning",
        (Language::En, Held::Flapping) => "comes and goes",
    }
}

/// The same of what is over: it waits for nothing any more.
pub(in crate::alert) fn was_held(language: Language, reason: Held) -> &'static str {
    match (language, reason) {
        (Language::Id, Held::QuietHours) => "dalam jam tenang",
        (Language::En, Held::QuietHours) => "in the quiet hours",
        (_, Held::Explained | Held::Silenced | Held::Flapping) => held(language, reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_waits_for_no_morning() {
        for (language, waits) in [(Language::Id, "menunggu"), (Language::En, "waits")] {
            assert!(held(language, Held::QuietHours).contains(waits));
            assert!(!was_held(language, Held::QuietHours).contains(waits));
            assert_eq!(was_held(language, Held::Silenced), held(language, Held::Silenced));
        }
    }
}
