//! What lists call an alert that is over, a silence, and why something was not told: the owner's words in the place of the
//! keys that are stored.
//! Pure.

use super::{
    engine::{Fault, MAINTENANCE},
    message::{Voice, named},
    reported,
    role::Role,
    rule::{Rule, object_of},
    text::{one_line, printable},
    words,
};
use crate::store::{
    alerts::Held,
    book::{Book, Past},
};

const OBJECT_UNITS_MAX: usize = 60;

/// What was wrong, with the log or disk that it was about; the rule's own name where a newer program wrote it.
#[must_use]
pub fn past(voice: &Voice, past: &Past) -> String {
    match Rule::named(&past.rule) {
        Some(rule) => headline(voice, &past.key, rule),
        None => past.rule.clone(),
    }
}

/// What a silence is over, in words.
#[must_use]
pub fn scope(voice: &Voice, book: &Book, scope: &str) -> Option<String> {
    if scope == MAINTENANCE {
        return None;
    }
    let rule = book.alerts.get(scope).and_then(|row| Rule::named(&row.rule));
    if let Some(rule) = rule {
        return Some(headline(voice, scope, rule));
    }
    Some(match scope.strip_prefix("incident/") {
        Some(kind) => reported::title(voice, kind),
        None => thing(voice, scope),
    })
}

/// Why something is not told, or not as a message of its own.
#[must_use]
pub fn held(voice: &Voice, held: Held) -> &'static str {
    words::held(voice.language, held)
}

/// Why something that is over was not told, or not as a message of its own.
#[must_use]
pub fn was_held(voice: &Voice, held: Held) -> &'static str {
    words::was_held(voice.language, held)
}

fn headline(voice: &Voice, key: &str, rule: Rule) -> String {
    let fault = Fault {
        key: key.to_owned(),
        rule,
        detail: String::new(),
        value: None,
        since: protocol::time::UnixMillis(0),
    };
    let headline = named(voice, &fault);
    // The sign before it says how grave it is; what is over is not.
    let (_, text) = headline.split_once(' ').unwrap_or_default();
    text.to_owned()
}

/// What a question is about, and of which of several.
fn thing(voice: &Voice, key: &str) -> String {
    let question = Role::question_of(key);
    let thing = words::thing(voice.language, question);
    if thing == question {
        return one_line(&printable(key), OBJECT_UNITS_MAX);
    }
    format!(
        "{thing} {}",
        one_line(&printable(object_of(key)), OBJECT_UNITS_MAX)
    )
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use protocol::time::UnixMillis;

    use super::*;
    use crate::config::Language;

    #[test]
    fn no_list_shows_a_stored_key() {
        let voice = |language| Voice {
            language,
            timezone: TimeZone::UTC,
            unit: "bot.service".to_owned(),
            database: "/srv/shop.db".to_owned(),
        };
        let over = |key: &str, rule: Rule| Past {
            key: key.to_owned(),
            rule: rule.name().to_owned(),
            since: UnixMillis(0),
            until: UnixMillis(1),
            held: None,
        };
        let past = |language, key, rule| past(&voice(language), &over(key, rule));
        assert_eq!(
            past(Language::En, "disk_of_logs//mnt/x", Rule::DiskLow),
            "Little room is left on the disk: /mnt/x"
        );
        assert_eq!(
            past(Language::Id, "telegram/sends", Rule::TelegramRefuses),
            "Telegram menolak token bot"
        );
        assert_eq!(
            past(
                Language::En,
                "domain/https://shop.example:8443/telegram",
                Rule::DomainUnreachable
            ),
            "The shop's address does not answer: shop.example:8443"
        );
        let scope = |key| scope(&voice(Language::En), &Book::default(), key);
        assert_eq!(scope("disk_of_logs//mnt/x").unwrap(), "the disk /mnt/x");
        assert_eq!(
            scope("incident/dead_job").unwrap(),
            "A job of the bot was given up"
        );
        assert_eq!(scope(MAINTENANCE), None);
    }
}
