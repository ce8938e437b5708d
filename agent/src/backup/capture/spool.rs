//! Objects that wait to be shipped, as files in the state directory, and their list in the store. Bounded: when it is
//! full, what the slowest remotes lack is dropped, said so, and made good by their next restore point.
//! It decides nothing about remotes, and a file without a place on the list is nothing.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, ensure};
use protocol::time::UnixMillis;

use super::Mark;
use crate::{
    backup::seal::{Sealed, sha256_hex},
    store::{Store, capture::SpooledSegment, owner::own_like},
};

/// Bytes in the spool: days of a busy shop, and a small part of a small disk.
const BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Objects that are looked at at once.
const LOOK: usize = 1_000;

/// The folder with its list.
#[derive(Clone)]
pub(super) struct Spool {
    dir: PathBuf,
    store: Arc<Store>,
    remotes: Vec<String>,
}

impl Spool {
    /// Opens the spool; `remotes` are all that its objects are for. Files that a crash left without a place on the
    /// list are deleted.
    pub(super) fn open(dir: PathBuf, store: Arc<Store>, remotes: Vec<String>) -> anyhow::Result<Self> {
        fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        if let Some(parent) = dir.parent() {
            own_like(&dir, parent);
        }
        let spool = Self { dir, store, remotes };
        let listed: BTreeSet<PathBuf> = spool
            .store
            .spooled_digests()?
            .iter()
            .map(|digest| spool.file_of(digest))
            .collect();
        for entry in fs::read_dir(&spool.dir).context("reading the spool")? {
            let path = entry.context("reading the spool")?.path();
            if !listed.contains(&path) {
                fs::remove_file(&path).with_context(|| format!("deleting {}", path.display()))?;
            }
        }
        Ok(spool)
    }

    fn file_of(&self, sha256: &str) -> PathBuf {
        self.dir.join(sha256).with_extension("pgp")
    }

    /// Puts an object on the disk. It counts once it is on the list. What a full disk has cut off takes no room there.
    pub(super) fn write(&self, sealed: &Sealed) -> anyhow::Result<()> {
        let path = self.file_of(&sealed.sha256);
        let written = put(&path, &sealed.bytes).and_then(|()| File::open(&self.dir)?.sync_all());
        if written.is_err() {
            // The next try has another name: each is sealed with a key of its own.
            let _ = fs::remove_file(&path);
        }
        written.with_context(|| format!("putting {} on the disk", path.display()))
    }

    /// The bytes of an object.
    pub(super) fn read(&self, segment: &SpooledSegment) -> anyhow::Result<Vec<u8>> {
        let path = self.file_of(&segment.sha256);
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        ensure!(
            sha256_hex(&bytes) == segment.sha256,
            "{} is not what was written there: the disk may be failing",
            path.display()
        );
        Ok(bytes)
    }

    /// Deletes what every remote has.
    pub(super) fn tidy(&self) -> anyhow::Result<()> {
        let through = self.store.shipped_everywhere_through(&self.remotes)?;
        self.forget_through(through)
    }

    /// Takes back what was spooled of a chain after this commit. The files are deleted when it is opened next.
    pub(super) fn forget_after(&self, known: &Mark) -> anyhow::Result<()> {
        let forgotten = self.store.forget_segments_after(&known.chain, known.commit);
        forgotten.context("taking segments off the list")
    }

    fn forget_through(&self, through: i64) -> anyhow::Result<()> {
        loop {
            let mut done = self.store.segments_after(0, LOOK)?;
            done.retain(|segment| segment.id <= through);
            let Some(last) = done.last() else {
                return Ok(());
            };
            // The list first: a file without a place on it is deleted at the next start, the other way round it would
            // be missed by a remote.
            self.store.forget_segments_through(last.id)?;
            for segment in &done {
                let path = self.file_of(&segment.sha256);
                match fs::remove_file(&path) {
                    // Every shipper tidies up, and the recorder makes room: another one was faster.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    deleted => deleted.with_context(|| format!("deleting {}", path.display()))?,
                }
            }
        }
    }

    /// Drops the older half when there is no room for so many bytes more.
    pub(super) fn make_room(&self, size_bytes: u64, now: UnixMillis) -> anyhow::Result<()> {
        self.make_room_below(BYTES_MAX, size_bytes, now)
    }

    fn make_room_below(&self, bytes_max: u64, size_bytes: u64, now: UnixMillis) -> anyhow::Result<()> {
        if self.store.spool_bytes()? + size_bytes <= bytes_max {
            return Ok(());
        }
        let (mut last, mut dropped_bytes) = (None::<SpooledSegment>, 0);
        while dropped_bytes < bytes_max / 2 {
            let after = last.as_ref().map_or(0, |segment| segment.id);
            let Some(next) = self.store.segments_after(after, 1)?.pop() else {
                break;
            };
            dropped_bytes += next.size_bytes;
            last = Some(next);
        }
        let Some(last) = last else { return Ok(()) };
        let mut behind = Vec::new();
        for remote in &self.remotes {
            if self.store.shipped_through(remote)? < last.id {
                behind.push(remote.clone());
            }
        }
        let detail = format!(
            "{} bytes waited for {}: the older half was dropped, and until their next restore point single commits \
             through {} cannot be restored from there",
            self.store.spool_bytes()?,
            behind.join(", "),
            last.last
        );
        tracing::error!(detail, "the spool is full");
        self.store.put_gap(&behind, &last, now, &detail)?;
        self.forget_through(last.id)
    }
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use protocol::chain::{ChainId, CommitNumber, PageRoot};

    use super::*;
    use crate::store::capture::CaptureState;

    fn state(number: u64) -> CaptureState {
        CaptureState {
            chain: ChainId::from_bits(1),
            commit: CommitNumber::new(number).unwrap(),
            commit_at: UnixMillis(5),
            page_size: 4_096,
            pages: 1,
            root: PageRoot::parse(&"0".repeat(32)).unwrap(),
            database_file: String::new(),
            log_position: None,
            previous_sha256: None,
            changed: Vec::new(),
            change_counter: None,
            defined: None,
            growth: None,
            file_written: None,
            log_emptied: false,
        }
    }

    fn add(spool: &Spool, number: u64) -> SpooledSegment {
        let bytes = vec![u8::try_from(number).unwrap(); 100];
        let sealed = Sealed {
            sha256: sha256_hex(&bytes),
            bytes,
            plain_size_bytes: 100,
            session_key: vec![0; 32].into(),
        };
        spool.write(&sealed).unwrap();
        let state = state(number);
        let mut segment = SpooledSegment {
            id: 0,
            key: format!("segment/{number}"),
            chain: state.chain.clone(),
            first: state.commit,
            last: state.commit,
            first_at: UnixMillis(5),
            last_at: UnixMillis(5),
            size_bytes: 100,
            sha256: sealed.sha256,
        };
        segment.id = spool.store.add_segment(&state, &segment, None).unwrap();
        segment
    }

    fn world() -> (tempfile::TempDir, Spool) {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let remotes = vec!["a".to_owned(), "b".to_owned()];
        let spool = Spool::open(dir.path().join("spool"), store, remotes).unwrap();
        (dir, spool)
    }

    #[test]
    fn what_every_remote_has_is_deleted_and_nothing_else() {
        let (_dir, spool) = world();
        let all: Vec<SpooledSegment> = (2..=4).map(|number| add(&spool, number)).collect();
        spool.store.put_shipped("a", &all, UnixMillis(9)).unwrap();
        spool.tidy().unwrap();
        assert!(spool.read(&all[0]).is_ok(), "b lacks it");
        spool.store.put_shipped("b", &all[..2], UnixMillis(9)).unwrap();
        spool.tidy().unwrap();
        assert!(spool.read(&all[1]).is_err() && spool.read(&all[2]).is_ok());
        let shipping = spool.store.shipping().unwrap();
        assert_eq!((shipping[0].waiting_commits, shipping[1].waiting_commits), (0, 1));
    }

    #[test]
    fn those_who_tidy_up_at_the_same_time_are_not_in_each_others_way() {
        let (_dir, spool) = world();
        let all: Vec<SpooledSegment> = (2..=4).map(|number| add(&spool, number)).collect();
        for remote in ["a", "b"] {
            spool.store.put_shipped(remote, &all, UnixMillis(9)).unwrap();
        }
        // Another one has read the same list and was faster with the first of it.
        fs::remove_file(spool.file_of(&all[0].sha256)).unwrap();
        spool.tidy().unwrap();
        assert_eq!(fs::read_dir(&spool.dir).unwrap().count(), 0);
    }

    #[test]
    fn a_full_spool_drops_the_older_half_and_says_whom_it_concerns() {
        let (_dir, spool) = world();
        let all: Vec<SpooledSegment> = (2..=5).map(|number| add(&spool, number)).collect();
        spool.store.put_shipped("a", &all, UnixMillis(9)).unwrap();
        spool.store.put_shipped("b", &all[..1], UnixMillis(9)).unwrap();
        spool.make_room_below(450, 100, UnixMillis(10)).unwrap();
        assert_eq!(spool.store.spool_bytes().unwrap(), 100);
        let shipping = spool.store.shipping().unwrap();
        assert_eq!(
            (
                shipping[0].passed_by.is_some(),
                shipping[1].passed_by.as_ref().map(|it| it.2)
            ),
            (false, Some(UnixMillis(10)))
        );
        assert_eq!(spool.store.capture_events(9).unwrap()[0].kind, "spool_full");
        assert_eq!(spool.store.never_sent("a").unwrap(), []);
        let dropped = spool.store.never_sent("b").unwrap().remove(0);
        assert_eq!(
            (dropped.first.get(), dropped.last.get()),
            (3, 4),
            "it has the first one"
        );
        assert!(spool.read(&all[3]).is_ok());
    }

    #[test]
    fn what_a_remote_is_sent_first_says_what_it_never_gets_and_one_that_was_put_back_had_some_of_it() {
        let (_dir, spool) = world();
        let store = &spool.store;
        let all: Vec<SpooledSegment> = (2..=9).map(|number| add(&spool, number)).collect();
        let never = |remote: &str| {
            let all = store.never_sent(remote).unwrap();
            let ends = all.iter().map(|one| (one.first.get(), one.last.get()));
            ends.collect::<Vec<_>>()
        };
        store.put_shipped("a", &all[3..5], UnixMillis(9)).unwrap();
        assert_eq!(never("a"), [(1, 4)], "it was added later");
        store.register_remotes(&["b".to_owned()], UnixMillis(9)).unwrap();
        store.put_shipped("a", &all[6..7], UnixMillis(9)).unwrap();
        assert_eq!(
            never("a"),
            [(1, 4), (7, 7)],
            "it had what went there before it was taken out"
        );
        let passed_by = |at: usize| store.shipping().unwrap().remove(at).passed_by;
        assert_eq!(passed_by(0).map(|(_, commit, _)| commit.get()), Some(7));
        // Taken out once more, it has still nothing that leads over there.
        store.register_remotes(&["b".to_owned()], UnixMillis(9)).unwrap();
        store.put_shipped("a", &all[7..], UnixMillis(9)).unwrap();
        assert_eq!(never("a").len(), 2);
        assert_eq!(
            store.shipping().unwrap()[0].passed_by.as_ref().map(|it| it.2),
            Some(UnixMillis(9))
        );
        // The first that another one meets is a spool that dropped the rest.
        store.put_shipped("b", &all[..1], UnixMillis(9)).unwrap();
        spool.tidy().unwrap();
        let later = ["later".to_owned()];
        store.put_gap(&later, &all[4], UnixMillis(10), "").unwrap();
        assert_eq!(never("later"), [(1, 2), (3, 6)]);
    }

    #[test]
    fn a_file_that_its_disk_has_altered_does_not_leave() {
        let (_dir, spool) = world();
        let segment = add(&spool, 2);
        fs::write(spool.file_of(&segment.sha256), [2; 99]).unwrap();
        let said = spool.read(&segment).unwrap_err().to_string();
        assert!(said.contains("not what was written there"), "{said}");
    }

    #[test]
    fn a_file_that_is_on_no_list_is_deleted_at_the_next_start() {
        let (dir, spool) = world();
        let kept = add(&spool, 2);
        let stray = dir.path().join("spool/stray.pgp");
        fs::write(&stray, b"x").unwrap();
        let again = Spool::open(dir.path().join("spool"), Arc::clone(&spool.store), Vec::new()).unwrap();
        assert!(again.read(&kept).is_ok() && !stray.exists());
    }
}
