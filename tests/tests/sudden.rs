//! What happens from one moment to the next, and how soon the owner knows: a crash, a hang, the loss of many things at
//! once and of the whole server, by what the pretend Telegram and the pretend outside check recorded.
//! `WARUNG_CRASHES` says how many crashes; a run that says so is held to the promises.

use std::{
    env, fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    thread::{self, sleep},
    time::{Duration, SystemTime},
};

use jiff::Timestamp;
use tests::{progress::Progress, sandbox::OWNER_BOT, settings::OWNER, shop::Shop, wait::until};

use crate::shelves::stocked;

const CRASHES: usize = 3;
/// The promise, for a machine that has nothing else to do.
const MEDIAN: Duration = Duration::from_secs(1);
const WORST: Duration = Duration::from_secs(2);
/// For a machine that runs other tests.
const GENEROUS: Duration = Duration::from_secs(20);
/// Telegram takes about one message a second in a chat: without this pause its patience would be measured.
const BETWEEN: Duration = Duration::from_millis(1_200);
const DIED: &str = "Bot toko mati mendadak";
const RUNS: &str = "Bot toko berjalan lagi";
const HUNG: &str = "Bot toko tidak menjawab";
const GIVEN_UP: &str = "Bot macet dan tidak ada lagi yang memulai ulang";
const NOT_HUNG: &str = "Bot tidak macet lagi";
const BACK: &str = "Bot toko menjawab lagi";
const FAILED: &str = "Cadangan gagal";
const WORKS: &str = "Cadangan berhasil lagi";
const HANG: Duration = Duration::from_secs(30);
/// From the loss of the server to the owner, by a service at the outside.
const HOST_LOST: Duration = Duration::from_secs(240);
/// An agent has sixteen remotes at most, two of which stand elsewhere. Thirty faults are had of logs.
const FAULTS: usize = 14;
/// As many logs as an agent watches, each with three faults when nobody rotates them.
const LOGS: usize = 10;
const LOG_FAULTS: usize = 3 * LOGS;

/// When Telegram took each message that says so.
fn arrivals(shop: &Shop, words: &str) -> Vec<SystemTime> {
    let filter = format!("api=telegram&bot={OWNER_BOT}&method=sendMessage");
    let record = shop.sandbox.whole_record(&filter).unwrap();
    let taken = record.iter().filter(|entry| {
        entry["code"] == 200
            && entry["params"]["text"]
                .as_str()
                .unwrap_or_default()
                .contains(words)
    });
    taken
        .map(|entry| entry["at"].as_str().unwrap().parse::<Timestamp>().unwrap().into())
        .collect()
}

/// From `kill -9` to the message, each time with an agent that has never seen a crash: each is a message that rings.
#[test]
fn a_crash_is_known_at_once() {
    let wanted = env::var("WARUNG_CRASHES")
        .ok()
        .map(|count| count.parse().unwrap());
    let crashes = wanted.unwrap_or(CRASHES);
    let mut progress = Progress::new("crashes", crashes);
    let mut shop = Shop::open(&stocked(1));
    let mut took = Vec::new();
    for crash in 0..crashes {
        shop.start_agent().unwrap();
        shop.wait_for_watch();
        let killed_at = SystemTime::now();
        shop.kill_bot();
        let told_at = until("the owner to hear of the crash", GENEROUS, || {
            arrivals(&shop, DIED).get(crash).copied()
        });
        took.push(told_at.duration_since(killed_at).unwrap());
        shop.stop_agent().unwrap();
        fs::remove_dir_all(shop.place.agent_state()).unwrap();
        shop.start_bot().unwrap();
        sleep(BETWEEN);
        progress.at(crash + 1, 0);
    }
    took.sort();
    let (median, worst) = (took[crashes / 2], took[crashes - 1]);
    println!(
        "soak: {crashes} crashes, the owner was told after {median:?} in the median and {worst:?} at worst"
    );
    if wanted.is_some() {
        assert!(median < MEDIAN && worst < WORST, "{took:?}");
    }
}

/// The last that the owner's chat shows.
fn last_word(shop: &Shop) -> Option<String> {
    let owner = shop.sandbox.chat(OWNER_BOT, OWNER);
    owner.messages().pop().map(|message| message.text)
}

/// From the moment until the last word of the chat begins so.
fn shown_after(shop: &Shop, since: SystemTime, begins: &str, and: &str) -> Duration {
    let shown = format!("the chat to say '{begins}' and '{and}'");
    until(&shown, GENEROUS, || {
        let text = last_word(shop)?;
        (text.starts_with(begins) && text.contains(and)).then_some(())
    });
    since.elapsed().unwrap()
}

/// Crash after crash under one agent, as fast as a bot comes back: each death and each return is the last word of the chat
/// at once, in three messages at most, of which the first two ring.
#[test]
fn each_crash_of_many_under_one_agent_is_known_at_once() {
    let wanted = env::var("WARUNG_CRASHES")
        .ok()
        .map(|count| count.parse().unwrap());
    let crashes: usize = wanted.unwrap_or(2 * CRASHES);
    let mut progress = Progress::new("crashes under one agent", crashes);
    let mut shop = Shop::open(&stocked(1));
    shop.start_agent().unwrap();
    shop.wait_for_watch();
    let (mut deaths, mut returns) = (Vec::new(), Vec::new());
    for crash in 1..=crashes {
        let times = match crash {
            1 => String::new(),
            count => format!("{count} kali sejak"),
        };
        let killed_at = SystemTime::now();
        shop.kill_bot();
        deaths.push(shown_after(&shop, killed_at, "🔴", &times));
        shop.start_bot().unwrap();
        let back_at = SystemTime::now();
        returns.push(shown_after(&shop, back_at, &format!("✅ {RUNS}"), &times));
        shop.wait_for_watch();
        progress.at(crash, 0);
    }
    deaths.sort();
    returns.sort();
    let told = arrivals(&shop, DIED).len();
    println!(
        "soak: {crashes} crashes under one agent in {told} messages; the chat said each after {:?} in the median and {:?} at worst, and that it runs again after {:?} and {:?}",
        deaths[crashes / 2],
        deaths[crashes - 1],
        returns[crashes / 2],
        returns[crashes - 1]
    );
    assert!(told <= 3);
    if wanted.is_some() {
        assert!(
            deaths[crashes / 2] < MEDIAN && deaths[crashes - 1] < WORST,
            "{deaths:?}"
        );
    }
}

/// A check at the outside, as healthchecks.io keeps one and with what the documents advise: it speaks for itself when it
/// hears nothing any more.
struct Check {
    address: SocketAddr,
    pings: Arc<Mutex<Vec<(SystemTime, String)>>>,
}

impl Check {
    const PERIOD: Duration = Duration::from_secs(60);
    const GRACE: Duration = Duration::from_secs(120);

    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let check = Self {
            address: listener.local_addr().unwrap(),
            pings: Arc::default(),
        };
        let pings = Arc::clone(&check.pings);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = [0; 4_096];
                let length = stream.read(&mut request).unwrap_or(0);
                let line = String::from_utf8_lossy(&request[..length]);
                let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                pings.lock().unwrap().push((SystemTime::now(), path));
                // Whoever does not wait any longer is no fault.
                drop(
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nOK"),
                );
            }
        });
        check
    }

    fn pings(&self) -> Vec<(SystemTime, String)> {
        self.pings.lock().unwrap().clone()
    }

    /// When it tells the owner by itself, given what it has heard.
    fn alarms_at(&self) -> SystemTime {
        self.pings().last().expect("it was pinged").0 + Self::PERIOD + Self::GRACE
    }
}

/// What is at the end of that path becomes a file, or a folder again.
fn lose(shelf: &Path) {
    fs::rename(shelf, shelf.with_extension("lost")).unwrap();
    fs::write(shelf, "").unwrap();
}

fn find_again(shelf: &Path) {
    fs::remove_file(shelf).unwrap();
    fs::rename(shelf.with_extension("lost"), shelf).unwrap();
}

/// Signals a process by its number.
fn signal(process: u32, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &process.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Rotates all of them for real.
fn rotate(folder: &Path) {
    let (configuration, status) = (folder.join("rotate.conf"), folder.join("status"));
    let words = "rotate 1\nnocompress\ncreate";
    fs::write(
        &configuration,
        format!("{}/*.log {{\n{words}\n}}\n", folder.display()),
    )
    .unwrap();
    fs::set_permissions(&configuration, fs::Permissions::from_mode(0o644)).unwrap();
    let done = Command::new("logrotate")
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .args(["--force", "--state"])
        .args([&status, &configuration])
        .output()
        .expect("logrotate is installed: scripts/setup --tests does it");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// How many faults a message names or counts.
fn told_in(shown: &str) -> usize {
    let named = shown
        .lines()
        .filter(|line| line.starts_with(['🟡', '🔴']))
        .count();
    let more = shown
        .lines()
        .find_map(|line| line.strip_prefix('+')?.parse::<usize>().ok());
    named + more.unwrap_or(0)
}

/// Nobody runs logrotate: every log is too long, is overdue, and has old files that nobody deletes.
#[test]
fn thirty_faults_with_one_root_are_one_message_that_changes_in_place_until_they_are_over() {
    let mut shop = Shop::open(&stocked(1));
    // The bot's own log is not the question: without a folder for it the bot has none.
    shop.stop_bot().unwrap();
    let bot_toml = fs::read_to_string(shop.place.bot_toml()).unwrap();
    let logs = format!("[logs]\ndir = \"{}\"\n", shop.place.bot_logs().display());
    assert!(bot_toml.contains(&logs), "{bot_toml}");
    fs::write(shop.place.bot_toml(), bot_toml.replace(&logs, "")).unwrap();
    shop.start_bot().unwrap();
    let folder = shop.place.join("aged");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let mut files = Vec::new();
    for number in 0..LOGS {
        let log = folder.join(format!("{number}.log"));
        fs::write(&log, "the same line again and again\n".repeat(60_000)).unwrap();
        for old in ["log.1", "log.2"] {
            fs::write(log.with_extension(old), "an old line\n").unwrap();
        }
        files.push(format!("\"{}\"", log.display()));
    }
    let mut toml = fs::read_to_string(shop.place.agent_toml()).unwrap();
    toml += &format!(
        "\n[watch.logs]\nfiles = [{}]\nperiod = \"2s\"\nevery = \"500ms\"\nsize_mib = 1\nkeep = 1\ncompress = false\n",
        files.join(", ")
    );
    fs::write(shop.place.agent_toml(), toml).unwrap();
    shop.start_agent().unwrap();
    let owner = shop.sandbox.chat(OWNER_BOT, OWNER);
    until("the owner to read of all of it", 6 * GENEROUS, || {
        let shown = owner.newest_that_says("/aged/")?;
        (told_in(&shown) == LOG_FAULTS).then_some(())
    });
    rotate(&folder);
    let all_over = format!("Semua {LOG_FAULTS} masalah");
    until("the owner to read that it is over", 3 * GENEROUS, || {
        owner.newest_that_says(&all_over).map(drop)
    });
    assert_eq!(arrivals(&shop, "/aged/").len(), 1);
    let edits = shop
        .sandbox
        .whole_record(&format!("api=telegram&bot={OWNER_BOT}&method=editMessageText"))
        .unwrap();
    assert!((2..=3).contains(&edits.len()), "{edits:?}");
}

/// One agent and many remotes on one shelf: the bot hangs, the shelf is lost, and at last the whole server.
#[test]
fn a_hang_many_faults_with_one_root_and_the_loss_of_the_server_are_each_known_in_time() {
    let measured = env::var_os("WARUNG_CRASHES").is_some();
    let (mut shop, check) = (Shop::open(&stocked(1)), Check::start());
    let shelf = shop.place.join("shelf");
    let mut toml = fs::read_to_string(shop.place.agent_toml()).unwrap();
    for number in 1..=FAULTS {
        let folder = shelf.join(number.to_string());
        toml += &format!(
            "\n[remotes.r{number:02}]\ntype = \"fs\"\nroot = \"{}\"\n",
            folder.display()
        );
        fs::create_dir_all(folder).unwrap();
    }
    toml += &format!("\n[heartbeat]\nurl = \"http://{}/check\"\n", check.address);
    fs::write(shop.place.agent_toml(), toml).unwrap();
    let started_at = SystemTime::now();
    shop.start_agent().unwrap();
    shop.wait_for_watch();

    let owner = shop.sandbox.chat(OWNER_BOT, OWNER);
    let bot = shop.bot_id().unwrap();
    let stopped_at = SystemTime::now();
    signal(bot, "STOP");
    let told_at = until("the owner to hear of the hang", 3 * GENEROUS, || {
        arrivals(&shop, HUNG).first().copied()
    });
    let hang = told_at.duration_since(stopped_at).unwrap();
    signal(bot, "CONT");
    until("the owner to hear that it goes on", 3 * GENEROUS, || {
        owner.newest_that_says(BACK).map(drop)
    });

    let backup = |part: &str| {
        let before = owner.messages().len();
        owner.say("/backup").unwrap();
        until("the backup to have ended", 3 * GENEROUS, || {
            owner
                .messages()
                .iter()
                .skip(before)
                .find(|message| message.text.contains(part))
                .map(drop)
        });
    };
    lose(&shelf);
    backup("Cadangan");
    let faults = until("the owner to read of all of it", 6 * GENEROUS, || {
        let shown = owner.newest_that_says(FAILED)?;
        (told_in(&shown) == FAULTS).then_some(shown)
    });
    find_again(&shelf);
    owner.say("/backup").unwrap();
    until("the owner to read that it is over", 6 * GENEROUS, || {
        owner.newest_that_says(WORKS).map(drop)
    });
    let told = arrivals(&shop, FAILED).len();
    assert_eq!(told, 1, "{faults}");
    let record = shop
        .sandbox
        .whole_record(&format!("api=telegram&bot={OWNER_BOT}&method=editMessageText"))
        .unwrap();
    let edits = record
        .iter()
        .filter(|entry| {
            entry["params"]["text"]
                .as_str()
                .unwrap_or_default()
                .contains(FAILED)
        })
        .count();
    assert!((1..=3).contains(&edits), "{edits} edits");

    // Everything is lost at once; the outside has heard the agent until then.
    let wanted = if measured { 3 } else { 1 };
    until("the outside to be told that all is well", 10 * GENEROUS, || {
        (check.pings().iter().filter(|ping| ping.1 == "/check").count() >= wanted).then_some(())
    });
    let lost_at = SystemTime::now();
    shop.kill_agent();
    shop.kill_bot();
    let blind = check.alarms_at().duration_since(lost_at).unwrap();
    let pings: Vec<SystemTime> = [started_at]
        .into_iter()
        .chain(check.pings().into_iter().map(|ping| ping.0))
        .collect();
    let longest = pings
        .windows(2)
        .map(|pair| pair[1].duration_since(pair[0]).unwrap())
        .max()
        .unwrap();
    println!(
        "soak: a hang was told after {hang:?}; {FAULTS} faults in {told} messages and {edits} edits; pings at most {longest:?} apart; the loss of everything would be told after {blind:?}"
    );
    assert!(blind < HOST_LOST);
    assert!(hang < if measured { HANG } else { 3 * HANG });
    // One that is late by less than the grace is no alarm.
    assert!(longest < Check::PERIOD + Check::GRACE / if measured { 10 } else { 2 });
}

/// The rule that the status names for the bot, and whether it says that the owner was told of it.
fn bot_alert(shop: &Shop) -> (String, bool) {
    let said = shop.agent_command(&["status", "--json"]).output().unwrap();
    let status: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    let alerts = status["alerts"].as_array().unwrap();
    let alert = alerts.iter().find(|alert| alert["key"] == "bot/bot").unwrap();
    (
        alert["rule"].as_str().unwrap().to_owned(),
        alert["told"].as_bool().unwrap(),
    )
}

/// The restarts of the agent's that fail are written into its books: without systemd each takes a minute.
#[test]
fn a_bot_that_hung_until_nobody_restarts_it_and_then_died_is_dead_until_it_answers() {
    let mut shop = Shop::open(&stocked(1));
    shop.start_agent().unwrap();
    shop.wait_for_watch();
    let owner = shop.sandbox.chat(OWNER_BOT, OWNER);
    signal(shop.bot_id().unwrap(), "STOP");
    until("the owner to hear of the hang", 3 * GENEROUS, || {
        owner.newest_that_says(HUNG).map(drop)
    });
    let books = rusqlite::Connection::open(shop.place.agent_state().join("agent.db")).unwrap();
    books.busy_timeout(GENEROUS).unwrap();
    let now_ms = Timestamp::now().as_millisecond();
    for seconds_ago in [300, 200, 100] {
        books
            .execute(
                "INSERT INTO bot_restarts (at, failed) VALUES (?1, 'starting systemctl')",
                [now_ms - seconds_ago * 1_000],
            )
            .unwrap();
    }
    let given_up = until("the owner to hear that nobody restarts it", 3 * GENEROUS, || {
        owner.newest_that_says(GIVEN_UP)
    });
    assert!(
        given_up.contains("yang gagal: 3. Sebabnya: starting systemctl"),
        "{given_up}"
    );
    shop.kill_bot();
    let died = until("the message to say that it died", GENEROUS, || {
        owner.newest_that_says(DIED)
    });
    assert!(!died.contains(GIVEN_UP) && !died.contains('✅'), "{died}");
    assert_eq!(bot_alert(&shop), ("bot_gone".to_owned(), true));
    // The agent looks for a hung bot every ten seconds: it has looked by then, and the clock has ticked.
    let until_later = SystemTime::now() + Duration::from_secs(12);
    while SystemTime::now() < until_later {
        let texts: Vec<String> = owner.messages().into_iter().map(|message| message.text).collect();
        assert!(!texts.iter().any(|text| text.contains('✅')), "{texts:?}");
        sleep(BETWEEN);
    }
    assert_eq!(arrivals(&shop, HUNG).len() + arrivals(&shop, GIVEN_UP).len(), 2);
    shop.start_bot().unwrap();
    until("the owner to read that it answers", 3 * GENEROUS, || {
        owner.newest_that_says(NOT_HUNG).map(drop)
    });
}
