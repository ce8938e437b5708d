//! Objects that somebody put beside a chain's own segments, under names that overlap them: whatever they claim, a restore
//! reaches the last commit that is whole on the remotes, and says which of them it did not use.

use std::{fs, path::PathBuf};

use protocol::object_key::SegmentName;
use rusqlite::Connection;

use crate::{
    invented_names::{claims, digest_of},
    missing_commits::{after, captured, sell},
    running::Running,
    shop::{Shop, count_items, files_under, restoring},
};

/// Segments of several commits, after some of one.
fn of_several_commits() -> (Shop, Vec<(PathBuf, SegmentName)>) {
    let (shop, point) = captured(5);
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let bot = Connection::open(shop.database()).unwrap();
    for _ in 0..4 {
        for _ in 0..5 {
            bot.execute("INSERT INTO item (text) VALUES (hex(randomblob(60)))", [])
                .unwrap();
        }
        sell(&shop, &agent, 1);
    }
    agent.burn();
    let segments = after(&shop, "local", &point);
    assert!(segments.len() > 8, "{segments:?}");
    (shop, segments)
}

/// With the server's own state, or as a machine on which no agent ever ran.
fn on(shop: &Shop, is_own: bool) {
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let (own, fresh) = ("dir = \"state\"", "dir = \"fresh\"");
    let (from, to) = if is_own { (fresh, own) } else { (own, fresh) };
    fs::write(shop.path("agent.toml"), settings.replace(from, to)).unwrap();
}

fn restored(shop: &Shop, more: &[&str]) -> (String, i64) {
    let said = shop.agent_done(&restoring("back", more));
    let items = count_items(&shop.path("back/shop.db"));
    fs::remove_dir_all(shop.path("back")).unwrap();
    (said, items)
}

/// Puts it on these remotes.
fn put(shop: &Shop, remotes: &[&str], name: &SegmentName, bytes: &[u8]) -> Vec<PathBuf> {
    let places = remotes.iter().map(|remote| {
        let place = shop.path(remote).join(name.to_string());
        fs::write(&place, bytes).unwrap();
        place
    });
    places.collect()
}

#[test]
fn what_begins_with_a_segment_and_ends_within_another_is_passed_by_wherever_it_is() {
    let (shop, segments) = of_several_commits();
    let all = count_items(&shop.database());
    let end = segments.last().unwrap().1.last.get();
    let doubled = fs::read(&segments[1].0).unwrap();
    let garbage = vec![7; 900];
    let last_of_several = segments.iter().rfind(|(_, name)| name.first < name.last);
    let (_, several) = last_of_several.expect("commits that came together are in one segment");
    let first = segments[2].1.first.get();
    let within = several.last.get() - 1;
    let ranges = [
        // Overlapping, contained, over all there is, and beyond it.
        (first, within),
        (several.first.get(), within),
        (segments[0].1.first.get(), end),
        (first, end + 700),
    ];
    for (at, (first, last)) in ranges.into_iter().enumerate() {
        let bytes = if at % 2 == 0 { &doubled } else { &garbage };
        let name = claims(&segments[2].1, first, last, &digest_of(bytes));
        for is_own in [true, false] {
            on(&shop, is_own);
            for remotes in [&["local"][..], &["local", "offsite"]] {
                let places = put(&shop, remotes, &name, bytes);
                let (said, items) = restored(&shop, &["--latest"]);
                assert_eq!(items, all, "{name}, own state: {is_own}: {said}");
                assert!(said.contains(&name.to_string()), "{name} is not named: {said}");
                assert!(
                    !said.contains("LEFT OUT") && !said.contains("missing on every"),
                    "{said}"
                );
                let (said, items) = restored(&shop, &["--commit", &end.to_string()]);
                assert_eq!(items, all, "{name}, own state: {is_own}: {said}");
                places.iter().for_each(|place| fs::remove_file(place).unwrap());
            }
        }
    }
}

#[test]
fn a_drill_goes_its_way_beside_a_stray_object() {
    let (shop, segments) = of_several_commits();
    let bytes = fs::read(&segments[1].0).unwrap();
    let (first, last) = (segments[2].1.first.get(), segments[4].1.first.get());
    let name = claims(&segments[2].1, first, last, &digest_of(&bytes));
    put(&shop, &["local"], &name, &bytes);
    shop.agent_done(&["drill", "--remote", "local"]);
}

/// The next number of a row that is always the same.
fn next(seed: &mut u64, below: u64) -> u64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % below
}

#[test]
fn whatever_names_are_put_there_the_last_commit_that_is_whole_comes_back() {
    let (shop, segments) = of_several_commits();
    let all = count_items(&shop.database());
    let end = segments.last().unwrap().1.last.get();
    let mut seed = 20_261_127;
    for round in 0..12 {
        on(&shop, round % 2 == 0);
        let mut places = Vec::new();
        for _ in 0..=next(&mut seed, 5) {
            let at = usize::try_from(next(&mut seed, segments.len() as u64)).unwrap();
            let first = (segments[at].1.first.get()
                + [0, 0, 0, 1][usize::try_from(next(&mut seed, 4)).unwrap()])
            .min(end);
            let last = first + next(&mut seed, 12);
            let copied = usize::try_from(next(&mut seed, segments.len() as u64)).unwrap();
            let bytes = match next(&mut seed, 2) {
                0 => fs::read(&segments[copied].0).unwrap(),
                _ => (0..700).map(|_| next(&mut seed, 256) as u8).collect(),
            };
            let name = claims(&segments[at].1, first, last, &digest_of(&bytes));
            let remotes = [&["local"][..], &["offsite"], &["local", "offsite"]];
            let remotes = remotes[usize::try_from(next(&mut seed, 3)).unwrap()];
            if !segments.iter().any(|(_, real)| *real == name) {
                places.extend(put(&shop, remotes, &name, &bytes));
            }
        }
        let (said, items) = restored(&shop, &["--latest"]);
        assert_eq!(items, all, "round {round}, {places:?}: {said}");
        places
            .iter()
            .filter(|place| place.exists())
            .for_each(|place| fs::remove_file(place).unwrap());
    }
}

#[test]
fn a_restore_point_under_a_second_name_is_named_as_a_copy_and_is_nobodys_backup() {
    let (shop, point) = captured(2);
    let root = shop.path("local");
    let id = point["id"].as_str().unwrap();
    let invented = "20301231T235959Z-0badc0de";
    let of_point = |path: &PathBuf| path.to_str().unwrap().contains(id);
    let copies: Vec<PathBuf> = files_under(&root)
        .into_iter()
        .filter(of_point)
        .map(|path| {
            let copy = PathBuf::from(path.to_str().unwrap().replace(id, invented));
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(&path, &copy).unwrap();
            copy
        })
        .collect();
    assert!(copies.len() >= 3, "{copies:?}");
    let said = shop.agent_refuses(1, &["verify", "--remote", "local"]);
    let named = said.contains(&format!("manifest/{invented}")) && said.contains("is a copy of manifest/");
    assert!(named && !said.contains("another agent"), "{said}");
    for copy in copies {
        fs::remove_file(copy).unwrap();
    }
    shop.agent_done(&["verify", "--remote", "local"]);
}

#[test]
fn a_segment_that_claims_commits_after_the_last_one_loses_none() {
    let (shop, segments) = of_several_commits();
    let (path, last) = segments.last().unwrap();
    let bytes = fs::read(path).unwrap();
    let mut claim = last.clone();
    claim.first = last.last.next();
    claim.last = claim.first.next().next();
    let put = put(&shop, &["local"], &claim, &bytes);
    shop.agent(&["verify", "--remote", "local", "--all"]);
    let listed = shop.agent_done(&["list", "--remote", "local"]);
    assert!(!listed.contains("are missing or altered here"), "{listed}");
    fs::remove_file(&put[0]).unwrap();
}
