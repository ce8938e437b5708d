//! Points and commits together, as they are in a shop that sells: a point stands on the chain that the running agent
//! captures, and what was durable when the server burnt comes back to the commit.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use rusqlite::Connection;

use crate::{
    shop::{Shop, count_items, integrity_of, text},
    world::LIMIT,
};

/// The agent at work on a port of its own; killed without a word in the end.
struct Running {
    child: Child,
    port: u16,
}

impl Running {
    fn start(shop: &Shop) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
        if !settings.contains("[http]") {
            let settings = settings
                .replace(
                    "chat_ids = [1]",
                    "chat_ids = [1]\napi_url = \"http://127.0.0.1:9\"",
                )
                .replace(
                    "[backup]",
                    "[http]\nprivate = \"127.0.0.1:0\"\n[backup]\nsync = \"100ms\"",
                );
            fs::write(shop.path("agent.toml"), settings).unwrap();
        }
        let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
        let line = settings.lines().find(|line| line.starts_with("private")).unwrap();
        let settings = settings.replace(line, &format!("private = \"127.0.0.1:{port}\""));
        fs::write(shop.path("agent.toml"), settings).unwrap();
        let child = shop
            .command(&["run"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, port }
    }

    /// Asks until it is answered with 200.
    fn wait_for(&self, path: &str) {
        let start = Instant::now();
        while !self.answers(path) {
            assert!(start.elapsed() < LIMIT, "{path} was not answered with 200");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn answers(&self, path: &str) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return false;
        };
        let asked = write!(stream, "GET {path} HTTP/1.0\r\n\r\n");
        let mut answer = String::new();
        asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.0 200")
    }

    fn burn(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Durable means on one of two folders, and the test burns one of them.
fn wait_until_both_hold_the_same(shop: &Shop) {
    let names = |remote: &str| -> BTreeSet<String> {
        let chains = fs::read_dir(shop.path(remote).join("segment"))
            .into_iter()
            .flatten();
        let files = chains.flat_map(|chain| fs::read_dir(chain.unwrap().path()).unwrap());
        files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".pgp"))
            .collect()
    };
    let start = Instant::now();
    while names("local") != names("offsite") {
        assert!(start.elapsed() < LIMIT, "one remote stays behind");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_was_durable_when_the_server_burnt_comes_back_to_the_commit() {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/live");
    agent.wait_for("/rest");
    let bot = Connection::open(shop.database()).unwrap();
    bot.busy_timeout(Duration::from_secs(5)).unwrap();
    let sell = |count: i64| {
        for _ in 0..count {
            bot.execute("INSERT INTO item (text) VALUES (hex(randomblob(200)))", [])
                .unwrap();
        }
    };
    sell(10);
    let writer = shop.keep_writing();
    let point = shop.back_up();
    let written = i64::try_from(writer.stop()).unwrap();
    sell(20);
    agent.wait_for("/durable");
    wait_until_both_hold_the_same(&shop);
    let all = 1 + 10 + written + 20;
    assert_eq!(count_items(&shop.database()), all);
    let before = fs::read_dir(shop.path("local/segment")).unwrap().count();
    assert_eq!(before, 1, "one chain");
    agent.burn();
    drop(bot);
    for lost in ["live", "state", "local"] {
        fs::remove_dir_all(shop.path(lost)).unwrap();
    }
    let restore = |to: &str, more: &[&str]| {
        let mut all = vec!["restore", "--key", "kit/owner.secret.asc", "--yes", "--to", to];
        all.extend(more);
        shop.agent_done(&all);
        let path = shop.path(to).join("shop.db");
        assert_eq!(integrity_of(&path), "ok");
        count_items(&path)
    };
    assert_eq!(restore("back", &[]), all);
    let commit = point["commit"].as_u64().unwrap();
    let at_point = restore("point", &["--point", text(&point["id"])]);
    for more in [0, 1, 7] {
        let number = (commit + more).to_string();
        let found = restore(&format!("c{more}"), &["--commit", &number]);
        assert_eq!(
            found,
            at_point + i64::try_from(more).unwrap(),
            "every commit is a row"
        );
    }
}

#[test]
fn a_chain_goes_on_over_a_restart_and_a_delta_stands_in_its_middle() {
    let shop = Shop::new();
    shop.fill(512);
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let full = shop.back_up();
    let sell = || {
        Connection::open(shop.database())
            .unwrap()
            .execute("INSERT INTO item (text) VALUES ('sold')", [])
            .unwrap()
    };
    sell();
    agent.wait_for("/durable");
    agent.burn();
    // Without an agent the chain is taken up for a moment.
    sell();
    shop.agent_done(&["backup", "--delta"]);
    let delta = shop.listed().remove(0);
    assert_eq!(
        (&delta["chain"], &delta["base"]),
        (&full["chain"], &full["id"]),
        "{delta}"
    );
    sell();
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    agent.burn();
    let expected = count_items(&shop.database());
    fs::remove_dir_all(shop.path("state")).unwrap();
    shop.agent_done(&[
        "restore",
        "--key",
        "kit/owner.secret.asc",
        "--yes",
        "--to",
        "back",
    ]);
    assert_eq!(count_items(&shop.path("back/shop.db")), expected);
    let from_full = (full["commit"].as_u64().unwrap() + 1).to_string();
    shop.agent_done(&[
        "restore",
        "--key",
        "kit/owner.secret.asc",
        "--yes",
        "--to",
        "one",
        "--commit",
        &from_full,
    ]);
    assert_eq!(count_items(&shop.path("one/shop.db")), expected - 2);
}
