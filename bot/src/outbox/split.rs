//! A long text in parts that each fit into a message: cut where a line ends, else between two characters.
//! Pure, and the same text is always cut the same way: a part that is pushed again after a crash is the same part.
//! No character is left out but the line break at which it was cut.

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Its words.
    pub text: &'a str,
    /// Whether it goes on in the middle of the line that the part before it began.
    pub continues: bool,
}

/// Cuts a text into parts of at most `units_max` UTF-16 units; one part, empty, of an empty text.
///
/// # Panics
/// When `units_max` is less than 2: there are characters of two units.
#[must_use]
pub fn split(text: &str, units_max: usize) -> Vec<Part<'_>> {
    assert!(units_max >= 2, "a part must hold any character");
    let mut parts = Vec::new();
    let (mut rest, mut continues) = (text, false);
    while let Some(fitting) = too_long(rest, units_max) {
        let line_end = line_end_within(rest, fitting);
        let (end, next) = match line_end {
            Some(end) => (end, end + 1),
            None => {
                let end = inside_line_of(rest, fitting);
                (end, end)
            }
        };
        parts.push(Part {
            text: &rest[..end],
            continues,
        });
        continues = end == next;
        rest = &rest[next..];
    }
    parts.push(Part {
        text: rest,
        continues,
    });
    parts
}

/// How many bytes of a text fit; `None` when all of it does.
fn too_long(text: &str, units_max: usize) -> Option<usize> {
    let mut units = 0;
    text.char_indices().find_map(|(at, char)| {
        units += char.len_utf16();
        (units > units_max).then_some(at)
    })
}

/// Where the last line ends that fits; one that ends in no blank is better, because Telegram drops blanks at the end
/// of a message.
fn line_end_within(text: &str, fitting: usize) -> Option<usize> {
    // The break itself may stand right behind what fits.
    let within = text.get(..=fitting).unwrap_or(&text[..fitting]);
    let ends = || within.rmatch_indices('\n').map(|(at, _)| at).filter(|at| *at > 0);
    ends()
        .find(|at| !text[..*at].ends_with(char::is_whitespace))
        .or_else(|| ends().next())
}

/// Telegram drops blanks at the edges of a message, and what is drawn as one sign may be several characters: a cut
/// inside a line spares both, where that can be.
fn inside_line_of(text: &str, fitting: usize) -> usize {
    let is_solid = |at: &usize| {
        let (before, after) = text.split_at(*at);
        match (before.chars().next_back(), after.chars().next()) {
            (Some(last), Some(next)) => {
                !last.is_whitespace() && !next.is_whitespace() && !clings(next) && last != JOINER
            }
            _ => false,
        }
    };
    let earlier = text[..fitting].char_indices().rev().map(|(at, _)| at);
    std::iter::once(fitting)
        .chain(earlier)
        .find(is_solid)
        .unwrap_or(fitting)
}

/// Makes one sign of the characters around it.
const JOINER: char = '\u{200d}';

/// Whether a character is drawn onto the one before it: accents, variants and skin tones.
fn clings(char: char) -> bool {
    matches!(char, JOINER | '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

    use super::*;
    use crate::outbox::rich::utf16;

    fn texts(text: &str, units_max: usize) -> Vec<&str> {
        split(text, units_max).iter().map(|part| part.text).collect()
    }

    /// What somebody has who copies part after part.
    fn joined(parts: &[Part<'_>]) -> String {
        let mut whole = String::new();
        for (at, part) in parts.iter().enumerate() {
            if at > 0 && !part.continues {
                whole.push('\n');
            }
            whole.push_str(part.text);
        }
        whole
    }

    #[test]
    fn short_texts_stay_whole() {
        assert_eq!(texts("", 5), [""]);
        assert_eq!(texts("a\nb c", 5), ["a\nb c"]);
    }

    #[test]
    fn cuts_fall_on_line_ends_where_there_are_any() {
        assert_eq!(texts("aaa\nbbb\nccc", 8), ["aaa\nbbb", "ccc"]);
        // The break stands right behind what fits.
        assert_eq!(texts("aaa\nbbb", 3), ["aaa", "bbb"]);
        assert_eq!(texts("aaa\nbbb", 6), ["aaa", "bbb"]);
        // No part ends in a blank line where that can be.
        assert_eq!(texts("aaa\n\n\nbbb", 5), ["aaa", "\n\nbbb"]);
        assert_eq!(texts("a \nb \nccc", 6), ["a \nb ", "ccc"]);
    }

    #[test]
    fn a_line_without_end_is_cut_between_characters_and_says_so() {
        let parts = split("aaaaabbbbb\ncc", 5);
        let flags: Vec<bool> = parts.iter().map(|part| part.continues).collect();
        assert_eq!(texts("aaaaabbbbb\ncc", 5), ["aaaaa", "bbbbb", "cc"]);
        assert_eq!(flags, [false, true, false]);
        assert_eq!(texts("🧧🧧🧧", 5), ["🧧🧧", "🧧"]);
        assert_eq!(texts("aaaa bbbb", 5), ["aaa", "a bbb", "b"]);
        assert_eq!(texts("aaae\u{301}e", 4), ["aaa", "e\u{301}e"]);
        assert_eq!(texts("a👨\u{200d}👩b", 5), ["a", "👨\u{200d}👩", "b"]);
    }

    #[test]
    fn nothing_is_lost_whatever_the_text_is_made_of() {
        let alphabet: Vec<char> = "ab<>&\"'; \n\n\t\u{0301}é漢🧧👨\u{200d}👩\u{fe0f}"
            .chars()
            .collect();
        for seed in 0..3_000 {
            let mut chance = StdRng::seed_from_u64(seed);
            let length = chance.random_range(0..400);
            let units_max = chance.random_range(2..90);
            let text: String = (0..length)
                .map(|_| *alphabet.choose(&mut chance).unwrap())
                .collect();
            let parts = split(&text, units_max);
            assert_eq!(joined(&parts), text, "seed {seed}");
            for part in &parts {
                assert!(utf16(part.text) <= units_max, "seed {seed}: {part:?}");
            }
            let last = parts.len() - 1;
            assert!(
                parts[..last].iter().all(|part| !part.text.is_empty()),
                "seed {seed}"
            );
            assert_eq!(parts, split(&text, units_max), "seed {seed}");
        }
    }
}
