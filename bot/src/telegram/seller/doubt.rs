//! One message in doubt, and the seller's word on it. What it says is not shown: it was meant for somebody else.

use anyhow::Result;

use super::doubts;
use crate::{
    outbox::{
        Purpose, Screen, SendId,
        press::Press,
        rich::Rich,
        store::{self, Doubt},
    },
    shop::order,
    telegram::visit::{Reply, Visit},
    words::when,
};

/// Opens its page.
///
/// # Errors
/// When the database fails.
pub fn open(visit: &Visit<'_>, id: SendId) -> Result<Reply> {
    match store::doubt(visit.conn, id)? {
        Some(doubt) => Ok(Reply::page(page(visit, &doubt)?)),
        None => settled_before(visit),
    }
}

/// Sends it once more; the message says so itself.
///
/// # Errors
/// When the database fails.
pub fn send_again(visit: &Visit<'_>, id: SendId) -> Result<Reply> {
    settled(
        visit,
        store::send_again(visit.conn, id, visit.now)?,
        "toast-doubt-again",
    )
}

/// Leaves it as it is.
///
/// # Errors
/// When the database fails.
pub fn let_be(visit: &Visit<'_>, id: SendId) -> Result<Reply> {
    settled(
        visit,
        store::let_be(visit.conn, id, visit.now)?,
        "toast-doubt-let-be",
    )
}

/// Which order, and what it was about.
///
/// # Errors
/// When the database fails.
pub fn title(visit: &Visit<'_>, doubt: &Doubt) -> Result<String> {
    let what = visit.say(
        match doubt.purpose {
            Purpose::Qr => "doubt-qr",
            _ => "doubt-notice",
        },
        &[],
    );
    let time = when::day_and_clock(doubt.created_at, &visit.shop.timezone);
    Ok(match doubt.order {
        Some(id) => format!("{} · {what} · {time}", order::store::get(visit.conn, id)?.code),
        None => format!("{what} · {time}"),
    })
}

fn settled(visit: &Visit<'_>, done: bool, word: &str) -> Result<Reply> {
    if !done {
        return settled_before(visit);
    }
    Ok(Reply::both(visit.say(word, &[]), doubts::page(visit, 0)?))
}

fn settled_before(visit: &Visit<'_>) -> Result<Reply> {
    Ok(Reply::both(
        visit.say("toast-refund-settled", &[]),
        doubts::page(visit, 0)?,
    ))
}

fn page(visit: &Visit<'_>, doubt: &Doubt) -> Result<Screen> {
    let words = Rich::default()
        .bold(&title(visit, doubt)?)
        .then("\n")
        .then(&visit.say("doubt-to", &[("buyer", &doubt.chat.0.to_string())]))
        .then("\n\n")
        .then(&visit.say("doubt-how", &[]));
    let keyboard = vec![
        vec![
            visit.button("button-send-again", Press::SendAgain(doubt.id)),
            visit.button("button-let-be", Press::LetBe(doubt.id)),
        ],
        vec![visit.button("button-back", Press::Doubts(0))],
    ];
    Ok(Screen { words, keyboard })
}
