//! Where a path of the file leads: from the file's folder, wherever the program is started from.
//! It knows no shell's abbreviations, and says so before a folder is made that is called like one.

use std::path::{Component, Path, PathBuf};

use protocol::settings::Faults;

/// The path that this key gives.
pub(super) fn under(folder: &Path, key: &str, text: &str, faults: &mut Faults) -> PathBuf {
    if text.starts_with('~') {
        faults.add(format!(
            "{key} is \"{text}\": only a shell knows what ~ is, and here it would be a folder of that name beside this \
             file. Write the absolute path, as in \"/mnt/backup\""
        ));
    }
    folder.join(text)
}

/// The path that this key gives, which must not be the file's own folder: what is written there would lie among the
/// configuration.
pub(super) fn elsewhere(folder: &Path, key: &str, text: &str, faults: &mut Faults) -> PathBuf {
    if by_name(&folder.join(text.trim())) == by_name(folder) {
        faults.add(format!(
            "{key} is \"{text}\", which is the folder of this file. Write the absolute path, as in \"/mnt/backup\""
        ));
    }
    under(folder, key, text, faults)
}

/// The path without what leads nowhere, by its name alone: a link is another one.
fn by_name(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut named = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(named.pop()),
            other => named.push(other),
        }
    }
    named
}
