//! After a restore the shop stands at an earlier moment. What was sold since is free again in this database and must
//! not be sold twice: sales pause, free stock is held, what is reserved is held once its order gives it up, and every
//! open payment is asked about again.

use std::{
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
    },
    shop::{
        payment, stock,
        switch::{self, Pause},
    },
};

/// The largest note that is read.
const NOTE_BYTES_MAX: usize = 64 * 1024;

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
    let file = |path: &Path| FileId::of(&fs::metadata(path).ok()?);
    let there = (file(database), file(&beside(database, "-wal")));
    note.instead_of
        .is_some_and(|replaced| replaced.is_there(there.0, there.1))
}

/// Acts on a note, once: a second start with the same note changes nothing. Answers whether it was news.
///
/// # Errors
/// When the database fails.
pub fn act(conn: &Connection, note: &Restored, now: UnixMillis) -> Result<bool> {
    let mark = format!("{} {}", note.restore_point, note.restored_at.0);
    if switch::store::noted_restore(conn)?.as_deref() == Some(&mark) {
        return Ok(false);
    }
    switch::store::set_paused(conn, Some(Pause::Restore))?;
    let held = stock::store::hold_free(conn)?;
    let reserved = stock::store::doubt_reserved(conn)?;
    for (txn_id, order) in payment::store::open_txns(conn, pakasir::NAME)? {
        PollPayment { order, txn_id }.enqueue(conn, now, now)?;
    }
    // What a gateway refused at that moment says nothing of this one: the next invoice shows it.
    payment::store::refuses_no_more(conn, pakasir::NAME)?;
    broadcast::restored(conn, now)?;
    switch::store::note_restore(conn, &mark)?;
    let text = incident::facts(&[&note.restore_point, &held.to_string(), &reserved.to_string()]);
    incident::store::raise(conn, Kind::RestoredSalesPaused, &text, now)?;
    Ok(true)
}
