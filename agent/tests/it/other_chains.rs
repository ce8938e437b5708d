//! Several chains side by side: a backup that was taken while the capture was away begins one of its own, and the capture
//! goes on with the one before. The newest state comes back whichever chain it is in, and nobody can invent a later one.

use std::{fs, time::Duration};

use agent::store::Store;
use protocol::{object_key::SegmentName, time::UnixMillis};
use rusqlite::Connection;
use serde_json::Value;

use crate::{
    capture_rig::wait_for,
    missing_commits::{after, captured, sell},
    running::Running,
    shop::{Shop, count_items, restoring, text},
};

/// The capture goes on by itself within seconds; a loaded machine may be slow.
const RETRY_LIMIT: Duration = Duration::from_secs(120);

/// A shop whose newest point is of another chain than its newest commits.
pub struct Aside {
    pub shop: Shop,
    /// The one that the capture's commits lead from.
    pub captured: Value,
    pub standalone: Value,
    /// Items by then.
    pub items: i64,
}

fn journal(shop: &Shop, mode: &str) {
    let database = Connection::open(shop.database()).unwrap();
    database.busy_timeout(Duration::from_secs(5)).unwrap();
    database.pragma_update(None, "journal_mode", mode).unwrap();
    database
        .execute("INSERT INTO item (text) VALUES (?1)", [mode])
        .unwrap();
}

pub fn aside() -> Aside {
    let shop = Shop::new();
    shop.fill(500);
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let captured = shop.back_up();
    sell(&shop, &agent, 2);
    agent.burn();
    journal(&shop, "delete");
    let agent = Running::start(&shop);
    wait_for("the capture's fault", || {
        let store = Store::open_to_look(&shop.path("state")).unwrap();
        store.unwrap().capture_fault().unwrap().is_some()
    });
    let status = shop.agent_done(&["status"]);
    assert!(
        !status.contains("took every commit") && status.contains("took what was captured, until"),
        "{status}"
    );
    shop.agent_done(&["backup"]);
    let items = count_items(&shop.database());
    let standalone = shop.listed().remove(0);
    assert_ne!(standalone["chain"], captured["chain"]);
    journal(&shop, "wal");
    agent.wait_long_for("/rest", RETRY_LIMIT);
    sell(&shop, &agent, 2);
    agent.burn();
    let last = after(&shop, "local", &captured).pop().unwrap().1;
    assert_eq!(
        last.chain.as_str(),
        text(&captured["chain"]),
        "the capture went on"
    );
    Aside {
        shop,
        captured,
        standalone,
        items,
    }
}

/// The configuration of a machine on which no agent ever ran.
pub fn forget_all(shop: &Shop) {
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    fs::write(
        shop.path("agent.toml"),
        settings.replace("\"state\"", "\"fresh\""),
    )
    .unwrap();
}

fn restored(shop: &Shop, more: &[&str]) -> (String, i64) {
    let said = shop.restore_to("back", more);
    let items = count_items(&shop.path("back/shop.db"));
    fs::remove_dir_all(shop.path("back")).unwrap();
    (said, items)
}

fn at(moment: UnixMillis) -> String {
    jiff::Timestamp::from_millisecond(moment.0).unwrap().to_string()
}

#[test]
fn the_newest_state_comes_back_whichever_chain_it_is_in() {
    let Aside {
        shop,
        captured,
        standalone,
        items,
        ..
    } = aside();
    let all = count_items(&shop.database());
    let segments = after(&shop, "local", &captured);
    let end = &segments.last().unwrap().1;
    let before = at(UnixMillis(segments[segments.len() - 2].1.last_at.0));
    let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let points = store.points().unwrap();
    let taken = |id: &str| {
        points
            .iter()
            .find(|(point, _)| point.as_str() == id)
            .unwrap()
            .1
            .manifest
            .taken_at
    };
    let alone = at(taken(text(&standalone["id"])));
    for machine in ["the server", "a new one"] {
        let (said, found) = restored(&shop, &["--latest"]);
        assert_eq!(found, all, "{machine}: {said}");
        let stands = format!("stands after commit {}", end.last);
        for part in [text(&standalone["id"]), text(&captured["chain"]), &stands] {
            assert!(said.contains(part), "{machine}: {part} is not said: {said}");
        }
        // Whoever asks for less hears of the rest, also of another chain.
        let older = text(&standalone["chain"]);
        let (said, _) = restored(&shop, &["--latest", "--chain", older]);
        let later = format!(
            "commit {} of another chain, {}",
            end.last,
            text(&captured["chain"])
        );
        assert!(said.contains(&later), "{machine}: {said}");
        assert_eq!(restored(&shop, &["--at", &before]).1, all - 1, "{machine}");
        assert_eq!(restored(&shop, &["--at", &alone]).1, items, "{machine}");
        forget_all(&shop);
    }
}

#[test]
fn nobody_makes_an_older_chain_the_newest_by_names_alone() {
    let Aside { shop, captured, .. } = aside();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let newest = shop.back_up();
    assert_eq!(newest["chain"], captured["chain"]);
    agent.burn();
    // Signatures hold whole seconds: only by more than that is one chain older than the other.
    std::thread::sleep(Duration::from_secs(3));
    // Another database in its place: the chain before ends here.
    journal(&shop, "delete");
    let aside = shop.path("live/aside.db");
    fs::rename(shop.database(), &aside).unwrap();
    fs::copy(&aside, shop.database()).unwrap();
    journal(&shop, "wal");
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let replaced = shop.back_up();
    assert_ne!(replaced["chain"], captured["chain"]);
    sell(&shop, &agent, 1);
    agent.burn();
    let all = count_items(&shop.database());
    forget_all(&shop);
    let (real, name) = after(&shop, "local", &captured)
        .into_iter()
        .rfind(|(_, name)| name.chain.as_str() == text(&captured["chain"]))
        .unwrap();
    let later = UnixMillis(jiff::Timestamp::now().as_millisecond() + 60_000);
    // What the agent wrote, under a name that claims a later moment; and what nobody wrote.
    let renamed = SegmentName {
        last_at: later,
        ..name.clone()
    };
    let invented = SegmentName {
        first: name.last.next(),
        last: name.last.next(),
        ..renamed.clone()
    };
    let bytes = fs::read(&real).unwrap();
    for (claim, bytes) in [(&renamed, &bytes), (&invented, &vec![7; 800])] {
        fs::write(shop.path("local").join(claim.to_string()), bytes).unwrap();
        let said = shop.restore_other_to("back", &["--latest"]);
        assert_eq!(count_items(&shop.path("back/shop.db")), all, "{said}");
        fs::remove_dir_all(shop.path("back")).unwrap();
    }
}

#[test]
fn a_chain_that_goes_on_beside_another_is_called_neither_new_nor_ended() {
    let Aside {
        shop,
        captured,
        standalone,
        ..
    } = aside();
    let chain = &text(&captured["chain"])[..8];
    let last = after(&shop, "local", &captured).pop().unwrap().1.last;
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let said = shop.agent_done(&["backup"]);
    agent.burn();
    assert!(!said.contains("new chain"), "{said}");
    let newest = shop.listed().remove(0);
    assert_eq!(newest["chain"], captured["chain"]);
    for _ in 0..2 {
        let listed = shop.agent_done(&["list"]);
        let through = format!("(through commit {last} of {chain})");
        assert!(listed.contains(&through), "{through}: {listed}");
        assert!(!listed.contains("a new chain"), "{listed}");
        // Also while the newest point is the one beside.
        let of_newest = |path: &std::path::PathBuf| path.to_str().unwrap().contains(text(&newest["id"]));
        for remote in ["local", "offsite"] {
            let files = crate::shop::files_under(&shop.path(remote));
            files
                .iter()
                .filter(|path| of_newest(path))
                .for_each(|path| fs::remove_file(path).unwrap());
        }
    }
    let (said, _) = restored(&shop, &["--point", text(&standalone["id"])]);
    assert!(
        said.contains("also knows of commit") && !said.contains("none of that chain"),
        "{said}"
    );
}

#[test]
fn a_chain_that_begins_anew_with_the_same_database_is_no_other_database() {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let before = shop.back_up();
    sell(&shop, &agent, 2);
    agent.burn();
    // What the capture knows of the pages is lost; the shop stands still meanwhile.
    fs::remove_file(shop.path("state/capture/pages")).unwrap();
    std::thread::sleep(Duration::from_millis(1_100));
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let after = shop.back_up();
    assert_ne!(before["chain"], after["chain"]);
    sell(&shop, &agent, 1);
    agent.burn();
    let all = count_items(&shop.database());
    for machine in ["the server", "a new one"] {
        let (said, found) = restored(&shop, &["--latest"]);
        assert_eq!(found, all, "{machine}: {said}");
        assert!(
            !said.contains("of another chain than before"),
            "{machine}: {said}"
        );
        if machine == "the server" {
            forget_all(&shop);
        }
    }
}

/// As when the log was emptied and what the agent had written down is lost with it: the shop stands where its last restore
/// point stood, and nobody here has seen that it had gone on.
#[test]
fn a_chain_that_begins_with_what_the_last_point_held_is_not_given_unasked_when_more_had_come_after_that() {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let before = shop.back_up();
    let older = fs::read(shop.database()).unwrap();
    sell(&shop, &agent, 2);
    agent.burn();
    let (sold, chain) = (count_items(&shop.database()), &text(&before["chain"])[..8]);
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(shop.path(&format!("live/shop.db{ending}")));
    }
    fs::write(shop.database(), older).unwrap();
    fs::remove_dir_all(shop.path("state/capture")).unwrap();
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(shop.path(&format!("state/agent.db{ending}")));
    }
    std::thread::sleep(Duration::from_millis(1_100));
    let after = shop.back_up();
    assert_ne!(before["chain"], after["chain"]);
    let said = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    for part in [chain, "though commits had come after that"] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    assert_eq!(restored(&shop, &["--chain", chain]).1, sold);
}

#[test]
fn a_moment_in_a_chain_that_ended_before_its_first_backup_is_a_gap_and_no_loss() {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let before = shop.back_up();
    sell(&shop, &agent, 2);
    agent.burn();
    let items = count_items(&shop.database());
    let begin_anew = || {
        fs::remove_file(shop.path("state/capture/pages")).unwrap();
        std::thread::sleep(Duration::from_millis(1_100));
        let agent = Running::start(&shop);
        agent.wait_for("/rest");
        agent
    };
    let agent = begin_anew();
    let never = shop.back_up();
    sell(&shop, &agent, 2);
    agent.burn();
    // Segments of all chains lie there, in the order of their names.
    let of_it = |(_, name): &(_, SegmentName)| name.chain.as_str() == text(&never["chain"]);
    let last = after(&shop, "local", &never).into_iter().rfind(of_it).unwrap().1;
    // As if the agent had died before that backup was whole.
    let of_chain: Vec<Value> = shop.listed();
    let of_chain: Vec<&Value> = of_chain
        .iter()
        .filter(|it| it["chain"] == never["chain"])
        .collect();
    for remote in ["local", "offsite"] {
        for path in crate::shop::files_under(&shop.path(remote)) {
            let name = path.to_string_lossy().into_owned();
            if of_chain.iter().any(|point| name.contains(text(&point["id"]))) {
                fs::remove_file(path).unwrap();
            }
        }
    }
    let agent = begin_anew();
    let next = shop.back_up();
    sell(&shop, &agent, 1);
    agent.burn();
    let moment = at(UnixMillis(last.last_at.0 + 1));
    // This server knows that it was whole.
    let said = shop.agent_refuses(1, &restoring("back", &["--at", &moment]));
    assert!(
        said.contains(text(&never["chain"])) || said.contains(text(&never["id"])),
        "{said}"
    );
    forget_all(&shop);
    let (said, found) = restored(&shop, &["--at", &moment]);
    assert_eq!(found, items, "{said}");
    let gap = format!("In a gap       what was followed ends with commit {}", 3);
    for part in [
        text(&never["chain"]),
        text(&before["chain"]),
        &text(&next["chain"])[..8],
        "it ended before a backup of it was whole",
        gap.as_str(),
    ] {
        assert!(
            said.to_lowercase().contains(&part.to_lowercase()),
            "{part}: {said}"
        );
    }
    // Everything that there is, is later.
    assert_eq!(restored(&shop, &["--latest"]).1, count_items(&shop.database()));
}

/// As when [backup] database names the file of another shop.
fn follow_another(shop: &Shop) {
    let other = Connection::open(shop.path("live/other.db")).unwrap();
    other.pragma_update(None, "journal_mode", "WAL").unwrap();
    other
        .execute_batch("CREATE TABLE item (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")
        .unwrap();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    fs::write(
        shop.path("agent.toml"),
        settings.replace("live/shop.db", "live/other.db"),
    )
    .unwrap();
    std::thread::sleep(Duration::from_millis(1_100));
}

#[test]
fn of_a_shop_that_was_exchanged_the_chain_that_went_on_longest_is_what_was_before() {
    let Aside {
        shop,
        captured,
        standalone,
        ..
    } = aside();
    let all = count_items(&shop.database());
    follow_another(&shop);
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    shop.back_up();
    agent.burn();
    let [captured, standalone] = [&captured, &standalone].map(|point| &text(&point["chain"])[..8]);
    for machine in ["the server", "a new one"] {
        let said = shop.agent_refuses(1, &restoring("back", &["--latest"]));
        let offers = |chain: &str| said.contains(&format!("--chain {chain}"));
        assert!(offers(captured) && !offers(standalone), "{machine}: {said}");
        assert_eq!(restored(&shop, &["--chain", captured]).1, all, "{machine}");
        forget_all(&shop);
    }
}

#[test]
fn another_database_in_the_shops_place_is_given_to_nobody_who_does_not_name_it() {
    let shop = Shop::new();
    shop.fill(500);
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let before = shop.back_up();
    agent.burn();
    let own = count_items(&shop.database());
    let unchanged = shop.restore_to("same", &["--latest", "--dry-run"]);
    assert!(!unchanged.contains("another chain"), "{unchanged}");
    follow_another(&shop);
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let after = shop.back_up();
    agent.burn();
    assert_ne!(before["chain"], after["chain"]);
    let chain = &text(&before["chain"])[..8];
    for machine in ["the server", "a new one"] {
        for more in [&["--latest", "--dry-run"][..], &["--latest"]] {
            let said = shop.agent_refuses(1, &restoring("back", more));
            let chains = [chain, &text(&after["chain"])[..8]].map(|chain| format!("--chain {chain}"));
            for part in ["is another database than before", &chains[0], &chains[1]] {
                assert!(said.contains(part), "{machine}: {part} is not said: {said}");
            }
        }
        assert!(!shop.path("back").exists());
        assert_eq!(restored(&shop, &["--chain", chain]).1, own);
        if machine == "the server" {
            forget_all(&shop);
        }
    }
    // What there is instead of a point that is damaged is that other shop's alone.
    for remote in ["local", "offsite"] {
        for object in before["objects"].as_array().unwrap() {
            fs::remove_file(shop.path(remote).join(text(object))).unwrap();
        }
    }
    // Of the two that are offered, the one that nobody can have is called so.
    let offered = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    let (gone, since) = offered.split_once("What was backed up since:").unwrap();
    let told = "CANNOT BE RESTORED as it lies there now: ";
    assert!(gone.contains(told) && !since.contains(told), "{offered}");
    shop.agent_refuses(1, &restoring("back", &["--chain", chain]));
    let said = shop.agent_refuses(1, &restoring("back", &["--point", text(&before["id"])]));
    for part in [
        "nothing proves that it is the same shop's database",
        text(&after["id"]),
    ] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
}

#[test]
fn the_moment_that_list_names_beside_a_commit_is_of_the_same_chain() {
    let (shop, _) = captured(2);
    fs::remove_dir_all(shop.path("state")).unwrap();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let newest = shop.back_up();
    let holding = |remote: &str| -> Value {
        let all: Value = serde_json::from_str(&shop.agent_done(&["list", "--json"])).unwrap();
        let mut all = all["remotes"].as_array().unwrap().clone().into_iter();
        all.find(|one| one["name"] == remote).unwrap()
    };
    let at_point = |remote: &str| {
        let one = holding(remote);
        assert_eq!(
            (&one["chain"], &one["restorable_through"]),
            (&newest["chain"], &newest["commit"]),
            "{one}"
        );
        assert_eq!(
            one["commits_until"],
            Value::Null,
            "the moment of the chain before: {one}"
        );
    };
    at_point("local");
    sell(&shop, &agent, 2);
    agent.burn();
    let mut of_chain = after(&shop, "offsite", &newest).into_iter().map(|(_, name)| name);
    let last = of_chain
        .rfind(|name| name.chain.as_str() == text(&newest["chain"]))
        .unwrap();
    fs::remove_dir_all(shop.path("local/segment").join(last.chain.as_str())).unwrap();
    at_point("local");
    let whole = holding("offsite");
    assert_eq!(whole["commits_until"], serde_json::json!(last.last_at), "{whole}");
    assert_eq!(
        whole["restorable_through"],
        serde_json::json!(last.last),
        "{whole}"
    );
    let said = shop.agent_done(&["list"]);
    let line = said.lines().find(|line| line.starts_with("local: ")).unwrap();
    assert!(
        !line.contains("commits until") && line.contains("(through commit "),
        "{line}"
    );
}

#[test]
fn a_chain_without_a_name_is_no_chain_at_all() {
    let shop = Shop::new();
    shop.back_up();
    for nothing in ["", " "] {
        let said = shop.agent_refuses(2, &restoring("back", &["--latest", "--chain", nothing]));
        assert!(said.contains("--chain names none"), "{said}");
    }
    assert!(!shop.path("back").exists());
}
