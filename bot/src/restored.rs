//! After a restore the shop stands at an earlier moment. What was sold since is free again in this database and must
//! not be sold twice: sales pause, free stock is held, what is reserved is held once its order gives it up, and every
//! open payment is asked about again. What the database that was replaced shows as gone stays out of sale for good.

mod replaced;

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use protocol::{
    restored::{FileId, Restored, SUFFIX},
    time::UnixMillis,
};
use rusqlite::Connection;

use crate::{
    gateways::pakasir,
    incident::{self, Kind},
    jobs::{
        broadcast,
        task::{PollPayment, Task},
        trade,
    },
    shop::{
        Shop,
        order::{self, Event, State},
        payment,
        stock::{self, store::elsewhere::Gone},
        switch::{self, Pause},
    },
};

/// The largest note that is read.
const NOTE_BYTES_MAX: usize = 64 * 1024;
/// In the place of how many items went out: what was replaced could not be looked into, or not all of it.
const NOT_LOOKED_INTO: &str = "not_looked_into";

/// The note that a restore left beside the database, if any. One of a restore that was killed before its database took the
/// place of this one is taken away.
///
/// # Errors
/// When there is one that cannot be read: selling on would be a guess.
pub fn find(database: &Path) -> Result<Option<(PathBuf, Restored)>> {
    let path = beside(database, SUFFIX);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    anyhow::ensure!(
        text.len() <= NOTE_BYTES_MAX,
        "{} is too long to be a restore's note",
        path.display()
    );
    let note: Restored = serde_json::from_slice(&text).with_context(|| {
        format!(
            "reading {}: the shop was restored, but to which moment is not readable",
            path.display()
        )
    })?;
    if never_was(database, &note) {
        tracing::warn!(
            restore_point = note.restore_point,
            "a restore was stopped before it replaced this database, which is the one from before: its note is taken away, \
             and the shop goes on"
        );
        fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
        return Ok(None);
    }
    Ok(Some((path, note)))
}

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(suffix);
    PathBuf::from(path)
}

/// Whether what lies there is what the restore was to replace.
fn never_was(database: &Path, note: &Restored) -> bool {
    let there = ids(database);
    note.instead_of
        .is_some_and(|replaced| replaced.is_there(there.0, there.1))
}

/// Which file a database is, and its log.
fn ids(database: &Path) -> (Option<FileId>, Option<FileId>) {
    let file = |path: &Path| FileId::of(&fs::metadata(path).ok()?);
    (file(database), file(&beside(database, "-wal")))
}

/// Acts on the note of a database, once: a second start with the same note changes nothing. Answers whether it was news.
///
/// # Errors
/// When the database fails.
pub fn act(
    conn: &Connection,
    shop: &Shop,
    (database, note): (&Path, &Restored),
    now: UnixMillis,
) -> Result<bool> {
    let mark = format!("{} {}", note.restore_point, note.restored_at.0);
    if switch::store::noted_restore(conn)?.as_deref() == Some(&mark) {
        return Ok(false);
    }
    switch::store::set_paused(conn, Some(Pause::Restore))?;
    stock::store::hold_free(conn)?;
    stock::store::doubt_reserved(conn)?;
    let look = replaced::look(conn, database, note);
    let gone = withhold(conn, shop, &look.gone, now)?;
    switch::store::set_looked(conn, look.is_whole)?;
    for (txn_id, order) in payment::store::open_txns(conn, pakasir::NAME)? {
        PollPayment { order, txn_id }.enqueue(conn, now, now)?;
    }
    // What a gateway refused at that moment says nothing of this one: the next invoice shows it.
    payment::store::refuses_no_more(conn, pakasir::NAME)?;
    broadcast::restored(conn, now)?;
    switch::store::note_restore(conn, &mark)?;
    let held = stock::store::held(conn)?.to_string();
    let reserved = stock::store::doubtful(conn)?.to_string();
    let gone = match look.is_whole {
        None => None,
        Some(true) => Some(gone.to_string()),
        Some(false) => Some(NOT_LOOKED_INTO.to_owned()),
    };
    let mut facts = vec![note.restore_point.as_str(), &held, &reserved];
    facts.extend(gone.as_deref());
    incident::store::raise(conn, Kind::RestoredSalesPaused, &incident::facts(&facts), now)?;
    Ok(true)
}

/// Keeps out of sale what went out by a later database, as where a shop was restored on a new machine. Answers how many
/// items that are.
///
/// # Errors
/// When that database tells nothing, or this one fails.
pub fn withhold_by(conn: &Connection, shop: &Shop, later: &Path, now: UnixMillis) -> Result<usize> {
    let gone = replaced::look_into(conn, later)
        .with_context(|| format!("looking into {}; nothing was changed", later.display()))?;
    let count = withhold(conn, shop, &gone, now)?;
    if switch::store::looked(conn)?.is_none() {
        switch::store::set_looked(conn, Some(true))?;
    }
    Ok(count)
}

/// Keeps out of sale what went out. An order whose item somebody else got gives up: paid late, it gets another item or
/// its money back. Answers how many items those are.
fn withhold(conn: &Connection, shop: &Shop, gone: &[Gone], now: UnixMillis) -> Result<usize> {
    let mut ids = HashSet::new();
    for item in gone.iter().filter(|item| ids.insert(item.id())) {
        let Some(order) = stock::store::elsewhere::withhold(conn, item)? else {
            continue;
        };
        let order = order::store::get(conn, order)?;
        if order.state == State::AwaitingPayment {
            trade::advance(conn, shop, &order, Event::PaymentWindowClosed, now)?;
        }
    }
    Ok(ids.len())
}
