//! The segment of a commit at which a restore point stands: nothing is lost without it, and it is missed all the same.

use std::{
    fs,
    path::{Path, PathBuf},
};

use agent::store::Store;
use protocol::object_key::SegmentName;
use serde_json::Value;

use crate::{
    missing_commits::sell,
    running::Running,
    shop::{Shop, clock_set, files_under, stderr, text},
};

const VERIFY: [&str; 3] = ["verify", "--remote", "local"];

/// Three points, and two commits before each of the later ones; these two.
fn three_points() -> (Shop, [Value; 2]) {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    shop.back_up();
    sell(&shop, &agent, 2);
    let middle = shop.back_up();
    sell(&shop, &agent, 2);
    let last = shop.back_up();
    agent.burn();
    (shop, [middle, last])
}

/// The segment that holds the commit of this point and no other one.
fn of_point(root: &Path, point: &Value) -> PathBuf {
    let commit = point["commit"].as_u64().unwrap();
    let is_it = |path: &PathBuf| {
        let name = SegmentName::parse(path.strip_prefix(root).unwrap().to_str().unwrap());
        name.is_some_and(|name| name.first.get() == commit && name.last.get() == commit)
    };
    let found = files_under(&root.join("segment")).into_iter().find(is_it);
    found.expect("the commit before a point is a segment of its own")
}

#[test]
fn it_is_named_with_the_point_that_gives_its_commit_back() {
    let (shop, points) = three_points();
    shop.agent_done(&VERIFY);
    for point in &points {
        let gone = of_point(&shop.path("local"), point);
        let kept = fs::read(&gone).unwrap();
        fs::remove_file(&gone).unwrap();
        let said = shop.agent_refuses(1, &VERIFY);
        let commit = point["commit"].to_string();
        for part in [
            &format!("the segment of commit {commit} is not there"),
            &format!("the point {} gives the same state back", text(&point["id"])),
            "no rule of [retention] lets it go",
            "offsite holds it",
        ] {
            assert!(said.contains(part), "{part} is not said: {said}");
        }
        assert!(!said.contains("cannot be restored"), "{said}");
        // What it says is so, and the list shows no gap.
        let named = ["--remote", "local", "--commit", &commit];
        shop.restore_to(&format!("back-{commit}"), &named);
        let listed = shop.agent_done(&["list", "--remote", "local", "--json"]);
        assert!(!listed.contains(r#""what":"missing""#), "{listed}");
        fs::write(&gone, kept).unwrap();
        shop.agent_done(&VERIFY);
    }
}

#[test]
fn of_a_server_that_may_have_died_the_last_one_is_missed_only_where_another_remote_has_it() {
    let Some(later) = clock_set("+20m") else { return };
    let (shop, [_, last]) = three_points();
    // As on the owner's computer: nothing is known here of what the server sent.
    let settings = shop.path("agent.toml");
    let of_server = fs::read_to_string(&settings).unwrap();
    let own = of_server.replace("dir = \"state\"", "dir = \"owners-state\"");
    assert_ne!(own, of_server);
    fs::write(&settings, own).unwrap();
    let verify = || {
        let arguments = [&VERIFY[..], &["--key", "kit/owner.secret.asc"]].concat();
        let output = shop.command(&arguments).envs(later).output().unwrap();
        (output.status.code(), stderr(&output))
    };
    assert_eq!(verify().0, Some(0), "{}", verify().1);
    fs::remove_file(of_point(&shop.path("local"), &last)).unwrap();
    let (code, said) = verify();
    let named = format!("the segment of commit {} is not there", last["commit"]);
    assert!(
        code == Some(1) && said.contains(&named) && said.contains("offsite holds it"),
        "{said}"
    );
    fs::remove_file(of_point(&shop.path("offsite"), &last)).unwrap();
    let (code, said) = verify();
    assert_eq!(code, Some(0), "nothing tells that it was ever sent: {said}");
}

#[test]
fn a_remote_that_was_added_later_lacks_none_of_what_went_to_the_others_before() {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    shop.back_up();
    // The agent that runs does not know of it yet; a backup by hand does.
    let settings = shop.path("agent.toml");
    let more = "[remotes.later]\ntype = \"fs\"\nroot = \"later\"\n";
    let with_more = fs::read_to_string(&settings).unwrap() + more;
    fs::write(&settings, with_more).unwrap();
    fs::create_dir(shop.path("later")).unwrap();
    shop.back_up();
    for commits in [1, 3] {
        sell(&shop, &agent, commits);
        shop.back_up();
    }
    agent.burn();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    sell(&shop, &agent, 2);
    agent.burn();
    let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let shipping = store.shipping().unwrap();
    let later = shipping.iter().find(|one| one.remote == "later");
    assert!(later.is_some_and(|one| one.holds.is_some()), "{shipping:?}");
    let said = shop.agent_done(&["verify", "--remote", "later"]);
    assert!(said.contains("were never sent there"), "{said}");
}

#[test]
fn a_remote_that_was_taken_out_and_put_back_is_missed_what_it_had_and_not_what_went_to_the_others_meanwhile()
{
    let shop = Shop::new();
    let settings = shop.path("agent.toml");
    let without = fs::read_to_string(&settings).unwrap();
    let with_more = without.clone() + "[remotes.usb]\ntype = \"fs\"\nroot = \"usb\"\n";
    fs::create_dir(shop.path("usb")).unwrap();
    let mut had = None;
    for settings_then in [&with_more, &without] {
        fs::write(&settings, settings_then).unwrap();
        let agent = Running::start(&shop);
        agent.wait_for("/rest");
        if settings_then == &with_more {
            shop.back_up();
        }
        sell(&shop, &agent, 3);
        agent.burn();
        let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
        let mut shipping = store.shipping().unwrap().into_iter();
        let of_usb = shipping.find(|one| one.remote == "usb");
        had = had.or(of_usb.and_then(|one| one.holds).map(|(_, commit, _)| commit));
    }
    fs::write(&settings, &with_more).unwrap();
    // It is not there yet: else the agent ends it within seconds.
    fs::rename(shop.path("usb"), shop.path("unplugged")).unwrap();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    // What went to the others since cannot be reached from there before the agent takes a backup for it; what it had can.
    // That is so before anything is sold again.
    let of = |remote| {
        let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
        let mut shipping = store.shipping().unwrap().into_iter();
        shipping.find(|one| one.remote == remote).unwrap()
    };
    let torn = |remote| of(remote).torn_after;
    assert!(had.is_some() && torn("usb") == had, "{had:?}");
    let lag = |remote| (of(remote).never_sent, of(remote).waiting_commits);
    let lacks = lag("usb").0;
    assert_eq!((lacks > 0, lag("usb").1, lag("local")), (true, lacks, (0, 0)));
    assert!(of("usb").waiting_since.is_some());
    let said = shop.agent_done(&["status"]);
    assert!(said.contains("usb gives back NOTHING after commit"), "{said}");
    assert_eq!(torn("local"), None);
    fs::rename(shop.path("unplugged"), shop.path("usb")).unwrap();
    sell(&shop, &agent, 3);
    agent.burn();
    let verify = ["verify", "--remote", "usb"];
    let said = shop.agent_done(&verify);
    assert!(said.contains("were never sent there"), "{said}");
    for command in ["list", "status"] {
        let said = shop.agent_done(&[command]);
        let accuses = said.contains("missing or altered here") || said.contains("LACKS");
        assert!(!accuses, "{command}: {said}");
    }
    let first = files_under(&shop.path("usb/segment")).into_iter().min().unwrap();
    fs::remove_file(first).unwrap();
    let said = shop.agent_refuses(1, &verify);
    assert!(said.contains("no rule of [retention] lets it go"), "{said}");
}

#[test]
fn what_the_rules_of_another_machine_may_have_let_go_is_left_open_and_said() {
    let (shop, _) = three_points();
    let settings = shop.path("agent.toml");
    let mut of_server = fs::read_to_string(&settings).unwrap();
    for remote in ["[remotes.local]\n", "[remotes.offsite]\n"] {
        of_server = of_server.replace(remote, &format!("{remote}append_only = true\n"));
    }
    fs::write(&settings, of_server).unwrap();
    let checked = String::from_utf8(shop.agent(&["check"]).stdout).unwrap();
    assert!(
        checked.contains("append_only without [retention] (local, offsite)"),
        "{checked}"
    );
    let open = "`agent prune` on another machine let them go";
    let said = shop.agent_done(&VERIFY);
    assert!(!said.contains(open), "{said}");
    fs::remove_dir_all(shop.path("local/segment")).unwrap();
    let said = shop.agent_done(&VERIFY);
    for part in [open, "once more between older points", "and not on offsite"] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    fs::remove_dir_all(shop.path("offsite/segment")).unwrap();
    let said = shop.agent_done(&VERIFY);
    assert!(said.contains(open) && !said.contains("and not on"), "{said}");
}
