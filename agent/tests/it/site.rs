//! A shop with its running agent and a remote that is far away, and the other machine on which the owner brings it back.
//! It judges nothing: that is the tests' own.

use std::{
    env, fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rusqlite::Connection;

use crate::{
    capture_rig::bot,
    far_remote::Line,
    running::NEVER,
    servers::{self, Server},
    shop::{PASSPHRASE, Shop, program, stderr},
};

/// Of one byte in one direction: a round trip is twice this.
const ONE_WAY: Duration = Duration::from_millis(50);
const LIMIT: Duration = Duration::from_secs(60);

/// A process that does not outlive its test, however that ends.
pub struct Process(pub Child);

impl Process {
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Ends it without a word, or finds it ended.
    pub fn burn(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.burn();
    }
}

/// A shop with its agent, and a remote on the other side of the line.
pub struct Site {
    pub shop: Shop,
    pub line: Line,
    port: u16,
    _server: Server,
}

impl Site {
    pub fn new() -> Self {
        let shop = Shop::new();
        let server = servers::s3(shop.dir.path());
        let line = Line::to(server.address, ONE_WAY);
        let port = free_port();
        let far = servers::s3_section("far", line.address);
        let near = servers::s3_section("far", server.address);
        // As the owner has it on another machine: it reaches the remote by itself and knows nothing of this one.
        for (name, state, section) in [
            ("agent.toml", "state", &far),
            ("other.toml", "other-state", &near),
        ] {
            let text = format!(
                "[owner]\nchat_ids = [1]\napi_url = \"http://127.0.0.1:9\"\n[http]\nprivate = \"127.0.0.1:{port}\"\n\
                 [backup]\ndatabase = \"live/shop.db\"\nfiles = [\"etc\"]\nrecipients = [\"kit/owner.asc\"]\n\
                 snapshot = \"{NEVER}\"\ndelta = \"{NEVER}\"\n[drill]\nschedule = \"{NEVER}\"\n\
                 [state]\ndir = \"{state}\"\n{}",
                section.text
            );
            fs::write(shop.path(name), text).unwrap();
        }
        let secrets = far
            .variables
            .iter()
            .map(|(name, value)| format!("{name}={value}\n"));
        let text: String = ["OWNER_BOT_TOKEN=1:token\n".to_owned()]
            .into_iter()
            .chain(secrets)
            .collect();
        fs::write(shop.path(".env"), text).unwrap();
        bot(&shop.database())
            .execute_batch("CREATE TABLE sale (n INTEGER PRIMARY KEY, what TEXT NOT NULL) STRICT")
            .unwrap();
        Self {
            shop,
            line,
            port,
            _server: server,
        }
    }

    pub fn start_agent(&self) -> Process {
        let child = self
            .shop
            .command(&["run"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Process(child.unwrap())
    }

    /// A chain is worth something from its first full backup on.
    pub fn back_up_first(&self) {
        self.wait_for("/rest");
        self.shop.agent_done(&["backup"]);
        self.wait_until_durable();
    }

    pub fn wait_until_durable(&self) {
        self.wait_for("/durable");
    }

    fn wait_for(&self, path: &str) {
        let start = Instant::now();
        while !answers(self.port, path) {
            assert!(start.elapsed() < LIMIT, "{path} was not answered with 200");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the remote alone gives back, in a new folder.
    pub fn rescue(&self, to: &str, until: &[&str]) -> Connection {
        let output = Command::new(program())
            .args(["restore", "--key", "kit/owner.secret.asc", "--yes", "--to", to])
            .args(["--config", "other.toml"])
            .args(until)
            .current_dir(self.shop.dir.path())
            .env("OWNER_KEY_PASSPHRASE", PASSPHRASE)
            .env_remove("OWNER_BOT_TOKEN")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        Connection::open(self.shop.path(to).join("shop.db")).unwrap()
    }
}

/// A number from the environment, by which `scripts/soak` makes a test long.
pub fn wanted(variable: &str, otherwise: usize) -> usize {
    env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

pub fn millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

fn free_port() -> u16 {
    let address: SocketAddr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    address.port()
}

fn answers(port: u16, path: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let asked = write!(stream, "GET {path} HTTP/1.0\r\n\r\n");
    let mut answer = String::new();
    asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.0 200")
}
