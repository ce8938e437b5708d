//! What is called a secret: where its value begins, and how far it goes. A field, a setting, a line of JSON, a header, a part
//! of an address and an argument name theirs each in its own way.
//! It does not ask what the value looks like.

use protocol::address::is_gap;

use super::HIDDEN;

/// What a secret's name ends with, without what joins its parts.
const NAMES: [&str; 18] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "sandi",
    "token",
    "secret",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "datakey",
    "credential",
    "credentials",
    "signature",
    "authorization",
    "cookie",
    "totp",
];
/// The whole names of what is a secret only in an address's query.
const IN_QUERY: [&str; 7] = ["key", "auth", "sig", "sign", "pass", "code", "session"];
/// Those whose value is several words.
const HEADERS: [&str; 2] = ["authorization", "cookie"];
/// How somebody signs in, which may be read.
const SCHEMES: [&str; 6] = ["bearer", "basic", "digest", "token", "negotiate", "bot"];
/// That there is none may be read.
const NONE: [&str; 4] = ["none", "null", "true", "false"];

/// A value in what is left of a line.
pub(super) struct Value {
    /// Where it begins.
    pub(super) at: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// What is shown in its place.
    pub(super) shown: String,
}

/// Whether something of that name is a secret.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let name = bare(name);
    NAMES.iter().any(|known| name.ends_with(known))
}

/// The value of the secret whose name this begins with, if it does; `before` is the character that stands before it.
pub(super) fn value_after(rest: &str, before: Option<char>) -> Option<Value> {
    let name_end = rest.find(|char: char| is_gap(char) || char == ':')?;
    let (name, tail) = rest.split_at(name_end);
    let name = name.trim_end_matches('\\');
    let is_in_query = matches!(before, Some('?' | '&')) && tail.starts_with('=');
    let is_called_so = is_secret(name) || (is_in_query && IN_QUERY.contains(&bare(name).as_str()));
    // A file that holds one may be named.
    if !is_called_so || name.contains('/') {
        return None;
    }
    let unquoted = tail.strip_prefix(['"', '\'']);
    let gap = unquoted.unwrap_or(tail);
    let joint = gap.trim_start();
    let is_spaced = joint.len() < gap.len();
    let is_apart = is_spaced && unquoted.is_none();
    let is_quoted = joint.starts_with(['"', '\'']) && !is_setting(joint);
    let is_argument = name.starts_with("--") && !joint.starts_with('-');
    let value = if let Some(value) = joint.strip_prefix("=>") {
        value.trim_start()
    } else if let Some(value) = joint.strip_prefix('=') {
        // A setting that is empty hides nothing of what follows it.
        if is_spaced { value.trim_start() } else { value }
    } else if let Some(value) = joint.strip_prefix(':').filter(|value| !value.starts_with(':')) {
        value.trim_start()
    } else if is_apart && (is_quoted || is_argument) {
        joint
    } else {
        return None;
    };
    let at = rest.len() - value.len();
    let (length, shown) = hidden(value, HEADERS.iter().any(|header| bare(name).ends_with(header)));
    let end = at + length;
    Some(Value { at, end, shown })
}

fn bare(name: &str) -> String {
    let plain = name.chars().filter(|char| !"_-.".contains(*char));
    plain.collect::<String>().to_lowercase()
}

/// Whether what is quoted is the name of a setting, such as `BOT_TOKEN`, and no value.
fn is_setting(quoted: &str) -> bool {
    let text = quoted[1..].split(['"', '\'']).next().unwrap_or_default();
    let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    text.contains('_') && text.bytes().all(is_name)
}

/// How long a value is, and what stands in its place.
fn hidden(value: &str, is_header: bool) -> (usize, String) {
    let escape = value.len() - value.trim_start_matches('\\').len();
    if let Some(quote) = value[escape..]
        .chars()
        .next()
        .filter(|char| "\"'".contains(*char))
    {
        let opening = escape + quote.len_utf8();
        let length = quoted_length(&value[opening..], quote, escape);
        let mark = match length {
            0 => "",
            _ => HIDDEN,
        };
        return (opening + length, format!("{}{mark}", &value[..opening]));
    }
    let mut end = word_length(value);
    let word = &value[..end];
    if end == 0 || NONE.contains(&word.to_lowercase().as_str()) {
        return (end, word.to_owned());
    }
    if !is_header {
        return (end, HIDDEN.to_owned());
    }
    let is_scheme = SCHEMES.contains(&word.to_lowercase().as_str());
    let kept = match value[end..].strip_prefix(' ') {
        Some(more) if is_scheme => {
            end += 1 + word_length(more);
            format!("{word} ")
        }
        _ => String::new(),
    };
    // More of the same header.
    while let Some(more) = value[end..].strip_prefix([',', ';']) {
        let more = more.trim_start();
        let length = word_length(more);
        if !more[..length].contains('=') {
            break;
        }
        end = value.len() - more.len() + length;
    }
    (end, kept + HIDDEN)
}

/// Up to the quote that closes, which is escaped as the one that opens is; all of it where none does.
fn quoted_length(text: &str, quote: char, escape: usize) -> usize {
    let mut slashes = 0;
    for (at, char) in text.char_indices() {
        let closes = slashes == escape || (escape == 0 && slashes % 2 == 0);
        if char == quote && closes {
            return at - escape;
        }
        slashes = if char == '\\' { slashes + 1 } else { 0 };
    }
    text.len()
}

/// Up to what ends a value that no quotes hold. What is in brackets or quotes within it is part of it.
fn word_length(value: &str) -> usize {
    let (mut depth, mut quote, mut before) = (0_u32, None, ' ');
    for (at, char) in value.char_indices() {
        match (quote, char) {
            (Some(open), _) if char == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if depth > 0 || before == '=' => quote = Some(char),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') if depth > 0 => depth -= 1,
            (None, ',' | ';' | '&' | ')' | ']' | '}' | '>') if depth == 0 => return at,
            (None, _) if depth == 0 && char.is_whitespace() => return at,
            (None, _) => {}
        }
        before = char;
    }
    value.len()
}
