//! One alert under another key: everything that is remembered of it goes along.
//! It says nothing to anybody, unless both keys stand open.

use protocol::time::UnixMillis;

use super::{Notice, withdraw};
use crate::store::book::{Book, Silence};

/// What was known under the old key is known under the new one. Where that has an alert already, the old one ends.
#[must_use]
pub fn rekey(book: &mut Book, old: &str, new: &str, now: UnixMillis) -> Vec<Notice> {
    if book.alerts.contains_key(new) {
        return withdraw(book, old, now);
    }
    if let Some(row) = book.alerts.remove(old) {
        let key = new.to_owned();
        book.alerts
            .insert(key.clone(), crate::store::alerts::AlertRow { key, ..row });
    }
    for episode in book.episodes.values_mut() {
        if episode.lead.key == old {
            new.clone_into(&mut episode.lead.key);
        }
        for mended in episode.mended.iter_mut().filter(|mended| mended.key == old) {
            new.clone_into(&mut mended.key);
        }
    }
    if let Some(mut floor) = book.floors.remove(old) {
        new.clone_into(&mut floor.key);
        book.floors.entry(new.to_owned()).or_insert(floor);
    }
    let silent: Vec<Silence> = book
        .silences
        .values()
        .filter(|silence| silence.scope == old)
        .cloned()
        .collect();
    book.silences.retain(|_, silence| silence.scope != old);
    book.new_silences
        .extend(silent.into_iter().map(|silence| Silence {
            scope: new.to_owned(),
            ..silence
        }));
    Vec::new()
}
