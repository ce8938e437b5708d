//! A full disk does not silence the agent: on a real file system that is really full.

use std::{fs, io::Write, path::Path, process::Command};

use agent::store::{Store, channels::ChannelTest};
use protocol::time::UnixMillis;

/// A small file system of its own, in memory; `None` where this user may not mount.
struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=28m", "tmpfs"])
            .arg(dir.path())
            .status();
        status
            .is_ok_and(|status| status.success())
            .then_some(Self { dir })
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Fills it to the last byte.
    fn fill(&self) {
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

    fn empty(&self) {
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
