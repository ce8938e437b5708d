//! Everybody's orders, newest first.

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
    let page = Page::read(number, |offset, limit| {
        order::store::newest(visit.conn, offset, limit)
    })?;
    let mut keyboard: Vec<Vec<Button>> = page.rows.iter().map(|order| vec![label(order)]).collect();
    page.add_turns(visit, Press::SellerOrders, &mut keyboard);
    keyboard.push(vec![visit.button("button-seller-menu", Press::Seller)]);
    let mut words = Rich::default().bold(&visit.say("seller-orders-title", &[]));
    if page.rows.is_empty() {
        words = words.then("\n\n").then(&visit.say("seller-orders-empty", &[]));
    }
    for order in &page.rows {
        let state = trade::state(visit.language, order.state);
        let rest = format!(" · {} · {}\n{state}", order.product_name, order.price);
        words = words.then("\n\n").bold(&order.code).then(&rest);
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
    Button::new(label, Press::SellerOrder(order.code.clone()))
}
