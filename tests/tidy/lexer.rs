//! Just enough of Rust's grammar to tell code from comments and quoted texts.
//! It knows no keywords and no syntax tree; line breaks stay where they were.

/// The same text with every comment, string and character literal turned into spaces.
pub fn blank_comments_and_texts(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = skip(bytes, at);
        if end == at {
            at += 1;
            continue;
        }
        out[at..end]
            .iter_mut()
            .filter(|byte| **byte != b'\n')
            .for_each(|byte| *byte = b' ');
        at = end;
    }
    String::from_utf8(out).expect("whole literals were blanked")
}

/// What stands between the quotes of every string literal, escapes as written.
pub fn texts(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = skip(bytes, at);
        if end > at && matches!(bytes[at], b'"' | b'r') {
            found.push(
                text[at..end]
                    .trim_start_matches('r')
                    .trim_matches('#')
                    .trim_matches('"'),
            );
        }
        at = end.max(at + 1);
    }
    found
}

/// Where the comment or literal that begins at `at` ends; `at` itself when none begins there.
fn skip(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    match rest {
        [b'/', b'/', ..] => at + until(rest, b"\n"),
        [b'/', b'*', ..] => at + block_comment(rest),
        [b'"', ..] => at + quoted(rest, b'"'),
        [b'r', ..] if !follows_a_name(bytes, at) => at + raw_string(rest),
        [b'\'', b'\\', ..] => at + quoted(rest, b'\''),
        [b'\'', ..] => at + character(rest),
        _ => at,
    }
}

fn until(rest: &[u8], mark: &[u8]) -> usize {
    rest.windows(mark.len())
        .position(|window| window == mark)
        .unwrap_or(rest.len())
}

fn block_comment(rest: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

fn quoted(rest: &[u8], mark: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == mark => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn raw_string(rest: &[u8]) -> usize {
    let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return 0;
    }
    let close: Vec<u8> = std::iter::once(b'"')
        .chain(std::iter::repeat_n(b'#', hashes))
        .collect();
    let body = 2 + hashes;
    body + until(&rest[body..], &close) + close.len()
}

/// A literal such as `'x'` or `'é'`; a lifetime is none.
fn character(rest: &[u8]) -> usize {
    let close = rest
        .iter()
        .skip(1)
        .take(5)
        .position(|byte| *byte == b'\'')
        .map(|at| at + 1);
    match close {
        Some(2..) if close == Some(2) || rest[1] >= 0x80 => close.map_or(0, |at| at + 1),
        _ => 0,
    }
}

fn follows_a_name(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_is_left() {
        let text = "let a = \"x{\\\"\"; // {\nlet b = r#\"{\"#; /* { /* */ { */ let c = '{'; let d: &'a str = f('é', '\\'');";
        let code = blank_comments_and_texts(text);
        assert!(!code.contains('{'), "{code}");
        assert!(code.contains("let d: &'a str = f("), "{code}");
        assert_eq!(code.lines().count(), 2);
    }

    #[test]
    fn texts_are_found_and_comments_are_not() {
        assert_eq!(
            texts("a(\"one\"); // \"two\"\nb(r#\"three\"#, 'x', br'y)"),
            ["one", "three"]
        );
    }
}
