//! A shop that is backed up for real: a database that is being written, the agent's binary, real gpg, folders as
//! remotes. Everything lies in one temporary folder.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use rusqlite::Connection;
use serde_json::Value;

/// Planted in the database and in the files; must be readable nowhere on a remote.
pub const CANARY: &str = "canary-netflix1@mail:hunter2";
pub const PASSPHRASE: &str = "a passphrase with spaces";
/// Restores into the folder `back` with the owner's key.
pub const RESTORE: [&str; 6] = [
    "restore",
    "--key",
    "kit/owner.secret.asc",
    "--yes",
    "--to",
    "back",
];
/// Where Debian puts what sets the clock of one program.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// The agent under test; for a measurement `scripts/soak` names one that was built for speed.
pub fn program() -> PathBuf {
    std::env::var_os("WARUNG_AGENT").map_or_else(|| env!("CARGO_BIN_EXE_agent").into(), PathBuf::from)
}

/// One check at a time.
static CHECK: Mutex<()> = Mutex::new(());

pub struct Shop {
    pub dir: tempfile::TempDir,
    gpg_home: tempfile::TempDir,
}

/// The line of agent.toml that names a Telegram which knows every token and chat, and takes no message.
pub fn telegram_line() -> String {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    let address = ADDRESS.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || listener.incoming().flatten().for_each(answer_as_telegram));
        address
    });
    format!("api_url = \"http://{address}\"")
}

/// In its place, where nothing listens.
pub const NO_TELEGRAM: &str = "api_url = \"http://127.0.0.1:9\"";

fn answer_as_telegram(stream: TcpStream) {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(&stream);
        let (mut first, mut length) = (String::new(), 0);
        reader.read_line(&mut first).unwrap();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                break;
            }
            if let Some(told) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = told.trim().parse().unwrap();
            }
        }
        // What is closed with something unread in it is a reset.
        let _ = reader.read_exact(&mut vec![0; length]);
        let (status, body) = if first.contains("/getChat ") {
            ("200 OK", r#"{"ok":true,"result":{"id":1,"type":"private"}}"#)
        } else {
            ("429 Wait", r#"{"ok":false,"parameters":{"retry_after":3600}}"#)
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = (&stream).write_all(head.as_bytes());
    });
}

/// The same into another folder; `more` chooses what.
pub fn restoring<'a>(folder: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let (into, _) = RESTORE.split_at(RESTORE.len() - 1);
    [into, &[folder], more].concat()
}

/// The environment of a program whose clock is set by this much, such as `+5d`; `None` where that cannot be done.
pub fn clock_set(by: &str) -> Option<[(&'static str, &str); 3]> {
    if !Path::new(FAKETIME).exists() {
        eprintln!("NOT RUN: libfaketime is not installed; scripts/setup --tests does it");
        return None;
    }
    Some([
        ("LD_PRELOAD", FAKETIME),
        ("FAKETIME", by),
        ("DONT_FAKE_MONOTONIC", "1"),
    ])
}

/// The same of one whose clock goes by what stands in this file, also while it runs.
pub fn clock_in(file: &Path) -> Option<[(&'static str, String); 4]> {
    let [preload, _, monotonic] = clock_set("")?;
    let owned = |(name, value): (&'static str, &str)| (name, value.to_owned());
    Some([
        owned(preload),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        owned(("FAKETIME_NO_CACHE", "1")),
        owned(monotonic),
    ])
}

impl Shop {
    /// With an owner's key made by `agent key new`, and two remotes.
    pub fn new() -> Self {
        let shop = Self::without_key();
        fs::create_dir(shop.path("kit")).unwrap();
        for file in files_under(made_kit()) {
            fs::copy(&file, shop.path("kit").join(file.file_name().unwrap())).unwrap();
        }
        shop.use_certificate("kit/owner.asc");
        shop
    }

    pub fn without_key() -> Self {
        let shop = Self {
            dir: tempfile::tempdir().unwrap(),
            gpg_home: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(shop.path("live")).unwrap();
        fs::create_dir_all(shop.path("etc")).unwrap();
        fs::write(shop.path("etc/.env"), format!("DATA_KEY={CANARY}\n")).unwrap();
        fs::write(shop.path(".env"), "OWNER_BOT_TOKEN=1:token\n").unwrap();
        let database = Connection::open(shop.database()).unwrap();
        database.pragma_update(None, "journal_mode", "WAL").unwrap();
        database
            .execute_batch("CREATE TABLE item (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")
            .unwrap();
        database
            .execute("INSERT INTO item (text) VALUES (?1)", [CANARY])
            .unwrap();
        shop
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn database(&self) -> PathBuf {
        self.path("live/shop.db")
    }

    pub fn use_certificate(&self, certificate: &str) {
        let text = format!(
            "[owner]\nchat_ids = [1]\n{}\n[backup]\ndatabase = \"live/shop.db\"\nfiles = [\"etc\"]\nrecipients = [\"{certificate}\"]\n\
             [remotes.local]\ntype = \"fs\"\nroot = \"local\"\n[remotes.offsite]\ntype = \"fs\"\nroot = \"offsite\"\n\
             [state]\ndir = \"state\"\n",
            telegram_line()
        );
        fs::write(self.path("agent.toml"), text).unwrap();
    }

    /// Runs the program in the shop's folder with its configuration, as a script would: without a terminal.
    pub fn agent(&self, arguments: &[&str]) -> Output {
        self.agent_with_passphrase(arguments, PASSPHRASE)
    }

    pub fn agent_with_passphrase(&self, arguments: &[&str], passphrase: &str) -> Output {
        // A check takes the agent's address for a moment, which is the same one wherever nobody names another.
        let is_check = arguments.first() == Some(&"check");
        let _turn = is_check.then(|| CHECK.lock().unwrap_or_else(PoisonError::into_inner));
        self.command(arguments)
            .env("OWNER_KEY_PASSPHRASE", passphrase)
            .output()
            .unwrap()
    }

    /// The program, ready to be started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .arg("--config")
            .arg(self.path("agent.toml"))
            .current_dir(self.dir.path())
            .env("OWNER_KEY_PASSPHRASE", PASSPHRASE)
            .env_remove("OWNER_BOT_TOKEN")
            .stdin(Stdio::null());
        command
    }

    /// Rows that nothing can compress, for a backup that takes a while.
    pub fn fill(&self, kibibytes: u32) {
        let fill = format!(
            "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < {kibibytes})
             INSERT INTO item (text) SELECT hex(randomblob(512)) FROM n"
        );
        Connection::open(self.database())
            .unwrap()
            .execute_batch(&fill)
            .unwrap();
    }

    /// The same, and it must succeed.
    pub fn agent_done(&self, arguments: &[&str]) -> String {
        let output = self.agent(arguments);
        assert!(
            output.status.success(),
            "agent {arguments:?}: {}",
            stderr(&output)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Restores into a folder of this name with the owner's key; `more` chooses what. Gives what was printed.
    pub fn restore_to(&self, folder: &str, more: &[&str]) -> String {
        self.agent_done(&restoring(folder, more))
    }

    /// What lay in the place of another database comes only by the command that the refusal names for it. Gives what that
    /// refusal said.
    pub fn restore_other_to(&self, folder: &str, more: &[&str]) -> String {
        let said = self.agent_refuses(1, &restoring(folder, more));
        assert!(said.contains("is another database than before"), "{said}");
        let (_, chain) = said.trim_end().rsplit_once(" --chain ").unwrap();
        let named = more.iter().filter(|word| **word != "--latest").copied();
        self.restore_to(folder, &named.chain(["--chain", chain]).collect::<Vec<_>>());
        said
    }

    /// The same, and it must end with this code; what it said.
    pub fn agent_refuses(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.agent(arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "agent {arguments:?}: {}",
            stderr(&output)
        );
        stderr(&output)
    }

    /// Takes a backup and returns how `agent list` shows it.
    pub fn back_up(&self) -> Value {
        let start = std::time::Instant::now();
        loop {
            let output = self.agent(&["backup"]);
            // The agent that runs may just be taking one by itself.
            let is_busy = stderr(&output).contains("another backup is being taken");
            if is_busy && start.elapsed() < crate::world::LIMIT {
                std::thread::sleep(std::time::Duration::from_millis(50));
                continue;
            }
            assert!(output.status.success(), "agent backup: {}", stderr(&output));
            // One that the running agent has just put there may not be written down yet.
            let mut listed = self.listed();
            let newest = listed.iter().position(|point| !point["commit"].is_null());
            return listed.remove(newest.unwrap_or_default());
        }
    }

    pub fn listed(&self) -> Vec<Value> {
        let json: Value = serde_json::from_str(&self.agent_done(&["list", "--json"])).unwrap();
        json["restore_points"].as_array().unwrap().clone()
    }

    pub fn gpg(&self, arguments: &[&str]) -> Output {
        Command::new("gpg")
            .env("GNUPGHOME", self.gpg_home.path())
            .args([
                "--batch",
                "--yes",
                "--quiet",
                "--pinentry-mode",
                "loopback",
                "--passphrase",
                PASSPHRASE,
            ])
            .args(arguments)
            .current_dir(self.dir.path())
            .output()
            .unwrap()
    }

    pub fn gpg_done(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.gpg(arguments);
        assert!(output.status.success(), "gpg {arguments:?}: {}", stderr(&output));
        output.stdout
    }

    /// What a person by hand does first: the owner's key, and the certificate of whoever signed.
    pub fn import_keys(&self, remote: &str) {
        self.gpg_done(&["--import", "kit/owner.secret.asc"]);
        self.import_signers(remote);
    }

    fn import_signers(&self, remote: &str) {
        for certificate in files_under(&self.path(remote).join("cert")) {
            self.gpg_done(&["--import", certificate.to_str().unwrap()]);
        }
    }

    /// One object on a remote through `gpg --decrypt` and `zstd -d`.
    pub fn open_by_hand(&self, remote: &str, object: &str) -> Vec<u8> {
        // Without the certificate gpg gives the plain bytes too, and ends with 2.
        self.import_signers(remote);
        let sealed = self.path(remote).join(object);
        fs::write(
            self.path("by-hand.zst"),
            self.gpg_done(&["--decrypt", sealed.to_str().unwrap()]),
        )
        .unwrap();
        let output = Command::new("zstd")
            .args(["-d", "-c"])
            .arg(self.path("by-hand.zst"))
            .output()
            .unwrap();
        assert!(output.status.success(), "zstd: {}", stderr(&output));
        output.stdout
    }

    /// Every file under the shop's live folder with what tells its contents: to see that nothing was touched.
    pub fn live_state(&self) -> Vec<(PathBuf, u64)> {
        let digest = |path: &PathBuf| {
            let mut hasher = DefaultHasher::new();
            fs::read(path).unwrap().hash(&mut hasher);
            hasher.finish()
        };
        files_under(&self.path("live"))
            .into_iter()
            .map(|path| (path.clone(), digest(&path)))
            .collect()
    }

    /// Writes into the database in its own thread, a commit at a time, until dropped.
    pub fn keep_writing(&self) -> Writer {
        let (stop, database) = (Arc::new(AtomicBool::new(false)), self.database());
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let connection = Connection::open(database).unwrap();
            connection
                .busy_timeout(std::time::Duration::from_secs(5))
                .unwrap();
            let mut count = 0;
            while !stopped.load(Ordering::Relaxed) {
                connection
                    .execute("INSERT INTO item (text) VALUES (hex(randomblob(2000)))", [])
                    .unwrap();
                count += 1;
            }
            count
        });
        Writer {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .env("GNUPGHOME", self.gpg_home.path())
            .args(["--kill", "gpg-agent"])
            .status();
    }
}

/// A key takes a second to make: one serves every test of this program.
fn made_kit() -> &'static Path {
    static KIT: OnceLock<tempfile::TempDir> = OnceLock::new();
    let dir = KIT.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let made = Command::new(env!("CARGO_BIN_EXE_agent"))
            .args(["key", "new", "--out", ".", "--config", "none.toml"])
            .current_dir(dir.path())
            .env("OWNER_KEY_PASSPHRASE", PASSPHRASE)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", stderr(&made));
        dir
    });
    dir.path()
}

/// Sends a signal by its name.
pub fn signal(process: u32, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &process.to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

pub struct Writer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<u64>>,
}

impl Writer {
    /// How many commits there were.
    pub fn stop(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn integrity_of(database: &Path) -> String {
    let output = Command::new("sqlite3")
        .arg(database)
        .arg("PRAGMA integrity_check")
        .output()
        .unwrap();
    assert!(output.status.success(), "sqlite3: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub fn count_items(database: &Path) -> i64 {
    Connection::open(database)
        .unwrap()
        .query_row("SELECT count(*) FROM item", [], |row| row.get(0))
        .unwrap()
}

/// Every file but the mark by which the agent knows a folder again.
pub fn files_under(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        // One that vanished meanwhile is not there.
        let Ok(entry) = entry else { continue };
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_under(&path))
        } else if !path.ends_with(".warung-remote") {
            found.push(path)
        }
    }
    found.sort();
    found
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
