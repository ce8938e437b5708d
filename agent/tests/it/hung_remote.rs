//! A remote that takes connections and answers nothing, beside one that works: what the one holds counts at once, and
//! waits for nothing that the other leaves open.

use std::{
    fs::File,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use agent::store::Store;
use protocol::object_key::PointId;
use rusqlite::Connection;

use crate::{
    remotes::shop_with,
    running::Running,
    servers::{self, Server},
    shop::{Shop, signal, stderr},
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
