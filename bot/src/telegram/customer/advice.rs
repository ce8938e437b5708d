//! Short words that change nothing: help, terms, payment support, the hint.
//! They promise nothing that the shop does not do.

use crate::{
    outbox::{Screen, press::Press, rich::Rich},
    telegram::visit::Visit,
};

/// The words of a key, and the way home.
#[must_use]
pub fn page(visit: &Visit<'_>, key: &str) -> Screen {
    let keyboard = vec![
        vec![visit.button("button-my-orders", Press::Orders(0))],
        vec![visit.button("button-home", Press::Home)],
    ];
    Screen {
        words: Rich::plain(visit.say(key, &[])),
        keyboard,
    }
}

/// The answer to words that nobody asked for.
#[must_use]
pub fn hint(visit: &Visit<'_>) -> Screen {
    let keyboard = vec![vec![visit.button("button-home", Press::Home)]];
    Screen {
        words: Rich::plain(visit.say("hint", &[])),
        keyboard,
    }
}
