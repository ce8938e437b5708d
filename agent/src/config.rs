//! The agent's configuration: what the owner wrote in agent.toml, checked as a whole before anything starts.
//! It decides nothing and starts nothing; every fault is gathered and told in one message.

mod bandwidth;
pub mod bot_file;
pub mod channels;
pub mod heartbeat;
pub mod moment;
mod place;
mod read;
mod remotes;
mod retention;
mod secrets;
mod unit;
mod watch;
mod world;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::{civil::Time, tz::TimeZone};
use protocol::{
    secret::Secret,
    settings::{self, Faults},
};

pub use bandwidth::BytesPerSecond;
use channels::ChannelConfig;
use heartbeat::Heartbeat;
pub use retention::Retention;
pub use secrets::{Environment, prefix as variables_of};
pub use watch::{Logs, Watch};
pub(crate) use world::try_write;

/// Where the file lies when no `--config` says otherwise.
pub const DEFAULT_PATH: &str = "/etc/warung/agent.toml";

/// The language in which the owner is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Indonesian.
    Id,
    /// English.
    En,
}

/// What the configuration is read for: a fresh machine that restores has neither a database nor recipients yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `run`, `check` and `backup`: everything that the agent needs on the shop's server must be there.
    Keep,
    /// `list`, `restore`, `status`: only what the file itself says, and the remotes' credentials.
    Look,
}

/// Under what name the digest of the configuration is remembered that an agent was started with.
pub const STARTED_WITH: &str = "config/started_with";

/// Everything in agent.toml, with its secrets. Never printed.
pub struct Config {
    /// The file that it was read from.
    pub path: PathBuf,
    /// Of what that file says, however it is written; empty where it is not TOML.
    pub digest: String,
    /// `[owner]`
    pub owner: Owner,
    /// `[bot]`
    pub bot: Bot,
    /// `[http]`
    pub http: Http,
    /// `[backup]`
    pub backup: Backup,
    /// `[remotes.<name>]`, by name.
    pub remotes: Vec<RemoteConfig>,
    /// `[retention]`; without it nothing is ever deleted.
    pub retention: Option<Retention>,
    /// `[drill] schedule`: when a restore is rehearsed, in the owner's time zone; daily when absent.
    pub drill: cron::Schedule,
    /// `[channels.<name>]`: further ways to the owner, in the order of the file.
    pub channels: Vec<ChannelConfig>,
    /// `[heartbeat]`
    pub heartbeat: Heartbeat,
    /// `[state] dir`: the agent's own database, its lock and the place where backups are staged.
    pub state_dir: PathBuf,
    /// `[watch]`
    pub watch: Watch,
    /// What never stands in the file.
    pub secrets: Secrets,
}

/// Who is told, and how.
pub struct Owner {
    /// Telegram chats of the owner; at least one.
    pub chat_ids: Vec<i64>,
    /// The Bot API's address, without a slash at its end.
    pub api_url: String,
    /// In which times are read and told; Asia/Jakarta when absent.
    pub timezone: TimeZone,
    /// Indonesian when absent.
    pub language: Language,
    /// From when until when only what is critical may ring; it may go past midnight.
    pub quiet_hours: Option<(Time, Time)>,
    /// When the daily digest comes; 08:00 when absent.
    pub digest_at: Time,
}

/// The program that is watched.
pub struct Bot {
    /// Its private address, without a slash at its end.
    pub url: String,
    /// Its systemd unit.
    pub unit: String,
    /// The program, for counting a rehearsed database by the shop's own rules.
    pub binary: Option<PathBuf>,
    /// Its configuration.
    pub config: Option<PathBuf>,
}

/// Where the agent itself listens.
pub struct Http {
    /// `/health` and what else is the owner's alone.
    pub private: SocketAddr,
}

/// What is kept, for whom and when.
pub struct Backup {
    /// The bot's database, behind every link.
    pub database: PathBuf,
    /// As it was configured: a link may lead to another file one day.
    pub database_as_named: PathBuf,
    /// Files and folders that ride along: configuration, `.env`, logs.
    pub files: Vec<PathBuf>,
    /// OpenPGP certificates that can open the backups.
    pub recipients: Vec<PathBuf>,
    /// When a full backup is taken, in the owner's time zone.
    pub snapshot: cron::Schedule,
    /// When what has changed since the newest full backup is taken.
    pub delta: cron::Schedule,
    /// How often changes are to be shipped between snapshots.
    pub sync: Duration,
}

/// One place off the server.
pub struct RemoteConfig {
    /// Its name in the file, also the middle part of its variables' names.
    pub name: String,
    /// What it is.
    pub kind: RemoteKind,
    /// OpenDAL's options that stand in the file.
    pub options: BTreeMap<String, String>,
    /// OpenDAL's options that came from the environment: credentials.
    pub credentials: BTreeMap<String, Secret>,
    /// `bandwidth`: what all uploads to it may take of the line together.
    pub bandwidth: Option<BytesPerSecond>,
    /// `append_only`: its credentials may not delete, so nothing tries.
    pub append_only: bool,
    /// What it costs, as far as the owner has written that down.
    pub price: Price,
    /// The folder in the state directory for what is remembered of it.
    pub memory: PathBuf,
    /// The folders in which the configuration, the agent's state and the database lie: none of them, by whatever name, takes
    /// a backup.
    pub own_folders: Vec<PathBuf>,
}

/// What a remote's provider charges, in the owner's currency; what is absent is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Price {
    /// `price_per_gib_month`: for what is stored.
    pub gib_month: Option<f64>,
    /// `price_per_million_writes`: for requests that write or list.
    pub million_writes: Option<f64>,
}

/// The kinds of remote that this program was built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoteKind {
    /// Azure Blob Storage.
    Azblob,
    /// Dropbox.
    Dropbox,
    /// A folder: another disk, or something mounted.
    Fs,
    /// Google Cloud Storage.
    Gcs,
    /// Google Drive.
    Gdrive,
    /// Amazon S3 and whatever speaks like it: R2, B2, Wasabi, MinIO.
    S3,
    /// A folder on another machine, through its ssh.
    Sftp,
    /// WebDAV.
    Webdav,
}

/// Secrets by their variables' names.
pub struct Secrets {
    /// `OWNER_BOT_TOKEN`; always there when the configuration was read to [`Purpose::Keep`].
    pub owner_bot_token: Option<Secret>,
    /// `CONSOLE_TOTP_SECRET`: what the owner's authenticator was set up with, in base32.
    pub console_totp: Option<Secret>,
}

impl Config {
    /// Reads the file and adds the secrets. What is wrong goes into `faults`, and something harmless stands in:
    /// whoever calls must refuse the whole when there are any. The command line's own `load` does, and asks the
    /// remotes' and the recipients' code for their faults as well.
    pub fn read(path: &Path, purpose: Purpose, environment: &Environment, faults: &mut Faults) -> Self {
        let mut text = String::new();
        match std::fs::read_to_string(path) {
            Ok(found) => text = found,
            Err(error) => faults.add(format!("{} cannot be read: {error}", path.display())),
        }
        let readable = faults.is_empty();
        let top = settings::parse(&text, faults);
        // Without a file every key is missing, and saying so of each would hide the one fault that matters.
        let mut ignored = Faults::default();
        let is_whole = readable && !top.is_unread();
        let inner = if is_whole { &mut *faults } else { &mut ignored };
        let mut config = read::config(path, top, purpose, environment, inner);
        config.digest = settings::digest::of(&text).unwrap_or_default();
        config.backup.database = world::behind_links(config.backup.database_as_named.clone());
        let own_folders = config.own_folders(path);
        for remote in &mut config.remotes {
            remote.own_folders.clone_from(&own_folders);
        }
        secrets::add(&mut config, purpose, environment, inner);
        if purpose == Purpose::Keep {
            world::check(&config, inner);
        }
        config
    }

    fn own_folders(&self, path: &Path) -> Vec<PathBuf> {
        let file = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let files = [&file, &self.backup.database_as_named, &self.backup.database];
        let folders = files.iter().filter_map(|file| file.parent());
        folders
            .chain([self.state_dir.as_path()])
            .map(Path::to_path_buf)
            .collect()
    }

    /// The lock that `agent run` holds while it lives.
    #[must_use]
    pub fn lock_path(&self) -> PathBuf {
        self.state_dir.join("agent.lock")
    }

    /// The lock that the bot holds while it lives.
    #[must_use]
    pub fn bot_lock_path(&self) -> PathBuf {
        let mut name = self.backup.database.clone().into_os_string();
        name.push(".lock");
        PathBuf::from(name)
    }
}

impl RemoteConfig {
    /// The variable that holds one of its options.
    #[must_use]
    pub fn variable(&self, key: &str) -> String {
        secrets::variable(&self.name, key)
    }
}

impl RemoteKind {
    /// Every kind with its word in the file.
    pub const ALL: [(&'static str, Self); 8] = [
        ("azblob", Self::Azblob),
        ("dropbox", Self::Dropbox),
        ("fs", Self::Fs),
        ("gcs", Self::Gcs),
        ("gdrive", Self::Gdrive),
        ("s3", Self::S3),
        ("sftp", Self::Sftp),
        ("webdav", Self::Webdav),
    ];
}

#[cfg(test)]
mod tests;
