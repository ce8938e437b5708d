//! Two agents on one remote: each names the other, and deletes nothing of what the other wrote.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use serde_json::Value;

use crate::{
    missing_commits::captured,
    rehearsals::append,
    shop::{Shop, count_items, files_under, restoring, text},
};

/// As if the other one had the same folder, and wrote there three days ago.
fn share(own: &Shop, other: &Shop) -> Vec<String> {
    let long_ago = SystemTime::now() - Duration::from_secs(3 * 86_400);
    let copied = files_under(&other.path("local")).into_iter().map(|path| {
        let key = path.strip_prefix(other.path("local")).unwrap().to_owned();
        let place = own.path("local").join(&key);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(&path, &place).unwrap();
        let file = fs::File::options().write(true).open(&place).unwrap();
        file.set_modified(long_ago).unwrap();
        key.to_str().unwrap().to_owned()
    });
    copied.collect()
}

fn fingerprint(shop: &Shop) -> String {
    let certificate = files_under(&shop.path("local/cert")).remove(0);
    Path::new(&certificate)
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

#[test]
fn each_agent_on_a_remote_names_the_other_and_deletes_nothing_of_it() {
    let (shop, _) = captured(2);
    let (other, _) = captured(2);
    append(&shop.path("agent.toml"), "[retention]\ndaily = 1\n");
    let before = shop.agent_done(&["verify", "--remote", "local"]);
    assert!(!before.contains("another agent"), "{before}");
    let (key, own_key) = (fingerprint(&other), fingerprint(&shop));
    let foreign = share(&shop, &other);
    // One of its backups that was cut short, too.
    let manifest = foreign.iter().find(|key| key.starts_with("manifest/")).unwrap();
    fs::remove_file(shop.path("local").join(manifest)).unwrap();
    let named = format!("another agent, of the key {key}, has written there");
    for command in [
        &["verify", "--remote", "local"][..],
        &["status"],
        &["list"],
        &["prune", "--dry-run"],
    ] {
        let said = shop.agent_done(command);
        assert!(
            said.contains(&named) && !said.contains(&format!("of the key {own_key}")),
            "{command:?}: {said}"
        );
        assert!(
            command == ["list"] || said.contains("has written there since"),
            "{command:?}: {said}"
        );
    }
    let planned: Value =
        serde_json::from_str(&shop.agent_done(&["prune", "--dry-run", "--json", "--remote", "local"]))
            .unwrap();
    let objects = planned["remotes"][0]["objects"].as_array().unwrap();
    for key in foreign.iter().filter(|key| *key != manifest) {
        let object = objects
            .iter()
            .find(|object| object["key"] == key.as_str())
            .unwrap();
        assert_eq!(object["state"], "keep", "{object}");
    }
    let certificate = |key: &str| {
        let name = format!("cert/{key}.asc");
        objects
            .iter()
            .find(|object| object["key"] == name.as_str())
            .unwrap()["reason"]
            .clone()
    };
    assert_eq!(certificate(&key), "another agent's certificate");
    assert_eq!(certificate(&own_key), "the agent's certificate");
}

#[test]
fn what_another_agent_wrote_is_not_judged_and_this_ones_own_is_without_it() {
    let (shop, point) = captured(2);
    let (other, foreign) = captured(4);
    let alone: Value = serde_json::from_str(&shop.agent_done(&["list", "--json"])).unwrap();
    share(&shop, &other);
    let of_local = |listed: &Value| {
        let remotes = listed["remotes"].as_array().unwrap();
        let local = remotes.iter().find(|it| it["name"] == "local").unwrap();
        (local["restorable_through"].clone(), local["chain"].clone())
    };
    let shared: Value = serde_json::from_str(&shop.agent_done(&["list", "--json"])).unwrap();
    assert_eq!(of_local(&shared), of_local(&alone));
    assert_ne!(of_local(&shared).0, Value::Null);
    let said = shop.agent_done(&["list"]);
    for word in ["NOT PROVEN", "UNREACHABLE", "INCOMPLETE"] {
        assert!(!said.contains(word), "{word}: {said}");
    }
    let line = |id: &Value| said.lines().find(|line| line.contains(text(id))).unwrap();
    assert!(line(&foreign["id"]).contains("another agent's"), "{said}");
    assert!(line(&point["id"]).contains("verified"), "{said}");
    assert!(
        said.contains(&format!(
            "`agent restore --point {} --trust {}` takes it",
            text(&foreign["id"]),
            fingerprint(&other)
        )),
        "{said}"
    );
    assert!(!said.contains("nothing of this agent's own"), "{said}");
    let chain = &text(&foreign["chain"])[..8];
    let range = said
        .lines()
        .find(|line| line.starts_with(&format!("  chain {chain}")))
        .unwrap();
    assert!(range.ends_with("another agent's, not judged here"), "{said}");
}

#[test]
fn on_a_new_machine_the_newest_state_is_not_taken_for_the_owners_where_two_agents_compete() {
    let (shop, point) = captured(2);
    let (other, _) = captured(4);
    let keys = [fingerprint(&shop), fingerprint(&other)];
    let items = [count_items(&shop.database()), count_items(&other.database())];
    assert_ne!(items[0], items[1]);
    share(&shop, &other);
    let local = |folder: &'static str| restoring(folder, &["--remote", "local"]);
    // The server knows which one it is.
    shop.agent_done(&local("own"));
    assert_eq!(count_items(&shop.path("own/shop.db")), items[0]);
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let fresh = settings.replace("dir = \"state\"", "dir = \"fresh\"");
    fs::write(shop.path("agent.toml"), fresh).unwrap();
    for more in [
        &["--latest"][..],
        &["--latest", "--json"],
        &["--dry-run"],
        &["--at", "2099-01-01 00:00"],
        &["--only", "config"],
    ] {
        let said = shop.agent_refuses(1, &[&local("back")[..], more].concat());
        let at = if more[0] == "--at" {
            "--at '2099-01-01 00:00' "
        } else {
            ""
        };
        for key in &keys {
            let command = format!("{at}--trust {key}");
            assert!(said.contains(&command), "{more:?}: {command} is not said: {said}");
        }
        assert!(
            said.contains("Nothing was changed") && said.contains("last commit"),
            "{said}"
        );
        assert!(!shop.path("back").exists());
    }
    for (key, items) in keys.iter().zip(items) {
        let said = shop.agent_done(&[&local("back")[..], &["--trust", key]].concat());
        let is_older = *key == keys[0];
        assert_eq!(
            said.contains("another agent's, and not restored"),
            is_older,
            "{said}"
        );
        assert_eq!(count_items(&shop.path("back/shop.db")), items);
        fs::remove_dir_all(shop.path("back")).unwrap();
    }
    // Whoever names a point or a chain means that one.
    let chain = &text(&point["chain"])[..8];
    for named in [["--point", text(&point["id"])], ["--chain", chain]] {
        shop.agent_done(&[&local("back")[..], &named].concat());
        fs::remove_dir_all(shop.path("back")).unwrap();
    }
    // A certificate of which no backup opens competes with nobody.
    for path in files_under(&other.path("local")) {
        let key = path.strip_prefix(other.path("local")).unwrap();
        if !key.starts_with("cert") {
            fs::remove_file(shop.path("local").join(key)).unwrap();
        }
    }
    let said = shop.agent_done(&local("back"));
    assert!(said.contains("2 agents wrote there"), "{said}");
}

#[test]
fn a_drill_rehearses_the_newest_of_its_own_agents_points_with_what_follows_it() {
    let (shop, point) = captured(3);
    let (other, newer) = captured(1);
    assert!(text(&newer["id"]) > text(&point["id"]));
    let drilled = |shop: &Shop| -> Value {
        let said = shop.agent_done(&["drill", "--remote", "local", "--json"]);
        serde_json::from_str::<Value>(&said).unwrap()["drills"][0].clone()
    };
    let alone = drilled(&shop);
    share(&shop, &other);
    let shared = drilled(&shop);
    assert_eq!(shared["restore_point"], point["id"]);
    for figure in ["commit", "segments", "chain"] {
        assert_eq!(shared["seen"][figure], alone["seen"][figure], "{shared}");
    }
    assert!(shared["seen"]["segments"].as_u64().unwrap() >= 3, "{shared}");
}

#[test]
fn with_a_key_what_another_agent_signed_has_one_word_and_is_told_with_what_takes_it() {
    let (shop, other) = (Shop::new(), Shop::new());
    // Points' names tell the second.
    let next_second = || std::thread::sleep(Duration::from_millis(1_100));
    let early = other.back_up();
    next_second();
    let own = shop.back_up();
    next_second();
    let late = other.back_up();
    share(&shop, &other);
    let said = shop.agent_done(&["list", "--key", "kit/owner.secret.asc"]);
    let line = |id: &Value| said.lines().find(|line| line.contains(text(id))).unwrap();
    assert!(line(&own["id"]).contains("verified"), "{said}");
    for foreign in [&early, &late] {
        assert!(line(&foreign["id"]).contains("another agent's"), "{said}");
    }
    let takes = format!(
        "`agent restore` alone takes it with --trust {}",
        fingerprint(&other)
    );
    assert!(said.contains(&takes) && said.contains("as agent.asc"), "{said}");
    let said = shop.agent_refuses(1, &["verify", "--key", "kit/owner.secret.asc"]);
    assert!(said.contains(&takes), "{said}");
}
