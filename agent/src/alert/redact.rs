//! Takes out of a log line or an error's text what must not be in a chat: tokens, keys, addresses of people, long
//! numbers. The logs hold none by the house's rules; this is for the day on which one does.

const TOO_LONG: usize = 24;
const NUMBER_DIGITS: usize = 9;
const NAMES: [&str; 7] = [
    "password",
    "passphrase",
    "token",
    "secret",
    "authorization",
    "api_key",
    "apikey",
];

/// The line without them.
#[must_use]
pub fn redact(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut is_named = false;
    for word in line.split_inclusive(is_gap) {
        let end = word.find(is_gap).unwrap_or(word.len());
        let (word, gap) = word.split_at(end);
        if word.is_empty() {
            shown += gap;
            continue;
        }
        shown += if is_named {
            "[…]"
        } else {
            replaced(word).unwrap_or(word)
        };
        shown += gap;
        let lower = word.to_lowercase();
        let names_one = NAMES.iter().any(|name| lower.ends_with(name));
        is_named = (names_one && matches!(gap, "=" | "\"")) || (is_named && lower == "bearer");
    }
    shown
}

fn is_gap(char: char) -> bool {
    char.is_whitespace()
        || matches!(
            char,
            '=' | '"' | '\'' | ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>'
        )
}

fn replaced(word: &str) -> Option<&'static str> {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    let (before, after) = word.split_once(':').unwrap_or_default();
    let is_token = before.len() >= 5
        && before
            .trim_start_matches("bot")
            .bytes()
            .all(|byte| byte.is_ascii_digit())
        && after.len() >= 20;
    if is_token || (word.contains("://") && word.contains('@')) {
        return Some("[…]");
    }
    if word.contains('@') && word.contains('.') {
        return Some("[@]");
    }
    if letters == 0 && digits >= NUMBER_DIGITS && !word.contains(':') {
        return Some("[#]");
    }
    let is_plain = word
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-+/.".contains(&byte));
    let is_path = word.starts_with('/') || word.contains("::");
    let is_key = is_plain && !is_path && word.len() > TOO_LONG && digits >= 3 && letters >= 3;
    is_key.then_some("[…]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_people_are_taken_out_and_the_rest_stays() {
        for (line, expected) in [
            (
                "sending failed for bot123456:AAHfzzzzzzzzzzzzzzzzzzzzzzzz",
                "sending failed for […]",
            ),
            ("password=hunter2 next", "password=[…] next"),
            ("API_TOKEN=\"abc\"", "API_TOKEN=\"[…]\""),
            ("mail to budi@example.org, then", "mail to [@], then"),
            ("card 4111111111111111", "card [#]"),
            ("https://u:p@host/x", "[…]"),
            ("key 3f786850e387550fdab836ed7e6dc881de23001b", "key […]"),
            (
                "job=7 kind=deliver age_ms=1200 at 2026-11-22T09:14:00.000Z",
                "job=7 kind=deliver age_ms=1200 at 2026-11-22T09:14:00.000Z",
            ),
            (
                "/var/lib/warung/shop.db order_total_is_checked_here",
                "/var/lib/warung/shop.db order_total_is_checked_here",
            ),
        ] {
            assert_eq!(redact(line), expected);
        }
    }
}
