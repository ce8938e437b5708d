//! A restore that runs on another machine says so on the remote, and whoever prunes there waits for it.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use agent::store::Store;
use protocol::time::UnixMillis;

use crate::{
    capture_rig::wait_for,
    fault_proxy::{Fault, Proxy},
    remotes::shop_with,
    servers::{self, Server},
    shop::{PASSPHRASE, Shop, count_items, program, restoring},
};

/// Where the shop's server prunes, and what may go there has been marked for long.
struct Scene {
    _place: tempfile::TempDir,
    server: Server,
    shop: Shop,
    orphan: PathBuf,
    /// The line of the other machine to the same server.
    _line: Proxy,
}

impl Scene {
    /// `fault` is what the other machine's line does to a request.
    fn new(fault: impl Fn(&str, &str) -> Option<Fault> + Send + 'static) -> Self {
        let place = tempfile::tempdir().unwrap();
        let server = servers::webdav(place.path());
        let line = Proxy::before(server.address, move |method, path| {
            let waits = method == "GET" && path.contains("/base/");
            fault(method, path).or(waits.then_some(Fault::Slow(Duration::from_secs(4))))
        });
        let shop = shop_with(&[servers::webdav_section("cloud", server.address)]);
        let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
        let address = |of: std::net::SocketAddr| format!("http://{of}");
        let there = settings
            .replace(&address(server.address), &address(line.address))
            .replace("dir = \"state\"", "dir = \"elsewhere\"");
        assert_ne!(there, settings);
        fs::write(shop.path("there.toml"), there).unwrap();
        fs::write(shop.path("agent.toml"), settings + "[retention]\nyearly = 1\n").unwrap();
        // Before the server has looked at the folder.
        let orphan = orphan_in(&server.objects.join("a/b"));
        shop.back_up();
        shop.agent_done(&["prune"]);
        let scene = Self {
            _place: place,
            server,
            shop,
            orphan,
            _line: line,
        };
        age_marks(&scene.shop, "cloud");
        scene
    }

    /// A restore on a machine that has nothing of the server's but its configuration.
    fn restore_there(&self) -> Command {
        let mut command = Command::new(program());
        command
            .args(restoring("back", &["--latest", "--config", "there.toml"]))
            .current_dir(self.shop.path("."))
            .env("OWNER_KEY_PASSPHRASE", PASSPHRASE);
        command
    }

    fn notices(&self) -> Vec<PathBuf> {
        let there = fs::read_dir(self.server.objects.join("a/b/restore"));
        there.map_or_else(
            |_| Vec::new(),
            |there| there.map(|entry| entry.unwrap().path()).collect(),
        )
    }
}

/// A part of no point, of long ago.
fn orphan_in(objects: &Path) -> PathBuf {
    let orphan = objects.join("base/20200101T000000Z-00000000/000000.zst.pgp");
    fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    fs::write(&orphan, "x").unwrap();
    made_at(&orphan, Duration::from_secs(1_577_836_800));
    orphan
}

fn age_marks(shop: &Shop, remote: &str) {
    let store = Store::open(&shop.path("state")).unwrap();
    let marks = store.prune_marks(remote).unwrap().into_keys();
    let aged: BTreeMap<_, _> = marks.map(|key| (key, UnixMillis(1))).collect();
    assert!(!aged.is_empty());
    store.set_prune_marks(remote, &aged).unwrap();
}

fn made_at(path: &Path, since_1970: Duration) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + since_1970).unwrap();
}

#[test]
fn what_is_due_waits_for_a_restore_on_another_machine() {
    let scene = Scene::new(|_, _| None);
    let mut restore = scene.restore_there().spawn().unwrap();
    wait_for("the restore's notice", || !scene.notices().is_empty());
    let notice = fs::read(&scene.notices()[0]).unwrap();
    let said = scene.shop.agent_done(&["prune"]);
    assert!(restore.wait().unwrap().success());
    assert!(
        said.contains("1 of them wait: a restore reads from here since"),
        "{said}"
    );
    assert!(scene.orphan.exists());
    assert_eq!(notice.len(), 16, "noise alone");
    assert_eq!(
        count_items(&scene.shop.path("back/shop.db")),
        count_items(&scene.shop.database())
    );
    assert!(scene.notices().is_empty(), "it was taken back");
    let said = scene.shop.agent_done(&["prune"]);
    assert!(said.contains("1 deleted"), "{said}");
    assert!(!scene.orphan.exists());
}

#[test]
fn one_that_was_killed_is_waited_for_as_well() {
    let scene = Scene::new(|_, _| None);
    let mut restore = scene.restore_there().spawn().unwrap();
    wait_for("the restore's notice", || !scene.notices().is_empty());
    restore.kill().unwrap();
    restore.wait().unwrap();
    let said = scene.shop.agent_done(&["prune"]);
    assert!(said.contains("1 of them wait"), "{said}");
    assert_eq!(scene.notices().len(), 1);
}

#[test]
fn a_notice_counts_for_a_day_and_then_goes_like_whatever_is_left_over() {
    let shop = Shop::new();
    let orphan = orphan_in(&shop.path("local"));
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    fs::write(shop.path("agent.toml"), settings + "[retention]\nyearly = 1\n").unwrap();
    shop.back_up();
    let prune = ["prune", "--remote", "local"];
    shop.agent_done(&prune);
    age_marks(&shop, "local");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let hours = |count: u64| now - Duration::from_secs(count * 3600);
    let notice = shop.path("local/restore/1795000000123-00000007");
    fs::create_dir_all(notice.parent().unwrap()).unwrap();
    fs::write(&notice, [0; 16]).unwrap();
    made_at(&notice, hours(23));
    assert!(shop.agent_done(&prune).contains("1 of them wait"));
    made_at(&notice, hours(25));
    let said = shop.agent_done(&prune);
    assert!(said.contains("1 deleted") && !orphan.exists(), "{said}");
    assert!(said.contains("the notice of a restore"), "{said}");
    age_marks(&shop, "local");
    shop.agent_done(&prune);
    assert!(!notice.exists());
    // What is no notice, whoever left it there, is waited for by nobody.
    let orphan = orphan_in(&shop.path("local"));
    fs::write(shop.path("local/restore/hold"), "x").unwrap();
    shop.agent_done(&prune);
    age_marks(&shop, "local");
    assert!(shop.agent_done(&prune).contains("1 deleted") && !orphan.exists());
}

#[test]
fn whoever_may_only_read_restores_without_one() {
    let scene = Scene::new(|method, _| {
        let writes = !["GET", "HEAD", "PROPFIND", "OPTIONS"].contains(&method);
        writes.then_some(Fault::Status(403))
    });
    let output = scene.restore_there().output().unwrap();
    let said = crate::shop::stderr(&output) + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    // As a word: it may be a part of the time.
    let mut words = said.split(|letter: char| !letter.is_ascii_alphanumeric());
    assert!(
        !words.any(|word| word == "403") && !said.contains("notice"),
        "{said}"
    );
    assert!(scene.notices().is_empty());
}
