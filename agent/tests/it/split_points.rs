//! A restore point that two remotes hold, each without another part: retention lets neither half go as long as nobody has
//! a whole one, and the half that is damaged as soon as somebody has.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use agent::store::Store;
use protocol::time::UnixMillis;
use serde_json::Value;

use crate::{
    rehearsals::append,
    shop::{Shop, files_under, integrity_of, restoring, text},
};

const REMOTES: [&str; 2] = ["local", "offsite"];
const DAY: Duration = Duration::from_secs(86_400);

/// What a remote holds of a point.
fn objects(shop: &Shop, remote: &str, point: &str) -> Vec<PathBuf> {
    let all = files_under(&shop.path(remote)).into_iter();
    all.filter(|path| path.to_str().unwrap().contains(point))
        .collect()
}

/// A full point that both remotes wrote so many days ago, by their own clocks.
fn taken(shop: &Shop, days: u32) -> String {
    // Another point of the same commit would serve as well.
    shop.fill(16);
    let point = text(&shop.back_up()["id"]).to_owned();
    let at = SystemTime::now() - DAY * days;
    for object in REMOTES.iter().flat_map(|remote| objects(shop, remote, &point)) {
        let file = fs::File::options().write(true).open(object).unwrap();
        file.set_modified(at).unwrap();
    }
    point
}

fn alter(object: &Path) -> Vec<u8> {
    let whole = fs::read(object).unwrap();
    let at = fs::metadata(object).unwrap().modified().unwrap();
    let mut bytes = whole.clone();
    bytes[100] ^= 1;
    fs::write(object, bytes).unwrap();
    fs::File::options()
        .write(true)
        .open(object)
        .unwrap()
        .set_modified(at)
        .unwrap();
    whole
}

/// Prunes as if what may go had been marked for more than a day.
fn prune(shop: &Shop) {
    shop.agent_done(&["prune"]);
    let store = Store::open(&shop.path("state")).unwrap();
    for remote in REMOTES {
        let marks = store.prune_marks(remote).unwrap().into_keys();
        let aged = marks.map(|key| (key, UnixMillis(1))).collect();
        store.set_prune_marks(remote, &aged).unwrap();
    }
    drop(store);
    shop.agent_done(&["prune"]);
}

fn comes_back(shop: &Shop, more: &[&str]) {
    shop.agent_done(&restoring("back", more));
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    fs::remove_dir_all(shop.path("back")).unwrap();
}

#[test]
fn two_halves_of_a_point_stay_until_one_remote_holds_it_whole() {
    let shop = Shop::new();
    append(&shop.path("agent.toml"), "[retention]\ndaily = 3\n");
    let old = taken(&shop, 5);
    let split = taken(&shop, 3);
    for days in [2, 0] {
        taken(&shop, days);
    }
    let found = |remote: &str, folder: &str| {
        let all = objects(&shop, remote, &split).into_iter();
        let mut within = all.filter(|path| path.starts_with(shop.path(remote).join(folder)));
        within.next().unwrap()
    };
    fs::remove_file(found("local", "base")).unwrap();
    let manifest = found("offsite", "manifest");
    let whole = alter(&manifest);
    shop.agent_refuses(1, &["verify", "--all"]);
    for remote in REMOTES {
        let from_one = ["--point", &split, "--remote", remote];
        shop.agent_refuses(1, &restoring("back", &from_one));
    }

    prune(&shop);
    comes_back(&shop, &["--point", &split]);
    let said = shop.agent_done(&["prune", "--dry-run"]);
    assert!(said.contains("it is whole on no remote"), "{said}");
    let mut of_split = said.lines().filter(|line| line.contains(&split));
    // The name holds it in UTC.
    assert!(of_split.all(|line| line.contains(" WIB  ")), "{said}");
    // An older one takes its place in the rules of both, for what it is.
    comes_back(&shop, &["--point", &old]);

    fs::write(&manifest, whole).unwrap();
    shop.agent_refuses(1, &["verify", "--all"]);
    prune(&shop);
    assert!(
        objects(&shop, "local", &split).is_empty(),
        "the other remote has a whole one"
    );
    comes_back(&shop, &["--point", &split, "--remote", "offsite"]);
    let listed = shop.listed();
    let of_split = |point: &&Value| point["id"] == split.as_str();
    assert_eq!(
        listed.iter().find(of_split).unwrap()["remotes"],
        serde_json::json!(["offsite"])
    );
}
