//! A database that is damaged where it is used: `agent backup` says how to get out what can be had, and that works.

use std::{
    fs::OpenOptions,
    io::{Seek, SeekFrom, Write},
    process::{Command, Stdio},
};

use rusqlite::Connection;

use crate::shop::{PASSPHRASE, Shop, count_items, integrity_of, program, text};

const PAGE: u64 = 4_096;

/// Writes over a place of the file, which nobody has open and whose log is empty.
fn damage(shop: &Shop, at: u64, bytes: usize) {
    let mut file = OpenOptions::new().write(true).open(shop.database()).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&vec![0xff; bytes]).unwrap();
}

fn shop_with_a_backup() -> (Shop, String, i64) {
    let shop = Shop::new();
    shop.fill(1_000);
    let connection = Connection::open(shop.database()).unwrap();
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
    let line = line.replace("owner.secret.asc", "kit/owner.secret.asc");
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
    run(&shop, &said, "sqlite3", "");
    let saved = shop.path("live/shop.db.saved");
    assert_eq!(integrity_of(&saved), "ok");
    let had = count_items(&saved);
    assert!(had < rows && had > rows * 9 / 10, "{had} of {rows}");
    assert!(said.contains(&point), "{said}");
    run(&shop, &said, "agent restore", " --yes");
    assert_eq!(count_items(&shop.path("restored/shop.db")), rows);
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
