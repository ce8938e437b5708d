//! A full disk does not silence the agent: on a real file system that is really full.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use agent::store::{Store, channels::ChannelTest};
use protocol::time::UnixMillis;

use crate::{
    capture_rig::{bot, pages_of, wait_for},
    fault_proxy::{Fault, Proxy},
    remotes::shop_with,
    running::{Running, wait_until_both_hold_the_same},
    servers,
    shop::{Shop, count_items, files_under, restoring, stderr, text},
};

/// A small file system of its own, in memory; `None` where this user may not mount.
pub(crate) struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    pub(crate) fn mount() -> Option<Self> {
        Self::mount_with("size=28m")
    }

    pub(crate) fn mount_with(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", size, "tmpfs"])
            .arg(dir.path())
            .status();
        status
            .is_ok_and(|status| status.success())
            .then_some(Self { dir })
    }

    /// One of so many MiB with ext4, as a cheap server has it; `None` where this user has no loop devices.
    pub(crate) fn mount_ext4(mib: u64) -> Option<Self> {
        Self::mount_ext4_with(mib, &[])
    }

    /// The same, made with these options of mkfs.
    pub(crate) fn mount_ext4_with(mib: u64, options: &[&str]) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let image = tempfile::NamedTempFile::new().unwrap();
        image.as_file().set_len(mib << 20).unwrap();
        let done = |program: &str, arguments: &[&str], last: &[&Path]| {
            let status = Command::new(program)
                .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
                .args(arguments)
                .args(last)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            status.is_ok_and(|status| status.success())
        };
        let made_with = [&["-q", "-F", "-m", "0"], options].concat();
        let is_there = done("mkfs.ext4", &made_with, &[image.path()])
            && done("mount", &["-o", "loop"], &[image.path(), dir.path()]);
        if !is_there {
            eprintln!("NOT RUN: this user has no loop devices");
        }
        is_there.then_some(Self { dir })
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Fills it to the last byte.
    pub(crate) fn fill(&self) {
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path().join("runaway.log"))
            .unwrap();
        for size in [65_536, 4096, 512, 1] {
            let block = vec![b'x'; size];
            while file.write_all(&block).is_ok() {}
        }
    }

    /// Fills it with empty files until no more fit; gives the folder that holds them.
    pub(crate) fn crowd(&self) -> PathBuf {
        let crowd = self.path().join("crowd");
        fs::create_dir(&crowd).unwrap();
        let fits = (0..).take_while(|at| fs::write(crowd.join(at.to_string()), "").is_ok());
        assert!(fits.count() > 100, "there was room for files");
        crowd
    }

    /// As the kernel does it when a disk fails: every write is refused from now on.
    pub(crate) fn abort(&self) {
        let mounted = Command::new("mount")
            .args(["-o", "remount,abort"])
            .arg(self.path())
            .status();
        assert!(mounted.is_ok_and(|status| status.success()));
    }

    pub(crate) fn empty(&self) {
        fs::remove_file(self.path().join("runaway.log")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.dir.path()).status();
    }
}

fn write(store: &Store, number: i64) {
    let test = ChannelTest {
        rung: format!("rung {number}"),
        tested_at: UnixMillis(number),
        ok: true,
        said: String::new(),
    };
    store.put_channel_test(&test).unwrap();
}

#[test]
fn a_full_disk_costs_the_ballast_then_the_file_and_no_row() {
    let Some(disk) = Disk::mount() else {
        eprintln!("this user may not mount: nothing to see here");
        return;
    };
    let state = disk.path().join("state");
    let store = Store::open_with_room(&state).unwrap();
    write(&store, 1);
    assert_eq!(fs::metadata(state.join("ballast")).unwrap().len(), 16 << 20);

    disk.fill();
    write(&store, 2);
    assert!(
        !state.join("ballast").exists(),
        "the first answer is to let go of it"
    );
    disk.fill();
    for number in 3..50 {
        write(&store, number);
    }
    assert_eq!(store.channel_tests().unwrap().len(), 49, "from memory");

    disk.empty();
    write(&store, 50);
    assert_eq!(store.channel_tests().unwrap().len(), 50);
    write(&store, 51);
    drop(store);
    let reopened = Store::open(&state).unwrap();
    assert_eq!(
        reopened.channel_tests().unwrap().len(),
        51,
        "all of it is back in the file"
    );
    assert!(state.join("ballast").exists());
}

#[test]
fn without_room_that_the_database_holds_it_goes_into_memory_and_back() {
    let Some(disk) = Disk::mount() else {
        eprintln!("this user may not mount: nothing to see here");
        return;
    };
    // So much is taken that neither ballast nor reserve can be laid.
    let taken = disk.path().join("taken");
    fs::write(&taken, vec![b'x'; 22 << 20]).unwrap();
    let state = disk.path().join("state");
    let store = Store::open_with_room(&state).unwrap();
    write(&store, 1);
    assert!(!state.join("ballast").exists());
    disk.fill();
    for number in 2..50 {
        write(&store, number);
    }
    assert_eq!(store.channel_tests().unwrap().len(), 49);
    assert!(rows_in_file(&state) < 49, "the rest is in memory alone");
    disk.empty();
    fs::remove_file(taken).unwrap();
    write(&store, 50);
    assert_eq!(rows_in_file(&state), 50);
}

#[test]
fn an_agent_that_starts_on_a_full_disk_knows_what_it_knew() {
    let Some(disk) = Disk::mount() else {
        eprintln!("this user may not mount: nothing to see here");
        return;
    };
    let state = disk.path().join("state");
    let store = Store::open_with_room(&state).unwrap();
    write(&store, 1);
    drop(store);
    fs::remove_file(state.join("ballast")).unwrap();
    disk.fill();
    let store = Store::open_with_room(&state).unwrap();
    write(&store, 2);
    assert_eq!(store.channel_tests().unwrap().len(), 2);
    disk.empty();
    write(&store, 3);
    drop(store);
    assert_eq!(Store::open(&state).unwrap().channel_tests().unwrap().len(), 3);
}

#[test]
fn what_a_killed_agent_left_in_its_log_alone_survives_a_start_on_a_full_disk() {
    let Some(disk) = Disk::mount() else {
        eprintln!("this user may not mount: nothing to see here");
        return;
    };
    let (elsewhere, state) = (tempfile::tempdir().unwrap(), disk.path().join("state"));
    let killed = Store::open(elsewhere.path()).unwrap();
    for number in 1..=20 {
        write(&killed, number);
    }
    // As it lies after a kill: nobody has copied the log into the file.
    fs::create_dir(&state).unwrap();
    for name in ["agent.db", "agent.db-wal"] {
        fs::copy(elsewhere.path().join(name), state.join(name)).unwrap();
    }
    disk.fill();
    let store = Store::open_with_room(&state).unwrap();
    assert_eq!(store.channel_tests().unwrap().len(), 20);
    write(&store, 21);
    disk.empty();
    write(&store, 22);
    drop(store);
    assert_eq!(Store::open(&state).unwrap().channel_tests().unwrap().len(), 22);
}

/// How many rows lie in the file and its log, whatever the program that wrote them still knows.
fn rows_in_file(state: &Path) -> i64 {
    let copy = tempfile::tempdir().unwrap();
    for name in ["agent.db", "agent.db-wal"] {
        fs::copy(state.join(name), copy.path().join(name)).unwrap();
    }
    let file = rusqlite::Connection::open(copy.path().join("agent.db")).unwrap();
    file.query_row("SELECT count(*) FROM channel_tests", [], |row| row.get(0))
        .unwrap()
}

/// More than one log's worth, so that it is begun anew and the pages go into the file, without a byte of new room.
#[test]
fn what_is_written_on_a_full_disk_is_in_the_file_at_once() {
    for disk in [Disk::mount(), Disk::mount_ext4(64)].into_iter().flatten() {
        let state = disk.path().join("state");
        let store = Store::open_with_room(&state).unwrap();
        write(&store, 1);
        disk.fill();
        write(&store, 2);
        disk.fill();
        for number in 3..1200 {
            write(&store, number % 40);
        }
        assert_eq!(rows_in_file(&state), 40);
        // As a kill leaves it: nothing is closed.
        std::mem::forget(store);
        disk.fill();
        assert_eq!(rows_in_file(&state), 40);
    }
}

/// Lets the shop's agent keep its state there.
pub(crate) fn keep_state(shop: &Shop, state: &Path) {
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let there = format!("dir = \"{}\"", state.display());
    fs::write(
        shop.path("agent.toml"),
        settings.replace("dir = \"state\"", &there),
    )
    .unwrap();
}

#[test]
fn status_says_that_the_agents_disk_is_full_and_of_when_is_what_it_shows() {
    let Some(disk) = Disk::mount() else {
        eprintln!("this user may not mount: nothing to see here");
        return;
    };
    let shop = Shop::new();
    keep_state(&shop, &disk.path().join("state"));
    let agent = Running::start(&shop);
    agent.wait_for("/live");
    assert!(!shop.agent_done(&["status"]).contains("FULL"));
    // The first time the agent lets go of its ballast, whenever it next writes.
    let mut said = String::new();
    wait_for("a disk that stays full", || {
        disk.fill();
        said = shop.agent_done(&["status"]);
        said.contains("Disk:     FULL")
    });
    for part in [
        "Agent:    running",
        "Disk:     FULL",
        "what its file held at",
        "http://127.0.0.1:",
    ] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    assert!(!said.contains("nothing is wrong"), "{said}");
    agent.burn();
    disk.fill();
    let said = shop.agent_done(&["status"]);
    assert!(
        said.contains("NOT running") && said.contains("does not run: what follows"),
        "{said}"
    );
}

fn sell(shop: &rusqlite::Connection, count: u32) {
    for _ in 0..count {
        shop.execute("INSERT INTO item (text) VALUES (hex(randomblob(4000)))", [])
            .expect("the shop is never in the agent's way");
    }
}

fn comes_back(shop: &Shop, from: &str) {
    let (key, to) = ("kit/owner.secret.asc", format!("back-{from}"));
    shop.agent_done(&["restore", "--key", key, "--yes", "--to", &to, "--remote", from]);
    let back = rusqlite::Connection::open(shop.path(&to).join("shop.db")).unwrap();
    assert!(pages_of(&back) == pages_of(&bot(&shop.database())), "{from}");
}

/// The files in the spool that no list knows: nobody would ever delete them.
fn spooled(state: &Path) -> usize {
    fs::read_dir(state.join("capture/spool")).unwrap().count()
}

#[test]
fn what_was_sold_while_the_agents_disk_was_full_is_captured_once_there_is_room() {
    // A backup wants 64 MiB to stay free.
    let Some(disk) = Disk::mount_with("size=128m") else {
        eprintln!("this user may not mount: nothing to see here");
        return;
    };
    let shop = Shop::new();
    let state = disk.path().join("state");
    keep_state(&shop, &state);
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    let till = bot(&shop.database());
    sell(&till, 20);
    let stopped = || {
        disk.fill();
        sell(&till, 20);
        let said = shop.agent_done(&["status"]);
        said.contains("Disk:     FULL") && said.contains("disk_full")
    };
    wait_for("a disk that stays full, and is told", stopped);
    wait_for("a capture that stands still", || {
        disk.fill();
        sell(&till, 5);
        !agent.answers("/durable")
    });
    wait_for("what could not be written to take no room", || {
        spooled(&state) == 0
    });
    disk.empty();
    sell(&till, 20);
    // It tries again after half a minute at the latest.
    agent.wait_long_for("/durable", Duration::from_secs(120));
    wait_until_both_hold_the_same(&shop);
    agent.burn();
    for remote in ["local", "offsite"] {
        comes_back(&shop, remote);
    }
}

#[test]
fn a_remote_whose_disk_is_full_gets_everything_once_there_is_room() {
    let Some(disk) = Disk::mount() else {
        eprintln!("this user may not mount: nothing to see here");
        return;
    };
    let shop = Shop::new();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let there = format!("root = \"{}\"", disk.path().join("offsite").display());
    let settings = settings.replace("root = \"offsite\"", &there);
    fs::write(shop.path("agent.toml"), settings).unwrap();
    std::os::unix::fs::symlink(disk.path().join("offsite"), shop.path("offsite")).unwrap();
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    let till = bot(&shop.database());
    sell(&till, 20);
    wait_for("a remote that takes nothing, and is told", || {
        disk.fill();
        sell(&till, 20);
        shop.agent_done(&["status"]).contains("No space left")
    });
    // The other one holds it all meanwhile.
    agent.wait_for("/durable");
    disk.empty();
    sell(&till, 20);
    // It tries again after half a minute at the latest.
    agent.wait_long_for("/durable", Duration::from_secs(120));
    wait_until_both_hold_the_same(&shop);
    agent.burn();
    fs::remove_dir_all(shop.path("state")).unwrap();
    comes_back(&shop, "local");
    comes_back(&shop, "offsite");
}

#[test]
fn what_a_full_remote_did_not_take_is_not_left_there() {
    let Some(disk) = Disk::mount_with("size=4m") else {
        eprintln!("this user may not mount: nothing to see here");
        return;
    };
    let shop = Shop::new();
    shop.fill(8 * 1024);
    std::os::unix::fs::symlink(disk.path(), shop.path("offsite")).unwrap();
    let output = shop.agent(&["backup"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("No space left"), "{said}");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        told.contains(" on local; read back from there.") && !told.contains("each remote"),
        "{told}"
    );
    let left = files_under(&disk.path().join(".partial"));
    assert_eq!(left, Vec::<PathBuf>::new());
}

#[test]
fn what_the_agent_knew_is_shown_also_where_sqlite_has_no_room_to_look() {
    let Some(disk) = Disk::mount() else {
        eprintln!("this user may not mount: nothing to see here");
        return;
    };
    let shop = Shop::new();
    let point = shop.back_up();
    // As it lies after an agent that ended well: one file, and nothing beside it.
    let state = disk.path().join("state");
    fs::create_dir(&state).unwrap();
    fs::copy(shop.path("state/agent.db"), state.join("agent.db")).unwrap();
    keep_state(&shop, &state);
    disk.fill();
    let said = shop.agent_done(&["status"]);
    assert!(
        said.contains(text(&point["id"])) && said.contains("Disk:     FULL"),
        "{said}"
    );
    let said = shop.agent_refuses(1, &["verify"]);
    assert!(said.contains("is full, and nothing was begun"), "{said}");
}

#[test]
fn a_database_that_does_not_read_hides_neither_bot_nor_agent() {
    let shop = Shop::new();
    fs::create_dir(shop.path("state")).unwrap();
    fs::write(shop.path("state/agent.db"), "no database at all ".repeat(500)).unwrap();
    let output = shop.agent(&["status"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("Agent:") && said.contains("Bot:") && said.contains("Unknown:"),
        "{said}"
    );
    assert!(!said.contains("holds none"), "{said}");
}

#[test]
fn a_disk_that_gets_full_in_the_middle_of_a_restore_is_named_and_the_next_try_goes_on() {
    let Some(disk) = Disk::mount_with("size=120m") else {
        eprintln!("this user may not mount: nothing to see here");
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let mut parts = 0;
    let proxy = Proxy::before(server.address, move |method, path| {
        let is_part = method == "GET" && path.contains("/base/");
        parts += u32::from(is_part);
        // Those of the first try alone.
        (is_part && (2..=4).contains(&parts)).then_some(Fault::Slow(Duration::from_secs(10)))
    });
    let shop = shop_with(&[servers::webdav_section("cloud", server.address)]);
    // Four parts of up to 16 MiB.
    shop.fill(40_000);
    shop.back_up();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let slow = settings.replace(&server.address.to_string(), &proxy.address.to_string());
    fs::write(shop.path("agent.toml"), slow).unwrap();
    let back = disk.path().join("new/back");
    let arguments = restoring(back.to_str().unwrap(), &[]);
    let child = shop
        .command(&arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for("the first part", || {
        let entries = fs::read_dir(&back).into_iter().flatten().map(Result::unwrap);
        let mut journals = entries.filter(|it| it.file_name().to_string_lossy().starts_with(".parts."));
        let journal = journals.next().and_then(|it| fs::read_to_string(it.path()).ok());
        journal.is_some_and(|text| text.lines().count() > 1)
    });
    disk.fill();
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in [
        &format!(
            "the disk of {} got full in the middle of the restore",
            back.display()
        ),
        " MiB there, ",
        " MiB of which are there already, and 0 MiB are free",
        "give the same command again: it goes on with what was fetched",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    disk.empty();
    let done = shop.agent_done(&arguments);
    assert!(done.contains(" parts were there already"), "{done}");
    assert_eq!(count_items(&back.join("shop.db")), count_items(&shop.database()));
    let said = shop.agent_refuses(1, &restoring("/proc/back", &[]));
    assert!(
        said.contains("nothing can be written to /proc/back: /proc is no disk"),
        "{said}"
    );
}

#[test]
fn a_disk_without_room_for_a_backup_is_told_by_check_and_a_small_shop_comes_back_onto_a_small_one() {
    let Some(disk) = Disk::mount() else {
        eprintln!("this user may not mount: nothing to see here");
        return;
    };
    let shop = Shop::new();
    shop.back_up();
    assert!(shop.agent_done(&["check"]).contains("ok     room for backups"));
    let back = disk.path().join("back");
    shop.agent_done(&restoring(back.to_str().unwrap(), &[]));
    assert_eq!(count_items(&back.join("shop.db")), 1);
    // As much is left as it takes, at least.
    shop.fill(15_000);
    shop.back_up();
    let too_much = disk.path().join("too much");
    let said = shop.agent_refuses(1, &restoring(too_much.to_str().unwrap(), &[]));
    assert!(said.contains("is too full: the restore takes up to"), "{said}");
    keep_state(&shop, &disk.path().join("state"));
    let output = shop.agent(&["check"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("WRONG  room for backups: the disk of"), "{said}");
    assert!(
        shop.agent_refuses(1, &["backup"])
            .contains("is too full: staging a backup")
    );
}
