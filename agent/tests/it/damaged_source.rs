//! A database that is damaged where it is used: `agent backup` says how to get out what can be had, and that works.

use std::{
    fs::OpenOptions,
    io::{Seek, SeekFrom, Write},
    path::Path,
    process::{Command, Stdio},
};

use agent::store::{Store, points::How};
use jiff::Timestamp;
use protocol::time::UnixMillis;
use rusqlite::Connection;
use serde_json::Value;

use crate::shop::{PASSPHRASE, Shop, count_items, files_under, integrity_of, program, restoring, text};
use crate::{
    pictures::point,
    running::{Running, wait_until_both_hold_the_same},
    world::LIMIT,
};

const PAGE: u64 = 4_096;

/// Writes over a place of the file, which nobody has open and whose log is empty.
fn damage(shop: &Shop, at: u64, bytes: usize) {
    overwrite(&shop.database(), at, bytes);
}

fn overwrite(database: &Path, at: u64, bytes: usize) {
    let mut file = OpenOptions::new().write(true).open(database).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&vec![0xff; bytes]).unwrap();
}

fn shop_with_a_backup() -> (Shop, String, i64) {
    let shop = Shop::new();
    shop.fill(1_000);
    let connection = Connection::open(shop.database()).unwrap();
    connection.pragma_update(None, "user_version", 4).unwrap();
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(connection);
    let point = shop.back_up();
    let rows = count_items(&shop.database());
    (shop, text(&point["id"]).to_owned(), rows)
}

/// The line of what was said that begins so, as a shell runs it.
fn run(shop: &Shop, said: &str, begins: &str, more: &str) {
    let line = said.lines().map(str::trim).find(|line| line.starts_with(begins));
    let line = line.unwrap_or_else(|| panic!("no command begins with {begins}: {said}"));
    let line = line.replacen(
        "agent ",
        &format!("{} ", program().display()),
        usize::from(begins.starts_with("agent")),
    );
    let line = line.replace(" owner.secret.asc", " kit/owner.secret.asc");
    let output = Command::new("sh")
        .args(["-c", &format!("{line}{more}")])
        .current_dir(shop.dir.path())
        .env("OWNER_KEY_PASSPHRASE", PASSPHRASE)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{line}: {}",
        crate::shop::stderr(&output)
    );
}

#[test]
fn of_a_damaged_page_the_other_rows_and_the_older_point_are_had_by_what_is_said() {
    let (shop, point, rows) = shop_with_a_backup();
    damage(&shop, 20 * PAGE, 4_096);
    let said = shop.agent_refuses(1, &["backup"]);
    assert!(said.contains("SQLite finds the live database damaged"), "{said}");
    run(&shop, &said, "{ sqlite3", "");
    let saved = shop.path("live/shop.db.saved");
    assert_eq!(integrity_of(&saved), "ok");
    let saved_as = Connection::open(&saved).unwrap();
    let version: i64 = saved_as
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 4, "by it the bot knows its shop");
    let had = count_items(&saved);
    assert!(had < rows && had > rows * 9 / 10, "{had} of {rows}");
    assert!(said.contains(&point), "{said}");
    run(&shop, &said, "agent restore", " --yes");
    assert_eq!(count_items(&shop.path("restored/shop.db")), rows);
}

/// A shop with six sales after its first point, each of them durable by itself.
fn selling() -> (Shop, Running, Connection) {
    let shop = Shop::new();
    shop.fill(1_000);
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    let bot = Connection::open(shop.database()).unwrap();
    for _ in 0..6 {
        bot.execute("INSERT INTO item (text) VALUES ('sold')", [])
            .unwrap();
        agent.wait_for("/durable");
    }
    (shop, agent, bot)
}

#[test]
fn what_was_followed_after_the_newest_sound_point_comes_back_by_what_is_said_everywhere() {
    let (shop, agent, bot) = selling();
    wait_until_both_hold_the_same(&shop);
    let sold = count_items(&shop.database());
    agent.burn();
    bot.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(bot);
    damage(&shop, 20 * PAGE, 4_096);
    let said = shop.agent_refuses(1, &["backup"]);
    let command = |text: &str| {
        let (_, rest) = text
            .split_once("--before-commit ")
            .unwrap_or_else(|| panic!("{text}"));
        let choice: Vec<&str> = rest.split_whitespace().take(3).collect();
        choice.join(" ")
    };
    let status = String::from_utf8(shop.agent(&["status"]).stdout).unwrap();
    let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let alert = store.book().unwrap().alerts["database/shop"].detail.clone();
    assert_eq!(
        [command(&status), command(&alert)],
        [command(&said), command(&said)]
    );
    run(&shop, &said, "agent restore", " --yes");
    assert_eq!(integrity_of(&shop.path("restored/shop.db")), "ok");
    assert_eq!(count_items(&shop.path("restored/shop.db")), sold);
}

#[test]
fn a_database_that_cannot_be_opened_at_all_is_refused_with_the_older_point() {
    let (shop, point, rows) = shop_with_a_backup();
    damage(&shop, 0, 100);
    let said = shop.agent_refuses(1, &["backup"]);
    assert!(
        said.contains("the database is damaged: ") && said.contains(&point),
        "{said}"
    );
    run(&shop, &said, "agent restore", " --yes");
    assert_eq!(count_items(&shop.path("restored/shop.db")), rows);
}

#[test]
fn a_delta_of_a_freshly_damaged_database_is_no_sound_point_and_the_sound_base_under_it_stays_one() {
    let (shop, sound, _) = shop_with_a_backup();
    damage(&shop, 20 * PAGE, 4_096);
    let said = shop.agent_refuses(1, &["backup", "--delta"]);
    assert!(
        said.contains("SQLite finds the live database damaged") && said.contains(&sound),
        "{said}"
    );
    let listed = shop.listed();
    let damaged: Vec<(bool, bool)> = listed
        .iter()
        .map(|point| (point["base"].is_null(), point["damage"].is_null()))
        .collect();
    assert_eq!(damaged, [(false, false), (true, true)], "{listed:?}");
    // The age of the backups is that of the sound one.
    let status: Value = serde_json::from_str(&shop.agent_done(&["status", "--json"])).unwrap();
    let holds = |at: usize| text(&status["backups"][at]["point"]).to_owned();
    assert_eq!([holds(0), holds(1)], [sound.clone(), sound], "{status}");
    // And so is the schedule's: the damaged one is not the one that was owed.
    let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let now = UnixMillis(Timestamp::now().as_millisecond());
    let full = store.newest_for_all_at(now, false).unwrap();
    assert!(full.is_some() && store.newest_for_all_at(now, true).unwrap() == full);
    let lines = store.point_lines(9, now).unwrap();
    let damaged: Vec<bool> = lines.iter().map(|line| line.is_damaged).collect();
    assert_eq!(damaged, [false, true], "what the page and the console show");
}

#[test]
fn points_of_a_damaged_database_count_for_nothing_and_the_sound_one_stays_and_is_offered() {
    let (shop, sound, rows) = shop_with_a_backup();
    let toml = std::fs::read_to_string(shop.path("agent.toml")).unwrap();
    std::fs::write(
        shop.path("agent.toml"),
        format!("{toml}\n[retention]\nhourly = 1\n"),
    )
    .unwrap();
    let other = shop.back_up();
    // Three days ago, by the clock of the remotes.
    let past = std::time::SystemTime::now() - std::time::Duration::from_secs(3 * 86_400);
    for remote in ["local", "offsite"] {
        for file in files_under(&shop.path(remote)) {
            std::fs::File::open(&file).unwrap().set_modified(past).unwrap();
        }
    }
    damage(&shop, 20 * PAGE, 4_096);
    let said: Vec<String> = (0..3).map(|_| shop.agent_refuses(1, &["backup"])).collect();
    assert!(
        said.iter().all(|said| said.contains(text(&other["id"]))),
        "the newest sound point: {said:?}"
    );
    // A delta is looked at as well, and what stands on a damaged one is no better.
    let delta = shop.agent_refuses(1, &["backup", "--delta"]);
    assert!(
        delta.contains("SQLite finds the live database damaged"),
        "{delta}"
    );

    let listed = shop.listed();
    let states: Vec<(bool, bool)> = listed
        .iter()
        .map(|point| (point["verified"] == true, point["damage"].is_null()))
        .collect();
    assert_eq!(
        states.iter().filter(|state| **state == (true, true)).count(),
        2,
        "{listed:?}"
    );
    assert_eq!(
        states.iter().filter(|state| **state == (false, false)).count(),
        4,
        "{listed:?}"
    );
    assert!(shop.agent_done(&["list"]).contains("DAMAGED"));
    let status = String::from_utf8(shop.agent(&["status"]).stdout).unwrap();
    assert!(
        status.contains(&format!(
            "known here: agent restore --point {}",
            text(&other["id"])
        )),
        "{status}"
    );

    let plan = shop.agent_done(&["prune", "--dry-run", "--json", "--remote", "local"]);
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let objects = plan["remotes"][0]["objects"].as_array().unwrap();
    for point in [sound.as_str(), text(&other["id"])] {
        let of_it: Vec<&Value> = objects
            .iter()
            .filter(|it| text(&it["key"]).contains(point))
            .collect();
        assert!(
            of_it.len() > 1 && of_it.iter().all(|it| it["state"] == "keep"),
            "{of_it:?}"
        );
    }

    let newest = text(&listed[0]["id"]);
    let plan = shop.agent_done(&restoring("again", &["--point", newest, "--dry-run"]));
    assert!(plan.contains("SQLite found the live database damaged"), "{plan}");
    let refused = shop.agent_refuses(1, &restoring("again", &["--latest"]));
    let offered = format!("The next best restore point is {}", text(&other["id"]));
    assert!(refused.contains(&offered), "{refused}");
    run(&shop, &refused, "agent restore", " --yes");
    assert_eq!(count_items(&shop.path("again/shop.db")), rows);
}

#[test]
fn what_a_look_at_a_large_database_finds_is_told_of_every_point_that_waited_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let minute = |minute: i64| UnixMillis(1_795_000_000_000 + minute * 60_000);
    let add = |at: i64, base, is_checked| {
        let known = point(minute(at), 1_000, base);
        let how = How {
            is_for_all: true,
            is_checked,
            sealed_to: None,
            change_counter: None,
            growth: None,
        };
        store.add_point(&known, how).unwrap();
        known.manifest
    };
    let early = add(0, None, false);
    let chain = &early.chain;
    assert!(store.waits_for_checkup(chain).unwrap());
    store.settle_checkup(chain, minute(1), None).unwrap();
    assert!(!store.waits_for_checkup(chain).unwrap());
    let full = add(10, None, false);
    let delta = add(11, Some(early.point.clone()), false);
    add(12, None, true);
    let upon = add(13, Some(full.point.clone()), true);
    add(20, None, false);
    store
        .settle_checkup(chain, minute(15), Some("page 7 is wrong"))
        .unwrap();
    let damaged = [&full, &delta, &upon].map(|manifest| manifest.point.to_string());
    assert_eq!(
        store.points_damaged().unwrap(),
        damaged,
        "neither the one that was found well before, nor one that was looked at itself, nor one after it"
    );
    assert!(store.waits_for_checkup(chain).unwrap(), "the last one");
    assert_eq!(store.newest_sound_at(minute(30)).unwrap(), Some(minute(20)));
    assert_eq!(store.freshness(minute(14)).unwrap()[0].taken_at, minute(12));
}

#[test]
fn a_commit_that_did_the_damage_leaves_the_point_below_it_and_that_one_is_named() {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    let expected = count_items(&shop.database());
    let wrong = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 9999 WHERE name = 'item';";
    Connection::open(shop.database())
        .unwrap()
        .execute_batch(wrong)
        .unwrap();
    agent.wait_for("/durable");
    agent.burn();
    let said = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    assert!(said.contains("may be sound"), "{said}");
    run(&shop, &said, "agent restore", " --yes");
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    assert_eq!(count_items(&shop.path("back/shop.db")), expected);
}

#[test]
fn where_a_chain_begins_with_damage_the_newest_commit_of_the_one_before_is_named() {
    let (shop, agent, bot) = selling();
    let expected = count_items(&shop.database());
    // A damaged copy in the shop's place.
    let copy = shop.path("copy.db");
    bot.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    drop(bot);
    Connection::open(&copy)
        .unwrap()
        .pragma_update(None, "journal_mode", "WAL")
        .unwrap();
    overwrite(&copy, 20 * PAGE, 4_096);
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(shop.path(&format!("live/shop.db{suffix}")));
    }
    std::fs::rename(&copy, shop.database()).unwrap();
    let store = || Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let start = std::time::Instant::now();
    while store().points().unwrap().len() < 2 {
        assert!(start.elapsed() < LIMIT * 4, "there is no backup of the copy");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    agent.burn();
    let said = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    run(&shop, &said, "agent restore", " --yes");
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    assert_eq!(count_items(&shop.path("back/shop.db")), expected);
}
