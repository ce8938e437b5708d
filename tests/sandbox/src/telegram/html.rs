//! `parse_mode: HTML`: takes the tags out, keeps them as entities, and refuses what Telegram refuses.
//! Tags and errors are those of <https://core.telegram.org/bots/api#html-style>.

use serde_json::{Value, json};

use crate::world::chat::Words;

/// An open tag.
struct Open {
    tag: String,
    entity: Value,
    /// Where it begins in the text, in UTF-16 units.
    start: usize,
}

struct Parser<'a> {
    source: &'a str,
    at: usize,
    text: String,
    length: usize,
    open: Vec<Open>,
    entities: Vec<Value>,
}

/// Parses a text. The error is what comes after `can't parse entities: `.
pub fn parse(source: &str) -> Result<Words, String> {
    let mut parser = Parser {
        source,
        at: 0,
        text: String::new(),
        length: 0,
        open: Vec::new(),
        entities: Vec::new(),
    };
    while let Some(next) = source[parser.at..].chars().next() {
        match next {
            '<' if source[parser.at..].starts_with("</") => parser.close_tag()?,
            '<' => parser.open_tag()?,
            '&' => parser.reference(),
            plain => parser.push(plain, plain.len_utf8()),
        }
    }
    if let Some(open) = parser.open.last() {
        return Err(format!(
            "Can't find end tag corresponding to start tag \"{}\"",
            open.tag
        ));
    }
    parser.entities.sort_by_key(|entity| entity["offset"].as_u64());
    Ok(Words {
        text: parser.text,
        entities: parser.entities,
    })
}

impl Parser<'_> {
    fn push(&mut self, c: char, bytes: usize) {
        self.text.push(c);
        self.length += c.len_utf16();
        self.at += bytes;
    }

    /// `&lt;` and its like; anything else that begins with `&` stays as it is.
    fn reference(&mut self) {
        let rest = &self.source[self.at..];
        let known = rest
            .find(';')
            .filter(|end| *end <= 10)
            .and_then(|end| Some((decode(&rest[1..end])?, end + 1)));
        match known {
            Some((c, bytes)) => self.push(c, bytes),
            None => self.push('&', 1),
        }
    }

    fn tag_body(&self, begin: usize) -> Result<(usize, &str), String> {
        let end = self.source[begin..]
            .find('>')
            .ok_or_else(|| format!("Unclosed start tag at byte offset {}", self.at))?;
        Ok((begin + end + 1, &self.source[begin..begin + end]))
    }

    fn open_tag(&mut self) -> Result<(), String> {
        let (after, body) = self.tag_body(self.at + 1)?;
        let (tag, attributes) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
        let tag = tag.to_ascii_lowercase();
        let entity = entity_of(&tag, attributes.trim())
            .ok_or_else(|| format!("Unsupported start tag \"{tag}\" at byte offset {}", self.at))?;
        self.open.push(Open {
            tag,
            entity,
            start: self.length,
        });
        self.at = after;
        Ok(())
    }

    fn close_tag(&mut self) -> Result<(), String> {
        let at = self.at;
        let (after, body) = self.tag_body(at + 2)?;
        let tag = body.trim().to_ascii_lowercase();
        let Some(open) = self.open.pop() else {
            return Err(format!("Unexpected end tag at byte offset {at}"));
        };
        if open.tag != tag {
            return Err(format!(
                "Unmatched end tag at byte offset {at}, expected \"</{}>\", found \"</{tag}>\"",
                open.tag
            ));
        }
        if self.length > open.start {
            let mut entity = open.entity;
            entity["offset"] = json!(open.start);
            entity["length"] = json!(self.length - open.start);
            self.entities.push(entity);
        }
        self.at = after;
        Ok(())
    }
}

fn decode(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

fn entity_of(tag: &str, attributes: &str) -> Option<Value> {
    let kind = match tag {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "u" | "ins" => "underline",
        "s" | "strike" | "del" => "strikethrough",
        "tg-spoiler" => "spoiler",
        "span" if attribute(attributes, "class").as_deref() == Some("tg-spoiler") => "spoiler",
        "code" => "code",
        "pre" => "pre",
        "blockquote" if attributes.starts_with("expandable") => "expandable_blockquote",
        "blockquote" => "blockquote",
        "a" => {
            return Some(
                json!({ "type": "text_link", "url": attribute(attributes, "href").unwrap_or_default() }),
            );
        }
        "tg-emoji" => {
            return Some(
                json!({ "type": "custom_emoji", "custom_emoji_id": attribute(attributes, "emoji-id")? }),
            );
        }
        _ => return None,
    };
    Some(json!({ "type": kind }))
}

/// The value of `name="value"`.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let rest = attributes.split_once(&format!("{name}="))?.1;
    let quote = rest.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    Some(
        rest[1..]
            .split_once(quote)?
            .0
            .replace("&amp;", "&")
            .replace("&quot;", "\""),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_entities_with_utf16_offsets() {
        let words = parse("🛒 <b>Total &amp; <i>fee</i></b> <a href=\"https://x.example/?a=1&amp;b\">go</a>")
            .unwrap();
        assert_eq!(words.text, "🛒 Total & fee go");
        let spans: Vec<_> = words
            .entities
            .iter()
            .map(|e| {
                (
                    e["type"].as_str().unwrap(),
                    e["offset"].as_u64().unwrap(),
                    e["length"].as_u64().unwrap(),
                )
            })
            .collect();
        assert_eq!(spans, [("bold", 3, 11), ("italic", 11, 3), ("text_link", 15, 2)]);
        assert_eq!(words.entities[2]["url"], "https://x.example/?a=1&b");
    }

    #[test]
    fn broken_markup_is_refused_in_telegrams_words() {
        let refused = |source| parse(source).err().unwrap();
        assert_eq!(
            refused("a <x>b</x>"),
            "Unsupported start tag \"x\" at byte offset 2"
        );
        assert_eq!(
            refused("<b>a"),
            "Can't find end tag corresponding to start tag \"b\""
        );
        assert_eq!(
            refused("<b>a</i>"),
            "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\""
        );
        assert_eq!(refused("1 < 2"), "Unclosed start tag at byte offset 2");
        assert_eq!(refused("a</b>"), "Unexpected end tag at byte offset 1");
    }

    #[test]
    fn a_lone_ampersand_is_kept() {
        assert_eq!(parse("a & b &nope; &#65;").unwrap().text, "a & b &nope; A");
    }
}
