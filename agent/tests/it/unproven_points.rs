//! A machine that knows nothing, and a point whose manifest does not open: where an object of it shows that it is ours and
//! newer it stands in the way; else it is named, with whether it may be newer, and does not.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use serde_json::Value;

use crate::{
    invented_names::{claims, digest_of},
    missing_commits::{after, captured, sell},
    other_chains::forget_all,
    running::Running,
    shop::{Shop, count_items, files_under, restoring, text},
};

const REMOTES: [&str; 2] = ["local", "offsite"];
const NEWER: &str = "IT MAY BE NEWER";

/// The older of two points, and the newer one of a database that grew.
fn two_points() -> (Shop, Value, Value) {
    let shop = Shop::new();
    let older = shop.back_up();
    shop.fill(8);
    // A point's name and a signature hold whole seconds.
    std::thread::sleep(Duration::from_millis(2_100));
    let newer = shop.back_up();
    forget_all(&shop);
    (shop, older, newer)
}

fn write(shop: &Shop, key: &str, bytes: &[u8]) {
    REMOTES
        .iter()
        .for_each(|remote| fs::write(shop.path(remote).join(key), bytes).unwrap());
}

fn given(shop: &Shop) -> (String, i64) {
    let said = shop.agent_done(&restoring("back", &["--latest"]));
    let items = count_items(&shop.path("back/shop.db"));
    fs::remove_dir_all(shop.path("back")).unwrap();
    (said, items)
}

#[test]
fn a_manifest_that_does_not_open_blocks_only_where_an_object_of_it_shows_that_it_is_ours_and_newer() {
    let (shop, older, newer) = two_points();
    let (id, manifest) = (text(&newer["id"]), text(&newer["manifest"]));
    write(&shop, manifest, &[7; 800]);
    let said = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    let instead = format!("--point {}", text(&older["id"]));
    assert!(said.contains(id) && said.contains(&instead), "{said}");
    // Anybody can copy what the agent wrote before, or put anything else there.
    let copy = fs::read(shop.path("local").join(text(&older["objects"][0]))).unwrap();
    for (what, bytes) in [("a copy", copy), ("garbage", vec![7; 800])] {
        for key in ["objects", "files"]
            .iter()
            .flat_map(|kind| newer[*kind].as_array().unwrap())
        {
            write(&shop, text(key), &bytes);
        }
        let (said, items) = given(&shop);
        assert_eq!(items, 1, "{what}: {said}");
        for part in ["NOT PROVEN", id, NEWER] {
            assert!(said.contains(part), "{what}: {part} is not said: {said}");
        }
    }
    // What its remote wrote before that cannot be newer.
    let before = SystemTime::now() - Duration::from_secs(3_600);
    for remote in REMOTES {
        let file = fs::File::options()
            .write(true)
            .open(shop.path(remote).join(manifest))
            .unwrap();
        file.set_modified(before).unwrap();
    }
    let (said, _) = given(&shop);
    assert!(said.contains("NOT PROVEN") && !said.contains(NEWER), "{said}");
}

#[test]
fn a_backup_that_was_being_taken_when_its_server_died_is_named_and_does_not_block() {
    let (shop, _, newer) = two_points();
    let remove = |key: &Value| {
        REMOTES
            .iter()
            .for_each(|remote| fs::remove_file(shop.path(remote).join(text(key))).unwrap());
    };
    remove(&newer["manifest"]);
    // All of it was there but for the manifest: that was deleted since.
    shop.agent_refuses(1, &restoring("back", &["--latest"]));
    remove(&newer["files"][0]);
    let output = shop.agent(&restoring("look", &["--latest", "--json", "--dry-run"]));
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(plan["may_be_newer"], true, "{plan}");
    let (said, items) = given(&shop);
    assert_eq!(items, 1, "{said}");
    for part in ["was being taken when its server died", NEWER, text(&newer["id"])] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
}

#[test]
fn what_refused_backups_left_is_one_short_note_beside_commits_that_are_newer() {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let point = shop.back_up();
    // All that one that is refused sends: its manifest never comes.
    let id = text(&point["id"]);
    for last in ["ffffe", "fffff"] {
        let later = format!("{}{last}", &id[..id.len() - 5]);
        for kind in ["objects", "files"] {
            let key = text(&point[kind][0]);
            let bytes = fs::read(shop.path("local").join(key)).unwrap();
            for remote in REMOTES {
                let left = shop.path(remote).join(key.replace(id, &later));
                fs::create_dir_all(left.parent().unwrap()).unwrap();
                fs::write(left, &bytes).unwrap();
            }
        }
    }
    // A point's name holds whole seconds.
    std::thread::sleep(Duration::from_millis(2_100));
    sell(&shop, &agent, 2);
    agent.burn();
    forget_all(&shop);
    let plan = shop.agent_done(&restoring("back", &["--latest", "--dry-run"]));
    let notes = plan
        .lines()
        .filter(|line| line.contains("refused or interrupted"));
    assert_eq!(notes.count(), 1, "{plan}");
    for clutter in ["NOT PROVEN", "is missing on every remote", "manifest/"] {
        assert!(!plan.contains(clutter), "{clutter}: {plan}");
    }
}

/// A last segment under a name that fits its bytes, sealed for somebody else, and its name.
fn locked(shop: &Shop, point: &Value) -> String {
    let other = Shop::without_key();
    other.agent_done(&["key", "new", "--out", "kit"]);
    other.use_certificate("kit/owner.asc");
    let foreign = other.back_up();
    let sealed = fs::read(other.path("local").join(text(&foreign["objects"][0]))).unwrap();
    let last = after(shop, "local", point).pop().unwrap().1;
    let next = last.last.get() + 1;
    let claim = claims(&last, next, next, &digest_of(&sealed)).to_string();
    write(shop, &claim, &sealed);
    claim
}

#[test]
fn a_last_segment_that_is_sealed_to_another_key_is_named_and_does_not_block() {
    let (shop, point) = captured(2);
    forget_all(&shop);
    let claim = locked(&shop, &point);
    let all = count_items(&shop.database());
    let (said, items) = given(&shop);
    assert_eq!(items, all, "{said}");
    for part in ["NOT PROVEN", &claim, NEWER, "the key does not open it"] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
}

#[test]
fn with_the_owners_key_a_comparison_opens_segments_and_names_what_does_not_open() {
    let (shop, point) = captured(3);
    let opened = ["verify", "--remote", "local", "--key", "kit/owner.secret.asc"];
    let count = files_under(&shop.path("local/segment")).len();
    let said = shop.agent_done(&opened);
    assert!(
        said.contains(&format!("{count} segments of commits opened")),
        "{said}"
    );
    let claim = locked(&shop, &point);
    // By name, size and digest nothing is wrong with it.
    shop.agent_done(&["verify", "--remote", "local", "--all"]);
    let said = shop.agent_refuses(1, &opened);
    assert!(
        said.contains(&claim) && said.contains("the key does not open it"),
        "{said}"
    );
}

#[test]
fn a_remote_that_does_not_answer_lends_no_weight_to_what_a_stranger_wrote_on_the_others() {
    let (shop, ..) = two_points();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let hung = "[remotes.hung]\ntype = \"webdav\"\nendpoint = \"http://127.0.0.1:9\"\n[state]";
    fs::write(shop.path("agent.toml"), settings.replace("[state]", hung)).unwrap();
    // Another agent's, sealed to the same owner, whose objects are nowhere.
    let stranger = Shop::new();
    let manifest = stranger.back_up();
    let manifest = text(&manifest["manifest"]);
    let sealed = fs::read(stranger.path("local").join(manifest)).unwrap();
    let id = manifest.split(['/', '-']).nth(1).unwrap();
    for bytes in [sealed, vec![7; 800]] {
        write(&shop, manifest, &bytes);
        let (said, items) = given(&shop);
        assert_eq!(items, count_items(&shop.database()), "{said}");
        for part in ["NOT PROVEN", id, NEWER, "hung may hold an intact copy"] {
            assert!(said.contains(part), "{part} is not said: {said}");
        }
        // Who gave no list lacks nothing by that.
        assert!(!said.contains("on hung it is missing"), "{said}");
    }
    // Nor to the last segment that he invents.
    let (shop, point) = captured(2);
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    fs::write(shop.path("agent.toml"), settings.replace("[state]", hung)).unwrap();
    forget_all(&shop);
    let claim = locked(&shop, &point);
    let all = count_items(&shop.database());
    let (said, items) = given(&shop);
    assert_eq!(items, all, "{said}");
    assert!(said.contains(&claim) && said.contains("hung may hold"), "{said}");
}
