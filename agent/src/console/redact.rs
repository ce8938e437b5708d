//! Takes out of a log line what must not be in a chat: tokens, keys, addresses of people, long numbers.
//! The logs hold none by the house's rules; this is for the day on which one does.

const TOO_LONG: usize = 24;
const NUMBER_DIGITS: usize = 9;
const NAMES: [&str; 12] = [
    "password",
    "passwd",
    "sandi",
    "passphrase",
    "token",
    "secret",
    "authorization",
    "api_key",
    "apikey",
    "access_key",
    "data_key",
    "signature",
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
        // Between a name and its value there may be a colon of its own, as in JSON.
        if word == ":" {
            shown.push_str(word);
            shown += gap;
            continue;
        }
        if is_named {
            shown += "[…]";
        } else {
            shown += &shown_of(word);
        }
        shown += gap;
        let lower = word.to_lowercase();
        let name = lower.trim_end_matches(':');
        let is_introduced = matches!(gap, "=" | "\"") || name.len() < lower.len();
        let names_one = is_introduced && NAMES.iter().any(|known| name.ends_with(known));
        is_named = names_one || (is_named && lower == "bearer");
    }
    shown
}

fn is_gap(char: char) -> bool {
    char.is_whitespace()
        || matches!(
            char,
            '=' | '"' | '\'' | ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '?' | '&'
        )
}

/// A word as it may be seen. Of an address each step of its path is looked at by itself: a token may be one of them.
fn shown_of(word: &str) -> String {
    if let Some(instead) = replaced(word) {
        return instead.to_owned();
    }
    if !word.contains('/') {
        return word.to_owned();
    }
    let is_address = word.contains("://");
    let step = |step| match replaced(step) {
        Some(instead) if is_address || is_token(step) => instead,
        _ => step,
    };
    word.split('/').map(step).collect::<Vec<_>>().join("/")
}

fn is_token(word: &str) -> bool {
    let (before, after) = word.split_once(':').unwrap_or_default();
    let number = before.trim_start_matches("bot");
    let is_number = number.len() >= 5 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number && after.len() >= 20 && !after.contains('/')
}

fn replaced(word: &str) -> Option<&'static str> {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    if is_token(word) || (word.contains("://") && word.contains('@')) {
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
            (
                "GET https://api.telegram.org/bot1234567890:AAEhBOweik9ai2o01_JDXbqyZyq-vYl9kVs/sendMessage: 401",
                "GET https://api.telegram.org/[…]/sendMessage: 401",
            ),
            (
                "https://ntfy.sh/tk3f786850e387550fdab836ed7e6d?auth=1",
                "https://ntfy.sh/[…]?auth=1",
            ),
            ("password=hunter2 next", "password=[…] next"),
            ("password: hunter2 next", "password: […] next"),
            (
                "{\"password\": \"hunter2\", \"job\": 7}",
                "{\"password\": \"[…]\", \"job\": 7}",
            ),
            (
                "https://shop.example/health?api_key=7&x=1",
                "https://shop.example/health?api_key=[…]&x=1",
            ),
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
