//! Goods and the frames that they are put into: a message a part, or one document. Pure.
//! Goods are never shortened, the words around them are. The same goods are always put the same way: what is pushed
//! again after a crash changes nothing.

use super::{about, anew, one, told};
use crate::{
    outbox::{
        Button, Keyboard, Outgoing, Screen,
        press::Press,
        rich::{Rich, TEXT_CHARS_MAX, clip, utf16},
        split::split,
    },
    shop::{
        customer::Language,
        order::Order,
        stock::{FileId, Item},
    },
    words::say,
};

/// UTF-16 units of goods in one message: the words around them fit beside them. Never changed: an order whose goods
/// are on their way while the bot is renewed must not be cut anew.
const PART_UNITS_MAX: usize = 3_500;
/// Telegram's limit of the words under a file, in UTF-16 units.
const CAPTION_UNITS_MAX: usize = 1_024;

/// What is put into a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Push {
    /// Words.
    Text(Screen),
    /// A file, with words under it.
    File {
        /// The file.
        file: FileId,
        /// The words and buttons.
        caption: Screen,
    },
}

/// In how many parts an item is delivered.
#[must_use]
pub fn parts(item: &Item) -> u32 {
    match item {
        Item::Text(content) => {
            u32::try_from(split(content, PART_UNITS_MAX).len()).expect("an item has fewer characters")
        }
        Item::File(_) => 1,
    }
}

/// The empty frame into which a part of the goods is put.
#[must_use]
pub fn frame(language: Language, order: &Order, item: &Item, part: u32) -> Outgoing {
    let words = about(language, "order-code", order)
        .then(" ")
        .then(&say(language, "goods-on-the-way", &[]))
        .then("\n")
        .then(&say(language, "goods-sending", &[]))
        .then(&counted(part, parts(item)));
    let screen = Screen {
        words,
        keyboard: show_again(language, order),
    };
    match item {
        Item::Text(_) => Outgoing::Text(screen),
        Item::File(_) => Outgoing::Note {
            name: format!("{}.txt", order.code),
            text: say(language, "goods-sending", &[]),
            caption: screen,
        },
    }
}

/// What is put into the frame of a part; `None` where the item has no such part. The goods stand exactly as they were
/// in stock and on lines of their own; the terms come last, as far as they fit.
#[must_use]
pub fn push(language: Language, order: &Order, item: &Item, part: u32, terms: &str) -> Option<Push> {
    match item {
        Item::Text(content) => text(language, order, content, part, terms).map(Push::Text),
        Item::File(file) if part == 0 => {
            let mut words = head(language, order);
            if !file.words.is_empty() {
                words = words.then("\n\n").code(&file.words);
            }
            let caption = Screen {
                words: with_terms(language, words, terms, CAPTION_UNITS_MAX),
                keyboard: to_orders(language),
            };
            Some(Push::File {
                file: file.id.clone(),
                caption,
            })
        }
        Item::File(_) => None,
    }
}

/// In the frame instead of the goods: Telegram does not take them.
#[must_use]
pub fn refused(language: Language, order: &Order) -> Screen {
    told(
        language,
        order,
        &say(language, "goods-refused", &[]),
        show_again(language, order),
    )
}

fn text(language: Language, order: &Order, content: &str, part: u32, terms: &str) -> Option<Screen> {
    let parts = split(content, PART_UNITS_MAX);
    let this = parts.get(usize::try_from(part).ok()?)?;
    let count = u32::try_from(parts.len()).expect("an item has fewer characters");
    let mut words = if part == 0 {
        head(language, order)
    } else {
        about(language, "order-code", order)
    };
    words = words.then(&counted(part, count)).then("\n");
    if this.continues {
        words = words.then(&say(language, "goods-continue", &[])).then("\n");
    }
    words = words
        .then(&say(language, "goods-copy", &[]))
        .then("\n\n")
        .code(this.text);
    // Earlier parts keep no buttons: the last message is where the customer goes on.
    let is_last = part + 1 == count;
    Some(Screen {
        words: with_terms(language, words, if is_last { terms } else { "" }, TEXT_CHARS_MAX),
        keyboard: if is_last { to_orders(language) } else { Vec::new() },
    })
}

fn head(language: Language, order: &Order) -> Rich {
    about(language, "order-code", order)
        .then(&format!("\n{}\n\n", order.product_name))
        .then(&say(language, "goods-title", &[]))
}

/// Which part of how many; nothing where there is one.
fn counted(part: u32, count: u32) -> String {
    if count == 1 {
        String::new()
    } else {
        format!(" ({}/{count})", part + 1)
    }
}

fn with_terms(language: Language, words: Rich, terms: &str, units_max: usize) -> Rich {
    let title = say(language, "product-terms", &[]);
    // Two empty lines and one break around the title.
    let room = units_max.saturating_sub(utf16(&words.text) + utf16(&title) + 3);
    if terms.is_empty() || room == 0 {
        return words;
    }
    words
        .then("\n\n")
        .bold(&title)
        .then("\n")
        .then(&clip(terms, room))
}

fn to_orders(language: Language) -> Keyboard {
    one(language, "button-my-orders", anew(Press::Orders(0)))
}

fn show_again(language: Language, order: &Order) -> Keyboard {
    let label = say(language, "button-show-goods", &[]);
    vec![vec![Button::new(label, Press::Goods(order.code.clone()))]]
}

#[cfg(test)]
mod tests {
    use super::{super::tests::order, *};
    use crate::shop::{
        catalog::{NAME_CHARS_MAX, TEXT_CHARS_MAX as PROSE_CHARS_MAX},
        order::State,
        stock::{FILE_WORDS_UNITS_MAX, File},
    };

    const BOTH: [Language; 2] = [Language::Indonesian, Language::English];

    fn words(language: Language, order: &Order, content: &str, part: u32, terms: &str) -> Rich {
        match push(language, order, &Item::Text(content.to_owned()), part, terms) {
            Some(Push::Text(screen)) => screen.words,
            other => panic!("{other:?} is no text"),
        }
    }

    fn file(words: &str) -> Item {
        Item::File(File {
            id: FileId("BQAC".to_owned()),
            name: "buku.pdf".to_owned(),
            words: words.to_owned(),
        })
    }

    #[test]
    fn goods_are_whole_and_the_terms_give_way() {
        let order = order(State::Paid, &"🧧".repeat(NAME_CHARS_MAX));
        let terms = "🧾".repeat(PROSE_CHARS_MAX);
        for language in BOTH {
            for length in [1, 2_000, PART_UNITS_MAX] {
                let content = "x".repeat(length);
                assert_eq!(parts(&Item::Text(content.clone())), 1);
                let text = words(language, &order, &content, 0, &terms).text;
                assert!(text.contains(&format!("\n\n{content}")), "at {length}");
                assert!(utf16(&text) <= TEXT_CHARS_MAX, "at {length}");
            }
        }
    }

    #[test]
    fn long_goods_come_in_numbered_parts_with_the_terms_below_the_last() {
        let order = order(State::Paid, "Netflix");
        let lines: Vec<String> = (0..900).map(|line| format!("kunci-{line:05}")).collect();
        let content = lines.join("\n");
        let item = Item::Text(content.clone());
        assert_eq!(parts(&item), 4);
        let texts: Vec<String> = (0..4)
            .map(|part| words(Language::Indonesian, &order, &content, part, "Tanpa garansi").text)
            .collect();
        for (text, count) in texts.iter().zip(["(1/4)", "(2/4)", "(3/4)", "(4/4)"]) {
            assert!(text.contains(count) && utf16(text) <= TEXT_CHARS_MAX);
        }
        let said = texts.join("\n");
        let keys: Vec<&str> = said.lines().filter(|line| line.starts_with("kunci-")).collect();
        assert_eq!(keys, lines);
        let with_terms: Vec<bool> = texts.iter().map(|text| text.contains("Tanpa garansi")).collect();
        assert_eq!(with_terms, [false, false, false, true]);
        assert_eq!(push(Language::Indonesian, &order, &item, 4, ""), None);
    }

    #[test]
    fn a_part_that_goes_on_inside_a_line_says_so() {
        let order = order(State::Paid, "Netflix");
        let content = "x".repeat(PART_UNITS_MAX + 1);
        let hint = say(Language::English, "goods-continue", &[]);
        let texts = [0, 1].map(|part| words(Language::English, &order, &content, part, "").text);
        assert_eq!(texts.map(|text| text.contains(&hint)), [false, true]);
    }

    #[test]
    fn goods_are_copied_with_one_tap_and_nothing_else_is() {
        let order = order(State::Paid, "Netflix");
        let rich = words(Language::Indonesian, &order, "user@mail:pass", 0, "");
        let mark = rich.marks.last().unwrap();
        assert_eq!(mark.length, utf16("user@mail:pass"));
        assert!(rich.text.ends_with("\n\nuser@mail:pass"));
    }

    #[test]
    fn words_fit_below_a_file() {
        let order = order(State::Paid, &"🧧".repeat(NAME_CHARS_MAX));
        let item = file(&"🔑".repeat(FILE_WORDS_UNITS_MAX / 2));
        for language in BOTH {
            let terms = "🧾".repeat(PROSE_CHARS_MAX);
            let Some(Push::File { file, caption }) = push(language, &order, &item, 0, &terms) else {
                panic!("no file")
            };
            assert_eq!(file, FileId("BQAC".to_owned()));
            assert!(utf16(&caption.words.text) <= CAPTION_UNITS_MAX);
            assert!(
                caption
                    .words
                    .text
                    .contains(&"🔑".repeat(FILE_WORDS_UNITS_MAX / 2))
            );
            let Outgoing::Note { caption, .. } = frame(language, &order, &item, 0) else {
                panic!("no document")
            };
            assert!(utf16(&caption.words.text) <= CAPTION_UNITS_MAX);
        }
        assert_eq!(push(Language::English, &order, &item, 1, ""), None);
    }

    #[test]
    fn goods_and_frames_stay_when_their_button_is_pressed() {
        let order = order(State::Delivered, "Netflix");
        let Some(Push::Text(goods)) = push(Language::English, &order, &Item::Text("x".to_owned()), 0, "")
        else {
            panic!("no text")
        };
        assert!(matches!(goods.keyboard[0][0].press, Press::Anew(_)));
        // Showing the goods answers with messages of their own, never in the place of the pressed one.
        assert!(matches!(
            refused(Language::English, &order).keyboard[0][0].press,
            Press::Goods(_)
        ));
    }
}
