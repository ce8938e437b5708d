//! Random work on a real database, with random checkpoints, vacuums, readers, restarts and absences of the capture:
//! after every commit that was shipped, the rebuilt pages are the source's.
//! Ten seconds here; `scripts/soak capture` runs it for hours. `WARUNG_SEED` plays one run again.

use std::{
    env,
    time::{Duration, Instant},
};

use agent::backup::segment::Kind;
use protocol::chain::PageRoot;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rusqlite::Connection;

use crate::capture_rig::{Replica, Rig, bot, pages_of, root_of, wait_for};

const SECONDS: u64 = 10;
/// Rows are removed again beyond this, so that a state is small enough to look at after every commit.
const ROWS_MAX: i64 = 1_500;

struct Run {
    rig: Rig,
    random: StdRng,
    shop: Connection,
    reader: Option<Connection>,
    replica: Replica,
    /// What the source held after each commit since the replica was level with it.
    history: Vec<PageRoot>,
    is_running: bool,
    commits: usize,
    resyncs: usize,
    chains: usize,
}

#[test]
fn what_is_rebuilt_is_what_the_source_held_after_every_commit() {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let until = Instant::now() + Duration::from_secs(number("WARUNG_CAPTURE_SECONDS").unwrap_or(SECONDS));
    let mut seed = number("WARUNG_SEED").unwrap_or_else(rand::random);
    loop {
        println!("WARUNG_SEED={seed}");
        let mut run = Run::begin(seed);
        let steps = run.random.random_range(50..1_500);
        for _ in 0..steps {
            run.step();
            if Instant::now() > until {
                break;
            }
        }
        run.meet();
        println!(
            "{} commits in {} segments, {} resyncs, {} chains",
            run.commits, run.replica.segments, run.resyncs, run.chains
        );
        if Instant::now() > until || env::var("WARUNG_SEED").is_ok() {
            return;
        }
        seed = seed.wrapping_add(1);
    }
}

impl Run {
    fn begin(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut rig = Rig::new();
        let shop = bot(&rig.database());
        let vacuum = ["NONE", "FULL", "INCREMENTAL"][random.random_range(0..3)];
        shop.execute_batch(&format!(
            "PRAGMA auto_vacuum={vacuum}; VACUUM;
             CREATE TABLE a (id INTEGER PRIMARY KEY, b BLOB, c INTEGER); CREATE INDEX a_c ON a (c)"
        ))
        .unwrap();
        if random.random() {
            shop.pragma_update(None, "wal_autocheckpoint", 50).unwrap();
        }
        if random.random() {
            // Large transactions spill pages into the log before they commit.
            shop.pragma_update(None, "cache_size", 10).unwrap();
        }
        let mark = rig.start().captured().unwrap();
        let pages = pages_of(&shop);
        Self {
            replica: Replica::begin(mark.chain, mark.commit, &pages),
            history: vec![root_of(&pages)],
            rig,
            random,
            shop,
            reader: None,
            is_running: true,
            commits: 0,
            resyncs: 0,
            chains: 1,
        }
    }

    fn step(&mut self) {
        match self.random.random_range(0..1_000) {
            0..900 => self.write(),
            900..950 => self.checkpoint(),
            950..970 => self.read(),
            970..976 => self.meet(),
            976..985 => self.reopen(),
            985..990 => std::thread::sleep(Duration::from_millis(120)),
            _ => self.restart(),
        }
    }

    fn write(&mut self) {
        let size = self.random.random_range(1..3_000);
        let many = self.random.random_range(1..40);
        let kind = self.random.random_range(0..100);
        let work = match kind {
            0..50 => format!("INSERT INTO a (b, c) VALUES (randomblob({size}), random() % 100)"),
            50..70 => format!("UPDATE a SET c = random() % 100 WHERE id % {many} = 0"),
            70..80 => format!("UPDATE a SET b = randomblob({size}) WHERE id % 37 = {many} % 37"),
            80..88 => format!("DELETE FROM a WHERE id % {many} = 1"),
            88..90 => format!(
                "INSERT INTO a (b, c) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many} * 10)
                 SELECT randomblob({size}), i FROM n"
            ),
            90..92 => "DROP INDEX IF EXISTS a_b; CREATE INDEX a_b ON a (b)".to_owned(),
            92..94 => "DROP INDEX IF EXISTS a_b".to_owned(),
            94..96 => format!("PRAGMA incremental_vacuum({many})"),
            96..97 => return self.vacuum(),
            97..98 => "DELETE FROM a".to_owned(),
            _ => return self.give_up(),
        };
        self.shop
            .execute_batch(&format!(
                "BEGIN IMMEDIATE; {work}; DELETE FROM a WHERE id <= (SELECT max(id) FROM a) - {ROWS_MAX}; COMMIT"
            ))
            .unwrap();
        self.committed();
    }

    fn vacuum(&mut self) {
        // It needs the database for itself, but for readers of the log.
        self.shop.execute_batch("VACUUM").unwrap();
        self.committed();
    }

    /// A transaction that spilled and was then rolled back.
    fn give_up(&mut self) {
        self.shop
            .execute_batch("BEGIN IMMEDIATE; UPDATE a SET b = randomblob(2000); ROLLBACK")
            .unwrap();
    }

    fn committed(&mut self) {
        let root = root_of(&self.pages());
        // A transaction that changes nothing may be no commit at all.
        if self.history.last() != Some(&root) {
            self.commits += 1;
            self.history.push(root);
        }
    }

    /// As everybody else sees them: the bot's own cache may hold free pages that it never wrote.
    fn pages(&self) -> Vec<u8> {
        pages_of(&Connection::open(self.rig.database()).unwrap())
    }

    fn checkpoint(&mut self) {
        let mode = ["PASSIVE", "FULL", "RESTART", "TRUNCATE"][self.random.random_range(0..4)];
        let foreign = Connection::open(self.rig.database()).unwrap();
        foreign.busy_timeout(Duration::from_millis(5)).unwrap();
        foreign
            .query_row(&format!("PRAGMA wal_checkpoint={mode}"), [], |_| Ok(()))
            .unwrap();
    }

    fn read(&mut self) {
        self.reader = match self.reader.take() {
            Some(_) => None,
            None => {
                let reader = Connection::open(self.rig.database()).unwrap();
                reader.execute_batch("BEGIN; SELECT count(*) FROM a").unwrap();
                Some(reader)
            }
        };
    }

    fn reopen(&mut self) {
        self.shop = bot(&self.rig.database());
    }

    fn restart(&mut self) {
        if self.is_running {
            self.rig.stop();
        } else {
            self.start();
        }
        self.is_running = !self.is_running;
    }

    fn start(&mut self) {
        self.rig.start();
        self.join_other_chain();
    }

    /// A chain may also end while it is followed: what a comparison finds may be too much for it. Nothing is written
    /// meanwhile.
    fn join_other_chain(&mut self) {
        let capture = self.rig.capture();
        let mut place = None;
        wait_for("a moment without commits", || {
            place = capture.rest().map(|rest| rest.place.clone());
            place.is_some()
        });
        let place = place.unwrap();
        if place.chain == self.replica.chain {
            return;
        }
        let pages = self.pages();
        assert_eq!(root_of(&pages), place.root, "what was followed is what is there");
        // Such a moment ends the segment before it.
        let mut state = None;
        wait_for("the end of the segment before it", || {
            state = self.rig.store.capture_state().unwrap();
            let at = state.as_ref().map(|state| (&state.chain, state.commit));
            at == Some((&place.chain, place.commit))
        });
        let previous = state.unwrap().previous_sha256;
        self.history = vec![root_of(&pages)];
        self.replica = Replica::join(place.chain, place.commit, previous.as_deref(), &pages);
        self.chains += 1;
    }

    /// Rebuilds everything, and compares every state on the way.
    fn meet(&mut self) {
        if !self.is_running {
            self.restart();
        }
        self.join_other_chain();
        let pages = self.pages();
        let wanted = root_of(&pages);
        let (rig, replica, history) = (&self.rig, &mut self.replica, &self.history);
        let (mut at, before) = (0, replica.resyncs);
        wait_for("the source's state", || {
            replica.follow_commits(rig, |kind, root| {
                let same = history[at] == root;
                let next = history.get(at + 1) == Some(&root);
                at = match kind {
                    _ if same => at,
                    Kind::Commits | Kind::CaughtUp if next => at + 1,
                    Kind::Commits | Kind::CaughtUp => {
                        panic!("a state that the source did not hold after commit {at}")
                    }
                    Kind::Resync => {
                        let found = history[at..].iter().position(|state| *state == root);
                        at + found.expect("a resync leads to a state of the source's")
                    }
                };
            });
            history[at] == wanted && replica.root() == wanted
        });
        assert_eq!(self.replica.copy(), pages);
        self.resyncs += self.replica.resyncs - before;
        self.history = vec![wanted];
    }
}
