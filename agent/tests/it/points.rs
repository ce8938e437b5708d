//! Points in time: deltas over a base, commits after a point, and what a restore makes of objects that are missing,
//! swapped or another's.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use agent::backup::{
    recipients::Recipients,
    seal::{LEVEL, seal},
    segment::{Draft, Header, Kind},
    signer::SigningKey,
};
use protocol::{
    chain::{ChainId, CommitNumber, PageHash, PageRoot, PageSum},
    object_key::SegmentName,
    time::UnixMillis,
};
use rusqlite::Connection;
use serde_json::Value;

use crate::shop::{Shop, count_items, files_under, integrity_of, restoring, signal, stderr, text};

const PAGE: usize = 4_096;

fn insert(shop: &Shop, count: u32) {
    let connection = Connection::open(shop.database()).unwrap();
    for _ in 0..count {
        connection
            .execute("INSERT INTO item (text) VALUES (hex(randomblob(400)))", [])
            .unwrap();
    }
}

fn delta(shop: &Shop) -> Value {
    // Names of points tell the millisecond.
    std::thread::sleep(Duration::from_millis(2));
    let json = shop.agent_done(&["backup", "--delta", "--json"]);
    serde_json::from_str(&json).unwrap()
}

/// The database as it would be in its file alone.
fn image(shop: &Shop) -> Vec<u8> {
    let connection = Connection::open(shop.database()).unwrap();
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    fs::read(shop.database()).unwrap()
}

fn root_of(image: &[u8]) -> PageRoot {
    let mut sum = PageSum::default();
    for (number, page) in (1..).zip(image.chunks(PAGE)) {
        sum.add(PageHash::of(number, page));
    }
    sum.root(u32::try_from(image.len() / PAGE).unwrap())
}

#[test]
fn a_delta_holds_what_changed_and_comes_back_over_its_base() {
    let shop = Shop::new();
    shop.fill(2_048);
    let full = shop.back_up();
    insert(&shop, 5);
    let first = delta(&shop);
    assert_eq!(first["base"], full["id"]);
    assert!(
        first["size_bytes"].as_u64().unwrap() * 4 < full["size_bytes"].as_u64().unwrap(),
        "{first}"
    );
    // It grows, shrinks and moves its pages: still on the same base, since less than half differs.
    Connection::open(shop.database())
        .unwrap()
        .execute_batch("DELETE FROM item WHERE id > 2000; INSERT INTO item (text) VALUES ('last');")
        .unwrap();
    let second = delta(&shop);
    assert_eq!(second["base"], full["id"]);
    let now = image(&shop);
    shop.agent_done(&restoring("back", &[]));
    assert!(
        fs::read(shop.path("back/shop.db")).unwrap() == now,
        "not the same bytes"
    );
    shop.agent_done(&restoring("first", &["--point", text(&first["id"])]));
    assert_eq!(integrity_of(&shop.path("first/shop.db")), "ok");
    assert_eq!(count_items(&shop.path("first/shop.db")), 2_048 + 1 + 5);
    let listed = shop.listed();
    assert_eq!(listed[0]["base"], full["id"]);
    assert_eq!(listed[0]["verified"], true);
    assert_eq!(listed[2]["base"], Value::Null);
}

#[test]
fn without_a_base_or_with_another_file_a_delta_is_a_full_point_of_a_new_chain() {
    let shop = Shop::new();
    let first = delta(&shop);
    assert_eq!(first["base"], Value::Null, "there was nothing to stand on");
    let why = |point: &Value| point["full_because"].as_str().unwrap_or_default().to_owned();
    assert!(why(&first).contains("none was taken yet"), "{first}");
    let second = delta(&shop);
    assert_eq!(second["base"], first["id"]);
    assert_eq!(second["full_because"], Value::Null);
    let exchange = || {
        let copy = fs::read(shop.database()).unwrap();
        fs::remove_file(shop.database()).unwrap();
        fs::write(shop.database(), copy).unwrap();
    };
    exchange();
    let moved = delta(&shop);
    assert_eq!(moved["base"], Value::Null, "the database is another file");
    assert!(why(&moved).contains("lies in another file"), "{moved}");
    exchange();
    shop.fill(1);
    let third = delta(&shop);
    assert_eq!(third["base"], Value::Null, "the database is another file");
    assert!(why(&third).contains("a new chain began"), "{third}");
    shop.fill(1_024);
    let said = shop.agent_done(&["backup", "--delta"]);
    assert!(
        said.contains("although a delta was asked for: more than half of the database differs from"),
        "{said}"
    );
    let chain = |point: &Value| {
        let listed = shop.listed();
        let found = listed.iter().find(|it| it["id"] == point["id"]).unwrap();
        text(&found["chain"]).to_owned()
    };
    assert_eq!(chain(&first), chain(&second));
    assert_eq!(chain(&first), chain(&moved), "it holds the same");
    assert_ne!(chain(&first), chain(&third));
}

#[test]
fn a_delta_without_its_base_is_refused_with_the_next_best() {
    let shop = Shop::new();
    shop.fill(256);
    let old = shop.back_up();
    std::thread::sleep(Duration::from_millis(1_100));
    let base = shop.back_up();
    insert(&shop, 1);
    delta(&shop);
    for remote in ["local", "offsite"] {
        fs::remove_file(shop.path(remote).join(text(&base["objects"][0]))).unwrap();
    }
    let said = shop.agent_refuses(1, &restoring("back", &[]));
    assert!(
        said.contains(text(&base["objects"][0])) && said.contains(text(&old["id"])),
        "{said}"
    );
    assert!(!shop.path("back").exists());
}

#[test]
fn a_remote_without_the_base_takes_no_delta_and_is_named() {
    let shop = Shop::new();
    shop.fill(256);
    fs::create_dir_all(shop.path("local")).unwrap();
    fs::write(shop.path("local/base"), "in the way").unwrap();
    shop.agent_refuses(1, &["backup"]);
    fs::remove_file(shop.path("local/base")).unwrap();
    let said = shop.agent_refuses(1, &["backup", "--delta"]);
    assert!(
        said.contains("local") && said.contains("the full backup that this delta stands on"),
        "{said}"
    );
    assert!(!shop.path("local/manifest").exists());
    assert_eq!(shop.listed()[0]["remotes"], serde_json::json!(["offsite"]));
}

#[test]
fn a_restore_that_was_killed_or_stopped_goes_on_with_the_parts_that_it_has() {
    let shop = Shop::new();
    shop.fill(64 * 1024);
    let point = shop.back_up();
    let parts = point["objects"].as_array().unwrap().len();
    for how in ["INT", "TERM", "KILL"] {
        let said = end_in_its_middle(&shop, how);
        assert!(
            how == "KILL" || said.contains("it goes on with what was fetched"),
            "{how}: {said}"
        );
        let left = files_under(&shop.path("back"));
        assert_eq!(left.len(), 2, "the database and its journal: {left:?}");
    }
    let said = shop.agent_done(&restoring("back", &[]));
    assert!(
        said.contains(&format!("of {parts} parts were there already")),
        "{said}"
    );
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    let left: Vec<PathBuf> = files_under(&shop.path("back"));
    assert!(
        !left
            .iter()
            .any(|path| path.to_string_lossy().contains("restoring")),
        "{left:?}"
    );
}

/// Sends the signal to a restore that has a part at least; what it said.
fn end_in_its_middle(shop: &Shop, how: &str) -> String {
    let mut child = shop
        .command(&restoring("back", &[]))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (start, journal) = (
        Instant::now(),
        shop.path(&format!("back/.parts.restoring-{}", child.id())),
    );
    // The first line says of which point the parts are.
    while fs::read_to_string(&journal).unwrap_or_default().lines().count() < 2 {
        assert!(start.elapsed() < crate::world::LIMIT);
        assert!(
            child.try_wait().unwrap().is_none(),
            "it was too fast to be killed"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    signal(child.id(), how);
    stderr(&child.wait_with_output().unwrap())
}

#[test]
fn another_agents_point_is_refused_until_the_owner_vouches_for_it() {
    let shop = Shop::new();
    shop.back_up();
    let own = fs::read(shop.path("state/signing.asc")).unwrap();
    std::thread::sleep(Duration::from_millis(1_100));
    insert(&shop, 1);
    fs::remove_file(shop.path("state/signing.asc")).unwrap();
    let foreign = shop.back_up();
    let stranger = SigningKey::load(&shop.path("state")).unwrap().unwrap();
    fs::write(shop.path("state/signing.asc"), own).unwrap();
    let said = shop.agent_refuses(1, &restoring("back", &[]));
    let signer = stranger.fingerprint().as_str();
    assert!(
        said.contains(text(&foreign["manifest"])) && said.contains(&format!("--trust {signer}")),
        "{said}"
    );
    let said = shop.agent_done(&restoring("back", &["--trust", signer]));
    assert!(said.contains(signer), "{said}");
    // On a machine that knows nobody its owner says which one is meant.
    fs::remove_dir_all(shop.path("state")).unwrap();
    let said = shop.agent_refuses(1, &restoring("again", &[]));
    assert!(
        said.contains("2 agents") && said.contains(&format!("--trust {signer}")),
        "{said}"
    );
    let said = shop.agent_done(&restoring("again", &["--point", text(&foreign["id"])]));
    assert!(said.contains("known from the remotes alone"), "{said}");
    // A kit that knows the first agent alone believes no other.
    let certificate = files_under(&shop.path("local/cert"))
        .into_iter()
        .find(|path| !path.to_string_lossy().contains(signer))
        .unwrap();
    fs::copy(certificate, shop.path("kit/agent.asc")).unwrap();
    shop.agent_refuses(1, &restoring("third", &[]));
}

/// A chain of segments after a point, made as the capture makes them: `images` are what the database held after each.
struct Chain {
    images: Vec<Vec<u8>>,
    names: Vec<String>,
}

impl Chain {
    /// Segments of so many commits each, a second apart from the epoch on.
    fn grow(shop: &Shop, segments: &[u64]) -> Self {
        let point = &shop.listed()[0];
        let chain = ChainId::parse(text(&point["chain"])).unwrap();
        let recipients = Recipients::load(&[shop.path("kit/owner.asc")]).ok().unwrap();
        let signer = SigningKey::load(&shop.path("state")).unwrap().unwrap();
        let mut grown = Self {
            images: vec![image(shop)],
            names: Vec::new(),
        };
        let (mut next, mut previous) = (point["commit"].as_u64().unwrap() + 1, None);
        for count in segments {
            let before = grown.images.last().unwrap().clone();
            let pages = |image: &[u8]| u32::try_from(image.len() / PAGE).unwrap();
            let mut draft = Draft::new(4_096, pages(&before));
            for number in next..next + count {
                insert(shop, 1);
                let (old, now) = (grown.images.last().unwrap().clone(), image(shop));
                let changed = changed_pages(&old, &now);
                let before = |page: u32| Ok(page_of(&before, page).map(<[u8]>::to_vec));
                let at = UnixMillis(i64::try_from(number).unwrap() * 1_000);
                draft.add(at, pages(&now), changed, before).unwrap();
                grown.images.push(now);
            }
            let now = grown.images.last().unwrap();
            let last = next + count - 1;
            let commit = |number| CommitNumber::new(number).unwrap();
            let header = Header {
                chain: chain.clone(),
                first: commit(next),
                last: commit(last),
                kind: Kind::Commits,
                page_size: 4_096,
                pages_before: pages(&before),
                pages_after: pages(now),
                previous,
                root: root_of(now),
            };
            let plain = draft.encode(&header).unwrap();
            let sealed = seal(plain.as_slice(), &recipients, &signer, LEVEL).unwrap();
            let name = SegmentName::new(&chain, header.first, header.last, draft.last_at(), &sealed.sha256);
            for remote in ["local", "offsite"] {
                let path = shop.path(remote).join(name.to_string());
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, &sealed.bytes).unwrap();
            }
            let digest: Vec<u8> = (0..32)
                .map(|at| u8::from_str_radix(&sealed.sha256[at * 2..at * 2 + 2], 16).unwrap())
                .collect();
            previous = Some(digest.try_into().unwrap());
            grown.names.push(name.to_string());
            next = last + 1;
        }
        grown
    }
}

fn page_of(image: &[u8], page: u32) -> Option<&[u8]> {
    image.chunks(PAGE).nth(page as usize - 1)
}

fn changed_pages(old: &[u8], now: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let numbered = (1..).zip(now.chunks(PAGE));
    numbered
        .filter(|(number, page)| page_of(old, *number) != Some(page))
        .map(|(number, page)| (number, page.to_vec()))
        .collect()
}

fn holds(path: &Path, image: &[u8]) -> bool {
    fs::read(path).unwrap() == image
}

#[test]
fn every_commit_after_a_point_comes_back_exactly() {
    let shop = Shop::new();
    shop.back_up();
    let chain = Chain::grow(&shop, &[1, 4, 3]);
    let last = 1 + 8;
    for commit in 1..=last {
        let (to, number) = (format!("c{commit}"), commit.to_string());
        shop.agent_done(&restoring(&to, &["--commit", &number]));
        assert!(
            holds(&shop.path(&to).join("shop.db"), &chain.images[commit - 1]),
            "commit {commit}"
        );
    }
    let said = shop.agent_done(&restoring("latest", &["--latest"]));
    assert!(holds(&shop.path("latest/shop.db"), &chain.images[8]), "{said}");
    assert!(said.contains("It stands after commit 9"), "{said}");
    shop.agent_done(&restoring("before", &["--before-commit", "5"]));
    assert!(holds(&shop.path("before/shop.db"), &chain.images[3]));
    let said = shop.agent_refuses(1, &restoring("never", &["--commit", "10"]));
    assert!(said.contains("the last one there is 9"), "{said}");
}

#[test]
fn a_machine_that_remembers_nothing_says_what_an_earlier_moment_leaves_out_by_what_the_remotes_hold() {
    let shop = Shop::new();
    let point = shop.back_up();
    Chain::grow(&shop, &[1, 4, 3]);
    fs::remove_dir_all(shop.path("state")).unwrap();
    let id = text(&point["id"]);
    for (to, choice, lacks) in [
        ("commit", ["--commit", "3"], "6 commits"),
        ("before", ["--before-commit", "9"], "1 commit,"),
        ("point", ["--point", id], "8 commits"),
    ] {
        let said = shop.restore_to(to, &choice);
        assert!(
            said.contains("The remotes hold commits until 9") && said.contains(lacks),
            "{choice:?}: {said}"
        );
    }
    let said = shop.restore_to("last", &["--commit", "9"]);
    assert!(said.contains("the remotes hold no later one"), "{said}");
}

#[test]
fn a_missing_segment_is_named_with_what_can_be_had_and_another_remote_has_it() {
    let shop = Shop::new();
    shop.back_up();
    let chain = Chain::grow(&shop, &[2, 2, 2]);
    fs::remove_file(shop.path("local").join(&chain.names[1])).unwrap();
    shop.agent_done(&restoring("whole", &[]));
    assert!(holds(&shop.path("whole/shop.db"), &chain.images[6]));
    // Nobody has written down that it was ever there.
    let said = shop.agent_done(&restoring("torn", &["--remote", "local"]));
    assert!(said.contains("LEFT OUT: commits 4 to 5 of"), "{said}");
    assert!(holds(&shop.path("torn/shop.db"), &chain.images[2]));
    let enough = restoring("enough", &["--remote", "local", "--commit", "3"]);
    shop.agent_done(&enough);
    assert!(holds(&shop.path("enough/shop.db"), &chain.images[2]));
}

#[test]
fn a_spoilt_or_swapped_segment_is_noticed_by_name() {
    let shop = Shop::new();
    shop.back_up();
    let chain = Chain::grow(&shop, &[2, 2, 2]);
    let paths = |name: &str| ["local", "offsite"].map(|remote| shop.path(remote).join(name));
    let kept: Vec<Vec<u8>> = chain
        .names
        .iter()
        .map(|name| fs::read(shop.path("local").join(name)).unwrap())
        .collect();
    let refused = |what: &str, name: &str| {
        let said = shop.agent_refuses(1, &restoring("back", &[]));
        assert!(said.contains(name), "{what}: {said}");
        assert!(!said.contains("is missing on every remote"), "{what}: {said}");
        assert!(said.contains("is altered or could not be read"), "{what}: {said}");
        let left = files_under(&shop.path("back"));
        assert!(
            said.contains("the same command goes on with it") && left.len() == 2,
            "{what}: {said}: {left:?}"
        );
        fs::remove_dir_all(shop.path("back")).unwrap();
    };
    // A bit of one; then one under the name of another, whose digest does not fit.
    let mut flipped = kept[1].clone();
    flipped[200] ^= 1;
    for (what, bytes) in [
        ("flipped", &flipped),
        ("swapped", &kept[2]),
        ("truncated", &kept[1][..100].to_vec()),
    ] {
        paths(&chain.names[1])
            .iter()
            .for_each(|path| fs::write(path, bytes).unwrap());
        refused(what, &chain.names[1]);
    }
    paths(&chain.names[1])
        .iter()
        .for_each(|path| fs::write(path, &kept[1]).unwrap());
    // A forged name: the third one's bytes, offered as what follows the first, with a digest that fits.
    let third = SegmentName::parse(&chain.names[2]).unwrap();
    let forged = SegmentName {
        first: CommitNumber::new(4).unwrap(),
        last: CommitNumber::new(9).unwrap(),
        ..third
    };
    paths(&forged.to_string())
        .iter()
        .for_each(|path| fs::write(path, &kept[2]).unwrap());
    // It is whole, and another one than its name says: it promises nothing, and the true one is followed.
    let said = shop.agent_done(&restoring("back", &[]));
    assert!(said.contains(&forged.to_string()), "{said}");
    assert!(holds(&shop.path("back/shop.db"), &chain.images[6]));
}

#[test]
fn a_moment_between_two_commits_gives_the_one_before_it() {
    let shop = Shop::new();
    let point = shop.back_up();
    // Seen long ago by the segments' own clock: every moment after the point holds all of them.
    let chain = Chain::grow(&shop, &[3, 3]);
    shop.agent_done(&restoring("all", &["--at", text(&point["taken_at"])]));
    assert!(holds(&shop.path("all/shop.db"), &chain.images[6]));
}

/// Lays an older copy over the database's file, which stays the same file, and takes its log away.
fn put_back(shop: &Shop, copy: &[u8]) {
    fs::write(shop.database(), copy).unwrap();
    for beside in ["shop.db-wal", "shop.db-shm"] {
        let _ = fs::remove_file(shop.path("live").join(beside));
    }
}

#[test]
fn an_older_copy_in_the_databases_place_begins_a_chain_and_is_called_older_where_no_agent_runs() {
    for takes_point in [true, false] {
        let shop = Shop::new();
        shop.fill(64);
        let first = delta(&shop);
        shop.fill(4);
        if takes_point {
            delta(&shop);
        }
        let older = image(&shop);
        shop.fill(64);
        let last = delta(&shop);
        assert_eq!(last["left_chain"], Value::Null);
        put_back(&shop, &older);
        let said = shop.agent_done(&["backup", "--delta"]);
        assert!(
            said.contains("an OLDER state of the database, or another one, lies where")
                && said.contains("a new chain began"),
            "{said}"
        );
        let listed = shop.listed();
        assert_eq!(listed[0]["base"], Value::Null);
        assert_ne!(listed[0]["chain"], listed[1]["chain"]);
        // What goes on from there goes on with that chain.
        shop.fill(1);
        let next = delta(&shop);
        assert_eq!(
            (&next["base"], &next["older_state"]),
            (&listed[0]["id"], &Value::Null)
        );
        let chain = text(&listed[1]["chain"]);
        shop.agent_done(&restoring("back", &["--latest", "--chain", chain]));
        assert_eq!(count_items(&shop.path("back/shop.db")), 1 + 64 + 4 + 64);
        assert_ne!(first["id"], last["id"]);
    }
}
