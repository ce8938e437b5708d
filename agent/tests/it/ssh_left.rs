//! A connection of ssh that a killed agent left open, with a real sshd: the next agent ends it, and no other one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    remotes::shop_with,
    servers,
    shop::{NO_TELEGRAM, Shop, signal, stderr, telegram_line},
    site::Process,
};

const LIMIT: Duration = Duration::from_secs(30);

fn lives(socket: &Path) -> bool {
    let asked = Command::new("ssh")
        .arg("-S")
        .arg(socket)
        .args(["-O", "check", "nobody"])
        .stderr(Stdio::null())
        .status();
    asked.unwrap().success()
}

/// Every socket of an agent's folders.
fn sockets(base: &Path) -> Vec<PathBuf> {
    let below = |path: &Path| {
        let entries = fs::read_dir(path).into_iter().flatten().map(Result::unwrap);
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let folders = below(base).into_iter().flat_map(|folder| below(&folder));
    folders
        .map(|folder| folder.join("master"))
        .filter(|socket| socket.exists())
        .collect()
}

fn agent(shop: &Shop, base: &Path, arguments: &[&str]) -> Command {
    let mut command = shop.command(arguments);
    command.env("XDG_STATE_HOME", base).stderr(Stdio::piped());
    command
}

fn foreign(key: &Path, port: u16, socket: &Path) {
    fs::create_dir_all(socket.parent().unwrap()).unwrap();
    let opened = Command::new("ssh")
        .args([
            "-M",
            "-f",
            "-N",
            "-o",
            "ControlPersist=yes",
            "-o",
            "BatchMode=yes",
        ])
        .args([
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ])
        .args(["-p", &port.to_string(), "-i"])
        .arg(key)
        .arg("-S")
        .arg(socket)
        .arg("127.0.0.1")
        .stderr(Stdio::null())
        .status();
    assert!(opened.unwrap().success());
}

#[test]
fn what_a_killed_agent_left_open_is_ended_by_the_next_one_and_nothing_else_is() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::sftp(place.path());
    let shop = shop_with(&[servers::sftp_section("box", &server, place.path())]);
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let private = "[http]\nprivate = \"127.0.0.1:0\"\n[state]";
    let settings = settings
        .replace(&telegram_line(), NO_TELEGRAM)
        .replace("[state]", private);
    fs::write(shop.path("agent.toml"), settings).unwrap();
    shop.fill(16 * 1024);
    let base = place.path().join("base");
    let other = base.join("ssh-other/.ssh-connection1/master");
    foreign(&place.path().join("ssh/user"), server.address.port(), &other);

    let mut killed = Process(
        agent(&shop, &base, &["backup"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let own = format!("-{}", killed.id());
    let is_own = |socket: &PathBuf| {
        socket
            .ancestors()
            .any(|path| path.to_string_lossy().ends_with(&own))
    };
    let begun = Instant::now();
    // It closes connections as well as it opens them: one that stands while the agent is held still stays.
    let left = loop {
        signal(killed.id(), "STOP");
        if let Some(socket) = sockets(&base).into_iter().find(|it| is_own(it) && lives(it)) {
            break socket;
        }
        signal(killed.id(), "CONT");
        assert!(begun.elapsed() < LIMIT, "the agent opened no connection");
        std::thread::sleep(Duration::from_millis(10));
    };
    // Nothing of an agent that lives is ended.
    let listed = agent(&shop, &base, &["list"]).output().unwrap();
    assert!(listed.status.success(), "{}", stderr(&listed));
    assert!(lives(&left));
    killed.burn();
    assert!(lives(&left), "it outlives its agent");
    let listed = agent(&shop, &base, &["list"]).output().unwrap();
    assert!(listed.status.success(), "{}", stderr(&listed));
    assert!(!lives(&left));
    assert!(!sockets(&base).iter().any(is_own), "its folder is gone");
    assert!(lives(&other));
    let ended = Command::new("ssh")
        .arg("-S")
        .arg(&other)
        .args(["-O", "exit", "nobody"])
        .stderr(Stdio::null())
        .status();
    assert!(ended.unwrap().success());
}

/// Whether a process names anything in this folder.
fn is_named_by_a_process(folder: &Path) -> bool {
    let folder = folder.to_str().unwrap();
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let mut ssh = lines.filter(|line| line.starts_with(b"ssh"));
    ssh.any(|line| String::from_utf8_lossy(&line).contains(folder))
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LIMIT, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_command_that_is_stopped_ends_its_connections() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::sftp(place.path());
    let shop = shop_with(&[servers::sftp_section("box", &server, place.path())]);
    shop.fill(32 * 1024);
    shop.back_up();
    let base = place.path().join("base");
    for stop in ["INT", "TERM", "HUP"] {
        let mut stopped = Process(agent(&shop, &base, &["verify", "--all"]).spawn().unwrap());
        until("a connection stands", || {
            sockets(&base).iter().any(|it| lives(it))
        });
        signal(stopped.id(), stop);
        assert_eq!(stopped.0.wait().unwrap().code(), Some(1), "{stop}");
        until("no ssh is left", || !is_named_by_a_process(&base));
        assert!(sockets(&base).is_empty(), "{stop}");
    }
}

#[test]
fn a_server_that_takes_connections_and_says_nothing_leaves_no_ssh_behind() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::sftp(place.path());
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let shop = shop_with(&[servers::sftp_section("box", &server, place.path())]);
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let port = mute.local_addr().unwrap().port().to_string();
    let settings = settings.replace(&server.address.port().to_string(), &port);
    fs::write(shop.path("agent.toml"), settings).unwrap();
    let base = place.path().join("base");
    let listed = agent(&shop, &base, &["list"]).output().unwrap();
    assert_eq!(listed.status.code(), Some(1), "{}", stderr(&listed));
    until("no ssh is left", || !is_named_by_a_process(&base));
}
