//! A machine without the agent's state, and a remote on which somebody put objects whose names claim later commits: what is
//! proven comes back, and what is not is named.

use std::{fs, path::PathBuf};

use protocol::{chain::CommitNumber, object_key::SegmentName};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    missing_commits::{after, captured},
    shop::{Shop, count_items, restoring, stderr, text},
};

/// The configuration of a machine on which no agent ever ran.
fn forget_all(shop: &Shop) {
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let fresh = settings.replace("dir = \"state\"", "dir = \"fresh\"");
    assert_ne!(fresh, settings);
    fs::write(shop.path("agent.toml"), fresh).unwrap();
}

pub fn digest_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// An object that claims these commits.
pub fn claims(like: &SegmentName, first: u64, last: u64, digest: &str) -> SegmentName {
    let commit = |number| CommitNumber::new(number).unwrap();
    SegmentName::new(&like.chain, commit(first), commit(last), like.last_at, digest)
}

fn latest(shop: &Shop, folder: &str) -> (String, i64) {
    let said = shop.agent_done(&restoring(folder, &["--latest"]));
    let items = count_items(&shop.path(folder).join("shop.db"));
    fs::remove_dir_all(shop.path(folder)).unwrap();
    (said, items)
}

#[test]
fn what_an_invented_name_claims_after_the_end_of_a_chain_is_named_and_does_not_block() {
    let (shop, point) = captured(3);
    forget_all(&shop);
    let segments = after(&shop, "local", &point);
    let (newest, name) = segments.last().unwrap();
    let end = name.last.get();
    let all = count_items(&shop.database());
    assert_eq!(latest(&shop, "whole").1, all);
    let garbage = vec![7; 300];
    let copy = fs::read(newest).unwrap();
    let cases: [(u64, u64, String, &[u8]); 5] = [
        // Altered, or invented: nobody can tell.
        (end + 1, 900, "0".repeat(64), &garbage),
        // As its name says, and nothing that the agent wrote.
        (end + 1, end + 1, digest_of(&garbage), &garbage),
        (end + 1, 900, digest_of(&copy), &copy),
        // Behind a gap, and over what is there.
        (end + 40, 900, digest_of(&garbage), &garbage),
        (end, 900, digest_of(&garbage), &garbage),
    ];
    for (first, last, digest, bytes) in cases {
        let claim = claims(name, first, last, &digest);
        for remotes in [&["local"][..], &["local", "offsite"]] {
            let places: Vec<PathBuf> = remotes
                .iter()
                .map(|remote| shop.path(remote).join(claim.to_string()))
                .collect();
            places.iter().for_each(|place| fs::write(place, bytes).unwrap());
            let (said, items) = latest(&shop, "back");
            assert_eq!(items, all, "{said}");
            for part in [
                "NOT PROVEN",
                &claim.to_string(),
                &format!("after {end}"),
                &format!("stands after commit {end}"),
            ] {
                assert!(said.contains(part), "{part} is not said of {claim}: {said}");
            }
            let plan = shop.agent_done(&restoring("back", &["--latest", "--dry-run"]));
            assert!(plan.contains("NOT PROVEN"), "before anybody says yes: {plan}");
            // Without the key a name cannot be doubted; with it nothing is promised of it.
            let listed = shop.agent_done(&["list", "--json", "--key", "kit/owner.secret.asc"]);
            let listed: Value = serde_json::from_str(&listed).unwrap();
            assert_eq!(listed["commits"][0]["last"], end, "{listed}");
            assert_eq!(listed["doubtful"][0]["segment"], claim.to_string(), "{listed}");
            places.iter().for_each(|place| fs::remove_file(place).unwrap());
        }
    }
    assert!(!latest(&shop, "again").0.contains("NOT PROVEN"));
}

#[test]
fn what_is_altered_at_the_end_comes_from_another_remote_or_is_told_as_lost_and_blocks_who_knows_of_it() {
    let (shop, point) = captured(3);
    let altered = |remote: &str| {
        let (object, name) = after(&shop, remote, &point).pop().unwrap();
        let mut bytes = fs::read(&object).unwrap();
        bytes[100] ^= 1;
        fs::write(object, bytes).unwrap();
        name
    };
    let name = altered("local");
    let all = count_items(&shop.database());
    let (said, items) = latest(&shop, "both");
    assert!(!said.contains("NOT PROVEN") && items == all, "{said}");
    altered("offsite");
    // This server has seen that commit: an older state is not handed out for the newest one.
    let said = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    assert!(
        said.contains(&name.to_string()) && said.contains("--commit"),
        "{said}"
    );
    forget_all(&shop);
    let (said, items) = latest(&shop, "back");
    assert!(
        said.contains("NOT PROVEN") && said.contains("commits are lost unless"),
        "{said}"
    );
    assert!(items < all, "{said}");
    // Whoever asks for that commit by its number gets no other one.
    shop.agent_refuses(1, &restoring("back", &["--commit", &name.last.to_string()]));
    let output = shop.agent(&restoring("back", &["--latest", "--json"]));
    let told: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    let notes = told["notes"].as_array().unwrap();
    assert!(
        notes.iter().any(|note| text(note).contains("NOT PROVEN")),
        "{told}"
    );
}

#[test]
fn a_point_that_one_remote_never_got_lacks_nothing_in_the_list_of_another_machine() {
    let (shop, _) = captured(1);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    shop.agent_done(&["backup", "--remote", "local"]);
    forget_all(&shop);
    let listed = shop.agent_done(&["list", "--json", "--key", "kit/owner.secret.asc"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let newest = &listed["restore_points"][0];
    assert_eq!(newest["remotes"], serde_json::json!(["local"]), "{listed}");
    assert_eq!(newest["problems"], serde_json::json!([]), "{newest}");
}

/// The manifest of a point that another agent took for the same owner, onto a remote of its own.
fn foreign_manifest(shop: &Shop) -> (String, Vec<u8>) {
    let own = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let (head, _) = own.split_once("[remotes.local]").unwrap();
    let remote = "[remotes.local]\ntype = \"fs\"\nroot = \"elsewhere\"\n[state]\ndir = \"another\"\n";
    fs::write(shop.path("agent.toml"), format!("{head}{remote}")).unwrap();
    let foreign = shop.back_up();
    fs::write(shop.path("agent.toml"), own).unwrap();
    let name = text(&foreign["manifest"]).to_owned();
    let bytes = fs::read(shop.path("elsewhere").join(&name)).unwrap();
    (name, bytes)
}

#[test]
fn a_manifest_that_nobody_known_wrote_blocks_nothing_and_is_not_the_newest_point() {
    let (shop, _) = captured(2);
    let all = count_items(&shop.database());
    let garbage = vec![7; 800];
    let soon = jiff::Timestamp::now() + std::time::Duration::from_secs(120);
    let of_garbage = format!(
        "manifest/{}-0badc0de.{}.json.pgp",
        soon.strftime("%Y%m%dT%H%M%SZ"),
        &digest_of(&garbage)[..32]
    );
    let altered = of_garbage.replace(&digest_of(&garbage)[..32], &"0".repeat(32));
    let known = shop.listed().remove(0);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let (foreign, sealed) = foreign_manifest(&shop);
    for machine in ["the server", "a new one"] {
        for (name, bytes) in [(&of_garbage, &garbage), (&altered, &garbage), (&foreign, &sealed)] {
            let places = ["local", "offsite"].map(|remote| shop.path(remote).join(name));
            places.iter().for_each(|place| fs::write(place, bytes).unwrap());
            let kit = shop.path("kit/agent.asc");
            if machine == "a new one" {
                let own = fs::read_dir(shop.path("local/cert"))
                    .unwrap()
                    .next()
                    .unwrap()
                    .unwrap();
                fs::copy(own.path(), kit).unwrap();
            }
            let (said, items) = latest(&shop, "back");
            assert_eq!(items, all, "{machine}, {name}: {said}");
            let id = name.strip_prefix("manifest/").unwrap().split('.').next().unwrap();
            assert!(
                said.contains("NOT PROVEN") && said.contains(id),
                "{machine}: {said}"
            );
            let listed = shop.agent_done(&["list", "--json", "--key", "kit/owner.secret.asc"]);
            let listed: Value = serde_json::from_str(&listed).unwrap();
            let claimed = &listed["restore_points"][0];
            assert_eq!(
                (text(&claimed["id"]), &claimed["doubtful"]),
                (id, &Value::Bool(true)),
                "{listed}"
            );
            assert_eq!(listed["remotes"][0]["newest"], known["id"], "{listed}");
            places.iter().for_each(|place| fs::remove_file(place).unwrap());
        }
        if machine == "the server" {
            forget_all(&shop);
        }
    }
}
