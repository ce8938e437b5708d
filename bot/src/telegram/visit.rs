//! One person at the counter: who, in which language, when, and the transaction in which the shop answers.
//! Pages get a visit and answer with a reply; only the router puts a reply into the outbox.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;

use crate::{
    outbox::{Button, Keyboard, MessageId, Screen, press::Press},
    shop::{
        Shop,
        customer::{CustomerId, Language},
        stock::{FileId, FileUniqueId},
    },
    words,
};

/// Rows of a list on one page.
pub const PAGE_ROWS: u32 = 8;

/// One person at the counter.
#[derive(Clone, Copy)]
pub struct Visit<'a> {
    /// The transaction.
    pub conn: &'a Connection,
    /// The shop.
    pub shop: &'a Shop,
    /// Who.
    pub user: CustomerId,
    /// What that person reads.
    pub language: Language,
    /// The moment.
    pub now: UnixMillis,
    /// The message in whose place the reply to a press goes; `None` where it is a new message.
    pub pressed: Option<MessageId>,
}

/// A file that somebody sent.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Telegram's name of it, by which it can be sent.
    pub file: &'a FileId,
    /// Telegram's name of what is in it.
    pub unique: &'a FileUniqueId,
    /// What the person calls it; often empty.
    pub name: &'a str,
    /// The words under it; often empty.
    pub caption: &'a str,
}

/// What somebody sent that is neither a command nor a press.
#[derive(Clone, Copy, Debug)]
pub enum Said<'a> {
    /// Words.
    Text(&'a str),
    /// A picture.
    Photo {
        /// Telegram's own name of it.
        file: &'a str,
        /// The words under it; often empty.
        caption: &'a str,
    },
    /// A file.
    Document(Document<'a>),
    /// Anything else.
    Other,
}

impl Visit<'_> {
    /// The words of a key in the visitor's language.
    #[must_use]
    pub fn say(&self, key: &str, places: &[(&'static str, &str)]) -> String {
        words::say(self.language, key, places)
    }

    /// A button with the words of a key on it.
    #[must_use]
    pub fn button(&self, key: &str, press: Press) -> Button {
        Button::new(self.say(key, &[]), press)
    }

    /// Whether the visitor may run the shop.
    #[must_use]
    pub fn is_seller(&self) -> bool {
        self.shop.is_seller(self.user)
    }
}

/// What a press is answered with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// A word that shows for a moment; at most 200 characters.
    pub toast: Option<String>,
    /// Whether the word stays until it is tapped away: for what must not be missed.
    pub stays: bool,
    /// The page that opens, if another one does.
    pub screen: Option<Screen>,
    /// Whether that page is worth a change of the pressed message, but not a message of its own.
    pub only_in_place: bool,
}

impl Reply {
    /// Only a page.
    #[must_use]
    pub fn page(screen: Screen) -> Self {
        Self {
            screen: Some(screen),
            ..Self::default()
        }
    }

    /// Only a word.
    #[must_use]
    pub fn toast(word: String) -> Self {
        Self {
            toast: Some(word),
            ..Self::default()
        }
    }

    /// A word and a page.
    #[must_use]
    pub fn both(word: String, screen: Screen) -> Self {
        Self {
            toast: Some(word),
            screen: Some(screen),
            ..Self::default()
        }
    }

    /// A word that stays until it is tapped away, and a page.
    #[must_use]
    pub fn clearly(word: String, screen: Screen) -> Self {
        Self {
            stays: true,
            ..Self::both(word, screen)
        }
    }

    /// A word, and the page in its new state where it was the page that was pressed.
    #[must_use]
    pub fn update(word: String, screen: Screen) -> Self {
        Self {
            only_in_place: true,
            ..Self::both(word, screen)
        }
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Its rows.
    pub rows: Vec<T>,
    number: u32,
    more: bool,
}

impl<T> Page<T> {
    /// Reads a page through `read(offset, limit)`; the first one where the page asked for has nothing any more.
    ///
    /// # Errors
    /// What `read` answers.
    pub fn read(number: u32, read: impl Fn(u32, u32) -> Result<Vec<T>>) -> Result<Self> {
        // One row more than is shown tells whether there is a next page.
        let mut rows = read(number.saturating_mul(PAGE_ROWS), PAGE_ROWS + 1)?;
        if rows.is_empty() && number > 0 {
            return Self::read(0, read);
        }
        let more = rows.len() > PAGE_ROWS as usize;
        rows.truncate(PAGE_ROWS as usize);
        Ok(Self { rows, number, more })
    }

    /// Adds the buttons that turn the pages, where there is another page.
    pub fn add_turns(&self, visit: &Visit<'_>, turn: impl Fn(u32) -> Press, keyboard: &mut Keyboard) {
        let mut row = Vec::new();
        if self.number > 0 {
            row.push(visit.button("button-previous", turn(self.number - 1)));
        }
        if self.more {
            row.push(visit.button("button-next", turn(self.number + 1)));
        }
        if !row.is_empty() {
            keyboard.push(row);
        }
    }
}
