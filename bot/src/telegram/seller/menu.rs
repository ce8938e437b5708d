//! The seller's first page: whether the shop sells, and the ways to everything else.

use anyhow::Result;

use super::sales;
use crate::{
    outbox::{self, Button, Screen, press::Press, rich::Rich},
    shop::{
        refund, stock,
        switch::{self, Pause},
    },
    telegram::visit::Visit,
};

/// The page.
///
/// # Errors
/// When the database fails.
pub fn page(visit: &Visit<'_>) -> Result<Screen> {
    let pause = switch::store::paused(visit.conn)?;
    let held = stock::store::held(visit.conn)?;
    let (status, switch) = match pause {
        None if switch::store::braked(visit.conn)? => (
            visit.say("seller-resting", &[]),
            ("button-pause-sales", Press::PauseSales),
        ),
        None => (
            visit.say("seller-open", &[]),
            ("button-pause-sales", Press::PauseSales),
        ),
        Some(Pause::Seller) => (
            visit.say("seller-paused", &[]),
            ("button-open-sales", Press::OpenSales),
        ),
        Some(Pause::Restore) => (
            visit.say("seller-held", &[("count", &held.to_string())]),
            ("button-open-sales", Press::OpenSales),
        ),
    };
    let due = refund::store::count_due(visit.conn)?.to_string();
    let refunds = visit.say("button-refunds", &[("count", &due)]);
    let (_, in_doubt) = outbox::store::counts(visit.conn)?;
    let mut keyboard = vec![
        vec![
            visit.button("button-seller-products", Press::SellerProducts(0)),
            visit.button("button-new-product", Press::NewProduct),
        ],
        vec![
            visit.button("button-seller-orders", Press::SellerOrders(0)),
            Button::new(refunds, Press::Refunds(0)),
        ],
        vec![visit.button("button-broadcasts", Press::Broadcasts(0))],
    ];
    if in_doubt > 0 {
        let label = visit.say("button-doubts", &[("count", &in_doubt.to_string())]);
        keyboard.push(vec![Button::new(label, Press::Doubts(0))]);
    }
    // What orders from before a restore give up later is held while the shop is open again.
    let is_held_while_open = pause.is_none() && held > 0;
    if is_held_while_open {
        let label = visit.say("button-release-held", &[("count", &held.to_string())]);
        keyboard.push(vec![Button::new(label, Press::OpenSales)]);
    }
    keyboard.push(vec![visit.button(switch.0, switch.1)]);
    keyboard.push(vec![visit.button("button-home", Press::Home)]);
    let mut words = Rich::default()
        .bold(&visit.say("seller-title", &[]))
        .then("\n\n")
        .then(&status);
    if is_held_while_open {
        let line = visit.say("seller-held-later", &[("count", &held.to_string())]);
        words = words.then("\n").then(&line);
    }
    if pause == Some(Pause::Restore) {
        for line in sales::what_went_out(visit)? {
            words = words.then("\n").then(&line);
        }
    }
    let doubtful = stock::store::doubtful(visit.conn)?;
    if doubtful > 0 {
        let line = visit.say("seller-doubtful", &[("count", &doubtful.to_string())]);
        words = words.then("\n").then(&line);
    }
    Ok(Screen { words, keyboard })
}
