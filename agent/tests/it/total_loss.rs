//! A new machine with nothing but agent.toml and the owner's key; one remote that spoils; what a killed restore left.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use crate::{
    restoring::{spoil, two_points},
    shop::{Shop, count_items, files_under, integrity_of, stderr, text},
};

const LIVE: [&str; 5] = ["restore", "--latest", "--key", "kit/owner.secret.asc", "--yes"];

fn mode_of(path: PathBuf) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn on_a_machine_that_has_nothing_the_database_folder_is_made() {
    let shop = Shop::new();
    shop.back_up();
    let config = fs::read_to_string(shop.path("agent.toml")).unwrap();
    for lost in ["live", "etc", "state", "local", ".env"] {
        let path = shop.path(lost);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap()
        } else {
            fs::remove_file(path).unwrap()
        }
    }
    fs::write(
        shop.path("agent.toml"),
        config.replace("live/shop.db", "srv/deep/live/shop.db"),
    )
    .unwrap();
    shop.agent_done(&["restore", "--key", "kit/owner.secret.asc", "--dry-run"]);
    let wrong = shop.agent_with_passphrase(&LIVE, "another");
    assert_eq!(wrong.status.code(), Some(1), "{}", stderr(&wrong));
    assert!(!shop.path("srv").exists(), "who did not restore made nothing");
    let said = shop.agent_done(&LIVE);
    assert!(said.contains("did not exist and was made"), "{said}");
    assert_eq!(integrity_of(&shop.path("srv/deep/live/shop.db")), "ok");
    assert_eq!(
        mode_of(shop.path("srv/deep/live")),
        0o2770,
        "bot and agent share it by its group"
    );
    assert_eq!(
        mode_of(shop.path("srv/deep")) & 0o055,
        0o055,
        "a folder on the way there is an ordinary one"
    );
    let state = files_under(&shop.path("state"));
    assert_eq!(
        state,
        [shop.path("state/restores.json")],
        "the agent makes its own"
    );
}

#[test]
fn a_restore_that_fails_in_its_middle_takes_the_folders_along_that_it_made() {
    let shop = Shop::new();
    let point = shop.back_up();
    fs::remove_dir_all(shop.path("live")).unwrap();
    for remote in ["local", "offsite"] {
        spoil("flipped", &shop.path(remote).join(text(&point["objects"][0])));
    }
    let said = shop.agent_refuses(1, &LIVE);
    assert!(
        said.contains("No other backup on these remotes can be restored either"),
        "{said}"
    );
    assert!(!shop.path("live").exists());
    // Nothing is wrong with the backups where the key is another one.
    shop.agent_done(&["key", "new", "--out", "other"]);
    let said = shop.agent_refuses(1, &["restore", "--key", "other/owner.secret.asc", "--yes"]);
    assert!(said.contains("can be restored with this key"), "{said}");
}

#[test]
fn a_restore_that_goes_another_way_tells_of_no_interrupted_one() {
    let shop = Shop::new();
    shop.fill(256);
    shop.back_up();
    shop.fill(4);
    // Two that stand at the same commit upon the same base: either leads there.
    for _ in 0..2 {
        std::thread::sleep(std::time::Duration::from_millis(2));
        shop.agent_done(&["backup", "--delta"]);
    }
    let delta = shop.listed().remove(0);
    for remote in ["local", "offsite"] {
        spoil("flipped", &shop.path(remote).join(text(&delta["objects"][0])));
    }
    let output = shop.agent(&crate::shop::RESTORE);
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
    assert!(
        output.status.success() && said.contains(text(&delta["id"])),
        "{said}"
    );
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    assert!(!said.contains("there already"), "{said}");
}

#[test]
fn whatever_is_spoilt_on_one_remote_comes_from_the_other_and_alone_it_is_refused_but_for_the_files() {
    let shop = Shop::new();
    let (first, second) = two_points(&shop);
    let mut turn = 0;
    for kind in ["objects", "files", "manifest"] {
        let object = if kind == "manifest" {
            &second[kind]
        } else {
            &second[kind][0]
        };
        for how in ["flipped", "truncated", "deleted"] {
            turn += 1;
            let path = shop.path("local").join(text(object));
            let kept = fs::read(&path).unwrap();
            spoil(how, &path);
            let to = format!("back-{turn}");
            let said = shop.agent_done(&["restore", "--key", "kit/owner.secret.asc", "--yes", "--to", &to]);
            assert!(
                said.contains(text(object)) && said.contains("was taken from offsite"),
                "{how} {kind}: {said}"
            );
            assert_eq!(count_items(&shop.path(&to).join("shop.db")), 2, "{how} {kind}");
            let before = shop.live_state();
            let mut alone = LIVE.to_vec();
            alone.extend(["--remote", "local"]);
            let said = match kind {
                // They hold no database back.
                "files" => shop.agent_done(&alone),
                _ => shop.agent_refuses(1, &alone),
            };
            assert!(
                said.contains(text(object)) && said.contains(text(&first["id"])),
                "{how} {kind}: {said}"
            );
            if kind != "files" {
                let instead = "--remote local --point";
                assert!(
                    said.contains("Nothing was changed") && said.contains(instead),
                    "{said}"
                );
                assert!(shop.live_state() == before, "{how} {kind}");
            }
            fs::write(&path, kept).unwrap();
        }
    }
}

#[test]
fn the_command_that_a_refusal_names_works_as_it_stands() {
    let shop = Shop::new();
    let (_, second) = two_points(&shop);
    for remote in ["local", "offsite"] {
        fs::remove_file(shop.path(remote).join(text(&second["manifest"]))).unwrap();
    }
    let said = shop.agent_refuses(1, &LIVE);
    assert!(said.contains("is not whole: its upload was cut short"), "{said}");
    let command = said
        .lines()
        .last()
        .unwrap()
        .trim()
        .strip_prefix("agent ")
        .unwrap()
        .to_owned();
    let arguments: Vec<&str> = command.split(' ').filter(|word| !word.is_empty()).collect();
    assert_eq!(arguments[..2], ["restore", "--config"], "{command}");
    // The harness gives --config itself.
    let mut again = vec![arguments[0]];
    again.extend(&arguments[3..]);
    again.push("--yes");
    shop.agent_done(&again);
    assert_eq!(count_items(&shop.database()), 1);
}

#[test]
fn what_a_killed_restore_left_is_removed_by_the_next_one() {
    let shop = Shop::new();
    shop.back_up();
    let left = [
        shop.path("live/.files.restoring-4194305/etc"),
        shop.path("live/.shop.db.restoring-4194305"),
    ];
    fs::create_dir_all(&left[0]).unwrap();
    fs::write(&left[1], "plain").unwrap();
    shop.agent_done(&LIVE);
    let names = files_under(&shop.path("live"));
    assert!(
        !names
            .iter()
            .any(|path| path.to_string_lossy().contains("restoring")),
        "{names:?}"
    );
    assert!(!left[0].exists());
}

#[test]
fn a_database_of_several_parts_comes_back_whole() {
    let shop = Shop::new();
    shop.fill(40 * 1024);
    let point = shop.back_up();
    assert!(point["objects"].as_array().unwrap().len() > 2);
    shop.restore_to("back", &[]);
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    assert_eq!(
        count_items(&shop.path("back/shop.db")),
        count_items(&shop.database())
    );
}
