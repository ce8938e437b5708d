//! The visitor's own orders, newest first.

use anyhow::Result;

use crate::{
    outbox::{Button, Screen, press::Press, rich::Rich},
    shop::order::{self, Order},
    telegram::visit::{Page, Visit},
    words::trade,
};

/// A page of them, from 0.
///
/// # Errors
/// When the database fails.
pub fn page(visit: &Visit<'_>, number: u32) -> Result<Screen> {
    let read = |offset, limit| order::store::of_customer(visit.conn, visit.user, offset, limit);
    let page = Page::read(number, read)?;
    let mut keyboard: Vec<Vec<Button>> = page.rows.iter().map(|order| vec![label(order)]).collect();
    page.add_turns(visit, Press::Orders, &mut keyboard);
    keyboard.push(vec![visit.button("button-home", Press::Home)]);
    let mut words = Rich::default().bold(&visit.say("orders-title", &[]));
    if page.rows.is_empty() {
        words = words.then("\n\n").then(&visit.say("orders-empty", &[]));
    }
    for order in &page.rows {
        let state = trade::state(visit.language, order.state);
        words = words
            .then("\n\n")
            .bold(&order.code)
            .then(&format!(" · {}\n{state}", order.product_name));
    }
    Ok(Screen { words, keyboard })
}

fn label(order: &Order) -> Button {
    let label = format!(
        "{} {} · {}",
        trade::sign(order.state),
        order.code,
        order.product_name
    );
    Button::new(label, Press::Order(order.code.clone()))
}
