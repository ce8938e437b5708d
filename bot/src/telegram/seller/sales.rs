//! Closing the shop and opening it again. Payments are taken and goods go out either way.
//! After a restore it opens only at a second press that says what the first one was told.

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

fn confirm(visit: &Visit<'_>) -> Result<Screen> {
    let held = stock::store::held(visit.conn)?.to_string();
    let keyboard = vec![
        vec![visit.button("button-release-and-open", Press::ReleaseAndOpen)],
        vec![visit.button("button-never-mind", Press::NeverMind)],
    ];
    Ok(Screen {
        words: Rich::plain(visit.say("seller-confirm-open", &[("count", &held)])),
        keyboard,
    })
}
