//! An agent between a pretend bot and a pretend Telegram: how it is configured, started, stopped and killed.
//! It judges nothing: that is the tests' own.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use agent::{
    alert::{Alerts, calendar::Calendar, ladder::Patience, message::Voice, outbox::Pace},
    app,
    config::{Config, Environment, Language, Purpose},
    store::{Store, outbox::Rung},
};
use jiff::tz::TimeZone;
use protocol::{secret::Secret, settings::Faults};
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

/// Nothing on loopback takes this long.
pub const LIMIT: Duration = Duration::from_secs(10);
/// As the usual pace, without its patience.
pub const HASTE: Pace = Pace {
    gap: Duration::from_millis(1),
    retry_first: Duration::from_millis(5),
    retry_most: Duration::from_millis(20),
    refused: Duration::from_millis(50),
    doubt_first: Duration::from_millis(20),
    doubt_next: Duration::from_millis(20),
    doubt_most: Duration::from_millis(50),
    stays_away: Duration::from_secs(3600),
    stays_away_most: Duration::from_secs(3600),
    lasts: Duration::ZERO,
    patience: Patience {
        critical: Duration::from_millis(100),
        other: Duration::from_millis(200),
        further: Duration::from_secs(2),
    },
};
pub const OWNER: i64 = 1001;
pub const TOKEN: &str = "77:owner-canary";

/// How an owner in UTC is spoken to.
pub fn voice(language: Language) -> Voice {
    Voice {
        language,
        timezone: TimeZone::UTC,
        unit: "bot.service".to_owned(),
        database: "/srv/shop.db".to_owned(),
    }
}

/// Days without quiet hours.
pub fn calendar() -> Calendar {
    Calendar {
        timezone: TimeZone::UTC,
        quiet_hours: None,
        digest_at: jiff::civil::time(8, 0, 0, 0),
    }
}

/// The alerts alone, upon this database.
pub fn alerts(store: &Arc<Store>, language: Language, ladder: &[Rung]) -> Alerts {
    Alerts::new(Arc::clone(store), voice(language), calendar(), ladder)
}

/// The text of an agent's configuration.
pub fn text(bot: SocketAddr, telegram: SocketAddr, chats: &[i64]) -> String {
    format!(
        "[owner]\nchat_ids = {chats:?}\napi_url = \"http://{telegram}\"\nlanguage = \"en\"\n\
         [bot]\nurl = \"http://{bot}\"\n[http]\nprivate = \"127.0.0.1:0\"\n\
         [backup]\ndatabase = \"shop.db\"\nrecipients = [\"owner.asc\"]\n\
         [remotes.local]\ntype = \"fs\"\nroot = \"backups\"\n[state]\ndir = \"state\"\n"
    )
}

/// The configuration of an agent in this folder, read from a file as always.
pub fn config(dir: &Path, bot: SocketAddr, telegram: SocketAddr, chats: &[i64]) -> Config {
    config_from(dir, &text(bot, telegram, chats))
}

/// The same with this text in the file.
pub fn config_from(dir: &Path, text: &str) -> Config {
    let path = dir.join("agent.toml");
    std::fs::write(&path, text).unwrap();
    let secrets = [("OWNER_BOT_TOKEN".to_owned(), Secret::new(TOKEN))];
    let environment = Environment::new(None, secrets, &path);
    let mut faults = Faults::default();
    let config = Config::read(&path, Purpose::Keep, &environment, &mut faults);
    assert!(faults.is_empty(), "{faults}");
    config
}

/// Waits until the agent with this folder knows that everything has arrived: a kill before that repeats, marked.
pub async fn settled(dir: &Path) {
    let store = Store::open_to_look(&dir.join("state"))
        .unwrap()
        .expect("an agent ran here");
    let wait = async {
        while store.backlog().unwrap().waiting > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(LIMIT, wait).await.expect("everything is sent");
}

/// A running agent.
pub struct Agent {
    stop: oneshot::Sender<()>,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Agent {
    pub fn start(config: Config) -> Self {
        Self::start_at(config, HASTE)
    }

    pub fn start_at(config: Config, pace: Pace) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (stop, stopped) = oneshot::channel();
        let stopped = async { drop(stopped.await) };
        Self {
            stop,
            task: tokio::spawn(app::run_until(config, pace, stopped)),
        }
    }

    /// Stops it as SIGTERM does.
    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(LIMIT, self.task)
            .await
            .expect("the agent stops in time")
            .unwrap()
            .unwrap();
    }

    /// Ends it as SIGKILL does, as far as one process can.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// Waits until it has come to that.
pub async fn until(limit: Duration, mut done: impl FnMut() -> bool) {
    let wait = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(limit, wait).await.expect("it comes to that");
}
