//! Whether the machine is as the configuration says: folders that must be there, and those that must take writes.
//! It leaves nothing behind: what does not exist yet is judged by the folder that it would be made in.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use protocol::settings::Faults;

use super::Config;

/// As many as the system follows.
const LINKS_MAX: u32 = 40;

/// The file that a link leads to: SQLite keeps its log beside that one, and a restore puts back that one.
pub(super) fn behind_links(mut path: PathBuf) -> PathBuf {
    for _ in 0..LINKS_MAX {
        let Ok(target) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
}

/// Every fault of the disk that would stop the agent later.
pub(super) fn check(config: &Config, faults: &mut Faults) {
    let folder = config
        .backup
        .database
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if !folder.is_some_and(Path::is_dir) {
        faults.add(format!(
            "backup.database: the folder of {} does not exist",
            config.backup.database.display()
        ));
    }
    if config.backup.database.is_dir() {
        faults.add(format!(
            "backup.database: {} is a folder",
            config.backup.database.display()
        ));
    }
    for file in config.watch.logs.files.iter().filter(|file| file.is_dir()) {
        faults.add(format!(
            "watch.logs.files: {} is a folder; name the log file in it",
            file.display()
        ));
    }
    match try_write(&config.state_dir) {
        Ok(()) => {}
        // A disk that takes nothing at the moment is no fault of the configuration, and must not silence the agent.
        Err(error) if is_of_disk(&error) && config.lock_path().exists() => {}
        Err(error) => faults.add(format!(
            "state.dir: {} cannot be written: {error}",
            config.state_dir.display()
        )),
    }
}

fn is_of_disk(error: &io::Error) -> bool {
    let kind = matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::QuotaExceeded
    );
    kind || error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

/// Makes and removes an empty file in the folder, or in the nearest one above it that exists.
pub(crate) fn try_write(dir: &Path) -> io::Result<()> {
    let existing = dir
        .ancestors()
        .find(|path| path.exists())
        .ok_or(io::ErrorKind::NotFound)?;
    if !existing.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::NotADirectory,
            format!("{} is not a folder", existing.display()),
        ));
    }
    let probe = existing.join(format!(".warung-write-probe-{}", std::process::id()));
    fs::File::create(&probe)?;
    fs::remove_file(probe)
}
