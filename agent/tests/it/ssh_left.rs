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
    shop::{Shop, stderr},
    site::Process,
};

const LIMIT: Duration = Duration::from_secs(60);

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
    let quiet = "[owner]\napi_url = \"http://127.0.0.1:9\"\n";
    let private = "[http]\nprivate = \"127.0.0.1:0\"\n[state]";
    let settings = settings.replace("[owner]\n", quiet).replace("[state]", private);
    fs::write(shop.path("agent.toml"), settings).unwrap();
    let base = place.path().join("base");
    let other = base.join("ssh-other/.ssh-connection1/master");
    foreign(&place.path().join("ssh/user"), server.address.port(), &other);

    let mut killed = Process(
        agent(&shop, &base, &["run"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let begun = Instant::now();
    let mine = || {
        sockets(&base)
            .into_iter()
            .find(|socket| *socket != other && lives(socket))
    };
    let left = loop {
        if let Some(socket) = mine() {
            break socket;
        }
        assert!(begun.elapsed() < LIMIT, "the agent opened no connection");
        std::thread::sleep(Duration::from_millis(20));
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
    assert_eq!(
        sockets(&base),
        std::slice::from_ref(&other),
        "folders of agents are gone"
    );
    assert!(lives(&other));
    let ended = Command::new("ssh")
        .arg("-S")
        .arg(&other)
        .args(["-O", "exit", "nobody"])
        .stderr(Stdio::null())
        .status();
    assert!(ended.unwrap().success());
}
