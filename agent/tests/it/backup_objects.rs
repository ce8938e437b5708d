//! What lies on the remotes after a backup: openable by gpg and zstd alone, readable by nobody else.

use std::fs;

use rusqlite::Connection;

use crate::shop::{CANARY, Shop, count_items, files_under, integrity_of, stderr, text};

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn gpg_and_zstd_alone_give_back_a_database_that_was_copied_while_it_was_written() {
    let shop = Shop::new();
    let fill = "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
        INSERT INTO item (text) SELECT hex(randomblob(1000)) FROM n";
    Connection::open(shop.database())
        .unwrap()
        .execute_batch(fill)
        .unwrap();
    let before = count_items(&shop.database());
    let writer = shop.keep_writing();
    let point = shop.back_up();
    let commits = writer.stop();
    assert!(commits > 0, "the bot was not blocked");
    shop.import_keys("offsite");
    for remote in ["local", "offsite"] {
        let objects = point["objects"].as_array().unwrap();
        assert!(objects.len() > 1, "a database of several parts");
        let joined: Vec<u8> = objects
            .iter()
            .flat_map(|object| shop.open_by_hand(remote, text(object)))
            .collect();
        assert_eq!(Some(joined.len() as u64), point["database_bytes"].as_u64());
        let database = shop.path("joined.db");
        fs::write(&database, joined).unwrap();
        assert_eq!(integrity_of(&database), "ok");
        let items = count_items(&database);
        assert!(items >= before && items <= before + i64::try_from(commits).unwrap());
    }
    let files = shop.open_by_hand("offsite", text(&point["files"][0]));
    assert!(contains(&files, CANARY.as_bytes()), ".env is in the archive");
    assert_eq!(point["verified"], true);
    assert_eq!(point["remotes"], serde_json::json!(["local", "offsite"]));
}

#[test]
fn nothing_readable_is_on_a_remote_and_nothing_plain_stays_behind() {
    let shop = Shop::new();
    shop.back_up();
    let objects: Vec<_> = ["local", "offsite"]
        .iter()
        .flat_map(|remote| files_under(&shop.path(remote)))
        .collect();
    assert_eq!(
        objects.len(),
        8,
        "the certificate, a part, the files and the manifest, on each: {objects:?}"
    );
    for object in &objects {
        let bytes = fs::read(object).unwrap();
        for plain in [CANARY, "SQLite format 3", "CREATE TABLE", "DATA_KEY", "page_root"] {
            assert!(
                !contains(&bytes, plain.as_bytes()),
                "{plain} is readable in {}",
                object.display()
            );
        }
    }
    for left in files_under(&shop.path("state")) {
        assert!(
            !contains(&fs::read(&left).unwrap(), CANARY.as_bytes()),
            "{} holds plain text",
            left.display()
        );
    }
    assert!(!shop.path("state/staging").exists());
}

#[test]
fn a_backup_writes_nothing_into_the_database_and_leaves_its_log_alone() {
    let shop = Shop::new();
    let bot = Connection::open(shop.database()).unwrap();
    bot.execute("INSERT INTO item (text) VALUES ('x')", []).unwrap();
    let state = |name: &str| fs::read(shop.path(name)).unwrap();
    let before = (state("live/shop.db"), state("live/shop.db-wal"));
    shop.back_up();
    assert!(
        before == (state("live/shop.db"), state("live/shop.db-wal")),
        "database or log changed"
    );
    drop(bot);
}

#[test]
fn one_remote_that_is_down_does_not_stop_the_other_and_is_named() {
    let shop = Shop::new();
    // A file where the folder should be: the remote is there for the configuration, and takes nothing.
    fs::create_dir_all(shop.path("local")).unwrap();
    fs::write(shop.path("local/base"), "in the way").unwrap();
    let said = shop.agent_refuses(1, &["backup"]);
    assert!(said.contains("the remote local does not hold"), "{said}");
    let point = shop.listed().remove(0);
    assert_eq!(point["remotes"], serde_json::json!(["offsite"]));
    assert_eq!(point["verified"], true);
    shop.agent_done(&[
        "restore",
        "--to",
        "back",
        "--key",
        "kit/owner.secret.asc",
        "--yes",
    ]);
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
}

#[test]
fn the_catalogue_is_not_needed_to_list() {
    let shop = Shop::new();
    let point = shop.back_up();
    fs::remove_dir_all(shop.path("state")).unwrap();
    let bare = shop.listed().remove(0);
    assert_eq!(bare["objects"], point["objects"]);
    assert_eq!(bare["database_bytes"], serde_json::Value::Null);
    let json = shop.agent_done(&["list", "--json", "--key", "kit/owner.secret.asc"]);
    let opened: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        opened["restore_points"][0]["database_bytes"],
        point["database_bytes"]
    );
}

#[test]
fn a_manifest_that_does_not_open_hides_no_other_point() {
    let shop = Shop::new();
    let point = shop.back_up();
    std::thread::sleep(std::time::Duration::from_millis(2));
    shop.back_up();
    for remote in ["local", "offsite"] {
        fs::write(shop.path(remote).join(text(&point["manifest"])), "rubbish").unwrap();
    }
    fs::remove_dir_all(shop.path("state")).unwrap();
    let json = shop.agent_done(&["list", "--json", "--key", "kit/owner.secret.asc"]);
    let listed: serde_json::Value = serde_json::from_str(&json).unwrap();
    let points = listed["restore_points"].as_array().unwrap();
    assert_eq!(points.len(), 2);
    assert_eq!(points[0]["problems"], serde_json::json!([]));
    assert_eq!(
        points[1]["id"], point["id"],
        "the newest comes first, also within a second"
    );
    assert!(text(&points[1]["problems"][0]).contains(text(&point["manifest"])));
}

#[test]
fn what_cannot_be_archived_is_named() {
    let shop = Shop::new();
    std::os::unix::fs::symlink("/etc/passwd", shop.path("etc/link")).unwrap();
    let output = shop.agent(&["backup"]);
    assert!(output.status.success());
    assert!(
        stderr(&output).contains("etc/link is a symbolic link"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_secret_key_as_a_recipient_is_refused_before_anything_starts() {
    let shop = Shop::new();
    shop.use_certificate("kit/owner.secret.asc");
    let said = shop.agent_refuses(2, &["backup"]);
    assert!(said.contains("SECRET key"), "{said}");
    assert!(!shop.path("state").exists());
}

#[test]
fn check_asks_every_remote_and_where_the_data_key_is() {
    let shop = Shop::new();
    let said = shop.agent_done(&["check"]);
    assert!(
        said.contains("remote local") && said.contains("remote offsite") && said.contains("DATA_KEY"),
        "{said}"
    );
    assert!(files_under(&shop.path("local")).is_empty(), "the probe is gone");
    fs::remove_file(shop.path("etc/.env")).unwrap();
    let said = shop.agent_done(&["check"]);
    assert!(said.contains("DATA_KEY: none is in"), "{said}");
    // Where there is one, it must ride along.
    fs::create_dir(shop.path("credentials")).unwrap();
    fs::write(shop.path("credentials/DATA_KEY"), CANARY).unwrap();
    let output = shop.agent(&["check"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("credentials/DATA_KEY holds DATA_KEY and is not in"),
        "{said}"
    );
}
