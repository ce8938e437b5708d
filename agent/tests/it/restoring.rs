//! Restoring: the same shop comes back, or nothing is touched and the owner is told what to do.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
};

use protocol::restored::Restored;
use rusqlite::Connection;
use serde_json::Value;

use crate::shop::{CANARY, Shop, count_items, files_under, integrity_of, restoring, stderr, text};

const LIVE: [&str; 5] = ["restore", "--latest", "--key", "kit/owner.secret.asc", "--yes"];

fn insert(shop: &Shop, count: u32) {
    let connection = Connection::open(shop.database()).unwrap();
    for _ in 0..count {
        connection
            .execute("INSERT INTO item (text) VALUES ('order')", [])
            .unwrap();
    }
}

/// Two points a second apart: names tell the second.
pub fn two_points(shop: &Shop) -> (Value, Value) {
    let first = shop.back_up();
    insert(shop, 1);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let second = shop.back_up();
    assert_ne!(first["id"], second["id"]);
    (first, second)
}

fn on_both(shop: &Shop, object: &Value) -> Vec<PathBuf> {
    ["local", "offsite"]
        .iter()
        .map(|remote| shop.path(remote).join(text(object)))
        .collect()
}

#[test]
fn a_lost_shop_comes_back_with_its_files_and_a_note_for_the_bot() {
    let shop = Shop::new();
    insert(&shop, 41);
    let point = shop.back_up();
    for lost in ["live", "etc", "state", "local"] {
        fs::remove_dir_all(shop.path(lost)).unwrap();
    }
    let said = shop.agent_done(&LIVE);
    assert!(
        said.contains("systemctl start bot.service agent.service"),
        "{said}"
    );
    assert_eq!(integrity_of(&shop.database()), "ok");
    assert_eq!(count_items(&shop.database()), 42);
    for name in ["shop.db", "shop.db.lock", "shop.db.restored.json"] {
        let mode = fs::metadata(shop.path("live").join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o660, "bot and agent share {name} by their group");
    }
    let note = fs::read(shop.path("live/shop.db.restored.json")).unwrap();
    let note: Restored = serde_json::from_slice(&note).unwrap();
    assert_eq!(note.restore_point, text(&point["id"]));
    let files = files_under(&shop.path("live"));
    let env = files
        .iter()
        .find(|path| path.ends_with("etc/.env"))
        .expect(".env came back");
    assert!(env.to_string_lossy().contains("/live/restored-"));
    assert!(fs::read_to_string(env).unwrap().contains(CANARY));
}

#[test]
fn the_old_database_is_moved_aside_with_its_log() {
    let shop = Shop::new();
    shop.back_up();
    insert(&shop, 1);
    fs::write(shop.path("live/shop.db-wal"), "an old log").unwrap();
    shop.agent_done(&LIVE);
    assert_eq!(count_items(&shop.database()), 1);
    let aside: Vec<_> = files_under(&shop.path("live"))
        .into_iter()
        .filter(|path| path.to_string_lossy().contains("/replaced-"))
        .collect();
    assert!(aside.iter().any(|path| path.ends_with("shop.db")), "{aside:?}");
    assert!(
        aside.iter().any(|path| path.ends_with("shop.db-wal")),
        "{aside:?}"
    );
}

#[test]
fn a_moment_before_everything_is_refused_as_it_was_read() {
    let shop = Shop::new();
    shop.back_up();
    let at = "2020-02-29 07:08";
    let said = shop.agent_refuses(1, &restoring("back", &["--at", at]));
    assert!(said.contains("from before 2020-02-29 07:08:00 "), "{said}");
    assert!(
        said.contains("the oldest is of 20")
            && said.contains("The oldest that can be restored is ")
            && said.contains("That is LATER than what you asked for, by "),
        "{said}"
    );
    // The command is ready to be copied.
    let command = said.lines().last().unwrap().trim();
    let words: Vec<&str> = command.split(' ').collect();
    let (program, words) = words.split_first().unwrap();
    assert_eq!(*program, "agent");
    let (at, _) = words
        .iter()
        .enumerate()
        .find(|(_, word)| **word == "--config")
        .unwrap();
    let words = [&words[..at], &words[at + 2..], &["--yes"]].concat();
    shop.agent_done(&words);
    assert_eq!(
        count_items(&shop.path("back/shop.db")),
        count_items(&shop.database())
    );
}

#[test]
fn a_moment_picks_the_point_before_it() {
    let shop = Shop::new();
    let (first, second) = two_points(&shop);
    let at = text(&first["taken_at"]).to_owned();
    shop.agent_done(&[
        "restore",
        "--at",
        &at,
        "--key",
        "kit/owner.secret.asc",
        "--yes",
        "--to",
        "a",
    ]);
    assert_eq!(count_items(&shop.path("a/shop.db")), 1);
    shop.agent_done(&[
        "restore",
        "--point",
        text(&second["id"]),
        "--key",
        "kit/owner.secret.asc",
        "--yes",
        "--to",
        "b",
    ]);
    assert_eq!(count_items(&shop.path("b/shop.db")), 2);
    shop.agent_refuses(
        1,
        &[
            "restore",
            "--at",
            "2001-01-01 00:00",
            "--key",
            "kit/owner.secret.asc",
            "--yes",
        ],
    );
    shop.agent_refuses(
        2,
        &[
            "restore",
            "--at",
            "tomorrow",
            "--key",
            "kit/owner.secret.asc",
            "--yes",
        ],
    );
}

/// What may happen to an object on a remote.
pub fn spoil(how: &str, path: &PathBuf) {
    let mut bytes = fs::read(path).unwrap();
    match how {
        "flipped" => {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
            fs::write(path, bytes).unwrap();
        }
        "truncated" => fs::write(path, &bytes[..bytes.len() - 7]).unwrap(),
        _ => fs::remove_file(path).unwrap(),
    }
}

#[test]
fn a_spoilt_object_is_named_with_the_next_best_point_and_nothing_is_touched() {
    let shop = Shop::new();
    let (first, second) = two_points(&shop);
    for kind in ["objects", "manifest"] {
        let object = if kind == "manifest" {
            &second[kind]
        } else {
            &second[kind][0]
        };
        for how in ["flipped", "truncated", "deleted"] {
            let kept = fs::read(&on_both(&shop, object)[0]).unwrap();
            on_both(&shop, object).iter().for_each(|path| spoil(how, path));
            let before = shop.live_state();
            for arguments in [
                LIVE.to_vec(),
                ["restore", "--key", "kit/owner.secret.asc", "--yes", "--to", "to"].to_vec(),
            ] {
                let said = shop.agent_refuses(1, &arguments);
                assert!(said.contains(text(object)), "{how} {kind}: {said}");
                assert!(said.contains(text(&first["id"])), "{how} {kind}: {said}");
                assert!(said.contains("Nothing was changed"), "{said}");
            }
            assert!(shop.live_state() == before, "{how} {kind}: something was touched");
            assert!(!shop.path("to").exists());
            on_both(&shop, object)
                .iter()
                .for_each(|path| fs::write(path, &kept).unwrap());
        }
    }
    // Without the catalogue a manifest that vanished is noticed by what it left behind.
    fs::remove_dir_all(shop.path("state")).unwrap();
    on_both(&shop, &second["manifest"])
        .iter()
        .for_each(|path| fs::remove_file(path).unwrap());
    let said = shop.agent_refuses(1, &LIVE);
    assert!(
        said.contains(&format!("manifest/{}.", text(&second["id"]))) && said.contains(text(&first["id"])),
        "{said}"
    );
    let mut next = LIVE.to_vec();
    next[1] = "--point";
    next.insert(2, text(&first["id"]));
    shop.agent_done(&next);
}

#[test]
fn an_object_that_one_remote_lost_is_taken_from_the_other_and_said() {
    let shop = Shop::new();
    let point = shop.back_up();
    spoil("flipped", &shop.path("local").join(text(&point["objects"][0])));
    let said = shop.restore_to("back", &[]);
    assert!(
        said.contains("altered") && said.contains("was taken from offsite"),
        "{said}"
    );
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    let only = [
        "restore",
        "--key",
        "kit/owner.secret.asc",
        "--yes",
        "--to",
        "again",
        "--remote",
        "local",
    ];
    shop.agent_refuses(1, &only);
}

#[test]
fn a_database_in_use_is_refused_with_the_command_that_stops_it() {
    let shop = Shop::new();
    shop.back_up();
    let refused = |who: &str| {
        let before = shop.live_state();
        let said = shop.agent_refuses(1, &LIVE);
        assert!(
            said.contains(who) && said.contains("systemctl stop bot.service agent.service"),
            "{said}"
        );
        assert_eq!(before, shop.live_state());
    };
    let bot = File::create(shop.path("live/shop.db.lock")).unwrap();
    bot.lock().unwrap();
    refused("the bot");
    drop(bot);
    let agent = File::create(shop.path("state/agent.lock")).unwrap();
    agent.lock().unwrap();
    refused("the agent");
    drop(agent);
    // Somebody without a lock, such as the sqlite3 shell: seen by its open file.
    let somebody = Connection::open(shop.database()).unwrap();
    somebody
        .query_row("SELECT count(*) FROM item", [], |row| row.get::<_, i64>(0))
        .unwrap();
    refused("process");
    drop(somebody);
    shop.agent_done(&LIVE);
}

#[test]
fn without_consent_or_with_the_wrong_key_nothing_happens() {
    let shop = Shop::new();
    shop.back_up();
    shop.back_up();
    let before = shop.live_state();
    let said = shop.agent_refuses(2, &LIVE[..4]);
    assert!(said.contains("--yes"), "{said}");
    let wrong = shop.agent_with_passphrase(&LIVE, "another passphrase");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(stderr(&wrong).contains("passphrase"), "{}", stderr(&wrong));
    shop.agent_done(&["key", "new", "--out", "other"]);
    let said = shop.agent_refuses(1, &["restore", "--key", "other/owner.secret.asc", "--yes"]);
    assert!(said.contains("opens with this key"), "{said}");
    // Said once, by a name that the owner finds in the kit, and by gpg in one that was made before.
    let kit = fs::read_to_string(shop.path("kit/FINGERPRINTS.txt")).unwrap();
    let id = kit.lines().next().unwrap().split_whitespace().last().unwrap();
    assert_eq!((id.len(), said.matches(id).count()), (16, 1), "{kit}: {said}");
    let owner = shop.path("kit/owner.asc");
    let shown = shop.gpg_done(&["--show-keys", "--keyid-format", "long", owner.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&shown).contains(id), "{id}");
    shop.agent_refuses(1, &["restore", "--key", "kit/owner.asc", "--yes"]);
    shop.agent_done(&["restore", "--dry-run", "--key", "kit/owner.secret.asc"]);
    assert_eq!(before, shop.live_state());
}

#[test]
fn nothing_is_restored_into_the_agents_own_folder() {
    let shop = Shop::new();
    shop.back_up();
    std::os::unix::fs::symlink(shop.path("state"), shop.path("link")).unwrap();
    for folder in ["state/back", "state", "link/back"] {
        let said = shop.agent_refuses(1, &restoring(folder, &[]));
        assert!(
            said.contains("lies in the folder of the agent's own state"),
            "{folder}: {said}"
        );
        assert!(said.contains("Name another folder with --to"), "{said}");
    }
    assert!(!shop.path("state/back").exists());
    shop.restore_to("state-of-yesterday", &[]);
}

#[test]
fn a_fingerprint_that_is_nowhere_is_said_to_be() {
    let shop = Shop::new();
    shop.back_up();
    let nobody = "A".repeat(40);
    let told = format!("--trust names {nobody}, and its certificate could be taken from none of the remotes");
    let said = shop.restore_to("back", &["--trust", &nobody]);
    assert!(said.contains(&told), "{said}");
    let own = fs::read_dir(shop.path("local/cert"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let own = own
        .file_name()
        .to_string_lossy()
        .trim_end_matches(".asc")
        .to_owned();
    let said = shop.restore_to("again", &["--trust", &own]);
    assert!(!said.contains("--trust names"), "{said}");
    // On a machine that knows nobody nothing is left to believe.
    fs::rename(shop.path("state"), shop.path("lost")).unwrap();
    let said = shop.agent_refuses(1, &restoring("third", &["--trust", &nobody]));
    assert!(said.contains(&told), "{said}");
}

#[test]
fn nothing_that_can_be_read_is_put_on_a_remote() {
    let shop = Shop::new();
    shop.back_up();
    let before = files_under(&shop.path("local"));
    std::os::unix::fs::symlink(shop.path("local"), shop.path("link")).unwrap();
    for folder in ["local/back", "local", "link/back", "etc/../local/back"] {
        let said = shop.agent_refuses(1, &restoring(folder, &[]));
        assert!(said.contains("lies on the remote local"), "{folder}: {said}");
    }
    assert_eq!(files_under(&shop.path("local")), before);
}

#[test]
fn a_folder_that_is_not_empty_is_left_alone() {
    let shop = Shop::new();
    shop.back_up();
    let said = shop.agent_refuses(
        1,
        &["restore", "--key", "kit/owner.secret.asc", "--yes", "--to", "etc"],
    );
    assert!(said.contains("not empty"), "{said}");
    let dry = shop.agent_refuses(
        1,
        &[
            "restore",
            "--key",
            "kit/owner.secret.asc",
            "--dry-run",
            "--to",
            "etc",
        ],
    );
    assert_eq!(dry, said, "a dry run refuses what the real one does");
    assert_eq!(files_under(&shop.path("etc")).len(), 1);
}

#[test]
fn a_dry_run_beside_a_program_that_has_the_database_shows_the_plan_and_refuses_as_the_restore_would() {
    let shop = Shop::new();
    let point = shop.back_up();
    let open = Connection::open(shop.database()).unwrap();
    open.query_row("SELECT count(*) FROM item", [], |_| Ok(()))
        .unwrap();
    let before = shop.live_state();
    let real = shop.agent_refuses(1, &LIVE);
    let dry = shop.agent(&["restore", "--key", "kit/owner.secret.asc", "--dry-run"]);
    assert_eq!((dry.status.code(), stderr(&dry)), (Some(1), real.clone()));
    assert!(real.contains("is in use by"), "{real}");
    let shown = String::from_utf8_lossy(&dry.stdout).into_owned();
    assert!(shown.contains(text(&point["id"])), "{shown}");
    assert_eq!(before, shop.live_state());
    // Where nothing live is touched nothing is in the way.
    shop.agent_done(&[
        "restore",
        "--key",
        "kit/owner.secret.asc",
        "--dry-run",
        "--to",
        "back",
    ]);
    assert!(!shop.path("back").exists());
}

#[test]
fn before_the_first_commit_is_nothing_and_the_first_that_there_is_is_named() {
    let shop = Shop::new();
    let first = shop.back_up();
    shop.back_up();
    let asked = ["restore", "--key", "kit/owner.secret.asc", "--before-commit", "1"];
    let said = shop.agent_refuses(1, &asked);
    let command = format!("--point {}", text(&first["id"]));
    assert!(
        said.contains("nothing lies before the first commit") && said.contains(&command),
        "{said}"
    );
    assert!(said.contains("after commit 1. To restore it"), "{said}");
}

#[test]
fn a_moment_that_has_not_come_yet_gives_the_newest_and_says_so() {
    let shop = Shop::new();
    shop.back_up();
    let asked = |at| {
        let key = "kit/owner.secret.asc";
        shop.agent_done(&["restore", "--key", key, "--dry-run", "--at", at])
    };
    let said = asked("2199-01-01 00:00");
    assert!(
        said.contains("has not come yet") && said.contains("You get the newest"),
        "{said}"
    );
    let now = jiff::Timestamp::now().to_string();
    assert!(!asked(&now).contains("has not come yet"));
}

#[test]
fn a_part_alone_can_be_restored() {
    let shop = Shop::new();
    shop.back_up();
    let restore = |only: &str, to: &str| {
        shop.agent_done(&[
            "restore",
            "--key",
            "kit/owner.secret.asc",
            "--yes",
            "--only",
            only,
            "--to",
            to,
        ]);
    };
    restore("database", "d");
    restore("config", "c");
    assert_eq!(
        files_under(&shop.path("d")),
        [shop.path("d/shop.db"), shop.path("d/shop.db.restored.json")],
        "the note goes along: whoever puts both in place holds the stock"
    );
    assert!(
        files_under(&shop.path("c"))
            .iter()
            .all(|path| path.starts_with(shop.path("c/files")))
    );
}
