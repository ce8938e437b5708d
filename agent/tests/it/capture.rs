//! Commits that leave the machine, seen from the remote: what is rebuilt from there is what the shop holds.

use std::{fs, path::Path, process::Command, time::Duration};

use agent::{
    backup::{Want, segment::Kind},
    store::lock,
};
use protocol::chain::CommitNumber;
use rusqlite::Connection;

use crate::capture_rig::{Replica, Rig, bot, pages_of, root_of, wait_for};

/// A loaded machine may be slow; a right answer is not.
const LIMIT: Duration = Duration::from_secs(20);

fn shop(rig: &Rig) -> Connection {
    shop_at(&rig.database())
}

fn shop_at(path: &Path) -> Connection {
    let shop = bot(path);
    shop.execute_batch(
        "CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
         CREATE INDEX IF NOT EXISTS by_text ON item (text)",
    )
    .unwrap();
    shop
}

fn sell(shop: &Connection) {
    shop.execute("INSERT INTO item (text) VALUES (hex(randomblob(40)))", [])
        .unwrap();
}

/// Waits until the remote holds everything, and rebuilds it.
fn meet(rig: &Rig, replica: &mut Replica, shop: &Connection) {
    let wanted = root_of(&pages_of(shop));
    wait_for("the remote's state", || {
        replica.follow(rig);
        replica.root() == wanted
    });
    assert_eq!(replica.copy(), pages_of(shop));
}

fn begin(rig: &mut Rig, shop: &Connection) -> Replica {
    let mark = rig.start().captured().unwrap();
    Replica::begin(mark.chain, mark.commit, &pages_of(shop))
}

#[test]
fn every_commit_is_rebuilt_from_the_remote() {
    let mut rig = Rig::new();
    let shop = shop(&rig);
    let mut replica = begin(&mut rig, &shop);
    let mut wanted = Vec::new();
    for _ in 0..40 {
        sell(&shop);
        wanted.push(root_of(&pages_of(&shop)));
    }
    let mut seen = Vec::new();
    wait_for("forty commits", || {
        replica.follow_commits(&rig, |kind, root| {
            assert_eq!(kind, Kind::Commits);
            seen.push(root);
        });
        seen.len() >= 40
    });
    assert_eq!(seen, wanted);
}

#[test]
fn the_log_is_started_anew_under_load_and_nothing_is_missed() {
    let mut rig = Rig::new();
    let shop = shop(&rig);
    let mut replica = begin(&mut rig, &shop);
    let log = rig.dir.path().join("shop.db-wal");
    for _ in 0..6_000 {
        sell(&shop);
    }
    meet(&rig, &mut replica, &shop);
    let kept = fs::metadata(&log).unwrap().len();
    assert!(kept < 64 * 1024 * 1024, "the log has grown to {kept} bytes");
    assert_eq!(replica.resyncs, 0);
    assert_eq!(
        rig.store.capture_events(9).unwrap().len(),
        1,
        "the beginning alone"
    );
}

#[test]
fn while_somebody_elses_view_keeps_the_log_the_shop_never_waits_for_its_lock() {
    let mut rig = Rig::new();
    let shop = shop(&rig);
    shop.execute_batch(
        "CREATE TABLE wide (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
         WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 50)
         INSERT INTO wide (text) SELECT hex(randomblob(1900)) FROM n",
    )
    .unwrap();
    let mut replica = begin(&mut rig, &shop);
    let reader = bot(&rig.database());
    let _view = reader.unchecked_transaction().unwrap();
    reader
        .query_row("SELECT count(*) FROM item", [], |_| Ok(()))
        .unwrap();
    let log = rig.dir.path().join("shop.db-wal");
    // From here on the lock is taken of a bot that leaves no pause.
    while fs::metadata(&log).unwrap().len() < 100 * 1024 * 1024 {
        shop.execute("UPDATE wide SET text = hex(randomblob(1900))", [])
            .unwrap();
    }
    meet(&rig, &mut replica, &shop);
    shop.busy_timeout(Duration::ZERO).unwrap();
    for _ in 0..2_500 {
        shop.execute("UPDATE wide SET text = hex(randomblob(1900)) WHERE id = 1", [])
            .unwrap();
        std::thread::sleep(Duration::from_micros(500));
    }
    shop.busy_timeout(LIMIT).unwrap();
    meet(&rig, &mut replica, &shop);
    assert_eq!(replica.resyncs, 0);
}

/// A small shop writes too little for the log to grow until that is noticed.
#[test]
fn once_somebody_elses_view_has_ended_the_log_is_put_back_although_little_is_sold() {
    let mut rig = Rig::new();
    let shop = shop(&rig);
    shop.execute_batch("CREATE TABLE wide (text TEXT NOT NULL) STRICT")
        .unwrap();
    let mut replica = begin(&mut rig, &shop);
    let reader = bot(&rig.database());
    let view = reader.unchecked_transaction().unwrap();
    view.query_row("SELECT count(*) FROM item", [], |_| Ok(()))
        .unwrap();
    let frames = |row: &rusqlite::Row<'_>| row.get::<_, i64>(1);
    let in_use = || shop.query_row("PRAGMA wal_checkpoint=NOOP", [], frames).unwrap();
    while in_use() < 6_000 {
        shop.execute("INSERT INTO wide (text) SELECT hex(randomblob(400000))", [])
            .unwrap();
    }
    meet(&rig, &mut replica, &shop);
    drop(view);
    wait_for("a log that is started anew", || {
        sell(&shop);
        std::thread::sleep(Duration::from_millis(200));
        in_use() < 1_000
    });
    meet(&rig, &mut replica, &shop);
    assert_eq!(replica.resyncs, 0);
}

#[test]
fn a_burst_that_takes_long_to_read_is_read_to_its_end_before_the_log_is_started_anew() {
    let mut rig = Rig::new();
    let shop = shop(&rig);
    shop.execute_batch(
        "CREATE TABLE wide (id INTEGER PRIMARY KEY, text TEXT NOT NULL, count INTEGER NOT NULL) STRICT;
         WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
         INSERT INTO wide (text, count) SELECT hex(randomblob(1900)), 0 FROM n",
    )
    .unwrap();
    let mut replica = begin(&mut rig, &shop);
    let mut committed = replica.commit.get();
    for _ in 0..2 {
        // All of it is in the log before it can be read, and then nobody commits while it is copied into the file.
        for _ in 0..6 {
            shop.execute("UPDATE wide SET count = count + 1", []).unwrap();
        }
        committed += 6;
        wait_for("the log's end, in the file or read", || {
            let is_in_file = shop.query_row("PRAGMA wal_checkpoint=NOOP", [], |row| {
                Ok(row.get::<_, i64>(1)? == row.get::<_, i64>(2)?)
            });
            let read = rig.store.capture_state().unwrap().unwrap().commit;
            is_in_file.unwrap() || read.get() >= committed
        });
        // This one starts the log anew, if it is let.
        sell(&shop);
        committed += 1;
    }
    meet(&rig, &mut replica, &shop);
    assert_eq!(replica.resyncs, 0);
}

#[test]
fn a_start_goes_on_where_the_last_one_stopped() {
    let mut rig = Rig::new();
    let shop = shop(&rig);
    let mut replica = begin(&mut rig, &shop);
    for _ in 0..3 {
        sell(&shop);
        rig.stop();
        sell(&shop);
        sell(&shop);
        rig.start();
    }
    meet(&rig, &mut replica, &shop);
    assert_eq!((replica.resyncs, replica.commit.get()), (0, 10));
}

#[test]
fn what_happened_while_nobody_followed_is_one_step() {
    let mut rig = Rig::new();
    let shop = shop(&rig);
    for _ in 0..2_000 {
        sell(&shop);
    }
    let mut replica = begin(&mut rig, &shop);
    sell(&shop);
    rig.stop();
    sell(&shop);
    shop.query_row("PRAGMA wal_checkpoint=TRUNCATE", [], |_| Ok(()))
        .unwrap();
    sell(&shop);
    rig.start();
    sell(&shop);
    meet(&rig, &mut replica, &shop);
    assert_eq!((replica.resyncs, replica.commit.get()), (1, 4));
    let events = rig.store.capture_events(9).unwrap();
    assert_eq!(events[0].kind, "resync");
    assert!(events[0].detail.contains("pages differ"), "{}", events[0].detail);
}

/// Whether the agent looks while nothing lies there is chance.
#[test]
fn another_database_under_the_path_begins_a_chain_of_its_own() {
    for is_seen_gone in [false, true] {
        let mut rig = Rig::new();
        let shop_one = shop(&rig);
        let first = begin(&mut rig, &shop_one);
        // Made beside it and all in its file: the chain must not begin while the tables are still being made. With the same
        // pages it would be the first one, moved.
        let beside = rig.dir.path().join("second.db");
        let shop_two = shop_at(&beside);
        sell(&shop_two);
        shop_two
            .query_row("PRAGMA wal_checkpoint=TRUNCATE", [], |_| Ok(()))
            .unwrap();
        drop(shop_two);
        move_away(&rig);
        drop(shop_one);
        if is_seen_gone {
            wait_for("the fault", || rig.store.capture_fault().unwrap().is_some());
        }
        fs::rename(beside, rig.database()).unwrap();
        let shop_two = shop(&rig);
        wait_for("a new chain", || {
            let state = rig.store.capture_state().unwrap().unwrap();
            state.chain != first.chain
        });
        let events = rig.store.capture_events(9).unwrap();
        assert_eq!(events[0].kind, "replaced");
        assert!(events[0].detail.contains("replaced"), "{}", events[0].detail);
        let state = rig.store.capture_state().unwrap().unwrap();
        let mut second = Replica::begin(state.chain, CommitNumber::FIRST, &pages_of(&shop_two));
        sell(&shop_two);
        meet(&rig, &mut second, &shop_two);
    }
}

fn move_away(rig: &Rig) {
    for name in ["shop.db", "shop.db-wal", "shop.db-shm"] {
        let aside = rig.dir.path().join(format!("old-{name}"));
        fs::rename(rig.dir.path().join(name), aside).unwrap();
    }
}

/// As when the shop moves to another disk under the running agent.
#[test]
fn a_copy_that_takes_the_place_of_a_file_that_was_gone_goes_on_in_its_chain() {
    let mut rig = Rig::new();
    let shop_one = shop(&rig);
    let mut replica = begin(&mut rig, &shop_one);
    sell(&shop_one);
    meet(&rig, &mut replica, &shop_one);
    drop(shop_one);
    move_away(&rig);
    wait_for("the fault", || rig.store.capture_fault().unwrap().is_some());
    for end in ["-wal", ""] {
        // Another process: closing the file in this one would drop the capture's locks.
        let copied = Command::new("cp")
            .args(["-a", &format!("old-shop.db{end}"), &format!("shop.db{end}")])
            .current_dir(rig.dir.path())
            .status();
        assert!(copied.unwrap().success());
    }
    let shop_two = shop(&rig);
    sell(&shop_two);
    meet(&rig, &mut replica, &shop_two);
    assert_eq!(rig.store.capture_events(9).unwrap()[0].kind, "unharmed");
}

/// What was read is held back for an interval, so that a burst is one segment: it may lie nowhere else by then.
#[test]
fn what_was_read_before_the_files_went_reaches_the_remote_at_once() {
    reaches_the_remote_although("moved away", move_away);
    reaches_the_remote_although("replaced", |rig| {
        let beside = rig.dir.path().join("second.db");
        drop(shop_at(&beside));
        fs::rename(beside, rig.database()).unwrap();
    });
    let log = |rig: &Rig| rig.dir.path().join("shop.db-wal");
    reaches_the_remote_although("without its log", |rig| fs::remove_file(log(rig)).unwrap());
    reaches_the_remote_although("with an emptied log", |rig| {
        let log = fs::File::options().write(true).open(log(rig));
        log.unwrap().set_len(0).unwrap();
    });
}

fn reaches_the_remote_although(it_is: &str, go: impl Fn(&Rig)) {
    let mut rig = Rig::with_sync("1h");
    let shop = shop(&rig);
    let mut replica = begin(&mut rig, &shop);
    sell(&shop);
    meet(&rig, &mut replica, &shop);
    sell(&shop);
    let wanted = pages_of(&shop);
    let capture = rig.capture();
    wait_for("the commit to be read", || {
        capture.captured().is_some_and(|mark| mark.commit.get() == 3)
    });
    replica.follow(&rig);
    assert_eq!(replica.commit.get(), 2, "it is held back");
    go(&rig);
    wait_for(&format!("the last commit of a shop that is {it_is}"), || {
        replica.follow(&rig);
        replica.commit.get() == 3
    });
    assert_eq!(replica.copy(), wanted, "{it_is}");
}

#[test]
fn a_remote_that_is_away_gets_everything_when_it_is_back() {
    let mut rig = Rig::new();
    let shop = shop(&rig);
    fs::write(
        rig.dir.path().join("remote"),
        b"a file where the folder should be",
    )
    .unwrap();
    let mut replica = begin(&mut rig, &shop);
    sell(&shop);
    wait_for("the failure", || {
        let shipping = rig.store.shipping().unwrap();
        shipping
            .first()
            .is_some_and(|one| one.failing.is_some() && one.waiting_commits == 1)
    });
    fs::remove_file(rig.dir.path().join("remote")).unwrap();
    meet(&rig, &mut replica, &shop);
    wait_for("the good news", || {
        rig.store.shipping().unwrap()[0].failing.is_none()
    });
    wait_for("an empty spool", || rig.store.spool_bytes().unwrap() == 0);
}

#[test]
fn a_database_that_is_not_there_yet_is_a_fault_until_it_is() {
    let mut rig = Rig::new();
    let capture = rig.start_only();
    wait_for("the fault", || rig.store.capture_fault().unwrap().is_some());
    let _shop = shop(&rig);
    wait_for("the first look", || capture.captured().is_some());
    assert_eq!(rig.store.capture_fault().unwrap(), None);
}

#[test]
fn a_segment_without_a_restore_point_is_not_durable() {
    let mut rig = Rig::new();
    let shop = shop(&rig);
    let _replica = begin(&mut rig, &shop);
    sell(&shop);
    assert_eq!(rig.durable(Duration::from_millis(600)), None);
}

#[test]
fn a_commit_is_durable_once_a_remote_holds_a_point_and_all_that_follows_it() {
    let mut rig = Rig::new();
    let shop = shop(&rig);
    let mut replica = begin(&mut rig, &shop);
    sell(&shop);
    let point = rig.back_up(Want::Full);
    assert_eq!((&point.chain, point.commit.get()), (&replica.chain, 2));
    assert_eq!(point.page_root, root_of(&pages_of(&shop)));
    assert_eq!(rig.durable(LIMIT), Some(point.commit), "the point alone holds it");
    for number in 3..6 {
        sell(&shop);
        assert_eq!(rig.durable(LIMIT).map(CommitNumber::get), Some(number));
        replica.follow(&rig);
        assert!(
            replica.commit.get() >= number,
            "it is on the remote at that moment"
        );
    }
    sell(&shop);
    assert_eq!(rig.back_up(Want::Delta).commit.get(), 6);
}

#[test]
fn many_who_wait_share_a_few_segments() {
    let mut rig = Rig::new();
    let shop = shop(&rig);
    let mut replica = begin(&mut rig, &shop);
    rig.back_up(Want::Full);
    for _ in 0..5 {
        sell(&shop);
        assert!(rig.durable_for(20, LIMIT));
    }
    meet(&rig, &mut replica, &shop);
    assert!(
        replica.segments <= 10,
        "{} segments for 5 commits",
        replica.segments
    );
}

#[test]
fn the_place_of_a_rest_is_exactly_what_a_reader_sees() {
    let mut rig = Rig::new();
    let shop = shop(&rig);
    let capture = rig.start();
    for _ in 0..5 {
        sell(&shop);
        let rest = capture.rest().unwrap();
        let reader = bot(&rig.database());
        reader.execute_batch("BEGIN; SELECT count(*) FROM item").unwrap();
        let (place, seen) = (rest.place.clone(), pages_of(&reader));
        drop(rest);
        sell(&shop);
        assert_eq!((root_of(&seen), pages_of(&reader) == seen), (place.root, true));
        assert_eq!(place.pages as usize * 4_096, seen.len());
    }
    let state = rig.store.capture_state().unwrap().unwrap();
    assert!(state.commit.get() <= 11);
    assert!(!lock::is_held(&rig.config.lock_path()).unwrap());
}
