//! Any moment of the window: also on an older chain, in a time that nobody followed, and when somebody else wrote to the
//! remote or put it back.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use agent::{
    backup::{anchor::Anchor, seal::sha256_hex},
    store::Store,
};
use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::{self, PointId, SegmentName},
    time::UnixMillis,
};
use rusqlite::Connection;
use serde_json::Value;

use crate::{
    running::{Running, wait_until_both_hold_the_same},
    shop::{Shop, clock_set, count_items, files_under, restoring, stderr, text},
};

const REMOTES: [&str; 2] = ["local", "offsite"];
/// Names of points tell the second.
const OVER_A_SECOND: Duration = Duration::from_millis(1_100);

fn sell(shop: &Shop, count: u32) {
    let connection = Connection::open(shop.database()).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    for _ in 0..count {
        let sold = "INSERT INTO item (text) VALUES (hex(randomblob(60)))";
        connection.execute(sold, []).unwrap();
    }
}

fn now() -> String {
    jiff::Timestamp::now().to_string()
}

fn restore<'a>(more: &[&'a str]) -> Vec<&'a str> {
    restoring("back", more)
}

/// What was said, and how many items came back.
fn restored(shop: &Shop, more: &[&str]) -> (String, i64) {
    let said = shop.agent_done(&restore(more));
    let count = count_items(&shop.path("back/shop.db"));
    fs::remove_dir_all(shop.path("back")).unwrap();
    (said, count)
}

/// Runs the agent for one chain or the next piece of it: a point, so many commits after it, and all of it on both
/// remotes.
fn run_and_sell(shop: &Shop, count: u32) -> Value {
    let agent = Running::start(shop);
    agent.wait_for("/rest");
    let point = shop.back_up();
    for _ in 0..count {
        sell(shop, 1);
        agent.wait_for("/durable");
    }
    wait_until_both_hold_the_same(shop);
    agent.burn();
    point
}

/// The commands in a refusal, without their program and configuration, which the harness gives.
fn commands(said: &str) -> Vec<Vec<String>> {
    let lines = said
        .lines()
        .filter_map(|line| line.trim().strip_prefix("agent restore"));
    let words = lines.map(|line| line.split(' ').filter(|word| !word.is_empty()));
    words
        .map(|words| {
            ["restore".to_owned(), "--yes".to_owned()]
                .into_iter()
                .chain(words.skip(2).map(str::to_owned))
                .collect()
        })
        .collect()
}

#[test]
fn every_chain_of_the_window_can_be_restored_and_a_number_that_two_have_is_asked_back() {
    let shop = Shop::new();
    let first = run_and_sell(&shop, 6);
    let before = now();
    let (old_count, copy) = (count_items(&shop.database()), shop.path("copy.db"));
    // Another file with the same content: nothing proves that it continues the chain.
    std::thread::sleep(OVER_A_SECOND);
    let connection = Connection::open(shop.database()).unwrap();
    connection
        .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
        .unwrap();
    drop(connection);
    for name in ["shop.db", "shop.db-wal", "shop.db-shm"] {
        let _ = fs::remove_file(shop.path("live").join(name));
    }
    fs::rename(&copy, shop.database()).unwrap();
    let connection = Connection::open(shop.database()).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    drop(connection);
    let second = run_and_sell(&shop, 3);
    assert_ne!(first["chain"], second["chain"]);
    shop.agent_done(&["verify"]);
    let commit = |point: &Value, more: u64| (point["commit"].as_u64().unwrap() + more).to_string();

    // Only the older one came so far.
    let (_, count) = restored(&shop, &["--commit", &commit(&first, 6)]);
    assert_eq!(count, old_count);
    let (_, count) = restored(&shop, &["--at", &before]);
    assert_eq!(count, old_count);

    let number = commit(&second, 2);
    let said = shop.agent_refuses(1, &restore(&["--commit", &number]));
    assert!(said.contains("is in 2 chains"), "{said}");
    let found: Vec<i64> = commands(&said)
        .iter()
        .map(|command| {
            shop.agent_done(&command.iter().map(String::as_str).collect::<Vec<_>>());
            let count = count_items(&shop.path("back/shop.db"));
            fs::remove_dir_all(shop.path("back")).unwrap();
            count
        })
        .collect();
    let on_first = old_count - 6 + i64::try_from(second["commit"].as_u64().unwrap()).unwrap() + 2
        - i64::try_from(first["commit"].as_u64().unwrap()).unwrap();
    assert_eq!(found, [old_count + 2, on_first], "{said}");

    let listed: Value = serde_json::from_str(&shop.agent_done(&["list", "--json"])).unwrap();
    let gaps: Vec<&str> = listed["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| text(&gap["what"]))
        .collect();
    assert!(gaps.contains(&"new_chain"), "{listed}");
    let shown = shop.agent_done(&["list"]);
    assert!(
        shown.contains("a new chain") && shown.contains(&text(&first["chain"])[..8]),
        "{shown}"
    );
}

#[test]
fn a_moment_that_nobody_followed_gives_what_was_last_known_and_says_what_comes_next() {
    let shop = Shop::new();
    run_and_sell(&shop, 2);
    let known = count_items(&shop.database());
    std::thread::sleep(OVER_A_SECOND);
    sell(&shop, 2);
    let in_gap = now();
    Connection::open(shop.database())
        .unwrap()
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    sell(&shop, 2);
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    wait_until_both_hold_the_same(&shop);
    agent.burn();
    let (_, count) = restored(&shop, &["--latest"]);
    assert_eq!(count, known + 4);
    let (said, count) = restored(&shop, &["--at", &in_gap]);
    assert_eq!(count, known, "{said}");
    assert!(
        said.contains("In a gap") && said.contains("nobody followed the shop from"),
        "{said}"
    );
    let gap_of = |arguments: &[&str]| {
        let listed: Value = serde_json::from_str(&shop.agent_done(arguments)).unwrap();
        let gaps = listed["gaps"].as_array().unwrap().clone();
        gaps.into_iter()
            .find(|gap| gap["what"] == "one_step")
            .expect("a gap")
    };
    let on_server = gap_of(&["list", "--json"]);
    assert!(shop.agent_done(&["list"]).contains("all that happened is commit"));
    assert!(on_server["from"].as_i64() < on_server["until"].as_i64());
    // The commits before the first point are on the remotes too, and nothing leads to them.
    let listed: Value = serde_json::from_str(&shop.agent_done(&["list", "--json"])).unwrap();
    let points = listed["restore_points"].as_array().unwrap();
    let first = points.iter().map(|point| point["commit"].as_u64()).min().unwrap();
    assert_eq!(
        listed["commits"][0]["restorable_from"].as_u64(),
        first,
        "{listed}"
    );
}

#[test]
fn a_moment_while_the_agent_did_not_run_lies_in_a_gap_although_its_commits_were_caught_up() {
    let shop = Shop::new();
    // As the bot, which has it open all the time: its log stays.
    let bot = Connection::open(shop.database()).unwrap();
    bot.query_row("SELECT count(*) FROM item", [], |_| Ok(()))
        .unwrap();
    run_and_sell(&shop, 2);
    let known = count_items(&shop.database());
    std::thread::sleep(OVER_A_SECOND);
    sell(&shop, 3);
    let in_gap = now();
    std::thread::sleep(OVER_A_SECOND);
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    wait_until_both_hold_the_same(&shop);
    sell(&shop, 1);
    agent.wait_for("/durable");
    wait_until_both_hold_the_same(&shop);
    agent.burn();
    drop(bot);
    let (said, count) = restored(&shop, &["--at", &in_gap]);
    assert_eq!(count, known, "{said}");
    assert!(
        said.contains("In a gap") && said.contains("the agent did not run at some time between"),
        "{said}"
    );
    assert_eq!(restored(&shop, &["--latest"]).1, known + 4);
    let gaps_of = |arguments: &[&str]| {
        let listed: Value = serde_json::from_str(&shop.agent_done(arguments)).unwrap();
        listed["gaps"].as_array().unwrap().clone()
    };
    let on_server = gaps_of(&["list", "--json"]);
    assert!(on_server.iter().any(|gap| gap["what"] == "away"), "{on_server:?}");
    assert!(
        on_server.iter().all(|gap| gap["what"] != "one_step"),
        "{on_server:?}"
    );
}

/// A shop that an agent follows under that clock, with all of it on both remotes, and its bot, which keeps the log.
fn followed_under(clock: &[(&str, &str)]) -> (Shop, Connection, Running) {
    let shop = Shop::new();
    let bot = Connection::open(shop.database()).unwrap();
    bot.query_row("SELECT count(*) FROM item", [], |_| Ok(()))
        .unwrap();
    let agent = Running::start_with(&shop, clock);
    agent.wait_for("/rest");
    let output = shop
        .command(&["backup"])
        .envs(clock.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    sell(&shop, 2);
    agent.wait_for("/durable");
    wait_until_both_hold_the_same(&shop);
    (shop, bot, agent)
}

#[test]
fn a_time_in_which_the_agent_did_not_run_is_a_gap_also_where_nothing_was_committed_in_it() {
    let Some(early) = clock_set("-1h") else { return };
    let (shop, bot, agent) = followed_under(&early);
    agent.burn();
    let died_at = SystemTime::now() - Duration::from_secs(1_800);
    let followed = fs::File::options()
        .append(true)
        .open(shop.path("state/capture/followed"))
        .unwrap();
    followed.set_modified(died_at).unwrap();
    let gaps = || {
        let listed: Value = serde_json::from_str(&shop.agent_done(&["list", "--json"])).unwrap();
        listed["gaps"].as_array().unwrap().clone()
    };
    assert!(gaps().iter().all(|gap| gap["what"] != "absent"));
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    agent.burn();
    // A restart at once is no absence.
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    agent.burn();
    drop(bot);
    let absent: Vec<Value> = gaps().into_iter().filter(|gap| gap["what"] == "absent").collect();
    assert_eq!(absent.len(), 1, "{absent:?}");
    let died_ms = died_at.duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    assert_eq!(absent[0]["from"].as_i64(), Some(died_ms));
    assert!(
        absent[0]["until"].as_i64().unwrap() > died_ms + 1_700_000,
        "{absent:?}"
    );
    let within = jiff::Timestamp::from_millisecond(died_ms + 600_000)
        .unwrap()
        .to_string();
    let (said, count) = restored(&shop, &["--at", &within]);
    assert_eq!(count, count_items(&shop.database()));
    assert!(said.contains("the agent did not run from about"), "{said}");
}

#[test]
fn a_time_in_which_nobody_follows_yet_is_a_gap_with_what_was_committed_in_it() {
    let Some(early) = clock_set("-1h") else { return };
    let (shop, bot, agent) = followed_under(&early);
    let known = count_items(&shop.database());
    let lasting = || {
        let listed: Value = serde_json::from_str(&shop.agent_done(&["list", "--json"])).unwrap();
        let gaps = listed["gaps"].as_array().unwrap().clone();
        gaps.into_iter().find(|gap| gap["what"] == "still_away")
    };
    assert_eq!(lasting(), None, "it is followed");
    agent.burn();
    let of_now = ["--at", &now()];
    let (said, count) = restored(&shop, &of_now);
    assert_eq!(count, known);
    assert!(
        !said.contains("in a gap") && said.contains("knew of no later one"),
        "{said}"
    );
    assert_eq!(lasting().unwrap()["commits"], 0);

    sell(&shop, 3);
    assert_eq!(lasting().unwrap()["commits"], 3);
    assert!(
        shop.agent_done(&["list"])
            .contains("nobody follows the shop at this moment")
    );
    let (said, count) = restored(&shop, &["--at", &now()]);
    assert_eq!(count, known);
    assert!(
        said.contains("in a gap: nobody has followed the shop since") && said.contains("3 commits"),
        "{said}"
    );
    let (said, _) = restored(&shop, &["--latest", "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert!(said["notes"].to_string().contains("3 commits"), "{said}");

    // Its log goes with the last who has it open.
    drop(bot);
    assert_eq!(lasting().unwrap()["commits"], Value::Null);
    let (said, count) = restored(&shop, &["--latest"]);
    assert_eq!(count, known);
    assert!(
        said.contains("Besides, nobody has followed the shop since") && said.contains("if anything"),
        "{said}"
    );
}

#[test]
fn a_moment_holds_every_commit_that_was_durable_by_then_and_none_that_came_after() {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    shop.back_up();
    let moments: Vec<(String, i64)> = (0..5)
        .map(|_| {
            sell(&shop, 2);
            agent.wait_for("/durable");
            (now(), count_items(&shop.database()))
        })
        .collect();
    wait_until_both_hold_the_same(&shop);
    agent.burn();
    fs::remove_dir_all(shop.path("state")).unwrap();
    for (moment, expected) in moments {
        let (said, count) = restored(&shop, &["--at", &moment]);
        assert_eq!(count, expected, "{moment}: {said}");
    }
}

/// Puts the remotes back to what they were before the last point, and gives the line of the summary that names it.
fn roll_back(shop: &Shop, remotes: &[&str], of: &Value) -> String {
    let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let line = Anchor::newest(&store).unwrap().unwrap().line();
    let id = text(&of["id"]);
    for remote in remotes {
        let all = files_under(&shop.path(remote));
        for path in all.iter().filter(|path| path.to_string_lossy().contains(id)) {
            fs::remove_file(path).unwrap();
        }
    }
    line
}

#[test]
fn a_remote_that_was_put_back_is_named_by_list_and_verify_and_by_a_restore_that_knows_the_summary() {
    let shop = Shop::new();
    let first = shop.back_up();
    sell(&shop, 1);
    std::thread::sleep(OVER_A_SECOND);
    let second = shop.back_up();
    let line = roll_back(&shop, &["local"], &second);
    let shown = shop.agent_done(&["list"]);
    assert!(
        shown.contains("WRONG: it was put back to an older state"),
        "{shown}"
    );
    let said = shop.agent_refuses(1, &["verify"]);
    assert!(said.contains("put back to an older state"), "{said}");
    let said = shop.agent_refuses(1, &["verify", "--anchor", &line]);
    assert!(
        said.contains("local: it was put back") && said.contains(&line[..25]),
        "{said}"
    );
    let shown = shop.agent_done(&["verify", "--remote", "offsite", "--anchor", &line]);
    assert!(shown.contains("what the summary names is there"), "{shown}");
    shop.agent_done(&["list", "--remote", "offsite", "--anchor", &line]);
    // One remote still has it.
    let (_, count) = restored(&shop, &["--anchor", &line]);
    assert_eq!(count, 2);
    roll_back(&shop, &["offsite"], &second);
    fs::remove_dir_all(shop.path("state")).unwrap();
    let (_, count) = restored(&shop, &[]);
    assert_eq!(count, 1, "a machine that knows nothing takes what there is");
    let said = shop.agent_refuses(1, &restore(&["--anchor", &line]));
    assert!(
        said.contains(&line[..25]) && said.contains(text(&first["id"])),
        "{said}"
    );
    let listed = shop.agent(&["list", "--anchor", &line]);
    let shown = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(shown.contains("WRONG"), "{shown}");
    assert_eq!(listed.status.code(), Some(1), "as every other comparison");
    for remote in REMOTES {
        let told = format!("{remote}: it was put back to an older state");
        assert!(stderr(&listed).contains(&told), "{}", stderr(&listed));
    }
    let said = shop.agent_refuses(1, &["verify"]);
    assert!(
        said.contains("nothing is proven") && !said.contains("put back"),
        "{said}"
    );
    let said = shop.agent_refuses(1, &["verify", "--anchor", &line]);
    for remote in REMOTES {
        let told = format!("{remote}: it was put back to an older state");
        assert!(said.contains(&told), "a machine that knows nothing: {said}");
    }
    let said = shop.agent_refuses(2, &["verify", "--anchor", "yesterday"]);
    assert!(said.contains("no line of a summary"), "{said}");
    let said = shop.agent_refuses(2, &restore(&["--anchor", "20261122T091400Z"]));
    assert!(said.contains("no line of a summary"), "{said}");
}

#[test]
fn commits_that_a_remote_lost_are_named_by_list_and_verify() {
    let shop = Shop::new();
    run_and_sell(&shop, 3);
    for path in files_under(&shop.path("local/segment")) {
        fs::remove_file(path).unwrap();
    }
    let said = shop.agent_refuses(1, &["verify", "--remote", "local"]);
    assert!(
        said.contains("commits until") && said.contains("were sent there"),
        "{said}"
    );
    let shown = shop.agent_done(&["list"]);
    assert!(shown.contains("were sent there"), "{shown}");
}

fn write_on_both(shop: &Shop, key: &str, bytes: &[u8]) {
    for remote in REMOTES {
        let path = shop.path(remote).join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn what_is_dated_in_the_future_is_named_and_hides_nothing() {
    let shop = Shop::new();
    let point = run_and_sell(&shop, 2);
    let all = count_items(&shop.database());
    let future = PointId::parse("20991231T000000Z-00000000").unwrap();
    let manifest = fs::read(shop.path("local").join(text(&point["manifest"]))).unwrap();
    // A whole manifest under the name of another point, and one that is nothing at all.
    write_on_both(
        &shop,
        &object_key::manifest(&future, &sha256_hex(&manifest)),
        &manifest,
    );
    write_on_both(&shop, &object_key::manifest(&future, &"0".repeat(64)), b"nothing");
    let chain = ChainId::parse(text(&point["chain"])).unwrap();
    let last = files_under(&shop.path("local/segment")).pop().unwrap();
    let last = SegmentName::parse(&format!("segment/{chain}/{}", name_of(&last))).unwrap();
    let commit = CommitNumber::new(last.last.get() + 1).unwrap();
    let at = UnixMillis(4_102_444_800_000);
    let segment = SegmentName::new(&chain, commit, commit, at, &"0".repeat(64)).to_string();
    write_on_both(&shop, &segment, b"nothing");
    for known in [true, false] {
        let (said, count) = restored(&shop, &[]);
        assert_eq!(count, all, "{said}");
        assert!(
            said.contains(future.as_str()) && said.contains("dated in the future") && said.contains(&segment),
            "{known}: {said}"
        );
        let said = shop.agent_done(&["list"]);
        let heading = said.lines().next().unwrap();
        assert!(
            heading.contains("the newest of ") && !heading.contains("2099") && !heading.contains("2100"),
            "{said}"
        );
        assert!(
            said.contains(&format!("{future} is dated in the future, and passed over")),
            "{said}"
        );
        let _ = fs::remove_dir_all(shop.path("state"));
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn another_shops_backups_on_the_same_remote_are_never_taken_for_ours() {
    let shop = Shop::new();
    let point = shop.back_up();
    std::thread::sleep(OVER_A_SECOND);
    let other = Shop::without_key();
    other.agent_done(&["key", "new", "--out", "kit"]);
    other.use_certificate("kit/owner.asc");
    sell(&other, 5);
    let foreign = other.back_up();
    for path in files_under(&other.path("local")) {
        let key = path.strip_prefix(other.path("local")).unwrap().to_owned();
        write_on_both(&shop, key.to_str().unwrap(), &fs::read(&path).unwrap());
    }
    // This server knows that it wrote no such point, and says so.
    let said = shop.agent_done(&restore(&["--latest"]));
    assert!(
        said.contains("NOT PROVEN") && said.contains(text(&foreign["id"])),
        "{said}"
    );
    assert_eq!(count_items(&shop.path("back/shop.db")), 1);
    fs::remove_dir_all(shop.path("back")).unwrap();
    // A machine that knows nothing cannot decide whose it is, and says that it may be newer.
    fs::remove_dir_all(shop.path("state")).unwrap();
    let said = shop.agent_done(&restore(&["--latest"]));
    for part in [
        text(&foreign["manifest"]),
        text(&point["id"]),
        "the key does not open it",
        "IT MAY BE NEWER",
    ] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    assert_eq!(count_items(&shop.path("back/shop.db")), 1);
}
