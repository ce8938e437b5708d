//! What every page was before the newest segments changed it, in the state directory: by that a database that lies there
//! again as it was at an earlier commit is known for what it is.
//! A memory aid: what a crash kept from it, and what is long ago, proves nothing and stands in nobody's way.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use protocol::chain::{CommitNumber, PageHash, is_lock_page};

use super::{hashes::Hashes, recorder::Recorder};

const COMMIT_BYTES: usize = 8;
const PAGE_BYTES: usize = 4;
const HASH_BYTES: usize = 16;
const RECORD_BYTES: usize = COMMIT_BYTES + PAGE_BYTES + HASH_BYTES;
/// A hundred and fifty thousand changes of a page, 4.2 MB that are read as a whole: days of a usual shop. When there are more
/// the older half goes.
const BYTES_MAX: usize = 150_000 * RECORD_BYTES;
/// Pages that are kept of a database that differs; one that differs in more is no earlier state of the last days.
const DIFFERING_MAX: usize = 65_536;
/// One page alone may come to be what it was by itself, as when something is switched off again.
const DIFFERING_MIN: usize = 2;

/// So many pages that went back tell by themselves, however many others a busy shop changed since.
const GONE_BACK_ENOUGH: usize = 4;
/// For one page that is as it was followed last so many must have gone back, where something may have been done once more.
const DONE_AGAIN: usize = 16;

/// In which SQLite counts on, also where it puts another state into a database.
pub(super) const FIRST_PAGE: u32 = 1;

/// The file.
#[derive(Clone)]
pub(super) struct Past {
    path: PathBuf,
}

/// What differs from the newest segment in a database that lies there.
#[derive(Clone, Default)]
pub(super) struct Differing {
    pages: BTreeMap<u32, Page>,
    too_many: bool,
}

/// A page that differs.
#[derive(Clone, Copy)]
struct Page {
    was: PageHash,
    lies: PageHash,
}

impl Page {
    fn same(hash: PageHash) -> Self {
        Self {
            was: hash,
            lies: hash,
        }
    }
}

impl Differing {
    /// A page that was this in the newest segment, and lies there as that: it differs, or does no more.
    pub(super) fn set(&mut self, page: u32, was: PageHash, lies: PageHash) {
        if was == lies {
            self.pages.remove(&page);
            return;
        }
        self.too_many |= self.pages.len() >= DIFFERING_MAX;
        if !self.too_many {
            self.pages.insert(page, Page { was, lies });
        }
    }

    /// Whether nothing differs.
    pub(super) fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Whether more differs than may come to be what it was by itself.
    pub(super) fn is_telling(&self) -> bool {
        self.pages.len() >= DIFFERING_MIN
    }

    /// Whether it is more than is kept: nothing is said of it then.
    pub(super) fn is_too_much(&self) -> bool {
        self.too_many
    }

    /// What a page was in the newest segment, where it differs.
    pub(super) fn was(&self, page: u32) -> Option<PageHash> {
        self.pages.get(&page).map(|page| page.was)
    }
}

impl Past {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Notes what pages were before the segment that begins with this commit.
    pub(super) fn add(
        &self,
        first: CommitNumber,
        before: impl Iterator<Item = (u32, PageHash)>,
    ) -> io::Result<()> {
        let mut bytes = Vec::new();
        for (page, hash) in before {
            bytes.extend(first.get().to_be_bytes());
            bytes.extend(page.to_be_bytes());
            bytes.extend(hash.0);
        }
        let mut options = OpenOptions::new();
        let mut file = options.create(true).append(true).mode(0o600).open(&self.path)?;
        // A full disk may have cut the last one short.
        let whole = file.metadata()?.len() / RECORD_BYTES as u64;
        file.set_len(whole * RECORD_BYTES as u64)?;
        file.write_all(&bytes)?;
        if file.metadata()?.len() > BYTES_MAX as u64 {
            let all = fs::read(&self.path)?;
            let kept = all.len() / RECORD_BYTES / 2 * RECORD_BYTES;
            fs::write(&self.path, &all[all.len() - kept..])?;
        }
        Ok(())
    }

    /// Another chain begins.
    pub(super) fn forget(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    /// The commit after which every page was as it lies there, but for those that are passed over; `None` where nothing shows
    /// that there was one. `hashes` are those of the newest segment in every page that does not differ.
    pub(super) fn commit_of(
        &self,
        differing: &Differing,
        hashes: &Hashes,
        is_passed_over: &dyn Fn(u32) -> bool,
    ) -> io::Result<Option<CommitNumber>> {
        let is_it = |tally: &Tally| tally.gone_back >= DIFFERING_MIN && tally.stayed + tally.other == 0;
        self.look_back((differing, hashes), is_passed_over, &is_it)
    }

    /// The commit that was gone back to, although something was committed upon it since: of the `pages` that there were in
    /// both enough of those that differ are as they were after it, and none that was changed after it is as it was followed
    /// last; next to none, where commits `since` may have done something once more, as a new release's changes to the
    /// definitions. That is no proof by itself: what is switched off again looks alike.
    pub(super) fn gone_back_to(
        &self,
        differing: &Differing,
        hashes: &Hashes,
        (pages, since): (u32, bool),
    ) -> io::Result<Option<CommitNumber>> {
        let is_it = |tally: &Tally| {
            let is_gone = match since {
                true => tally.gone_back >= tally.stayed * DONE_AGAIN,
                false => tally.stayed == 0,
            };
            let tells = tally.gone_back >= tally.other || tally.gone_back >= GONE_BACK_ENOUGH;
            tally.gone_back >= DIFFERING_MIN && tells && is_gone
        };
        let tells_nothing = |page| page == FIRST_PAGE || page > pages;
        self.look_back((differing, hashes), &tells_nothing, &is_it)
    }

    /// The newest commit beside which what lies there adds up to that.
    fn look_back(
        &self,
        (differing, hashes): (&Differing, &Hashes),
        is_passed_over: &dyn Fn(u32) -> bool,
        is_it: &dyn Fn(&Tally) -> bool,
    ) -> io::Result<Option<CommitNumber>> {
        let differ = differing.pages.keys().filter(|page| !is_passed_over(**page));
        let mut tally = Tally {
            other: differ.count(),
            ..Tally::default()
        };
        if differing.too_many || tally.other < DIFFERING_MIN {
            return Ok(None);
        }
        let bytes = match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let records = bytes.as_chunks::<RECORD_BYTES>().0;
        let mut then: HashMap<u32, PageHash> = HashMap::new();
        for (at, record) in records.iter().enumerate().rev() {
            let (first, page, was) = read(record);
            if !is_passed_over(page) {
                let known = match differing.pages.get(&page) {
                    Some(page) => *page,
                    None => Page::same(hashes.get(page)?),
                };
                let later = then.insert(page, was).unwrap_or(known.was);
                tally.put(known, later, was);
            }
            let begins = at.checked_sub(1).is_none_or(|at| read(&records[at]).0 != first);
            if begins && is_it(&tally) {
                return Ok(CommitNumber::new(first.saturating_sub(1)).ok());
            }
        }
        Ok(None)
    }
}

/// How many pages lie there as what, beside the newest segment and an earlier commit.
#[derive(Default)]
struct Tally {
    /// As at that commit, and not as in the newest segment.
    gone_back: usize,
    /// As in the newest segment, and not as at that commit.
    stayed: usize,
    /// As in neither.
    other: usize,
}

impl Tally {
    /// A page was `then` at the earlier commit; `later` is what it was at the one that was looked at before.
    fn put(&mut self, page: Page, later: PageHash, then: PageHash) {
        if let Some(count) = self.of(page, later) {
            *count -= 1;
        }
        if let Some(count) = self.of(page, then) {
            *count += 1;
        }
    }

    /// Where a page counts that was this at the earlier commit.
    fn of(&mut self, Page { was, lies }: Page, then: PageHash) -> Option<&mut usize> {
        match (lies == was, lies == then) {
            (true, true) => None,
            (true, false) => Some(&mut self.stayed),
            (false, true) => Some(&mut self.gone_back),
            (false, false) => Some(&mut self.other),
        }
    }
}

impl Recorder {
    /// Notes what pages were before the segment that begins with this commit and leaves so many: those that came with it were
    /// nothing, and those that it cut off something. Without it an older state is no less whole, and known by less.
    pub(super) fn note_past(&self, first: CommitNumber, (changed, pages): (&[(u32, PageHash)], u32)) {
        let cut_off = pages + 1..=self.state.pages;
        let touched = changed.iter().map(|(page, _)| *page).chain(cut_off);
        let is_hashed = |page: &u32| !is_lock_page(*page, self.state.page_size);
        let before = touched
            .filter(is_hashed)
            .filter_map(|page| Some((page, self.hashes.get(page).ok()?)));
        if let Err(error) = self.past.add(first, before) {
            tracing::debug!(%error, "what pages were before a segment could not be noted");
        }
    }
}

fn read(record: &[u8; RECORD_BYTES]) -> (u64, u32, PageHash) {
    let (commit, rest) = record.split_at(COMMIT_BYTES);
    let (page, hash) = rest.split_at(PAGE_BYTES);
    (
        u64::from_be_bytes(commit.try_into().expect("it was split there")),
        u32::from_be_bytes(page.try_into().expect("it was split there")),
        PageHash(hash.try_into().expect("it was split there")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of page 1 to 4, what each commit from the second on made of some.
    const COMMITS: [&[(u32, u8)]; 3] = [&[(2, b'b'), (3, b'b')], &[(2, b'c'), (4, b'c')], &[(3, b'd')]];

    fn hash(page: u32, byte: u8) -> PageHash {
        PageHash::of(page, &[byte])
    }

    /// What is said of four pages that lie there, those of `log` in the log.
    fn commit_of(pages: [u8; 4], log: &[u32]) -> Option<u64> {
        said(pages, &|past, differing, hashes| {
            past.commit_of(differing, hashes, &|page| log.contains(&page))
        })
    }

    /// The same where another state may have been put in and gone on from.
    fn gone_back_to(pages: [u8; 4]) -> Option<u64> {
        said(pages, &|past, differing, hashes| {
            past.gone_back_to(differing, hashes, (4, true))
        })
    }

    type Ask<'a> = &'a dyn Fn(&Past, &Differing, &Hashes) -> io::Result<Option<CommitNumber>>;

    fn said(pages: [u8; 4], ask: Ask<'_>) -> Option<u64> {
        let dir = tempfile::tempdir().unwrap();
        let hashes = Hashes::open(&dir.path().join("pages")).unwrap();
        let past = Past::at(dir.path().join("past"));
        (1..=4).for_each(|page| hashes.set(page, hash(page, b'a')).unwrap());
        for (commit, changed) in (2..).zip(COMMITS) {
            let before = changed
                .iter()
                .map(|(page, _)| (*page, hashes.get(*page).unwrap()));
            let before: Vec<_> = before.collect();
            past.add(CommitNumber::new(commit).unwrap(), before.into_iter())
                .unwrap();
            for (page, byte) in changed {
                hashes.set(*page, hash(*page, *byte)).unwrap();
            }
        }
        let mut differing = Differing::default();
        for (page, byte) in (1..).zip(pages) {
            differing.set(page, hashes.get(page).unwrap(), hash(page, byte));
        }
        let found = ask(&past, &differing, &hashes);
        found.unwrap().map(CommitNumber::get)
    }

    #[test]
    fn only_what_was_followed_is_an_earlier_state() {
        assert_eq!(commit_of(*b"aaaa", &[]), Some(1));
        assert_eq!(commit_of(*b"abba", &[]), Some(2));
        assert_eq!(commit_of(*b"acdc", &[]), None, "the newest");
        assert_eq!(commit_of(*b"acbc", &[]), None, "one page alone");
        assert_eq!(commit_of(*b"aaba", &[]), None, "a mixture");
        assert_eq!(commit_of(*b"xaaa", &[]), None, "something new");
    }

    #[test]
    fn what_was_committed_upon_an_earlier_state_since_hides_nothing() {
        assert_eq!(commit_of(*b"xaaa", &[1]), Some(1));
        assert_eq!(commit_of(*b"abxa", &[3]), Some(2));
        assert_eq!(commit_of(*b"axxx", &[2, 3, 4]), None, "it may be the newest");
    }

    #[test]
    fn what_was_committed_upon_a_state_that_was_put_in_hides_it_as_little() {
        assert_eq!(
            gone_back_to(*b"xbba"),
            Some(2),
            "in the first page SQLite counts on"
        );
        assert_eq!(gone_back_to(*b"xbbx"), Some(2));
        assert_eq!(gone_back_to(*b"xbxx"), None, "most of it is new");
        assert_eq!(
            gone_back_to(*b"xbbc"),
            None,
            "one page stayed as it was followed last"
        );
        assert_eq!(gone_back_to(*b"xxxx"), None);
    }

    #[test]
    fn what_is_long_ago_is_forgotten_and_so_is_another_chain() {
        let dir = tempfile::tempdir().unwrap();
        let past = Past::at(dir.path().join("past"));
        let size = || fs::metadata(dir.path().join("past")).map_or(0, |found| found.len());
        let many = u32::try_from(BYTES_MAX / RECORD_BYTES).unwrap();
        past.add(CommitNumber::FIRST, (0..many).map(|page| (page, hash(page, 0))))
            .unwrap();
        assert_eq!(size(), BYTES_MAX as u64);
        past.add(CommitNumber::FIRST, [(1, hash(1, 0))].into_iter())
            .unwrap();
        assert!(size() <= BYTES_MAX as u64 / 2 + RECORD_BYTES as u64);
        past.forget().unwrap();
        past.forget().unwrap();
        assert_eq!(size(), 0);
    }
}
