//! What a restore that was killed left behind, in plain text: its temporary names carry the process, so that one that
//! still works is never disturbed.
//! It removes nothing else, whatever lies in the folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

const DATABASE: &str = ".shop.db.restoring-";
const FILES: &str = ".files.restoring-";

/// The temporary name of this process's database.
pub(super) fn database_name() -> String {
    format!("{DATABASE}{}", std::process::id())
}

/// The temporary name of this process's files.
pub(super) fn files_name() -> String {
    format!("{FILES}{}", std::process::id())
}

/// Removes what processes that are no more have left in the folder. What cannot be removed is named in the log.
pub fn remove(folder: &Path) {
    for path in of_the_dead(folder) {
        let is_dir = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
        let gone = if is_dir {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        match gone {
            Ok(()) => tracing::info!(path = %path.display(), "what a killed restore left behind was removed"),
            Err(error) => tracing::error!(
                path = %path.display(),
                %error,
                "a killed restore left the shop in plain text here, and it cannot be removed: remove it as root"
            ),
        }
    }
}

fn of_the_dead(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries
        .filter(|entry| process_of(&entry.file_name().to_string_lossy()).is_some_and(|id| !is_alive(id)))
        .map(|entry| entry.path())
        .collect()
}

/// The process that made a temporary name; `None` for every other name.
fn process_of(name: &str) -> Option<u32> {
    let digits = name.strip_prefix(DATABASE).or_else(|| name.strip_prefix(FILES))?;
    // A folder of a name that was taken is numbered.
    digits.split('-').next()?.parse().ok()
}

/// Our own number was another process's before, when it is on a leftover that we find.
fn is_alive(id: u32) -> bool {
    id != std::process::id() && Path::new(&format!("/proc/{id}")).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_dead_restores_left_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        // Linux numbers processes up to 2^22; the first is always there.
        let dead = [
            ".shop.db.restoring-4194305",
            ".files.restoring-4194305",
            ".files.restoring-4194305-2",
        ];
        let others = [
            ".shop.db.restoring-1",
            ".files.restoring-x",
            "shop.db",
            ".shop.db.restoring",
        ];
        fs::create_dir_all(dir.path().join(dead[1]).join("etc")).unwrap();
        for name in [dead[0], dead[2]].iter().chain(&others) {
            fs::write(dir.path().join(name), "plain").unwrap();
        }
        remove(dir.path());
        assert!(dead.iter().all(|name| !dir.path().join(name).exists()));
        assert!(others.iter().all(|name| dir.path().join(name).exists()));
    }
}
