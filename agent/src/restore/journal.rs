//! Which parts of a base are in the file, for a restore that goes on after this one was killed: a line for each, with a
//! checksum of its bytes, behind a first line that says which base it is. Of a part that comes slowly its object's first bytes
//! lie where the part will, and its line says how many, and of which object.
//! A line that the file does not bear out counts for nothing.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::Context;
use protocol::{
    chain::PageSum,
    manifest::{Manifest, Object, PART_BYTES},
};

use super::{
    coming,
    pages::{Written, sum_pages},
    place::share,
};

const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// The journal of this restore.
pub(super) struct Journal {
    file: Mutex<File>,
}

/// What a restore before this one has left.
#[derive(Default)]
pub(super) struct Found {
    /// The parts that are whole.
    pub done: BTreeMap<usize, Written>,
    /// Those of which only the beginning of the object came: so many bytes of it.
    pub begun: BTreeMap<usize, usize>,
}

impl Found {
    /// What it counts for whoever watches.
    pub(super) fn worth_bytes(&self, base: &Manifest) -> u64 {
        let done = self
            .done
            .keys()
            .map(|index| base.database[*index].plain_size_bytes);
        let begun = self.begun.iter();
        let begun = begun.map(|(index, bytes)| coming::share(&base.database[*index], *bytes as u64));
        done.chain(begun).sum()
    }

    /// What was there already, in a sentence.
    pub(super) fn told(&self, base: &Manifest) -> Option<String> {
        if self.done.is_empty() && self.begun.is_empty() {
            return None;
        }
        let bytes: u64 = self.begun.values().map(|bytes| *bytes as u64).sum();
        let begun = match bytes {
            0 => String::new(),
            bytes => format!(
                ", and {:.1} MiB of {} more",
                bytes as f64 / MEBIBYTE,
                self.begun.len()
            ),
        };
        Some(format!(
            "{} of {} parts were there already{begun}, from a restore that was interrupted",
            self.done.len(),
            base.database.len()
        ))
    }
}

impl Journal {
    /// Begins, or goes on with what a killed restore of the same base wrote and what is still intact.
    pub(super) fn open(path: &Path, base: &Manifest, database: &File) -> anyhow::Result<(Self, Found)> {
        let title = format!("{} {}", base.point, base.page_root);
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let mut lines = text.lines();
        let is_same = lines.next() == Some(&title);
        let mut last = BTreeMap::new();
        for line in lines.filter(|_| is_same) {
            let index = line.split(' ').next().and_then(|index| index.parse().ok());
            last.extend(index.map(|index: usize| (index, line)));
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o660)
            .open(path)
            .with_context(|| format!("making {}", path.display()))?;
        share(&file).with_context(|| format!("making {}", path.display()))?;
        let (mut found, mut kept) = (Found::default(), format!("{title}\n"));
        for (index, line) in last {
            let Some(part) = base.database.get(index) else {
                continue;
            };
            if let Some(written) = intact_part(line, (index, part), base.page_size, database) {
                found.done.insert(index, written);
            } else if let Some(bytes) = intact_beginning(line, (index, part), database) {
                found.begun.insert(index, bytes);
            } else {
                continue;
            }
            kept.push_str(line);
            kept.push('\n');
        }
        file.write_all(kept.as_bytes())
            .context("writing down which parts are there")?;
        let file = Mutex::new(file);
        Ok((Self { file }, found))
    }

    /// Writes one more part down.
    pub(super) fn add(&self, index: usize, part: Written) -> io::Result<()> {
        self.write(&whole_line(index, part.crc))
    }

    fn write(&self, line: &str) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes())
    }
}

/// Keeps what has come of one part's object.
pub(super) struct Keeper<'a> {
    pub journal: &'a Journal,
    pub database: &'a File,
    pub index: usize,
    pub part: &'a Object,
}

impl Keeper<'_> {
    /// The object's bytes lie in the part's own place, so that they take no room beside it, and never fill it: a line of which
    /// only the beginning was written must not read as that of a whole part.
    pub(super) fn room_bytes(&self) -> usize {
        let place = self.part.plain_size_bytes.saturating_sub(1);
        usize::try_from(place).unwrap_or(usize::MAX)
    }

    /// Writes the next bytes; the checksum is of all until their end.
    pub(super) fn keep(&self, at: usize, bytes: &[u8], crc: u32) -> io::Result<()> {
        let place = self.index as u64 * PART_BYTES;
        let write = || -> io::Result<()> {
            self.database.write_all_at(bytes, place + at as u64)?;
            let line = begun_line(self.index, crc, at + bytes.len(), self.part);
            self.journal.write(&line)
        };
        tokio::task::block_in_place(write)
    }

    /// The first bytes of the object, as they were kept.
    pub(super) fn kept(&self, bytes: usize) -> io::Result<Vec<u8>> {
        let mut kept = vec![0; bytes];
        let read = || {
            self.database
                .read_exact_at(&mut kept, self.index as u64 * PART_BYTES)
        };
        tokio::task::block_in_place(read)?;
        Ok(kept)
    }
}

fn whole_line(index: usize, crc: u32) -> String {
    format!("{index} {crc:08x}\n")
}

fn begun_line(index: usize, crc: u32, bytes: usize, part: &Object) -> String {
    format!("{index} {crc:08x} {bytes} {}\n", part.sha256)
}

/// The part that a line names, if the file still holds it.
fn intact_part(
    line: &str,
    (index, part): (usize, &Object),
    page_size: u32,
    database: &File,
) -> Option<Written> {
    let (_, crc) = line.split_once(' ')?;
    let crc = u32::from_str_radix(crc, 16).ok()?;
    let at = index as u64 * PART_BYTES;
    let bytes = bytes_at(database, at, part.plain_size_bytes)?;
    let mut sum = PageSum::default();
    sum_pages(&bytes, at, page_size, &mut sum);
    (crc32fast::hash(&bytes) == crc).then_some(Written { crc, sum })
}

/// How many bytes of the part's object are there, if the file still holds them.
fn intact_beginning(line: &str, (index, part): (usize, &Object), database: &File) -> Option<usize> {
    let mut words = line.split(' ').skip(1);
    let crc = u32::from_str_radix(words.next()?, 16).ok()?;
    let count: u64 = words.next()?.parse().ok()?;
    let is_of_it = words.next()? == part.sha256 && words.next().is_none();
    let has_room = count < part.size_bytes && count <= part.plain_size_bytes;
    if !is_of_it || !has_room {
        return None;
    }
    let bytes = bytes_at(database, index as u64 * PART_BYTES, count)?;
    (crc32fast::hash(&bytes) == crc).then_some(bytes.len())
}

fn bytes_at(database: &File, at: u64, count: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(count).ok()?];
    database.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}
