//! A log file and what rotation left beside it, as the file system tells it.
//! It judges nothing, and reads of a log only how it begins.

use std::{
    ffi::OsStr,
    fs::{self, File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use protocol::time::UnixMillis;

/// More rotated files than any shop keeps.
const ROTATED_MAX: usize = 1000;
const BLOCK_BYTES: u64 = 512;
/// No line of text begins with so many zeros; a shorter hole loses less than a line.
const HOLE_BYTES: usize = 64;
/// The first line with its time: no other one begins like it.
const HEAD_BYTES: usize = 128;
/// Nobody makes a line to fit it.
const DIGEST_CHARS: usize = 16;
const COMPRESSED: [&str; 5] = ["gz", "zst", "xz", "bz2", "lz4"];

/// Which file it is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    /// The device.
    pub device: u64,
    /// The inode.
    pub inode: u64,
}

/// The file under the log's own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    /// Which file it is.
    pub id: FileId,
    /// When it was made, where the file system tells: an inode that was freed may come back.
    pub born: Option<UnixMillis>,
    /// Its length.
    pub size_bytes: u64,
    /// What it takes on the disk.
    pub allocated_bytes: u64,
    /// Whether it begins with zeros, also when what was written since takes more room than they would.
    pub begins_with_hole: bool,
    /// How it begins.
    pub head: Head,
}

/// How a log begins, which stays as it is for as long as it is only written to at its end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Head {
    bytes: [u8; HEAD_BYTES],
    length: usize,
}

/// A file that rotation left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// Which file it is.
    pub id: FileId,
    /// Its whole path.
    pub path: PathBuf,
    /// When it was last renamed or made.
    pub changed: UnixMillis,
    /// When it was last written to.
    pub written: UnixMillis,
    /// Whether its name says that it is compressed.
    pub compressed: bool,
    /// Whether its name is one that rotation gives, and not one of a copy that somebody made beside the log.
    pub is_numbered: bool,
}

/// A log at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// `None` when there is no file of that name.
    pub live: Option<Live>,
    /// What rotation left, newest write first.
    pub rotated: Vec<Rotated>,
}

/// Looks at the log and its folder.
///
/// # Errors
/// When the folder may not be read.
pub fn view(path: &Path) -> io::Result<View> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let name = path.file_name().unwrap_or_default();
    let mut rotated: Vec<Rotated> = fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|other| other.file_name().is_some_and(|other| is_rotated(name, other)))
        .filter_map(|path| Some(rotated(name, &path, &fs::symlink_metadata(&path).ok()?)))
        .take(ROTATED_MAX)
        .collect();
    rotated.sort_by_key(|file| std::cmp::Reverse(file.written));
    let live = match live(path) {
        Ok(live) => Some(live),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    Ok(View { live, rotated })
}

impl Head {
    /// Of a file that begins with these bytes.
    #[must_use]
    pub fn of(begin: &[u8]) -> Self {
        let length = begin.len().min(HEAD_BYTES);
        let mut bytes = [0; HEAD_BYTES];
        bytes[..length].copy_from_slice(&begin[..length]);
        Self { bytes, length }
    }

    /// What cannot be read begins like everything.
    fn read(file: &File) -> Self {
        let mut begin = Vec::with_capacity(HEAD_BYTES);
        let read = file.take(HEAD_BYTES as u64).read_to_end(&mut begin);
        Self::of(if read.is_ok() { &begin } else { &[] })
    }

    /// Bytes that are known.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Whether a file that began with the other one and was only written to at its end may begin like this.
    #[must_use]
    pub fn goes_on_from(&self, before: &Self) -> bool {
        let common = self.length.min(before.length);
        self.bytes[..common] == before.bytes[..common]
    }

    /// Of so many of its bytes, for whoever keeps no line of a log; `None` where there are less.
    #[must_use]
    pub fn digest(&self, length: usize) -> Option<String> {
        let begin = self.bytes[..self.length].get(..length)?;
        Some(blake3::hash(begin).to_hex()[..DIGEST_CHARS].to_owned())
    }

    fn is_hole(&self) -> bool {
        self.length >= HOLE_BYTES && self.bytes[..HOLE_BYTES].iter().all(|byte| *byte == 0)
    }
}

/// It holds the shop's lines.
impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Head({} bytes)", self.length)
    }
}

impl FileId {
    /// Of this file.
    #[must_use]
    pub fn of(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
        }
    }
}

/// `.1`, `.2.gz`, `-20261122` and `.2026-11-22T10` are of rotation; `.bak`, `-copy` and `.1.orig` are somebody's.
pub(super) fn is_numbered(ending: &str) -> bool {
    let plain = COMPRESSED
        .iter()
        .find_map(|packed| ending.strip_suffix(packed)?.strip_suffix('.'))
        .unwrap_or(ending);
    let mut parts = plain.split(['.', '-', '_', 'T', ':']).skip(1).peekable();
    parts.peek().is_some()
        && parts.all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `bot.log.1`, `bot.log.2.gz` and `bot.log-20261122` belong to `bot.log`.
fn is_rotated(name: &OsStr, other: &OsStr) -> bool {
    let rest = other.as_encoded_bytes().strip_prefix(name.as_encoded_bytes());
    rest.is_some_and(|rest| matches!(rest.first(), Some(b'.' | b'-')))
}

/// Of one and the same file, also while rotation puts another one in its place.
fn live(path: &Path) -> io::Result<Live> {
    let (found, head) = match File::open(path) {
        Ok(file) => (file.metadata()?, Head::read(&file)),
        // Its length may be known all the same.
        Err(_) => (fs::metadata(path)?, Head::of(&[])),
    };
    Ok(Live {
        id: FileId::of(&found),
        born: born(&found),
        size_bytes: found.len(),
        allocated_bytes: found.blocks() * BLOCK_BYTES,
        begins_with_hole: head.is_hole(),
        head,
    })
}

fn rotated(log: &OsStr, path: &Path, found: &Metadata) -> Rotated {
    let of_seconds = |seconds: i64, nanoseconds: i64| {
        UnixMillis(
            seconds
                .saturating_mul(1000)
                .saturating_add(nanoseconds / 1_000_000),
        )
    };
    let extension = path.extension().and_then(OsStr::to_str);
    let names = path.file_name().and_then(OsStr::to_str).zip(log.to_str());
    let ending = names.and_then(|(name, log)| name.strip_prefix(log));
    Rotated {
        id: FileId::of(found),
        path: path.to_path_buf(),
        changed: of_seconds(found.ctime(), found.ctime_nsec()),
        written: of_seconds(found.mtime(), found.mtime_nsec()),
        compressed: extension.is_some_and(|extension| COMPRESSED.contains(&extension)),
        is_numbered: ending.is_some_and(is_numbered),
    }
}

fn born(found: &Metadata) -> Option<UnixMillis> {
    let since = found.created().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(UnixMillis(i64::try_from(since.as_millis()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rotation_leaves_is_found_by_its_name() {
        let belongs = |other: &str| is_rotated(OsStr::new("bot.log"), OsStr::new(other));
        assert!(belongs("bot.log.1") && belongs("bot.log.2.gz") && belongs("bot.log-20261122"));
        assert!(!belongs("bot.log") && !belongs("bot.logs") && !belongs("robot.log.1"));
    }

    #[test]
    fn a_copy_beside_the_log_is_nothing_that_rotation_left() {
        for ending in [
            ".1",
            ".2.gz",
            "-20261122",
            ".2026-11-22T10",
            "-20261122-1795330800.zst",
        ] {
            assert!(is_numbered(ending), "{ending}");
        }
        for ending in [".bak", "-copy", ".1.orig", ".", "-", ".gz", ".1~", ".old", ".1-"] {
            assert!(!is_numbered(ending), "{ending}");
        }
    }

    #[test]
    fn a_hole_is_seen_and_an_honest_file_is_not_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bot.log");
        fs::write(&path, vec![b'x'; 100_000]).unwrap();
        assert!(!view(&path).unwrap().live.unwrap().begins_with_hole);
        File::create(&path).unwrap().set_len(1_000_000).unwrap();
        assert!(view(&path).unwrap().live.unwrap().begins_with_hole);
        let mut file = File::options().append(true).open(&path).unwrap();
        io::Write::write_all(&mut file, &vec![b'x'; 3_000_000]).unwrap();
        let live = view(&path).unwrap().live.unwrap();
        assert!(live.begins_with_hole && live.allocated_bytes > live.size_bytes / 2);
        fs::write(&path, [0; HOLE_BYTES - 1]).unwrap();
        assert!(!view(&path).unwrap().live.unwrap().begins_with_hole);
        fs::write(dir.path().join("bot.log.1.gz"), "x").unwrap();
        fs::remove_file(&path).unwrap();
        let seen = view(&path).unwrap();
        assert!(seen.live.is_none() && seen.rotated[0].compressed);
    }
}
