//! The database's file itself, beside SQLite. The pages of a pinned database that no log holds are read from it in long
//! pieces: one by one through SQLite they take a sixth of a full backup's processor time. And what it holds below a log is
//! in no other place.
//! While a read transaction is open, only pages that the log holds up to its mark are ever written into the file, so that
//! every other page stands still there. It knows nothing of transactions: whoever reads has one, and asks SQLite for what
//! is not answered here.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// The log's head, and that of each frame in it: <https://sqlite.org/fileformat2.html#the_write_ahead_log>.
const LOG_HEAD_BYTES: usize = 32;
const FRAME_HEAD_BYTES: u64 = 24;
/// Where the log's head tells the size of a page.
const LOG_PAGE_SIZE_AT: usize = 8;
/// By which frames of this log are told from older ones: two numbers, in the head and in every frame.
const SALTS_BYTES: usize = 8;
const LOG_SALTS_AT: usize = 16;
const FRAME_SALTS_AT: usize = 8;
/// A frame's page and its salts.
const FRAME_HEAD_TOLD: usize = FRAME_SALTS_AT + SALTS_BYTES;

/// Device and number of a file.
type FileId = (u64, u64);

/// The files that were opened, each once and for as long as the process lives: closing any descriptor of a database
/// drops the locks that SQLite holds on it in this process.
static OPENED: Mutex<Vec<(FileId, &'static File)>> = Mutex::new(Vec::new());

/// Which file lay under the name before SQLite opened it.
pub(super) struct Before(Option<(PathBuf, FileId)>);

impl Before {
    /// Looks, before SQLite does. A name that leads nowhere is for SQLite to refuse.
    pub(super) fn open(database: &Path) -> Self {
        let found = fs::canonicalize(database).and_then(|path| {
            let id = id_of(&fs::metadata(&path)?);
            Ok((path, id))
        });
        Self(found.ok())
    }

    /// The file's pages of this size, while a read transaction is open; `None` where the file was replaced meanwhile, or
    /// the log does not read as one of at least so many frames: somebody may have emptied it, and SQLite is to say so. Takes
    /// a moment for each frame of the log.
    pub(super) fn pinned(&self, page_size: u32, frames: u64) -> Option<Beside> {
        let (path, id) = self.0.as_ref()?;
        let file = opened(path, *id).ok()?;
        let logged = logged(path, page_size, frames).ok()?;
        let is_still_there = fs::metadata(path).is_ok_and(|found| id_of(&found) == *id);
        is_still_there.then_some(Beside {
            file,
            page_size,
            logged,
        })
    }
}

/// A database's file, whatever a log says of its pages. While a checkpoint runs it may be of two states.
pub struct BelowLog {
    file: &'static File,
    page_size: u32,
}

impl BelowLog {
    /// The file that lies there, of pages of this size.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn of(database: &Path, page_size: u32) -> io::Result<Self> {
        let path = fs::canonicalize(database)?;
        let file = opened(&path, id_of(&fs::metadata(&path)?))?;
        Ok(Self { file, page_size })
    }

    /// A page as the file holds it; `None` where that does not reach so far.
    ///
    /// # Errors
    /// When the file does not read.
    pub fn page(&self, page: u32) -> io::Result<Option<Vec<u8>>> {
        let mut image = vec![0; self.page_size as usize];
        let at = u64::from(page - 1) * u64::from(self.page_size);
        match self.file.read_exact_at(&mut image, at) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            read => read.map(|()| Some(image)),
        }
    }
}

/// A database's file, of which a read transaction is open.
pub(super) struct Beside {
    file: &'static File,
    page_size: u32,
    /// Every page that any frame of the log is about, old frames too.
    logged: BTreeSet<u32>,
}

impl Beside {
    /// How many of the pages from `first` on, up to `count`, are as the transaction sees them, and are appended. None when
    /// the first of them is in the log, or the file is at its end.
    pub(super) fn read(&self, first: u32, count: u32, into: &mut Vec<u8>) -> u32 {
        let end = first.saturating_add(count);
        let stop = self.logged.range(first..end).next().copied().unwrap_or(end);
        let (length, page) = (into.len(), self.page_size as usize);
        let wanted = (stop - first) as usize * page;
        into.resize(length + wanted, 0);
        let start = u64::from(first - 1) * u64::from(self.page_size);
        let mut filled = 0;
        while filled < wanted {
            match self
                .file
                .read_at(&mut into[length + filled..], start + filled as u64)
            {
                Ok(0) | Err(_) => break,
                Ok(read) => filled += read,
            }
        }
        let whole = filled / page;
        into.truncate(length + whole * page);
        u32::try_from(whole).unwrap_or(0)
    }
}

fn id_of(found: &fs::Metadata) -> FileId {
    (found.dev(), found.ino())
}

fn opened(path: &Path, id: FileId) -> io::Result<&'static File> {
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, file)) = opened.iter().find(|(known, _)| *known == id) {
        return Ok(file);
    }
    // Never closed, also when it is another file than was looked for.
    let file: &'static File = Box::leak(Box::new(File::open(path)?));
    let found = id_of(&file.metadata()?);
    opened.push((found, file));
    match found == id {
        true => Ok(file),
        false => Err(io::Error::other("another file took its place")),
    }
}

/// Every page that the log names, whatever became of the frame: more than it holds for any reader. The first `frames` must
/// be of the log that its head tells of.
fn logged(database: &Path, page_size: u32, frames: u64) -> io::Result<BTreeSet<u32>> {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    let mut log = match File::open(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && frames == 0 => return Ok(BTreeSet::new()),
        log => log?,
    };
    let length = log.metadata()?.len();
    if length == 0 && frames == 0 {
        return Ok(BTreeSet::new());
    }
    let mut head = [0; LOG_HEAD_BYTES];
    log.read_exact(&mut head)?;
    if number_at(&head, LOG_PAGE_SIZE_AT) != page_size {
        return Err(io::Error::other("its log has pages of another size"));
    }
    let frame_bytes = FRAME_HEAD_BYTES + u64::from(page_size);
    // Its head may have come since its length was asked.
    let whole = length.saturating_sub(LOG_HEAD_BYTES as u64) / frame_bytes;
    if whole < frames {
        return Err(io::Error::other("its log was cut short"));
    }
    let mut pages = BTreeSet::new();
    for frame in 0..whole {
        let mut told = [0; FRAME_HEAD_TOLD];
        log.read_exact_at(&mut told, LOG_HEAD_BYTES as u64 + frame * frame_bytes)?;
        if frame < frames && told[FRAME_SALTS_AT..] != head[LOG_SALTS_AT..LOG_SALTS_AT + SALTS_BYTES] {
            return Err(io::Error::other("its log is another one"));
        }
        pages.insert(number_at(&told, 0));
    }
    Ok(pages)
}

fn number_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_be_bytes(number)
}
