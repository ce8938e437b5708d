//! A new machine on which the folder of one remote is not the right one: its disk is not mounted, or the path has a slip of
//! the pen. What lies there may be newer than what the other remote holds, and no command takes it for nothing.

use std::fs;

use rusqlite::Connection;
use serde_json::Value;

use crate::{
    missing_commits::captured,
    remotes::{disk, shop_with},
    servers::{self, PASSWORD},
    shop::{Shop, count_items, restoring, stderr},
};

/// Two remotes, of which `local` alone holds the newest state, on a machine that remembers nothing.
fn lost_server() -> Shop {
    let shop = Shop::new();
    shop.back_up();
    let connection = Connection::open(shop.database()).unwrap();
    connection
        .execute("INSERT INTO item (text) VALUES ('sold since')", [])
        .unwrap();
    shop.agent_done(&["backup", "--remote", "local"]);
    fs::rename(shop.path("state"), shop.path("lost")).unwrap();
    shop
}

/// A slip of the pen in the configuration, or its end.
fn mistype(shop: &Shop, right: &str, wrong: &str) {
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let mistyped = settings.replace(right, wrong);
    assert_ne!(settings, mistyped);
    fs::write(shop.path("agent.toml"), mistyped).unwrap();
}

fn forget(shop: &Shop) {
    fs::remove_dir_all(shop.path("state")).ok();
    fs::remove_dir_all(shop.path("back")).ok();
}

#[test]
fn a_remote_whose_folder_is_missing_or_empty_may_be_newer_and_is_not_begun_anew() {
    let shop = lost_server();
    fs::rename(shop.path("local"), shop.path("on the disk")).unwrap();
    for is_mount_point in [false, true] {
        if is_mount_point {
            fs::create_dir(shop.path("local")).unwrap();
        }
        let untouched = || match is_mount_point {
            true => assert_eq!(fs::read_dir(shop.path("local")).unwrap().count(), 0),
            false => assert!(!shop.path("local").exists()),
        };
        forget(&shop);
        let said = shop.restore_to("back", &["--latest"]);
        assert!(
            said.contains("IT MAY BE NEWER than what you get: nothing lies on local"),
            "{said}"
        );
        assert!(said.contains("its disk may not be mounted"), "{said}");
        assert!(
            said.contains("No later one is known; ") || said.contains("knows of no later one; "),
            "{said}"
        );
        assert!(!said.contains("could not be taken from local"), "{said}");
        forget(&shop);
        let json = shop.restore_to("back", &["--json"]);
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["may_be_newer"], true, "{json}");

        // Also where a number is asked for: it may not be the last one.
        forget(&shop);
        let said = shop.restore_to("back", &["--commit", "1"]);
        assert!(said.contains("nothing lies on local"), "{said}");
        assert!(!said.contains("hold no later one"), "{said}");
        forget(&shop);
        let said = shop.agent_refuses(1, &restoring("back", &["--commit", "99"]));
        assert!(said.contains("nothing lies on local"), "{said}");

        let listed: Value = serde_json::from_str(&shop.agent_done(&["list", "--json"])).unwrap();
        let problems = |at: usize| listed["remotes"][at]["problems"].to_string();
        let (local, offsite) = match listed["remotes"][0]["name"] == "local" {
            true => (problems(0), problems(1)),
            false => (problems(1), problems(0)),
        };
        assert!(local.contains("nothing lies on local"), "{local}");
        assert_eq!(offsite, "[]");
        let said = shop.agent_refuses(1, &["verify", "--key", "kit/owner.secret.asc"]);
        assert!(said.contains("nothing lies on local"), "{said}");
        forget(&shop);
        let output = shop.agent(&["check"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            said.contains("WRONG  remote local: nothing lies on local"),
            "{said}"
        );
        assert!(
            said.contains("ok     remote offsite"),
            "{said}{}",
            stderr(&output)
        );
        untouched();
    }
    fs::remove_dir(shop.path("local")).unwrap();
    fs::rename(shop.path("on the disk"), shop.path("local")).unwrap();
    forget(&shop);
    let said = shop.restore_to("back", &["--latest"]);
    assert!(!said.contains("MAY BE NEWER"), "{said}");
}

/// Else its backups would fill the system's own disk, and be called safe.
#[test]
fn a_server_that_was_restored_without_a_disk_begins_it_anew_only_when_it_is_told_to() {
    for is_new in [false, true] {
        let shop = lost_server();
        let (place, disk) = (shop.path("local"), shop.path("on the disk"));
        fs::rename(&place, &disk).unwrap();
        shop.agent_done(&["restore", "--latest", "--key", "kit/owner.secret.asc", "--yes"]);
        let said = stderr(&shop.agent(&["backup"]));
        assert!(said.contains("as when this server was restored"), "{said}");
        assert!(!place.exists(), "nothing is written in its place");
        match is_new {
            true => drop(shop.agent_done(&["remote", "test", "local", "--new-disk"])),
            false => fs::rename(&disk, &place).unwrap(),
        }
        shop.agent_done(&["backup"]);
        let points = fs::read_dir(place.join("manifest")).unwrap().count();
        assert_eq!(points, if is_new { 1 } else { 3 });
    }
}

#[test]
fn where_no_remote_holds_anything_a_refusal_says_where_each_should_be() {
    let shop = lost_server();
    for remote in ["local", "offsite"] {
        fs::rename(shop.path(remote), shop.path(&format!("{remote} is elsewhere"))).unwrap();
    }
    let said = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    for remote in ["local", "offsite"] {
        assert!(
            said.contains(&format!("nothing lies on {remote}: its folder")),
            "{said}"
        );
        assert!(!shop.path(remote).exists());
    }
    let said = shop.agent_done(&["list"]);
    assert!(
        said.contains("Where there should be one: nothing lies on local"),
        "{said}"
    );
}

#[test]
fn a_remote_that_a_server_has_just_begun_is_no_lost_one() {
    let shop = Shop::new();
    shop.agent_done(&["backup", "--remote", "offsite"]);
    let said = shop.restore_to("back", &["--latest"]);
    assert!(!said.contains("MAY BE NEWER"), "{said}");
    shop.agent_done(&["check"]);
}

#[test]
fn a_disk_that_was_replaced_on_purpose_is_not_called_tampered_with() {
    let (shop, _) = captured(2);
    fs::remove_dir_all(shop.path("local")).unwrap();
    fs::create_dir(shop.path("local")).unwrap();
    let said = shop.agent_done(&["remote", "test", "local", "--new-disk"]);
    assert!(said.contains("agent backup --remote local"), "{said}");
    assert!(!shop.agent_done(&["list"]).contains("WRONG"));
    let said = shop.agent_done(&["verify"]);
    assert!(said.contains("local: no backup has reached it yet"), "{said}");
    shop.restore_to("back", &["--latest"]);
    assert_eq!(
        count_items(&shop.path("back/shop.db")),
        count_items(&shop.database())
    );
    shop.agent_done(&["backup", "--remote", "local"]);
    let said = shop.agent_done(&["verify", "--remote", "local"]);
    assert!(said.contains("everything is there"), "{said}");
    // What it holds now is missed again.
    fs::remove_dir_all(shop.path("local/manifest")).unwrap();
    let said = shop.agent_refuses(1, &["verify", "--remote", "local"]);
    assert!(said.contains("put back to an older state"), "{said}");
}

#[test]
fn a_path_with_a_slip_of_the_pen_on_a_far_remote_is_told_too() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let shop = shop_with(&[servers::webdav_section("cloud", server.address), disk()]);
    shop.back_up();
    fs::remove_dir_all(shop.path("state")).unwrap();
    mistype(&shop, "root = \"/a/b\"", "root = \"/a/d\"");
    let said = shop.restore_to("back", &["--latest"]);
    let told = format!(
        "nothing lies on cloud: no backup is where it leads (endpoint http://{}",
        server.address
    );
    for part in ["IT MAY BE NEWER", told.as_str(), "root /a/d"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains(PASSWORD));
    let said = shop.agent_done(&["list"]);
    assert!(said.contains("WRONG: nothing lies on cloud"), "{said}");
}

/// The folder's own rule, for a remote that is none.
#[test]
fn a_far_remote_on_which_nothing_lay_at_a_live_restore_is_begun_only_when_its_owner_says_so() {
    for is_new in [false, true] {
        let place = tempfile::tempdir().unwrap();
        let server = servers::webdav(place.path());
        let shop = shop_with(&[servers::webdav_section("cloud", server.address), disk()]);
        shop.back_up();
        fs::remove_dir_all(shop.path("state")).unwrap();
        mistype(&shop, "root = \"/a/b\"", "root = \"/a/d\"");
        shop.agent_done(&["restore", "--latest", "--key", "kit/owner.secret.asc", "--yes"]);
        let said = stderr(&shop.agent(&["backup"]));
        for part in [
            "nothing lies where it leads, as when this server was restored",
            "--new-disk",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(stderr(&shop.agent(&["check"])).contains("remote cloud"));
        assert!(!server.objects.join("a/d").exists(), "nothing is written there");
        let root = match is_new {
            true => {
                shop.agent_done(&["remote", "test", "cloud", "--new-disk"]);
                "a/d"
            }
            false => {
                mistype(&shop, "root = \"/a/d\"", "root = \"/a/b\"");
                "a/b"
            }
        };
        shop.agent_done(&["backup"]);
        let points = fs::read_dir(server.objects.join(root).join("manifest"))
            .unwrap()
            .count();
        assert_eq!(points, if is_new { 1 } else { 2 });
    }
}

/// A name with a slip of the pen, a bucket of another name, a server that is away.
#[test]
fn a_remote_that_does_not_answer_on_a_new_machine_may_be_newer() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let shop = shop_with(&[servers::webdav_section("cloud", server.address), disk()]);
    shop.back_up();
    mistype(&shop, "username = \"shop\"", "username = \"shops\"");
    // The server itself remembers what arrived there.
    let said = shop.restore_to("back", &["--latest"]);
    assert!(!said.contains("MAY BE NEWER"), "{said}");
    forget(&shop);
    let said = shop.restore_to("back", &["--latest"]);
    let told = "IT MAY BE NEWER than what you get: nothing on this machine tells what cloud holds";
    assert!(said.contains(told), "{said}");
    assert!(!said.contains("hold no later one"), "{said}");
    forget(&shop);
    let said = shop.restore_to("back", &["--latest", "--remote", "disk"]);
    assert!(said.contains("cloud was not asked, and may hold more"), "{said}");
    assert!(!said.contains("hold no later one"), "{said}");
}
