//! The real `agent run` over a shop of the tests, asked on its private address and killed without a word in the end.
//! It judges nothing: that is the tests' own.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{Read, Seek, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    shop::{NO_TELEGRAM, Shop, telegram_line},
    world::LIMIT,
};

/// A time of cron's, with seconds and a year, that does not come.
pub const NEVER: &str = "0 0 0 1 1 * 2099";

/// The agent at work on a port of its own; killed without a word in the end.
pub struct Running {
    child: Child,
    port: u16,
    /// What it says of itself.
    log: File,
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
            let settings = settings.replace(&telegram_line(), NO_TELEGRAM).replace(
                "[backup]",
                "[http]\nprivate = \"127.0.0.1:0\"\n[backup]\nsync = \"100ms\"",
            );
            fs::write(shop.path("agent.toml"), settings).unwrap();
        }
        keep_schedules_quiet(shop);
        let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
        let line = settings.lines().find(|line| line.starts_with("private")).unwrap();
        let settings = settings.replace(line, &format!("private = \"127.0.0.1:{port}\""));
        fs::write(shop.path("agent.toml"), settings).unwrap();
        let log = tempfile::tempfile().unwrap();
        let child = shop
            .command(&["run"])
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(log.try_clone().unwrap())
            .spawn()
            .unwrap();
        Self { child, port, log }
    }

    /// Asks until it is answered with 200.
    pub fn wait_for(&self, path: &str) {
        self.wait_long_for(path, LIMIT);
    }

    /// The same for what takes its time.
    pub fn wait_long_for(&self, path: &str, limit: Duration) {
        let start = Instant::now();
        while !self.answers(path) {
            assert!(start.elapsed() < limit, "{path} was not answered with 200");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn answers(&self, path: &str) -> bool {
        self.get(path).starts_with("HTTP/1.0 200")
    }

    /// The answer with its head; nothing when there is none.
    pub fn get(&self, path: &str) -> String {
        let mut answer = String::new();
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            // What did not come is missing in the answer.
            let _ = write!(
                stream,
                "GET {path} HTTP/1.0\r\nhost: 127.0.0.1:{}\r\n\r\n",
                self.port
            );
            let _ = stream.read_to_string(&mut answer);
        }
        answer
    }

    /// The most memory that it has held so far.
    pub fn memory_peak_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// It holds what it holds, and looks at nothing any more.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// It goes on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits until it has ended by itself, with a failure; what it said.
    pub fn ended(mut self) -> String {
        let start = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(start.elapsed() < LIMIT, "it has not ended"),
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!(status.code(), Some(1));
        let mut said = String::new();
        self.log.rewind().unwrap();
        self.log.read_to_string(&mut said).unwrap();
        said
    }

    pub fn burn(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A test runs at any hour: what the schedules would take at one of theirs is none of it, unless it sets them itself.
fn keep_schedules_quiet(shop: &Shop) {
    let mut settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    for (section, key) in [("backup", "snapshot"), ("backup", "delta"), ("drill", "schedule")] {
        let head = format!("[{section}]\n");
        if !settings.contains(&head) {
            settings += &format!("\n{head}");
        }
        if !settings.lines().any(|line| line.starts_with(&format!("{key} ="))) {
            settings = settings.replace(&head, &format!("{head}{key} = \"{NEVER}\"\n"));
        }
    }
    fs::write(shop.path("agent.toml"), settings).unwrap();
}

/// Also when a test has failed: nobody else would end it.
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let mut said = Vec::new();
            let _ = self.log.rewind();
            let _ = self.log.read_to_end(&mut said);
            println!("what the agent said:\n{}", String::from_utf8_lossy(&said));
        }
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
