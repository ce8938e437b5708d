//! A secret in memory: no `Debug`, no `Default`, no `Clone`, no `Copy`, overwritten when dropped.
//! Where secrets come from is each program's own affair; here is only how a `.env` text reads.

/// Text that must never be printed, logged or put into an error.
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes the text over; surrounding white space is never part of a secret.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().as_bytes().to_vec())
    }

    /// The text itself, for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).expect("built from a str")
    }

    /// Whether there is nothing in it: an empty secret protects nothing and is refused by every reader.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        // Without a use after the fill the compiler may leave the fill out.
        std::hint::black_box(&self.0);
    }
}

/// The `NAME=value` pairs of a `.env` text. Comments, blank lines, `export ` and surrounding quotes are understood.
pub fn parse_dotenv(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let line = line.trim();
        if line.starts_with('#') {
            return None;
        }
        let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        let value = value.trim();
        let quoted = |mark: char| value.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
        Some((name.trim(), quoted('"').or_else(|| quoted('\'')).unwrap_or(value)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotenv_understands_quotes_comments_and_export() {
        let text = "# a comment\nA=1\n export B=\"two words\"\nC='x=y'\n\nbroken line\n";
        let pairs: Vec<_> = parse_dotenv(text).collect();
        assert_eq!(pairs, [("A", "1"), ("B", "two words"), ("C", "x=y")]);
    }

    #[test]
    fn white_space_around_a_secret_is_not_part_of_it() {
        assert_eq!(Secret::new(" abc\n").expose(), "abc");
        assert!(Secret::new(" \n").is_empty());
    }
}
