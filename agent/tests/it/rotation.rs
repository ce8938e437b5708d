//! The eight ways in which rotation fails, each made for real, with `logrotate` where it can be its fault and by hand
//! elsewhere. Each must be noticed within two periods, and by its own name.

use std::{
    fs::{self, File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use agent::{
    alert::{
        engine::{self, Notice},
        rule::Rule,
        whose::Whose,
    },
    store::book::Book,
    watch::{
        bot_link::BotLink,
        logs::{Logs, Settings, judge::Plan},
        nudge::Nudge,
        probe::{At, Probe},
    },
};
use jiff::Timestamp;
use protocol::{
    health::{Health, LogFile},
    time::UnixMillis,
};
use tokio::sync::watch;

use crate::world::calendar;

const PERIOD: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A log that is watched, with an engine of its own.
struct Watched {
    dir: tempfile::TempDir,
    probe: Option<Logs>,
    said: watch::Sender<Option<Health>>,
    book: Book,
    told: Vec<Notice>,
    begun: Instant,
}

impl Watched {
    /// A log with a few lines in it, and nobody who holds it open.
    fn new() -> Self {
        Self::with_bot("http://127.0.0.1:9")
    }

    fn with_bot(url: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // logrotate refuses folders that others may write to.
        set_mode(dir.path(), 0o755);
        fs::write(dir.path().join("bot.log"), "a line\n".repeat(100)).unwrap();
        let said = watch::Sender::new(None);
        let settings = Settings {
            files: vec![dir.path().join("bot.log")],
            plan: Plan {
                period: PERIOD,
                size_bytes_max: 1_000_000,
                keep: 2,
                compress: true,
            },
            every: LOOK_EVERY,
            marker_every: LOOK_EVERY,
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().build().unwrap();
        let link = BotLink::new(client, url);
        let probe = Logs::new(
            settings,
            said.subscribe(),
            link,
            tokio::runtime::Handle::current(),
            Nudge::default(),
        );
        Self {
            dir,
            probe: Some(probe),
            said,
            book: Book::default(),
            told: Vec::new(),
            begun: Instant::now(),
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("bot.log")
    }

    fn append(&self, text: &str) {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.path())
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// One look, on a thread of its own as in the agent.
    async fn look(&mut self) {
        let mut probe = self.probe.take().unwrap();
        let at = At {
            now: UnixMillis(Timestamp::now().as_millisecond()),
            tick: Instant::now(),
        };
        let (probe, seen) = tokio::task::spawn_blocking(move || {
            let seen = probe.look(at);
            (probe, seen)
        })
        .await
        .unwrap();
        self.probe = Some(probe);
        for finding in seen.findings {
            if let Some(observation) = finding.verdict.counts() {
                let told = engine::observe(&mut self.book, &calendar(), &finding.key, observation, at.now);
                self.told.extend(told);
            }
        }
    }

    /// Whether the owner hears of this rule when everything stays as it is for so long.
    fn is_told_within(&mut self, wait: Duration, rule: Rule) -> bool {
        let now = UnixMillis(Timestamp::now().as_millisecond()).plus(wait);
        let due = engine::tick(&mut self.book, &calendar(), now);
        self.told.extend(due);
        let mut names = self.told.iter();
        names.any(|notice| notice.lead.rule == rule || notice.others.iter().any(|other| other.rule == rule))
    }

    /// Whose log the alert of this rule says that it is.
    fn whose(&self, rule: Rule) -> Option<Whose> {
        let mut rows = self.book.alerts.values();
        let row = rows.find(|row| row.rule == rule.name())?;
        Whose::of_detail(&row.detail, "bot.service").1
    }

    /// Which rules stand now.
    fn standing(&self) -> Vec<&str> {
        let rows = self.book.alerts.values();
        rows.filter(|row| row.episode.is_some())
            .map(|row| row.rule.as_str())
            .collect()
    }

    /// Looks until this rule stands, for two periods at most; nothing else may stand then.
    async fn expect(&mut self, rule: Rule) {
        let made = Instant::now();
        while !self.standing().contains(&rule.name()) {
            assert!(
                made.elapsed() < 2 * PERIOD,
                "{} was not noticed, but {:?}",
                rule.name(),
                self.standing()
            );
            tokio::time::sleep(LOOK_EVERY).await;
            self.look().await;
        }
        assert_eq!(self.standing(), [rule.name()]);
        println!(
            "{}: after {:.1} s of a period of {:.0} s",
            rule.name(),
            made.elapsed().as_secs_f64(),
            PERIOD.as_secs_f64()
        );
    }

    /// Looks a few times: all is well.
    async fn expect_well(&mut self) {
        for _ in 0..3 {
            self.look().await;
            tokio::time::sleep(LOOK_EVERY / 4).await;
        }
        assert!(
            self.standing().is_empty(),
            "{:?} after {:?}",
            self.standing(),
            self.begun.elapsed()
        );
    }

    /// Rotates for real, with these words in the configuration.
    fn logrotate(&self, words: &str) {
        let configuration = self.dir.path().join("logrotate.conf");
        fs::write(
            &configuration,
            format!("{} {{\n{words}\n}}\n", self.path().display()),
        )
        .unwrap();
        set_mode(&configuration, 0o644);
        let status = self.dir.path().join("status");
        let done = Command::new("logrotate")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .args(["--force", "--state"])
            .args([&status, &configuration])
            .output()
            .expect("logrotate is installed: scripts/setup --tests does it");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

/// What a bot says that holds this file open as the log of that name.
fn telling(path: &Path, file: &File) -> Health {
    use std::os::unix::fs::MetadataExt;
    let found = file.metadata().unwrap();
    Health {
        log: Some(LogFile {
            path: path.display().to_string(),
            device: found.dev(),
            inode: found.ino(),
            links: found.nlink(),
            size_bytes: found.len(),
            written_bytes: 0,
            dropped_lines: 0,
        }),
        ..Health::default()
    }
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_rotation_as_it_should_be_is_no_fault() {
    let mut log = Watched::new();
    log.expect_well().await;
    for _ in 0..4 {
        log.logrotate("rotate 2\ncreate\ncompress\ndelaycompress");
        log.expect_well().await;
        log.append("another line\n");
        log.expect_well().await;
    }
}

/// A bot that follows its log at once, and whose last word is of before the rotation.
#[tokio::test]
async fn a_word_of_before_the_rotation_is_no_fault() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut log = Watched::with_bot(&format!("http://{}", listener.local_addr().unwrap()));
    let path = log.path();
    let health = async move || axum::Json(telling(&path, &File::open(&path).unwrap()));
    let router = axum::Router::new().route("/health", axum::routing::get(health));
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    let held = telling(&log.path(), &File::open(log.path()).unwrap());
    log.said.send_replace(Some(held));
    log.logrotate("rotate 2\ncreate\ncompress\ndelaycompress");
    // For longer than a bot may take, and with looks as close as they may be.
    let begun = Instant::now();
    while begun.elapsed() < PERIOD * 3 / 2 {
        log.expect_well().await;
    }
}

#[tokio::test]
async fn unrotated_growth() {
    let mut log = Watched::new();
    log.expect_well().await;
    log.append(&"the same fault again and again\n".repeat(60_000));
    log.expect(Rule::LogGrowing).await;
}

#[tokio::test]
async fn rotation_that_is_not_run() {
    let mut log = Watched::new();
    log.logrotate("rotate 2\ncreate");
    log.append("a line\n");
    log.expect_well().await;
    log.expect(Rule::LogNotRotated).await;
}

#[tokio::test]
async fn a_writer_that_holds_the_renamed_file() {
    let mut log = Watched::new();
    let mut writer = OpenOptions::new().append(true).open(log.path()).unwrap();
    log.expect_well().await;
    log.logrotate("rotate 2\ncreate");
    writer.write_all(b"into the old file\n").unwrap();
    log.expect(Rule::LogWriterLost).await;
}

#[tokio::test]
async fn a_writer_that_the_bot_itself_tells_of() {
    let mut log = Watched::new();
    log.look().await;
    let held = telling(&log.path(), &File::open(log.path()).unwrap());
    log.logrotate("rotate 2\ncreate");
    log.said.send_replace(Some(held));
    log.expect(Rule::LogWriterLost).await;
    assert_eq!(log.whose(Rule::LogWriterLost), Some(Whose::Bot));
}

#[tokio::test]
async fn room_of_a_deleted_log_that_is_still_held() {
    let mut log = Watched::new();
    let _writer = OpenOptions::new().append(true).open(log.path()).unwrap();
    log.expect_well().await;
    fs::remove_file(log.path()).unwrap();
    log.expect(Rule::LogDeletedOpen).await;
}

#[tokio::test]
async fn a_deleted_log_takes_no_room_once_its_holder_is_killed() {
    let mut log = Watched::new();
    let file = OpenOptions::new().append(true).open(log.path()).unwrap();
    let mut holder = Command::new("sleep").arg("600").stdout(file).spawn().unwrap();
    log.expect_well().await;
    fs::remove_file(log.path()).unwrap();
    log.expect(Rule::LogDeletedOpen).await;
    // As its unit, where this test runs in one.
    let whose = log.whose(Rule::LogDeletedOpen);
    assert!(
        matches!(&whose, Some(Whose::Program(name)) if name == "sleep" || name.ends_with(".service")),
        "{whose:?}"
    );
    holder.kill().unwrap();
    holder.wait().unwrap();
    log.expect_well().await;
}

#[tokio::test]
async fn a_deleted_log_that_the_bot_told_of_is_over_when_the_bot_is_gone_or_writes_another() {
    for is_gone in [true, false] {
        // Nobody listens there: the bot is gone whenever it says nothing.
        let mut log = Watched::new();
        let (path, held) = (log.path(), File::open(log.path()).unwrap());
        log.look().await;
        fs::remove_file(&path).unwrap();
        log.said.send_replace(Some(telling(&path, &held)));
        log.expect(Rule::LogDeletedOpen).await;
        let other = log.dir.path().join("other.log");
        fs::write(&other, "a line\n").unwrap();
        let tells_of_another = telling(&other, &File::open(&other).unwrap());
        log.said.send_replace((!is_gone).then_some(tells_of_another));
        for _ in 0..3 {
            log.look().await;
        }
        let standing = log.standing();
        assert!(!standing.contains(&Rule::LogDeletedOpen.name()), "{standing:?}");
    }
}

#[tokio::test]
async fn lines_that_copytruncate_loses() {
    let mut log = Watched::new();
    let _writer = OpenOptions::new().append(true).open(log.path()).unwrap();
    log.expect_well().await;
    log.logrotate("rotate 2\ncopytruncate");
    log.expect(Rule::LogTruncated).await;
}

#[tokio::test]
async fn a_hole_under_a_writer_that_does_not_append() {
    let mut log = Watched::new();
    let mut writer = OpenOptions::new().write(true).open(log.path()).unwrap();
    writer.seek(SeekFrom::End(0)).unwrap();
    writer
        .write_all("a long line\n".repeat(10_000).as_bytes())
        .unwrap();
    log.expect_well().await;
    log.logrotate("rotate 2\ncopytruncate");
    writer.write_all(b"at the old place\n").unwrap();
    log.expect(Rule::LogHole).await;
    // The lines take more room than the hole would: it is there all the same, and is told.
    writer
        .write_all("a long line\n".repeat(40_000).as_bytes())
        .unwrap();
    log.look().await;
    assert_eq!(log.standing(), [Rule::LogHole.name()]);
    assert!(log.is_told_within(Duration::from_secs(60), Rule::LogHole));
    fs::write(log.path(), "a line\n").unwrap();
    log.look().await;
    assert!(!log.standing().contains(&Rule::LogHole.name()));
}

#[tokio::test]
async fn old_files_that_are_not_removed() {
    let mut log = Watched::new();
    log.expect_well().await;
    for _ in 0..3 {
        log.append("a line\n");
        log.logrotate("rotate 9\ncreate\ncompress\ndelaycompress");
    }
    log.expect(Rule::LogOldKept).await;
}

#[tokio::test]
async fn old_files_that_are_not_compressed() {
    let mut log = Watched::new();
    log.expect_well().await;
    for _ in 0..2 {
        log.append("a line\n");
        log.logrotate("rotate 2\ncreate");
    }
    log.expect(Rule::LogOldKept).await;
}

#[tokio::test]
async fn a_bot_whose_lines_do_not_arrive() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut log = Watched::with_bot(&url);
    let works = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let (path, logs) = (log.path(), Arc::clone(&works));
    // It says each time that it logged the word, and does so only while it works.
    let mark = async move |axum::extract::RawQuery(query): axum::extract::RawQuery| {
        if logs.load(std::sync::atomic::Ordering::Relaxed) {
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            writeln!(file, "{}", query.unwrap_or_default()).unwrap();
        }
        "{}"
    };
    let router = axum::Router::new().route("/log-marker", axum::routing::post(mark));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let writer = OpenOptions::new().append(true).open(log.path()).unwrap();
    log.said.send_replace(Some(telling(&log.path(), &writer)));
    log.expect_well().await;
    log.logrotate("rotate 2\ncopy");
    log.expect_well().await;
    works.store(false, std::sync::atomic::Ordering::Relaxed);
    log.expect(Rule::LogSilent).await;
    server.abort();
}
