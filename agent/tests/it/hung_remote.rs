//! A remote that takes connections and answers nothing, beside one that works: what the one holds counts at once, and
//! waits for nothing that the other leaves open.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use agent::store::Store;
use protocol::object_key::PointId;
use rusqlite::Connection;

use crate::{
    fault_proxy::{Fault, Proxy},
    remotes::{disk, shop_with},
    running::Running,
    servers::{self, Server},
    shop::{Shop, integrity_of, signal, stderr},
};

/// The remote that hangs is waited for as long, at least.
const LIMIT: Duration = Duration::from_secs(60);

struct Rig {
    shop: Shop,
    hung: Server,
    _well: Server,
    _places: [tempfile::TempDir; 2],
}

impl Rig {
    fn new() -> Self {
        let places = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [well, hung] = places.each_ref().map(|place| servers::webdav(place.path()));
        let shop = shop_with(&[
            servers::webdav_section("hung", hung.address),
            servers::webdav_section("well", well.address),
        ]);
        Self {
            shop,
            hung,
            _well: well,
            _places: places,
        }
    }

    /// Whether a process takes a backup at this moment.
    fn is_backing_up(&self) -> bool {
        let lock = File::open(self.shop.path("state/backup.lock"));
        lock.is_ok_and(|lock| lock.try_lock_shared().is_err())
    }

    /// The newest point that the catalogue knows, and who holds it.
    fn newest(&self) -> Option<(PointId, Vec<String>)> {
        let store = Store::open_to_look(&self.shop.path("state")).ok().flatten()?;
        let point = store.last_point().unwrap()?.manifest.point;
        let holders = store.holders(&point).unwrap().into_iter().collect();
        Some((point, holders))
    }

    fn wait_for_a_point(&self) -> (PointId, Vec<String>) {
        let start = Instant::now();
        loop {
            if let Some(found) = self.newest() {
                return found;
            }
            assert!(start.elapsed() < LIMIT, "no point was written down");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn begin_by_hand(&self) -> Child {
        let mut command = self.shop.command(&["backup"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }
}

#[test]
fn a_commit_is_durable_by_one_remote_while_the_other_leaves_the_chains_first_backup_open() {
    let rig = Rig::new();
    rig.hung.hang();
    let agent = Running::start(&rig.shop);
    agent.wait_long_for("/durable", LIMIT);
    assert!(rig.is_backing_up(), "the other one was waited for");
    assert_eq!(rig.newest().unwrap().1, ["well"]);
    // Commits after it are durable as well: it is the base that they follow.
    Connection::open(rig.shop.database())
        .unwrap()
        .execute("INSERT INTO item (text) VALUES ('sold')", [])
        .unwrap();
    agent.wait_long_for("/durable", LIMIT);
    agent.burn();
}

#[test]
fn a_backup_by_hand_that_is_stopped_says_which_remote_has_it_already() {
    let rig = Rig::new();
    rig.hung.hang();
    let child = rig.begin_by_hand();
    let (point, holders) = rig.wait_for_a_point();
    assert_eq!(holders, ["well"]);
    signal(child.id(), "TERM");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains(&format!("{point} is whole on well")), "{said}");
    // What it stands for comes back, and the next delta stands on it.
    let last = rig.newest().unwrap();
    assert_eq!(last.0, point);
}

/// What `agent status` says of the remote that hangs.
fn hung_as_told(rig: &Rig) -> serde_json::Value {
    let output = rig.shop.agent(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let remotes = status["capture"]["remotes"].as_array().unwrap().clone();
    let mut hung = remotes.into_iter().filter(|it| it["remote"] == "hung");
    hung.next().unwrap_or_default()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < 2 * LIMIT, "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn status_says_since_when_it_hangs_and_a_list_for_whom_it_waits_and_what_came_meanwhile() {
    let rig = Rig::new();
    let agent = Running::start(&rig.shop);
    agent.wait_long_for("/durable", LIMIT);
    let sell = || {
        let shop = Connection::open(rig.shop.database()).unwrap();
        shop.execute("INSERT INTO item (text) VALUES ('sold')", [])
            .unwrap();
    };
    sell();
    // Only then the sale counts as one that a remote may lack.
    agent.wait_long_for("/durable", LIMIT);
    until("it has acknowledged all of it", || {
        let told = hung_as_told(&rig);
        told["acknowledged_at"].is_i64() && told["lag_commits"] == 0 && !rig.is_backing_up()
    });
    rig.hung.hang();
    sell();
    until("it is said to hang", || {
        hung_as_told(&rig)["unanswered_since"].is_i64()
    });
    let told = hung_as_told(&rig);
    assert!(told["failing_since"].is_null(), "nothing has failed yet: {told}");
    assert!(
        told["unanswered_since"].as_i64() >= told["acknowledged_at"].as_i64(),
        "{told}"
    );
    let said = String::from_utf8(rig.shop.agent(&["status"]).stdout).unwrap();
    assert!(
        said.contains("hung lacks 1 commit (")
            && said.contains("the agent waits for its answer to what it sent at "),
        "{said}"
    );
    assert!(said.contains("it has acknowledged nothing since "), "{said}");
    let mut list = rig.shop.command(&["list", "--json"]);
    let mut list = list
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(list.stderr.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    assert_eq!(
        line,
        "agent: waiting for hung; going on without it after 30 s without an answer"
    );
    // What leaves the server while it waits is in the list.
    sell();
    agent.wait_long_for("/durable", LIMIT);
    let newest = Store::open_to_look(&rig.shop.path("state")).unwrap().unwrap();
    let newest = newest.capture_state().unwrap().unwrap().commit;
    let listed = list.wait_with_output().unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let last = listed["commits"].as_array().unwrap().last().unwrap();
    assert_eq!(last["last"], newest.get(), "{listed}");
    agent.burn();
}

#[test]
fn the_next_backup_of_the_schedule_is_taken_in_time_for_the_others() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let mut hangs = false;
    // From the first part on it answers nothing any more.
    let proxy = Proxy::before(server.address, move |method, path| {
        hangs |= method == "PUT" && path.contains("/base/");
        hangs.then_some(Fault::Slow(4 * LIMIT))
    });
    let shop = shop_with(&[servers::webdav_section("hung", proxy.address), disk()]);
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let often = settings.replace("[backup]\n", "[backup]\nsnapshot = \"*/30 * * * * *\"\n");
    fs::write(shop.path("agent.toml"), often).unwrap();
    let agent = Running::start(&shop);
    let points = || fs::read_dir(shop.path("disk/manifest")).map_or(0, Iterator::count);
    let start = Instant::now();
    while points() < 2 {
        // It begins within half a minute, the next one is due half a minute later, and two questions take a minute. Three
        // tries of a minute each would end after four minutes.
        assert!(
            start.elapsed() < 10 * LIMIT / 3,
            "the remote that hangs was waited for"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    agent.burn();
}

#[test]
fn files_that_nobody_answers_for_hold_no_database_back() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let proxy = Proxy::before(server.address, |method, path| {
        (method == "GET" && path.contains("/files/")).then_some(Fault::Slow(4 * LIMIT))
    });
    let shop = shop_with(&[servers::webdav_section("alone", server.address)]);
    shop.back_up();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let slow = settings.replace(&server.address.to_string(), &proxy.address.to_string());
    fs::write(shop.path("agent.toml"), slow).unwrap();
    let said = shop.restore_to("back", &[]);
    assert!(
        said.contains("the database is restored without configuration") && said.contains("files/"),
        "{said}"
    );
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    assert!(!shop.path("back/files").exists());
}

#[test]
fn a_remote_that_took_a_backup_and_no_commit_is_not_said_to_have_acknowledged_nothing_ever() {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    shop.back_up();
    fs::rename(shop.path("offsite"), shop.path("away")).unwrap();
    fs::write(shop.path("offsite"), "no folder").unwrap();
    let bot = Connection::open(shop.database()).unwrap();
    bot.execute("INSERT INTO item (text) VALUES ('sold')", [])
        .unwrap();
    let mut said = String::new();
    until("the remote fails", || {
        said = String::from_utf8_lossy(&shop.agent(&["status"]).stdout).into_owned();
        said.contains("Commits:  offsite lacks")
    });
    assert!(
        said.contains("it has acknowledged nothing since ") && !said.contains("never acknowledged"),
        "{said}"
    );
}
