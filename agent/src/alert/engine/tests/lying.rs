//! A disk that is not there any more, and the remotes that lie on it: one message, whichever is seen first.

use super::*;
use crate::{alert::rule::object_of, store::places::Places};

const DISK: &str = "disk_missing//mnt/b";
const LYING: [&str; 3] = ["backup_remote/a", "backup_remote/b", "backup_remote/c"];
const ELSEWHERE: &str = "backup_remote/s3";

/// Three remotes are folders on a disk that is watched, one is none.
fn day() -> Day {
    let day = Day::begin();
    let folder = |key: &&str| (object_of(key).to_owned(), format!("/mnt/b/{key}").into());
    day.store.put_places(Places {
        folders: LYING.iter().map(folder).collect(),
        disks: vec!["/mnt/b".into(), "/mnt/d".into()],
    });
    day
}

impl Day {
    fn fail(&mut self, keys: &[&str]) {
        for key in keys {
            self.wrong(key, Rule::BackupFailed);
        }
    }

    /// Two looks in a row.
    fn unmounted(&mut self) {
        self.wrong(DISK, Rule::DiskMissing);
        self.pass(5);
        self.wrong(DISK, Rule::DiskMissing);
    }
}

#[test]
fn backups_that_fail_because_their_disk_is_gone_wait_for_that_and_are_no_message() {
    let mut day = day();
    day.fail(&LYING);
    day.pass(3);
    assert_eq!(day.told(), [""; 0]);
    day.unmounted();
    assert_eq!(day.told(), [format!("first {DISK}")], "at the second look");
    // And what fails later.
    for _ in 0..10 {
        day.pass(60);
        day.fail(&LYING);
        day.wrong(DISK, Rule::DiskMissing);
    }
    assert_eq!(day.told(), [""; 0]);
    day.fine(DISK);
    day.pass(30);
    LYING.iter().for_each(|key| day.fine(key));
    day.pass(300);
    assert_eq!(
        day.told(),
        [format!("resolved {DISK}"), format!("settled {DISK}")]
    );
}

#[test]
fn a_disk_that_is_found_gone_after_its_backups_were_told_takes_their_message_and_names_none_of_them() {
    let mut day = day();
    day.fail(&LYING);
    day.pass(60);
    assert_eq!(day.told(), ["first backup_remote/a"]);
    day.unmounted();
    let (_, said) = day.said.pop().unwrap();
    assert_eq!((said.kind, said.lead.key.as_str()), (Kind::Update, DISK));
    assert!(said.others.is_empty() && said.faults == 1, "{:?}", said.others);
    assert!(day.told().is_empty(), "and nothing rings a second time");
    day.pass(200);
    LYING.iter().for_each(|key| day.fine(key));
    day.fine(DISK);
    day.pass(300);
    assert_eq!(day.told(), [format!("resolved {DISK}")]);
    assert!(day.store.book().unwrap().episodes.is_empty());
}

#[test]
fn what_is_still_not_backed_up_once_the_disk_is_back_is_told_then() {
    let mut day = day();
    day.fail(&LYING);
    day.pass(60);
    day.unmounted();
    day.told();
    day.pass(100);
    day.fine(DISK);
    assert_eq!(day.told(), [format!("resolved {DISK}")]);
    day.pass(295);
    day.fail(&LYING);
    assert_eq!(day.told(), [""; 0], "the agent makes up for it meanwhile");
    day.pass(6);
    let (_, said) = day.said.last().unwrap();
    assert_eq!((said.lead.key.as_str(), said.others.len()), (LYING[0], 2));
}

#[test]
fn what_is_made_up_for_once_the_disk_is_back_ends_without_a_word() {
    for seconds in [20, 200] {
        let mut day = day();
        day.unmounted();
        day.told();
        day.fail(&LYING);
        day.pass(600);
        day.fine(DISK);
        day.pass(seconds);
        LYING.iter().for_each(|key| day.fine(key));
        day.pass(600);
        let about_lying = day.told().into_iter().filter(|told| !told.ends_with(DISK));
        assert_eq!(about_lying.count(), 0, "{seconds}");
        assert!(day.store.book().unwrap().alerts.is_empty());
    }
}

#[test]
fn a_remote_that_lies_elsewhere_waits_for_no_disk_and_is_told_beside_it() {
    let mut day = day();
    day.fail(&[ELSEWHERE]);
    assert_eq!(day.told(), [format!("first {ELSEWHERE}")]);
    day.unmounted();
    assert_eq!(day.told(), [format!("first {DISK}")]);
    // Nor is another disk that is gone the cause for these.
    let mut day = self::day();
    day.wrong("disk_missing//mnt/d", Rule::DiskMissing);
    day.wrong("disk_missing//mnt/d", Rule::DiskMissing);
    day.fail(&LYING);
    day.pass(60);
    assert_eq!(day.told(), ["first disk_missing//mnt/d", "first backup_remote/a"]);
}
