//! A line that fails while somebody restores or rehearses: neither the key nor a backup is to blame, and none is said
//! to be lost.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    fault_proxy::{Fault, Proxy},
    rehearsals::raised,
    remotes::{disk, shop_with},
    servers::{self, Server},
    shop::{Shop, count_items, restoring, text},
};

/// What the line does at present, and to which requests.
type Line = Arc<Mutex<Option<(Fault, &'static [&'static str])>>>;

const READS: &[&str] = &["GET"];
const EVERYTHING: &[&str] = &["GET", "HEAD", "PROPFIND", "OPTIONS"];

/// A shop with one backup on a server behind a line and on a disk.
fn behind_a_line() -> (tempfile::TempDir, Server, Shop, Line) {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let line = Line::default();
    let seen = Arc::clone(&line);
    let proxy = Proxy::before(server.address, move |method, _| {
        let (fault, methods) = (*seen.lock().unwrap())?;
        methods.contains(&method).then_some(fault)
    });
    let shop = shop_with(&[servers::webdav_section("cloud", proxy.address), disk()]);
    shop.back_up();
    (place, server, shop, line)
}

const BLAMES: [&str; 4] = ["key may help", "No other backup", "no restore point", "not whole"];

#[test]
fn a_remote_that_lists_and_does_not_give_is_no_wrong_key() {
    let (_place, _server, shop, line) = behind_a_line();
    for (fault, told) in [(Fault::Status(503), "503"), (Fault::CutAnswer, "connection")] {
        *line.lock().unwrap() = Some((fault, READS));
        let said = shop.agent_refuses(1, &restoring("back", &["--latest", "--remote", "cloud"]));
        for part in [
            "cloud did not give its backups",
            told,
            "nothing is known about them",
            "Try again, or another remote",
        ] {
            assert!(said.contains(part), "{part} is not said: {said}");
        }
        for blame in BLAMES {
            assert!(!said.contains(blame), "{blame} is said: {said}");
        }
    }
    // The other one is asked by itself.
    shop.restore_to("back", &["--latest"]);
    *line.lock().unwrap() = None;
    shop.restore_to("from-cloud", &["--latest", "--remote", "cloud"]);
}

/// Once for each object: what the remote holds is whole.
#[test]
fn what_the_line_alters_or_cuts_off_once_is_asked_for_again() {
    for fault in [Fault::FlipAnswer, Fault::CutAnswer] {
        let place = tempfile::tempdir().unwrap();
        let server = servers::webdav(place.path());
        let (is_bad, seen) = (Arc::new(AtomicBool::new(false)), Mutex::new(BTreeSet::new()));
        let bad = Arc::clone(&is_bad);
        let proxy = Proxy::before(server.address, move |method, path| {
            let counts = method == "GET" && bad.load(Ordering::Relaxed);
            (counts && seen.lock().unwrap().insert(path.to_owned())).then_some(fault)
        });
        let shop = shop_with(&[servers::webdav_section("cloud", proxy.address)]);
        shop.fill(512);
        shop.back_up();
        is_bad.store(true, Ordering::Relaxed);
        let said = shop.restore_to("back", &["--latest"]);
        assert!(!said.contains("altered"), "{said}");
        assert_eq!(
            count_items(&shop.path("back/shop.db")),
            count_items(&shop.database())
        );
    }
}

#[test]
fn where_nobody_answered_nothing_is_said_of_other_backups() {
    let (_place, _server, shop, line) = behind_a_line();
    let listed = shop.agent_done(&["list"]);
    assert!(listed.contains("cloud: 1 restore point,"), "{listed}");
    assert!(listed.contains("(1 point, "), "{listed}");
    let point = shop.listed().remove(0);
    *line.lock().unwrap() = Some((Fault::Status(403), EVERYTHING));
    let wanted = ["--point", text(&point["id"]), "--remote", "cloud"];
    let said = shop.agent_refuses(1, &restoring("back", &wanted));
    assert!(said.contains("the remote cloud does not answer"), "{said}");
    for blame in BLAMES {
        assert!(!said.contains(blame), "{blame} is said: {said}");
    }
}

#[test]
fn a_remote_that_does_not_answer_was_not_rehearsed_and_its_drill_has_not_failed() {
    let (_place, _server, shop, line) = behind_a_line();
    shop.agent_done(&["drill", "--remote", "cloud"]);
    for methods in [EVERYTHING, READS] {
        *line.lock().unwrap() = Some((Fault::Status(503), methods));
        let output = shop.agent(&["drill", "--remote", "cloud"]);
        let said = crate::shop::stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains("was not rehearsed") && said.contains("503"),
            "{said}"
        );
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(printed.contains("cloud: NOT REHEARSED"), "{printed}");
        assert!(raised_by_drill(&shop).is_empty());
        let status = shop.agent_done(&["status"]);
        assert!(status.contains("cloud gave the shop back"), "{status}");
        assert!(status.contains("was not rehearsed"), "{status}");
    }
    // What is damaged there is a failure all the same, and an answer that does not come ends none.
    *line.lock().unwrap() = None;
    let part = crate::shop::files_under(&shop.path("disk/base")).remove(0);
    crate::restoring::spoil("flipped", &part);
    let said = shop.agent_refuses(1, &["drill", "--remote", "disk"]);
    assert!(said.contains("it is altered"), "{said}");
}

/// The alerts about drills.
fn raised_by_drill(shop: &Shop) -> Vec<String> {
    let all = raised(shop).into_iter();
    all.map(|(_, row)| row)
        .filter(|row| row.contains("drill_failed"))
        .collect()
}
