//! Segments that are gone in the middle of a chain: what `agent verify` says of them, and what the owner hears.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use agent::store::{
    Store,
    capture::SpooledSegment,
    rehearsal::{Kind, Rehearsal},
};
use protocol::{chain::CommitNumber, object_key::SegmentName, time::UnixMillis};
use rusqlite::Connection;
use serde_json::Value;

use crate::{
    fault_proxy::{Fault, Proxy},
    rehearsals::raised,
    remotes::shop_with,
    running::{Running, wait_until_both_hold_the_same},
    servers,
    shop::{Shop, clock_set, count_items, files_under, text},
    world::LIMIT,
};

const VERIFY: [&str; 3] = ["verify", "--remote", "local"];

/// A point, and so many segments of one commit after it, on both remotes.
pub fn captured(commits: u32) -> (Shop, Value) {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let point = shop.back_up();
    sell(&shop, &agent, commits);
    agent.burn();
    (shop, point)
}

/// So many segments of one commit, on both remotes.
pub fn sell(shop: &Shop, agent: &Running, commits: u32) {
    let bot = Connection::open(shop.database()).unwrap();
    bot.busy_timeout(Duration::from_secs(5)).unwrap();
    for _ in 0..commits {
        bot.execute("INSERT INTO item (text) VALUES (hex(randomblob(60)))", [])
            .unwrap();
        agent.wait_for("/durable");
    }
    wait_until_both_hold_the_same(shop);
    // What lies there counts as sent once it is written down: an agent that is killed before sends it again.
    let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while store
        .shipping()
        .unwrap()
        .iter()
        .any(|one| one.waiting_commits > 0)
    {
        assert!(
            Instant::now() < deadline,
            "what both hold is not written down as sent"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The segments of a remote after the point, in the order of their commits.
pub fn after(shop: &Shop, remote: &str, point: &Value) -> Vec<(PathBuf, SegmentName)> {
    let commit = point["commit"].as_u64().unwrap();
    let root = shop.path(remote);
    let named = |path: PathBuf| {
        let key = path.strip_prefix(&root).unwrap().to_str().unwrap();
        SegmentName::parse(key).map(|name| (path.clone(), name))
    };
    let all = files_under(&root.join("segment")).into_iter().filter_map(named);
    all.filter(|(_, name)| name.first.get() > commit).collect()
}

/// How the commits of a segment that is gone are named.
fn told(name: &SegmentName) -> String {
    match name.first == name.last {
        true => format!("commit {} of the chain", name.first),
        false => format!("commits {} to {} of the chain", name.first, name.last),
    }
}

fn written_down(shop: &Shop) -> Rehearsal {
    let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    store.newest_rehearsal(Kind::Sample, "local").unwrap().unwrap()
}

#[test]
fn a_segment_that_is_gone_in_the_middle_is_named_with_its_commits_and_who_still_holds_them() {
    let (shop, point) = captured(6);
    shop.agent_done(&["verify"]);
    let segments = after(&shop, "local", &point);
    let (gone, name) = &segments[2];
    let kept = fs::read(gone).unwrap();
    fs::remove_file(gone).unwrap();

    let said = shop.agent_refuses(1, &VERIFY);
    let commits = told(name);
    for part in [
        &commits,
        text(&point["chain"]),
        "cannot be restored from this remote",
        "until its next backup",
        "offsite holds",
    ] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    shop.agent_done(&["verify", "--remote", "offsite"]);
    let alerts = raised(&shop);
    let mut of_remotes = alerts
        .iter()
        .filter(|(key, _)| key.starts_with("remote_objects/"));
    let told = |(key, row): &(String, String)| key == "remote_objects/local" && row.contains(&commits);
    assert!(
        of_remotes.next().is_some_and(told) && of_remotes.next().is_none(),
        "{alerts:?}"
    );
    let row = written_down(&shop);
    let seen: Value = serde_json::from_str(&row.seen).unwrap();
    assert_eq!(seen["missing_commits"][0]["first"], name.first.get(), "{seen}");
    assert_eq!(seen["missing_commits"][0]["held_by"][0], "offsite", "{seen}");

    // What it says is so: the one remote goes no further, and both together do.
    let commit = segments.last().unwrap().1.last.to_string();
    let back = ["--key", "kit/owner.secret.asc", "--yes", "--to", "back"];
    let to_the_end = [&["restore"][..], &back, &["--commit", &commit]].concat();
    let alone = [&to_the_end[..], &["--remote", "local"]].concat();
    shop.agent_refuses(1, &alone);
    shop.agent_done(&to_the_end);
    assert_eq!(
        count_items(&shop.path("back/shop.db")),
        count_items(&shop.database())
    );

    // And so is the cure.
    fs::write(gone, kept).unwrap();
    shop.agent_done(&VERIFY);
    assert_eq!(written_down(&shop).fault, None);
}

#[test]
fn what_no_remote_holds_any_more_is_said_to_be_so_and_a_point_after_it_ends_it() {
    let (shop, point) = captured(5);
    for remote in ["local", "offsite"] {
        fs::remove_file(&after(&shop, remote, &point)[1].0).unwrap();
    }
    let said = shop.agent_refuses(1, &VERIFY);
    assert!(said.contains("no other remote that answers holds"), "{said}");
    let later = shop.back_up();
    let said = shop.agent_refuses(1, &VERIFY);
    let until = format!("nor can what follows until the point {}", text(&later["id"]));
    assert!(said.contains(&until), "{said}");
}

#[test]
fn what_is_gone_right_after_a_point_is_named_also_when_nothing_is_left_before_it() {
    let (shop, point) = captured(5);
    let segments = after(&shop, "local", &point);
    // What came before the point goes as well, as after a while of retention: no range is left that would end there.
    let following: Vec<&PathBuf> = segments.iter().map(|(path, _)| path).collect();
    for path in files_under(&shop.path("local/segment")) {
        if !following.contains(&&path) {
            fs::remove_file(path).unwrap();
        }
    }
    shop.agent_done(&VERIFY);
    let (gone, first) = &segments[0];
    let kept = fs::read(gone).unwrap();
    fs::remove_file(gone).unwrap();

    let said = shop.agent_refuses(1, &VERIFY);
    let place = format!("right after the point {}", text(&point["id"]));
    for part in [&told(first), &place, "no rule of [retention]", "offsite holds"] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    // Rules that were not there cannot have deleted it; those that keep a week neither.
    append(&shop.path("agent.toml"), "[retention]\nkeep_within = \"7d\"\n");
    let said = shop.agent_refuses(1, &VERIFY);
    assert!(said.contains(&place), "{said}");
    fs::write(gone, kept).unwrap();
    shop.agent_done(&VERIFY);
}

#[test]
fn what_prune_itself_deleted_after_a_point_is_no_damage_also_when_the_rules_keep_more_later() {
    let (shop, point) = captured(4);
    let settings = shop.path("agent.toml");
    let before = fs::read_to_string(&settings).unwrap();
    // The newest two full points stay, and what follows the newer one; the commits between them go.
    append(&settings, "[retention]\ndaily = 7\n");
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let newer = shop.back_up();
    sell(&shop, &agent, 2);
    agent.burn();
    assert_eq!(point["chain"], newer["chain"]);
    let store = Store::open(&shop.path("state")).unwrap();
    shop.agent_done(&["prune", "--remote", "local"]);
    let marks = store.prune_marks("local").unwrap();
    let aged = marks.into_keys().map(|key| (key, UnixMillis(1)));
    store.set_prune_marks("local", &aged.collect()).unwrap();
    shop.agent_done(&["prune", "--remote", "local"]);
    let left = after(&shop, "local", &newer);
    assert!(left.len() >= 2);
    assert_eq!(after(&shop, "local", &point), left, "the rules let the others go");
    for more in ["", "[retention]\nkeep_within = \"30d\"\n"] {
        fs::write(&settings, before.clone() + more).unwrap();
        shop.agent_done(&VERIFY);
    }
    // What follows the newer one they never did.
    fs::remove_file(&left[0].0).unwrap();
    let said = shop.agent_refuses(1, &VERIFY);
    assert!(said.contains(&told(&left[0].1)), "{said}");
}

/// The spool is full of these, which the folder never got; the last of their commits.
fn drop_from_spool(shop: &Shop, dropped: &[(PathBuf, SegmentName)]) -> CommitNumber {
    let store = Store::open(&shop.path("state")).unwrap();
    let state = store.capture_state().unwrap().unwrap();
    let spooled = dropped.iter().map(|(path, name)| {
        fs::remove_file(path).unwrap();
        let mut segment = SpooledSegment {
            id: 0,
            key: name.to_string(),
            chain: name.chain.clone(),
            first: name.first,
            last: name.last,
            first_at: name.last_at,
            last_at: name.last_at,
            size_bytes: 1,
            sha256: String::new(),
        };
        segment.id = store.add_segment(&state, &segment, None).unwrap();
        segment
    });
    let through = spooled.last().unwrap();
    let behind = ["local".to_owned()];
    let put = store.put_gap(&behind, &through, through.last_at, "the spool was full");
    put.unwrap();
    store.forget_segments_through(through.id).unwrap();
    through.last
}

#[test]
fn what_was_sent_right_before_the_spool_dropped_the_rest_is_missed_and_not_what_was_dropped() {
    let (shop, point) = captured(6);
    let segments = after(&shop, "local", &point);
    let last = drop_from_spool(&shop, &segments[2..4]);
    let said = shop.agent_done(&VERIFY);
    let never_sent = format!("single commits through {last} were never sent there");
    assert!(said.contains(&never_sent), "{said}");
    fs::remove_file(&segments[1].0).unwrap();
    let said = shop.agent_refuses(1, &VERIFY);
    assert!(said.contains(&told(&segments[1].1)), "{said}");
    let seen: Value = serde_json::from_str(&written_down(&shop).seen).unwrap();
    assert_eq!(seen["missing_commits"].as_array().unwrap().len(), 1, "{seen}");
    assert_eq!(seen["never_sent"][0][1], last.get(), "{seen}");
}

#[test]
fn what_the_spool_had_to_drop_is_told_and_no_damage_also_after_the_next_time() {
    let (shop, point) = captured(6);
    let segments = after(&shop, "local", &point);
    let first = drop_from_spool(&shop, &segments[1..2]);
    let said = shop.agent_done(&VERIFY);
    let until = |last: CommitNumber| format!("single commits through {last} were never sent there");
    assert!(said.contains(&until(first)), "{said}");
    let second = drop_from_spool(&shop, &segments[3..4]);
    let said = shop.agent_done(&VERIFY);
    let both = format!("single commits through {first} and through {second} were never sent there");
    assert!(said.contains(&both), "{said}");
    // What goes besides is damage.
    fs::remove_file(&segments[4].0).unwrap();
    let said = shop.agent_refuses(1, &VERIFY);
    assert!(said.contains(&told(&segments[4].1)), "{said}");
}

#[test]
fn what_the_owners_machine_deleted_by_the_same_rules_is_not_missed_where_the_server_may_not_delete() {
    let shop = Shop::new();
    let settings = shop.path("agent.toml");
    let server = fs::read_to_string(&settings).unwrap();
    let local = "[remotes.local]\n";
    assert!(server.contains(local));
    let server = server.replace(local, &format!("{local}append_only = true\n"));
    fs::write(&settings, server + "[retention]\nkeep_within = \"7d\"\n").unwrap();
    let delete = |point: &Value| {
        let of_point = |path: &PathBuf| path.to_str().unwrap().contains(text(&point["id"]));
        let objects = files_under(&shop.path("local")).into_iter().filter(of_point);
        let deleted = objects.map(|path| {
            let key = path.strip_prefix(shop.path("local")).unwrap().to_owned();
            fs::remove_file(path).unwrap();
            (key.to_str().unwrap().to_owned(), UnixMillis(1))
        });
        deleted.collect()
    };
    let old = shop.back_up();
    let newer = shop.back_up();
    shop.back_up();
    let marks = delete(&old);
    let store = Store::open(&shop.path("state")).unwrap();
    store.set_prune_marks("local", &marks).unwrap();
    shop.agent_done(&VERIFY);
    shop.agent_done(&["prune"]);
    shop.agent_done(&VERIFY);
    let _: std::collections::BTreeMap<_, _> = delete(&newer);
    let said = shop.agent_refuses(1, &VERIFY);
    assert!(said.contains(text(&newer["id"])), "no rule marked it: {said}");
}

/// The server prunes, and so does the owner's own machine, which has not marked yet what the server deletes.
#[test]
fn what_the_server_deleted_by_rules_that_the_owners_machine_has_too_is_not_missed_there() {
    let shop = Shop::new();
    let settings = shop.path("agent.toml");
    let server = fs::read_to_string(&settings).unwrap();
    let remove = |point: &Value| {
        let of_point = |path: &PathBuf| path.to_str().unwrap().contains(text(&point["id"]));
        let objects = files_under(&shop.path("local")).into_iter().filter(of_point);
        objects.for_each(|path| fs::remove_file(path).unwrap());
    };
    let mut points = Vec::new();
    for day in ["-4d", "-3d", "-2d"] {
        let Some(clock) = clock_set(day) else { return };
        let taken = shop.command(&["backup"]).envs(clock).status().unwrap();
        assert!(taken.success());
        points.push(shop.listed().remove(0));
    }
    points.push(shop.back_up());
    remove(&points[1]);
    fs::write(&settings, server.clone() + "[retention]\nkeep_within = \"7d\"\n").unwrap();
    let said = shop.agent_refuses(1, &VERIFY);
    assert!(said.contains(text(&points[1]["id"])), "the rules keep it: {said}");
    // One that was damaged before the rest of it went is missed as well.
    fs::remove_file(shop.path("local").join(text(&points[2]["objects"][0]))).unwrap();
    shop.agent_refuses(1, &VERIFY);
    remove(&points[2]);
    let said = shop.agent_refuses(1, &VERIFY);
    assert!(said.contains(text(&points[2]["id"])), "the rules keep it: {said}");
    fs::write(&settings, server + "[retention]\ndaily = 1\n").unwrap();
    shop.agent_done(&VERIFY);
    // The newest one stays by every rule.
    remove(&points[3]);
    let said = shop.agent_refuses(1, &VERIFY);
    assert!(said.contains(text(&points[3]["id"])), "{said}");
}

#[test]
fn on_another_machine_it_is_left_open_who_is_to_blame_and_the_server_tells() {
    let (shop, point) = captured(5);
    let segments = after(&shop, "local", &point);
    let (gone, name) = &segments[1];
    fs::remove_file(gone).unwrap();
    // Names hold the moment: what is younger than ten minutes may be on its way, for all that another machine knows.
    for (path, name) in &segments[2..] {
        let mut earlier = name.clone();
        earlier.last_at = UnixMillis(name.last_at.0 - 660_000);
        fs::rename(path, shop.path("local").join(earlier.to_string())).unwrap();
    }
    let settings = shop.path("agent.toml");
    let of_server = fs::read_to_string(&settings).unwrap();
    let own = of_server.replace("dir = \"state\"", "dir = \"owners-state\"");
    assert_ne!(own, of_server);
    fs::write(&settings, own).unwrap();
    let said = shop.agent_refuses(1, &[&VERIFY[..], &["--key", "kit/owner.secret.asc"]].concat());
    for part in [&told(name), "either the server", "or it was deleted"] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    // The server knows what it sent.
    fs::write(&settings, of_server).unwrap();
    let said = shop.agent_refuses(1, &VERIFY);
    assert!(
        said.contains(&told(name)) && said.contains("no rule of [retention] lets it go"),
        "{said}"
    );
}

#[test]
fn what_lies_before_everything_that_retention_keeps_is_no_damage() {
    let (shop, point) = captured(4);
    fs::remove_file(&after(&shop, "local", &point)[1].0).unwrap();
    shop.back_up();
    shop.agent_refuses(1, &VERIFY);
    let settings = shop.path("agent.toml");
    append(&settings, "[retention]\ndaily = 7\n");
    shop.agent_done(&VERIFY);
}

#[test]
fn list_shows_what_is_gone_right_after_the_first_point_of_a_chain() {
    let (shop, point) = captured(4);
    for remote in ["local", "offsite"] {
        let following = after(&shop, remote, &point);
        for path in files_under(&shop.path(remote).join("segment")) {
            if !following[1..].iter().any(|(kept, _)| *kept == path) {
                fs::remove_file(path).unwrap();
            }
        }
    }
    // Of a chain that begins with this point nothing else tells that the first commits after it are gone.
    let (commit, shown) = (point["commit"].as_u64().unwrap(), shop.agent_done(&["list"]));
    let chain = text(&point["chain"]);
    let missing = format!("MISSING: commit {0} of chain {1}", commit + 1, &chain[..8]);
    assert!(shown.contains(&missing), "{missing}: {shown}");
    assert!(shown.contains("UNREACHABLE"), "{shown}");
}

#[test]
fn list_promises_nothing_that_an_object_claims_by_its_name_alone() {
    let (shop, point) = captured(4);
    let segments = after(&shop, "local", &point);
    let (_, last) = segments.last().unwrap();
    let before = shop.agent_done(&["list"]);
    let end = format!("to {}, until", last.last);
    assert!(
        before.contains(&end) && !before.contains("NOT PROVEN"),
        "{before}"
    );
    let claim = |name: &SegmentName, through: u64| {
        let through = CommitNumber::new(through).unwrap();
        let false_name = SegmentName::new(&name.chain, name.first, through, name.last_at, &"0".repeat(64));
        let path = shop.path("local").join(false_name.to_string());
        fs::copy(&segments[1].0, &path).unwrap();
        (false_name.to_string(), path)
    };
    let after_the_end = SegmentName::new(&last.chain, last.last.next(), last.last.next(), last.last_at, "");
    let (name, path) = claim(&after_the_end, 5_000);
    let shown = shop.agent_done(&["list"]);
    assert!(shown.contains(&end), "{shown}");
    assert!(
        shown.contains(&format!("{name}: this server follows that chain")),
        "{shown}"
    );
    fs::remove_file(path).unwrap();
    let (name, _) = claim(&segments[0].1, 5_000);
    // Also where nothing is known but the names.
    fs::remove_dir_all(shop.path("state")).unwrap();
    let shown = shop.agent_done(&["list"]);
    assert!(shown.contains(&end), "{shown}");
    assert!(
        shown.contains(&format!("{name}: another segment begins within it")),
        "{shown}"
    );
}

fn append(path: &Path, text: &str) {
    let before = fs::read_to_string(path).unwrap();
    fs::write(path, before + text).unwrap();
}

#[test]
fn what_is_being_sent_while_later_commits_have_arrived_is_no_damage() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let first: Arc<Mutex<Option<String>>> = Arc::default();
    let is_armed = Arc::new(AtomicBool::new(false));
    let (refused, armed) = (Arc::clone(&first), Arc::clone(&is_armed));
    // The first segment that comes is refused again and again; those beside it are taken.
    let proxy = Proxy::before(server.address, move |method, path| {
        if !(armed.load(Ordering::SeqCst) && method == "PUT" && path.contains("/segment/")) {
            return None;
        }
        let mut refused = refused.lock().unwrap();
        let is_first = refused.get_or_insert_with(|| path.to_owned()) == path;
        is_first.then_some(Fault::Status(503))
    });
    let shop = shop_with(&[servers::webdav_section("cloud", proxy.address)]);
    let agent = Running::start(&shop);
    agent.wait_long_for("/durable", 2 * LIMIT);
    is_armed.store(true, Ordering::SeqCst);
    let later = || {
        let segments = files_under(&server.objects.join("a/b/segment"));
        segments.len()
    };
    let (before, start) = (later(), Instant::now());
    while later() < before + 3 {
        assert!(
            start.elapsed() < 4 * LIMIT,
            "nothing arrives beside the first one"
        );
        let bot = Connection::open(shop.database()).unwrap();
        bot.execute("INSERT INTO item (text) VALUES (hex(randomblob(60)))", [])
            .unwrap();
        std::thread::sleep(Duration::from_millis(200));
    }
    let verified = shop.agent_done(&["verify"]);
    assert!(verified.contains("everything is there"), "{verified}");
    let is_on_its_way = |options: &[&str], told: &str| {
        let listed = shop.agent_done(&[&["list"], options].concat());
        for word in ["MISSING", "UNREACHABLE", "NOT PROVEN", "WRONG"] {
            assert!(!listed.contains(word), "{word}: {listed}");
        }
        assert!(listed.contains(told), "{listed}");
        assert!(listed.contains("once those before them have arrived"), "{listed}");
    };
    is_on_its_way(&[], "on the way: ");
    // A machine that knows nothing of what was sent.
    fs::rename(shop.path("state"), shop.path("elsewhere")).unwrap();
    // Nor does it know whether whoever sends them still lives.
    let key = shop.path("kit/owner.secret.asc");
    let told =
        "Where the server that sends them still lives they may be on the way; where it died they are lost";
    is_on_its_way(&["--key", key.to_str().unwrap()], told);
    // Were the server lost now, what leads somewhere would come back, and the rest be named.
    let comes_back = || {
        let said = shop.restore_to("back", &["--latest"]);
        assert!(said.contains("LEFT OUT") && said.contains("NOT IN IT"), "{said}");
        fs::remove_dir_all(shop.path("back")).unwrap();
        said
    };
    comes_back();
    // The agent that still runs may have begun something in the empty place.
    let is_back = (0..100).any(|_| {
        let _ = fs::remove_dir_all(shop.path("state"));
        fs::rename(shop.path("elsewhere"), shop.path("state")).is_ok()
    });
    assert!(is_back);
    // This server knows that it was not taken, and what it saw.
    let said = comes_back();
    assert!(said.contains("This server knows of commits until"), "{said}");
    is_armed.store(false, Ordering::SeqCst);
    agent.wait_long_for("/durable", 4 * LIMIT);
    let listed: Value = serde_json::from_str(&shop.agent_done(&["list", "--json"])).unwrap();
    assert_eq!(listed["gaps"].as_array().unwrap().len(), 0, "{listed}");
    let commits = listed["commits"].as_array().unwrap();
    assert_eq!(commits.len(), 1, "{listed}");
    assert_eq!(commits[0]["first"], commits[0]["restorable_from"], "{listed}");
    agent.burn();
}

/// Of the remote that was asked alone, and of commits without any point.
#[test]
fn what_one_remote_lacks_is_not_said_of_the_others_and_commits_alone_are_no_backup() {
    let (shop, point) = captured(4);
    let (gone, _) = &after(&shop, "local", &point)[1];
    let kept = fs::read(gone).unwrap();
    fs::remove_file(gone).unwrap();
    let said = shop.agent_refuses(1, &["drill", "--remote", "local"]);
    assert!(said.contains("is missing on local"), "{said}");
    assert!(!said.contains("every remote"), "{said}");
    fs::write(gone, kept).unwrap();
    let base = text(&point["objects"][0]);
    let mut bytes = fs::read(shop.path("local").join(base)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(shop.path("local").join(base), bytes).unwrap();
    let said = shop.agent_refuses(1, &["drill", "--remote", "local"]);
    let told = format!("local gives no intact copy of {base}: it is altered");
    assert!(said.contains(&told) && !said.contains("no remote"), "{said}");
    for path in files_under(&shop.path("local")) {
        if path.to_str().unwrap().contains(text(&point["id"])) {
            fs::remove_file(path).unwrap();
        }
    }
    fs::rename(shop.path("state"), shop.path("lost")).unwrap();
    let with_key = [&VERIFY[..], &["--key", "kit/owner.secret.asc"]].concat();
    let said = shop.agent_refuses(1, &with_key);
    assert!(
        said.contains("local: NO RESTORE POINT is there, only single commits"),
        "{said}"
    );
}

#[test]
fn a_key_that_opens_nothing_is_told_of_three_objects_and_how_many_more_there_are() {
    let shop = Shop::new();
    for _ in 0..5 {
        shop.back_up();
    }
    shop.agent_done(&["key", "new", "--out", "spare", "--name", "Not of this shop"]);
    fs::remove_dir_all(shop.path("state")).unwrap();
    let said = shop.agent_refuses(1, &[&VERIFY[..], &["--key", "spare/owner.secret.asc"]].concat());
    let named = said
        .lines()
        .filter(|line| line.contains("the key does not open it"));
    assert_eq!(named.count(), 3, "{said}");
    assert!(
        said.contains("2 objects more that this key does not open"),
        "{said}"
    );
}
