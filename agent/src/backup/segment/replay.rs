//! A database file brought forward by segments, one after the other.
//! Each is read to its end before a byte changes. What a failure in the middle left is no database any more, and must be
//! thrown away.

use std::{collections::HashMap, fs::File, io};

use protocol::{
    chain::{CommitNumber, PageHash, PageRoot, PageSum, is_lock_page},
    time::UnixMillis,
};

use super::{
    PAGES_MAX,
    decode::{Commit, Segment, SegmentError, Step},
    kept::Kept,
};

/// Fewer pages are hashed sooner than a thread has begun: some 200 us.
const HASHED_ALONE_MAX: usize = 128;

/// A database file that segments bring forward one after the other. Until [`Replay::end`] the file alone is not the
/// database, and nothing else writes to it.
pub struct Replay {
    file: File,
    sum: PageSum,
    pages: u32,
    kept: Kept,
}

impl Replay {
    /// From a file of so many pages that stands right before the first segment, and the sum of these.
    #[must_use]
    pub fn begin(file: File, sum: PageSum, pages: u32) -> Self {
        let kept = Kept::default();
        Self {
            file,
            sum,
            pages,
            kept,
        }
    }

    /// What the database is now.
    #[must_use]
    pub fn root(&self) -> PageRoot {
        self.sum.root(self.pages)
    }

    /// Goes on to the commit `through` of the segment, or to its last one when that comes first, which is compared with
    /// what the segment promises.
    ///
    /// # Errors
    /// [`SegmentError`]; after any of them the file is to be thrown away.
    pub fn apply(&mut self, segment: &Segment<'_>, through: CommitNumber) -> Result<Commit, SegmentError> {
        let mut pages = Pages::read(&self.file, segment, &mut self.kept)?;
        let prefix = pages.prefix();
        let mut reached = None;
        let mut place = 0;
        segment.open(&prefix)?.walk(through, |step| {
            match step {
                Step::Page(page) => place = pages.begin(page)?,
                Step::Change(at, bytes) => pages.change(place, at, bytes),
                Step::End(commit) => reached = Some(commit),
            }
            Ok(())
        })?;
        let reached = reached.ok_or_else(|| {
            SegmentError::DoesNotFit(format!("it begins after commit {through}, where to stop"))
        })?;
        pages.write(&self.file, &mut self.sum, &mut self.kept, reached.size_pages)?;
        self.pages = reached.size_pages;
        let found = self.root();
        if reached.number == segment.header.last && found != segment.header.root {
            return Err(SegmentError::WrongRoot {
                found: found.to_string(),
                expected: segment.header.root.to_string(),
            });
        }
        Ok(reached)
    }

    /// The last commit of the segment that the agent saw no later than `at`; `None` when there is none. All stays right
    /// before the segment.
    ///
    /// # Errors
    /// As [`Replay::apply`].
    pub fn last_commit_by(
        &mut self,
        segment: &Segment<'_>,
        at: UnixMillis,
    ) -> Result<Option<CommitNumber>, SegmentError> {
        let prefix = Pages::read(self.flushed()?, segment, &mut Kept::default())?.prefix();
        let mut found = None;
        segment.open(&prefix)?.walk(segment.header.last, |step| {
            if let Step::End(commit) = step
                && commit.at <= at
            {
                found = Some(commit.number);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The file, which is the database until the next segment.
    ///
    /// # Errors
    /// When the disk refuses; the file is to be thrown away.
    pub fn flushed(&mut self) -> io::Result<&File> {
        self.kept.flush(&self.file)?;
        Ok(&self.file)
    }

    /// The file, which is the database now, the sum of its pages, and how many there are.
    ///
    /// # Errors
    /// As [`Replay::flushed`].
    pub fn end(mut self) -> io::Result<(File, PageSum, u32)> {
        self.flushed()?;
        Ok((self.file, self.sum, self.pages))
    }
}

/// The pages that a segment touches.
struct Pages {
    page_size: u32,
    before: u32,
    /// Those of the references first, in their order.
    images: Vec<Image>,
    /// Where each of them is.
    places: HashMap<u32, usize>,
}

/// One of them, as it becomes.
struct Image {
    page: u32,
    bytes: Vec<u8>,
    /// What it was, when that was looked at.
    old: Option<PageHash>,
}

impl Pages {
    /// The old images of the references, after a look at whether the file can be meant at all.
    fn read(file: &File, segment: &Segment<'_>, kept: &mut Kept) -> Result<Self, SegmentError> {
        let (before, page_size) = (segment.header.pages_before, segment.header.page_size);
        let length = file.metadata()?.len();
        if length != u64::from(before) * u64::from(page_size) {
            return Err(SegmentError::DoesNotFit(format!(
                "it follows a database of {before} pages of {page_size} bytes, and this one has {length} bytes"
            )));
        }
        let mut pages = Self {
            page_size,
            before,
            images: Vec::with_capacity(segment.references.len()),
            places: HashMap::with_capacity(segment.references.len()),
        };
        for page in &segment.references {
            let (bytes, hash) = kept.take(file, *page, page_size)?;
            pages.add(*page, bytes, Some(hash));
        }
        Ok(pages)
    }

    fn add(&mut self, page: u32, bytes: Vec<u8>, old: Option<PageHash>) -> usize {
        let place = self.images.len();
        self.images.push(Image { page, bytes, old });
        self.places.insert(page, place);
        place
    }

    /// The references' images, one after the other.
    fn prefix(&self) -> Vec<u8> {
        let mut prefix = Vec::with_capacity(self.images.len() * self.page_size as usize);
        self.images
            .iter()
            .for_each(|image| prefix.extend_from_slice(&image.bytes));
        prefix
    }

    /// Where the page is; one that is not a reference begins empty.
    fn begin(&mut self, page: u32) -> Result<usize, SegmentError> {
        match self.places.get(&page) {
            Some(place) => Ok(*place),
            None if self.images.len() >= PAGES_MAX => {
                Err(SegmentError::Malformed("it holds more pages than it may"))
            }
            None => Ok(self.add(page, vec![0; self.page_size as usize], None)),
        }
    }

    /// The walk names a page before it changes it.
    fn change(&mut self, place: usize, at: usize, bytes: &[u8]) {
        self.images[place].bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn write(
        mut self,
        file: &File,
        sum: &mut PageSum,
        kept: &mut Kept,
        after: u32,
    ) -> Result<(), SegmentError> {
        for page in (self.before + 1..=after).filter(|page| !is_lock_page(*page, self.page_size)) {
            if !self.places.contains_key(&page) {
                return Err(SegmentError::Malformed(
                    "the database grows by pages that it does not hold",
                ));
            }
        }
        for page in (after + 1..=self.before).filter(|page| !is_lock_page(*page, self.page_size)) {
            // What the segment referred to is kept no more, and the file may not have it.
            let old = self.places.get(&page).and_then(|place| self.images[*place].old);
            match old {
                Some(old) => sum.remove(old),
                None => sum.remove(kept.take(file, page, self.page_size)?.1),
            }
        }
        self.images.retain(|image| image.page <= after);
        let hashes = hashes(&self.images);
        for (image, hash) in self.images.into_iter().zip(hashes) {
            match image.old {
                Some(old) => sum.remove(old),
                None if image.page <= self.before => {
                    sum.remove(kept.take(file, image.page, self.page_size)?.1);
                }
                None => {}
            }
            sum.add(hash);
            kept.put(file, image.page, image.bytes, hash)?;
        }
        if after != self.before {
            file.set_len(u64::from(after) * u64::from(self.page_size))?;
        }
        Ok(())
    }
}

/// What the pages have become, in their order; of many, half of them on a thread of its own.
fn hashes(images: &[Image]) -> Vec<PageHash> {
    let of = |images: &[Image]| -> Vec<PageHash> {
        let hashes = images.iter().map(|image| PageHash::of(image.page, &image.bytes));
        hashes.collect()
    };
    if images.len() < HASHED_ALONE_MAX {
        return of(images);
    }
    let (here, there) = images.split_at(images.len() / 2);
    std::thread::scope(|scope| {
        let there = scope.spawn(|| of(there));
        let mut all = of(here);
        all.extend(there.join().expect("hashing does not panic"));
        all
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, os::unix::fs::FileExt};

    use protocol::chain::ChainId;

    use super::*;
    use crate::backup::segment::{Draft, Header, Kind};

    const PAGE: u32 = 512;
    const SEGMENTS: u64 = 40;

    /// A database in memory whose every state is kept.
    struct World {
        pages: Vec<Vec<u8>>,
        seed: u64,
    }

    impl World {
        fn random(&mut self, below: u64) -> u64 {
            self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.seed >> 33) % below
        }

        /// Changes some pages, grows or shrinks, and gives what a commit's frames would hold.
        fn commit(&mut self) -> Vec<(u32, Vec<u8>)> {
            // A large one shrinks: what was changed before is gone at the segment's end, and comes back.
            let before = self.pages.len() as u64;
            let size = match before {
                ..12 => (before + self.random(4)).saturating_sub(self.random(3)),
                _ => before - self.random(10),
            };
            self.pages.resize(size.max(1) as usize, vec![0; PAGE as usize]);
            let mut changed = BTreeMap::new();
            for _ in 0..1 + self.random(4) {
                let page = self.random(self.pages.len() as u64) as usize;
                for _ in 0..self.random(9) {
                    let at = self.random(u64::from(PAGE)) as usize;
                    self.pages[page][at] = self.random(256) as u8;
                }
                changed.insert(page as u32 + 1, self.pages[page].clone());
            }
            changed.into_iter().collect()
        }

        fn bytes(&self) -> Vec<u8> {
            self.pages.concat()
        }

        fn sum(&self) -> PageSum {
            let mut sum = PageSum::default();
            for (number, page) in (1..).zip(&self.pages) {
                sum.add(PageHash::of(number, page));
            }
            sum
        }
    }

    fn header(world: &World, draft: &Draft, first: u64, kind: Kind) -> Header {
        let last = first + draft.commits() as u64 - 1;
        Header {
            chain: ChainId::from_bits(7),
            first: CommitNumber::new(first).unwrap(),
            last: CommitNumber::new(last).unwrap(),
            kind,
            page_size: PAGE,
            pages_before: draft.pages_before(),
            pages_after: draft.pages_after(),
            previous: Some([3; 32]),
            root: world.sum().root(draft.pages_after()),
        }
    }

    /// One segment of some commits, with the states after each; sometimes an old image is not known.
    fn segment(world: &mut World, first: u64) -> (Vec<u8>, Vec<Vec<u8>>) {
        let start = world.pages.clone();
        let mut draft = Draft::new(PAGE, start.len() as u32);
        let mut states = Vec::new();
        for at in 0..1 + world.random(5) {
            let pages = world.commit();
            let blind = world.random(4) == 0;
            let old = |page: u32| Ok((!blind).then(|| start[page as usize - 1].clone()));
            let moment = UnixMillis(1_000 - at as i64);
            draft.add(moment, world.pages.len() as u32, pages, old).unwrap();
            states.push(world.bytes());
        }
        let header = header(world, &draft, first, Kind::Commits);
        (draft.encode(&header).unwrap(), states)
    }

    fn replay_of(bytes: &[u8], sum: PageSum) -> Replay {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(bytes, 0).unwrap();
        Replay::begin(file, sum, bytes.len() as u32 / PAGE)
    }

    fn bytes_of(file: &File) -> Vec<u8> {
        let mut bytes = vec![0; file.metadata().unwrap().len() as usize];
        file.read_exact_at(&mut bytes, 0).unwrap();
        bytes
    }

    fn world() -> World {
        World {
            pages: vec![vec![1; PAGE as usize]; 6],
            seed: 42,
        }
    }

    #[test]
    fn every_commit_of_every_segment_is_reached_exactly() {
        let mut world = world();
        let mut first = 2;
        for _ in 0..SEGMENTS {
            let (before, sum) = (world.bytes(), world.sum());
            let (plain, states) = segment(&mut world, first);
            let segment = Segment::parse(&plain).unwrap();
            for (number, state) in (first..).zip(&states) {
                let mut replay = replay_of(&before, sum);
                let through = CommitNumber::new(number).unwrap();
                let commit = replay.apply(&segment, through).unwrap();
                assert_eq!(commit.number, through);
                assert_eq!(&bytes_of(&replay.end().unwrap().0), state, "commit {number}");
            }
            first += states.len() as u64;
        }
    }

    #[test]
    fn pages_that_are_kept_from_segment_to_segment_are_those_of_the_file() {
        let mut world = world();
        let mut replay = replay_of(&world.bytes(), world.sum());
        let mut first = 2;
        for _ in 0..4 * SEGMENTS {
            let (plain, states) = segment(&mut world, first);
            let segment = Segment::parse(&plain).unwrap();
            replay.apply(&segment, CommitNumber::MAX).unwrap();
            first += states.len() as u64;
            // Now and then, as a restore does at its end: what is kept goes on being good.
            if world.random(3) == 0 {
                assert_eq!(&bytes_of(replay.flushed().unwrap()), states.last().unwrap());
            }
        }
        assert_eq!(replay.root(), world.sum().root(world.pages.len() as u32));
        assert_eq!(bytes_of(&replay.end().unwrap().0), world.bytes());
    }

    #[test]
    fn a_segment_on_the_wrong_database_is_refused() {
        let mut world = world();
        let before = world.bytes();
        let (plain, _) = segment(&mut world, 2);
        let segment = Segment::parse(&plain).unwrap();
        let sum = PageSum::default();
        let longer = [before.clone(), vec![0; 512]].concat();
        let applied = replay_of(&longer, sum).apply(&segment, CommitNumber::MAX);
        assert!(matches!(applied, Err(SegmentError::DoesNotFit(_))));
        let mut other = before;
        other.iter_mut().for_each(|byte| *byte ^= 0x55);
        let applied = replay_of(&other, sum).apply(&segment, CommitNumber::MAX);
        assert!(applied.is_err());
    }

    #[test]
    fn a_promise_that_is_not_kept_is_told() {
        let mut world = world();
        let before = (world.bytes(), world.sum());
        let pages = world.commit();
        let mut draft = Draft::new(PAGE, 6);
        draft
            .add(UnixMillis(5), world.pages.len() as u32, pages, |_| Ok(None))
            .unwrap();
        let mut header = header(&world, &draft, 2, Kind::Commits);
        header.root = PageRoot::parse(&"0".repeat(32)).unwrap();
        let plain = draft.encode(&header).unwrap();
        let segment = Segment::parse(&plain).unwrap();
        let applied = replay_of(&before.0, before.1).apply(&segment, CommitNumber::MAX);
        assert!(matches!(applied, Err(SegmentError::WrongRoot { .. })));
    }

    #[test]
    fn hostile_bytes_are_refused_and_never_panic() {
        let mut world = world();
        let (before, sum) = (world.bytes(), world.sum());
        let (plain, _) = segment(&mut world, 2);
        for length in 0..plain.len() {
            if let Ok(segment) = Segment::parse(&plain[..length]) {
                let applied = replay_of(&before, sum).apply(&segment, CommitNumber::MAX);
                assert!(applied.is_err(), "cut to {length}");
            }
        }
        for bit in 0..plain.len() * 8 {
            let mut bytes = plain.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(segment) = Segment::parse(&bytes) {
                // What is flipped in the chain or in a moment is not noticed here: digest and signature do that.
                let _ = replay_of(&before, sum).apply(&segment, CommitNumber::MAX);
            }
        }
    }
}
