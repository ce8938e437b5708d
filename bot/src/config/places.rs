//! Whether the places that bot.toml names can be used, found out before anything starts.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protocol::settings::Faults;

use super::Config;
use crate::db::is_of_disk;

/// As many as the system follows.
const LINKS_MAX: u32 = 40;

/// The file that a link leads to: SQLite keeps its log beside that one, and the agent looks beside that one for the
/// bot's lock.
pub(super) fn behind_links(mut path: PathBuf) -> PathBuf {
    for _ in 0..LINKS_MAX {
        let Ok(target) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
}

/// The database's folder must be there and take files; the log's folder is made, one level deep.
pub(super) fn check(config: &Config, faults: &mut Faults) {
    if !config.database.as_os_str().is_empty() {
        let folder = config
            .database
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        check_folder(folder.unwrap_or(Path::new(".")), "database.path", faults);
        if config.database.is_dir() {
            faults.add("database.path is a folder; name a file in it, such as shop.db");
        }
    }
    if let Some(dir) = config
        .logs_dir
        .as_deref()
        .filter(|dir| !dir.as_os_str().is_empty())
    {
        if !dir.exists() {
            // A failure shows in the check that follows.
            let _ = fs::create_dir(dir);
        }
        check_folder(dir, "logs.dir", faults);
    }
}

fn check_folder(folder: &Path, key: &str, faults: &mut Faults) {
    let probe = folder.join(format!(".warung-write-probe-{}", std::process::id()));
    match fs::File::create_new(&probe) {
        Ok(_) => {
            let _ = fs::remove_file(&probe);
        }
        // A disk that takes nothing at the moment is no fault of the configuration: the bot waits for it and says so.
        Err(error) if is_of_disk(&error) => {}
        Err(error) => faults.add(format!(
            "{key}: the folder {} does not take files ({error}); create it and give it to the user who runs the bot",
            folder.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_is_followed_to_its_file_also_before_that_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (dir.path().join("shop.db"), dir.path().join("other.db"));
        symlink("other.db", &first).unwrap();
        symlink(dir.path().join("disk/shop.db"), &second).unwrap();
        assert_eq!(behind_links(first), dir.path().join("disk/shop.db"));
        symlink("round.db", dir.path().join("round.db")).unwrap();
        assert_eq!(
            behind_links(dir.path().join("round.db")),
            dir.path().join("round.db")
        );
    }
}
