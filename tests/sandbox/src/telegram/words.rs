//! The text or caption of a call: parsed, trimmed and held against its limit.

use serde_json::Value;

use super::{answer::Refusal, html};
use crate::world::chat::Words;

/// After parsing, in UTF-16 units as Telegram counts.
const TEXT_MAX: usize = 4096;
/// As [`TEXT_MAX`].
const CAPTION_MAX: usize = 1024;

/// Words as a call carries them.
#[derive(Clone, Copy)]
pub struct Raw<'a> {
    pub text: &'a str,
    pub parse_mode: Option<&'a str>,
    pub entities: &'a [Value],
}

/// A text: 1 to 4096.
pub fn text(raw: Raw<'_>) -> Result<Words, Refusal> {
    let words = parse(raw)?;
    if words.text.trim().is_empty() {
        return Err(Refusal::bad_request("message text is empty"));
    }
    if words.text.encode_utf16().count() > TEXT_MAX {
        return Err(Refusal::bad_request("message is too long"));
    }
    Ok(words)
}

/// A caption: 0 to 1024.
pub fn caption(raw: Raw<'_>) -> Result<Words, Refusal> {
    let words = parse(raw)?;
    if words.text.encode_utf16().count() > CAPTION_MAX {
        return Err(Refusal::bad_request("message caption is too long"));
    }
    Ok(words)
}

fn parse(raw: Raw<'_>) -> Result<Words, Refusal> {
    let source = raw.text.trim();
    match raw.parse_mode.unwrap_or_default().to_ascii_lowercase().as_str() {
        "" => Ok(Words {
            text: source.to_owned(),
            entities: raw.entities.to_vec(),
        }),
        "html" => html::parse(source)
            .map_err(|error| Refusal::bad_request(format!("can't parse entities: {error}"))),
        "markdown" | "markdownv2" => Err(Refusal::bad_request("the sandbox speaks no parse_mode but HTML")),
        _ => Err(Refusal::bad_request("unsupported parse_mode")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Raw<'_> {
        Raw {
            text,
            parse_mode: Some("HTML"),
            entities: &[],
        }
    }

    #[test]
    fn the_limit_counts_what_is_left_after_parsing() {
        let longest = "x".repeat(4096);
        assert!(text(raw(&format!("<b>{longest}</b>"))).is_ok());
        assert_eq!(
            text(raw(&format!("{longest}x"))).err().unwrap().description,
            "Bad Request: message is too long"
        );
        assert!(caption(raw(&"x".repeat(1024))).is_ok());
        assert!(caption(raw(&"x".repeat(1025))).is_err());
    }

    #[test]
    fn a_text_of_tags_and_blanks_is_empty() {
        for blank in ["", " \n", "<b></b>", "<b> </b>"] {
            assert_eq!(
                text(raw(blank)).err().unwrap().description,
                "Bad Request: message text is empty"
            );
        }
    }
}
