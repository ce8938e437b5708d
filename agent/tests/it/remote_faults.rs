//! What happens to a backup when one remote, or the line to it, misbehaves.

use std::{
    fs,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    fault_proxy::{Fault, Proxy},
    rehearsals::raised,
    remotes::{DISK, disk, shop_with},
    running::Running,
    servers::{self, Section},
    shop::{Shop, files_under, stderr},
    world::LIMIT,
};

#[test]
fn a_server_that_is_busy_for_a_moment_is_asked_again() {
    let place = tempfile::tempdir().unwrap();
    let (s3, dav) = (servers::s3(place.path()), servers::webdav(place.path()));
    let busy = |statuses: [u16; 2]| {
        let mut left = statuses.to_vec();
        move |method: &str, path: &str| {
            let hit = method == "PUT" && path.contains("/base/");
            if hit { left.pop().map(Fault::Status) } else { None }
        }
    };
    let to_s3 = Proxy::before(s3.address, busy([503, 429]));
    let to_dav = Proxy::before(dav.address, busy([429, 503]));
    let shop = shop_with(&[
        servers::s3_section("offsite", to_s3.address),
        servers::webdav_section("cloud", to_dav.address),
    ]);
    let point = shop.back_up();
    let mut holders: Vec<&str> = point["remotes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it.as_str())
        .collect();
    holders.sort_unstable();
    assert_eq!(holders, ["cloud", "offsite"]);
    for proxy in [to_s3, to_dav] {
        let writes = |it: &&String| it.starts_with("PUT ") && it.contains("/base/");
        assert_eq!(
            proxy.requests().iter().filter(writes).count(),
            3,
            "{:?}",
            proxy.requests()
        );
    }
}

#[test]
fn a_login_page_in_the_place_of_a_remote_is_no_remote_that_was_emptied() {
    let place = tempfile::tempdir().unwrap();
    let s3 = servers::s3(place.path());
    let is_away = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&is_away);
    let proxy = Proxy::before(s3.address, move |_, _| {
        let is_away = asked.load(Ordering::Relaxed);
        is_away.then_some(Fault::Says(200, "<html><body>please log in</body></html>"))
    });
    let shop = shop_with(&[servers::s3_section("cloud", proxy.address), disk()]);
    shop.back_up();
    is_away.store(true, Ordering::Relaxed);
    for command in [&["list"][..], &["verify"], &["backup"]] {
        let output = shop.agent(command);
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
        assert!(said.contains("answers in its place"), "{command:?}: {said}");
        assert!(
            !said.contains("put back") && !said.contains("was altered"),
            "{command:?}: {said}"
        );
    }
    is_away.store(false, Ordering::Relaxed);
    shop.agent_done(&["verify", "--remote", "cloud"]);
}

#[test]
fn a_write_whose_answer_was_lost_is_no_failure() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    // The server never takes a second write of a name: like an append-only one, it refuses what is there.
    let mut written = std::collections::BTreeSet::new();
    let proxy = Proxy::before(server.address, move |method, path| {
        (method == "PUT").then(|| match written.insert(path.to_owned()) {
            true => Fault::CutAfter,
            false => Fault::Status(403),
        })
    });
    let shop = shop_with(&[servers::webdav_section("cloud", proxy.address)]);
    let point = shop.back_up();
    assert_eq!(point["remotes"], serde_json::json!(["cloud"]));
}

#[test]
fn a_bit_that_flips_on_the_way_is_noticed_before_the_point_counts() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let proxy = Proxy::before(server.address, |method, path| {
        (method == "PUT" && path.contains("/base/")).then_some(Fault::FlipBit)
    });
    let shop = shop_with(&[servers::webdav_section("cloud", proxy.address), disk()]);
    let said = shop.agent_refuses(1, &["backup"]);
    assert!(
        said.contains("what was read back is not what was written"),
        "{said}"
    );
    assert_eq!(shop.listed()[0]["remotes"], serde_json::json!(["disk"]));
}

#[test]
fn a_full_remote_stops_no_other_and_holds_no_point() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let proxy = Proxy::before(server.address, |method, path| {
        (method == "PUT" && !path.contains("/probe/")).then_some(Fault::Status(507))
    });
    let shop = shop_with(&[servers::webdav_section("cloud", proxy.address), disk()]);
    let said = shop.agent_refuses(1, &["backup"]);
    assert!(said.contains("the remote cloud does not hold"), "{said}");
    assert_eq!(shop.listed()[0]["remotes"], serde_json::json!(["disk"]));
}

#[test]
fn a_webdav_that_only_lets_itself_be_read_is_called_that_and_not_missing() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    fs::create_dir_all(server.objects.join("a/b")).unwrap();
    // As rclone does with --read-only: a folder that is there cannot be made, and an object has no place.
    let proxy = Proxy::before(server.address, |method, _| match method {
        "PUT" => Some(Fault::Status(404)),
        "MKCOL" => Some(Fault::Status(405)),
        _ => None,
    });
    let mut gone = servers::webdav_section("gone", proxy.address);
    gone.text = gone.text.replace("/a/b", "/nobody/made/it");
    let shop = shop_with(&[servers::webdav_section("cloud", proxy.address), gone, disk()]);
    for arguments in [&["remote", "test", "cloud"][..], &["backup"]] {
        let output = shop.agent(arguments);
        let told = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(
            told.contains("is there and can be read, but takes no writes"),
            "{told}"
        );
        let missing = told.matches("make it on the server").count();
        assert_eq!(missing, usize::from(arguments == ["backup"]), "{told}");
    }
    let told = shop.agent(&["remote", "test", "gone"]).stdout;
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(told.contains("is not there and cannot be made"), "{told}");
}

#[test]
fn a_webdav_that_takes_no_writes_any_more_is_not_told_to_lack_its_folder() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    fs::create_dir_all(server.objects.join("a/b")).unwrap();
    let is_read_only = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_read_only);
    // The folder of the probe is gone with the last one: it seems to be there, and nothing has a place in it.
    let proxy = Proxy::before(server.address, move |method, _| match method {
        "PUT" if switch.load(Ordering::SeqCst) => Some(Fault::Status(409)),
        "MKCOL" if switch.load(Ordering::SeqCst) => Some(Fault::Status(405)),
        _ => None,
    });
    let shop = shop_with(&[servers::webdav_section("cloud", proxy.address), disk()]);
    shop.back_up();
    is_read_only.store(true, Ordering::SeqCst);
    for arguments in [&["remote", "test", "cloud"][..], &["backup"]] {
        let output = shop.agent(arguments);
        let told = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(
            told.contains("is there and can be read, but takes no writes")
                && !told.contains("make the folder"),
            "{told}"
        );
    }
}

#[test]
fn a_webdav_without_the_folder_says_what_its_conflict_means() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let mut section = servers::webdav_section("cloud", server.address);
    // As for servers that answer no questions about folders: then none is made.
    section.text += "disable_create_dir = \"true\"\n";
    let shop = shop_with(&[section, disk()]);
    let said = shop.agent_refuses(1, &["backup"]);
    assert!(
        said.contains("the server refuses it (409 Conflict), since there is no folder that it could lie in"),
        "{said}"
    );
    assert!(
        said.contains("make the folder that `root` names on the server"),
        "{said}"
    );
}

#[test]
fn a_disk_that_is_really_full_stops_no_other() {
    let shop = shop_with(&[
        disk(),
        Section {
            text: DISK.replace("disk", "small"),
            variables: Vec::new(),
        },
    ]);
    fs::create_dir(shop.path("small")).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
        .arg(shop.path("small"))
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("nothing can be mounted here: the full WebDAV server stands for it");
        return;
    }
    shop.fill(2048);
    let output = shop.agent(&["backup"]);
    let listed = shop.listed();
    let _ = Command::new("umount").arg("-l").arg(shop.path("small")).status();
    assert!(
        stderr(&output).contains("the remote small does not hold"),
        "{}",
        stderr(&output)
    );
    assert_eq!(listed[0]["remotes"], serde_json::json!(["disk"]));
}

#[test]
fn a_disk_with_room_and_no_inodes_is_not_called_full() {
    let shop = shop_with(&[disk()]);
    fs::create_dir(shop.path("disk")).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64m,nr_inodes=4", "tmpfs"])
        .arg(shop.path("disk"))
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("nothing can be mounted here");
        return;
    }
    let output = shop.agent(&["backup"]);
    let _ = Command::new("umount").arg("-l").arg(shop.path("disk")).status();
    let said = stderr(&output);
    assert!(
        said.contains("its disk can hold no more files, however much room there is"),
        "{said}"
    );
    assert!(!said.contains("No space left"), "{said}");
}

#[test]
fn a_slow_remote_delays_no_other() {
    let place = tempfile::tempdir().unwrap();
    let (slow, quick) = (servers::webdav(place.path()), servers::s3(place.path()));
    let pause = Duration::from_millis(700);
    let to_slow = Proxy::before(slow.address, move |method, _| {
        (method == "PUT").then_some(Fault::Slow(pause))
    });
    let to_quick = Proxy::before(quick.address, |_, _| None);
    let shop = shop_with(&[
        servers::webdav_section("a_slow", to_slow.address),
        servers::s3_section("quick", to_quick.address),
    ]);
    let child = shop.command(&["backup"]).stderr(Stdio::piped()).spawn().unwrap();
    let manifest = |proxy: &Proxy| {
        let wrote = |it: &String| it.starts_with("PUT ") && it.contains("/manifest/");
        proxy.requests().iter().any(wrote)
    };
    let start = Instant::now();
    while !manifest(&to_quick) {
        assert!(start.elapsed() < Duration::from_secs(60), "the quick one waits");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!manifest(&to_slow), "the slow one was first");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_remote_that_was_away_when_a_chain_began_gets_its_full_backup_when_it_is_back() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let is_away = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&is_away);
    let proxy = Proxy::before(server.address, move |_, _| {
        seen.load(Ordering::SeqCst).then_some(Fault::Status(403))
    });
    let shop = shop_with(&[servers::webdav_section("cloud", proxy.address), disk()]);
    let agent = Running::start(&shop);
    let fulls = || fs::read_dir(shop.path("disk/manifest")).map_or(0, Iterator::count);
    let until = |what: &str, is_so: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < 4 * LIMIT, "{what}");
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    until("the disk has a full backup", &|| without_base(&shop) == ["cloud"]);
    let looks = || {
        proxy
            .requests()
            .iter()
            .filter(|it| it.starts_with("PROPFIND ") && it.ends_with("/cert/"))
            .count()
    };
    let before = looks();
    until("the remote is asked", &|| looks() > before);
    assert_eq!(fulls(), 1, "a remote that is away causes no backup");
    let said = String::from_utf8(shop.agent(&["status"]).stdout).unwrap();
    assert!(said.contains("cloud has NO full backup of this chain"), "{said}");
    is_away.store(false, Ordering::SeqCst);
    until("the remote that is back gets a full backup", &|| {
        without_base(&shop).is_empty()
    });
    assert_eq!(fulls(), 1, "who has one gets no second one");
    agent.burn();
    fs::remove_dir_all(shop.path("disk")).unwrap();
    fs::remove_dir_all(shop.path("state")).unwrap();
    shop.restore_to("back", &["--remote", "cloud"]);
}

#[test]
fn a_remote_whose_reads_fail_is_tried_again_and_costs_no_other_a_full_backup() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let proxy = Proxy::before(server.address, move |method, path| {
        (method == "GET" && path.contains("/base/")).then_some(Fault::Status(403))
    });
    let shop = shop_with(&[servers::webdav_section("cloud", proxy.address), disk()]);
    let agent = Running::start(&shop);
    let tries = || {
        let written = proxy.requests().into_iter().filter(|it| it.starts_with("PUT "));
        let folder = |it: String| Some(it.split_once("/base/")?.1.split('/').next()?.to_owned());
        written
            .filter_map(folder)
            .collect::<std::collections::BTreeSet<_>>()
            .len()
    };
    let start = Instant::now();
    while tries() < 3 {
        assert!(start.elapsed() < 8 * LIMIT, "{} tries", tries());
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(without_base(&shop), ["cloud"]);
    assert_eq!(fs::read_dir(shop.path("disk/base")).unwrap().count(), 1);
    assert!(
        start.elapsed() > Duration::from_secs(30),
        "the pauses grow: {:?}",
        start.elapsed()
    );
    let alerts = shop.agent_done(&["status"]);
    assert!(alerts.contains("backup_remote/cloud"), "{alerts}");
    assert!(!alerts.contains("backup_not_taken"), "{alerts}");
    agent.burn();
}

/// The remotes that `agent status` says have no full backup of this chain.
fn without_base(shop: &Shop) -> Vec<String> {
    let output = shop.agent(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    serde_json::from_value(status["capture"]["without_base"].clone()).unwrap_or_default()
}

#[test]
fn a_read_that_the_line_or_the_server_broke_is_no_damage_and_ends_no_alert_about_one() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let fault = Arc::new(Mutex::new(None));
    let chosen = Arc::clone(&fault);
    let proxy = Proxy::before(server.address, move |method, _| {
        (method == "GET").then(|| *chosen.lock().unwrap()).flatten()
    });
    let shop = shop_with(&[servers::webdav_section("offsite", proxy.address)]);
    shop.back_up();
    let faults = [Fault::Status(503), Fault::CutAnswer];
    let look = |fault_now: Option<Fault>| {
        *fault.lock().unwrap() = fault_now;
        let output = shop.agent(&["verify", "--all"]);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), printed, stderr(&output))
    };
    for fault in faults {
        let (code, printed, said) = look(Some(fault));
        assert_eq!(code, Some(1), "{printed}");
        assert!(printed.contains("offsite: could not be compared"), "{printed}");
        assert!(said.contains("could not be compared: "), "{said}");
        assert_eq!(raised(&shop), []);
    }
    let status = String::from_utf8(shop.agent(&["status"]).stdout).unwrap();
    assert!(status.contains("not compared when that was tried"), "{status}");
    let object = files_under(&server.objects.join("a/b/base")).remove(0);
    let whole = fs::read(&object).unwrap();
    let mut altered = whole.clone();
    altered[100] ^= 1;
    fs::write(&object, altered).unwrap();
    let (_, printed, _) = look(None);
    assert!(printed.contains("offsite: WRONG"), "{printed}");
    let standing = raised(&shop);
    assert_eq!(standing.len(), 1, "{standing:?}");
    for fault in faults {
        look(Some(fault));
        assert_eq!(raised(&shop).len(), 1, "{fault:?} ended it");
    }
    fs::write(&object, whole).unwrap();
    // Also when chance alone would not draw it: it is looked at until it is whole.
    *fault.lock().unwrap() = None;
    shop.agent_done(&["verify"]);
    assert_eq!(raised(&shop), []);
}

#[test]
fn remotes_are_asked_at_the_same_time() {
    // Each a server of its own: in one folder the list of one would meet what the other is just deleting.
    let places = [0, 1].map(|_| tempfile::tempdir().unwrap());
    let behind = [0, 1].map(|me: usize| servers::webdav(places[me].path()));
    let asked = Arc::new([const { AtomicBool::new(false) }; 2]);
    let waits = Arc::new(AtomicBool::new(false));
    // Each answers only when the other one was asked as well.
    let proxies = [0, 1].map(|me| {
        let (asked, waits) = (Arc::clone(&asked), Arc::clone(&waits));
        Proxy::before(behind[me].address, move |_, _| {
            asked[me].store(true, Ordering::SeqCst);
            let start = Instant::now();
            while waits.load(Ordering::SeqCst) && !asked[1 - me].load(Ordering::SeqCst) {
                if start.elapsed() > Duration::from_secs(20) {
                    return Some(Fault::Status(403));
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            None
        })
    });
    let shop = shop_with(&[
        servers::webdav_section("a", proxies[0].address),
        servers::webdav_section("b", proxies[1].address),
    ]);
    shop.back_up();
    for command in ["list", "check"] {
        asked.iter().for_each(|it| it.store(false, Ordering::SeqCst));
        waits.store(true, Ordering::SeqCst);
        let output = shop.agent(&[command]);
        waits.store(false, Ordering::SeqCst);
        assert!(output.status.success(), "{command}: {}", stderr(&output));
        assert!(
            !stderr(&output).contains("does not answer"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn check_puts_one_question_to_a_remote_that_hangs_and_names_it() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let proxy = Proxy::before(server.address, |_, _| None);
    let shop = shop_with(&[servers::webdav_section("cloud", proxy.address), disk()]);
    shop.agent_done(&["check"]);
    let before = proxy.requests().len();
    server.hang();
    let output = shop.agent(&["check"]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.contains("remote cloud: write: no answer"), "{printed}");
    assert!(printed.contains("ok     remote disk"), "{printed}");
    // It was asked three times, and waited for a minute each.
    assert_eq!(proxy.requests().len(), before + 1, "{:?}", proxy.requests());
}
