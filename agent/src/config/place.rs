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
    let names_nothing = |part| matches!(part, Component::CurDir);
    if Path::new(text.trim()).components().all(names_nothing) {
        faults.add(format!(
            "{key} is \"{text}\", which is the folder of this file. Write the absolute path, as in \"/mnt/backup\""
        ));
    }
    under(folder, key, text, faults)
}
