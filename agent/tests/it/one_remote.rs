//! One remote of two that cannot be used, or lies: the other one carries on, and the owner is told which.

use std::{
    fs,
    ops::Range,
    os::unix::fs::symlink,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    missing_commits::{after, captured},
    shop::{NO_TELEGRAM, RESTORE, Shop, integrity_of, restoring, signal, stderr, telegram_line, text},
    world::LIMIT,
};

/// A file stands where the remote's folder must be made: as dead as a disk that is gone.
fn kill(shop: &Shop, remotes: &[&str]) {
    fs::write(shop.path("block"), "").unwrap();
    let config = shop.path("agent.toml");
    let mut settings = fs::read_to_string(&config).unwrap();
    for remote in remotes {
        let (alive, dead) = (
            format!("root = \"{remote}\""),
            format!("root = \"block/{remote}\""),
        );
        settings = settings.replace(&alive, &dead);
    }
    fs::write(config, settings).unwrap();
}

#[test]
fn a_dead_remote_keeps_nobody_from_looking_and_restoring() {
    let shop = Shop::new();
    shop.back_up();
    kill(&shop, &["local"]);
    for arguments in [&["list"][..], &["list", "--remote", "offsite"], &["status"]] {
        let output = shop.agent(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    }
    assert!(stderr(&shop.agent(&["list"])).contains("local"));
    assert!(!stderr(&shop.agent(&["list", "--remote", "offsite"])).contains("local"));
    let mut alone = RESTORE.to_vec();
    alone.extend(["--remote", "offsite"]);
    shop.agent_done(&alone);
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    fs::remove_dir_all(shop.path("back")).unwrap();
    let said = shop.agent_done(&RESTORE);
    assert!(said.contains("the remote local does not answer"), "{said}");
    let said = shop.agent_refuses(1, &["list", "--remote", "local"]);
    assert!(said.contains("local does not answer"), "{said}");
}

#[test]
fn backups_go_on_with_one_of_two_remotes_and_the_other_counts_as_failed() {
    let shop = Shop::new();
    kill(&shop, &["local"]);
    let said = shop.agent_refuses(1, &["backup"]);
    assert!(said.contains("the remote local does not hold"), "{said}");
    assert_eq!(shop.listed()[0]["remotes"], serde_json::json!(["offsite"]));
    let output = shop.agent(&["check"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("WRONG  remote local"));

    let config = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let config = config.replace(&telegram_line(), NO_TELEGRAM).replace(
        "[backup]",
        "[http]\nprivate = \"127.0.0.1:0\"\n[backup]\nsnapshot = \"* * * * * *\"",
    );
    fs::write(shop.path("agent.toml"), config).unwrap();
    let mut agent = shop.command(&["run"]).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    // A second point, and the alert about the remote that does not hold it.
    while shop.listed().len() < 2 || !status(&shop).contains("backup_remote/local") {
        assert!(start.elapsed() < LIMIT, "{}", status(&shop));
        std::thread::sleep(Duration::from_millis(50));
    }
    signal(agent.id(), "TERM");
    assert_eq!(agent.wait().unwrap().code(), Some(0));
}

#[test]
fn a_remote_whose_folder_is_one_of_the_shops_own_by_whatever_name_gets_nothing_and_the_others_go_on() {
    let shop = Shop::new();
    shop.back_up();
    let config = shop.path("agent.toml");
    let settings = fs::read_to_string(&config).unwrap();
    let database = fs::canonicalize(shop.database()).unwrap();
    let own = [
        shop.path("state"),
        database.parent().unwrap().to_path_buf(),
        config.parent().unwrap().to_path_buf(),
    ];
    for (at, folder) in own.iter().enumerate() {
        let link = format!("link{at}");
        symlink(folder, shop.path(&link)).unwrap();
        let mut roots = vec![link];
        roots.extend((at == 0).then(|| "state".to_owned()));
        for root in roots {
            let wrong = format!("{settings}[remotes.own]\ntype = \"fs\"\nroot = \"{root}\"\n");
            fs::write(&config, wrong).unwrap();
            let said = shop.agent_refuses(1, &["backup"]);
            assert!(
                said.contains("the remote own does not hold") && said.contains("`root` under [remotes.own]"),
                "{root}: {said}"
            );
            assert!(!folder.join("manifest").exists() && !folder.join(".warung-remote").exists());
            let checked = shop.agent(&["check"]);
            let checked = String::from_utf8_lossy(&checked.stdout).into_owned();
            assert!(checked.contains("WRONG  remote own"), "{root}: {checked}");
            let held = shop.listed().last().unwrap()["remotes"].clone();
            assert_eq!(held, serde_json::json!(["local", "offsite"]), "{root}");
        }
    }
}

fn status(shop: &Shop) -> String {
    shop.agent_done(&["status"])
}

#[test]
fn no_usable_remote_at_all_is_a_fault_told_once_for_each() {
    let shop = Shop::new();
    kill(&shop, &["local", "offsite"]);
    // The watch begins all the same: it has more to tell of than backups.
    for command in ["backup", "check"] {
        let said = shop.agent_refuses(2, &[command]);
        for remote in ["local", "offsite"] {
            let told = said.matches(&format!("remotes.{remote}")).count();
            assert_eq!(told, 1, "{command}: {said}");
        }
    }
}

#[test]
fn a_flipped_bit_in_the_key_packet_of_another_recipient_is_noticed() {
    let shop = Shop::new();
    shop.agent_done(&["key", "new", "--out", "kit2"]);
    let config = shop.path("agent.toml");
    let settings = fs::read_to_string(&config).unwrap();
    let both = "[\"kit/owner.asc\", \"kit2/owner.asc\"]";
    fs::write(&config, settings.replace("[\"kit/owner.asc\"]", both)).unwrap();
    let point = shop.back_up();
    let path = shop.path("local").join(text(&point["manifest"]));
    let intact = fs::read(&path).unwrap();
    for at in [20, 60, 120, 180, intact.len() / 2] {
        let mut spoilt = intact.clone();
        spoilt[at] ^= 1;
        fs::write(&path, spoilt).unwrap();
        let mut alone = RESTORE.to_vec();
        alone.extend(["--dry-run", "--remote", "local"]);
        let said = shop.agent_refuses(1, &alone);
        assert!(
            said.contains("it is altered: its SHA-256 is not the one in its name"),
            "byte {at}: {said}"
        );
    }
    let said = shop.agent_done(&RESTORE);
    assert!(
        said.contains(text(&point["manifest"])) && said.contains("was taken from offsite"),
        "{said}"
    );
}

#[test]
fn of_two_manifests_of_one_point_the_one_that_fits_its_digest_counts() {
    let shop = Shop::new();
    let point = shop.back_up();
    for digest in ["0".repeat(32), "f".repeat(32)] {
        let name = format!("manifest/{}.{digest}.json.pgp", text(&point["id"]));
        let intact = shop.path("local").join(text(&point["manifest"]));
        for remote in ["local", "offsite"] {
            fs::copy(&intact, shop.path(remote).join(&name)).unwrap();
        }
    }
    let listed = shop.listed();
    assert_eq!((listed.len(), &listed[0]["manifest"]), (1, &point["manifest"]));
    shop.agent_done(&RESTORE);
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
}

#[test]
fn a_path_that_no_backup_can_take_along_is_a_finding_of_check() {
    let shop = Shop::new();
    let config = shop.path("agent.toml");
    let settings = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        settings.replace("files = [\"etc\"]", "files = [\"etc\", \"gone\"]"),
    )
    .unwrap();
    let said = shop.agent_refuses(1, &["check"]);
    assert!(said.contains("gone"), "{said}");
}

/// The command that is printed in a refusal, as words.
fn advised(said: &str) -> Vec<String> {
    let line = said.lines().rfind(|line| line.starts_with("  agent restore "));
    let words: Vec<&str> = line.expect(said).split_whitespace().skip(1).collect();
    // The rig names it itself.
    let at = words.iter().position(|word| *word == "--config").unwrap();
    let words = [&words[..at], &words[at + 2..], &["--yes"]].concat();
    words.into_iter().map(str::to_owned).collect()
}

#[test]
fn what_one_remote_has_no_more_is_had_by_the_command_that_asks_the_others_too() {
    let shop = Shop::new();
    shop.fill(256);
    let point = shop.back_up();
    let part = shop.path("local").join(text(&point["objects"][0]));
    let whole = fs::read(&part).unwrap();
    let mut altered = whole.clone();
    altered[whole.len() / 2] ^= 1;
    let asked = [&RESTORE[..], &["--latest", "--remote", "local"]].concat();
    for left in [None, Some(altered)] {
        fs::remove_file(&part).unwrap();
        if let Some(altered) = &left {
            fs::write(&part, altered).unwrap();
        }
        let said = shop.agent_refuses(1, &asked);
        assert!(
            said.contains("local alone does not have what you asked for"),
            "{said}"
        );
        let command = advised(&said);
        assert!(!command.iter().any(|word| word == "--remote"), "{command:?}");
        shop.agent_done(&command.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
        fs::remove_dir_all(shop.path("back")).unwrap();
        fs::write(&part, &whole).unwrap();
    }
    for remote in ["local", "offsite"] {
        fs::remove_file(shop.path(remote).join(text(&point["objects"][0]))).unwrap();
    }
    let said = shop.agent_refuses(1, &asked);
    assert!(said.contains("Nor is it there without --remote local"), "{said}");
}

/// Of both remotes the commits that have a segment of their own, without some of them, by their place.
fn without(shop: &Shop, point: &Value, remote: &str, gone: Range<usize>) -> Vec<u64> {
    let segments = after(shop, remote, point);
    for (path, _) in &segments[gone] {
        fs::remove_file(path).unwrap();
    }
    segments.iter().map(|(_, name)| name.last.get()).collect()
}

#[test]
fn what_one_remote_lacks_is_not_said_to_be_nowhere_where_the_others_were_not_asked() {
    let (shop, point) = captured(4);
    let lasts = without(&shop, &point, "local", 1..2);
    let said = shop.agent_done(&["list", "--remote", "local"]);
    assert!(
        said.contains("MISSING: commit") && said.contains("on no remote that was asked (local alone)"),
        "{said}"
    );
    assert!(!said.contains("on no remote that answers"), "{said}");
    let gone = lasts[1].to_string();
    let asked = ["--commit", &gone, "--remote", "local"];
    let said = shop.agent_refuses(1, &restoring("back", &asked));
    assert!(!said.contains("on no remote that answers"), "{said}");
    without(&shop, &point, "offsite", 1..2);
    let said = shop.agent_done(&["list"]);
    assert!(said.contains("whole on no remote that answers"), "{said}");
}

#[test]
fn what_comes_nearer_on_a_remote_that_was_not_asked_is_named_with_the_command_for_it() {
    let (shop, point) = captured(6);
    fs::rename(shop.path("state"), shop.path("lost")).unwrap();
    let count = after(&shop, "local", &point).len();
    let lasts = without(&shop, &point, "local", 2..count);
    without(&shop, &point, "offsite", count - 1..count);
    let (asked, own, nearer) = (lasts[count - 1], lasts[1], lasts[count - 2]);
    let commit = asked.to_string();
    let said = shop.agent_refuses(1, &restoring("back", &["--commit", &commit, "--remote", "local"]));
    assert!(said.contains(&format!("Everything until commit {own}")), "{said}");
    assert!(
        said.contains("Nearer to it is what the other remotes hold")
            && said.contains(&format!("Everything until commit {nearer}")),
        "{said}"
    );
    let command = advised(&said);
    assert!(!command.iter().any(|word| word == "--remote"), "{command:?}");
    shop.agent_done(&command.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    fs::remove_dir_all(shop.path("back")).unwrap();

    // Where the others have nothing nearer nothing is named.
    without(&shop, &point, "offsite", 2..count - 1);
    let said = shop.agent_refuses(1, &restoring("back", &["--commit", &commit, "--remote", "local"]));
    assert!(!said.contains("Nearer to it"), "{said}");
}
