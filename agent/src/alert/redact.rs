//! Takes out of a log line or an error's text what must not be in a chat: what is called a secret, whatever it looks like,
//! and tokens, keys, people's addresses and long numbers, whatever they are called.
//! The logs hold none by the house's rules; this is for the day on which one does. What it is in doubt about it hides.

mod named;

pub use named::is_secret;
use named::value_after;
use protocol::address::{is_gap, login};

const TOO_LONG: usize = 24;
/// A key has so many characters in pieces of letters and digits mixed; a file's name with its date has fewer.
const MIXED: usize = 12;
const NUMBER_DIGITS: usize = 9;
/// A card's or a telephone's number as people write it: so many groups, of so many digits each, and so many in all.
const GROUPS: usize = 3;
const GROUP_DIGITS: std::ops::RangeInclusive<usize> = 2..=4;
const GROUPED_DIGITS: usize = 12;
/// Telegram's user names have no fewer characters, old ones aside.
const NAME_CHARS: usize = 4;
/// What a number measures by the last part of its name: it is nobody's number.
const MEASURES: [&str; 10] = [
    "ms", "us", "ns", "s", "at", "bytes", "rupiah", "pages", "offset", "position",
];
/// What stands in the place of what is taken out.
pub const HIDDEN: &str = "[…]";
/// What stands before who signs in with it, also without the header's name.
const SCHEMES: [&str; 2] = ["bearer", "basic"];

/// The line without them.
#[must_use]
pub fn redact(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let (mut rest, mut before, mut is_address) = (line, "", false);
    while let Some(first) = rest.chars().next() {
        if is_gap(first) {
            shown.push(first);
            rest = &rest[first.len_utf8()..];
            is_address &= !first.is_whitespace();
        } else if let Some(value) = value_after(rest, shown.chars().next_back()) {
            shown += &rest[..value.at];
            shown += &value.shown;
            (rest, before) = (&rest[value.end..], "");
        } else if let Some(end) = grouped(rest) {
            shown += "[#]";
            (rest, before) = (&rest[end..], "");
        } else if let Some((scheme, host)) = login(rest) {
            shown += &format!("{scheme}{HIDDEN}@");
            (rest, before, is_address) = (host, "", true);
        } else {
            let (word, after) = rest.split_at(rest.find(is_gap).unwrap_or(rest.len()));
            is_address |= word.contains("://");
            let is_joined = shown.trim_end().ends_with(['=', ':']);
            shown += &match is_joined && is_measure(before) && is_number(word) {
                true => word.to_owned(),
                false => shown_of(word, is_address, before),
            };
            (rest, before) = (after, if word == ":" { before } else { word });
        }
    }
    shown
}

/// A word as it may be seen. Of an address each step of its path is looked at by itself: a token may be one of them.
fn shown_of(word: &str, is_address: bool, before: &str) -> String {
    if SCHEMES.contains(&before.to_lowercase().as_str()) && is_credential(word) {
        return HIDDEN.to_owned();
    }
    if is_user_name(word) {
        return "[@]".to_owned();
    }
    if let Some(instead) = replaced(word) {
        return instead.to_owned();
    }
    if !word.contains('/') {
        return word.to_owned();
    }
    let step = |step| match replaced(step) {
        Some(instead) if is_address || is_token(step) || step.contains('@') => instead,
        _ => step,
    };
    word.split('/').map(step).collect::<Vec<_>>().join("/")
}

/// No word of a language, as "basic authentication" has one.
fn is_credential(word: &str) -> bool {
    let is_odd = |char: char| !char.is_ascii_lowercase() && char != '-';
    word.len() >= 8 && word.chars().skip(1).any(is_odd)
}

/// As Telegram shows people; an address or a package has more behind it.
fn is_user_name(word: &str) -> bool {
    let name = word.strip_prefix('@').unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.len() >= NAME_CHARS && name.bytes().all(is_plain)
}

/// Where a long number ends that is written in groups.
fn grouped(rest: &str) -> Option<usize> {
    let number = rest.strip_prefix('+').unwrap_or(rest);
    let is_digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let (mut groups, mut digits, mut end) = (0, 0, rest.len() - number.len());
    for group in number.split(' ') {
        let (group, after) = group.split_at(group.find(is_gap).unwrap_or(group.len()));
        if !GROUP_DIGITS.contains(&group.len()) || !is_digits(group) {
            break;
        }
        end += usize::from(groups > 0) + group.len();
        (groups, digits) = (groups + 1, digits + group.len());
        if !after.is_empty() {
            break;
        }
    }
    (groups >= GROUPS && digits >= GROUPED_DIGITS).then_some(end)
}

fn is_token(word: &str) -> bool {
    let (before, after) = word.split_once(':').unwrap_or_default();
    let number = before.trim_start_matches("bot");
    let is_number = number.len() >= 5 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number && after.len() >= 20 && !after.contains('/')
}

fn is_measure(name: &str) -> bool {
    let name = name.trim_end_matches(':');
    let last = name.rsplit('_').next().unwrap_or_default();
    MEASURES.contains(&last)
}

fn is_number(word: &str) -> bool {
    word.bytes()
        .all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte))
}

fn replaced(word: &str) -> Option<&'static str> {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    let is_step = !word.contains('/');
    let signs_in = |(login, host): (&str, &str)| login.contains(':') && !host.is_empty();
    if is_token(word) || (is_step && word.rsplit_once('@').is_some_and(signs_in)) {
        return Some(HIDDEN);
    }
    if is_step && word.contains('@') && word.contains('.') {
        return Some("[@]");
    }
    if letters == 0 && digits >= NUMBER_DIGITS && !word.contains(':') {
        return Some("[#]");
    }
    is_key(word).then_some(HIDDEN)
}

fn is_key(word: &str) -> bool {
    let is_plain = word
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-+/.".contains(&byte));
    let is_path = word.starts_with('/') || word.contains("::");
    let is_mixed = |piece: &&str| {
        let has = |kind: fn(&u8) -> bool| piece.bytes().any(|byte| kind(&byte));
        has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
    };
    let pieces = word.split(['_', '-', '+', '/', '.']);
    let mixed: usize = pieces.filter(is_mixed).map(str::len).sum();
    is_plain && !is_path && word.len() > TOO_LONG && mixed >= MIXED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_a_secret_is_taken_out_however_it_is_written() {
        for (line, expected) in [
            ("password=hunter2 next", "password=[…] next"),
            ("password: hunter2 next", "password: […] next"),
            ("password:hunter2 next", "password:[…] next"),
            ("password = hunter2, next", "password = […], next"),
            ("pwd=p(ss)w0rd? next", "pwd=[…] next"),
            ("kata sandi: rahasia123", "kata sandi: […]"),
            ("secret \"two words\" next", "secret \"[…]\" next"),
            ("token=Some(\"ab c\") next", "token=[…] next"),
            ("(passphrase=abc) next", "(passphrase=[…]) next"),
            ("API_TOKEN=\"abc\"", "API_TOKEN=\"[…]\""),
            ("password='it\\'s' next", "password='[…]' next"),
            ("password=\"no end of it", "password=\"[…]"),
            ("password= next", "password= next"),
            (
                "tried --password hunter2 --verbose",
                "tried --password […] --verbose",
            ),
            (
                "{\"password\": \"hunter2\", \"job\": 7}",
                "{\"password\": \"[…]\", \"job\": 7}",
            ),
            (
                "said {\\\"api_key\\\":\\\"a b\\\",\\\"job\\\":7}",
                "said {\\\"api_key\\\":\\\"[…]\\\",\\\"job\\\":7}",
            ),
            (
                "https://shop.example/health?api_key=7&x=1",
                "https://shop.example/health?api_key=[…]&x=1",
            ),
            ("GET /pay?key=abc&order=W17", "GET /pay?key=[…]&order=W17"),
            ("https://ntfy.sh/shop?auth=1", "https://ntfy.sh/shop?auth=[…]"),
            (
                "Authorization: Basic dXNlcjpwYXNz next",
                "Authorization: Basic […] next",
            ),
            ("authorization: Bearer abc.def", "authorization: Bearer […]"),
            (
                "Authorization: Digest username=\"budi\", response=\"6629 f\" next",
                "Authorization: Digest […] next",
            ),
            ("X-Api-Key: abc", "X-Api-Key: […]"),
            ("Cookie: sid=abc; theme=dark next", "Cookie: […] next"),
            (
                "Set-Cookie: sid=abc; Path=/; HttpOnly",
                "Set-Cookie: […]; HttpOnly",
            ),
            ("{\"cookie\": \"a=b; c=d\"}", "{\"cookie\": \"[…]\"}"),
            ("sent with Bearer eyJhbGciOi", "sent with Bearer […]"),
        ] {
            assert_eq!(redact(line), expected);
            assert_eq!(redact(expected), expected, "it stays so");
        }
    }

    #[test]
    fn what_looks_like_a_secret_or_a_person_is_taken_out() {
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
                "https://ntfy.sh/tk3f786850e387550fdab836ed7e6d next",
                "https://ntfy.sh/[…] next",
            ),
            ("https://u:p@host/x", "https://[…]@host/x"),
            (
                "postgres://shop:a,b@db:5432/x next",
                "postgres://[…]@db:5432/x next",
            ),
            ("redis://:p/w@cache:6379, next", "redis://[…]@cache:6379, next"),
            ("as root:hunter2@localhost", "as […]"),
            ("mail to budi@example.org, then", "mail to [@], then"),
            ("https://x.example/u/budi@example.org", "https://x.example/u/[@]"),
            ("card 4111111111111111", "card [#]"),
            ("phone +6281234567890", "phone [#]"),
            ("card 4111 1111 1111 1111, then", "card [#], then"),
            ("phone 0812 3456 7890", "phone [#]"),
            ("phone +62 812 3456 7890 rang", "phone [#] rang"),
            ("to Budi (@budi_s) at 09:14", "to Budi ([@]) at 09:14"),
            ("key 3f786850e387550fdab836ed7e6dc881de23001b", "key […]"),
            ("check 550e8400-e29b-41d4-a716-446655440000", "check […]"),
        ] {
            assert_eq!(redact(line), expected);
            assert_eq!(redact(expected), expected, "it stays so");
        }
    }

    #[test]
    fn ordinary_words_stay() {
        for line in [
            "job=7 kind=deliver age_ms=1200 at 2026-11-22T09:14:00.000Z",
            "2026-11-22 09:14:00.123456 WARN order W-2026-000123 paid Rp1.250.000",
            "size_bytes=123456789012 at=1764265679000 \"wal_bytes\": 9876543210",
            "/var/lib/warung/shop.db order_total_is_checked_here",
            "cannot read /etc/warung/credentials/DATA_KEY: denied",
            "deleted shop.db.2026-11-27T01-00-00Z.restored.json and bot.log-20261127-093012.gz",
            "secret \"BOT_TOKEN\" is not set",
            "unknown field \"password\", expected one of these",
            "the token was refused (401 Unauthorized)",
            "basic authentication is wanted",
            "token=None key=W17 keyboard: 3 rows",
            "bot::telegram::token::send: https://t.me/@warung and http://127.0.0.1:8081/health?after=5",
            "read 4096 8192 of 12 pages at 10 20 30 40",
            "npm @warung/bot @ 5",
            "listens on 127.0.0.1:8081, [::1]:8081",
        ] {
            assert_eq!(redact(line), line);
        }
    }
}
