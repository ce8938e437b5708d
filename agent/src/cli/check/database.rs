//! What `agent check` says of the file that `[backup] database` names: whether it is a database, and can be read.
//! It does not open it as one, and judges nothing that it holds.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
};

use super::{Finding, finding};
use crate::{config::Config, store::Store};

/// How every database of SQLite begins, sqlite.org/fileformat.html; one that was only just made is empty.
const BEGINS: &[u8] = b"SQLite format 3\0";
const CORRECT: &str = "correct [backup] database: it is the file that the bot writes, as bot.toml names it";

/// Before its first start the bot has made none.
pub(super) fn of(config: &Config) -> Finding {
    let path = &config.backup.database;
    let said = match beginning(path) {
        Ok(begins) if begins == BEGINS => Ok("a database of SQLite".to_owned()),
        Ok(begins) if begins.is_empty() && !was_backed_up(config) => Ok("is empty still".to_owned()),
        Ok(begins) if begins.is_empty() => Err(format!(
            "is empty, and was backed up before: put it back (agent restore), or {CORRECT}"
        )),
        Ok(_) => Err(format!("no database of SQLite: {CORRECT}")),
        Err(error) if error.kind() == ErrorKind::NotFound && !was_backed_up(config) => Ok(format!(
            "is not there yet: the bot makes it at its first start. If the bot has run, {CORRECT}"
        )),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(format!(
            "is not there, and was backed up before: put it back (agent restore), or {CORRECT}"
        )),
        Err(error) => Err(format!("cannot be read ({error}): {CORRECT}")),
    };
    finding(&format!("database {}", path.display()), said)
}

fn beginning(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(BEGINS.len() as u64)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether this agent has taken a backup; where it cannot say, none.
fn was_backed_up(config: &Config) -> bool {
    let store = Store::open_to_look(&config.state_dir).ok().flatten();
    store.is_some_and(|store| store.points().is_ok_and(|points| !points.is_empty()))
}
