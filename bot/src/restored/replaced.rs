//! What restores put aside beside the database tells which items went out in the time that they undid.
//! Those files are not trusted: one that is damaged, strange or slow tells nothing, and is only read.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use protocol::restored::{ASIDE, Restored};
use rusqlite::Connection;

use super::ids;
use crate::{
    db,
    shop::stock::store::elsewhere::{self, Gone},
};

/// All of it may take this long: the shop opens after it, and the watchdog of systemd waits 30 s for a sign of life.
const TIME_MAX: Duration = Duration::from_secs(15);
/// Databases that are looked into, newest first.
const FOLDERS_MAX: usize = 16;

/// What they told.
#[derive(Debug, Default)]
pub struct Look {
    /// The items that went out.
    pub gone: Vec<Gone>,
    /// Whether each of them could be looked into; `None` where there was none.
    pub is_whole: Option<bool>,
}

/// Looks into everything that was put aside. The restore that the note speaks of is not always the only one: who seeks
/// the right moment restores several times, and what an earlier one undid was sold as well.
#[must_use]
pub fn look(conn: &Connection, database: &Path, note: &Restored) -> Look {
    let until = Instant::now() + TIME_MAX;
    let mut found = Look::default();
    for folder in folders(database, note) {
        let is_named = note.aside.as_ref() == Some(&folder);
        match of_folder(conn, database, note, (&folder, is_named), until) {
            Ok(gone) => {
                found.gone.extend(gone);
                found.is_whole.get_or_insert(true);
            }
            Err(error) => {
                tracing::warn!(
                    folder,
                    error = format!("{error:#}"),
                    "what a restore replaced cannot be looked into: what was sold there is not known"
                );
                found.is_whole = Some(false);
            }
        }
    }
    found
}

/// What one later database of this shop tells, wherever it lies.
///
/// # Errors
/// When it cannot be looked into.
pub fn look_into(conn: &Connection, later: &Path) -> Result<Vec<Gone>> {
    let there = db::open_untrusted(later, Instant::now() + TIME_MAX).context("opening it")?;
    elsewhere::gone(conn, &there)
}

/// The folders by name, newest first, the one of the note before all others.
fn folders(database: &Path, note: &Restored) -> Vec<String> {
    let named = note.aside.iter().cloned();
    let entries = database.parent().and_then(|parent| fs::read_dir(parent).ok());
    let others: BTreeSet<String> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(ASIDE) && Some(name) != note.aside.as_ref())
        .filter(|name| place(database, name).is_some_and(|place| place.is_file()))
        .collect();
    named.chain(others.into_iter().rev()).take(FOLDERS_MAX).collect()
}

/// Where the database lies in a folder. `None` for a name that leads elsewhere.
fn place(database: &Path, folder: &str) -> Option<PathBuf> {
    let is_name = folder.starts_with(ASIDE) && !folder.contains(['/', '\0']);
    Some(database.parent()?.join(folder).join(database.file_name()?)).filter(|_| is_name)
}

fn of_folder(
    conn: &Connection,
    database: &Path,
    note: &Restored,
    (folder, is_named): (&str, bool),
    until: Instant,
) -> Result<Vec<Gone>> {
    let place = place(database, folder).context("the folder's name is none of a restore's")?;
    for path in [place.parent(), Some(&place)].into_iter().flatten() {
        let kind = fs::symlink_metadata(path).context("looking for it")?.file_type();
        ensure!(!kind.is_symlink(), "a link lies in its place");
    }
    if is_named && let Some(replaced) = note.instead_of {
        let (file, log) = ids(&place);
        ensure!(
            replaced.is_there(file, log),
            "it, or its log, is not what was replaced"
        );
    }
    let there = db::open_untrusted(&place, until).context("opening it")?;
    elsewhere::gone(conn, &there)
}
