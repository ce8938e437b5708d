//! Who writes a log, and into which file in truth: by the bot's own word, else by what this user may see of processes.
//! It ends and changes no process.

use std::{fs, io, os::unix::fs::MetadataExt, path::Path};

use protocol::health::LogFile;

use super::files::{FileId, is_numbered};

/// More processes than a shop's server runs.
const PROCESSES_MAX: usize = 4096;
/// Of a unit's or a program's name.
const NAME_CHARS_MAX: usize = 60;
/// More files than one of them should hold.
const FILES_MAX: usize = 4096;
/// Of the flags of an open file, those that say whether it can be written.
const ACCESS_MODE: u32 = 0o3;

/// Who has the file open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The bot, by its own word.
    Bot,
    /// A process: its number, and when it was started, since numbers come back.
    Process(u32, u64),
}

/// What is known of who writes a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// It was seen.
    Seen(Writer),
    /// Who was seen to write has let go, and nobody else is seen.
    LetGo,
    /// Nobody can be seen, which is no sign that there is none.
    Unknown,
}

/// The open file of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Writer {
    /// Who holds it.
    pub holder: Holder,
    /// Which file it is.
    pub id: FileId,
    /// Its names; 0 when it was deleted.
    pub links: u64,
    /// Whether the last name that it had is one that rotation gives; unknown of the bot's own word, and then not.
    pub is_rotated: bool,
    /// Its length.
    pub size_bytes: u64,
}

/// By the bot's own word.
#[must_use]
pub fn told(log: &LogFile) -> Writer {
    Writer {
        holder: Holder::Bot,
        id: FileId {
            device: log.device,
            inode: log.inode,
        },
        links: log.links,
        is_rotated: false,
        size_bytes: log.size_bytes,
    }
}

/// By what processes hold open to write: the file itself, or one that had its name. `None` when no writer can be seen,
/// which is no sign that there is none. Of several, the one that has gone astray.
#[must_use]
pub fn seen(path: &Path, live: Option<FileId>) -> Option<Writer> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let held = processes
        .filter(|entry| {
            entry
                .file_name()
                .as_encoded_bytes()
                .first()
                .is_some_and(u8::is_ascii_digit)
        })
        .take(PROCESSES_MAX)
        .flat_map(|process| held_by(&process.path(), path));
    let mut found = None;
    for writer in held {
        if writer.links == 0 || Some(writer.id) != live {
            return Some(writer);
        }
        found = Some(writer);
    }
    found
}

/// Whether a process that was seen to hold a log, and is not seen to any more, is gone or can be looked into still.
/// One that may not be looked into now may hold it.
#[must_use]
pub fn has_let_go(process: u32, started: u64) -> bool {
    let folder = Path::new("/proc").join(process.to_string());
    if started_at(&folder) != Some(started) {
        return true;
    }
    match fs::read_dir(folder.join("fd")) {
        Ok(_) => true,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// In ticks since the machine's start. The name of the program, in parentheses, may hold anything. `None` for a process
/// that is gone, or has ended and only waits for its parent: it holds no file.
fn started_at(process: &Path) -> Option<u64> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    (state != "Z").then(|| fields.nth(18)?.parse().ok())?
}

fn holder(process: &Path) -> Option<Holder> {
    let number = process.file_name()?.to_str()?.parse().ok()?;
    Some(Holder::Process(number, started_at(process)?))
}

/// What systemd started a process as, else what it calls itself; `None` for one that is gone.
#[must_use]
pub fn program_of(process: u32) -> Option<String> {
    let folder = Path::new("/proc").join(process.to_string());
    let cgroups = fs::read_to_string(folder.join("cgroup")).unwrap_or_default();
    let name = fs::read_to_string(folder.join("comm")).ok()?;
    let printable = |name: &str| {
        name.chars()
            .filter(|char| !char.is_control())
            .take(NAME_CHARS_MAX)
            .collect()
    };
    Some(printable(unit_in(&cgroups).unwrap_or(name.trim())))
}

/// The unit in the paths of a process's cgroups.
fn unit_in(cgroups: &str) -> Option<&str> {
    let mut parts = cgroups.lines().flat_map(|line| line.rsplit('/'));
    parts.find(|part| part.ends_with(".service") && !part.starts_with("user@"))
}

/// What one process holds open to write below the log's name.
fn held_by(process: &Path, path: &Path) -> Vec<Writer> {
    let Ok(files) = fs::read_dir(process.join("fd")) else {
        return Vec::new();
    };
    files
        .flatten()
        .take(FILES_MAX)
        .filter_map(|file| Some((fs::read_link(file.path()).ok()?, file)))
        .filter(|(target, _)| is_of(target, path))
        .filter(|(_, file)| is_written(process, &file.file_name().to_string_lossy()))
        .filter_map(|(target, file)| {
            // Follows to the open file itself, whatever became of its name.
            let found = fs::metadata(file.path()).ok()?;
            Some(Writer {
                holder: holder(process)?,
                id: FileId::of(&found),
                links: found.nlink(),
                is_rotated: is_rotated(&target, path),
                size_bytes: found.len(),
            })
        })
        .collect()
}

/// The log's own name with anything behind it: `.1`, `-20261122`, ` (deleted)`.
fn is_of(target: &Path, path: &Path) -> bool {
    let (target, path) = (
        target.as_os_str().as_encoded_bytes(),
        path.as_os_str().as_encoded_bytes(),
    );
    target
        .strip_prefix(path)
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'.' | b'-' | b' ')))
}

/// What the kernel puts behind the name of a file that has none any more.
const DELETED: &str = " (deleted)";

fn is_rotated(target: &Path, path: &Path) -> bool {
    let names = target.to_str().zip(path.to_str());
    let ending = names.and_then(|(target, path)| target.strip_prefix(path));
    ending.is_some_and(|ending| is_numbered(ending.strip_suffix(DELETED).unwrap_or(ending)))
}

fn is_written(process: &Path, file: &str) -> bool {
    let flags = fs::read_to_string(process.join("fdinfo").join(file))
        .ok()
        .and_then(|info| {
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
            u32::from_str_radix(flags.trim(), 8).ok()
        });
    flags.is_some_and(|flags| flags & ACCESS_MODE != 0)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_writer_is_seen_in_its_file_in_a_renamed_one_and_in_a_deleted_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bot.log");
        let _writer = File::options().create(true).append(true).open(&path).unwrap();
        let _reader = File::open(&path).unwrap();
        let id = || fs::metadata(&path).ok().map(|found| FileId::of(&found));
        let first = id().unwrap();
        assert_eq!(
            seen(&path, id()).map(|writer| (writer.id, writer.links)),
            Some((first, 1))
        );
        fs::rename(&path, dir.path().join("bot.log.1")).unwrap();
        File::create(&path).unwrap();
        assert_eq!(
            seen(&path, id()).map(|writer| (writer.id, writer.links)),
            Some((first, 1))
        );
        assert_ne!(id(), Some(first));
        fs::remove_file(dir.path().join("bot.log.1")).unwrap();
        let deleted = |path: &Path| seen(path, id()).map(|writer| (writer.links, writer.is_rotated));
        assert_eq!(deleted(&path), Some((0, true)), "compressed at once");
        let other = dir.path().join("other.log");
        let _other = File::options().create(true).append(true).open(&other).unwrap();
        fs::remove_file(&other).unwrap();
        assert_eq!(deleted(&other), Some((0, false)), "by hand");
    }

    #[test]
    fn who_is_gone_has_let_go_and_who_had_its_number_before_is_gone() {
        let mut process = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let folder = Path::new("/proc").join(process.id().to_string());
        let started = started_at(&folder).unwrap();
        assert_eq!(holder(&folder), Some(Holder::Process(process.id(), started)));
        assert_eq!(started_at(&folder), Some(started));
        process.kill().unwrap();
        process.wait().unwrap();
        assert_eq!(started_at(&folder), None);
        assert!(has_let_go(process.id(), started));
        let own = started_at(Path::new("/proc/self")).unwrap();
        assert!(has_let_go(std::process::id(), own.wrapping_add(1)));
    }

    #[test]
    fn nobody_who_writes_is_nobody_known() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bot.log");
        fs::write(&path, "x").unwrap();
        let _reader = File::open(&path).unwrap();
        assert_eq!(seen(&path, None), None);
    }

    #[test]
    fn a_process_is_named_by_its_unit_and_else_by_its_own_name() {
        assert_eq!(unit_in("0::/system.slice/nginx.service\n"), Some("nginx.service"));
        assert_eq!(
            unit_in("4:memory:/user.slice\n1:name=systemd:/system.slice/rsyslog.service/sub\n"),
            Some("rsyslog.service")
        );
        assert_eq!(unit_in("0::/user.slice/user-0.slice/session-1.scope\n"), None);
        let own = program_of(std::process::id()).unwrap();
        assert!(!own.is_empty() && !own.contains('\n'), "{own:?}");
    }
}
