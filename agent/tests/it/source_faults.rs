//! What others do to the shop's database while the agent follows it, or while it is away: every state that was durable
//! comes back exactly, what was done is written down by its name, and no chain is ever continued on another database.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use agent::store::Store;
use rusqlite::{Connection, config::DbConfig};
use serde_json::Value;

use crate::{
    running::{Running, wait_until_both_hold_the_same},
    shop::{Shop, clock_set, files_under, integrity_of, restoring, stderr, text},
};

/// Another process, and an older SQLite than the program's own.
fn cli(database: &Path, sql: &str) {
    let done = Command::new("sqlite3").arg(database).arg(sql).output().unwrap();
    assert!(
        done.status.success(),
        "{sql}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

pub fn sell(shop: &Shop, count: u32) {
    let bot = Connection::open(shop.database()).unwrap();
    bot.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    for _ in 0..count {
        bot.execute("INSERT INTO item (text) VALUES (hex(randomblob(300)))", [])
            .unwrap();
    }
}

/// Everything that the database says, in one line.
pub fn contents(database: &Path) -> String {
    let connection = Connection::open(database).unwrap();
    let sql = "SELECT count(*) || ' ' || total(length(text)) || ' ' || coalesce(hex(substr(group_concat(text), -200)), '')
               FROM (SELECT text FROM item ORDER BY id)";
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// What was written down about the capture, oldest first.
pub fn told(shop: &Shop) -> Vec<(String, String)> {
    let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let mut events = store.capture_events(50).unwrap();
    events.reverse();
    events
        .into_iter()
        .map(|event| (event.kind, event.detail))
        .collect()
}

fn kinds(shop: &Shop) -> Vec<String> {
    told(shop).into_iter().map(|(kind, _)| kind).collect()
}

pub fn settled(shop: &Shop, agent: &Running) {
    agent.wait_for("/durable");
    wait_until_both_hold_the_same(shop);
}

/// The server is lost with all that is on it, and comes back as it stood.
fn comes_back(shop: &Shop, agent: Running) {
    let expected = contents(&shop.database());
    agent.burn();
    // Which of two things was seen of it may be chance; what was called another database is given to who names it.
    let output = shop.agent(&restoring("back", &[]));
    if !output.status.success() {
        let has_replaced = kinds(shop).iter().any(|kind| kind == "replaced");
        assert!(has_replaced, "{}", stderr(&output));
        shop.restore_other_to("back", &[]);
    }
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    assert_eq!(contents(&shop.path("back/shop.db")), expected);
}

/// The same of a database that was put in the place of another: only who says that he means it gets it.
fn comes_back_when_named(shop: &Shop, agent: Running) {
    let expected = contents(&shop.database());
    agent.burn();
    shop.restore_other_to("back", &[]);
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    assert_eq!(contents(&shop.path("back/shop.db")), expected);
}

/// A copy that was put in the shop's place, and then moved as it is: what it goes on from is no more the shop for that.
#[test]
fn a_database_that_took_the_shops_place_stays_another_one_when_it_is_moved() {
    let (shop, agent) = begin();
    let older = fs::read(shop.database()).unwrap();
    sell(&shop, 30);
    settled(&shop, &agent);
    let (sold, agent_of) = (contents(&shop.database()), agent);
    agent_of.burn();
    let chain = shop.listed().remove(0)["chain"].clone();
    let take_place = |bytes: &[u8]| {
        fs::write(shop.path("other.db"), bytes).unwrap();
        exchange(&shop, "other.db");
    };
    take_place(&older);
    let agent = Running::start(&shop);
    settled(&shop, &agent);
    let closed = |shop: &Shop| {
        let own = Connection::open(shop.database()).unwrap();
        own.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    };
    agent.burn();
    closed(&shop);
    take_place(&fs::read(shop.database()).unwrap());
    let agent = Running::start(&shop);
    settled(&shop, &agent);
    agent.burn();
    let said = shop.restore_other_to("back", &[]);
    assert!(said.contains(&text(&chain)[..8]), "the shop is not named: {said}");
    shop.restore_to("sold", &["--chain", text(&chain)]);
    assert_eq!(contents(&shop.path("sold/shop.db")), sold);
}

/// As the bot, which leaves its log to the agent when it ends.
fn sell_and_leave_the_log(shop: &Shop, count: u32) {
    let bot = Connection::open(shop.database()).unwrap();
    bot.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    for _ in 0..count {
        bot.execute("INSERT INTO item (text) VALUES (hex(randomblob(300)))", [])
            .unwrap();
    }
}

/// As when the shop moves to a larger disk while all is stopped: another file, and the same shop.
#[test]
fn a_folder_that_was_copied_and_renamed_goes_on_in_its_chain() {
    let (shop, mut agent) = begin();
    let chain = shop.listed().remove(0)["chain"].clone();
    let rounds = [("cp -a", 0), ("cp -a", 3), ("cp -r", 0)];
    for (round, (copy, sold_meanwhile)) in rounds.into_iter().enumerate() {
        agent.freeze();
        sell_and_leave_the_log(&shop, sold_meanwhile);
        agent.burn();
        let inode = || fs::metadata(shop.database()).unwrap().ino();
        let before = inode();
        let moved = Command::new("sh")
            .args([
                "-c",
                &format!("{copy} live copied && mv live aside && mv copied live && rm -r aside"),
            ])
            .current_dir(shop.path(""))
            .status()
            .unwrap();
        assert!(moved.success() && before != inode());
        for _ in ["the first start", "another one"] {
            agent = Running::start(&shop);
            settled(&shop, &agent);
            agent.burn();
        }
        agent = Running::start(&shop);
        settled(&shop, &agent);
        sell(&shop, 2);
        settled(&shop, &agent);
        let unharmed = kinds(&shop).iter().filter(|kind| *kind == "unharmed").count();
        assert_eq!(unharmed, round + 1, "told once: {:?}", told(&shop));
        shop.back_up();
    }
    assert!(
        !kinds(&shop)
            .iter()
            .any(|kind| kind == "replaced" || kind == "new_chain")
    );
    assert!(shop.listed().iter().all(|point| point["chain"] == chain));
    let expected = contents(&shop.database());
    agent.burn();
    shop.restore_to("back", &[]);
    assert_eq!(contents(&shop.path("back/shop.db")), expected);
}

/// The same with a copy that lacks the last order, and with the file of another shop: neither is the shop in another place.
#[test]
fn a_folder_that_was_copied_too_early_or_holds_other_pages_is_no_move() {
    for page_size in [None, Some(8_192)] {
        let (shop, agent) = begin();
        cli(&shop.database(), "PRAGMA wal_checkpoint(TRUNCATE);");
        settled(&shop, &agent);
        let copied = Command::new("cp")
            .args(["-a", "live", "copied"])
            .current_dir(shop.path(""))
            .status();
        assert!(copied.unwrap().success());
        sell(&shop, 1);
        settled(&shop, &agent);
        agent.burn();
        fs::remove_dir_all(shop.path("live")).unwrap();
        fs::rename(shop.path("copied"), shop.path("live")).unwrap();
        if let Some(bytes) = page_size {
            cli(
                &shop.database(),
                &format!(
                    "PRAGMA journal_mode = DELETE; PRAGMA page_size = {bytes}; VACUUM; PRAGMA journal_mode = WAL;"
                ),
            );
        }
        let agent = Running::start(&shop);
        settled(&shop, &agent);
        assert_eq!(
            kinds(&shop).last().map(String::as_str),
            Some("replaced"),
            "{:?}",
            told(&shop)
        );
        comes_back_when_named(&shop, agent);
    }
}

/// What the owner restored begins a chain, also where nothing was missing.
#[test]
fn a_restore_of_the_newest_state_is_called_a_restore_and_no_move() {
    let (shop, agent) = begin();
    agent.burn();
    let restored = shop.agent_done(&["restore", "--key", "kit/owner.secret.asc", "--yes", "--latest"]);
    let agent = Running::start(&shop);
    settled(&shop, &agent);
    assert_eq!(
        kinds(&shop).last().map(String::as_str),
        Some("restored"),
        "{restored} {:?}",
        told(&shop)
    );
    comes_back(&shop, agent);
}

/// An empty file has no pages, and SQLite deletes a log that lies beside one.
#[test]
fn a_log_beside_a_file_that_was_emptied_or_made_anew_is_left_alone() {
    let (shop, agent) = begin();
    agent.freeze();
    sell_and_leave_the_log(&shop, 3);
    agent.burn();
    let log = shop.path("live/shop.db-wal");
    let bytes = fs::read(&log).unwrap();
    fs::rename(shop.database(), shop.path("live/aside.db")).unwrap();
    fs::write(shop.database(), "").unwrap();
    let agent = Running::start(&shop);
    wait_for("the word of it", || {
        let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
        store
            .capture_fault()
            .unwrap()
            .filter(|fault| fault.detail.contains("the database is empty"))
    });
    let said = shop.agent_refuses(1, &["backup"]);
    assert!(said.contains("the database is empty"), "{said}");
    assert!(fs::read(&log).unwrap() == bytes, "the log was touched");
    fs::rename(shop.path("live/aside.db"), shop.database()).unwrap();
    settled(&shop, &agent);
    comes_back(&shop, agent);
}

/// As by `sqlite3 shop.db ".backup FILE"`, which counts anew and copies the rest.
#[test]
fn a_copy_by_backup_holds_the_same_and_is_called_no_older_state() {
    let (shop, agent) = begin();
    agent.burn();
    cli(
        &shop.database(),
        &format!(".backup '{}'", shop.path("copy.db").display()),
    );
    exchange(&shop, "copy.db");
    let agent = Running::start(&shop);
    settled(&shop, &agent);
    let last = told(&shop).pop().unwrap();
    assert_eq!(last.0, "new_chain", "{last:?}");
    assert!(last.1.contains("but for SQLite's counter"), "{last:?}");
    let expected = contents(&shop.database());
    agent.burn();
    shop.restore_to("back", &[]);
    assert_eq!(contents(&shop.path("back/shop.db")), expected);
}

/// Puts a file in the place of a closed shop's, without its log.
fn exchange(shop: &Shop, other: &str) {
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(shop.path(&format!("live/shop.db{suffix}")));
    }
    fs::rename(shop.path(other), shop.database()).unwrap();
}

/// Whoever has the first file open writes on in its log, which lies beside the second one: both would be damaged.
#[test]
fn a_file_that_is_exchanged_under_whoever_has_it_open_is_not_touched_until_it_is_put_back() {
    let (shop, agent) = begin();
    let mut seller = Command::new("sqlite3")
        .arg(shop.database())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut orders = seller.stdin.take().unwrap();
    let mut answers = BufReader::new(seller.stdout.take().unwrap()).lines();
    let mut sells = || {
        let order = "INSERT INTO item (text) VALUES (hex(randomblob(300))) RETURNING id;";
        writeln!(orders, "{order}").unwrap();
        answers.next().unwrap().unwrap();
    };
    sells();
    settled(&shop, &agent);
    let (database, aside) = (shop.database(), shop.path("live/aside.db"));
    fs::copy(&database, shop.path("live/other.db")).unwrap();
    fs::rename(&database, &aside).unwrap();
    fs::rename(shop.path("live/other.db"), &database).unwrap();
    sells();
    let fault = wait_for("the word of it", || {
        let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
        store.capture_fault().unwrap().filter(|fault| fault.stays)
    });
    let process = format!("process {} (sqlite3)", seller.id());
    assert!(fault.detail.contains(&process), "{fault:?}");
    assert!(!agent.answers("/durable"), "nobody follows what is sold");
    let said = shop.agent_refuses(1, &["backup"]);
    assert!(said.contains("replaced under a running program"), "{said}");
    // Put back, it goes on as if nothing had been.
    fs::rename(&aside, &database).unwrap();
    sells();
    settled(&shop, &agent);
    // Nobody followed for some seconds.
    assert_eq!(kinds(&shop), ["begun", "caught_up"]);
    drop(orders);
    seller.wait().unwrap();
    assert_eq!(integrity_of(&database), "ok");
    comes_back(&shop, agent);
}

pub fn begin() -> (Shop, Running) {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    sell(&shop, 20);
    settled(&shop, &agent);
    (shop, agent)
}

/// Every file of the server, with the moment that each was written.
pub fn snapshot(shop: &Shop) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
    let files = ["live", "state"].map(|folder| files_under(&shop.path(folder)));
    let of = |path: PathBuf| {
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        (path.clone(), fs::read(path).unwrap(), written)
    };
    files.into_iter().flatten().map(of).collect()
}

pub fn put_back(shop: &Shop, snapshot: &[(PathBuf, Vec<u8>, std::time::SystemTime)]) {
    for path in ["live", "state"]
        .map(|folder| files_under(&shop.path(folder)))
        .concat()
    {
        if snapshot.iter().all(|(kept, ..)| *kept != path) {
            fs::remove_file(path).unwrap();
        }
    }
    for (path, bytes, written) in snapshot {
        fs::write(path, bytes).unwrap();
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(*written).unwrap();
    }
}

#[test]
fn a_server_that_is_put_back_as_a_whole_begins_a_chain_and_says_what_it_lacks() {
    let (shop, agent) = begin();
    agent.burn();
    let before = snapshot(&shop);
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    sell(&shop, 9);
    settled(&shop, &agent);
    let lost = contents(&shop.database());
    agent.burn();
    put_back(&shop, &before);
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    sell(&shop, 15);
    wait_for("a word of it", || {
        let (kind, detail) = told(&shop).pop()?;
        (kind == "replaced" && detail.contains("which this server does not know of")).then_some(())
    });
    sell(&shop, 3);
    settled(&shop, &agent);
    let chain = {
        let (_, detail) = told(&shop).pop().unwrap();
        detail
            .split("--chain ")
            .nth(1)
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .to_owned()
    };
    comes_back_when_named(&shop, agent);
    shop.restore_to("other", &["--chain", &chain]);
    assert_eq!(contents(&shop.path("other/shop.db")), lost);
}

#[test]
fn a_vacuum_by_another_process() {
    let (shop, agent) = begin();
    cli(&shop.database(), "DELETE FROM item WHERE id % 2; VACUUM;");
    sell(&shop, 5);
    settled(&shop, &agent);
    comes_back(&shop, agent);
}

#[test]
fn a_foreign_checkpoint_while_commits_go_on() {
    let (shop, agent) = begin();
    let writer = shop.keep_writing();
    for mode in ["PASSIVE", "FULL", "RESTART", "TRUNCATE"] {
        cli(
            &shop.database(),
            &format!("PRAGMA busy_timeout = 200; PRAGMA wal_checkpoint({mode});"),
        );
    }
    writer.stop();
    settled(&shop, &agent);
    assert_eq!(kinds(&shop), ["begun"], "nobody could reset the log underneath");
    comes_back(&shop, agent);
}

#[test]
fn a_journal_mode_cannot_be_changed_while_it_is_followed_and_is_told_afterwards() {
    let (shop, agent) = begin();
    let refused = Command::new("sqlite3")
        .arg(shop.database())
        .arg("PRAGMA journal_mode = DELETE;")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("locked"), "{said}");
    agent.burn();
    cli(
        &shop.database(),
        "PRAGMA journal_mode = DELETE; INSERT INTO item (text) VALUES ('unseen');",
    );
    let agent = Running::start(&shop);
    let store = || Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let fault = wait_for("the fault", || store().capture_fault().unwrap());
    assert!(
        !fault.stays && fault.detail.contains("not wal"),
        "{}",
        fault.detail
    );
    let told = agent.get("/durable");
    assert!(
        told.contains("not off this machine, because the capture stands still: the newest"),
        "{told}"
    );
    cli(&shop.database(), "PRAGMA journal_mode = WAL;");
    sell(&shop, 3);
    settled(&shop, &agent);
    comes_back(&shop, agent);
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = std::time::Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            start.elapsed() < crate::world::LIMIT * 4,
            "waited in vain for {what}"
        );
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn another_page_size_begins_a_new_chain() {
    let (shop, agent) = begin();
    agent.burn();
    cli(
        &shop.database(),
        "PRAGMA journal_mode = DELETE; PRAGMA page_size = 8192; VACUUM; PRAGMA journal_mode = WAL;",
    );
    let agent = Running::start(&shop);
    sell(&shop, 3);
    settled(&shop, &agent);
    let events = told(&shop);
    assert_eq!(events.last().unwrap().0, "new_chain", "{events:?}");
    assert!(events.last().unwrap().1.contains("8192"), "{events:?}");
    comes_back(&shop, agent);
}

#[test]
fn an_older_copy_laid_over_the_file_is_never_taken_for_what_came_after() {
    let (shop, agent) = begin();
    agent.burn();
    cli(&shop.database(), "PRAGMA wal_checkpoint(TRUNCATE);");
    let older = fs::read(shop.database()).unwrap();
    let agent = Running::start(&shop);
    sell(&shop, 40);
    settled(&shop, &agent);
    agent.burn();
    // The same file by its number, with what it held before.
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(shop.path(&format!("live/shop.db{suffix}")));
    }
    fs::write(shop.database(), older).unwrap();
    let agent = Running::start(&shop);
    sell(&shop, 2);
    settled(&shop, &agent);
    // No point holds it, and SQLite's own counter tells that it came before.
    let (kind, detail) = told(&shop).pop().unwrap();
    assert!(
        kind == "replaced" && detail.contains("an older copy of the shop"),
        "{:?}",
        told(&shop)
    );
    comes_back_when_named(&shop, agent);
}

/// A file with a file system in it, mounted where the shop's database lies. With every mount it is a device of another
/// number, as a disk of a server may be with every start.
struct Disk {
    live: PathBuf,
    /// They hold the numbers that were had before.
    held: Vec<String>,
    device: u64,
}

impl Disk {
    /// Moves the shop onto one; `None` where this user has no loop devices.
    fn below(shop: &Shop) -> Option<Self> {
        let (image, live) = (shop.path("disk.img"), shop.path("live"));
        fs::File::create(&image).unwrap().set_len(32 << 20).unwrap();
        let mut disk = Self {
            live: live.clone(),
            held: Vec::new(),
            device: 0,
        };
        fs::rename(&live, shop.path("moved")).unwrap();
        fs::create_dir(&live).unwrap();
        let is_there = as_root("mkfs.ext4", &["-q", "-F", image.to_str().unwrap()]).is_some()
            && disk.mount(&image).is_some();
        if !is_there {
            eprintln!("NOT RUN: this user has no loop devices");
            return None;
        }
        for file in files_under(&shop.path("moved")) {
            fs::copy(&file, live.join(file.file_name().unwrap())).unwrap();
        }
        Some(disk)
    }

    /// On a device of another number than the last time.
    fn mount(&mut self, image: &Path) -> Option<()> {
        let image = image.to_str().unwrap();
        loop {
            as_root("mount", &["-o", "loop", image, self.live.to_str().unwrap()])?;
            let device = fs::metadata(&self.live).unwrap().dev();
            if std::mem::replace(&mut self.device, device) != device {
                return Some(());
            }
            self.unmount();
            let other = self.live.with_file_name("held.img");
            fs::File::create(&other).unwrap().set_len(1 << 20).unwrap();
            let other = other.to_str().unwrap();
            self.held.push(as_root("losetup", &["--find", "--show", other])?);
        }
    }

    fn unmount(&self) {
        as_root("umount", &[self.live.to_str().unwrap()]).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = as_root("umount", &["-l", self.live.to_str().unwrap()]);
        for device in &self.held {
            let _ = as_root("losetup", &["-d", device]);
        }
    }
}

/// What it printed; `None` where it failed.
fn as_root(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .args(arguments)
        .output();
    let done = output.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

#[test]
fn a_disk_that_is_numbered_anew_goes_on_in_its_chain_and_an_older_copy_of_it_never_does() {
    let shop = Shop::new();
    let Some(mut disk) = Disk::below(&shop) else {
        return;
    };
    shop.fill(100);
    let (image, copy) = (shop.path("disk.img"), shop.path("copy.img"));
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    sell(&shop, 20);
    settled(&shop, &agent);
    agent.burn();
    disk.unmount();
    fs::copy(&image, &copy).unwrap();
    disk.mount(&image).unwrap();
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    sell(&shop, 3);
    settled(&shop, &agent);
    assert_eq!(kinds(&shop), ["begun"], "{:?}", told(&shop));
    let delta: Value = serde_json::from_str(&shop.agent_done(&["backup", "--delta", "--json"])).unwrap();
    assert!(delta["base"].is_string(), "it stands on the full one: {delta}");
    agent.burn();
    disk.unmount();
    disk.mount(&copy).unwrap();
    let agent = Running::start(&shop);
    wait_for("its name", || {
        kinds(&shop).pop().filter(|kind| kind == "replaced")
    });
    let (_, detail) = told(&shop).pop().unwrap();
    assert!(detail.contains("on another device"), "{detail}");
    sell(&shop, 2);
    settled(&shop, &agent);
    comes_back_when_named(&shop, agent);
}

/// What an older copy is known by: whoever does whatever to a database through SQLite, the counter never falls.
#[test]
fn what_sqlite_counts_in_the_first_page_never_falls() {
    let shop = Shop::new();
    let open = |_| {
        let connection = Connection::open(shop.database()).unwrap();
        connection
            .busy_timeout(std::time::Duration::from_secs(5))
            .unwrap();
        connection
    };
    let connections: Vec<Connection> = (0..3).map(open).collect();
    let counter = |connection: &Connection| {
        let page = "SELECT data FROM sqlite_dbpage WHERE pgno = 1";
        let page: Vec<u8> = connection.query_row(page, [], |row| row.get(0)).unwrap();
        u32::from_be_bytes(page[24..28].try_into().unwrap())
    };
    let (mut last, first) = (0, counter(&connections[0]));
    for step in 0..300 {
        let by = &connections[rand::random_range(0..connections.len())];
        let what = match rand::random_range(0..9) {
            0 | 1 => "INSERT INTO item (text) SELECT hex(randomblob(3000)) FROM item LIMIT 5".to_owned(),
            2 => "DELETE FROM item WHERE id % 3 = 1".to_owned(),
            3 => "VACUUM".to_owned(),
            4 => "BEGIN; INSERT INTO item (text) VALUES (hex(randomblob(9000))); ROLLBACK".to_owned(),
            5 => format!("CREATE TABLE t{step} (x); DROP TABLE t{step}"),
            6 => "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
            7 => format!("PRAGMA user_version = {step}"),
            _ => "PRAGMA incremental_vacuum; INSERT INTO item (text) VALUES ('x')".to_owned(),
        };
        by.execute_batch(&what).unwrap();
        let now = counter(&connections[rand::random_range(0..connections.len())]);
        assert!(now >= last, "after {what} it fell from {last} to {now}");
        last = now;
    }
    assert!(last > first, "it counts");
}

#[test]
fn an_older_copy_put_in_its_place_is_named_as_what_it_is() {
    let (shop, agent) = begin();
    // What a point holds is a file that somebody may put there: the one that the chain begins with.
    let first = shop.listed().pop().unwrap();
    shop.restore_to("first", &["--point", text(&first["id"])]);
    let older = fs::read(shop.path("first/shop.db")).unwrap();
    let put = || {
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(shop.path(&format!("live/shop.db{suffix}")));
        }
        fs::write(shop.database(), &older).unwrap();
    };
    let is_named = |(kind, detail): &(String, String)| {
        let point = format!("what the restore point {} holds", text(&first["id"]));
        kind == "replaced" && detail.contains("an older state of the shop") && detail.contains(&point)
    };
    // The same file by its number; under the running agent, and while it is away.
    put();
    wait_for("its name", || {
        told(&shop).last().filter(|it| is_named(it)).cloned()
    });
    sell(&shop, 3);
    settled(&shop, &agent);
    agent.burn();
    put();
    let agent = Running::start(&shop);
    wait_for("its name", || {
        let named = told(&shop).into_iter().filter(is_named).count();
        (named == 2).then_some(())
    });
    sell(&shop, 2);
    settled(&shop, &agent);
    comes_back_when_named(&shop, agent);
}

/// Changes rows and adds none, and gives what the file held before.
fn of_two_moments(change: &str) -> (Shop, Vec<u8>) {
    let (shop, agent) = begin();
    shop.fill(200);
    settled(&shop, &agent);
    agent.burn();
    cli(&shop.database(), "PRAGMA wal_checkpoint(TRUNCATE);");
    let older = fs::read(shop.database()).unwrap();
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    cli(&shop.database(), change);
    settled(&shop, &agent);
    agent.burn();
    (shop, older)
}

/// Rows as long as before, of the first twenty or of one, and rows that need pages of their own.
const SAME: &str = "UPDATE item SET text = 'x' || substr(text, 2) WHERE id < 21;";
const ONE: &str = "UPDATE item SET text = 'y' || substr(text, 2) WHERE id = 9;";
const SHORTER: &str = "DELETE FROM item WHERE id > 60; VACUUM;";
const LONGER: &str = "UPDATE item SET text = hex(randomblob(4000)) WHERE id < 21;";

#[test]
fn an_older_copy_that_no_point_and_no_counter_shows_is_known_by_what_its_pages_were() {
    let cases = [
        (SAME, None),
        (SAME, Some(ONE)),
        (
            SAME,
            Some("UPDATE item SET text = 'y' || substr(text, 2) WHERE id < 21;"),
        ),
        (LONGER, None),
        (LONGER, Some(ONE)),
        (LONGER, Some(LONGER)),
        (SAME, Some(LONGER)),
        (SHORTER, None),
        (SHORTER, Some(ONE)),
    ];
    for (change, sold) in cases {
        let (shop, older) = of_two_moments(change);
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(shop.path(&format!("live/shop.db{suffix}")));
        }
        fs::write(shop.database(), older).unwrap();
        let bot = Connection::open(shop.database()).unwrap();
        if let Some(sql) = sold {
            bot.execute_batch(sql).unwrap();
        }
        let agent = Running::start(&shop);
        settled(&shop, &agent);
        let (kind, detail) = told(&shop).pop().unwrap();
        assert_eq!(kind, "replaced", "{change} {sold:?}: {:?}", told(&shop));
        for part in [
            "the database holds what it held after commit ",
            "is missing in this file",
            "agent restore --latest --chain ",
        ] {
            assert!(detail.contains(part), "{part}: {detail}");
        }
        drop(bot);
        comes_back_when_named(&shop, agent);
    }
}

#[test]
fn what_is_done_to_a_shop_while_nobody_follows_is_called_no_older_state() {
    let (shop, mut agent) = begin();
    shop.fill(200);
    let folded = "PRAGMA wal_checkpoint(TRUNCATE);";
    for done in [
        folded,
        &format!("{SAME} {folded}"),
        // The log is left as the bot leaves it: what is done after it was folded lies in a new one.
        &format!("{folded} {ONE}"),
        &format!("{SAME} {folded} {LONGER}"),
        &format!("{LONGER} {folded} {LONGER}"),
        &format!("DELETE FROM item WHERE id < 9; {folded} VACUUM;"),
        "PRAGMA journal_mode = DELETE; PRAGMA journal_mode = WAL;",
        "VACUUM;",
        "DELETE FROM item WHERE id % 3 = 1; PRAGMA wal_checkpoint(TRUNCATE);",
    ] {
        settled(&shop, &agent);
        agent.burn();
        let own = Connection::open(shop.database()).unwrap();
        own.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
            .unwrap();
        own.execute_batch(done).unwrap();
        drop(own);
        agent = Running::start(&shop);
        sell(&shop, 1);
    }
    settled(&shop, &agent);
    assert!(
        !kinds(&shop).contains(&"replaced".to_owned()),
        "{:?}",
        told(&shop)
    );
    comes_back(&shop, agent);
}

/// Two states of the same rows, the older one as bytes, and nothing left in the log: what the next commit stands on lies
/// in the file alone.
fn of_two_states() -> (Shop, Vec<u8>) {
    let (shop, agent) = begin();
    let folded = |agent: Running| {
        settled(&shop, &agent);
        agent.burn();
        cli(&shop.database(), "PRAGMA wal_checkpoint(TRUNCATE);");
        fs::read(shop.database()).unwrap()
    };
    let older = folded(agent);
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    cli(&shop.database(), "UPDATE item SET text = 'new ' || id;");
    folded(agent);
    (shop, older)
}

#[test]
fn what_is_copied_over_the_file_of_a_running_shop_is_noticed_before_the_next_commit_counts() {
    let (shop, older) = of_two_states();
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    // As cp does: the same file by its number, and no word to SQLite.
    fs::write(shop.database(), older).unwrap();
    cli(&shop.database(), "UPDATE item SET text = 'after' WHERE id = 7;");
    settled(&shop, &agent);
    let (kind, detail) = told(&shop).pop().unwrap();
    assert!(
        kind == "replaced" && detail.contains("past SQLite"),
        "{:?}",
        told(&shop)
    );
    comes_back_when_named(&shop, agent);
}

#[test]
fn what_is_copied_over_the_file_while_nobody_follows_is_noticed_at_the_start() {
    let (shop, older) = of_two_states();
    let agent = Running::start(&shop);
    let bot = Connection::open(shop.database()).unwrap();
    bot.execute("INSERT INTO item (text) VALUES ('more')", [])
        .unwrap();
    settled(&shop, &agent);
    agent.burn();
    // The log still leads to where the agent stopped.
    fs::write(shop.database(), older).unwrap();
    let agent = Running::start(&shop);
    settled(&shop, &agent);
    drop(bot);
    comes_back_when_named(&shop, agent);
}

#[test]
fn a_file_that_was_only_touched_goes_on_in_its_chain() {
    let (shop, agent) = begin();
    let before = kinds(&shop).len();
    let file = fs::File::options().append(true).open(shop.database()).unwrap();
    file.set_modified(std::time::SystemTime::now()).unwrap();
    sell(&shop, 3);
    settled(&shop, &agent);
    let is_other = |kind: &String| kind == "replaced" || kind == "new_chain";
    assert!(
        !kinds(&shop).iter().skip(before).any(is_other),
        "{:?}",
        told(&shop)
    );
    comes_back(&shop, agent);
}

#[test]
fn a_log_deleted_under_the_running_shop() {
    let (shop, agent) = begin();
    fs::remove_file(shop.path("live/shop.db-wal")).unwrap();
    fs::remove_file(shop.path("live/shop.db-shm")).unwrap();
    sell(&shop, 10);
    settled(&shop, &agent);
    let events = told(&shop);
    assert!(events.len() > 1, "it is told: {events:?}");
    comes_back(&shop, agent);
}

/// Whoever opens the database next gets an index that the agent does not have.
#[test]
fn a_log_emptied_under_a_shop_that_goes_on_is_never_called_durable() {
    is_never_called_durable(0);
}

#[test]
fn a_log_cut_short_under_a_shop_that_goes_on_is_never_called_durable() {
    is_never_called_durable(20_000);
}

/// What is left may be no database any more.
fn sell_if_it_can(shop: &Shop) {
    if let Ok(bot) = Connection::open(shop.database()) {
        let _ = bot.execute("INSERT INTO item (text) VALUES ('after')", []);
    }
}

fn takes_no_backup(shop: &Shop) {
    let told = shop.agent_refuses(1, &["backup"]);
    assert!(told.contains("was emptied or cut short"), "{told}");
}

fn is_never_called_durable(left_bytes: u64) {
    let (shop, agent) = begin();
    let bot = Connection::open(shop.database()).unwrap();
    bot.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    let sell = || {
        bot.execute("INSERT INTO item (text) VALUES ('sold')", [])
            .unwrap()
    };
    sell();
    settled(&shop, &agent);
    let expected: i64 = bot
        .query_row("SELECT count(*) FROM item", [], |row| row.get(0))
        .unwrap();
    let log = fs::File::options()
        .write(true)
        .open(shop.path("live/shop.db-wal"))
        .unwrap();
    assert!(log.metadata().unwrap().len() > left_bytes);
    log.set_len(left_bytes).unwrap();
    sell();
    let store = || Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let fault = wait_for("the certain fault", || {
        store().capture_fault().unwrap().filter(|fault| fault.stays)
    });
    assert!(
        fault.detail.contains("-wal) was emptied or cut short"),
        "{}",
        fault.detail
    );
    let told = agent.get("/durable");
    assert!(told.contains("not off this machine"), "{told}");
    // Nor is what is left of the shop taken for a newer state once its log begins anew.
    drop(bot);
    sell_if_it_can(&shop);
    agent.burn();
    let agent = Running::start(&shop);
    let answer = || Some(agent.get("/durable")).filter(|told| !told.is_empty());
    for _ in 0..20 {
        let told = wait_for("an answer", answer);
        assert!(told.contains("not off this machine"), "{told}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // No backup is taken of it either, with the agent or without.
    takes_no_backup(&shop);
    agent.burn();
    takes_no_backup(&shop);
    // All that was durable comes back, and nothing of what nobody can read any more.
    shop.restore_to("back", &[]);
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    let back = Connection::open(shop.path("back/shop.db")).unwrap();
    let found: i64 = back
        .query_row("SELECT count(*) FROM item", [], |row| row.get(0))
        .unwrap();
    assert_eq!(found, expected);
}

#[test]
fn a_database_that_is_gone_or_is_none_any_more_is_nothing_to_wait_for() {
    let (shop, agent) = begin();
    agent.burn();
    let whole = fs::read(shop.database()).unwrap();
    let stays = |shop: &Shop| {
        let agent = Running::start(shop);
        let store = || Store::open_to_look(&shop.path("state")).unwrap().unwrap();
        wait_for("the certain fault", || {
            store().capture_fault().unwrap().filter(|fault| fault.stays)
        });
        agent.burn();
    };
    fs::remove_file(shop.database()).unwrap();
    stays(&shop);
    fs::write(shop.database(), b"").unwrap();
    stays(&shop);
    fs::write(shop.database(), vec![b'x'; whole.len()]).unwrap();
    stays(&shop);
}

#[test]
fn older_files_copied_over_all_three_are_noticed() {
    let (shop, agent) = begin();
    let names = ["", "-wal", "-shm"].map(|suffix| shop.path(&format!("live/shop.db{suffix}")));
    let older = names.clone().map(|name| fs::read(name).unwrap());
    let written = fs::metadata(shop.database()).unwrap().modified().unwrap();
    sell(&shop, 9);
    settled(&shop, &agent);
    for (name, bytes) in names.iter().zip(&older) {
        fs::write(name, bytes).unwrap();
    }
    // As cp -p leaves it: the file itself tells nothing.
    fs::File::options()
        .append(true)
        .open(shop.database())
        .unwrap()
        .set_modified(written)
        .unwrap();
    sell_if_it_can(&shop);
    let store = || Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let other = ["replaced", "new_chain", "resync"];
    // While one is copied its log is empty for a moment: who sees that stands still, who sees the end compares.
    let stands_still = wait_for("a word of it", || {
        let is_other = kinds(&shop)
            .pop()
            .is_some_and(|last| other.contains(&last.as_str()));
        let fault = store().capture_fault().unwrap();
        (is_other || fault.is_some()).then(|| fault.is_some())
    });
    match stands_still {
        true => {
            let told = agent.get("/durable");
            assert!(told.contains("not off this machine"), "{told}");
            agent.burn();
        }
        false => {
            settled(&shop, &agent);
            comes_back(&shop, agent);
        }
    }
}

#[test]
fn an_index_deleted_while_the_shop_was_closed() {
    let (shop, agent) = begin();
    fs::remove_file(shop.path("live/shop.db-shm")).unwrap();
    sell(&shop, 10);
    settled(&shop, &agent);
    let events = told(&shop);
    assert!(
        events
            .iter()
            .any(|(_, detail)| detail.contains("(-shm) was deleted")),
        "{events:?}"
    );
    shop.back_up();
    comes_back(&shop, agent);
}

#[test]
fn an_index_deleted_under_a_shop_that_stays_open() {
    let (shop, agent) = begin();
    let bot = Connection::open(shop.database()).unwrap();
    let sell_one = || {
        bot.execute("INSERT INTO item (text) VALUES (hex(randomblob(300)))", [])
            .unwrap();
    };
    sell_one();
    fs::remove_file(shop.path("live/shop.db-shm")).unwrap();
    sell_one();
    settled(&shop, &agent);
    // Somebody looks into it, and gets an index that the open shop does not know of.
    cli(&shop.database(), "SELECT count(*) FROM item;");
    wait_for("the word that commits are not seen", || {
        sell_one();
        let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
        let fault = store.capture_fault().unwrap();
        fault.filter(|fault| fault.stays && fault.detail.contains("restart bot"))
    });
    drop(bot);
    sell(&shop, 3);
    settled(&shop, &agent);
    comes_back(&shop, agent);
}

/// SQLite keeps its log beside the file that the link leads to.
#[test]
fn a_database_behind_a_link() {
    let shop = Shop::new();
    let (link, file) = (shop.database(), shop.path("disk2/shop.db"));
    fs::create_dir(shop.path("disk2")).unwrap();
    fs::rename(&link, &file).unwrap();
    std::os::unix::fs::symlink("../disk2/shop.db", &link).unwrap();
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    sell(&shop, 20);
    settled(&shop, &agent);
    comes_back(&shop, agent);
    shop.agent_done(&["restore", "--latest", "--key", "kit/owner.secret.asc", "--yes"]);
    assert!(
        fs::symlink_metadata(&link).unwrap().is_symlink(),
        "the link stays"
    );
    assert_eq!(integrity_of(&file), "ok");
}

/// Puts an empty shop in the place of a closed one, without its log.
fn exchange_for_another(shop: &Shop) {
    let other = shop.path("live/other.db");
    cli(
        &other,
        "PRAGMA journal_mode = WAL; CREATE TABLE item (id INTEGER PRIMARY KEY, text TEXT);",
    );
    exchange(shop, "live/other.db");
}

/// As by somebody who puts another file there, and deletes the log that lay beside it some seconds later.
#[test]
fn of_a_chain_that_ended_before_its_first_backup_nothing_is_promised() {
    let (shop, agent) = begin();
    let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let first = store.capture_state().unwrap().unwrap().chain.to_string();
    drop(store);
    agent.burn();
    // Nothing of what follows reaches a remote.
    for remote in ["local", "offsite"] {
        fs::rename(shop.path(remote), shop.path(&format!("{remote}.away"))).unwrap();
        fs::write(shop.path(remote), "no folder").unwrap();
    }
    for rows in [3, 7] {
        exchange_for_another(&shop);
        sell(&shop, rows);
        let agent = Running::start(&shop);
        let before = if rows == 3 { 1 } else { 2 };
        wait_for("the exchange", || {
            let count = kinds(&shop).iter().filter(|kind| *kind == "replaced").count();
            (count == before).then_some(())
        });
        agent.burn();
    }
    let (_, detail) = told(&shop).pop().unwrap();
    assert!(
        detail.contains("no backup of that chain was finished"),
        "{detail}"
    );
    assert!(detail.contains(&format!("--chain {first}")), "{detail}");
}

#[test]
fn a_backup_that_came_after_the_last_commit_leads_back_to_it_too() {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    agent.burn();
    exchange_for_another(&shop);
    let agent = Running::start(&shop);
    wait_for("the exchange", || {
        kinds(&shop).contains(&"replaced".to_owned()).then_some(())
    });
    agent.burn();
    let (_, detail) = told(&shop).pop().unwrap();
    assert!(
        detail.contains("everything until then is in the backups"),
        "{detail}"
    );
}

/// As when the shop moves to a larger disk: whoever opens the path sells in a file that nobody follows.
#[test]
fn a_link_that_leads_elsewhere_under_the_running_agent() {
    let shop = Shop::new();
    let (link, new) = (shop.database(), shop.path("disk3/shop.db"));
    for disk in ["disk2", "disk3"] {
        fs::create_dir(shop.path(disk)).unwrap();
    }
    fs::rename(&link, shop.path("disk2/shop.db")).unwrap();
    std::os::unix::fs::symlink("../disk2/shop.db", &link).unwrap();
    let agent = Running::start(&shop);
    sell(&shop, 5);
    settled(&shop, &agent);
    cli(&shop.database(), "PRAGMA wal_checkpoint(TRUNCATE);");
    fs::copy(shop.path("disk2/shop.db"), &new).unwrap();
    std::os::unix::fs::symlink("../disk3/shop.db", shop.path("live/next")).unwrap();
    fs::rename(shop.path("live/next"), &link).unwrap();
    sell(&shop, 5);
    wait_for("the word that the link leads elsewhere", || {
        let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
        let fault = store.capture_fault().unwrap();
        fault.filter(|fault| fault.stays && fault.detail.contains("leads to another file"))
    });
    assert!(!agent.answers("/durable"), "nobody follows what is sold");
    agent.burn();
    let agent = Running::start(&shop);
    settled(&shop, &agent);
    comes_back_when_named(&shop, agent);
}

#[test]
fn one_transaction_larger_than_a_segment_may_be() {
    let (shop, agent) = begin();
    cli(
        &shop.database(),
        "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 72)
         INSERT INTO item (text) SELECT hex(randomblob(524288)) FROM n;",
    );
    sell(&shop, 3);
    wait_for("a durable moment", || agent.answers("/durable").then_some(()));
    comes_back(&shop, agent);
}

#[test]
fn a_clock_that_is_set_forward_and_back_loses_no_commit() {
    let clocks = ["+5h", "-3h", "+0h"].map(clock_set);
    if clocks.contains(&None) {
        return;
    }
    let (shop, agent) = begin();
    agent.burn();
    for clock in clocks.into_iter().flatten() {
        let agent = Running::start_with(&shop, &clock);
        sell(&shop, 5);
        settled(&shop, &agent);
        agent.burn();
    }
    let agent = Running::start(&shop);
    sell(&shop, 1);
    settled(&shop, &agent);
    comes_back(&shop, agent);
}

#[test]
fn of_two_agents_one_follows_and_the_other_takes_over_when_it_dies() {
    let (shop, first) = begin();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let others = settings.replace("dir = \"state\"", "dir = \"other-state\"");
    fs::write(shop.path("agent.toml"), &others).unwrap();
    let second = Running::start(&shop);
    let store = || Store::open_to_look(&shop.path("other-state")).ok().flatten();
    let fault = wait_for("the second one's word", || {
        store().and_then(|store| store.capture_fault().unwrap())
    });
    assert!(fault.detail.contains("another agent"), "{}", fault.detail);
    sell(&shop, 5);
    settled(&shop, &first);
    first.burn();
    sell(&shop, 5);
    wait_for("the second one at work", || {
        second.answers("/durable").then_some(())
    });
    let chain = |state: &str| {
        let store = Store::open_to_look(&shop.path(state)).unwrap().unwrap();
        store.capture_state().unwrap().unwrap().chain
    };
    assert_ne!(
        chain("state"),
        chain("other-state"),
        "it never continues the other one's chain"
    );
    let trust = fs::read_dir(shop.path("local/cert")).unwrap().count();
    assert_eq!(trust, 2, "each signs with its own key");
    comes_back(&shop, second);
}

#[test]
fn a_restore_of_the_owners_own_is_no_exchange_and_one_after_it_is() {
    let (shop, agent) = begin();
    let point = shop.back_up();
    sell(&shop, 3);
    settled(&shop, &agent);
    agent.burn();
    let live = ["restore", "--yes", "--key", "kit/owner.secret.asc", "--point"];
    shop.agent_done(&[&live[..], &[text(&point["id"])]].concat());
    let agent = Running::start(&shop);
    let detail = wait_for("a word of the restore", || {
        told(&shop).into_iter().find(|(kind, _)| kind == "restored")
    });
    let commit = format!(
        "after commit {} of the chain {}",
        point["commit"],
        text(&point["chain"])
    );
    assert!(detail.1.contains(&commit), "{detail:?}");
    assert!(
        !kinds(&shop).contains(&"replaced".to_owned()),
        "{:?}",
        told(&shop)
    );
    sell(&shop, 2);
    settled(&shop, &agent);
    // Whatever is done to it later is not the restore's.
    let other = shop.path("live/other.db");
    cli(&shop.database(), &format!("VACUUM INTO '{}'", other.display()));
    cli(&other, "PRAGMA journal_mode = wal");
    for log in ["live/shop.db-wal", "live/shop.db-shm"] {
        fs::remove_file(shop.path(log)).unwrap();
    }
    fs::rename(&other, shop.database()).unwrap();
    sell(&shop, 1);
    wait_for("a word of the exchange", || {
        kinds(&shop).contains(&"replaced".to_owned()).then_some(())
    });
    settled(&shop, &agent);
    comes_back_when_named(&shop, agent);
}
