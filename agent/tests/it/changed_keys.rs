//! Another key in [backup] recipients: what is backed up from then on stands on a full backup that the new key opens, and
//! until there is one nobody hears that all is well.

use std::fs;

use agent::store::Store;
use rusqlite::Connection;

use crate::{
    capture_rig::{bot, wait_for},
    running::Running,
    shop::{Shop, count_items, restoring, text},
};

/// A shop with an agent that has taken its first backup, and a second key that nobody uses yet.
fn shop_and_agent() -> (Shop, Running, Connection) {
    let shop = Shop::new();
    shop.agent_done(&["key", "new", "--out", "spare", "--name", "New owner"]);
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    shop.back_up();
    agent.wait_for("/durable");
    let bot = bot(&shop.database());
    commit(&bot);
    agent.wait_for("/durable");
    (shop, agent, bot)
}

fn commit(bot: &Connection) {
    bot.execute("INSERT INTO item (text) VALUES ('sold')", [])
        .unwrap();
}

/// The configuration names these instead of the owner's alone.
fn name_recipients(shop: &Shop, certificates: &str) {
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let line = settings
        .lines()
        .find(|line| line.starts_with("recipients"))
        .unwrap();
    let settings = settings.replace(line, &format!("recipients = [{certificates}]"));
    fs::write(shop.path("agent.toml"), settings).unwrap();
}

/// What `agent check` says; nothing listens in Telegram's place, which is wrong as well.
fn checked(shop: &Shop) -> String {
    String::from_utf8_lossy(&shop.agent(&["check"]).stdout).into_owned()
}

/// How many items each key brings back of the newest state.
fn brought_back_by(shop: &Shop, kit: &str) -> i64 {
    of_chain_by(shop, kit, &[])
}

fn of_chain_by(shop: &Shop, kit: &str, chain: &[&str]) -> i64 {
    let (folder, key) = (format!("back-{kit}"), format!("{kit}/owner.secret.asc"));
    let more = [&["--latest"], chain].concat();
    let command = restoring(&folder, &more);
    let command: Vec<&str> = command
        .iter()
        .map(|word| match *word {
            "kit/owner.secret.asc" => key.as_str(),
            word => word,
        })
        .collect();
    shop.agent_done(&command);
    let items = count_items(&shop.path(&folder).join("shop.db"));
    fs::remove_dir_all(shop.path(&folder)).unwrap();
    items
}

#[test]
fn an_agent_that_starts_with_another_key_takes_a_full_backup_for_it_at_once() {
    let (shop, agent, bot) = shop_and_agent();
    agent.burn();
    name_recipients(&shop, "\"spare/owner.asc\"");
    let told = checked(&shop);
    assert!(
        told.contains("WRONG  the keys of the backups: ") && told.contains("none of the keys"),
        "{told}"
    );
    let status = shop.agent_done(&["status"]);
    assert!(status.contains("Keys:     the newest full backup, "), "{status}");
    let agent = Running::start(&shop);
    commit(&bot);
    agent.wait_for("/durable");
    assert_eq!(brought_back_by(&shop, "spare"), 3);
    // What the new key does not open has its own, and the command that is printed works.
    let new = [
        "restore",
        "--key",
        "spare/owner.secret.asc",
        "--yes",
        "--to",
        "early",
        "--commit",
    ];
    let refused = shop.agent_refuses(1, &[&new[..], &["1"]].concat());
    assert!(refused.contains("the key of that time opens them"), "{refused}");
    let (_, after) = refused.split_once(" --commit ").expect(&refused);
    let commit: String = after.chars().take_while(char::is_ascii_digit).collect();
    shop.agent_done(&[&new[..], &[commit.as_str()]].concat());
    shop.restore_to("old", &["--commit", "1"]);
    assert!(!checked(&shop).contains("the keys of the backups"));
    assert!(!shop.agent_done(&["status"]).contains("Keys:     "));
}

#[test]
fn a_key_that_is_changed_under_a_running_agent_is_followed_without_a_restart() {
    let (shop, agent, bot) = shop_and_agent();
    name_recipients(&shop, "\"spare/owner.asc\"");
    commit(&bot);
    agent.wait_for("/durable");
    assert_eq!(brought_back_by(&shop, "spare"), 3);
    name_recipients(&shop, "\"spare/owner.asc\", \"kit/owner.asc\"");
    commit(&bot);
    let start = std::time::Instant::now();
    while shop.listed().len() < 3 {
        assert!(
            start.elapsed() < crate::world::LIMIT,
            "no full backup for the added key"
        );
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    agent.wait_for("/durable");
    for kit in ["kit", "spare"] {
        assert_eq!(brought_back_by(&shop, kit), 4, "{kit}");
    }
}

#[test]
fn a_delta_for_other_keys_than_its_base_becomes_a_full_backup_and_says_why() {
    let shop = Shop::new();
    shop.agent_done(&["key", "new", "--out", "spare", "--name", "Cold spare"]);
    shop.back_up();
    assert!(
        shop.agent_done(&["backup", "--delta"]).starts_with("Delta on "),
        "the same key"
    );
    // Of a point that an earlier program took nobody knows the keys: that alone is no reason.
    Connection::open(shop.path("state/agent.db"))
        .unwrap()
        .execute("UPDATE restore_point SET sealed_to = NULL", [])
        .unwrap();
    assert!(!checked(&shop).contains("the keys of the backups"));
    let told = shop.agent_done(&["backup", "--delta"]);
    assert!(told.starts_with("Delta on "), "after an upgrade: {told}");
    shop.back_up();
    for certificates in [
        "\"spare/owner.asc\", \"kit/owner.asc\"",
        "\"spare/owner.asc\"",
        "\"kit/owner.asc\"",
    ] {
        name_recipients(&shop, certificates);
        let told = shop.agent_done(&["backup", "--delta"]);
        assert!(
            told.starts_with("Full backup ") && told.contains("[backup] recipients names other keys"),
            "{certificates}: {told}"
        );
        let told = shop.agent_done(&["backup", "--delta"]);
        assert!(told.starts_with("Delta on "), "{certificates}: {told}");
    }
    assert_eq!(brought_back_by(&shop, "kit"), 1);
}

/// Waits until `agent status` says so, or does not any more.
fn wait_for_status(shop: &Shop, words: &str, is_said: bool) -> String {
    let start = std::time::Instant::now();
    loop {
        let said = shop.agent_done(&["status"]);
        if said.contains(words) == is_said {
            return said;
        }
        assert!(start.elapsed() < crate::world::LIMIT, "{said}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

fn wait_for_points(shop: &Shop, count: usize) {
    let start = std::time::Instant::now();
    while shop.listed().len() < count {
        assert!(start.elapsed() < crate::world::LIMIT, "there is no full backup");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn a_chain_that_begins_while_a_certificate_does_not_read_gets_a_full_backup_for_every_key() {
    let (shop, agent, owner) = shop_and_agent();
    name_recipients(&shop, "\"spare/owner.asc\", \"kit/owner.asc\"");
    wait_for_points(&shop, 2);
    fs::remove_file(shop.path("kit/owner.asc")).unwrap();
    wait_for_status(&shop, "recipients_unread", true);
    // Another file in the database's place.
    let copy = shop.path("copy.db");
    owner.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    drop(owner);
    drop(bot(&copy));
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(shop.path(&format!("live/shop.db{suffix}"))).unwrap();
    }
    fs::rename(&copy, shop.database()).unwrap();
    wait_for_points(&shop, 3);
    commit(&bot(&shop.database()));
    agent.wait_for("/durable");
    wait_for_status(&shop, "recipients_unread", true);
    let refused = shop.agent_refuses(2, &["backup"]);
    assert!(refused.contains("kit/owner.asc"), "{refused}");
    agent.burn();
    // Nobody gets another file than the shop's who does not name it.
    let chain = shop.listed()[0]["chain"].clone();
    for kit in ["kit", "spare"] {
        assert_eq!(of_chain_by(&shop, kit, &["--chain", text(&chain)]), 3, "{kit}");
    }
}

#[test]
fn a_certificate_that_does_not_read_stops_no_commit_and_takes_no_key_from_them() {
    let (shop, agent, bot) = shop_and_agent();
    name_recipients(&shop, "\"spare/owner.asc\", \"kit/owner.asc\"");
    // The full backup for both.
    wait_for_points(&shop, 2);
    agent.wait_for("/durable");
    let file = shop.path("kit/owner.asc");
    let whole = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    commit(&bot);
    agent.wait_for("/durable");
    wait_for_status(&shop, "recipients_unread", true);
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    commit(&bot);
    agent.wait_for("/durable");
    let told = shop.agent_done(&["status"]);
    assert!(
        told.contains("Keys:     backup.recipients: ") && !told.contains("NOT captured"),
        "{told}"
    );
    let refused = shop.agent_refuses(2, &["backup"]);
    assert!(refused.contains("kit/owner.asc"), "{refused}");
    fs::write(&file, &whole).unwrap();
    commit(&bot);
    agent.wait_for("/durable");
    for kit in ["kit", "spare"] {
        assert_eq!(brought_back_by(&shop, kit), 5, "{kit}");
    }
    let interrupted = wait_for_status(&shop, "recipients_unread", false);
    assert!(!interrupted.contains("resync"), "{interrupted}");
    // One that never read it knows no key to seal to.
    agent.burn();
    fs::remove_file(&file).unwrap();
    let refused = shop.agent_refuses(2, &["run"]);
    assert!(refused.contains("it cannot be read"), "{refused}");
}

/// The rules of what is wrong, as the running agent wrote them down.
fn rules(shop: &Shop) -> Vec<String> {
    let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let rows = store.alerts().unwrap().into_iter();
    rows.filter(|row| row.loudest.is_some())
        .map(|row| row.rule)
        .filter(|rule| {
            rule.starts_with("config_") || rule.starts_with("backup_") || rule.starts_with("recipients_")
        })
        .collect()
}

#[test]
fn a_configuration_that_does_not_read_any_more_is_told_as_that_and_no_backup_is_promised() {
    let (shop, agent, bot) = shop_and_agent();
    wait_for_points(&shop, 1);
    let path = shop.path("agent.toml");
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{whole}\n[[[slip")).unwrap();
    wait_for("the word of it", || rules(&shop) == ["config_unread"]);
    commit(&bot);
    agent.wait_for("/durable");
    fs::write(&path, whole).unwrap();
    wait_for("its end", || rules(&shop).is_empty());
}

#[test]
fn an_older_key_is_told_how_far_it_opens_and_no_commit_beyond_is_promised() {
    let (shop, agent, bot) = shop_and_agent();
    agent.burn();
    name_recipients(&shop, "\"spare/owner.asc\"");
    let agent = Running::start(&shop);
    for _ in 0..3 {
        commit(&bot);
        agent.wait_for("/durable");
    }
    agent.burn();
    let said = shop.agent_refuses(1, &restoring("old", &["--latest", "--dry-run"]));
    for part in [
        "this key opens the chain",
        "and no further",
        "--key FILE",
        "EARLIER",
    ] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    let (_, after) = said.split_once(" --commit ").expect(&said);
    let commit: String = after.chars().take_while(char::is_ascii_digit).collect();
    shop.restore_to("old", &["--commit", &commit]);
    let next = (commit.parse::<u64>().unwrap() + 1).to_string();
    let said = shop.agent_refuses(1, &restoring("beyond", &["--commit", &next]));
    assert!(said.contains("this key opens the chain"), "{said}");
    // With the key that is named there all of it is had.
    let before = count_items(&shop.path("old/shop.db"));
    assert!(brought_back_by(&shop, "spare") > before);
}
