//! Messages in doubt, the oldest first: nobody knows whether they arrived, and the shop does not guess.

use anyhow::Result;

use super::doubt;
use crate::{
    outbox::{Button, Screen, press::Press, rich::Rich, store},
    telegram::visit::{Page, Visit},
};

/// A page of them, from 0.
///
/// # Errors
/// When the database fails.
pub fn page(visit: &Visit<'_>, number: u32) -> Result<Screen> {
    let page = Page::read(number, |offset, limit| store::doubts(visit.conn, offset, limit))?;
    let mut words = Rich::default().bold(&visit.say("doubts-title", &[])).then("\n\n");
    let mut keyboard = Vec::new();
    words = words.then(&visit.say(
        if page.rows.is_empty() {
            "doubts-empty"
        } else {
            "doubts-what"
        },
        &[],
    ));
    for one in &page.rows {
        keyboard.push(vec![Button::new(doubt::title(visit, one)?, Press::Doubt(one.id))]);
    }
    page.add_turns(visit, Press::Doubts, &mut keyboard);
    keyboard.push(vec![visit.button("button-seller-menu", Press::Seller)]);
    Ok(Screen { words, keyboard })
}
