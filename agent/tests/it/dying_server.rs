//! A server that died while it sent: a later segment is on the remote and one before it is not. What there is comes back,
//! and what is missing is said before anybody is asked; what had arrived and is gone stands in the way as ever.

use std::{fs, path::PathBuf};

use protocol::object_key::{self, SegmentName};
use serde_json::Value;

use crate::{
    missing_commits::{after, captured},
    other_chains::{aside, forget_all},
    shop::{Shop, count_items, restoring, stderr, text},
};

const REMOTES: [&str; 2] = ["local", "offsite"];

/// The bytes of a segment, which is gone from both remotes now.
fn take_away(shop: &Shop, name: &SegmentName) -> Vec<u8> {
    let place = |remote: &str| shop.path(remote).join(name.to_string());
    let bytes = fs::read(place("local")).unwrap();
    REMOTES
        .iter()
        .for_each(|remote| fs::remove_file(place(remote)).unwrap());
    bytes
}

fn put_back(shop: &Shop, name: &SegmentName, bytes: &[u8]) {
    for remote in REMOTES {
        fs::write(shop.path(remote).join(name.to_string()), bytes).unwrap();
    }
}

fn names(segments: Vec<(PathBuf, SegmentName)>) -> Vec<SegmentName> {
    segments.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn a_hole_at_the_end_is_left_out_loudly_and_one_that_had_arrived_blocks() {
    let (shop, point) = captured(10);
    let all = count_items(&shop.database());
    let segments = names(after(&shop, "local", &point));
    let (missing, last) = (&segments[segments.len() - 3], segments.last().unwrap());
    let bytes = take_away(&shop, missing);
    // Its remotes have told this server that they had it.
    let said = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    assert!(said.contains("is missing on every remote"), "{said}");

    forget_all(&shop);
    // The summary of that day counts it.
    let digest = text(&point["manifest"]).split('.').nth(1).unwrap().to_owned();
    let (id, chain) = (text(&point["id"]), text(&point["chain"]));
    let anchor = format!("{id} · commit {} · chain {chain} · {digest}", last.last);
    shop.agent_refuses(1, &restoring("back", &["--latest", "--anchor", &anchor]));
    let left_out = format!(
        "LEFT OUT: commit {} of the chain {chain} is on no remote",
        missing.first
    );
    let plan = shop.agent_done(&restoring("back", &["--latest", "--dry-run"]));
    assert!(plan.contains(&left_out), "before anybody says yes: {plan}");
    let said = shop.agent_done(&restoring("back", &["--latest"]));
    let end = missing.first.get() - 1;
    for part in [
        left_out,
        format!("stands after commit {end}"),
        format!("NOT IN IT: commits {} to {}", missing.first, last.last),
    ] {
        assert!(said.contains(&part), "{part} is not said: {said}");
    }
    let lost = i64::try_from(last.last.get() - end).unwrap();
    assert_eq!(count_items(&shop.path("back/shop.db")), all - lost);
    fs::remove_dir_all(shop.path("back")).unwrap();
    let output = shop.agent(&restoring("back", &["--latest", "--json"]));
    let told: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    assert_eq!(told["may_be_newer"], false, "{told}");
    assert_eq!(told["left_out"]["first"], missing.first.get(), "{told}");
    assert_eq!(told["left_out"]["last"], last.last.get(), "{told}");
    fs::remove_dir_all(shop.path("back")).unwrap();
    // Whoever asks for what is behind it gets nothing else.
    shop.agent_refuses(1, &restoring("back", &["--commit", &last.last.to_string()]));

    // More than travels at the same time shows that it had arrived.
    put_back(&shop, missing, &bytes);
    assert!(segments.len() >= 10);
    let missing = &segments[segments.len() - 9];
    take_away(&shop, missing);
    let said = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    // Nothing but the names behind the hole tells how far it went.
    let lost = last.last.get() + 1 - missing.first.get();
    let earlier = format!("That is EARLIER than what you asked for, by {lost} commits (");
    for part in ["is missing on every remote", "--commit", &earlier] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
}

/// A new machine asks one remote alone: what that lacks may be on the other one, which was there all the time.
#[test]
fn a_remote_that_was_not_asked_may_have_what_the_other_one_lacks() {
    let (shop, point) = captured(6);
    let all = count_items(&shop.database());
    let segments = names(after(&shop, "local", &point));
    forget_all(&shop);
    let of_local = |name: &SegmentName| shop.path("local").join(name.to_string());
    let (missing, last) = (&segments[segments.len() - 2], segments.last().unwrap());
    let bytes = fs::read(of_local(missing)).unwrap();
    for altered in [false, true] {
        match altered {
            false => fs::remove_file(of_local(missing)).unwrap(),
            true => {
                fs::write(of_local(missing), &bytes).unwrap();
                fs::write(of_local(last), b"nothing").unwrap();
            }
        }
        let said = shop.agent_done(&restoring("back", &["--latest", "--remote", "local"]));
        for part in ["offsite was not asked", "IT MAY BE NEWER"] {
            assert!(said.contains(part), "{part} is not said: {said}");
        }
        for never in [
            "no remote that answers",
            "had not arrived",
            "knows of no later",
            "hold no later",
        ] {
            assert!(!said.contains(never), "{never}: {said}");
        }
        assert!(count_items(&shop.path("back/shop.db")) < all, "{said}");
        fs::remove_dir_all(shop.path("back")).unwrap();
    }
    shop.agent_done(&restoring("back", &["--latest"]));
    assert_eq!(count_items(&shop.path("back/shop.db")), all);
}

#[test]
fn segments_that_exchanged_their_names_had_arrived() {
    let (shop, point) = captured(10);
    let segments = names(after(&shop, "local", &point));
    let [one, other] = [4, 3].map(|from_end| segments[segments.len() - from_end].clone());
    let exchanged = [
        SegmentName {
            digest: one.digest.clone(),
            ..other.clone()
        },
        SegmentName {
            digest: other.digest.clone(),
            ..one.clone()
        },
    ];
    for (name, exchanged) in [&one, &other].into_iter().zip(&exchanged) {
        let bytes = take_away(&shop, name);
        put_back(&shop, exchanged, &bytes);
    }
    let said = shop.agent_refuses(1, &["verify", "--all"]);
    for name in &exchanged {
        let wrong = format!("{name}: it is another segment than its name says");
        assert!(said.contains(&wrong), "{wrong} is not said: {said}");
    }
    forget_all(&shop);
    let said = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    for part in ["another segment than its name says", "--commit"] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    assert!(!said.contains("had not arrived"), "{said}");
}

#[test]
fn a_torn_chain_hides_no_newer_state_of_another_one() {
    let aside = aside();
    let (shop, standalone) = (&aside.shop, text(&aside.standalone["id"]));
    let moment = object_key::point_of_manifest(text(&aside.standalone["manifest"]))
        .unwrap()
        .0;
    let moment = agent::backup::survey::moment_of(&moment).unwrap();
    let segments = names(after(shop, "local", &aside.captured));
    let first_after = segments.iter().find(|name| name.last_at > moment).unwrap();
    assert!(segments.last().unwrap() > first_after);
    take_away(shop, first_after);
    // The server knows that it was there: both states are named, and the newer one has the command.
    let said = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    for part in [
        format!("--point {standalone}"),
        "the newest state that can be restored is of another chain".to_owned(),
        format!("--commit {}", first_after.first.get() - 1),
    ] {
        assert!(said.contains(&part), "{part} is not said: {said}");
    }
    forget_all(shop);
    let said = shop.agent_done(&restoring("back", &["--latest"]));
    assert!(said.contains("LEFT OUT") && said.contains(standalone), "{said}");
    assert_eq!(count_items(&shop.path("back/shop.db")), aside.items);
}
