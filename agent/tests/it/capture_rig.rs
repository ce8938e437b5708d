//! A database that is captured for real, and a copy that is rebuilt from nothing but what the remote holds: real
//! SQLite, real sealing, a folder as the remote.
//! It judges nothing: that is the tests' own.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use agent::{
    backup::{
        self, Commits, Silent, Want, What,
        capture::{self, Capture, Running},
        remote,
        seal::{self, Keys, sha256_hex},
        segment::{Kind, Replay, Segment},
        signer::{Signers, SigningKey},
    },
    config::{Config, Environment, Purpose},
    keys::{generate, unlock},
    store::Store,
};
use protocol::{
    chain::{ChainId, CommitNumber, PageHash, PageRoot, PageSum},
    manifest::Manifest,
    object_key::SegmentName,
    secret::Secret,
    settings::Faults,
};
use rusqlite::Connection;
use tokio::{runtime::Runtime, task::JoinSet};

pub const PAGE: usize = 4_096;
/// Nothing here takes this long.
const LIMIT: Duration = Duration::from_secs(60);
const PLAIN_MAX: u64 = 256 * 1024 * 1024;

/// One folder with a database, an agent's state and a remote.
pub struct Rig {
    pub dir: tempfile::TempDir,
    pub config: Arc<Config>,
    pub store: Arc<Store>,
    runtime: Runtime,
    keys: Keys,
    running: Option<(Capture, Running, JoinSet<()>)>,
}

/// One object that the remote holds.
pub struct Shipped {
    pub name: SegmentName,
    pub object_bytes: usize,
    pub sha256: String,
    pub plain: Vec<u8>,
}

fn owner() -> &'static (String, String) {
    static KEY: OnceLock<(String, String)> = OnceLock::new();
    KEY.get_or_init(|| {
        let key = generate("owner", &Secret::new("p")).unwrap();
        (key.public_armor, key.secret_armor.expose().to_owned())
    })
}

/// A connection as the bot's: no checkpoint of its own but the backstop. Nothing is forced to the disk here.
pub fn bot(database: &Path) -> Connection {
    let bot = Connection::open(database).unwrap();
    bot.busy_timeout(Duration::from_secs(5)).unwrap();
    for (pragma, value) in [
        ("page_size", "4096"),
        ("journal_mode", "WAL"),
        ("synchronous", "OFF"),
    ] {
        bot.pragma_update(None, pragma, value).unwrap();
    }
    bot.pragma_update(None, "wal_autocheckpoint", 16_384).unwrap();
    bot.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    bot
}

/// Every page that a connection sees, in one piece.
pub fn pages_of(connection: &Connection) -> Vec<u8> {
    let mut statement = connection
        .prepare_cached("SELECT data FROM sqlite_dbpage")
        .unwrap();
    let pages = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    pages.flat_map(Result::unwrap).collect()
}

pub fn sum_of(pages: &[u8]) -> PageSum {
    let mut sum = PageSum::default();
    for (number, page) in (1..).zip(pages.chunks(PAGE)) {
        sum.add(PageHash::of(number, page));
    }
    sum
}

pub fn root_of(pages: &[u8]) -> PageRoot {
    sum_of(pages).root((pages.len() / PAGE) as u32)
}

impl Rig {
    pub fn new() -> Self {
        Self::with_sync("100ms")
    }

    pub fn with_sync(sync: &str) -> Self {
        Self::with_remote(sync, "[remotes.local]\ntype = \"fs\"\nroot = \"remote\"\n")
    }

    pub fn with_remote(sync: &str, remote: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent.toml");
        let (public, secret) = owner();
        fs::write(dir.path().join("owner.asc"), public).unwrap();
        fs::write(dir.path().join("secret.asc"), secret).unwrap();
        fs::write(
            &path,
            format!(
                "[owner]\nchat_ids = [1]\napi_url = \"http://127.0.0.1:1\"\n[bot]\nurl = \"http://127.0.0.1:1\"\n\
                 [http]\nprivate = \"127.0.0.1:0\"\n[backup]\ndatabase = \"shop.db\"\nrecipients = [\"owner.asc\"]\n\
                 sync = \"{sync}\"\n{remote}[state]\ndir = \"state\"\n"
            ),
        )
        .unwrap();
        let secrets = [("OWNER_BOT_TOKEN".to_owned(), Secret::new("1:x"))];
        let environment = Environment::new(None, secrets, &path);
        let mut faults = Faults::default();
        let config = Config::read(&path, Purpose::Keep, &environment, &mut faults);
        assert!(faults.is_empty(), "{faults}");
        let mut ask = || Ok(Secret::new("p"));
        Self {
            keys: unlock(&dir.path().join("secret.asc"), &mut ask).unwrap(),
            store: Arc::new(Store::open(&dir.path().join("state")).unwrap()),
            config: Arc::new(config),
            runtime: Runtime::new().unwrap(),
            running: None,
            dir,
        }
    }

    pub fn database(&self) -> PathBuf {
        self.dir.path().join("shop.db")
    }

    /// Starts the capture and waits until it knows where it is.
    pub fn start(&mut self) -> Capture {
        let capture = self.start_only();
        wait_for("the first look", || capture.captured().is_some());
        capture
    }

    pub fn start_only(&mut self) -> Capture {
        let _ = remote::install_transport();
        let (capture, shippers, running) = capture::start(&self.config, &self.store).unwrap();
        let mut tasks = JoinSet::new();
        for shipper in shippers {
            tasks.spawn_on(async { match shipper.run().await {} }, self.runtime.handle());
        }
        self.running = Some((capture.clone(), running, tasks));
        capture
    }

    pub fn capture(&self) -> Capture {
        self.running.as_ref().unwrap().0.clone()
    }

    /// Stops it in order: what was read is in the spool then.
    pub fn stop(&mut self) {
        let (_, running, mut tasks) = self.running.take().unwrap();
        running.join();
        self.runtime.block_on(tasks.shutdown());
    }

    pub fn durable(&self, limit: Duration) -> Option<CommitNumber> {
        let (capture, ..) = self.running.as_ref().unwrap();
        let asked = async { tokio::time::timeout(limit, capture.durable()).await };
        Some(self.runtime.block_on(asked).ok()?.unwrap().commit)
    }

    /// So many questions at once; whether all were answered with yes.
    pub fn durable_for(&self, many: usize, limit: Duration) -> bool {
        let (capture, ..) = self.running.as_ref().unwrap();
        let mut asked = JoinSet::new();
        for _ in 0..many {
            let capture = capture.clone();
            let question = async move { tokio::time::timeout(limit, capture.durable()).await };
            asked.spawn_on(question, self.runtime.handle());
        }
        let answers = self.runtime.block_on(asked.join_all());
        answers
            .into_iter()
            .all(|answer| answer.is_ok_and(|mark| mark.is_ok()))
    }

    /// Takes a restore point onto every remote, as the running agent does.
    pub fn back_up(&self, want: Want) -> Manifest {
        let (capture, ..) = self.running.as_ref().unwrap();
        let taking = backup::take(
            &self.config,
            &self.store,
            What {
                want,
                only: &[],
                keys: None,
            },
            Commits::Here(capture.clone()),
            Arc::new(Silent),
        );
        let point = self.runtime.block_on(taking).unwrap().point;
        capture.point_taken();
        self.store.points().unwrap().remove(&point).unwrap().manifest
    }

    pub fn signers(&self) -> Signers {
        let key = SigningKey::load(&self.dir.path().join("state")).unwrap().unwrap();
        key.as_signers()
    }

    /// What the folder of a chain holds beyond this commit, in order.
    pub fn shipped(&self, chain: &ChainId, beyond: CommitNumber) -> Vec<Shipped> {
        let folder = self.dir.path().join(format!("remote/segment/{chain}"));
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        let named: BTreeMap<SegmentName, PathBuf> = paths.map(|path| (name_of(chain, &path), path)).collect();
        let new = named.into_iter().filter(|(name, _)| name.last > beyond);
        new.map(|(name, path)| self.open(name, &path)).collect()
    }

    fn open(&self, name: SegmentName, path: &Path) -> Shipped {
        let object = fs::read(path).unwrap();
        Shipped {
            name,
            object_bytes: object.len(),
            sha256: sha256_hex(&object),
            plain: seal::open(&object, &self.keys, &self.signers(), PLAIN_MAX).unwrap(),
        }
    }
}

fn name_of(chain: &ChainId, path: &Path) -> SegmentName {
    let key = format!("segment/{chain}/{}", path.file_name().unwrap().to_str().unwrap());
    SegmentName::parse(&key).unwrap_or_else(|| panic!("{key} is no segment's name"))
}

impl Drop for Rig {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.stop();
        }
    }
}

/// A database that is rebuilt.
pub struct Replica {
    pub chain: ChainId,
    pub commit: CommitNumber,
    pub replay: Replay,
    previous: Option<[u8; 32]>,
    pub resyncs: usize,
    pub segments: usize,
    pub object_bytes: usize,
}

impl Replica {
    /// At the beginning of a chain, when the database holds these pages.
    pub fn begin(chain: ChainId, commit: CommitNumber, pages: &[u8]) -> Self {
        assert_eq!(
            commit,
            CommitNumber::FIRST,
            "the chain goes on from something before"
        );
        Self::join(chain, commit, None, pages)
    }

    /// At some commit of a chain, when the database holds these pages, behind a segment with this digest.
    pub fn join(chain: ChainId, commit: CommitNumber, previous: Option<&str>, pages: &[u8]) -> Self {
        Self {
            chain,
            commit,
            replay: replay_of(pages),
            previous: previous.map(digest),
            resyncs: 0,
            segments: 0,
            object_bytes: 0,
        }
    }

    /// Follows every segment that is new.
    pub fn follow(&mut self, rig: &Rig) {
        self.follow_each(rig, false, |_, _| {});
    }

    /// The same commit by commit, and calls `see` with the root after each.
    pub fn follow_commits(&mut self, rig: &Rig, see: impl FnMut(Kind, PageRoot)) {
        self.follow_each(rig, true, see);
    }

    fn follow_each(&mut self, rig: &Rig, each: bool, mut see: impl FnMut(Kind, PageRoot)) {
        for shipped in rig.shipped(&self.chain, self.commit) {
            let segment = Segment::parse(&shipped.plain).unwrap();
            let header = segment.header.clone();
            if header.first != self.commit.next() {
                // A few objects travel at the same time.
                return;
            }
            assert_eq!(header.last, shipped.name.last);
            assert_eq!(header.previous, self.previous, "the chain of digests is broken");
            if each {
                let before = self.copy();
                for number in header.first.get()..header.last.get() {
                    let mut replay = replay_of(&before);
                    let through = CommitNumber::new(number).unwrap();
                    replay.apply(&segment, through).unwrap();
                    see(header.kind, replay.root());
                }
            }
            self.replay.apply(&segment, CommitNumber::MAX).unwrap();
            see(header.kind, header.root);
            self.commit = header.last;
            self.segments += 1;
            self.object_bytes += shipped.object_bytes;
            self.resyncs += usize::from(header.kind == Kind::Resync);
            self.previous = Some(digest(&shipped.sha256));
        }
    }

    pub fn copy(&mut self) -> Vec<u8> {
        let file = self.replay.flushed().unwrap();
        let mut bytes = vec![0; file.metadata().unwrap().len() as usize];
        std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, 0).unwrap();
        bytes
    }

    pub fn root(&mut self) -> PageRoot {
        root_of(&self.copy())
    }
}

/// From a file of these pages.
fn replay_of(pages: &[u8]) -> Replay {
    let file = tempfile::tempfile().unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, pages, 0).unwrap();
    Replay::begin(file, sum_of(pages), (pages.len() / PAGE) as u32)
}

fn digest(hex: &str) -> [u8; 32] {
    let byte = |at: usize| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap();
    std::array::from_fn(byte)
}

pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < until, "{what} did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}
