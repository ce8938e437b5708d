//! What a restore that did not end left behind, in plain text: its temporary names carry the process, so that one that
//! still works is never disturbed, and a number that is another program's by now is no hindrance. The next restore goes on
//! with a database that was left, and the rest is removed.
//! It removes nothing else, whatever lies in the folder.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::Target;

const DATABASE: &str = ".shop.db.restoring-";
const FILES: &str = ".files.restoring-";
const JOURNAL: &str = ".parts.restoring-";

/// The temporary name of this process's database.
pub(super) fn database_name() -> String {
    format!("{DATABASE}{}", std::process::id())
}

/// The temporary name of this process's journal of parts.
pub(super) fn journal_name() -> String {
    format!("{JOURNAL}{}", std::process::id())
}

/// What this process leaves in the folder of the target for the next try, and what it takes of the disk.
#[must_use]
pub fn left_by_us(target: &Target) -> Option<(PathBuf, u64)> {
    let path = target.folder().join(database_name());
    path.exists().then(|| {
        let bytes = size_on_disk(&path);
        (path, bytes)
    })
}

/// Takes over the database and the journal that a killed restore left in the folder, if there are both, and removes what
/// else was left. Whether they are of any use is seen by the journal. Called before this process makes anything there.
/// Gives whether there was something to take over.
pub(super) fn adopt(folder: &Path, database: &Path, journal: &Path) -> bool {
    let old = pair(folder);
    for path in of_the_dead(folder) {
        if !old.as_ref().is_some_and(|old| old.contains(&path)) {
            remove_one(&path);
        }
    }
    for (old, own) in old.iter().flatten().zip([database, journal]) {
        if let Err(error) = fs::rename(old, own) {
            tracing::warn!(path = %old.display(), %error, "what a killed restore left cannot be taken over");
            remove_one(old);
        }
    }
    old.is_some()
}

/// What a killed restore's database, if there is one to go on with, takes of the disk.
pub(super) fn held_bytes(folder: &Path) -> u64 {
    pair(folder).map_or(0, |[database, _]| size_on_disk(&database))
}

/// The database and the journal that one process has left. One that was killed while it took them over has left them under
/// two numbers: a journal that is of another database is borne out by no byte of it.
fn pair(folder: &Path) -> Option<[PathBuf; 2]> {
    let left = of_the_dead(folder);
    let numbered = |prefix| -> Vec<(String, &PathBuf)> {
        let numbers = left.iter().filter_map(|path| {
            let name = path.file_name()?.to_string_lossy();
            Some((name.strip_prefix(prefix)?.to_owned(), path))
        });
        numbers.collect()
    };
    let (databases, journals) = (numbered(DATABASE), numbered(JOURNAL));
    let both = databases.iter().find_map(|(number, database)| {
        let journal = journals.iter().find(|(other, _)| other == number)?;
        Some([*database, journal.1])
    });
    let any = || Some([databases.first()?.1, journals.first()?.1]);
    both.or_else(any)
        .map(|[database, journal]| [database.clone(), journal.clone()])
}

/// What a file takes of the disk: holes take nothing.
pub(super) fn size_on_disk(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.blocks().saturating_mul(512))
}

/// Refuses a folder that holds anything else than what killed restores left; one that is not there holds nothing.
///
/// # Errors
/// When something lies there that could be overwritten, or it cannot be read.
pub fn require_empty(folder: &Path) -> anyhow::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut others = entries.filter(|entry| {
        let name = entry.as_ref().map(|entry| entry.file_name());
        !name.is_ok_and(|name| is_left(&name.to_string_lossy()))
    });
    let works_there = |name: &str| process_of(name).is_some_and(is_alive);
    let first = others.next();
    if let Some(Ok(entry)) = &first {
        anyhow::ensure!(
            !works_there(&entry.file_name().to_string_lossy()),
            at_work(folder)
        );
    }
    anyhow::ensure!(
        first.is_none(),
        "{} is not empty: nothing was restored, since nothing there may be overwritten. Name a new folder",
        folder.display()
    );
    Ok(())
}

/// That a folder is in use.
pub(super) fn at_work(folder: &Path) -> String {
    format!(
        "another restore works in {}: nothing was restored. Wait for its end, or name another folder with --to DIR",
        folder.display()
    )
}

/// Whether a file in the folder is what a process that is no more has left.
pub(super) fn is_left(name: &str) -> bool {
    process_of(name).is_some_and(|id| !is_alive(id))
}

/// The temporary name of this process's files.
pub(super) fn files_name() -> String {
    format!("{FILES}{}", std::process::id())
}

/// Removes what processes that are no more have left in the folder. What cannot be removed is named in the log.
pub fn remove(folder: &Path) {
    of_the_dead(folder).iter().for_each(|path| remove_one(path));
}

fn remove_one(path: &Path) {
    let is_dir = fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    let gone = if is_dir {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
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

fn of_the_dead(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries
        .filter(|entry| is_left(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect()
}

/// The process that made a temporary name; `None` for every other name.
fn process_of(name: &str) -> Option<u32> {
    let digits = [DATABASE, FILES, JOURNAL]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))?;
    // A folder of a name that was taken is numbered.
    digits.split('-').next()?.parse().ok()
}

/// Our own number was another process's before, when it is on a leftover that we find. One that was killed and whose end
/// nobody has asked for yet does nothing any more. After a start of the machine the number may be any program's.
fn is_alive(id: u32) -> bool {
    if id == std::process::id() {
        return false;
    }
    let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else {
        return false;
    };
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    !matches!(state, Some('Z' | 'X')) && is_this_program(id, &stat)
}

/// By its name or its file, either of which may have changed with an upgrade; what cannot be told counts as this one.
fn is_this_program(id: u32, stat: &str) -> bool {
    let exe = |id: &str| fs::read_link(format!("/proc/{id}/exe")).ok();
    let own_name = fs::read_to_string("/proc/self/stat");
    let has_name = own_name.map_or(true, |own| name_in(&own) == name_in(stat));
    has_name || exe(&id.to_string()).is_some_and(|other| exe("self") == Some(other))
}

fn name_in(stat: &str) -> Option<&str> {
    let (_, rest) = stat.split_once('(')?;
    rest.rsplit_once(')').map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process by the name of this one, which waits.
    fn living(dir: &Path) -> std::process::Child {
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let path = dir.join(name_in(&stat).unwrap());
        std::os::unix::fs::symlink("/bin/sh", &path).unwrap();
        let mut waiting = std::process::Command::new(path);
        waiting
            .args(["-c", "read line"])
            .stdin(std::process::Stdio::piped());
        waiting.spawn().unwrap()
    }

    #[test]
    fn a_folder_in_which_a_restore_works_is_told_apart_from_one_that_is_not_empty() {
        let programs = tempfile::tempdir().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let mut restore = living(programs.path());
        let path = dir.path().join(format!("{JOURNAL}{}", restore.id()));
        fs::write(&path, "plain").unwrap();
        let said = require_empty(dir.path()).unwrap_err().to_string();
        assert!(said.contains("another restore works in"), "{said}");
        restore.kill().unwrap();
        restore.wait().unwrap();
        require_empty(dir.path()).unwrap();
        // The number of another program, as after a start of the machine.
        fs::rename(&path, dir.path().join(format!("{JOURNAL}1"))).unwrap();
        require_empty(dir.path()).unwrap();
    }

    #[test]
    fn a_restore_that_was_killed_is_dead_although_nobody_has_asked_for_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let mut restore = living(dir.path());
        let name = format!("{DATABASE}{}", restore.id());
        assert!(!is_left(&name));
        restore.kill().unwrap();
        while !is_left(&name) {
            std::thread::yield_now();
        }
        restore.wait().unwrap();
    }

    #[test]
    fn what_was_left_is_taken_over_also_where_the_one_that_took_it_was_killed_between_the_two() {
        for numbers in [["4194305", "4194305"], ["4194306", "4194305"]] {
            let dir = tempfile::tempdir().unwrap();
            let of = |prefix, number| dir.path().join(format!("{prefix}{number}"));
            let left = [of(DATABASE, numbers[0]), of(JOURNAL, numbers[1])];
            left.iter().for_each(|path| fs::write(path, "plain").unwrap());
            let own = [of(DATABASE, "1"), of(JOURNAL, "1")];
            assert!(held_bytes(dir.path()) > 0);
            assert!(adopt(dir.path(), &own[0], &own[1]));
            assert!(own.iter().all(|path| path.exists()) && !left.iter().any(|path| path.exists()));
        }
    }

    #[test]
    fn only_what_dead_restores_left_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        // Linux numbers processes up to 2^22; the first is always there.
        let dead = [
            ".shop.db.restoring-4194305",
            ".files.restoring-4194305",
            ".files.restoring-4194305-2",
        ];
        let programs = tempfile::tempdir().unwrap();
        let mut restore = living(programs.path());
        let of_living = format!("{DATABASE}{}", restore.id());
        let others = [&of_living, ".files.restoring-x", "shop.db", ".shop.db.restoring"];
        fs::create_dir_all(dir.path().join(dead[1]).join("etc")).unwrap();
        for name in [dead[0], dead[2]].iter().chain(&others) {
            fs::write(dir.path().join(name), "plain").unwrap();
        }
        remove(dir.path());
        assert!(dead.iter().all(|name| !dir.path().join(name).exists()));
        assert!(others.iter().all(|name| dir.path().join(name).exists()));
        restore.kill().unwrap();
        restore.wait().unwrap();
    }
}
