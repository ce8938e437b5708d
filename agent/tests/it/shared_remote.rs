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
    shop::{Shop, files_under},
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
