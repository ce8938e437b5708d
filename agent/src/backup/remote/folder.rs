//! A remote that is a folder: whether it is still the one that this agent wrote to, and what OpenDAL leaves to luck
//! there. A disk that is not mounted looks like an empty folder, and a backup that fills the system's own disk is
//! none: so a mark lies in the folder, and the agent remembers it.
//! It reads and writes no object.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::DirBuilderExt,
    },
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rustix::fs::{Advice, fadvise};

use super::apart;
use crate::store::{Store, owner::own_like};

/// The file in the folder that tells it from an empty mount point.
pub(in crate::backup) const MARK: &str = ".warung-remote";
/// Where it holds what is not whole yet.
pub(in crate::backup) const PARTIAL_DIR: &str = ".partial";
const MARK_BYTES: usize = 32;
const SETTLED_MAX: usize = 100;

/// A folder and what is remembered of it.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    /// The remote's, for what its owner can do.
    name: String,
    root: PathBuf,
    partial: PathBuf,
    /// Those of the agent and the shop, which no backup is written among.
    own: Vec<PathBuf>,
    /// The file in the state directory that repeats the mark.
    memory: PathBuf,
    /// Folders whose own names were forced to the disk: once is enough, and each takes as long as an object.
    settled: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl Folder {
    pub(super) fn new(name: &str, root: &str, partial: Option<&str>, state: &Path) -> Self {
        let root = PathBuf::from(root);
        Self {
            name: name.to_owned(),
            partial: partial.map_or_else(|| root.join(PARTIAL_DIR), PathBuf::from),
            memory: state.join("mark"),
            own: Vec::new(),
            settled: Arc::default(),
            root,
        }
    }

    /// With the folders that are the agent's and the shop's own.
    pub(super) fn apart_from(mut self, own: &[PathBuf]) -> Self {
        own.clone_into(&mut self.own);
        self
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Whether there is anything to read; an error when the folder is not the one that was written to. Another disk
    /// with backups of its own may be read.
    pub(super) fn is_there(&self) -> Result<bool, String> {
        match self.marks()? {
            (Some(_), Mark::Missing) => Err(self.unmounted()),
            _ => Ok(self.root.is_dir()),
        }
    }

    /// What would keep an object from being written; nothing is made.
    pub(super) fn check(&self) -> Result<(), String> {
        apart::require(&self.name, &self.root, (&self.own, self.state_dir()))?;
        match self.marks()? {
            (Some(_), Mark::Missing) => Err(self.unmounted()),
            (Some(_), Mark::Damaged) => Err(format!(
                "the mark {MARK} in its folder {} is damaged, so that nothing shows that this is the disk which this agent wrote \
                 to. What lies there can be restored all the same. When it is the right disk, run `agent remote test {} \
                 --new-disk`",
                self.root.display(),
                self.name
            )),
            (Some(known), Mark::Found(found)) if known != found => Err(self.moved().unwrap_or_else(|| format!(
                "its folder {} is on another disk than the one that this agent wrote to. Mount the right one, or, when \
                 it was replaced on purpose, run `agent remote test {} --new-disk`",
                self.root.display(),
                self.name
            ))),
            _ => Ok(()),
        }
    }

    /// Makes the folder at its first use, with its mark; later only looks that it is the same one.
    pub(super) fn prepare(&self) -> Result<(), String> {
        self.check()?;
        let mark = self.root.join(MARK);
        for dir in [&self.root, &self.partial] {
            fs::create_dir_all(dir)
                .map_err(|error| format!("its folder {} cannot be made: {error}", dir.display()))?;
        }
        own_like(&self.partial, &self.root);
        if self.marks()?.0.is_some() {
            return self
                .remember_root()
                .map_err(|error| self.unmarked(&self.memory, &error));
        }
        // The agent and a command by hand may both be the first: only one of them makes the mark.
        let _first = self.lock().map_err(|error| self.unmarked(&self.memory, &error))?;
        if self.marks()?.0.is_some() {
            return self.check();
        }
        let found = match self.mark()? {
            Mark::Found(found) => found,
            Mark::Missing | Mark::Damaged => {
                let made = format!("{:032x}", rand::random::<u128>());
                write_new(&mark, made.as_bytes()).map_err(|error| self.unmarked(&mark, &error))?;
                own_like(&mark, &self.root);
                made
            }
        };
        self.remember(&found)
            .map_err(|error| self.unmarked(&self.memory, &error))
    }

    /// Takes the folder as it is now for the right one from now on.
    pub(super) fn accept(&self) -> Result<(), String> {
        match fs::remove_file(&self.memory) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(format!("{} cannot be deleted: {error}", self.memory.display()))
            }
            _ => self.prepare(),
        }
    }

    /// The agent's, of which the memory lies two folders below.
    fn state_dir(&self) -> &Path {
        self.memory.ancestors().nth(3).unwrap_or(&self.memory)
    }

    /// The mark that is remembered and the one that is there. Of a remote that was never written to, and that
    /// agent.toml puts into another folder now, none counts as remembered: it is free to move.
    fn marks(&self) -> Result<(Option<String>, Mark), String> {
        let (known, mark) = (remembered(&self.memory)?, self.mark()?);
        let is_same = matches!((&known, &mark), (Some(known), Mark::Found(found)) if known == found);
        let counts = known.is_some() && (is_same || self.root_before().is_none() || self.was_written_to());
        Ok((known.filter(|_| counts), mark))
    }

    /// The folder that was marked, where agent.toml names another one now.
    fn root_before(&self) -> Option<PathBuf> {
        let before = fs::read(self.memory_of_root()).ok()?;
        let before = PathBuf::from(OsString::from_vec(before));
        (before != self.root).then_some(before)
    }

    fn memory_of_root(&self) -> PathBuf {
        self.memory.with_file_name("root")
    }

    /// By the agent's database; what it does not tell counts as written.
    fn was_written_to(&self) -> bool {
        let written = Store::open_to_look(self.state_dir())
            .and_then(|store| Ok(store.map_or(Ok(false), |store| store.was_written_to(&self.name))?));
        written.unwrap_or(true)
    }

    fn mark(&self) -> Result<Mark, String> {
        let path = self.root.join(MARK);
        Ok(match read_mark(&path)? {
            None => Mark::Missing,
            Some(bytes) => mark_in(&bytes).map_or(Mark::Damaged, Mark::Found),
        })
    }

    /// Held until it is dropped; whoever else waits, waits for a few writes.
    fn lock(&self) -> std::io::Result<File> {
        let dir = self.memory.parent().unwrap_or(&self.memory);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let path = dir.join("lock");
        let lock = File::create(&path)?;
        let state = self.state_dir();
        for made in [&*path, dir, dir.parent().unwrap_or(dir)] {
            own_like(made, state);
        }
        lock.lock()?;
        Ok(lock)
    }

    fn remember(&self, mark: &str) -> std::io::Result<()> {
        write_new(&self.memory, mark.as_bytes())?;
        let dir = self.memory.parent().unwrap_or(&self.memory);
        own_like(&self.memory, dir);
        self.remember_root()
    }

    /// Written only when it is another one, or was not known yet.
    fn remember_root(&self) -> std::io::Result<()> {
        let (path, root) = (self.memory_of_root(), self.root.as_os_str().as_bytes());
        if fs::read(&path).is_ok_and(|known| known == root) {
            return Ok(());
        }
        write_new(&path, root)?;
        own_like(&path, self.state_dir());
        Ok(())
    }

    /// What root writes into a folder by hand must not lock the agent's own user out of it.
    pub(super) fn give_to_owner(&self, key: &str) {
        let path = self.root.join(key);
        let made = path.ancestors().take_while(|path| *path != self.root);
        made.for_each(|path| own_like(path, &self.root));
    }

    /// Lets the system forget what it still holds in memory of an object that is on the disk; it may refuse.
    pub(super) fn let_go(&self, key: &str) {
        let path = self.root.join(key);
        if let Ok(file) = File::open(path) {
            let _ = fadvise(&file, 0, None, Advice::DontNeed);
        }
    }

    /// OpenDAL forces a file to the disk and renames it, but leaves the folders that name it to luck.
    pub(super) fn flush(&self, key: &str) -> std::io::Result<()> {
        let path = self.root.join(key);
        let Some(folder) = path.parent() else {
            return Ok(());
        };
        File::open(folder)?.sync_all()?;
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        if settled.contains(folder) {
            return Ok(());
        }
        let above = folder.ancestors().skip(1);
        for dir in above.take_while(|dir| dir.starts_with(&self.root)) {
            File::open(dir)?.sync_all()?;
        }
        // A remote has a folder for each point: what is forgotten here is only forced once more.
        if settled.len() >= SETTLED_MAX {
            settled.clear();
        }
        settled.insert(folder.to_path_buf());
        Ok(())
    }

    /// What is said where agent.toml names another folder than before.
    fn moved(&self) -> Option<String> {
        let (root, name, before) = (self.root.display(), &self.name, self.root_before()?);
        Some(format!(
            "its folder {root} is not the one that this agent wrote to: `root` under [remotes.{name}] in agent.toml was {} then, \
             and names another folder now. Nothing was written there. Write the former `root` again, or bring along what lies \
             there, with its mark {MARK}; or, to begin anew there, run `agent remote test {name} --new-disk`",
            before.display()
        ))
    }

    fn unmounted(&self) -> String {
        if let Some(told) = self.moved() {
            return told;
        }
        let (root, name) = (self.root.display(), &self.name);
        match self.root.exists() {
            false => format!(
                "its folder {root} is gone: it was moved or deleted, or its disk is not mounted. Nothing was written in \
                 its place. Put it back or mount the disk, or, to begin anew there, run `agent remote test {name} \
                 --new-disk`"
            ),
            true => format!(
                "its folder {root} is not the one that this agent wrote to: its mark {MARK} is missing, so most likely \
                 its disk is not mounted. Nothing was written in its place. Mount the disk, or, when it was replaced on \
                 purpose, run `agent remote test {name} --new-disk`"
            ),
        }
    }

    fn unmarked(&self, path: &Path, error: &std::io::Error) -> String {
        format!("its mark {} cannot be written: {error}", path.display())
    }
}

/// What lies in the folder beside the objects.
enum Mark {
    Missing,
    /// Of a disk that lost what it held: it does not say which disk that is.
    Damaged,
    Found(String),
}

/// The mark that this server repeats; `None` when there is none yet.
fn remembered(path: &Path) -> Result<Option<String>, String> {
    let Some(bytes) = read_mark(path)? else {
        return Ok(None);
    };
    let mark = mark_in(&bytes).ok_or_else(|| format!("{} is damaged: it holds no mark", path.display()))?;
    Ok(Some(mark))
}

fn mark_in(bytes: &[u8]) -> Option<String> {
    let is_mark = bytes.len() == MARK_BYTES && bytes.iter().all(u8::is_ascii_hexdigit);
    is_mark.then(|| String::from_utf8_lossy(bytes).into_owned())
}

fn read_mark(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}

/// Whole or not at all: a mark that a crash cut off would lock the remote up.
fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let draft = path.with_extension(format!("{:08x}", rand::random::<u32>()));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(path.parent().unwrap_or(path))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::FILE_NAME;

    fn folder(dir: &Path) -> Folder {
        let root = dir.join("disk/backups");
        Folder::new(
            "disk",
            &root.to_string_lossy(),
            None,
            &dir.join("state/remotes/local"),
        )
    }

    #[test]
    fn the_first_use_makes_and_marks_it_and_the_next_one_knows_it() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path());
        assert_eq!(folder.is_there(), Ok(false), "looking makes nothing");
        assert!(!dir.path().join("disk").exists());
        folder.prepare().unwrap();
        folder.prepare().unwrap();
        assert_eq!(folder.is_there(), Ok(true));
    }

    #[test]
    fn a_disk_that_is_not_mounted_is_refused_and_nothing_is_made_in_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path());
        folder.prepare().unwrap();
        fs::rename(dir.path().join("disk"), dir.path().join("unmounted")).unwrap();
        for root_exists in [false, true] {
            if root_exists {
                fs::create_dir_all(dir.path().join("disk/backups")).unwrap();
            }
            let said = folder.prepare().unwrap_err();
            assert_eq!(folder.is_there().unwrap_err(), said);
            assert!(said.contains("not mounted") && said.contains("`agent remote test disk --new-disk`"));
            assert_eq!(said.contains("is gone"), !root_exists, "{said}");
        }
        assert_eq!(fs::read_dir(dir.path().join("disk/backups")).unwrap().count(), 0);
        folder.accept().unwrap();
        folder.prepare().unwrap();
    }

    #[test]
    fn one_that_was_never_written_to_is_free_to_move_and_else_it_is_said_that_its_root_is_another() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path());
        folder.prepare().unwrap();
        let moved = dir.path().join("elsewhere");
        let at = |root: &Path| {
            let memory = dir.path().join("state/remotes/local");
            Folder::new("disk", &root.to_string_lossy(), None, &memory)
        };
        let store = Store::open(&dir.path().join("state")).unwrap();
        assert_eq!(at(&moved).check(), Ok(()));
        assert_eq!(at(&moved).is_there(), Ok(false), "looking makes nothing");
        at(&moved).prepare().unwrap();
        assert_eq!(at(&moved).is_there(), Ok(true));
        drop(store);
        rusqlite::Connection::open(dir.path().join("state").join(FILE_NAME))
            .unwrap()
            .execute("INSERT INTO shipped_hour VALUES ('disk', 1, 1, 0, 9)", [])
            .unwrap();
        for again in [dir.path().join("third"), moved.join("third")] {
            let said = at(&again).prepare().unwrap_err();
            assert!(said.contains(&format!("was {} then", moved.display())), "{said}");
            assert!(!said.contains("not mounted") && !again.exists(), "{said}");
        }
        fs::rename(&moved, dir.path().join("fourth")).unwrap();
        at(&dir.path().join("fourth")).prepare().unwrap();
        fs::remove_dir_all(dir.path().join("fourth")).unwrap();
        let said = at(&dir.path().join("fourth")).prepare().unwrap_err();
        assert!(
            said.contains("is gone"),
            "what was moved with its mark is known there: {said}"
        );
    }

    #[test]
    fn of_several_that_are_the_first_only_one_makes_the_mark() {
        for _ in 0..20 {
            let dir = tempfile::tempdir().unwrap();
            std::thread::scope(|scope| {
                let first = || folder(dir.path()).prepare().unwrap();
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(first)).collect();
                threads.into_iter().for_each(|thread| thread.join().unwrap());
            });
            folder(dir.path()).prepare().unwrap();
        }
    }

    #[test]
    fn a_damaged_mark_keeps_nobody_from_reading_and_is_made_anew_when_it_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path());
        folder.prepare().unwrap();
        for damaged in ["", "no mark", &"x".repeat(MARK_BYTES)] {
            fs::write(dir.path().join("disk/backups").join(MARK), damaged).unwrap();
            assert_eq!(folder.is_there(), Ok(true));
            let said = folder.prepare().unwrap_err();
            assert!(
                said.contains("is damaged") && said.contains("`agent remote test disk --new-disk`"),
                "{said}"
            );
            folder.accept().unwrap();
            folder.prepare().unwrap();
        }
    }

    #[test]
    fn another_agents_disk_is_read_but_not_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path());
        folder.prepare().unwrap();
        let other = "0".repeat(MARK_BYTES);
        fs::write(dir.path().join("disk/backups").join(MARK), other).unwrap();
        assert_eq!(folder.is_there(), Ok(true));
        assert!(folder.prepare().unwrap_err().contains("another disk"));
    }
}
