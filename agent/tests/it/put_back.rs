//! Remotes that lost the newest commits since this server sent them: whoever asks for the newest hears of it before
//! anything is restored, and a drill does not pass.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use agent::store::{Store, rehearsal::Kind};
use serde_json::Value;

use crate::{
    capture_rig::wait_for,
    missing_commits::{after, captured, sell},
    running::Running,
    shop::{Shop, count_items, files_under, restoring, text},
};

/// The comparisons are looked at twice in a minute.
const ALERT_LIMIT: Duration = Duration::from_secs(90);

/// Takes the commits after the first few segments behind the point from these remotes; the last that stays, and the last
/// of all.
fn put_back(shop: &Shop, remotes: &[&str], point: &Value, kept: usize) -> (u64, u64) {
    let mut ends = (point["commit"].as_u64().unwrap(), 0);
    for remote in remotes {
        let segments = after(shop, remote, point);
        ends.1 = segments.last().unwrap().1.last.get();
        for (path, _) in &segments[kept..] {
            fs::remove_file(path).unwrap();
        }
        if let Some((_, last)) = segments[..kept].last() {
            ends.0 = last.last.get();
        }
    }
    ends
}

/// The same of one remote alone.
pub fn without_segments(shop: &Shop, remote: &str, point: &Value, kept: usize) {
    put_back(shop, &[remote], point, kept);
}

#[test]
fn commits_that_were_acknowledged_and_are_gone_at_the_end_are_told_before_anything_is_restored() {
    for kept in [2, 0] {
        let (shop, point) = captured(4);
        shop.agent_done(&["drill", "--remote", "local"]);
        let (last, was) = put_back(&shop, &["local", "offsite"], &point, kept);
        let missing = format!("commits {} to {was} of the chain", last + 1);
        for more in [
            &["--latest", "--dry-run"][..],
            &["--latest"],
            &["--latest", "--json"],
            &["--at", "2099-01-01 00:00"],
        ] {
            let said = shop.agent_refuses(1, &restoring("back", more));
            for part in [
                &missing,
                "acknowledged by local and offsite",
                "on no remote that answers any more",
                "Nothing was changed",
            ] {
                assert!(said.contains(part), "{more:?}: {part} is not said: {said}");
            }
            let next = match kept {
                0 => format!("--point {}", text(&point["id"])),
                _ => format!("--commit {last}"),
            };
            assert!(said.contains(&next), "{more:?}: {said}");
            assert!(!shop.path("back").exists());
        }
        // What it advises goes, and says at its end what is not in it.
        let said = shop.agent_done(&restoring("back", &["--commit", &last.to_string()]));
        assert!(said.contains("not in it"), "{said}");
        assert!(count_items(&shop.path("back/shop.db")) < count_items(&shop.database()));
        let said = shop.agent_refuses(1, &["drill", "--remote", "local"]);
        assert!(said.contains(&missing), "{said}");
    }
}

#[test]
fn what_one_remote_lost_comes_from_the_other_and_fails_the_drill_of_the_one() {
    let (shop, point) = captured(4);
    let (last, was) = put_back(&shop, &["local"], &point, 2);
    let said = shop.restore_to("back", &["--latest"]);
    assert!(
        said.contains("local: it was put back to an older state"),
        "{said}"
    );
    assert_eq!(
        count_items(&shop.path("back/shop.db")),
        count_items(&shop.database())
    );
    let missing = format!("commits {} to {was} of the chain", last + 1);
    let said = shop.agent_refuses(1, &["verify", "--remote", "local"]);
    let held = format!("offsite holds commit {was} of the chain");
    assert!(said.contains(&held), "{said}");
    let said = shop.agent_refuses(1, &["drill", "--remote", "local"]);
    assert!(said.contains(&missing), "{said}");
    shop.agent_done(&["drill", "--remote", "offsite"]);
    let alone = restoring("alone", &["--latest", "--remote", "local"]);
    let said = shop.agent_refuses(1, &alone);
    assert!(
        said.contains(&missing) && said.contains("acknowledged by local,"),
        "{said}"
    );
    // Of a moment before the end nothing is missed, and a machine that knows of nothing refuses nothing.
    shop.agent_done(&restoring("point", &["--point", text(&point["id"])]));
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let fresh = settings.replace("dir = \"state\"", "dir = \"fresh\"");
    fs::write(shop.path("agent.toml"), fresh).unwrap();
    shop.agent_done(&alone);
}

#[test]
fn a_memory_that_cannot_be_read_is_told_with_the_plan() {
    let (shop, point) = captured(3);
    put_back(&shop, &["local", "offsite"], &point, 1);
    let store = rusqlite::Connection::open(shop.path("state/agent.db")).unwrap();
    store.pragma_update(None, "user_version", 1).unwrap();
    drop(store);
    let said = shop.agent_done(&restoring("back", &["--latest", "--dry-run"]));
    assert!(said.contains("remembers of its backups cannot be read"), "{said}");
}

#[test]
fn a_remote_that_is_not_configured_any_more_is_not_blamed() {
    let (shop, point) = captured(4);
    put_back(&shop, &["offsite"], &point, 2);
    let configuration = shop.path("agent.toml");
    let settings = fs::read_to_string(&configuration).unwrap();
    let without = settings
        .replace("[remotes.local]", "[remotes.other]")
        .replace("root = \"local\"", "root = \"other\"");
    fs::write(&configuration, without).unwrap();
    fs::create_dir(shop.path("other")).unwrap();
    let told = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    assert!(told.contains("acknowledged by offsite,"), "{told}");
    let held = "they are also on local, which is not configured any more";
    assert!(told.contains(held), "it still holds them: {told}");
}

#[test]
fn remotes_that_were_put_back_under_a_running_agent_are_compared_with_the_next_thing_that_is_sent() {
    let (shop, _) = captured(2);
    std::thread::sleep(Duration::from_millis(1_100));
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let newest = shop.back_up();
    agent.burn();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    for remote in ["local", "offsite"] {
        let of_newest = |path: &&PathBuf| path.to_string_lossy().contains(text(&newest["id"]));
        let files = files_under(&shop.path(remote));
        files
            .iter()
            .filter(of_newest)
            .for_each(|path| fs::remove_file(path).unwrap());
    }
    let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let told = |remote: &str| {
        let newest = store.newest_rehearsal(Kind::Sample, remote).unwrap();
        newest.and_then(|it| it.fault).unwrap_or_default()
    };
    assert_eq!((told("local"), told("offsite")), Default::default());
    sell(&shop, &agent, 1);
    wait_for("the comparison of both", || {
        let is_told = |remote| told(remote).contains("it was put back to an older state");
        is_told("local") && is_told("offsite")
    });
    let start = Instant::now();
    while !shop.agent_done(&["status"]).contains("remote_damaged") {
        assert!(start.elapsed() < ALERT_LIMIT, "{}", shop.agent_done(&["status"]));
        std::thread::sleep(Duration::from_millis(200));
    }
    agent.burn();
}

#[test]
fn an_agent_whose_state_is_put_back_under_it_ends_and_the_next_one_goes_on_from_there() {
    let (shop, _) = captured(2);
    let (state, kept) = (shop.path("state"), shop.path("kept"));
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([&state, &kept])
        .status();
    assert!(copied.unwrap().success());
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    sell(&shop, &agent, 2);
    fs::rename(&state, shop.path("aside")).unwrap();
    fs::rename(&kept, &state).unwrap();
    let said = agent.ended();
    assert!(said.contains("was deleted or exchanged"), "{said}");
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let said = shop.agent_done(&["status"]);
    assert!(
        said.contains("agent_state_replaced (agent/state)"),
        "the next one tells: {said}"
    );
    sell(&shop, &agent, 1);
    agent.burn();
    let point = shop.back_up();
    shop.agent_done(&restoring("back", &["--chain", text(&point["chain"])]));
    assert_eq!(
        count_items(&shop.path("back/shop.db")),
        count_items(&shop.database())
    );
}
