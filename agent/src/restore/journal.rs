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
    /// The first line, until something is there to be written below it: what is of another base stays until then, since a line
    /// that is down brings nothing of this one.
    title: Mutex<Option<String>>,
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
        let (mut options, told) = (OpenOptions::new(), || format!("making {}", path.display()));
        let file = options.append(true).create(true).mode(0o660).open(path);
        let mut file = file.with_context(told)?;
        share(&file).with_context(told)?;
        // What is of this base stays as it is: a kill while the parts are looked at must not cost them.
        let begun = match is_same && !text.ends_with('\n') {
            true => file.write_all(b"\n"),
            false => Ok(()),
        };
        begun.context("writing down which parts are there")?;
        let mut found = Found::default();
        for (index, line) in last {
            let Some(part) = base.database.get(index) else {
                continue;
            };
            if let Some(written) = intact_part(line, (index, part), base.page_size, database) {
                found.done.insert(index, written);
            } else if let Some(bytes) = intact_beginning(line, (index, part), database) {
                found.begun.insert(index, bytes);
            }
        }
        let journal = Self {
            file: Mutex::new(file),
            title: Mutex::new((!is_same).then_some(title)),
        };
        Ok((journal, found))
    }

    /// Writes one more part down.
    pub(super) fn add(&self, index: usize, part: Written) -> io::Result<()> {
        self.write(&whole_line(index, part.crc))
    }

    fn write(&self, line: &str) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut title = self.title.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = &*title {
            file.set_len(0)?;
            file.write_all(format!("{first}\n").as_bytes())?;
            *title = None;
        }
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

    /// Of what was kept nothing counts any more.
    pub(super) fn forget(&self) {
        let line = begun_line(self.index, 0, 0, self.part);
        if let Err(error) = tokio::task::block_in_place(|| self.journal.write(&line)) {
            // It is found to be nothing then, once all of it is there.
            tracing::debug!(%error, "what has come of a part cannot be struck out");
        }
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
    let has_room = count > 0 && count < part.size_bytes && count <= part.plain_size_bytes;
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

#[cfg(test)]
mod tests {
    use protocol::{manifest::VERSION, object_key::PointId};
    use serde_json::{Value, json};

    use super::*;

    /// Of a page in each of two parts.
    fn base() -> Manifest {
        let part = |index: u8| json!({ "key": format!("base/{index}"), "size_bytes": 9, "sha256": "0a".repeat(32), "plain_size_bytes": 4_096 });
        let manifest = json!({
            "version": VERSION, "point": "20261122T091400Z-1f0c9a3e", "taken_at": 1, "chain": "1".repeat(32), "commit": 1,
            "base": Value::Null, "previous": Value::Null, "database": [part(0), part(1)], "database_bytes": 8_192,
            "page_size": 4_096, "page_root": "0".repeat(32), "files": Value::Null, "agent_version": "0",
            "sqlite_version": "3", "signer": "A".repeat(40),
        });
        serde_json::from_value(manifest).unwrap()
    }

    fn written(database: &File, index: usize) -> Written {
        let page = [u8::try_from(index).unwrap() + 1; 4_096];
        database.write_all_at(&page, index as u64 * PART_BYTES).unwrap();
        let (crc, mut sum) = (crc32fast::hash(&page), PageSum::default());
        sum_pages(&page, index as u64 * PART_BYTES, 4_096, &mut sum);
        Written { crc, sum }
    }

    #[test]
    fn what_was_written_down_is_there_whenever_the_one_that_goes_on_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let (path, base) = (dir.path().join("journal"), base());
        let database = tempfile::tempfile().unwrap();
        let (journal, found) = Journal::open(&path, &base, &database).unwrap();
        assert!(found.done.is_empty());
        journal.add(0, written(&database, 0)).unwrap();
        let torn = format!("{}1 12", std::fs::read_to_string(&path).unwrap());
        std::fs::write(&path, &torn).unwrap();
        // Its own open file is all that this one does with it.
        let (journal, found) = Journal::open(&path, &base, &database).unwrap();
        assert_eq!(found.done.keys().collect::<Vec<_>>(), [&0]);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with(&torn),
            "nothing that is there is written anew: {text}"
        );
        journal.add(1, written(&database, 1)).unwrap();
        let (_, found) = Journal::open(&path, &base, &database).unwrap();
        assert_eq!(found.done.keys().collect::<Vec<_>>(), [&0, &1]);
    }

    #[test]
    fn the_journal_of_another_base_counts_for_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (path, mut base) = (dir.path().join("journal"), base());
        let database = tempfile::tempfile().unwrap();
        let (journal, _) = Journal::open(&path, &base, &database).unwrap();
        journal.add(0, written(&database, 0)).unwrap();
        base.point = PointId::parse("20261122T091500Z-1f0c9a3e").unwrap();
        let before = std::fs::read_to_string(&path).unwrap();
        let (journal, found) = Journal::open(&path, &base, &database).unwrap();
        assert!(found.done.is_empty() && found.told(&base).is_none());
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            before,
            "it stays until something is there in its place"
        );
        journal.add(1, written(&database, 1)).unwrap();
        let (_, found) = Journal::open(&path, &base, &database).unwrap();
        assert_eq!(found.done.keys().collect::<Vec<_>>(), [&1]);
    }
}
