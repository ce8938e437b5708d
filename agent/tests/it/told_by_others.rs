//! What a machine that is not the server says of a remote from which commits or manifests are gone: another remote, or the
//! numbers of the points, tell that they were there.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    missing_commits::{after, sell},
    running::Running,
    shop::{Shop, clock_set, files_under, stderr, text},
};

const VERIFY: [&str; 4] = ["verify", "--all", "--key", "kit/owner.secret.asc"];

/// Three points of one chain and the commits between them, seen from a machine that knows none of it; `retention` is what
/// that one was told.
fn on_another_machine(retention: &str) -> (Shop, Vec<Value>) {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let mut points = vec![shop.back_up()];
    for _ in 0..2 {
        sell(&shop, &agent, 3);
        points.push(shop.back_up());
    }
    sell(&shop, &agent, 2);
    agent.burn();
    as_owner(&shop, retention);
    (shop, points)
}

fn as_owner(shop: &Shop, retention: &str) {
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let owners = settings.replace("dir = \"state\"", "dir = \"owners-state\"");
    assert_ne!(owners, settings);
    fs::write(shop.path("agent.toml"), owners + retention).unwrap();
}

/// What is said an hour later: by then nothing is on its way any more. `None` where no clock can be set.
fn an_hour_later(shop: &Shop, arguments: &[&str]) -> Option<(Option<i32>, String, String)> {
    let output = shop.command(arguments).envs(clock_set("+1h")?).output().unwrap();
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    Some((output.status.code(), said, stderr(&output)))
}

fn delete(root: &Path, part: &str) {
    let gone = files_under(root)
        .into_iter()
        .filter(|path| path.to_str().unwrap().contains(part));
    assert_ne!(
        gone.map(|path| fs::remove_file(path).unwrap()).count(),
        0,
        "{part}"
    );
}

const KEEP: &str = "[retention]\nkeep_within = \"7d\"\n";

fn between(points: &[Value]) -> String {
    let commit = |at: usize| points[at]["commit"].as_u64().unwrap();
    format!("commits {} to {}", commit(0) + 1, commit(1) - 1)
}

#[test]
fn segments_that_another_remote_holds_are_missed_where_all_of_them_are_gone() {
    let (shop, points) = on_another_machine(KEEP);
    let Some((code, _, said)) = an_hour_later(&shop, &VERIFY) else {
        return;
    };
    assert_eq!(code, Some(0), "{said}");
    fs::rename(shop.path("owners-state"), shop.path("forgotten")).unwrap();
    delete(&shop.path("local"), "/segment/");
    let (code, _, said) = an_hour_later(&shop, &VERIFY).unwrap();
    assert_eq!(code, Some(1), "{said}");
    for part in [
        &format!("local: {}", between(&points)),
        "offsite holds it",
        "by no rule of [retention]",
    ] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    assert!(
        !said.contains("offsite: "),
        "nothing is wrong with that one: {said}"
    );
    // Now its points are known, and the key is not asked for.
    let (code, _, said) = an_hour_later(&shop, &["verify", "--remote", "local"]).unwrap();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("offsite holds it"), "{said}");
}

#[test]
fn by_rules_that_this_machine_was_not_told_all_of_them_may_have_been_let_go() {
    let (shop, _) = on_another_machine("");
    delete(&shop.path("local"), "/segment/");
    let Some((code, _, said)) = an_hour_later(&shop, &VERIFY) else {
        return;
    };
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_manifest_that_another_remote_holds_is_missed_where_all_else_of_its_point_is_there() {
    let (shop, points) = on_another_machine(KEEP);
    let newest = text(&points[2]["id"]);
    delete(&shop.path("local"), &format!("/manifest/{newest}"));
    let Some((code, told, said)) = an_hour_later(&shop, &VERIFY) else {
        return;
    };
    assert_eq!(code, Some(1), "{said}");
    for part in [
        &format!("local: manifest/{newest}"),
        "is missing",
        "offsite holds it",
    ] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    assert!(!told.contains("of no backup that this server knows"), "{told}");
    // Without a key names alone show it.
    fs::rename(shop.path("owners-state"), shop.path("forgotten")).unwrap();
    let (_, _, said) = an_hour_later(&shop, &["verify"]).unwrap();
    assert!(
        said.contains(&format!("local: manifest/{newest}")) && said.contains("offsite holds it"),
        "{said}"
    );
}

#[test]
fn what_never_was_on_a_remote_or_left_it_whole_is_not_gone_from_it() {
    let (shop, points) = on_another_machine(KEEP);
    // As if that one had been away when it was taken; its commits were sent later.
    delete(&shop.path("local"), text(&points[1]["id"]));
    let Some((code, _, said)) = an_hour_later(&shop, &VERIFY) else {
        return;
    };
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn where_no_remote_holds_any_segment_the_numbers_of_the_points_tell_what_is_gone() {
    let (shop, points) = on_another_machine(KEEP);
    for remote in ["local", "offsite"] {
        delete(&shop.path(remote), "/segment/");
    }
    let Some((code, _, said)) = an_hour_later(&shop, &VERIFY) else {
        return;
    };
    assert_eq!(code, Some(1), "{said}");
    for remote in ["local", "offsite"] {
        let told = format!("{remote}: {}", between(&points));
        assert!(said.contains(&told), "{told} is not said: {said}");
    }
    assert!(said.contains("no other remote that answers holds it"), "{said}");
    let (_, told, _) = an_hour_later(&shop, &["list"]).unwrap();
    assert!(told.contains(&format!("MISSING: {}", between(&points))), "{told}");
}

/// As where backups are taken while no agent runs: what the capture read then waits for one.
#[test]
fn what_no_remote_was_seen_to_hold_at_the_end_of_a_chain_is_told_and_no_damage() {
    let (shop, points) = on_another_machine(KEEP);
    let from = points[1]["commit"].as_u64().unwrap();
    for remote in ["local", "offsite"] {
        for (path, _) in after(&shop, remote, &points[1]) {
            fs::remove_file(path).unwrap();
        }
    }
    let Some((code, told, said)) = an_hour_later(&shop, &VERIFY) else {
        return;
    };
    assert_eq!(code, Some(0), "{said}");
    let open = format!(
        "local: of commits {} to {}",
        from + 1,
        points[2]["commit"].as_u64().unwrap() - 1
    );
    assert!(
        told.contains(&open) && told.contains("nor on another remote"),
        "{told}"
    );
    // One remote that has them proves that they were sent.
    delete(&shop.path("local"), "/segment/");
    let (code, _, said) = an_hour_later(&shop, &VERIFY).unwrap();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&format!("local: {}", between(&points))), "{said}");
}

/// Each point counts for one commit, and each remote has another half of them.
#[test]
fn backups_that_no_agent_followed_miss_nothing_on_the_remote_that_was_left_out() {
    let shop = Shop::new();
    for remote in ["local", "offsite", "local", "offsite", "local"] {
        shop.fill(8);
        shop.agent_done(&["backup", "--remote", remote]);
    }
    let Some((code, _, said)) = an_hour_later(&shop, &["verify"]) else {
        return;
    };
    assert_eq!(code, Some(0), "{said}");
    as_owner(&shop, KEEP);
    let (code, _, said) = an_hour_later(&shop, &VERIFY).unwrap();
    assert_eq!(code, Some(0), "{said}");
    let (_, told, _) = an_hour_later(&shop, &["list"]).unwrap();
    assert!(!told.contains("MISSING"), "{told}");
}

#[test]
fn a_restore_says_that_nothing_tells_what_came_after_the_last_point() {
    let (shop, points) = on_another_machine(KEEP);
    let last = points[2]["commit"].as_u64().unwrap();
    let untold = format!("nothing tells what came after commit {last}");
    let said = || {
        let output = shop.agent(&[
            "restore",
            "--latest",
            "--key",
            "kit/owner.secret.asc",
            "--dry-run",
        ]);
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout.clone()).unwrap() + &stderr(&output)
    };
    // Where the commits that led to the point are there, none came after it.
    for remote in ["local", "offsite"] {
        for (path, _) in after(&shop, remote, &points[2]) {
            fs::remove_file(path).unwrap();
        }
    }
    let told = said();
    assert!(!told.contains("nothing tells"), "{told}");
    for remote in ["local", "offsite"] {
        delete(&shop.path(remote), "/segment/");
    }
    let told = said();
    assert!(told.contains(&untold), "{told}");
}
