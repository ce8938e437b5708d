//! Disks by their role: none hides behind another, and what is said goes on under the key of its role.

use super::*;

#[test]
fn the_shops_full_disk_hides_behind_no_other_disks_trouble() {
    let mut day = Day::begin();
    day.wrong("disk_of_remote//mnt/b", Rule::DiskFull);
    assert_eq!(day.told(), ["first disk_of_remote//mnt/b"]);
    day.pass(20);
    day.wrong("disk_of_logs//mnt/l", Rule::DiskFull);
    day.wrong("disk//srv", Rule::DiskFull);
    assert_eq!(day.told(), ["first disk_of_logs//mnt/l", "first disk//srv"]);
    assert!(day.said.iter().all(|(_, notice)| notice.loud));
}

#[test]
fn a_full_disk_of_backups_explains_missing_backups_and_not_what_the_shops_disk_does() {
    let mut day = Day::begin();
    day.wrong("disk_of_remote//mnt/b", Rule::DiskFull);
    day.told();
    day.wrong("database/shop", Rule::DatabaseRefuses);
    day.wrong("capture/shop", Rule::CaptureStopped);
    day.pass(120);
    let told = day.told();
    assert!(told.iter().any(|told| told.contains("database/shop")), "{told:?}");
    assert!(told.iter().all(|told| !told.contains("capture/shop")), "{told:?}");
}

#[test]
fn an_alert_under_another_key_is_the_same_alert_and_ends_under_the_new_one() {
    let mut day = Day::begin();
    day.wrong("disk_writes//mnt", Rule::DiskReadOnly);
    day.change(|book, _, now| {
        silence(book, "disk_writes//mnt", Duration::from_secs(600), now);
        Vec::new()
    });
    day.pass(10);
    assert_eq!(day.told(), ["first disk_writes//mnt"]);
    day.change(|book, _, now| rekey(book, "disk_writes//mnt", "disk_writes_of_remote//mnt", now));
    day.restart();
    let book = day.store.book().unwrap();
    assert_eq!(book.alerts.len(), 1);
    assert!(
        book.silences
            .values()
            .all(|silence| silence.scope == "disk_writes_of_remote//mnt")
    );
    day.fine("disk_writes_of_remote//mnt");
    assert_eq!(day.told(), ["resolved disk_writes_of_remote//mnt"]);
    assert!(day.store.book().unwrap().alerts.is_empty());
}

#[test]
fn a_disk_that_takes_no_writes_under_the_whole_shop_is_one_message() {
    let mut day = Day::begin();
    let follows = [
        ("disk//", Rule::DiskLow),
        ("disk_files//", Rule::InodesLow),
        ("disk_forecast//", Rule::DiskFilling),
        ("backup/any", Rule::BackupNotTaken),
        ("backup_age/all", Rule::BackupOld),
        ("drills/a", Rule::DrillFailed),
        ("log_marker//var/log/bot.log", Rule::LogSilent),
    ];
    day.wrong("disk_writes//", Rule::DiskReadOnly);
    for _ in 0..300 {
        for (key, rule) in follows {
            day.wrong(key, rule);
        }
        day.pass(10);
    }
    let told = day.told();
    assert!(
        told.iter().all(|told| told.ends_with(" disk_writes//")),
        "{told:?}"
    );
    // What is still so when the disk takes writes again is told then.
    day.fine("disk_writes//");
    day.pass(120);
    for (key, _) in follows {
        let names = |notice: &Notice| {
            notice
                .others
                .iter()
                .chain([&notice.lead])
                .any(|fault| fault.key == key)
        };
        assert!(
            day.said.iter().any(|(_, notice)| names(notice)),
            "{key}: {:?}",
            day.said
        );
    }
}

#[test]
fn a_backup_that_finds_no_room_is_told_only_if_the_next_one_fails_with_room() {
    for is_taken_then in [true, false] {
        let mut day = Day::begin();
        day.wrong("disk//", Rule::DiskFull);
        day.pass(30);
        day.wrong("backup/any", Rule::BackupWithoutRoom);
        day.pass(200);
        assert_eq!(day.told(), ["first disk//"]);
        day.fine("disk//");
        day.pass(40);
        if is_taken_then {
            day.fine("backup/any");
        }
        day.pass(60);
        let told = day.told();
        let is_told = told.iter().any(|told| told.ends_with("backup/any"));
        assert_eq!(is_told, !is_taken_then, "{told:?}");
    }
}

/// The shop's database refuses writes because its disk is full, and takes them again before there is much room.
#[test]
fn what_is_over_while_its_cause_goes_on_is_said_in_the_message_of_that() {
    let mut day = Day::begin();
    day.wrong("database/commits", Rule::DatabaseRefuses);
    day.wrong("disk//", Rule::DiskFull);
    day.pass(30);
    day.fine("database/commits");
    day.fine("database/commits");
    day.restart();
    day.wrong("disk//", Rule::DiskLow);
    day.pass(150);
    day.wrong("disk//", Rule::DiskLow);
    day.pass(30);
    let names = |day: &Day| {
        let (_, notice) = day.said.last().unwrap();
        let keys = notice.mended.iter().map(|mended| mended.key.clone());
        (notice.lead.key.clone(), keys.collect::<Vec<_>>())
    };
    assert_eq!(
        names(&day),
        ("disk//".to_owned(), vec!["database/commits".to_owned()])
    );
    day.wrong("database/commits", Rule::DatabaseRefuses);
    day.pass(30);
    let book = day.store.book().unwrap();
    let mut mended = book.episodes.values().flat_map(|episode| &episode.mended);
    assert!(
        mended.all(|mended| mended.key != "database/commits"),
        "{:?}",
        book.episodes
    );
}

#[test]
fn another_disk_and_what_only_a_remote_cannot_take_are_not_explained_by_it() {
    let mut day = Day::begin();
    day.wrong("disk_writes//", Rule::DiskReadOnly);
    day.told();
    for _ in 0..20 {
        day.wrong("disk//mnt/other", Rule::DiskLow);
        day.pass(10);
    }
    assert_eq!(day.told(), ["first disk//mnt/other"]);
    let mut day = Day::begin();
    day.wrong("disk_writes_of_remote//mnt/b", Rule::DiskReadOnly);
    day.told();
    for (key, rule) in [
        ("backup/any", Rule::BackupNotTaken),
        ("drills/a", Rule::DrillFailed),
    ] {
        day.wrong(key, rule);
    }
    day.pass(1);
    assert_eq!(day.told(), ["first backup/any", "more drills/a"]);
}

#[test]
fn a_disk_that_the_owner_named_explains_its_own_room_and_nothing_of_the_shop_or_the_agent() {
    for (key, rule) in [
        ("bot/bot", Rule::BotUnhealthy),
        ("database/commits", Rule::DatabaseRefuses),
        ("capture/shop", Rule::CaptureStopped),
        ("backup/any", Rule::BackupNotTaken),
        ("log_marker//var/log/bot.log", Rule::LogSilent),
    ] {
        let mut day = Day::begin();
        day.wrong("disk_writes_of_named//mnt/own", Rule::DiskReadOnly);
        assert!(day.said[0].1.loud, "as critical as any disk's");
        assert_eq!(day.told(), ["first disk_writes_of_named//mnt/own"]);
        for _ in 0..120 {
            day.wrong(key, rule);
            day.wrong("disk_of_named//mnt/own", Rule::DiskLow);
            day.pass(10);
        }
        let told = day.told();
        assert!(told.contains(&format!("first {key}")), "{key}: {told:?}");
        let is_of_room = |told: &String| told.contains("disk_of_named//mnt/own");
        assert!(!told.iter().any(is_of_room), "{told:?}");
    }
}

#[test]
fn a_stop_on_purpose_of_a_bot_that_a_disk_made_unhealthy_is_told_after_ten_minutes_alone() {
    let mut day = Day::begin();
    day.wrong("disk_writes//", Rule::DiskReadOnly);
    day.told();
    day.wrong("bot/bot", Rule::BotUnhealthy);
    day.pass(60);
    day.wrong("bot/bot", Rule::BotUnhealthy);
    assert_eq!(day.told(), [""; 0], "the disk explains it");
    // As the runbook says to do.
    for _ in 0..59 {
        day.wrong("bot/bot", Rule::BotStopped);
        day.pass(10);
        day.restart();
        // What wakes the owner meanwhile is the disk.
        let told = day.told();
        assert!(told.iter().all(|told| !told.contains("bot/bot")), "{told:?}");
    }
    for _ in 0..6 {
        day.wrong("bot/bot", Rule::BotStopped);
        day.pass(10);
    }
    let told = day.told();
    assert!(told.iter().any(|told| told.contains("bot/bot")), "{told:?}");
}
