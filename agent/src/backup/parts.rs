//! The database's parts, from pages in a read transaction to sealed objects: one thread reads pages, two compress, sign
//! and encrypt them. Only a few megabytes of plain pages are in memory at a time, and none on the disk.
//! It does not know where the objects go.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Read},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc::{self, Receiver, Sender, SyncSender},
    },
};

use anyhow::Context;
use protocol::{
    chain::{PageHash, PageSum, is_lock_page},
    manifest::Object,
};

use super::{Progress, cancel::Cancelled, delta::Run, seal::FRAME_BYTES, table::TableWriter};
use crate::store::pages::PinnedPages;

/// Threads that compress and encrypt: one core must stay free for the bot and for alerts on small servers.
pub(super) const SEALING_THREADS: u32 = 2;
/// Plain bytes that are read at once, so that they are compressed where they lie; each sealing thread has two of these.
const CHUNK_BYTES: usize = FRAME_BYTES;

/// One part, before it is read.
pub(super) struct Part {
    /// What stands before the pages: a delta's index.
    pub head: Vec<u8>,
    /// Its pages.
    pub runs: Vec<Run>,
}

/// Where parts come from and go to.
pub(super) struct Sealing<'a> {
    pub pages: &'a PinnedPages,
    pub cancelled: &'a Cancelled,
    pub progress: &'a dyn Progress,
    /// Where the hashes of a base's pages are written down.
    pub table: Option<&'a TableWriter>,
}

impl Sealing<'_> {
    /// Seals every part, in no particular order, by `seal`, which is called on two threads. Returns the objects in
    /// their order, and the sum over all pages that went through.
    pub(super) fn run(
        &self,
        count: u32,
        part: &(dyn Fn(u32) -> Part + Sync),
        seal: &(dyn Fn(u32, &mut dyn BufRead) -> anyhow::Result<Object> + Sync),
    ) -> anyhow::Result<(Vec<Object>, PageSum)> {
        let page_size = self.pages.page_size();
        let (next, sum) = (AtomicU32::new(0), Mutex::new(PageSum::default()));
        let objects = Mutex::new(vec![None; count as usize]);
        let (asking, asked) = mpsc::channel();
        let (table, cancelled, progress) = (self.table, self.cancelled, self.progress);
        let work = |asking: Sender<Ask>| -> anyhow::Result<()> {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return Ok(());
                }
                cancelled.check()?;
                let mut reader = PartReader::new(part(index), page_size, &asking, table, cancelled);
                let object = seal(index, &mut reader)?;
                progress.advance(object.plain_size_bytes);
                sum.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .merge(reader.sum);
                objects.lock().unwrap_or_else(PoisonError::into_inner)[index as usize] = Some(object);
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..SEALING_THREADS.min(count))
                .map(|_| {
                    let asking = asking.clone();
                    scope.spawn(|| work(asking))
                })
                .collect();
            drop(asking);
            // SQLite's connection stays on this thread; it ends when nobody asks any more.
            self.answer(&asked);
            let ended = threads
                .into_iter()
                .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?);
            ended.collect::<anyhow::Result<()>>()
        })?;
        let objects = objects.into_inner().unwrap_or_else(PoisonError::into_inner);
        let objects = objects
            .into_iter()
            .collect::<Option<Vec<Object>>>()
            .context("a part is missing")?;
        Ok((objects, sum.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }

    fn answer(&self, asked: &Receiver<Ask>) {
        for ask in asked {
            let mut bytes = ask.buffer;
            bytes.clear();
            let read = self.pages.read(ask.run.first, ask.run.count, &mut bytes);
            // Nobody there to take it means that sealing failed, which is told elsewhere.
            let _ = ask.answer.send(read.map(|()| bytes));
        }
    }
}

/// Pages that a sealing thread wants next.
struct Ask {
    run: Run,
    buffer: Vec<u8>,
    answer: SyncSender<rusqlite::Result<Vec<u8>>>,
}

/// One part as a stream, read ahead by one chunk.
struct PartReader<'a> {
    runs: VecDeque<Run>,
    page_size: u32,
    asking: &'a Sender<Ask>,
    table: Option<&'a TableWriter>,
    cancelled: &'a Cancelled,
    ahead: Option<(Run, Receiver<rusqlite::Result<Vec<u8>>>)>,
    chunk: Vec<u8>,
    at: usize,
    spare: Vec<u8>,
    sum: PageSum,
}

impl<'a> PartReader<'a> {
    fn new(
        part: Part,
        page_size: u32,
        asking: &'a Sender<Ask>,
        table: Option<&'a TableWriter>,
        cancelled: &'a Cancelled,
    ) -> Self {
        let mut reader = Self {
            runs: part.runs.into(),
            page_size,
            asking,
            table,
            cancelled,
            ahead: None,
            chunk: part.head,
            at: 0,
            spare: Vec::new(),
            sum: PageSum::default(),
        };
        reader.ask();
        reader
    }

    /// Asks for the next chunk, if any.
    fn ask(&mut self) {
        let most = u32::try_from(CHUNK_BYTES).map_or(1, |bytes| bytes / self.page_size);
        let Some(run) = self.runs.front_mut() else { return };
        let wanted = Run {
            first: run.first,
            count: run.count.min(most),
        };
        run.first += wanted.count;
        run.count -= wanted.count;
        if run.count == 0 {
            self.runs.pop_front();
        }
        let (answer, coming) = mpsc::sync_channel(1);
        let ask = Ask {
            run: wanted,
            buffer: std::mem::take(&mut self.spare),
            answer,
        };
        // When nobody answers any more, waiting for the answer says so.
        let _ = self.asking.send(ask);
        self.ahead = Some((wanted, coming));
    }

    /// Takes the chunk that was asked for and asks for the next one; `false` at the end of the part.
    fn turn(&mut self) -> io::Result<bool> {
        self.cancelled.check().map_err(io::Error::other)?;
        let Some((run, coming)) = self.ahead.take() else {
            return Ok(false);
        };
        let bytes = coming.recv().map_err(io::Error::other)?;
        let bytes =
            bytes.map_err(|error| io::Error::other(format!("reading pages of the database: {error}")))?;
        self.spare = std::mem::replace(&mut self.chunk, bytes);
        self.at = 0;
        self.ask();
        self.hash(run)?;
        Ok(true)
    }

    fn hash(&mut self, run: Run) -> io::Result<()> {
        let mut hashes = Vec::with_capacity(run.count as usize);
        for (number, page) in (run.first..).zip(self.chunk.chunks(self.page_size as usize)) {
            let hash = PageHash::of(number, page);
            if !is_lock_page(number, self.page_size) {
                self.sum.add(hash);
            }
            hashes.push(hash);
        }
        match self.table {
            Some(table) => table.put(run.first, &hashes),
            None => Ok(()),
        }
    }
}

impl Read for PartReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for PartReader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.chunk.len() {
            self.turn()?;
        }
        Ok(&self.chunk[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}
