//! The power fails while the bot's own writer takes work from many callers and somebody else checkpoints: on the disk
//! that is found afterwards every acknowledged row is there, no piece of work is there by half, and the file is sound.
//! `WARUNG_POWER_LOSSES` says how often, `WARUNG_SEED` repeats one run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends, and says where")]

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use bot::{
    db::{self, Writer},
    inbox::{self, UpdateId},
    outbox::{self, NewSend, Screen},
    shop::customer::CustomerId,
};
use durability::{
    disk::Disk,
    progress::Progress,
    vfs::{self, Witness},
};
use protocol::time::UnixMillis;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rusqlite::Connection;

/// Losses in the usual tests.
const LOSSES: usize = 20;
/// Losses in one life of the bot: each is a picture of its disk at another moment.
const LOSSES_A_LIFE: usize = 5;
const CALLERS: usize = 16;
/// Changes to the disk between two losses.
const CHANGES_BETWEEN: std::ops::Range<u32> = 1..400;
const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

const STORED: &str = "SELECT (SELECT count(*) FROM inbox WHERE update_id = ?1),
    (SELECT count(*) FROM send WHERE chat_id = ?1)";
const UNEVEN: &str = "SELECT (SELECT count(*) FROM inbox WHERE update_id NOT IN (SELECT chat_id FROM send)) +
    (SELECT count(*) FROM send WHERE chat_id NOT IN (SELECT update_id FROM inbox))";

/// What is found when the power comes back, and what had been acknowledged when it went.
struct Loss {
    disk: Disk,
    acknowledged: Vec<i64>,
}

/// Sees every change to the disk and takes pictures of it.
struct Camera {
    chance: StdRng,
    changes_left: u32,
    losses: Vec<Loss>,
}

/// One life of the bot on one disk.
struct Life {
    name: String,
    acknowledged: Arc<Mutex<Vec<i64>>>,
    camera: Arc<Mutex<Camera>>,
}

impl Life {
    /// Mounts the disk so that every change to it is a moment at which the power may fail.
    fn begin(name: String, disk: Disk, acknowledged: Vec<i64>, mut chance: StdRng) -> Self {
        let acknowledged = Arc::new(Mutex::new(acknowledged));
        let camera = Arc::new(Mutex::new(Camera {
            changes_left: chance.random_range(CHANGES_BETWEEN),
            chance,
            losses: Vec::new(),
        }));
        let (seen, eye) = (Arc::clone(&acknowledged), Arc::clone(&camera));
        let witness: Witness = Arc::new(move |disk| {
            let mut camera = eye.lock().unwrap();
            camera.changes_left -= 1;
            if camera.changes_left == 0 && camera.losses.len() < LOSSES_A_LIFE {
                let acknowledged = seen.lock().unwrap().clone();
                let disk = disk.after_power_loss(&mut camera.chance);
                camera.losses.push(Loss { disk, acknowledged });
            }
            if camera.changes_left == 0 {
                camera.changes_left = camera.chance.random_range(CHANGES_BETWEEN);
            }
        });
        fs::create_dir_all(&name).unwrap();
        vfs::mount(&name, disk, Some(witness));
        Self {
            name,
            acknowledged,
            camera,
        }
    }

    fn database(&self) -> PathBuf {
        PathBuf::from(format!("{}/shop.db", self.name))
    }

    fn is_over(&self) -> bool {
        self.camera.lock().unwrap().losses.len() == LOSSES_A_LIFE
    }

    /// Opens the shop as the bot does, and takes work until the power failed often enough.
    fn live(&self, next: &Arc<AtomicI64>, full: bool) {
        let mut conn = db::open_writer(&self.database()).unwrap();
        db::migrate(&mut conn).unwrap();
        if !full {
            conn.pragma_update(None, "synchronous", "normal").unwrap();
        }
        let (writer, thread) = Writer::start(conn);
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| self.checkpoint_until(&over));
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut callers = tokio::task::JoinSet::new();
                for _ in 0..CALLERS {
                    let (writer, next) = (writer.clone(), Arc::clone(next));
                    let (acknowledged, camera) = (Arc::clone(&self.acknowledged), Arc::clone(&self.camera));
                    callers.spawn(async move {
                        while camera.lock().unwrap().losses.len() < LOSSES_A_LIFE {
                            let number = next.fetch_add(1, Ordering::Relaxed);
                            writer.run(move |conn| store(conn, number)).await.unwrap();
                            acknowledged.lock().unwrap().push(number);
                        }
                    });
                }
                callers.join_all().await;
            });
            over.store(true, Ordering::Relaxed);
        });
        drop(writer);
        thread.join().unwrap();
    }

    /// As the agent does: from a connection of its own, at moments of its own.
    fn checkpoint_until(&self, over: &AtomicBool) {
        let conn = db::open_writer(&self.database()).unwrap();
        for kind in ["PASSIVE", "FULL", "RESTART", "TRUNCATE"].iter().cycle() {
            if over.load(Ordering::Relaxed) || self.is_over() {
                return;
            }
            let done: rusqlite::Result<i64> =
                conn.query_row(&format!("PRAGMA wal_checkpoint({kind})"), [], |row| row.get(0));
            done.unwrap();
            // Often enough for several in a life, seldom enough for a WAL with something in it.
            thread::sleep(Duration::from_millis(7));
        }
    }

    fn end(self) -> Vec<Loss> {
        vfs::unmount(&self.name);
        std::mem::take(&mut self.camera.lock().unwrap().losses)
    }
}

/// One piece of work: an update and the answer to it.
fn store(conn: &Connection, number: i64) -> anyhow::Result<()> {
    inbox::store::store(conn, UpdateId(number), "{}", NOW)?;
    let answer = NewSend::screen(CustomerId(number), Screen::default());
    outbox::store::enqueue(conn, &answer, NOW)?;
    Ok(())
}

/// What is wrong with a disk on which the power came back, after the bot opened it.
fn faults(name: &str, loss: &Loss) -> Vec<String> {
    fs::create_dir_all(name).unwrap();
    vfs::mount(name, loss.disk.clone(), None);
    let found = look(&PathBuf::from(format!("{name}/shop.db")), &loss.acknowledged);
    vfs::unmount(name);
    found.unwrap_or_else(|error| vec![format!("the shop does not open: {error:#}")])
}

fn look(database: &std::path::Path, acknowledged: &[i64]) -> anyhow::Result<Vec<String>> {
    let mut conn = db::open_writer(database)?;
    db::migrate(&mut conn)?;
    let mut faults = Vec::new();
    let integrity: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if integrity != "ok" {
        faults.push(format!("the file is damaged: {integrity}"));
    }
    let mut stored = conn.prepare(STORED)?;
    let mut lost = 0;
    for number in acknowledged {
        let there: (i64, i64) = stored.query_row([number], |row| Ok((row.get(0)?, row.get(1)?)))?;
        lost += usize::from(there != (1, 1));
    }
    drop(stored);
    if lost > 0 {
        faults.push(format!(
            "{lost} of {} acknowledged pieces of work are lost",
            acknowledged.len()
        ));
    }
    let uneven: i64 = conn.query_row(UNEVEN, [], |row| row.get(0))?;
    if uneven > 0 {
        faults.push(format!("{uneven} pieces of work are there by half"));
    }
    Ok(faults)
}

/// Life after life, each on a disk on which the power had failed. Answers the faults and how many rows were at stake.
fn fail_again_and_again(losses: usize, seed: u64, full: bool) -> (Vec<String>, usize) {
    let mut chance = StdRng::seed_from_u64(seed);
    let next = Arc::new(AtomicI64::new(1));
    // The bot also looks at its database with its own eyes: there is an empty file of that name.
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().display();
    let (mut disk, mut acknowledged) = (Disk::default(), Vec::new());
    let (mut wrong, mut checked) = (Vec::new(), 0);
    let mut seen = 0;
    let mut progress = Progress::new("losses of power", losses);
    while seen < losses {
        let life = Life::begin(
            format!("{name}/{seen}"),
            disk,
            acknowledged,
            StdRng::seed_from_u64(chance.random()),
        );
        life.live(&next, full);
        let found = life.end();
        for (number, loss) in found.iter().enumerate() {
            checked += loss.acknowledged.len();
            let about = format!("loss {} of seed {seed}", seen + number);
            let faults = faults(&format!("{name}/look"), loss);
            wrong.extend(faults.into_iter().map(|fault| format!("{about}: {fault}")));
        }
        seen += found.len();
        progress.at(seen, wrong.len());
        let last = found.into_iter().next_back().unwrap();
        // A shop that grows for ever would only make the test slow.
        (disk, acknowledged) = if seen.is_multiple_of(8 * LOSSES_A_LIFE) {
            (Disk::default(), Vec::new())
        } else {
            (last.disk, last.acknowledged)
        };
    }
    (wrong, checked)
}

fn from_environment<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    let asked = std::env::var(name).ok();
    asked.map_or(otherwise, |value| value.parse().ok().unwrap())
}

#[test]
fn power_losses_lose_nothing_that_was_acknowledged() {
    let losses = from_environment("WARUNG_POWER_LOSSES", LOSSES);
    let seed = from_environment("WARUNG_SEED", rand::random());
    let (faults, checked) = fail_again_and_again(losses, seed, true);
    println!("seed {seed}: {losses} losses of power, {checked} acknowledged pieces of work looked for");
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(
        checked > losses * 20,
        "only {checked} pieces of work were at stake"
    );
}

/// The disk must be able to tell: with anything less than what the bot asks of SQLite it loses rows.
#[test]
fn with_less_than_full_durability_the_same_disk_loses_rows() {
    let (faults, _) = fail_again_and_again(LOSSES, 1, false);
    assert!(
        faults.iter().any(|fault| fault.contains("acknowledged")),
        "this disk is too kind: {faults:#?}"
    );
}
