//! What a fresh machine does when the newest point, or its files, are damaged on every remote: it goes on from an older
//! one where nothing is lost by it, and else says with which command the older state is had.

use std::{fs, time::Duration};

use serde_json::Value;

use crate::shop::{RESTORE, Shop, clock_set, files_under, integrity_of, stderr, text};

const REMOTES: [&str; 2] = ["local", "offsite"];

/// Two full points of a shop in which nothing happened between them, on a machine that knows nothing of them.
fn idle() -> (Shop, Value, Value) {
    let shop = Shop::new();
    shop.fill(16);
    let older = shop.back_up();
    // Points' names tell the second.
    std::thread::sleep(Duration::from_millis(1_100));
    let newest = shop.back_up();
    fs::remove_dir_all(shop.path("state")).unwrap();
    (shop, older, newest)
}

fn damage(shop: &Shop, key: &str) {
    for remote in REMOTES {
        let path = shop.path(remote).join(key);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn a_damaged_part_of_the_newest_point_costs_nothing_when_nothing_happened_since_the_older_one() {
    let (shop, older, newest) = idle();
    damage(&shop, text(&newest["objects"][0]));
    let said = shop.agent_done(&RESTORE);
    assert!(said.contains(text(&newest["objects"][0])), "{said}");
    assert!(
        said.contains(&format!("older point {}", text(&older["id"]))),
        "{said}"
    );
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
}

#[test]
fn an_unreadable_newest_manifest_is_refused_with_the_command_for_the_older_point_which_works() {
    let (shop, older, newest) = idle();
    damage(&shop, text(&newest["manifest"]));
    let said = shop.agent_refuses(1, &RESTORE);
    assert!(said.contains(text(&newest["manifest"])), "{said}");
    let point = format!("--point {}", text(&older["id"]));
    assert!(said.contains(&point), "{said}");
    let mut with_point = RESTORE.to_vec();
    with_point.extend(["--point", text(&older["id"])]);
    shop.agent_done(&with_point);
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
}

#[test]
fn a_commits_number_names_what_is_damaged_as_the_newest_state_does() {
    let (shop, older, newest) = idle();
    let by_number =
        |shop: &Shop, code: i32| shop.agent_refuses(code, &[&RESTORE[..], &["--commit", "1"]].concat());
    damage(&shop, text(&newest["manifest"]));
    let plan = shop.agent_done(&[&RESTORE[..], &["--commit", "1", "--dry-run"]].concat());
    assert!(plan.contains(text(&newest["manifest"])), "{plan}");
    damage(&shop, text(&older["manifest"]));
    let said = by_number(&shop, 1);
    for point in [&older, &newest] {
        assert!(
            said.contains(text(&point["manifest"])) && !said.contains("with this key"),
            "{said}"
        );
    }
    // Another kit's key.
    let (shop, ..) = idle();
    let other = Shop::new();
    other.agent_done(&["key", "new", "--out", "other"]);
    for file in ["owner.secret.asc", "owner.asc"] {
        fs::copy(other.path("other").join(file), shop.path("kit").join(file)).unwrap();
    }
    let said = by_number(&shop, 1);
    assert!(said.contains("they were encrypted to"), "{said}");
}

fn remove(shop: &Shop, key: &str) {
    for remote in REMOTES {
        fs::remove_file(shop.path(remote).join(key)).unwrap();
    }
}

fn files_of(point: &Value) -> String {
    format!("files/{}.tar.zst.pgp", text(&point["id"]))
}

#[test]
fn damaged_files_are_those_of_the_older_point_and_the_database_is_the_newest() {
    let (shop, older, newest) = idle();
    let key = files_of(&newest);
    damage(&shop, &key);
    for gone in [false, true] {
        if gone {
            remove(&shop, &key);
        }
        let said = shop.agent_done(&RESTORE);
        assert!(said.contains(&key), "{said}");
        let instead = format!("those of the older point {}", text(&older["id"]));
        assert!(said.contains(&instead), "{said}");
        let database = format!("Restore point  {}", text(&newest["id"]));
        assert!(said.contains(&database), "{said}");
        assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
        assert!(shop.path("back/files").is_dir(), "{said}");
        fs::remove_dir_all(shop.path("back")).unwrap();
    }
    let mut alone = RESTORE.to_vec();
    alone.extend(["--only", "config"]);
    let said = shop.agent_refuses(1, &alone);
    let point = format!("--only config --to back --point {}", text(&older["id"]));
    assert!(said.contains(&key) && said.contains(&point), "{said}");
    alone.extend(["--point", text(&older["id"])]);
    shop.agent_done(&alone);
    assert!(!shop.path("back/shop.db").exists() && shop.path("back/files").is_dir());
}

#[test]
fn without_any_files_the_database_comes_back_all_the_same() {
    let (shop, older, newest) = idle();
    damage(&shop, &files_of(&newest));
    remove(&shop, &files_of(&older));
    let said = shop.agent_done(&RESTORE);
    assert!(
        said.contains(&files_of(&newest)) && said.contains(&files_of(&older)),
        "{said}"
    );
    assert!(said.contains("restored without configuration"), "{said}");
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    assert!(!shop.path("back/files").exists());
}

#[test]
fn a_point_from_a_clock_that_ran_ahead_gives_neither_its_database_nor_its_files() {
    let Some(ahead) = clock_set("+5d") else { return };
    let shop = Shop::new();
    shop.fill(16);
    let ahead = shop.command(&["backup"]).envs(ahead).output().unwrap();
    assert!(ahead.status.success(), "{}", stderr(&ahead));
    let mark = "# written after the clock was set right";
    let path = shop.path("etc/.env");
    let settings = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{settings}{mark}\n")).unwrap();
    let newest = shop.agent_done(&["backup"]);
    let newest = newest.split_whitespace().nth(2).unwrap();
    let said = shop.agent_done(&RESTORE);
    assert!(said.contains(&format!("Restore point  {newest}")), "{said}");
    let files = files_under(&shop.path("back/files"));
    let texts: Vec<String> = files
        .iter()
        .map(|path| fs::read_to_string(path).unwrap_or_default())
        .collect();
    assert!(texts.iter().any(|text| text.contains(mark)), "{files:?}");
}

#[test]
fn a_chain_that_is_not_there_is_not_called_a_wrong_key() {
    let (shop, _, _) = idle();
    let mut of_chain = RESTORE.to_vec();
    of_chain.extend(["--chain", "ffff"]);
    let said = shop.agent_refuses(1, &of_chain);
    assert!(
        said.contains("whose name begins with ffff") && said.contains("agent list"),
        "{said}"
    );
    assert!(!said.contains("key"), "{said}");
}

#[test]
fn a_backup_of_another_database_says_so_and_the_one_before_is_had_by_its_chain() {
    let shop = Shop::new();
    shop.fill(16);
    let newest = shop.back_up();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let other = shop.path("live/other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE wrong (a); INSERT INTO wrong VALUES (1)")
        .unwrap();
    let mistaken = settings.replace("live/shop.db", "live/other.db");
    fs::write(shop.path("agent.toml"), mistaken).unwrap();
    let said = shop.agent_done(&["backup"]);
    let chain = text(&newest["chain"]);
    assert!(said.contains("mend [backup] database"), "{said}");
    assert!(said.contains(&format!("--chain {}", &chain[..8])), "{said}");
    fs::write(shop.path("agent.toml"), settings).unwrap();
    let mut of_chain = RESTORE.to_vec();
    of_chain.extend(["--latest", "--chain", &chain[..8]]);
    shop.agent_done(&of_chain);
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
}

#[test]
fn a_remote_that_was_put_back_is_named_once_and_not_with_every_point_that_it_lacks() {
    let shop = Shop::new();
    shop.fill(16);
    let first = shop.back_up();
    let kept = files_under(&shop.path("local"));
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(1_100));
        shop.fill(1);
        shop.back_up();
    }
    let now = files_under(&shop.path("local")).into_iter();
    now.filter(|path| !kept.contains(path))
        .for_each(|path| fs::remove_file(path).unwrap());
    let said = shop.agent_refuses(1, &[&RESTORE[..], &["--latest", "--remote", "local"]].concat());
    assert_eq!(said.matches("put back to an older state").count(), 1, "{said}");
    assert!(said.contains("3 newer restore points"), "{said}");
    assert!(!said.contains("cut short") && said.len() < 1_200, "{said}");
    assert!(said.contains(text(&first["id"])), "what there is instead: {said}");
}

#[test]
fn what_lies_beside_what_was_asked_for_is_called_earlier_or_later_and_by_how_much() {
    let shop = Shop::new();
    shop.fill(16);
    let older = shop.back_up();
    // Points' names tell the second.
    std::thread::sleep(Duration::from_millis(1_100));
    shop.fill(1);
    let newer = shop.back_up();
    fs::remove_dir_all(shop.path("state")).unwrap();
    let instead = |gone: &Value, asked: &[&str], there: &Value, side: &str| {
        let object = text(&gone["objects"][0]);
        let whole = fs::read(shop.path("local").join(object)).unwrap();
        remove(&shop, object);
        let said = shop.agent_refuses(1, &[&RESTORE[..], asked].concat());
        for part in [side, " than what you asked for, by 1 commit", text(&there["id"])] {
            assert!(said.contains(part), "{part} is not said: {said}");
        }
        for remote in REMOTES {
            fs::write(shop.path(remote).join(object), &whole).unwrap();
        }
    };
    let commit = older["commit"].to_string();
    instead(&older, &["--commit", &commit], &newer, "LATER");
    let point = text(&newer["id"]);
    instead(&newer, &["--point", point], &older, "EARLIER");
}

#[test]
fn files_that_were_never_backed_up_are_not_called_restored() {
    let shop = Shop::new();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let without = settings.replace("files = [\"etc\"]\n", "");
    fs::write(shop.path("agent.toml"), without).unwrap();
    let point = shop.back_up();
    let mut alone = RESTORE.to_vec();
    alone.extend(["--only", "config"]);
    let said = shop.agent_refuses(1, &alone);
    for part in [
        "there is nothing to restore",
        text(&point["id"]),
        "under [backup]",
    ] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    assert!(!shop.path("back").exists());
    fs::write(shop.path("agent.toml"), settings).unwrap();
    std::thread::sleep(Duration::from_millis(1_100));
    shop.back_up();
    let said = shop.agent_done(&alone);
    assert!(
        said.contains("Restored: configuration") && !said.contains("Restored: the shop"),
        "{said}"
    );
    assert!(shop.path("back/files").is_dir());
}
