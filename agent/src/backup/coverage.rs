//! Whether the key for sealing the shop's goods rides along, where there is one: a restored database without the
//! `DATA_KEY` that it was sealed with is a shop whose goods nobody can read any more.
//! It reads names of variables, never keeps or prints a value.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protocol::secret::parse_dotenv;

use crate::config::Config;

const VARIABLE: &str = "DATA_KEY";
/// Where the bot takes secrets from, beside the configuration.
const BESIDE: [&str; 2] = [".env", "credentials"];
/// A file that holds variables or a credential is small.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// Folders within folders, as in the backup itself.
const DEPTH_MAX: usize = 16;

/// Where `DATA_KEY` is in the files that are backed up, or that there is none, which nothing needs yet.
///
/// # Errors
/// A sentence that says what to add when there is one and it is in none of them.
pub fn data_key(config: &Config) -> Result<String, String> {
    let mut holders = Vec::new();
    for path in &config.backup.files {
        search(path, 0, &mut holders);
    }
    if let Some(holder) = holders.first() {
        return Ok(format!("{} holds it and is in every backup", holder.display()));
    }
    for beside in BESIDE {
        search(&config.path.with_file_name(beside), 0, &mut holders);
    }
    match holders.first() {
        Some(holder) => Err(format!(
            "{} holds {VARIABLE} and is not in [backup] files: what it sealed could not be opened in a restored shop. Add \
             it",
            holder.display()
        )),
        None => Ok(format!(
            "none is in [backup] files or beside {}, and the bot seals nothing with it yet",
            config.path.display()
        )),
    }
}

fn search(path: &Path, depth: usize, holders: &mut Vec<PathBuf>) {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return;
    };
    if metadata.is_file() && holds_data_key(path) {
        holders.push(path.to_path_buf());
    } else if metadata.is_dir() && depth < DEPTH_MAX {
        let entries = fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
        entries.for_each(|entry| search(&entry.path(), depth + 1, holders));
    }
}

/// A `.env` with the variable, or a credential file of its name (`DATA_KEY`, `DATA_KEY.cred`).
fn holds_data_key(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if fs::metadata(path).map_or(true, |found| found.len() == 0 || found.len() > FILE_BYTES_MAX) {
        return false;
    }
    if name.split('.').next() == Some(VARIABLE) {
        return true;
    }
    let is_env = name == ".env" || name.ends_with(".env") || name.starts_with(".env.");
    is_env
        && fs::read_to_string(path).is_ok_and(|text| {
            parse_dotenv(&text).any(|(variable, value)| variable.starts_with(VARIABLE) && !value.is_empty())
        })
}
