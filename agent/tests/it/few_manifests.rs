//! How many manifests a restore to a commit opens: those beside it, and not those of every point.
//! With `POINTS` set there are that many points; how many requests each restore took is printed.

use std::{collections::BTreeSet, fs, time::Duration};

use rusqlite::Connection;

use crate::{
    fault_proxy::Proxy,
    remotes::shop_with,
    running::Running,
    servers,
    shop::{count_items, text},
};

const POINTS: usize = 14;

#[test]
fn a_commit_is_found_by_halving_and_not_by_opening_every_point() {
    let points = std::env::var("POINTS").map_or(POINTS, |count| count.parse().unwrap());
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let proxy = Proxy::before(server.address, |_, _| None);
    let shop = shop_with(&[servers::webdav_section("cloud", proxy.address)]);
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let mut commits = Vec::new();
    for number in 0..points {
        let sold = "INSERT INTO item (text) VALUES (hex(randomblob(60)))";
        let connection = Connection::open(shop.database()).unwrap();
        connection.busy_timeout(Duration::from_secs(5)).unwrap();
        connection.execute(sold, []).unwrap();
        agent.wait_for("/durable");
        // Points' names tell the second: of two within one, nobody knows which came first.
        std::thread::sleep(Duration::from_millis(1_100));
        let kind: &[&str] = if number == 0 {
            &["backup"]
        } else {
            &["backup", "--delta"]
        };
        shop.agent_done(kind);
    }
    agent.burn();
    let mut listed = shop.listed();
    listed.reverse();
    // The agent may have taken one of its own.
    let points = listed.len();
    assert!(points > 10, "{listed:?}");
    let chain = text(&listed[0]["chain"]).to_owned();
    for point in &listed {
        assert_eq!(text(&point["chain"]), chain);
        commits.push(point["commit"].as_u64().unwrap());
    }
    // As a machine that knows nothing.
    fs::remove_dir_all(shop.path("state")).unwrap();
    let mut first = None;
    let most = 4 + points.ilog2() as usize;
    for wanted in [0, 1, points / 2, points - 2, points - 1] {
        let before = proxy.requests().len();
        let commit = commits[wanted].to_string();
        shop.restore_to("back", &["--commit", &commit]);
        let items = count_items(&shop.path("back/shop.db"));
        // Every commit sold one thing.
        let since = i64::try_from(commits[wanted] - commits[0]).unwrap();
        assert_eq!(items, *first.get_or_insert(items) + since);
        fs::remove_dir_all(shop.path("back")).unwrap();
        let requests = proxy.requests().split_off(before);
        let read = |request: &&String| request.starts_with("GET") && request.contains("/manifest/");
        let manifests: BTreeSet<&String> = requests.iter().filter(read).collect();
        eprintln!(
            "commit {commit} of {points} points: {} manifests, {} requests",
            manifests.len(),
            requests.len()
        );
        assert!(manifests.len() <= most, "{manifests:#?}");
    }
}
