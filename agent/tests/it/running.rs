//! The real `agent run` over a shop of the tests, asked on its private address and killed without a word in the end.
//! It judges nothing: that is the tests' own.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use crate::{shop::Shop, world::LIMIT};

/// The agent at work on a port of its own; killed without a word in the end.
pub struct Running {
    child: Child,
    port: u16,
}

impl Running {
    pub fn start(shop: &Shop) -> Self {
        Self::start_with(shop, &[])
    }

    /// The same with these variables.
    pub fn start_with(shop: &Shop, variables: &[(&str, &str)]) -> Self {
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
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, port }
    }

    /// Asks until it is answered with 200.
    pub fn wait_for(&self, path: &str) {
        let start = Instant::now();
        while !self.answers(path) {
            assert!(start.elapsed() < LIMIT, "{path} was not answered with 200");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn answers(&self, path: &str) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return false;
        };
        let asked = write!(stream, "GET {path} HTTP/1.0\r\n\r\n");
        let mut answer = String::new();
        asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.0 200")
    }

    pub fn burn(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Also when a test has failed: nobody else would end it.
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Durable means on one of two folders, and the test burns one of them.
pub fn wait_until_both_hold_the_same(shop: &Shop) {
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
