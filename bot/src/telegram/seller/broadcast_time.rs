//! When an announcement goes out, typed as a day and a time in the shop's own zone.

use anyhow::Result;

use super::{asked, broadcast};
use crate::{
    jobs::broadcast as moves,
    outbox::Screen,
    shop::broadcast::{AHEAD_MAX, BroadcastId},
    telegram::{
        dialogue::{self, Step},
        visit::Visit,
    },
    words::when,
};

/// The question.
///
/// # Errors
/// When the database fails.
pub fn ask(visit: &Visit<'_>, id: BroadcastId) -> Result<Screen> {
    asked(
        visit,
        &Step::BroadcastTime { broadcast: id },
        words(visit, "ask-time"),
    )
}

/// The answer.
///
/// # Errors
/// When the database fails.
pub fn answered(visit: &Visit<'_>, id: BroadcastId, text: &str) -> Result<Screen> {
    let fits = |at: &_| *at > visit.now && *at <= visit.now.plus(AHEAD_MAX);
    let Some(at) = when::read(text, &visit.shop.timezone).filter(fits) else {
        return asked(
            visit,
            &Step::BroadcastTime { broadcast: id },
            words(visit, "wrong-time"),
        );
    };
    dialogue::store::forget(visit.conn, visit.user)?;
    // One that went out meanwhile shows itself as it is.
    moves::schedule(visit.conn, id, at, visit.now)?;
    broadcast::page(visit, id)
}

fn words(visit: &Visit<'_>, key: &str) -> String {
    let now = when::day_and_clock(visit.now, &visit.shop.timezone);
    visit.say(key, &[("now", &now)])
}
