//! Where in an address somebody signs in, however the name and password are written. Pure.
//! It knows no secret by its looks, and takes nothing out of a path.

/// What ends a word in a line of text.
#[must_use]
pub fn is_gap(char: char) -> bool {
    char.is_whitespace()
        || matches!(
            char,
            '=' | '"' | '\'' | ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '?' | '&'
        )
}

/// The scheme of an address in which somebody signs in, and what stands behind the name and password. Where an oblique
/// stands in a password that nobody encoded, the port would be none.
#[must_use]
pub fn login(rest: &str) -> Option<(&str, &str)> {
    let end = rest.find(|char: char| char.is_whitespace() || "\"<>".contains(char));
    let word = &rest[..end.unwrap_or(rest.len())];
    let begin = word.find("://").filter(|at| !word[..*at].contains(is_gap))? + "://".len();
    let authority = &word[begin..];
    let authority = &authority[..authority.find(['/', '?', '#']).unwrap_or(authority.len())];
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_port = authority.rsplit_once(':').is_none_or(|(_, port)| is_port(port));
    let at = match authority.rfind('@') {
        Some(at) => begin + at,
        None if has_port || authority.ends_with(']') => return None,
        None => word.rfind('@')?,
    };
    Some((&rest[..begin], &rest[at + 1..]))
}

/// A word as it may be shown to its owner: without who signs in, and without the query of its address, which may be a
/// signature.
#[must_use]
pub fn bare(word: &str) -> String {
    let Some(scheme) = word.find("://") else {
        return word.to_owned();
    };
    let begin = word[..scheme]
        .rfind(is_gap)
        .map_or(0, |at| at + word[at..].chars().next().map_or(1, char::len_utf8));
    let (before, address) = word.split_at(begin);
    let address = match login(address) {
        Some((scheme, host)) => format!("{scheme}{host}"),
        None => address.to_owned(),
    };
    let address = address
        .split_once('?')
        .map_or(address.as_str(), |(address, _)| address);
    format!("{before}{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_who_signs_in_nor_a_signature_is_shown() {
        for (word, shown) in [
            (
                "https://me:canary@s3.example/a?X-Amz-Signature=canary:",
                "https://s3.example/a",
            ),
            (
                "https://me:ca/na?ry@dav.example:8443/a",
                "https://dav.example:8443/a",
            ),
            ("https://me:can@ary@dav.example/a", "https://dav.example/a"),
            ("(https://canary@dav.example)", "(https://dav.example)"),
            ("https://[2001:db8::1]/a", "https://[2001:db8::1]/a"),
            ("refused:", "refused:"),
        ] {
            assert_eq!(bare(word), shown);
        }
    }
}
