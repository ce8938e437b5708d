//! A remote that was away while the shop went on, and is the only one that answers on the day on which it counts: nothing is
//! said to be lost there that never was there, what the silent one has is named, and a plan says what it lacks.

use std::{
    fs,
    time::{Duration, Instant},
};

use agent::store::{Store, rehearsal::Kind};
use protocol::time::UnixMillis;
use rusqlite::Connection;
use serde_json::Value;

use crate::{
    missing_commits::{after, captured, sell},
    put_back::without_segments,
    running::Running,
    shop::{Shop, count_items, restoring, text},
};

const RETRY_LIMIT: Duration = Duration::from_secs(60);

fn store(shop: &Shop) -> Store {
    Store::open_to_look(&shop.path("state")).unwrap().unwrap()
}

fn go_away(shop: &Shop, remote: &str) {
    fs::rename(shop.path(remote), shop.path(&format!("{remote}-away"))).unwrap();
}

fn come_back(shop: &Shop, remote: &str) {
    fs::rename(shop.path(&format!("{remote}-away")), shop.path(remote)).unwrap();
}

/// So many commits, each on this remote before the next.
fn sell_to(shop: &Shop, remote: &str, commits: u32) -> u64 {
    let bot = Connection::open(shop.database()).unwrap();
    bot.busy_timeout(Duration::from_secs(5)).unwrap();
    let holds = || {
        let all = store(shop).shipping().unwrap();
        let held = all
            .into_iter()
            .find(|one| one.remote == remote)
            .and_then(|one| one.holds);
        held.map_or(0, |(_, commit, _)| commit.get())
    };
    let seen = || store(shop).capture_state().unwrap().unwrap().commit.get();
    for _ in 0..commits {
        let before = seen();
        bot.execute("INSERT INTO item (text) VALUES (hex(randomblob(60)))", [])
            .unwrap();
        let start = Instant::now();
        while seen() == before || holds() < seen() {
            assert!(start.elapsed() < RETRY_LIMIT, "{remote} does not take it");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    seen()
}

/// A shop of which the newest commits, and points among them, are on `local` alone; what `offsite` has, and the last commit.
fn ahead(points: bool) -> (Shop, i64, u64) {
    let (shop, _) = captured(2);
    let items = count_items(&shop.database());
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    go_away(&shop, "offsite");
    let mut last = 0;
    for _ in 0..2 {
        last = sell_to(&shop, "local", 2);
        if points {
            shop.agent(&["backup"]);
            last = sell_to(&shop, "local", 1);
        }
    }
    agent.burn();
    come_back(&shop, "offsite");
    (shop, items, last)
}

#[test]
fn points_that_a_remote_never_had_are_not_gone_from_it() {
    let (shop, _) = captured(1);
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    for points in 1..4 {
        shop.agent_done(&["backup", "--remote", "local"]);
        sell(&shop, &agent, 1);
        let all = count_items(&shop.database());
        go_away(&shop, "local");
        let said = shop.restore_to("back", &["--latest"]);
        assert_eq!(count_items(&shop.path("back/shop.db")), all);
        fs::remove_dir_all(shop.path("back")).unwrap();
        assert!(
            said.contains("on local, which does not answer: nothing is lost by it"),
            "{points}: {said}"
        );
        for never in ["are gone", "was put back", "deleted there", "missing on offsite"] {
            assert!(!said.contains(never), "{points}: {never}: {said}");
        }
        come_back(&shop, "local");
    }
    agent.burn();
    // What both had is gone where one lacks it now.
    let both = shop.back_up();
    let more = shop.back_up();
    for point in [&both, &more] {
        fs::remove_file(shop.path("offsite").join(text(&point["manifest"]))).unwrap();
    }
    go_away(&shop, "local");
    let said = shop.restore_to("back", &["--latest"]);
    assert!(said.contains("were on offsite and are gone"), "{said}");
}

#[test]
fn what_the_silent_remote_has_is_named_and_a_newer_point_there_refuses_nothing_more() {
    for points in [false, true] {
        let (shop, items, last) = ahead(points);
        go_away(&shop, "local");
        let acknowledged = "acknowledged by local, which does not answer: IT MAY BE NEWER";
        let said = shop.restore_to("back", &["--latest"]);
        assert_eq!(count_items(&shop.path("back/shop.db")), items, "{points}: {said}");
        assert!(said.contains(acknowledged), "{points}: {said}");
        assert!(!said.contains("are gone"), "{points}: {said}");
        fs::remove_dir_all(shop.path("back")).unwrap();
        let asked = restoring("back", &["--latest", "--dry-run", "--json"]);
        let plan: Value = serde_json::from_str(&shop.agent_done(&asked)).unwrap();
        assert_eq!(plan["may_be_newer"], true, "{plan}");
        let commit = last.to_string();
        let said = shop.agent_refuses(1, &restoring("back", &["--commit", &commit]));
        let held = format!("everything until commit {last} of the chain");
        for part in [&held, "acknowledged by local, which does not answer", "EARLIER"] {
            assert!(said.contains(part), "{points}: {part} is not said: {said}");
        }
        come_back(&shop, "local");
        // Nor does the plan of one remote keep quiet about what this server knows.
        let alone = ["--latest", "--remote", "offsite", "--dry-run"];
        let said = shop.agent_done(&restoring("back", &alone));
        let unasked = "acknowledged by local, which was not asked: IT MAY BE NEWER";
        assert!(said.contains(unasked), "{points}: {said}");
        let asked = restoring("back", &[&alone[..], &["--json"]].concat());
        let plan: Value = serde_json::from_str(&shop.agent_done(&asked)).unwrap();
        assert_eq!(plan["may_be_newer"], true, "{plan}");
        shop.restore_to("back", &["--commit", &commit]);
        assert_eq!(
            count_items(&shop.path("back/shop.db")),
            count_items(&shop.database())
        );
    }
}

#[test]
fn what_was_put_back_on_one_remote_and_is_on_a_silent_one_is_looked_for_there() {
    let (shop, point) = captured(4);
    without_segments(&shop, "offsite", &point, 2);
    go_away(&shop, "local");
    let said = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    for part in [
        "acknowledged by offsite, and are on no remote",
        "they are also on local, which does not answer",
    ] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
}

#[test]
fn what_a_restore_undid_does_not_come_back_unsaid_where_the_chain_after_it_is_silent() {
    let (shop, point) = captured(5);
    let kept = point["commit"].as_u64().unwrap() + 2;
    go_away(&shop, "offsite");
    let before = (kept + 1).to_string();
    shop.agent_done(&[
        "restore",
        "--key",
        "kit/owner.secret.asc",
        "--yes",
        "--before-commit",
        &before,
    ]);
    let restored = count_items(&shop.database());
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    shop.agent_done(&["backup", "--remote", "local"]);
    sell_to(&shop, "local", 2);
    agent.burn();
    come_back(&shop, "offsite");
    go_away(&shop, "local");
    let undone = [
        "UNDONE BEFORE".to_owned(),
        format!("the 3 commits until {}, which that restore left out", kept + 3),
        format!("--chain {} --commit {kept}", text(&point["chain"])),
    ];
    let said = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    for part in undone.iter().map(String::as_str).chain([
        "by local, which does not answer",
        "on local, which does not answer",
    ]) {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    assert!(!said.contains("missing on offsite"), "{said}");
    shop.restore_to(
        "back",
        &["--chain", text(&point["chain"]), "--commit", &kept.to_string()],
    );
    assert_eq!(count_items(&shop.path("back/shop.db")), restored);
    fs::remove_dir_all(shop.path("back")).unwrap();
    come_back(&shop, "local");
    let said = shop.agent_done(&restoring(
        "back",
        &["--latest", "--remote", "offsite", "--dry-run"],
    ));
    for part in undone.iter().map(String::as_str).chain(["of another chain"]) {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    let said = shop.agent_done(&["drill", "--remote", "offsite"]);
    assert!(said.contains("NOT REHEARSED: the shop as it is now"), "{said}");
    let store = store(&shop);
    let now = UnixMillis(jiff::Timestamp::now().as_millisecond());
    assert!(store.last_passed(Kind::Drill, "offsite", now).unwrap().is_some());
    assert_eq!(store.last_passed_newest("offsite", now).unwrap(), None);
    let said = shop.agent_done(&["drill", "--remote", "local"]);
    assert!(!said.contains("NOT REHEARSED"), "{said}");
    assert!(
        store
            .last_passed_newest("local", now)
            .unwrap()
            .is_none_or(|at| at >= now)
    );
}

#[test]
fn a_commit_that_retention_let_go_is_not_behind_the_last_one_and_a_dry_run_says_where_it_ends() {
    let (shop, first) = captured(4);
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let second = shop.back_up();
    sell(&shop, &agent, 2);
    agent.burn();
    let end = after(&shop, "local", &second).pop().unwrap().1;
    let asked = restoring("back", &["--latest", "--dry-run", "--json"]);
    let plan: Value = serde_json::from_str(&shop.agent_done(&asked)).unwrap();
    assert_eq!(plan["end"]["commit"], end.last.get(), "{plan}");
    assert_eq!(plan["end"]["is_exact"], true, "{plan}");
    let at: jiff::Timestamp = text(&plan["end"]["at"]).parse().unwrap();
    assert_eq!(at.as_millisecond(), end.last_at.0, "{plan}");
    let [from, to] = [&first, &second].map(|point| point["commit"].as_u64().unwrap());
    for remote in ["local", "offsite"] {
        for (path, name) in after(&shop, remote, &first) {
            if name.last.get() <= to {
                fs::remove_file(path).unwrap();
            }
        }
    }
    let said = shop.agent_refuses(1, &restoring("back", &["--commit", &(from + 2).to_string()]));
    assert!(!said.contains("the last one there is"), "{said}");
    let next = format!(
        "What comes next is --point {}, after commit {to}",
        text(&second["id"])
    );
    assert!(said.contains(&next), "{next}: {said}");
}

#[test]
fn what_was_undone_is_counted_to_the_commit_that_is_asked_for_and_not_to_its_segments_end() {
    let (shop, point) = captured(1);
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let bot = Connection::open(shop.database()).unwrap();
    bot.busy_timeout(Duration::from_secs(5)).unwrap();
    let several = |segments: Vec<(std::path::PathBuf, protocol::object_key::SegmentName)>| {
        let mut names = segments.into_iter().map(|(_, name)| name);
        names.find(|name| name.last.get() > name.first.get() + 2)
    };
    let deadline = Instant::now() + crate::world::LIMIT;
    let name = loop {
        for _ in 0..20 {
            bot.execute("INSERT INTO item (text) VALUES ('sold at once')", [])
                .unwrap();
        }
        sell(&shop, &agent, 1);
        match several(after(&shop, "local", &point)) {
            Some(name) => break name,
            None => assert!(Instant::now() < deadline, "every commit has its own segment"),
        }
    };
    drop(bot);
    agent.burn();
    let (kept, next) = (name.first.to_string(), name.first.next());
    let live = [
        "restore",
        "--key",
        "kit/owner.secret.asc",
        "--yes",
        "--commit",
        &kept,
    ];
    shop.agent_done(&live);
    let asked = [
        "--chain",
        name.chain.as_str(),
        "--commit",
        &next.to_string(),
        "--dry-run",
    ];
    let said = shop.agent_done(&restoring("back", &asked));
    let told = format!("commit {next}, which that restore left out, is in it");
    assert!(said.contains("UNDONE BEFORE") && said.contains(&told), "{said}");
}

#[test]
fn a_backup_that_a_remote_missed_for_being_away_is_made_up_for_as_soon_as_it_is_back() {
    let shop = Shop::new();
    shop.fill(256);
    let agent = Running::start(&shop);
    let of = |remote: &str, folder: &str| {
        let folder = shop.path(remote).join(folder);
        fs::read_dir(folder).map_or(0, Iterator::count)
    };
    let until = |what: &str, is_so: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < 2 * RETRY_LIMIT, "{what}");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    until("both have a base", &|| {
        [of("local", "base"), of("offsite", "base")] == [1, 1] && of("offsite", "manifest") == 1
    });
    go_away(&shop, "offsite");
    let missed = shop.agent(&["backup", "--delta"]);
    assert_eq!(missed.status.code(), Some(1), "one remote did not get it");
    let elsewhere = of("local", "manifest");
    come_back(&shop, "offsite");
    until("the remote that is back gets its backup", &|| {
        of("offsite", "manifest") == 2
    });
    let points = [of("local", "manifest"), of("offsite", "base")];
    assert_eq!(points, [elsewhere, 1], "a delta, for it alone");
    agent.burn();
    shop.agent_done(&restoring("back", &["--remote", "offsite"]));
}
