//! All announcements, the newest first.

use anyhow::Result;

use crate::{
    jobs::broadcast::page,
    outbox::{
        Button, Screen,
        on_broadcast::OnBroadcast,
        press::Press,
        rich::{Rich, clip},
    },
    shop::broadcast::{Broadcast, store},
    telegram::visit::{Page, Visit},
};

/// Of an announcement's words as many name it.
const NAME_UNITS_MAX: usize = 30;

/// A page of them, from 0.
///
/// # Errors
/// When the database fails.
pub fn page(visit: &Visit<'_>, number: u32) -> Result<Screen> {
    let page = Page::read(number, |offset, limit| store::newest(visit.conn, offset, limit))?;
    let mut keyboard: Vec<Vec<Button>> = page
        .rows
        .iter()
        .map(|broadcast| vec![label(visit, broadcast)])
        .collect();
    page.add_turns(visit, Press::Broadcasts, &mut keyboard);
    keyboard.push(vec![
        visit.button("button-new-broadcast", Press::NewBroadcast),
        visit.button("button-seller-menu", Press::Seller),
    ]);
    let mut words = Rich::default().bold(&visit.say("broadcasts-title", &[]));
    if page.rows.is_empty() {
        words = words.then("\n\n").then(&visit.say("broadcasts-empty", &[]));
    }
    Ok(Screen { words, keyboard })
}

fn label(visit: &Visit<'_>, broadcast: &Broadcast) -> Button {
    let state = page::state(visit.language, broadcast.state);
    let first_line = broadcast.announcement.text.lines().next().unwrap_or("🖼");
    let label = format!("{state} · {}", clip(first_line, NAME_UNITS_MAX));
    Button::new(label, Press::Broadcast(broadcast.id, OnBroadcast::Open))
}
