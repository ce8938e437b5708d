//! Money that is due to customers, the oldest first.

use anyhow::Result;

use crate::{
    outbox::{Button, Screen, press::Press, rich::Rich},
    shop::{order, refund},
    telegram::visit::{Page, Visit},
    words::trade,
};

/// A page of what is due, from 0.
///
/// # Errors
/// When the database fails.
pub fn page(visit: &Visit<'_>, number: u32) -> Result<Screen> {
    let page = Page::read(number, |offset, limit| {
        refund::store::due(visit.conn, offset, limit)
    })?;
    let mut words = Rich::default().bold(&visit.say("refunds-title", &[]));
    let mut keyboard = Vec::new();
    if page.rows.is_empty() {
        words = words.then("\n\n").then(&visit.say("refunds-empty", &[]));
    }
    for due in &page.rows {
        let code = order::store::get(visit.conn, due.order)?.code;
        let reason = trade::reason(visit.language, due.reason);
        words = words
            .then("\n\n")
            .bold(&due.amount.to_string())
            .then(&format!(" · {code}\n{reason}"));
        keyboard.push(vec![Button::new(
            format!("{} · {code}", due.amount),
            Press::Refund(due.id),
        )]);
    }
    page.add_turns(visit, Press::Refunds, &mut keyboard);
    keyboard.push(vec![visit.button("button-seller-menu", Press::Seller)]);
    Ok(Screen { words, keyboard })
}
