//! What the shop's own numbers show of a database that somebody put there in another way than SQLite's counter tells: another
//! shop's, an older copy, one that lost its log. The tables are the shop's own.
//! It checks that what owners do all the time is called none of that.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use rusqlite::{Connection, config::DbConfig};
use serde_json::Value;

use crate::{
    other_chains::forget_all,
    running::{Running, wait_until_both_hold_the_same},
    shop::{Shop, text},
    source_faults::told,
    world,
};

const ORDER: &str = "
    BEGIN IMMEDIATE;
    INSERT INTO shop_order (code, customer_id, product_id, product_name, price, state, placed_at, pay_before)
        VALUES (hex(randomblob(8)), 7, 1, 'Mail', 9000, 'awaiting_payment', 1, 2);
    INSERT INTO job (queue, kind, payload, state, priority, run_at, created_at)
        VALUES ('money', 'create_invoice', '{}', 'ready', 0, 1, 1);
    DELETE FROM job;
    COMMIT;";
const CLOSED: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

fn open(database: &Path) -> Connection {
    let bot = Connection::open(database).unwrap();
    bot.busy_timeout(Duration::from_secs(10)).unwrap();
    bot.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    bot.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    bot
}

/// The tables that the bot makes, in this database.
fn migrate(database: &Path) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bot/migrations");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let bot = open(database);
    bot.pragma_update(None, "journal_mode", "WAL").unwrap();
    for (at, file) in files.iter().enumerate() {
        bot.execute_batch(&fs::read_to_string(file).unwrap()).unwrap();
        bot.pragma_update(None, "user_version", i64::try_from(at).unwrap() + 1)
            .unwrap();
    }
    bot.execute_batch("INSERT INTO product (sku, name, price, created_at) VALUES ('mail', 'Mail', 9000, 1)")
        .unwrap();
    bot.execute_batch("INSERT OR IGNORE INTO customer (id, first_seen_at) VALUES (7, 1)")
        .unwrap();
}

/// So many orders, each with a job that is done.
fn trade(database: &Path, orders: u32) {
    let bot = open(database);
    for _ in 0..orders {
        bot.execute_batch(ORDER).unwrap();
    }
}

fn run(database: &Path, sql: &str) {
    open(database).execute_batch(sql).unwrap();
}

/// As an owner does it, with SQLite's own program.
fn by_tool(shop: &Shop, command: &str) {
    let done = Command::new("sqlite3").arg(shop.database()).arg(command).output();
    let done = done.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// The orders, in one line.
fn orders(database: &Path) -> String {
    let sql = "SELECT count(*) || ' ' || coalesce(group_concat(code), '') FROM (SELECT code FROM shop_order ORDER BY id)";
    open(database).query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Of a shop that has sold a little: what SQLite counts in the first page stands still while it sells more.
fn shop() -> Shop {
    let shop = Shop::new();
    migrate(&shop.database());
    trade(&shop.database(), 12);
    shop
}

fn restores_as_it_is(shop: &Shop) {
    shop.restore_to("back", &[]);
    assert_eq!(orders(&shop.path("back/shop.db")), orders(&shop.database()));
}

fn without_log(shop: &Shop) {
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(shop.path(&format!("live/shop.db{suffix}")));
    }
}

/// The file's bytes once its log is empty.
fn bytes(database: &Path) -> Vec<u8> {
    run(database, CLOSED);
    fs::read(database).unwrap()
}

/// As `cp` does: the same file by its number.
fn copy_over(shop: &Shop, bytes: &[u8]) {
    without_log(shop);
    fs::write(shop.database(), bytes).unwrap();
}

/// Another shop's database, which has sold so much.
fn other(shop: &Shop, sold: u32) -> Vec<u8> {
    let other = shop.path("other.db");
    migrate(&other);
    trade(&other, sold);
    // SQLite has counted further in it.
    for _ in 0..60 {
        run(&other, "CREATE TABLE t (x); DROP TABLE t");
    }
    bytes(&other)
}

fn is_replaced(shop: &Shop) -> Option<String> {
    let (kind, detail) = told(shop).pop()?;
    (kind == "replaced").then_some(detail)
}

fn is_nothing(shop: &Shop) {
    let told = told(shop);
    assert!(told.iter().all(|(kind, _)| kind != "replaced"), "{told:?}");
}

fn settled(shop: &Shop, agent: &Running) {
    agent.wait_for("/durable");
    wait_until_both_hold_the_same(shop);
}

/// Followed for a while, and ended.
fn follow(shop: &Shop, sold: u32) {
    let agent = Running::start(shop);
    agent.wait_for("/durable");
    trade(&shop.database(), sold);
    settled(shop, &agent);
    agent.burn();
}

/// What the agent says at its next start is that; what was sold before comes back by the command that it names.
fn is_told(shop: &Shop, said: &str, sold: &str) {
    let agent = Running::start(shop);
    settled(shop, &agent);
    let Some(detail) = is_replaced(shop) else {
        panic!("{:?}", told(shop))
    };
    assert!(detail.contains(said), "{said}: {detail}");
    came_back(shop, agent, &detail, sold);
}

/// What was sold before comes back by the command that this names, and what is sold now by the one that the usual one
/// names.
fn came_back(shop: &Shop, agent: Running, detail: &str, sold: &str) {
    settled(shop, &agent);
    let now = orders(&shop.database());
    agent.burn();
    let chain = detail
        .split("--chain ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    shop.restore_to("before", &["--chain", chain]);
    assert_eq!(orders(&shop.path("before/shop.db")), sold);
    shop.restore_other_to("now", &[]);
    assert_eq!(orders(&shop.path("now/shop.db")), now);
}

#[test]
fn an_older_copy_of_the_shop_whose_counter_is_the_same_is_told_and_not_continued() {
    for sells_first in [0, 1] {
        let shop = shop();
        follow(&shop, 1);
        let older = bytes(&shop.database());
        follow(&shop, 3);
        let sold = orders(&shop.database());
        // So that nothing else shows it.
        let _ = fs::remove_file(shop.path("state/capture/past"));
        copy_over(&shop, &older);
        trade(&shop.database(), sells_first);
        is_told(&shop, "rows of the table ", &sold);
    }
}

#[test]
fn a_log_with_orders_that_was_deleted_while_nothing_ran_is_told() {
    let shop = shop();
    follow(&shop, 1);
    run(&shop.database(), CLOSED);
    follow(&shop, 3);
    let sold = orders(&shop.database());
    // So that nothing else shows it.
    let _ = fs::remove_file(shop.path("state/capture/past"));
    without_log(&shop);
    assert_ne!(orders(&shop.database()), sold);
    is_told(&shop, "what only its log held is gone: rows of the table ", &sold);
}

#[test]
fn another_shop_that_was_copied_over_the_file_never_continues_a_chain() {
    for more in [2, 40] {
        let shop = shop();
        follow(&shop, 3);
        let sold = orders(&shop.database());
        let other = other(&shop, more);
        copy_over(&shop, &other);
        is_told(&shop, "another database", &sold);
    }
}

fn backed_up(shop: &Shop, arguments: &[&str]) -> Value {
    // Points' names tell the second.
    std::thread::sleep(Duration::from_millis(1_100));
    let mut taken: Value =
        serde_json::from_str(&shop.agent_done(&[&["backup", "--json"], arguments].concat())).unwrap();
    let listed = shop.listed();
    let point = listed.iter().find(|point| point["id"] == taken["id"]).unwrap();
    taken["chain"] = point["chain"].clone();
    taken
}

/// As when somebody writes with a tool while an older copy lies there for a moment: into the log of the first file, which leads
/// on all the same when that is put back.
#[test]
fn what_was_worked_out_from_an_older_copy_under_the_shops_log_is_told() {
    for (count, said) in [(1, "rows of the table "), (60, "row ")] {
        let shop = shop();
        follow(&shop, 1);
        let older = bytes(&shop.database());
        follow(&shop, 3);
        run(&shop.database(), CLOSED);
        let agent = Running::start(&shop);
        settled(&shop, &agent);
        let bot = open(&shop.database());
        bot.execute_batch("CREATE TABLE note (text TEXT) STRICT").unwrap();
        settled(&shop, &agent);
        let chain = shop.back_up()["chain"].clone();
        agent.burn();
        let before = orders(&shop.database());
        let [aside, put] = ["live/aside.db", "live/put.db"].map(|name| shop.path(name));
        fs::write(&put, older).unwrap();
        fs::rename(shop.database(), &aside).unwrap();
        fs::rename(&put, shop.database()).unwrap();
        let mut tool = Command::new("sqlite3");
        let sold = tool
            .arg(shop.database())
            .args([".dbconfig no_ckpt_on_close on", &ORDER.repeat(count)])
            .stdout(Stdio::null())
            .status();
        assert!(sold.unwrap().success());
        fs::rename(&aside, shop.database()).unwrap();
        // What is read within a second of the commit before is followed like any other.
        std::thread::sleep(Duration::from_millis(1_100));
        let agent = Running::start(&shop);
        settled(&shop, &agent);
        let why = is_replaced(&shop).unwrap();
        assert!(
            why.contains("while nobody followed does not go on") && why.contains(said),
            "{why}"
        );
        agent.burn();
        drop(bot);
        let listed = shop.agent_done(&["list", "--json"]);
        assert!(
            !listed.contains("caught_up"),
            "nothing of it is in the chain before: {listed}"
        );
        shop.restore_to("before", &["--chain", text(&chain)]);
        assert_eq!(orders(&shop.path("before/shop.db")), before);
    }
}

#[test]
fn a_backup_by_cron_of_a_shop_that_was_moved_goes_on_in_its_chain() {
    let shop = shop();
    let first = backed_up(&shop, &[]);
    let moved = shop.path("live/moved.db");
    run(&shop.database(), CLOSED);
    fs::copy(shop.database(), &moved).unwrap();
    fs::rename(&moved, shop.database()).unwrap();
    let second = backed_up(&shop, &["--delta"]);
    trade(&shop.database(), 1);
    let third = backed_up(&shop, &["--delta"]);
    assert_eq!(
        (&first["chain"], &first["chain"]),
        (&second["chain"], &third["chain"])
    );
    shop.restore_to("now", &[]);
    assert_eq!(orders(&shop.path("now/shop.db")), orders(&shop.database()));
}

#[test]
fn a_backup_by_cron_where_no_agent_runs_goes_on_in_no_other_databases_chain() {
    for was_followed in [false, true] {
        for (what, said) in [(Some(40), "another database"), (None, "rows of the table ")] {
            let shop = shop();
            if was_followed {
                follow(&shop, 1);
            }
            backed_up(&shop, &[]);
            trade(&shop.database(), 1);
            let older = bytes(&shop.database());
            trade(&shop.database(), 2);
            let first = backed_up(&shop, &["--delta"]);
            let sold = orders(&shop.database());
            let put = what.map_or(older, |sold| other(&shop, sold));
            copy_over(&shop, &put);
            let _ = fs::remove_file(shop.path("state/capture/past"));
            let second = backed_up(&shop, &["--delta"]);
            assert_ne!(first["chain"], second["chain"], "{what:?} {was_followed}");
            match was_followed {
                true => assert!(is_replaced(&shop).unwrap().contains(said), "{:?}", told(&shop)),
                false => assert!(text(&second["older_state"]).contains(said), "{second}"),
            }
            let chain = text(&first["chain"]);
            shop.restore_to("before", &["--chain", chain]);
            assert_eq!(orders(&shop.path("before/shop.db")), sold);
            shop.restore_other_to("now", &[]);
            assert_eq!(orders(&shop.path("now/shop.db")), orders(&shop.database()));
        }
    }
}

#[test]
fn a_file_that_was_moved_there_is_handed_out_to_nobody_who_does_not_name_it_also_by_cron_and_elsewhere() {
    let shop = shop();
    let first = backed_up(&shop, &[]);
    let sold = orders(&shop.database());
    other(&shop, 40);
    without_log(&shop);
    fs::rename(shop.path("other.db"), shop.database()).unwrap();
    let second = backed_up(&shop, &["--delta"]);
    assert_ne!(first["chain"], second["chain"]);
    // The next one of its chain says it too.
    trade(&shop.database(), 1);
    backed_up(&shop, &["--delta"]);
    forget_all(&shop);
    let said = shop.restore_other_to("now", &[]);
    assert!(said.contains("another file lies in the place"), "{said}");
    assert_eq!(orders(&shop.path("now/shop.db")), orders(&shop.database()));
    shop.restore_to("before", &["--chain", text(&first["chain"])]);
    assert_eq!(orders(&shop.path("before/shop.db")), sold);
}

#[test]
fn a_database_put_in_through_sqlite_is_told_and_not_continued_whether_the_agent_runs_or_not() {
    for runs in [true, false] {
        let shop = shop();
        let older = shop.path("older.db");
        fs::write(&older, bytes(&shop.database())).unwrap();
        // So that its log stays.
        let bot = open(&shop.database());
        assert_ne!(orders(&shop.database()), "");
        bot.query_row("SELECT count(*) FROM job", [], |_| Ok(())).unwrap();
        let agent = Running::start(&shop);
        agent.wait_for("/durable");
        trade(&shop.database(), 3);
        settled(&shop, &agent);
        let follows = match runs {
            true => Some(agent),
            false => {
                agent.burn();
                None
            }
        };
        // In no segment yet.
        trade(&shop.database(), 1);
        let sold = orders(&shop.database());
        let put_in = format!(".restore {}", older.display());
        let done = Command::new("sqlite3").arg(shop.database()).arg(put_in).output();
        let done = done.unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let agent = follows.unwrap_or_else(|| Running::start(&shop));
        let start = std::time::Instant::now();
        while is_replaced(&shop).is_none() {
            assert!(start.elapsed() < world::LIMIT, "{:?}", told(&shop));
            std::thread::sleep(Duration::from_millis(100));
        }
        let detail = is_replaced(&shop).unwrap();
        assert!(detail.contains("through SQLite, as by `.restore`"), "{detail}");
        drop(bot);
        trade(&shop.database(), 1);
        came_back(&shop, agent, &detail, &sold);
    }
}

/// Changes of rows and jobs alone are lost by it, and more jobs come after it: no number falls, and no row is another one.
#[test]
fn a_database_put_in_through_sqlite_is_told_although_its_numbers_were_passed_since() {
    let busy = "UPDATE incident SET text = hex(randomblob(200)) WHERE id > 200;";
    for (is_followed, since) in [(true, ""), (false, ""), (false, busy)] {
        let shop = shop();
        run(
            &shop.database(),
            "INSERT INTO incident (at, kind, severity, text) WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n
                WHERE i < 300) SELECT i, 'kind', 'info', hex(randomblob(200)) FROM n",
        );
        let agent = Running::start(&shop);
        agent.wait_for("/durable");
        trade(&shop.database(), 1);
        settled(&shop, &agent);
        let older = shop.path("older.db");
        let tool = |command: &str| by_tool(&shop, command);
        tool(&format!(".backup {}", older.display()));
        run(
            &shop.database(),
            "UPDATE incident SET text = hex(randomblob(200)) WHERE id % 40 = 7;
                INSERT INTO job (queue, kind, payload, state, priority, run_at, created_at)
                    VALUES ('money', 'create_invoice', '{}', 'ready', 0, 1, 1);
                DELETE FROM job",
        );
        settled(&shop, &agent);
        let sold = orders(&shop.database());
        let follows = match is_followed {
            true => {
                agent.freeze();
                Some(agent)
            }
            false => {
                agent.burn();
                None
            }
        };
        tool(&format!(".restore {}", older.display()));
        tool(&(ORDER.repeat(6) + since));
        let agent = follows
            .inspect(Running::thaw)
            .unwrap_or_else(|| Running::start(&shop));
        settled(&shop, &agent);
        let Some(detail) = is_replaced(&shop) else {
            panic!("{:?}", told(&shop))
        };
        assert!(detail.contains("held after commit "), "{detail}");
        came_back(&shop, agent, &detail, &sold);
    }
}

/// As the bot's own migrations do it: the table is made anew, and its numbers go on.
const REBUILT: &str = "
    CREATE TABLE job_new (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL) STRICT;
    INSERT INTO job_new (id, kind) SELECT id, kind FROM job;
    DROP TABLE job;
    ALTER TABLE job_new RENAME TO job;
    CREATE TABLE dropped (id INTEGER PRIMARY KEY AUTOINCREMENT);
    ALTER TABLE shop_order ADD COLUMN note TEXT;
    PRAGMA user_version = 99";

#[test]
fn what_an_owner_and_a_new_release_do_while_nobody_follows_is_no_other_database() {
    let shop = shop();
    run(
        &shop.database(),
        "CREATE TABLE dropped (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT UNIQUE); INSERT INTO dropped (a) VALUES ('a'), ('b')",
    );
    follow(&shop, 3);
    for done in [
        "VACUUM",
        "DELETE FROM shop_order WHERE id < 5",
        "DELETE FROM shop_order WHERE id = (SELECT max(id) FROM shop_order)",
        "DELETE FROM dropped",
        "DROP TABLE dropped",
        REBUILT,
        "UPDATE shop_order SET state = 'expired'",
        "INSERT INTO incident (at, kind, severity, text) WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n
            WHERE i < 3000) SELECT i, 'kind', 'info', hex(randomblob(200)) FROM n",
        "DELETE FROM incident; VACUUM",
    ]
    .into_iter()
    .chain(UNDONE)
    {
        run(&shop.database(), &format!("{done}; {CLOSED}"));
        // What is in the table of jobs now has fewer columns.
        run(
            &shop.database(),
            "INSERT INTO shop_order (code, customer_id, product_id, product_name, price, state, placed_at, pay_before)
                VALUES (hex(randomblob(8)), 7, 1, 'Mail', 9000, 'awaiting_payment', 1, 2)",
        );
        let seen = told(&shop).len();
        let agent = Running::start(&shop);
        settled(&shop, &agent);
        is_nothing(&shop);
        agent.burn();
        // Of a new release the owner knows; what else defines tables anew he is asked about.
        let mut seen = told(&shop).split_off(seen).into_iter();
        let is_asked = seen.any(|(kind, detail)| kind == "redefined" || detail.contains("changes to the definitions"));
        let is_by_hand = done != REBUILT && ["VACUUM", "VIEW", "INDEX", "DROP"].iter().any(|word| done.contains(word));
        assert_eq!(is_asked, is_by_hand, "{done}: {:?}", told(&shop).last());
    }
    restores_as_it_is(&shop);
}

/// A small shop that sells on until no page is left as it was, and no number falls: nothing tells it from VACUUM.
#[test]
fn an_older_copy_that_was_sold_upon_until_nothing_shows_it_is_asked_about_and_one_of_an_earlier_release_is_told()
 {
    let sold_over = "UPDATE shop_order SET pay_before = abs(random() % 100000); UPDATE product SET price = abs(random() % 100000)";
    for (release, kind) in [("", "redefined"), (REBUILT, "replaced")] {
        let shop = shop();
        let agent = Running::start(&shop);
        agent.wait_for("/durable");
        trade(&shop.database(), 1);
        settled(&shop, &agent);
        let older = shop.path("older.db");
        let tool = |command: &str| by_tool(&shop, command);
        tool(&format!(".backup {}", older.display()));
        run(&shop.database(), sold_over);
        run(&shop.database(), release);
        settled(&shop, &agent);
        agent.burn();
        tool(&format!(".restore {}", older.display()));
        trade(&shop.database(), 2);
        run(&shop.database(), &format!("{sold_over}; {CLOSED}"));
        let agent = Running::start(&shop);
        settled(&shop, &agent);
        agent.burn();
        let (last, detail) = told(&shop).pop().unwrap();
        assert_eq!(last, kind, "{detail}");
        let asks = detail.contains("another state that was put in by `.restore`");
        assert_eq!(asks, kind == "redefined", "{detail}");
    }
}

/// Definitions that come and go, all of which may lie in one segment, and in two.
const UNDONE: [&str; 6] = [
    "DROP VIEW IF EXISTS day; CREATE VIEW day AS SELECT count(*) FROM shop_order",
    "DROP VIEW day; CREATE VIEW day AS SELECT count(*) FROM shop_order",
    "DROP VIEW day; CREATE VIEW day AS SELECT count(*) FROM shop_order; DROP VIEW day",
    "PRAGMA secure_delete = ON; CREATE INDEX tried ON incident (text); DROP INDEX tried",
    "PRAGMA secure_delete = ON; CREATE INDEX tried ON incident (text); DROP INDEX tried",
    "CREATE TABLE tried (a INTEGER); DROP TABLE tried; VACUUM",
];

#[test]
fn a_new_release_and_a_vacuum_under_the_running_agent_go_on_in_the_chain() {
    let shop = shop();
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    trade(&shop.database(), 3);
    for done in [REBUILT, "DELETE FROM shop_order WHERE id < 5", "VACUUM"]
        .into_iter()
        .chain(UNDONE)
    {
        run(&shop.database(), done);
        settled(&shop, &agent);
        is_nothing(&shop);
    }
    agent.burn();
    restores_as_it_is(&shop);
}

#[test]
fn a_backup_by_cron_after_a_vacuum_or_a_purge_goes_on_in_its_chain() {
    let shop = shop();
    let first = backed_up(&shop, &[]);
    for done in ["VACUUM", "DELETE FROM shop_order WHERE id < 5", REBUILT] {
        run(&shop.database(), done);
        let next = backed_up(&shop, &["--delta"]);
        assert_eq!(first["chain"], next["chain"], "{done}: {next}");
    }
}
