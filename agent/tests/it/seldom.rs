//! What commands say where things are seldom so: an empty database, no restore point, a remote that takes nothing, and a
//! point that one of two remotes lacks a part of.

use std::fs;

use serde_json::json;

use crate::{
    fault_proxy::{Fault, Proxy},
    missing_commits::captured,
    other_chains::forget_all,
    remotes::shop_with,
    running::Running,
    servers,
    shop::{Shop, text},
};

#[test]
fn an_empty_database_is_said_to_be_empty_with_what_to_do() {
    let shop = Shop::new();
    let _ = fs::remove_file(shop.path("live/shop.db-wal"));
    let _ = fs::remove_file(shop.path("live/shop.db-shm"));
    fs::write(shop.database(), b"").unwrap();
    let said = shop.agent_refuses(1, &["backup"]);
    for part in [
        "nothing was backed up",
        "the database is empty",
        "agent restore --latest",
    ] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    let agent = Running::start(&shop);
    crate::capture_rig::wait_for("the capture's fault", || {
        shop.agent_done(&["status"]).contains("the database is empty")
    });
    agent.burn();
}

#[test]
fn a_remote_without_a_restore_point_is_not_called_whole() {
    let (shop, _) = captured(1);
    forget_all(&shop);
    for folder in ["base", "files", "manifest"] {
        fs::remove_dir_all(shop.path("local").join(folder)).unwrap();
    }
    let said = shop.agent_refuses(1, &["verify", "--remote", "local"]);
    assert!(
        said.contains("NO RESTORE POINT") && !said.contains("everything is there"),
        "{said}"
    );
}

#[test]
fn a_trial_that_could_not_write_claims_nothing_of_its_probe() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let proxy = Proxy::before(server.address, |method, _| {
        (method == "PUT").then_some(Fault::Status(403))
    });
    let mut section = servers::webdav_section("cloud", proxy.address);
    section.text.push_str("append_only = true\n");
    let output = shop_with(&[section]).agent(&["remote", "test", "cloud"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("nothing was written") && !said.contains("stays there\n"),
        "{said}"
    );
}

#[test]
fn the_remote_that_lacks_a_part_of_a_point_is_the_one_that_is_called_incomplete() {
    let shop = Shop::new();
    let point = shop.back_up();
    fs::remove_file(shop.path("offsite").join(text(&point["objects"][0]))).unwrap();
    let said = shop.agent_done(&["list"]);
    assert!(said.contains("local, offsite (incomplete)"), "{said}");
    assert_eq!(shop.listed()[0]["incomplete_on"], json!(["offsite"]));
}
