//! A new announcement: one message with words, or one picture with words under it.
//! Its audience is counted the moment it is written, and stays the same from then on.

use anyhow::Result;

use super::{asked, broadcast};
use crate::{
    outbox::Screen,
    shop::broadcast::{Announcement, CAPTION_UNITS_MAX, TEXT_UNITS_MAX, store},
    telegram::{
        dialogue::{self, Step},
        visit::{Said, Visit},
    },
};

/// The question.
///
/// # Errors
/// When the database fails.
pub fn ask(visit: &Visit<'_>) -> Result<Screen> {
    asked(visit, &Step::Announcement, visit.say("ask-announcement", &[]))
}

/// The answer: a draft, with the number of people who would get it.
///
/// # Errors
/// When the database fails.
pub fn answered(visit: &Visit<'_>, said: Said<'_>) -> Result<Screen> {
    let announcement = match said {
        Said::Text(text) => Announcement {
            text: text.trim().to_owned(),
            ..Announcement::default()
        },
        Said::Photo { file, caption } => Announcement {
            text: caption.trim().to_owned(),
            photo: Some(file.to_owned()),
            ..Announcement::default()
        },
        Said::Document(_) | Said::Other => Announcement::default(),
    };
    if !announcement.fits() {
        let (text, caption) = (TEXT_UNITS_MAX.to_string(), CAPTION_UNITS_MAX.to_string());
        let words = visit.say("wrong-announcement", &[("text", &text), ("caption", &caption)]);
        return asked(visit, &Step::Announcement, words);
    }
    dialogue::store::forget(visit.conn, visit.user)?;
    let id = store::draft(visit.conn, visit.user, &announcement, visit.now)?;
    broadcast::page(visit, id)
}
