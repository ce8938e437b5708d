//! Whether what opens the shop's stock and proofs rides along: a restored database without `DATA_KEY` is a shop
//! whose goods nobody can read any more.
//! It reads names of variables, never keeps or prints a value.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protocol::secret::parse_dotenv;

use crate::config::Config;

const VARIABLE: &str = "DATA_KEY";
/// A file that holds variables or a credential is small.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// Folders within folders, as in the backup itself.
const DEPTH_MAX: usize = 16;

/// Where `DATA_KEY` is in the files that are backed up.
///
/// # Errors
/// A sentence that says what to add when it is in none of them.
pub fn data_key(config: &Config) -> Result<String, String> {
    let mut holders = Vec::new();
    for path in &config.backup.files {
        search(path, 0, &mut holders);
    }
    if let Some(holder) = holders.first() {
        return Ok(format!("{} holds it and is in every backup", holder.display()));
    }
    let beside = config.path.with_file_name(".env");
    Err(match holds_data_key(&beside) {
        true => format!(
            "{} holds {VARIABLE} and is not in [backup] files: a restored shop could not open its own stock. Add it",
            beside.display()
        ),
        false => format!(
            "no file under [backup] files holds {VARIABLE}: a restored shop could not open its own stock. Add the \
             .env, or the credential file, that the bot takes it from"
        ),
    })
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
