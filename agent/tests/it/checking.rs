//! `agent check` before anything is lost by a mistake in agent.toml: it names each one, and only those that are there.

use std::{fs, net::TcpListener, process::Command, sync::Arc};

use agent::{
    alert::{
        channels::http_client,
        heartbeat::{Heartbeat, Signal},
        outside::{Check, Subject},
    },
    config::Language,
    store::{
        Store,
        lock::{self, StateLock},
    },
};
use axum::http::StatusCode;
use protocol::secret::Secret;

use crate::{
    pretend_channels::Service,
    pretend_telegram::Telegram,
    shop::{NO_TELEGRAM, Shop, stderr, telegram_line},
    world::{alerts, config_from},
};

fn write(shop: &Shop, change: impl Fn(&str) -> String) {
    let path = shop.path("agent.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, change(&text)).unwrap();
}

#[test]
fn a_place_whose_disk_is_to_be_watched_and_that_is_not_there_is_wrong() {
    let shop = Shop::new();
    let here = shop.path("local");
    fs::create_dir_all(&here).unwrap();
    let gone = shop.path("not-mounted");
    write(&shop, |text| {
        format!(
            "{text}\n[watch]\ndisks = [\"{}\", \"{}\"]\n",
            here.display(),
            gone.display()
        )
    });
    let output = shop.agent(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains(&format!("ok     disk {}", here.display())),
        "{said}"
    );
    assert!(
        said.contains(&format!("WRONG  disk {}", gone.display())),
        "{said}"
    );
}

#[test]
fn a_file_that_is_not_toml_is_one_fault_and_so_is_a_unit_that_cannot_be() {
    let shop = Shop::new();
    let whole = fs::read_to_string(shop.path("agent.toml")).unwrap();
    write(&shop, |text| text.replacen("[backup]", "[backup", 1));
    let said = shop.agent_refuses(2, &["check"]);
    assert!(said.contains("it is not TOML: line "), "{said}");
    assert!(said.contains("column "), "{said}");
    assert!(said.contains("has 1 fault;"), "{said}");
    write(&shop, |_| format!("{whole}\n[bot]\nunit = \"the bot.service\"\n"));
    let said = shop.agent_refuses(2, &["check"]);
    assert!(said.contains("bot.unit is \"the bot.service\""), "{said}");
}

#[test]
fn two_remotes_that_are_one_place_are_wrong_however_it_is_written() {
    let shop = Shop::new();
    let whole = fs::read_to_string(shop.path("agent.toml")).unwrap();
    assert!(!shop.agent_done(&["check"]).contains("one place"));
    std::os::unix::fs::symlink(shop.path("local"), shop.path("link")).unwrap();
    for other in ["local", "./local/", "link", "etc/../local"] {
        write(&shop, |_| {
            whole.replace("root = \"offsite\"", &format!("root = \"{other}\""))
        });
        let output = shop.agent(&["check"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{other}");
        assert!(
            said.contains("WRONG  remotes local and offsite: they are one place"),
            "{other}: {said}"
        );
    }
    let s3 = "type = \"s3\"\nendpoint = \"http://127.0.0.1:9\"\nregion = \"auto\"\nbucket = ";
    for (first, second, is_same) in [
        ("\"one\"\nroot = \"/a\"", "\"one\"\nroot = \"a/\"", true),
        ("\"one\"\nroot = \"a\"", "\"one\"\nroot = \"b\"", false),
        ("\"one\"", "\"two\"", false),
    ] {
        write(&shop, |_| {
            format!("{whole}[remotes.x]\n{s3}{first}\n[remotes.y]\n{s3}{second}\n")
        });
        let output = shop.agent(&["check"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(
            said.contains("remotes x and y: "),
            is_same,
            "{first} {second}: {said}"
        );
    }
}

#[test]
fn a_path_that_only_a_shell_understands_is_refused_before_a_folder_is_made_for_it() {
    let shop = Shop::new();
    let whole = fs::read_to_string(shop.path("agent.toml")).unwrap();
    for (key, value) in [
        ("remotes.local.root", "root = \"local\""),
        ("backup.database", "database = \"live/shop.db\""),
        ("backup.files", "files = [\"etc\"]"),
        ("state.dir", "dir = \"state\""),
    ] {
        write(&shop, |_| whole.replace(value, &value.replacen('"', "\"~/", 1)));
        let said = shop.agent_refuses(2, &["check"]);
        assert!(
            said.contains(&format!("{key} is \"~/")) && said.contains("absolute path"),
            "{said}"
        );
    }
    assert!(!shop.path("~").exists());
}

#[test]
fn a_secret_key_among_the_files_is_wrong_and_no_backup_takes_it_along() {
    let shop = Shop::new();
    let secret = fs::read(shop.path("kit/owner.secret.asc")).unwrap();
    fs::write(shop.path("etc/mine.txt"), &secret).unwrap();
    shop.gpg_done(&["--import", "kit/owner.secret.asc"]);
    let binary = shop.gpg_done(&["--export-secret-keys"]);
    fs::write(shop.path("etc/binary"), binary).unwrap();
    fs::copy(shop.path("kit/owner.asc"), shop.path("etc/owner.asc")).unwrap();
    fs::write(
        shop.path("etc/notes"),
        "what -----BEGIN PGP PRIVATE KEY BLOCK is\n",
    )
    .unwrap();
    let output = shop.agent(&["check"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1));
    let is_wrong = |name: &str| said.contains(&format!("WRONG  file {}: ", shop.path(name).display()));
    assert!(is_wrong("etc/mine.txt") && is_wrong("etc/binary"), "{said}");
    assert!(!is_wrong("etc/owner.asc") && !is_wrong("etc/notes"), "{said}");
    let told = shop.agent(&["backup"]);
    let told = stderr(&told);
    assert_eq!(
        told.matches("SECRET key, which never rides along").count(),
        2,
        "{told}"
    );
    shop.restore_to("back", &[]);
    let back = crate::shop::files_under(&shop.path("back"));
    let names: Vec<_> = back.iter().filter_map(|path| path.file_name()).collect();
    assert!(names.contains(&"owner.asc".as_ref()) && names.contains(&"notes".as_ref()));
    assert!(
        !names.contains(&"mine.txt".as_ref()) && !names.contains(&"binary".as_ref()),
        "{names:?}"
    );
}

#[test]
fn of_what_is_backed_up_beside_the_database_the_check_says_what_rides_along() {
    let shop = Shop::new();
    fs::create_dir(shop.path("empty")).unwrap();
    fs::copy(shop.path("kit/owner.secret.asc"), shop.path("mine.asc")).unwrap();
    std::os::unix::fs::symlink(shop.path("etc"), shop.path("link")).unwrap();
    std::os::unix::fs::symlink(shop.path("etc/.env"), shop.path("etc/linked")).unwrap();
    write(&shop, |whole| {
        whole.replace(
            "files = [\"etc\"]",
            "files = [\"etc\", \"empty\", \"mine.asc\", \"link\", \"live/shop.db\"]",
        )
    });
    let output = shop.agent(&["check"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |name: &str| {
        let start = format!("file {}: ", shop.path(name).display());
        let of_file = said.lines().find(|line| line.contains(&start));
        of_file.unwrap_or_else(|| panic!("{name}: {said}")).to_owned()
    };
    for (name, is_ok, part) in [
        ("etc", true, "1 file of "),
        ("etc", true, "NOT in it: "),
        ("etc", true, "etc/linked is a symbolic link"),
        ("empty", true, "holds no file yet"),
        ("mine.asc", false, "nothing of it rides along"),
        ("link", false, "nothing of it rides along"),
        ("live/shop.db", false, "nothing of it rides along"),
    ] {
        let line = line(name);
        assert_eq!(line.starts_with("ok"), is_ok, "{line}");
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[test]
fn what_is_no_file_of_a_disk_is_named_and_holds_neither_the_check_nor_a_backup_up() {
    let shop = Shop::new();
    let made = Command::new("mkfifo")
        .arg(shop.path("etc/pipe"))
        .status()
        .unwrap();
    assert!(made.success());
    write(&shop, |whole| {
        whole.replace("files = [\"etc\"]", "files = [\"etc\", \"etc/pipe\", \"/proc\"]")
    });
    let said = String::from_utf8_lossy(&shop.agent(&["check"]).stdout).into_owned();
    let line = said.lines().find(|line| line.starts_with("WRONG  file /proc: "));
    assert!(
        line.is_some_and(|line| line.contains("/proc is no disk")),
        "{said}"
    );
    assert!(
        said.contains("/etc/pipe is a pipe, which holds nothing to back up. Correct"),
        "{said}"
    );
    let told = stderr(&shop.agent(&["backup"]));
    assert!(told.contains("not in the backup: /proc is no disk"), "{told}");
}

#[test]
fn a_folder_that_was_mistyped_at_first_is_corrected_and_one_that_was_written_to_is_not_left_in_silence() {
    let shop = Shop::new();
    let root = |root: &str| {
        write(&shop, |whole| {
            whole.replace("root = \"local\"", &format!("root = \"{root}\""))
        })
    };
    let other = |from: &str, to: &str| {
        write(&shop, |whole| {
            whole.replace(&format!("root = \"{from}\""), &format!("root = \"{to}\""))
        });
    };
    root("mistyped");
    shop.agent(&["check"]);
    assert!(shop.path("mistyped/.warung-remote").exists());
    other("mistyped", "right");
    let said = String::from_utf8_lossy(&shop.agent(&["check"]).stdout).into_owned();
    assert!(!said.contains("not the one that this agent wrote to"), "{said}");
    shop.agent_done(&["backup"]);
    assert!(shop.path("right/manifest").exists());
    other("right", "elsewhere");
    let told = stderr(&shop.agent(&["backup"]));
    assert!(
        told.contains("`root` under [remotes.local] in agent.toml was "),
        "{told}"
    );
    assert!(!shop.path("elsewhere").exists());
    shop.agent_done(&["remote", "test", "local", "--new-disk"]);
    shop.agent_done(&["backup"]);
}

#[test]
fn a_token_that_cannot_be_one_is_a_fault_and_not_a_silence() {
    let shop = Shop::new();
    for token in ["abc", "changeme", "1:", ":a", "1:a b", "\"1:a\""] {
        fs::create_dir_all(shop.path("credentials")).unwrap();
        fs::remove_file(shop.path(".env")).unwrap_or_default();
        fs::write(shop.path("credentials/OWNER_BOT_TOKEN"), token).unwrap();
        let said = shop.agent_refuses(2, &["check"]);
        assert!(
            said.contains("OWNER_BOT_TOKEN is not the token of a bot"),
            "{said}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_the_owner_is_gone_and_what_is_wrong_says_what_to_do() {
    let shop = Shop::new();
    let telegram = Telegram::start().await;
    let here = format!("api_url = \"http://{}\"", telegram.address);
    let push = "\n[channels.push]\ntype = \"ntfy\"\nurl = \"http://127.0.0.1:9\"\n";
    fs::write(
        shop.path(".env"),
        "OWNER_BOT_TOKEN=1:token\nCHANNEL_PUSH_TOPIC=t\n",
    )
    .unwrap();
    write(&shop, |text| text.replace(&telegram_line(), &here));
    assert!(shop.agent_done(&["check"]).contains("ok     the way telegram: "));
    assert!(telegram.taken().is_empty());

    telegram.refuse(true);
    write(&shop, |text| text.to_owned() + push);
    let output = shop.agent(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |part: &str| said.lines().find(|line| line.contains(part)).unwrap_or_default();
    assert!(
        line("the way telegram").contains("into OWNER_BOT_TOKEN"),
        "{said}"
    );
    assert!(
        line("WRONG  the way push").contains("alert test --channel push"),
        "{said}"
    );

    write(&shop, |text| text.replace(&here, NO_TELEGRAM));
    let said = String::from_utf8_lossy(&shop.agent(&["check"]).stdout).into_owned();
    assert!(
        said.contains("WRONG  the way telegram") && said.contains("look at the network"),
        "{said}"
    );
}

#[test]
fn settings_that_come_to_nothing_are_faults_and_each_is_one() {
    let shop = Shop::new();
    let whole = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let folder = shop.path("live").display().to_string();
    let chats = |list: &str| whole.replace("chat_ids = [1]", &format!("chat_ids = {list}"));
    for (text, part) in [
        (chats("[0]"), "nobody's chat"),
        (chats("[-5]"), "those below zero"),
        (chats("[1, 1]"), "names a chat twice"),
        (chats("\"1\""), "owner.chat_ids must be a list"),
        (format!("{whole}\n[heartbeat]\n"), "heartbeat has no url"),
        (
            format!("{whole}\n[heartbeat]\nurl = \"https://hc-ping.com/<uuid>\"\n"),
            "heartbeat.url still holds what an example has",
        ),
        (
            whole.replace("[backup]", "[backup]\nsnapshot = \"0 0 0 30 2 *\""),
            "which never comes",
        ),
        (
            format!(
                "{whole}\n[bot]\nurl = \"http://127.0.0.1:9001\"\n[http]\nprivate = \"127.0.0.1:9001\"\n"
            ),
            "the agent's own address",
        ),
        (
            format!("{whole}\n[watch]\ndomains = [\"shop example\"]\n"),
            "is no name of a server",
        ),
        (
            format!("{whole}\n[watch.logs]\nfiles = [\"{folder}\"]\n"),
            "is a folder",
        ),
        (
            format!("{whole}\n[watch]\ndomains = [\"*.shop.example\"]\n"),
            "is no name of a server",
        ),
        (
            format!("{whole}\n[watch]\ncredentials_due = \"5h\"\n"),
            "must be from 1d to 3650d",
        ),
        (
            format!("{whole}\n[channels.x]\ntype = \"pigeon\"\n"),
            "channels.x.type is \"pigeon\"",
        ),
        (
            format!("{whole}\n[channels.x]\ntype = \"telegram\"\napi_url = \"http://a/bot1:x\"\n"),
            "leave out what begins with /bot",
        ),
        (
            format!(
                "{whole}\n[channels.x]\ntype = \"telegram\"\n{}\n",
                telegram_line()
            ),
            "has the api_url of [owner]",
        ),
    ] {
        write(&shop, |_| text.clone());
        let said = shop.agent_refuses(2, &["check"]);
        assert!(
            said.contains(part) && said.contains("has 1 fault;"),
            "{part}: {said}"
        );
    }
}

#[test]
fn secrets_that_anybody_can_read_and_places_that_are_not_there_are_hints() {
    use std::os::unix::fs::PermissionsExt;
    let shop = Shop::new();
    let set_mode = |name: &str, mode: u32| {
        fs::set_permissions(shop.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::create_dir(shop.path("credentials")).unwrap();
    fs::write(shop.path("credentials/CONSOLE_X"), "x").unwrap();
    set_mode(".env", 0o644);
    set_mode("credentials", 0o755);
    set_mode("credentials/CONSOLE_X", 0o644);
    let lines = |part: &str| {
        let said = shop.agent_done(&["check"]);
        said.lines()
            .filter(|line| line.starts_with("hint") && line.contains(part))
            .count()
    };
    assert_eq!(lines("chmod o-rwx"), 2);
    set_mode(".env", 0o640);
    set_mode("credentials", 0o750);
    assert_eq!(lines("chmod o-rwx"), 0);
    write(&shop, |text| {
        format!("{text}\n[watch]\ncredentials = [\"gone\"]\n[watch.logs]\nfiles = [\"gone.log\"]\n")
    });
    assert_eq!(
        (lines("gone cannot be looked at"), lines("gone.log is not there")),
        (1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_check_at_the_outside_is_tried_by_a_line_in_its_log_alone() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let shop = Shop::new();
    let service = Service::answering(StatusCode::OK, "OK").await;
    let address = format!("http://{}", service.address);
    write(&shop, |text| {
        format!("{text}\n[heartbeat]\nurl = \"{address}/a\"\nbackup_url = \"{address}/b\"\n")
    });
    let said = |code: i32| {
        let output = shop.agent(&["check"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        said
    };
    let well = said(0);
    assert!(
        well.contains("ok     [heartbeat] url: ") && well.contains("ok     [heartbeat] backup_url: "),
        "{well}"
    );
    let mut paths: Vec<_> = service
        .taken()
        .into_iter()
        .map(|ping| ping["path"].clone())
        .collect();
    paths.sort_by_key(ToString::to_string);
    assert_eq!(paths, ["/a/log", "/b/log"]);
    for (status, body, part) in [
        (StatusCode::OK, "OK (not found)", "No such check is known there"),
        (StatusCode::NOT_FOUND, "not found", "No such check is known there"),
        (StatusCode::FORBIDDEN, "", "It takes nothing from here"),
        (StatusCode::BAD_GATEWAY, "", "Look at the network"),
    ] {
        service.answer(status, body);
        let wrong = said(1);
        let line = wrong
            .lines()
            .find(|line| line.contains("WRONG  [heartbeat] url: "))
            .unwrap_or_default();
        assert!(line.contains(part) && !line.contains("/a"), "{status}: {wrong}");
    }
    // A service without a log of events cannot be tried, which is no fault.
    for status in [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED] {
        service.answer(status, "<html>Cannot POST");
        let said = said(0);
        let is_said =
            said.contains("ok     [heartbeat] url: not tried") && said.contains("would answer the same");
        assert!(is_said, "{said}");
    }
    // It is known by what it took of a running agent, or refused.
    service.answer(StatusCode::NOT_FOUND, "");
    let store = Store::open(&shop.path("state")).unwrap();
    for (subject, name) in [(Subject::Shop, "a"), (Subject::Backup, "b")] {
        let url = Secret::new(&format!("{address}/{name}"));
        let heartbeat = Heartbeat::new(http_client().unwrap(), &url, Language::Id);
        let key = subject.key();
        store.remember(key.as_str(), &heartbeat.mark()).unwrap();
    }
    assert!(said(0).contains("ok     [heartbeat] url: its service keeps no log"));
    let store = Arc::new(store);
    let client = http_client().unwrap();
    let written = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let config = config_from(&shop.path(""), &written);
    let alerts = alerts(&store, Language::En, &[]);
    let check = Check::of(Subject::Shop, (&config, &client), &alerts, &store).unwrap();
    check.tell(&Signal::Success, None).await;
    let wrong = said(1);
    assert!(
        wrong.contains("refused the last that the agent told it"),
        "{wrong}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_the_agent_cannot_have_and_a_check_for_two_things_are_wrong() {
    let shop = Shop::new();
    let whole = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let service = Service::answering(StatusCode::OK, "OK").await;
    let here = format!("http://{}/a", service.address);
    let private = |address: &str| format!("{whole}\n[http]\nprivate = \"{address}\"\n");
    for (text, part) in [
        (private("10.255.255.254:8082"), "this machine has no such address"),
        (
            private(&taken.local_addr().unwrap().to_string()),
            "another program holds it (",
        ),
        (
            format!("{whole}\n[heartbeat]\nurl = \"{here}\"\nbackup_url = \"{here}\"\n"),
            "[heartbeat] url and backup_url: they are one check",
        ),
    ] {
        write(&shop, |_| text.clone());
        let output = shop.agent(&["check"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let is_said = |line: &str| line.starts_with("WRONG") && line.contains(part);
        assert_eq!(
            said.lines().filter(|line| is_said(line)).count(),
            1,
            "{part}: {said}"
        );
        let wrong = said.lines().filter(|line| line.starts_with("WRONG")).count();
        assert_eq!(wrong, 1, "{said}");
    }
}

#[test]
fn another_program_at_the_agents_address_is_wrong_also_while_an_agent_runs() {
    let shop = Shop::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    write(&shop, |text| format!("{text}\n[http]\nprivate = \"{address}\"\n"));
    let said = || {
        let output = shop.agent(&["check"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let path = shop.path("state/agent.lock");
    let running = StateLock::take(&path).unwrap();
    let mine = said();
    assert!(mine.contains("and the running agent listens there"), "{mine}");
    drop(running);
    // Another process is the agent, and this one holds the address.
    let mut other = Command::new("sh")
        .args(["-c", "exec 9<\"$1\"; flock 9; exec sleep 120", "sh"])
        .arg(&path)
        .spawn()
        .unwrap();
    while !lock::is_held(&path).unwrap() {
        std::thread::yield_now();
    }
    let another = said();
    other.kill().unwrap();
    other.wait().unwrap();
    let line = format!("WRONG  the agent's address {address}: another program holds it (");
    assert!(another.contains(&line), "{another}");
}

#[test]
fn what_agent_toml_says_and_nobody_means_is_wrong() {
    let shop = Shop::new();
    let whole = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let said = |more: &str| {
        let (owner, more) = more.split_once('|').unwrap_or(("", more));
        write(&shop, |_| {
            format!(
                "{}\n{more}\n",
                whole.replacen("[owner]\n", &format!("[owner]\n{owner}\n"), 1)
            )
        });
        String::from_utf8_lossy(&shop.agent(&["check"]).stdout).into_owned()
    };
    for (more, part) in [
        (
            "[watch]\nrotating = [\"/\"]\nrdap = \"off\"",
            "[watch] rotating /: ",
        ),
        (
            "[watch]\ndomains = [\"a..b\"]\nrdap = \"off\"",
            "[watch] domains a..b: no server",
        ),
        ("[bot]\nurl = \"https://127.0.0.1:8081\"", "[bot] url https"),
        (
            "quiet_hours = \"00:00-23:59\"|",
            "[owner] quiet_hours: they leave 0 h 01",
        ),
    ] {
        let told = said(more);
        let line = format!("WRONG  {part}");
        assert!(told.contains(&line), "{more}: {told}");
    }
    let well = said("quiet_hours = \"22:00-06:00\"|[watch]\nrotating = [\"/var/spool/shop\"]");
    assert!(!well.contains("WRONG"), "{well}");
}

#[test]
fn what_is_no_database_and_what_lies_readable_in_a_remotes_folder_are_wrong() {
    let shop = Shop::new();
    let whole = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let said = |from: &str, to: &str| {
        write(&shop, |_| whole.replace(from, to));
        String::from_utf8_lossy(&shop.agent(&["check"]).stdout).into_owned()
    };
    let well = said("", "");
    assert!(
        well.contains("a database of SQLite") && !well.contains("WRONG"),
        "{well}"
    );
    let another = said("live/shop.db", "agent.toml");
    assert!(another.contains("no database of SQLite"), "{another}");
    let none = said("live/shop.db", "live/none.db");
    assert!(
        none.contains("is not there yet") && !none.contains("WRONG"),
        "{none}"
    );
    let inside = said("dir = \"state\"", "dir = \"local/state\"");
    assert!(
        inside.contains("WRONG  remote local and ") && inside.contains("unencrypted"),
        "{inside}"
    );
}
