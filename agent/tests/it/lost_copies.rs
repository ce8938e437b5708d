//! A full backup that is damaged on one remote: nothing is put upon it there, and the remote gets another one.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    fault_proxy::{Fault, Proxy},
    rehearsals::raised,
    remotes::{disk, shop_with},
    running::Running,
    servers,
    shop::{Shop, files_under, integrity_of, restoring, stderr, text},
    world::LIMIT,
};

/// The first part of the newest full backup in a folder.
fn newest_part(folder: &Path) -> PathBuf {
    let base = files_under(&folder.join("base"));
    let newest = base.last().unwrap().parent().unwrap();
    files_under(newest).remove(0)
}

fn alter(object: &Path) {
    let mut bytes = fs::read(object).unwrap();
    bytes[100] ^= 1;
    fs::write(object, bytes).unwrap();
}

fn remove(object: &Path) {
    fs::remove_file(object).unwrap();
}

fn listed(shop: &Shop, point: &Value) -> Value {
    let all = shop.listed();
    let found = all.iter().find(|it| it["id"] == *point);
    found.unwrap_or_else(|| panic!("{point} is not listed")).clone()
}

#[test]
fn a_delta_is_put_on_no_remote_whose_base_was_found_damaged_until_it_has_another_one() {
    for damage in [alter as fn(&Path), remove] {
        let shop = Shop::new();
        shop.fill(256);
        let full = shop.back_up();
        let part = newest_part(&shop.path("local"));
        let whole = fs::read(&part).unwrap();
        damage(&part);
        shop.agent_refuses(1, &["verify", "--all"]);
        assert_eq!(raised(&shop).len(), 1);
        let seen = listed(&shop, &full["id"]);
        assert_eq!(seen["verified"], false, "{seen}");
        let said = shop.agent_refuses(1, &["backup", "--delta"]);
        assert!(said.contains("the remote local does not hold"), "{said}");
        let delta = shop.listed().remove(0);
        assert_eq!(
            (&delta["base"], &delta["remotes"]),
            (&full["id"], &json!(["offsite"]))
        );
        // A full one mends what comes after it, and nothing of what was damaged.
        let next = shop.back_up();
        shop.agent_done(&["backup", "--delta"]);
        let delta = shop.listed().remove(0);
        assert_eq!(
            (&delta["base"], &delta["remotes"]),
            (&next["id"], &json!(["local", "offsite"]))
        );
        shop.agent_done(&restoring("back", &["--remote", "local"]));
        assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
        shop.agent_refuses(1, &["verify"]);
        assert_eq!(raised(&shop).len(), 1, "the damage is still there");
        fs::write(&part, whole).unwrap();
        shop.agent_done(&["verify"]);
        assert_eq!(raised(&shop), []);
        assert_eq!(listed(&shop, &full["id"])["verified"], true);
    }
}

#[test]
fn a_full_backup_for_one_remote_takes_no_delta_from_the_others() {
    let shop = Shop::new();
    shop.fill(256);
    let full = shop.back_up();
    alter(&newest_part(&shop.path("local")));
    shop.agent_refuses(1, &["verify", "--all"]);
    let said = shop.agent_refuses(2, &["backup", "--remote", "nowhere"]);
    assert!(said.contains("no remote 'nowhere'"), "{said}");
    std::thread::sleep(Duration::from_millis(1_100));
    shop.agent_done(&["backup", "--remote", "local"]);
    let alone = shop.listed().remove(0);
    assert_eq!(
        (&alone["base"], &alone["remotes"], &alone["chain"]),
        (&Value::Null, &json!(["local"]), &full["chain"])
    );
    // The other one's deltas go on, and the one that has a newer full backup misses nothing.
    std::thread::sleep(Duration::from_millis(1_100));
    shop.agent_done(&["backup", "--delta"]);
    let delta = shop.listed().remove(0);
    assert_eq!(
        (&delta["base"], &delta["remotes"]),
        (&full["id"], &json!(["offsite"]))
    );
    shop.agent_done(&restoring("from-local", &["--remote", "local"]));
    shop.agent_done(&restoring("from-offsite", &["--remote", "offsite"]));
    // One that is asked for on the remote alone finds no base there.
    let taken = shop.agent_done(&["backup", "--delta", "--remote", "local", "--json"]);
    let taken: Value = serde_json::from_str(&taken).unwrap();
    assert!(
        text(&taken["full_because"]).contains("none of the remotes that it is for"),
        "{taken}"
    );
    let next = shop.back_up();
    shop.agent_done(&["backup", "--delta"]);
    let delta = shop.listed().remove(0);
    assert_eq!(
        (&delta["base"], &delta["remotes"]),
        (&next["id"], &json!(["local", "offsite"]))
    );
}

#[test]
fn a_base_that_is_damaged_everywhere_is_followed_by_a_full_backup() {
    let shop = Shop::new();
    shop.fill(256);
    shop.back_up();
    for remote in ["local", "offsite"] {
        alter(&newest_part(&shop.path(remote)));
    }
    shop.agent_refuses(1, &["verify", "--all"]);
    let taken: Value = serde_json::from_str(&shop.agent_done(&["backup", "--delta", "--json"])).unwrap();
    assert_eq!(taken["base"], Value::Null);
    assert!(
        text(&taken["full_because"]).contains("no remote holds the newest full backup"),
        "{taken}"
    );
}

#[test]
fn a_remote_that_is_merely_silent_has_lost_nothing() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let is_down = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = std::sync::Arc::clone(&is_down);
    let proxy = Proxy::before(server.address, move |method, _| {
        let is_down = seen.load(std::sync::atomic::Ordering::SeqCst);
        (is_down && method == "GET").then_some(Fault::Status(503))
    });
    let shop = shop_with(&[servers::webdav_section("cloud", proxy.address), disk()]);
    shop.fill(256);
    shop.back_up();
    is_down.store(true, std::sync::atomic::Ordering::SeqCst);
    let said = shop.agent_refuses(1, &["verify", "--remote", "cloud"]);
    assert!(said.contains("could not be compared"), "{said}");
    // Nor when nobody can compare it the next time.
    shop.agent_refuses(1, &["verify", "--all", "--remote", "cloud"]);
    shop.agent_refuses(1, &["verify", "--all", "--remote", "cloud"]);
    let listed: Value = serde_json::from_str(&shop.agent_done(&["list", "--json"])).unwrap();
    let point = &listed["restore_points"][0];
    assert_eq!(
        (&point["problems"], &point["incomplete_on"]),
        (&json!([]), &json!([]))
    );
    is_down.store(false, std::sync::atomic::Ordering::SeqCst);
    shop.agent_done(&["backup", "--delta"]);
    assert_eq!(shop.listed()[0]["remotes"], json!(["cloud", "disk"]));
}

#[test]
fn a_remote_that_got_another_name_is_judged_by_what_lies_there() {
    let shop = Shop::new();
    shop.fill(256);
    shop.back_up();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let renamed = settings.replace("[remotes.local]", "[remotes.disk1]");
    fs::write(shop.path("agent.toml"), renamed).unwrap();
    let verify = ["verify", "--all", "--remote", "disk1"];
    let said = shop.agent_done(&verify);
    assert!(said.contains("disk1: everything is there"), "{said}");
    alter(&newest_part(&shop.path("local")));
    let said = shop.agent_refuses(1, &verify);
    assert!(said.contains("is altered"), "{said}");
}

#[test]
fn a_remote_whose_base_was_found_damaged_gets_another_one_from_the_agent_that_runs() {
    let shop = Shop::new();
    shop.fill(256);
    let agent = Running::start(&shop);
    let capture = || -> Value {
        let output = shop.agent(&["status", "--json"]);
        let status: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        status["capture"].clone()
    };
    let until = |what: &str, is_so: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < 4 * LIMIT, "{what}: {}", capture());
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    until("both have a full backup", &|| {
        let seen = capture();
        seen["chain"].is_string() && seen["without_base"] == json!([])
    });
    alter(&newest_part(&shop.path("local")));
    let fulls = || fs::read_dir(shop.path("local/base")).unwrap().count();
    assert_eq!(fulls(), 1);
    let output = shop.agent(&["verify", "--all", "--remote", "local"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = String::from_utf8(shop.agent(&["status"]).stdout).unwrap();
    assert!(
        said.contains("the newest full backup of this chain was found missing or altered on local"),
        "{said}"
    );
    until("local gets another full backup", &|| {
        capture()["without_base"] == json!([])
    });
    assert_eq!(fulls(), 2);
    let elsewhere = fs::read_dir(shop.path("offsite/base")).unwrap().count();
    assert_eq!(elsewhere, 1, "who has a whole one gets no second one");
    agent.burn();
    shop.agent_done(&restoring("back", &["--remote", "local"]));
    let told = raised(&shop);
    assert!(
        told.iter().any(|(key, _)| key.starts_with("remote_objects")),
        "what is damaged is told for as long as it is there: {told:?}"
    );
}
