//! Closing the shop and opening it again. Payments are taken and goods go out either way.
//! After a restore it opens only at a second press that says what the first one was told; what is known to have gone out
//! meanwhile is released by neither.

use anyhow::Result;

use super::menu;
use crate::{
    outbox::{Screen, press::Press, rich::Rich},
    shop::{
        stock,
        switch::{self, Pause},
    },
    telegram::visit::{Reply, Visit},
};

/// Products that are named one by one.
const NAMED_MAX: usize = 10;

/// Stops selling. A pause after a restore stays what it is.
///
/// # Errors
/// When the database fails.
pub fn pause(visit: &Visit<'_>) -> Result<Reply> {
    if switch::store::paused(visit.conn)?.is_none() {
        switch::store::set_paused(visit.conn, Some(Pause::Seller))?;
    }
    Ok(Reply::both(
        visit.say("toast-sales-paused", &[]),
        menu::page(visit)?,
    ))
}

/// Sells again, or asks first: after a restore, and in an open shop that holds what orders gave up since.
///
/// # Errors
/// When the database fails.
pub fn open(visit: &Visit<'_>) -> Result<Reply> {
    let asks = match switch::store::paused(visit.conn)? {
        Some(Pause::Restore) => true,
        Some(Pause::Seller) => false,
        None => stock::store::held(visit.conn)? > 0,
    };
    if asks {
        return Ok(Reply::page(confirm(visit)?));
    }
    switch::store::set_paused(visit.conn, None)?;
    Ok(Reply::both(
        visit.say("toast-sales-open", &[]),
        menu::page(visit)?,
    ))
}

/// Releases what is held and sells again.
///
/// # Errors
/// When the database fails.
pub fn release_and_open(visit: &Visit<'_>) -> Result<Reply> {
    let released = stock::store::free_held(visit.conn)?.to_string();
    switch::store::set_paused(visit.conn, None)?;
    Ok(Reply::both(
        visit.say("toast-released", &[("count", &released)]),
        menu::page(visit)?,
    ))
}

/// What is known of the time that the last restore undid: how much of which product went out, or that nobody knows.
///
/// # Errors
/// When the database fails.
pub fn what_went_out(visit: &Visit<'_>) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    let products = stock::store::withheld(visit.conn)?;
    if !products.is_empty() {
        let count: i64 = products.iter().map(|(_, count)| count).sum();
        let named = products.iter().take(NAMED_MAX);
        let mut named: Vec<String> = named.map(|(name, count)| format!("{name} ({count})")).collect();
        if products.len() > NAMED_MAX {
            named.push("…".to_owned());
        }
        let places = [("count", &*count.to_string()), ("products", &named.join(", "))];
        lines.push(visit.say("seller-withheld", &places));
    }
    match switch::store::looked(visit.conn)? {
        Some(false) => lines.push(visit.say("seller-not-looked-into", &[])),
        Some(true) if products.is_empty() => lines.push(visit.say("seller-none-withheld", &[])),
        Some(true) | None => {}
    }
    Ok(lines)
}

fn confirm(visit: &Visit<'_>) -> Result<Screen> {
    let held = stock::store::held(visit.conn)?.to_string();
    let is_known = switch::store::looked(visit.conn)? == Some(true);
    let key = if is_known {
        "seller-confirm-open-known"
    } else {
        "seller-confirm-open"
    };
    let before: String = what_went_out(visit)?
        .into_iter()
        .map(|line| line + "\n\n")
        .collect();
    let keyboard = vec![
        vec![visit.button("button-release-and-open", Press::ReleaseAndOpen)],
        vec![visit.button("button-never-mind", Press::NeverMind)],
    ];
    Ok(Screen {
        words: Rich::plain(before + &visit.say(key, &[("count", &held)])),
        keyboard,
    })
}
