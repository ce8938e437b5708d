//! Words with bold and copyable parts, without a markup language: nothing that a seller types can break a message.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Telegram counts a message's length in these.
pub const TEXT_CHARS_MAX: usize = 4_096;

/// How a part looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Style {
    /// Heavier.
    Bold,
    /// A tap copies it.
    Code,
}

/// A part of the words, counted in UTF-16 units as Telegram does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// How it looks.
    pub style: Style,
    /// Where it begins.
    pub offset: usize,
    /// How long it is.
    pub length: usize,
}

/// Words with marks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rich {
    /// The words.
    pub text: String,
    /// The marks, in order.
    pub marks: Vec<Mark>,
}

impl Rich {
    /// Plain words.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            marks: Vec::new(),
        }
    }

    /// More plain words.
    #[must_use]
    pub fn then(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// More words, heavier.
    #[must_use]
    pub fn bold(self, text: &str) -> Self {
        self.marked(text, Style::Bold)
    }

    /// More words, to be copied with a tap.
    #[must_use]
    pub fn code(self, text: &str) -> Self {
        self.marked(text, Style::Code)
    }

    fn marked(mut self, text: &str, style: Style) -> Self {
        let mark = Mark {
            style,
            offset: utf16(&self.text),
            length: utf16(text),
        };
        // Telegram refuses an empty entity.
        if mark.length > 0 {
            self.marks.push(mark);
        }
        self.then(text)
    }
}

/// At most `units_max` UTF-16 units of a text; where something is left out, an ellipsis says so.
#[must_use]
pub fn clip(text: &str, units_max: usize) -> Cow<'_, str> {
    if utf16(text) <= units_max {
        return Cow::Borrowed(text);
    }
    let mut units = 0;
    let kept = text.chars().take_while(|char| {
        units += char.len_utf16();
        units < units_max
    });
    Cow::Owned(kept.chain(['…']).collect())
}

/// The length of a text as Telegram counts it.
#[must_use]
pub fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_count_as_telegram_does() {
        let rich = Rich::plain("🛒 ").bold("Netflix").then("\n").code("a@b:c");
        assert_eq!(rich.text, "🛒 Netflix\na@b:c");
        assert_eq!(
            rich.marks[0],
            Mark {
                style: Style::Bold,
                offset: 3,
                length: 7
            }
        );
        assert_eq!(
            rich.marks[1],
            Mark {
                style: Style::Code,
                offset: 11,
                length: 5
            }
        );
    }

    #[test]
    fn a_clipped_text_never_splits_a_character() {
        assert_eq!(clip("warung", 6), "warung");
        assert_eq!(clip("warung", 5), "waru…");
        assert_eq!(clip("🛒🛒🛒", 5), "🛒🛒…");
        assert_eq!(clip("🛒🛒🛒", 4), "🛒…");
    }
}
