//! Segments of a remote that a comparison found missing or altered: what is promised of that remote from then on is
//! exactly what a restore from it gives.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use protocol::object_key::SegmentName;
use serde_json::{Value, json};

use crate::{
    missing_commits::{after, captured, sell},
    running::Running,
    shop::{Shop, count_items, integrity_of, restoring},
    world::LIMIT,
};

fn alter(object: &Path) {
    let mut bytes = fs::read(object).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(object, bytes).unwrap();
}

fn cut(object: &Path) {
    let bytes = fs::read(object).unwrap();
    fs::write(object, &bytes[..bytes.len() / 2]).unwrap();
}

fn remove(object: &Path) {
    fs::remove_file(object).unwrap();
}

fn json_of(shop: &Shop, arguments: &[&str]) -> Value {
    serde_json::from_slice(&shop.agent(arguments).stdout).unwrap_or_default()
}

/// Through which commit `agent list` and `agent status` say that this remote alone gives the shop back.
fn promised(shop: &Shop, remote: &str) -> u64 {
    let of = |all: &Value, key: &str| {
        let all = all.as_array().unwrap();
        all.iter().find(|one| one[key] == remote).unwrap().clone()
    };
    let listed = of(&json_of(shop, &["list", "--json"])["remotes"], "name");
    let status = of(
        &json_of(shop, &["status", "--json"])["capture"]["remotes"],
        "remote",
    );
    assert_eq!(listed["restorable_through"], status["restorable_through"]);
    let through = listed["restorable_through"].as_u64().unwrap();
    let torn_after = match through < status["commit"].as_u64().unwrap() {
        true => json!(through),
        false => Value::Null,
    };
    assert_eq!(status["torn_after"], torn_after);
    through
}

/// The promise is exactly true: this commit comes back, and the next one does not.
fn assert_true(shop: &Shop, remote: &str, through: u64) {
    let (last, next) = (through.to_string(), (through + 1).to_string());
    let from = ["--remote", remote, "--commit"];
    shop.agent_done(&restoring("proof", &[&from[..], &[&last]].concat()));
    assert_eq!(integrity_of(&shop.path("proof/shop.db")), "ok");
    fs::remove_dir_all(shop.path("proof")).unwrap();
    shop.agent_refuses(1, &restoring("proof", &[&from[..], &[&next]].concat()));
}

fn last(segments: &[(std::path::PathBuf, SegmentName)]) -> u64 {
    segments.last().unwrap().1.last.get()
}

#[test]
fn what_was_found_altered_or_missing_lowers_what_is_promised_of_its_remote_until_it_is_whole() {
    let (shop, point) = captured(5);
    let segments = after(&shop, "local", &point);
    let end = last(&segments);
    for (damage, at) in [
        (alter as fn(&Path), 2),
        (cut, 1),
        (remove, 2),
        // What is gone at the end leaves no gap in the names.
        (remove, segments.len() - 1),
        (alter, 0),
    ] {
        let (object, name) = &segments[at];
        let whole = fs::read(object).unwrap();
        damage(object);
        shop.agent_refuses(1, &["verify", "--all", "--remote", "local"]);
        let through = name.first.get() - 1;
        assert_eq!(promised(&shop, "local"), through);
        assert_true(&shop, "local", through);
        assert_eq!(promised(&shop, "offsite"), end, "the other one is whole");
        let said = String::from_utf8(shop.agent(&["status"]).stdout).unwrap();
        let torn = format!("local gives back NOTHING after commit {through}:");
        assert!(said.contains(&torn), "{said}");
        let said = shop.agent_done(&["list"]);
        let torn =
            format!(" WIB: from it nothing of that chain after commit {through} until its next backup");
        assert!(said.contains(&torn), "{said}");
        // Both together still give all of it.
        shop.agent_done(&restoring("all", &["--latest"]));
        assert_eq!(
            count_items(&shop.path("all/shop.db")),
            count_items(&shop.database())
        );
        fs::remove_dir_all(shop.path("all")).unwrap();
        fs::write(object, whole).unwrap();
        shop.agent_done(&["verify", "--remote", "local"]);
        assert_eq!(promised(&shop, "local"), end);
    }
}

#[test]
fn what_was_torn_before_a_newer_point_is_named_by_the_status_as_by_the_list() {
    let (shop, point) = captured(4);
    let (object, name) = &after(&shop, "local", &point)[1];
    alter(object);
    shop.agent_refuses(1, &["verify", "--all", "--remote", "local"]);
    shop.back_up();
    let status = String::from_utf8(shop.agent(&["status"]).stdout).unwrap();
    let line = |of: &str| {
        let mut lines = status.lines();
        lines
            .find(|line| line.starts_with(&format!("Commits:  {of} ")))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(!status.contains("local took every commit"), "{status}");
    assert!(
        line("local LACKS").contains(&format!("{}", name.first)),
        "{status}"
    );
    assert!(line("offsite").contains("took every commit"), "{status}");
    let listed = shop.agent_done(&["list"]);
    assert!(listed.contains("missing or altered here"), "{listed}");
}

#[test]
fn what_is_altered_on_every_remote_is_no_commit_that_can_be_listed() {
    let (shop, point) = captured(4);
    let segments = after(&shop, "local", &point);
    let name = &segments[1].1;
    for remote in ["local", "offsite"] {
        alter(&after(&shop, remote, &point)[1].0);
    }
    shop.agent_refuses(1, &["verify", "--all"]);
    let through = name.first.get() - 1;
    for remote in ["local", "offsite"] {
        assert_eq!(promised(&shop, remote), through);
        assert_true(&shop, remote, through);
    }
    let listed = json_of(&shop, &["list", "--json"]);
    let reached = |range: &&Value| range["restorable_from"].is_u64();
    let ranges = listed["commits"].as_array().unwrap();
    let ends: Vec<&Value> = ranges
        .iter()
        .filter(reached)
        .map(|range| &range["last"])
        .collect();
    assert_eq!(ends, [&json!(through)], "{listed}");
    assert_eq!(listed["doubtful"][0]["segment"], name.to_string(), "{listed}");
    assert_eq!(
        listed["gaps"].as_array().unwrap().last().unwrap()["what"],
        "missing"
    );
}

#[test]
fn a_rehearsal_that_meets_an_altered_segment_lowers_what_is_promised_too() {
    let (shop, point) = captured(4);
    shop.agent_done(&["drill", "--remote", "local"]);
    let segments = after(&shop, "local", &point);
    let (object, name) = &segments[2];
    alter(object);
    let said = shop.agent_refuses(1, &["drill", "--remote", "local"]);
    assert!(said.contains(&name.to_string()), "{said}");
    let through = name.first.get() - 1;
    assert_eq!(promised(&shop, "local"), through);
    assert_true(&shop, "local", through);
}

#[test]
fn the_agent_that_runs_ends_it_with_a_backup_for_that_remote_alone() {
    let (shop, point) = captured(4);
    let segments = after(&shop, "local", &point);
    alter(&segments[1].0);
    shop.agent_refuses(1, &["verify", "--all", "--remote", "local"]);
    let before = shop.listed().len();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let start = Instant::now();
    let torn = || {
        let seen = json_of(&shop, &["status", "--json"]);
        let remotes = seen["capture"]["remotes"].as_array().cloned();
        remotes
            .unwrap_or_default()
            .iter()
            .any(|one| one["torn_after"].is_u64())
    };
    while torn() || shop.listed().len() == before {
        assert!(start.elapsed() < 4 * LIMIT, "nothing ended it");
        std::thread::sleep(Duration::from_millis(200));
    }
    let mending = shop.listed().remove(0);
    assert_eq!(mending["remotes"], json!(["local"]), "the other one needs none");
    assert!(mending["base"].is_string(), "a delta is enough: {mending}");
    sell(&shop, &agent, 2);
    agent.burn();
    let end = last(&after(&shop, "local", &point));
    assert_eq!(promised(&shop, "local"), end);
    shop.agent_done(&restoring("back", &["--latest", "--remote", "local"]));
    assert_eq!(
        count_items(&shop.path("back/shop.db")),
        count_items(&shop.database())
    );
    // The commits behind the damage stay lost there, and are still missed.
    let within = segments[1].1.last.to_string();
    let lost = ["--remote", "local", "--commit", &within];
    shop.agent_refuses(1, &restoring("lost", &lost));
    shop.agent_refuses(1, &["verify", "--remote", "local"]);
}

#[test]
fn what_one_remote_alone_lost_makes_no_commit_unreachable_where_another_has_it() {
    let (shop, point) = captured(2);
    let end = last(&after(&shop, "local", &point));
    for base in crate::shop::files_under(&shop.path("local/base")) {
        remove(&base);
    }
    shop.agent_refuses(1, &["verify", "--remote", "local"]);
    let listed = json_of(&shop, &["list", "--json"]);
    let range = &listed["commits"][0];
    assert_eq!(
        (&range["restorable_from"].is_u64(), &range["last"]),
        (&true, &json!(end))
    );
    let (local, offsite) = (&listed["remotes"][0], &listed["remotes"][1]);
    assert_eq!(
        (&local["restorable_through"], &offsite["restorable_through"]),
        (&Value::Null, &json!(end))
    );
    let said = local["problems"].to_string();
    assert!(
        said.contains("none of its restore points is whole there"),
        "{said}"
    );
    shop.agent_done(&restoring("back", &["--latest"]));
    let said = shop.agent_refuses(1, &restoring("alone", &["--latest", "--remote", "local"]));
    assert!(!said.contains("another key"), "no key is to blame: {said}");
}
