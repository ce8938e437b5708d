//! Every fault that a remote may have, for every kind of object, on one remote and on both: it is noticed and named,
//! nothing is lost that another remote or another point still has, and no other database is ever handed out.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use protocol::object_key::SegmentName;
use rusqlite::Connection;
use serde_json::Value;

use crate::{
    running::{Running, wait_until_both_hold_the_same},
    shop::{Shop, files_under, integrity_of, restoring, text},
};

const REMOTES: [&str; 2] = ["local", "offsite"];
/// Points' names tell the second, and a commit counts as later than a point when it is a second younger.
const OVER_A_SECOND: Duration = Duration::from_millis(1_100);

/// What a shop has on its remotes after a few days: a full point, a delta on it, another full point, and commits after
/// each of them.
struct Week {
    shop: Shop,
    full: Value,
    delta: Value,
    newest: Value,
    /// Commits without a gap, each in an object of its own.
    segments: Vec<SegmentName>,
    last: u64,
    rows: Vec<String>,
    kept: Vec<(PathBuf, Vec<u8>)>,
}

impl Week {
    fn new() -> Self {
        let shop = Shop::new();
        shop.fill(32);
        let agent = Running::start(&shop);
        agent.wait_for("/rest");
        let sell = || {
            for _ in 0..3 {
                let connection = Connection::open(shop.database()).unwrap();
                connection.busy_timeout(Duration::from_secs(5)).unwrap();
                let sold = "INSERT INTO item (text) VALUES (hex(randomblob(60)))";
                connection.execute(sold, []).unwrap();
                agent.wait_for("/durable");
            }
        };
        let full = shop.back_up();
        sell();
        std::thread::sleep(OVER_A_SECOND);
        shop.agent_done(&["backup", "--delta"]);
        let delta = shop.listed().remove(0);
        sell();
        std::thread::sleep(OVER_A_SECOND);
        let newest = shop.back_up();
        std::thread::sleep(OVER_A_SECOND);
        sell();
        wait_until_both_hold_the_same(&shop);
        agent.burn();
        assert_eq!(delta["base"], full["id"], "{delta}");
        Self::take_stock(shop, full, delta, newest)
    }

    fn take_stock(shop: Shop, full: Value, delta: Value, newest: Value) -> Self {
        let chain = text(&newest["chain"]);
        let folder = shop.path("local/segment").join(chain);
        let key = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            SegmentName::parse(&format!("segment/{chain}/{name}"))
        };
        let segments: Vec<SegmentName> = files_under(&folder).iter().filter_map(key).collect();
        let all = REMOTES.iter().flat_map(|remote| files_under(&shop.path(remote)));
        let kept = all.map(|path| (path.clone(), fs::read(&path).unwrap())).collect();
        Self {
            last: segments.last().unwrap().last.get(),
            rows: rows_of(&shop.database()),
            full,
            delta,
            newest,
            segments,
            kept,
            shop,
        }
    }

    /// Puts the remotes back to what they were.
    fn heal(&self) {
        for path in REMOTES
            .iter()
            .flat_map(|remote| files_under(&self.shop.path(remote)))
        {
            if !self.kept.iter().any(|(kept, _)| *kept == path) {
                fs::remove_file(path).unwrap();
            }
        }
        for (path, bytes) in &self.kept {
            if fs::read(path).ok().as_ref() != Some(bytes) {
                fs::write(path, bytes).unwrap();
            }
        }
    }

    /// The newest segment that ends at or before a point, or the first after it.
    fn segment_after(&self, point: &Value) -> String {
        let commit = point["commit"].as_u64().unwrap();
        let after = self.segments.iter().find(|name| name.first.get() > commit);
        after.unwrap().to_string()
    }

    /// On a machine that knows nothing; what was said, and what came back.
    fn restore(&self, more: &[&str]) -> Result<(String, Vec<String>), String> {
        let (state, away) = (self.shop.path("state"), self.shop.path("away"));
        fs::rename(&state, &away).unwrap();
        let to = self.shop.path("back");
        let output = self.shop.agent(&restoring("back", more));
        fs::rename(&away, &state).unwrap();
        let told = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        if !output.status.success() {
            // What was fetched before the fault was met is told, and would be gone on with.
            let is_told = told.contains(&format!("stays in {}", to.display()));
            assert_eq!(to.exists(), is_told, "something was left: {told}");
            let left = files_under(&to);
            assert!(
                left.iter()
                    .all(|path| path.display().to_string().contains(".restoring-")),
                "{left:?}"
            );
            let _ = fs::remove_dir_all(to);
            return Err(told);
        }
        assert_eq!(integrity_of(&to.join("shop.db")), "ok");
        let rows = rows_of(&to.join("shop.db"));
        fs::remove_dir_all(to).unwrap();
        Ok((told, rows))
    }

    /// What the source held after a commit: every commit sold one thing.
    fn rows_at(&self, commit: u64) -> &[String] {
        &self.rows[..self.rows.len() - usize::try_from(self.last - commit).unwrap()]
    }

    fn is_named_by_verify(&self, key: &str, remote: &str) -> bool {
        let output = self.shop.agent(&["verify", "--all", "--remote", remote]);
        output.status.code() == Some(1) && String::from_utf8_lossy(&output.stderr).contains(key)
    }
}

fn rows_of(database: &Path) -> Vec<String> {
    let connection = Connection::open(database).unwrap();
    let mut rows = connection.prepare("SELECT text FROM item ORDER BY id").unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

const FAULTS: [&str; 6] = ["flipped", "truncated", "emptied", "doubled", "missing", "swapped"];

/// `other` is an object of the same kind.
fn spoil(how: &str, path: &Path, other: &Path) {
    let mut bytes = fs::read(path).unwrap();
    match how {
        "flipped" => {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
        }
        "truncated" => bytes.truncate(bytes.len() - 7),
        "emptied" => bytes.clear(),
        "doubled" => bytes.extend(bytes.clone()),
        "missing" => return fs::remove_file(path).unwrap(),
        _ => {
            fs::write(path, fs::read(other).unwrap()).unwrap();
            return fs::write(other, bytes).unwrap();
        }
    }
    fs::write(path, bytes).unwrap();
}

/// The objects of a week, each with another one of its kind, and whether the newest state is reached without it.
fn objects(week: &Week) -> Vec<(&'static str, String, String, Without)> {
    use Without::{Lost, Other, Untouched};
    let part = |point: &Value| text(&point["objects"][0]).to_owned();
    let manifest = |point: &Value| text(&point["manifest"]).to_owned();
    let (first, middle) = (week.segment_after(&week.full), week.segment_after(&week.delta));
    let after_newest = week.segment_after(&week.newest);
    vec![
        ("newest base", part(&week.newest), part(&week.delta), Other),
        (
            "newest manifest",
            manifest(&week.newest),
            manifest(&week.delta),
            Other,
        ),
        ("delta", part(&week.delta), part(&week.newest), Untouched),
        (
            "delta's manifest",
            manifest(&week.delta),
            manifest(&week.full),
            Untouched,
        ),
        ("delta's base", part(&week.full), part(&week.delta), Untouched),
        ("first segment", first, middle.clone(), Untouched),
        ("segment after the newest point", after_newest, middle, Lost),
    ]
}

/// What becomes of the newest state when an object is intact nowhere.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Without {
    /// It is not needed.
    Untouched,
    /// Another point and more commits lead there.
    Other,
    /// Nothing leads there.
    Lost,
}

#[test]
fn a_drill_blames_the_full_backup_that_is_altered_and_verify_names_a_segment_that_is_empty() {
    let week = Week::new();
    let key = text(&week.newest["objects"][0]).to_owned();
    let path = week.shop.path("local").join(&key);
    spoil("flipped", &path, &path);
    let said = week.shop.agent_refuses(1, &["drill", "--remote", "local"]);
    assert!(said.contains(&key) && !said.contains("may be sound"), "{said}");
    week.heal();
    let key = week.segment_after(&week.newest);
    let path = week.shop.path("local").join(&key);
    spoil("emptied", &path, &path);
    let said = week.shop.agent_refuses(1, &["verify", "--remote", "local"]);
    assert!(said.contains(&format!("{key} is empty")), "{said}");
}

#[test]
fn a_fault_on_one_remote_costs_nothing_and_is_named_by_the_restore_or_by_verify() {
    let week = Week::new();
    for (kind, key, other, without) in objects(&week) {
        for how in FAULTS {
            let [path, other] = [&key, &other].map(|key| week.shop.path("local").join(key));
            spoil(how, &path, &other);
            let (told, rows) = week
                .restore(&[])
                .unwrap_or_else(|told| panic!("{how} {kind}: {told}"));
            assert_eq!(rows, week.rows, "{how} {kind}");
            if without != Without::Untouched {
                assert!(
                    told.contains(&key) && told.contains("was taken from offsite"),
                    "{how} {kind}: {told}"
                );
            }
            if how != "emptied" {
                // A missing segment has left nothing that names it; the commits of a remote tell its end.
                let is_seen = week.is_named_by_verify(&key, "local");
                assert!(
                    is_seen || (how == "missing" && kind.contains("segment")),
                    "{how} {kind}"
                );
            }
            week.heal();
        }
    }
}

#[test]
fn what_is_intact_nowhere_is_gone_around_or_named_with_what_can_be_had() {
    let week = Week::new();
    for (kind, key, other, without) in objects(&week) {
        for how in FAULTS {
            for remote in REMOTES {
                let [path, other] = [&key, &other].map(|key| week.shop.path(remote).join(key));
                spoil(how, &path, &other);
            }
            match (week.restore(&[]), without) {
                (Ok((told, rows)), Without::Untouched | Without::Other) => {
                    assert_eq!(rows, week.rows, "{how} {kind}: {told}");
                    let is_named = told.contains(&key) || told.contains(text(&week.newest["id"]));
                    assert!(without == Without::Untouched || is_named, "{how} {kind}: {told}");
                }
                // What never arrived looks the same: a server died while it sent.
                (Ok((told, rows)), Without::Lost) if how == "missing" => {
                    let until = week.newest["commit"].as_u64().unwrap();
                    let first = format!("LEFT OUT: commit {} of", until + 1);
                    assert!(told.contains(&first), "{kind}: {told}");
                    assert_eq!(rows, week.rows_at(until), "{told}");
                }
                (Err(told), Without::Lost) => {
                    assert_ne!(how, "missing", "{kind}: {told}");
                    let until = week.newest["commit"].as_u64().unwrap();
                    let is_as_before = ["Nothing was changed", "No live file was changed"];
                    let is_said = is_as_before.iter().any(|words| told.contains(words));
                    assert!(is_said, "{how} {kind}: {told}");
                    // A missing one is named by its first commit.
                    let first = format!("begins with commit {}", until + 1);
                    assert!(
                        told.contains(&key) || told.contains(&first),
                        "{how} {kind}: {told}"
                    );
                    let id = text(&week.newest["id"]);
                    assert!(told.contains(&format!("--point {id}")), "{how} {kind}: {told}");
                    let (_, rows) = week.restore(&["--point", id]).unwrap();
                    assert_eq!(rows, week.rows_at(until));
                }
                (other, _) => panic!("{how} {kind}: {other:?}"),
            }
            week.heal();
        }
    }
}

#[test]
fn every_commit_is_reached_while_a_point_before_it_and_the_commits_between_are_somewhere() {
    let week = Week::new();
    let begin = week.full["commit"].as_u64().unwrap();
    // The delta is gone, the newest base is on one remote and the commits are on the other.
    for remote in REMOTES {
        fs::remove_file(week.shop.path(remote).join(text(&week.delta["objects"][0]))).unwrap();
    }
    fs::remove_file(week.shop.path("local").join(text(&week.newest["objects"][0]))).unwrap();
    fs::remove_dir_all(week.shop.path("offsite/segment")).unwrap();
    for commit in begin..=week.last {
        let (told, rows) = week.restore(&["--commit", &commit.to_string()]).unwrap();
        assert_eq!(rows, week.rows_at(commit), "commit {commit}: {told}");
    }
    let (told, rows) = week.restore(&["--point", text(&week.delta["id"])]).unwrap();
    assert_eq!(
        rows,
        week.rows_at(week.delta["commit"].as_u64().unwrap()),
        "{told}"
    );
    assert!(told.contains(text(&week.delta["objects"][0])), "{told}");
}

/// As an owner may write it.
fn moment_of(segment: &SegmentName) -> String {
    let at = jiff::Timestamp::from_millisecond(segment.last_at.0).unwrap();
    at.to_string()
}

#[test]
fn where_nothing_from_before_is_whole_the_oldest_that_is_comes_next() {
    let week = Week::new();
    let manifest = text(&week.full["manifest"]);
    for remote in REMOTES {
        fs::remove_file(week.shop.path(remote).join(manifest)).unwrap();
    }
    let begin = week.full["commit"].as_u64().unwrap();
    let newest = week.newest["commit"].as_u64().unwrap();
    let told = week.restore(&["--commit", &(begin + 1).to_string()]).unwrap_err();
    let (next, point) = (format!("--commit {newest}"), text(&week.newest["id"]));
    for part in [manifest, "That is LATER", &next] {
        assert!(told.contains(part), "{part} is not said: {told}");
    }
    let (_, rows) = week.restore(&["--commit", &newest.to_string()]).unwrap();
    assert_eq!(rows, week.rows_at(newest));
    let told = week
        .restore(&["--at", &moment_of(&week.segments[0])])
        .unwrap_err();
    for part in [
        text(&week.full["id"]),
        "That is LATER",
        &format!("--point {point}"),
    ] {
        assert!(told.contains(part), "{part} is not said: {told}");
    }
    // In the second in which the delta was taken, which stands on the one that is not there.
    let id = text(&week.delta["id"]);
    let second = format!(
        "{}-{}-{}T{}:{}:{}Z",
        &id[..4],
        &id[4..6],
        &id[6..8],
        &id[9..11],
        &id[11..13],
        &id[13..15]
    );
    let told = week.restore(&["--at", &second]).unwrap_err();
    assert!(told.contains(&format!("--point {point}")), "{told}");
}

#[test]
fn by_a_moment_comes_all_that_can_be_had_of_it_however_it_is_reached() {
    let week = Week::new();
    let alter = |segment: &SegmentName| {
        for remote in REMOTES {
            let path = week.shop.path(remote).join(segment.to_string());
            spoil("flipped", &path, &path);
        }
    };
    // What came right after it is not needed.
    let (last, after) = (&week.segments[1], &week.segments[2]);
    assert!(last.last_at < after.last_at && after.first == after.last);
    alter(after);
    let (told, rows) = week.restore(&["--at", &moment_of(last)]).unwrap();
    assert_eq!(rows, week.rows_at(last.last.get()), "{told}");
    week.heal();
    // A point that was taken later gives the same state back.
    let newest = week.newest["commit"].as_u64().unwrap();
    let place = week.segments.iter().position(|one| one.last.get() == newest);
    let (last, before) = (&week.segments[place.unwrap()], &week.segments[place.unwrap() - 1]);
    alter(before);
    let told = week.restore(&["--at", &moment_of(last)]).unwrap_err();
    assert!(
        told.contains(&format!("--commit {newest}")) && !told.contains("That is"),
        "{told}"
    );
    let (_, rows) = week.restore(&["--commit", &newest.to_string()]).unwrap();
    assert_eq!(rows, week.rows_at(newest));
}

/// What a refusal says to type, as arguments.
fn offered(told: &str) -> Vec<&str> {
    let command = told.lines().rev().find(|line| line.contains("agent restore"));
    let words: Vec<&str> = command.expect(told).split_whitespace().collect();
    words[words.len() - 2..].to_vec()
}

/// Two of what leads to a commit are of no use: what is offered does not run into the second.
#[test]
fn what_is_offered_instead_can_be_had_also_where_there_is_a_second_fault() {
    let week = Week::new();
    let mut refused = 0;
    for missing in 1..week.segments.len() {
        for altered in [0, missing - 1] {
            for remote in REMOTES {
                let path = |at: usize| week.shop.path(remote).join(week.segments[at].to_string());
                fs::remove_file(path(missing)).unwrap();
                spoil("flipped", &path(altered), &path(altered));
            }
            let wanted = week.segments[missing].last;
            if let Err(told) = week.restore(&["--commit", &wanted.to_string()]) {
                let (said, rows) = week.restore(&offered(&told)).unwrap();
                let stands = (1..wanted.get())
                    .rev()
                    .find(|commit| rows == week.rows_at(*commit));
                let commit = stands.unwrap_or_else(|| panic!("{told}\n{said}"));
                assert!(
                    said.contains(&format!("It stands after commit {commit},")),
                    "{said}"
                );
                refused += 1;
            }
            week.heal();
        }
    }
    assert!(refused > 5, "{refused}");
}
