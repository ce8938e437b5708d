//! Two servers that run one shop: a copy that was made of the whole server, or a lost one that runs again. The owner is told,
//! and nobody else's remote is taken for that.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use agent::store::Store;
use protocol::{object_key::SegmentName, time::UnixMillis};
use serde_json::Value;

use crate::{
    capture_rig::wait_for,
    missing_commits::{after, captured},
    rehearsals::{raised, raised_since},
    running::Running,
    shop::{Shop, files_under, restoring, stderr, text},
    source_faults::{begin, contents, put_back, sell, settled, snapshot},
};

const TWICE: &str = "shop_runs_twice";
const SAID: &str = "TWO SERVERS SEEM TO RUN THIS SHOP";

fn now() -> UnixMillis {
    UnixMillis(jiff::Timestamp::now().as_millisecond())
}

fn is_raised(raised: &[(String, String)]) -> bool {
    raised
        .iter()
        .any(|(key, row)| key.starts_with("twin/") && row.contains(TWICE))
}

fn objects(shop: &Shop) -> Vec<PathBuf> {
    ["local", "offsite"]
        .map(|remote| files_under(&shop.path(remote)))
        .concat()
}

/// A copy of the whole server, of its keys and its state too, that writes to the same remotes.
fn copy_of(shop: &Shop) -> Shop {
    let copy = Shop::new();
    for folder in ["live", "state", "kit"] {
        fs::remove_dir_all(copy.path(folder)).ok();
        let copied = Command::new("cp")
            .arg("-a")
            .args([shop.path(folder), copy.path(folder)])
            .status();
        assert!(copied.unwrap().success());
    }
    let settings = fs::read_to_string(copy.path("agent.toml")).unwrap();
    let root = |remote: &str| {
        format!(
            "root = \"{}\"",
            Path::new(&shop.path(remote)).canonicalize().unwrap().display()
        )
    };
    let settings = settings
        .replace("root = \"local\"", &root("local"))
        .replace("root = \"offsite\"", &root("offsite"));
    fs::write(copy.path("agent.toml"), settings).unwrap();
    copy
}

/// The moments in the names of restore points are whole seconds.
fn in_the_next_second() {
    std::thread::sleep(Duration::from_millis(1_100));
}

#[test]
fn a_copy_of_the_server_that_takes_backups_is_told_to_the_running_one() {
    let (shop, agent) = begin();
    // Until it is written down what has arrived, so that nothing is sent again at the start.
    in_the_next_second();
    agent.burn();
    let copy = copy_of(&shop);
    let started_at = now();
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    in_the_next_second();
    copy.agent_done(&["backup"]);
    let foreign = copy.listed().remove(0);
    // No word of it to the one that runs: it sells, and looks what lies there.
    sell(&shop, 1);
    let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let found = || {
        ["local", "offsite"]
            .iter()
            .find_map(|remote| store.twin(remote).unwrap())
    };
    wait_for("a comparison that names it", || found().is_some());
    let twin = found().unwrap();
    assert!(
        !twin.is_proven && twin.detail.contains(text(&foreign["id"])),
        "{twin:?}"
    );
    settled(&shop, &agent);
    agent.burn();
    // To an agent that has started since, it may be what this very server took before it was put back.
    assert!(!is_raised(&raised(&shop)));
    let told = raised_since(&shop, started_at);
    assert!(is_raised(&told), "{told:?}");
    // What stands stays as it is after a restart.
    assert!(is_raised(&raised(&shop)));
    for command in ["status", "verify"] {
        let said = shop.agent_done(&[command]);
        assert!(
            said.contains(SAID) && said.contains(text(&foreign["id"])),
            "{command}: {said}"
        );
    }
    let said = shop.agent_done(&["list"]);
    assert!(said.contains("a copy of this server, took it"), "{said}");
}

#[test]
fn a_copy_that_gives_the_same_numbers_to_other_commits_is_told_for_certain() {
    let (shop, agent) = begin();
    agent.burn();
    let (before, lying) = (snapshot(&shop), objects(&shop));
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    sell(&shop, 3);
    settled(&shop, &agent);
    agent.burn();
    // What the one server wrote has not come to the remotes yet when the other one starts.
    let written = objects(&shop).into_iter().filter(|path| !lying.contains(path));
    let written: Vec<(PathBuf, Vec<u8>)> = written
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    assert!(!written.is_empty());
    for (path, _) in &written {
        fs::remove_file(path).unwrap();
    }
    put_back(&shop, &before);
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    sell(&shop, 5);
    settled(&shop, &agent);
    agent.burn();
    shop.agent_done(&["verify"]);
    assert!(!is_raised(&raised(&shop)), "nobody else has written yet");
    let sold = contents(&shop.database());
    for (path, bytes) in written {
        fs::write(path, bytes).unwrap();
    }
    // What else it finds wrong is not asked here.
    shop.agent(&["verify"]);
    let raised = raised(&shop);
    assert!(is_raised(&raised), "{raised:?}");
    let said = shop.agent_done(&["status"]);
    assert!(
        said.contains(SAID) && said.contains("twice, and this server wrote only one of the two"),
        "{said}"
    );
    let json: Value = serde_json::from_str(&shop.agent_done(&["status", "--json"])).unwrap();
    assert!(json.to_string().contains("\"is_proven\":true"), "{json}");
    let output = shop.agent(&restoring("back", &[]));
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(contents(&shop.path("back/shop.db")), sold);
    fs::rename(shop.path("state"), shop.path("gone")).unwrap();
    let output = shop.agent(&restoring("bare", &[]));
    assert!(output.status.success(), "{}", stderr(&output));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("TWO SERVERS WROTE THE COMMITS FROM 22 ON"),
        "{said}"
    );
}

#[test]
fn a_segment_that_was_copied_under_another_date_is_told_as_a_copy_and_not_as_another_server() {
    let (shop, point) = captured(4);
    let started_at = now();
    let name = after(&shop, "local", &point)[1].1.clone();
    let copy = SegmentName {
        last_at: name.last_at.plus(Duration::from_secs(5)),
        ..name.clone()
    };
    // On the one remote, and then on both.
    for remote in ["local", "offsite"] {
        let place = |name: &SegmentName| shop.path(remote).join(name.to_string());
        fs::copy(place(&name), place(&copy)).unwrap();
        let said = shop.restore_to("back", &["--latest"]);
        assert!(!said.contains("TWO SERVERS"), "{said}");
        assert!(
            said.contains("under two names")
                && said.contains(&name.to_string())
                && said.contains(&copy.to_string()),
            "{said}"
        );
        assert_eq!(contents(&shop.path("back/shop.db")), contents(&shop.database()));
        fs::remove_dir_all(shop.path("back")).unwrap();
        let said = shop.agent_done(&["verify"]);
        assert!(
            said.contains("(the same bytes)") && !said.contains(SAID),
            "{said}"
        );
    }
    let raised = raised_since(&shop, started_at);
    assert!(!is_raised(&raised), "{raised:?}");
    assert!(!shop.agent_done(&["status"]).contains(SAID));
}

#[test]
fn another_agent_on_the_remote_and_a_point_of_ones_own_that_was_not_written_down_are_no_copy() {
    let (shop, _) = captured(2);
    let started_at = now();
    in_the_next_second();
    // As if the process had died right after the manifest had arrived.
    shop.agent_done(&["backup"]);
    let forgotten = shop.listed().remove(0);
    let state = rusqlite::Connection::open(shop.path("state/agent.db")).unwrap();
    for table in ["restore_point_copy", "restore_point"] {
        let sql = format!("DELETE FROM {table} WHERE point = ?1");
        assert!(state.execute(&sql, [text(&forgotten["id"])]).unwrap() > 0);
    }
    drop(state);
    let quiet = |what: &str| {
        shop.agent(&["verify"]);
        let raised = raised_since(&shop, started_at);
        assert!(!is_raised(&raised), "{what}: {raised:?}");
        assert!(!shop.agent_done(&["status"]).contains(SAID), "{what}");
    };
    quiet("one's own");
    let (other, _) = captured(2);
    for path in files_under(&other.path("local")) {
        let place = shop
            .path("local")
            .join(path.strip_prefix(other.path("local")).unwrap());
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(&path, &place).unwrap();
    }
    quiet("another agent's");
}

#[test]
fn what_another_agent_took_of_the_same_shop_may_be_newer_than_what_this_one_took() {
    let (shop, agent) = begin();
    sell(&shop, 2);
    settled(&shop, &agent);
    agent.burn();
    in_the_next_second();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let other = settings.replace("dir = \"state\"", "dir = \"other\"");
    assert_ne!(other, settings);
    fs::write(shop.path("agent.toml"), other).unwrap();
    sell(&shop, 1);
    shop.back_up();
    fs::write(shop.path("agent.toml"), settings).unwrap();
    let said = shop.restore_to("back", &["--latest"]);
    assert!(
        said.contains("which this server did not take") && said.contains("IT MAY BE NEWER"),
        "{said}"
    );
    assert!(
        !said.contains("somebody invented it") && !said.contains("Nothing later was captured"),
        "{said}"
    );
}
