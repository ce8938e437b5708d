//! From the file's sections to [`Config`]. Only the text is judged here, neither secrets nor the disk.
//! Keys that a later part of the agent will use are read and checked too, so that a file of the owner's never
//! has to be cut down to be accepted.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use jiff::{civil::Time, tz::TimeZone};
use protocol::settings::{Faults, Section};

use super::{
    Backup, Bot, Config, Environment, Http, Language, Owner, Purpose, Secrets, channels, heartbeat, place,
    remotes, retention, unit,
};

const TIMEZONE: &str = "Asia/Jakarta";
const API_URL: &str = "https://api.telegram.org";
const BOT_URL: &str = "http://127.0.0.1:8081";
const LISTEN: &str = "127.0.0.1:8082";
const DIGEST_AT: &str = "08:00";
const SNAPSHOT: &str = "0 0 */6 * * *";
const DELTA: &str = "0 30 * * * *";
/// Early in the morning, when the shop sleeps.
const DRILL: &str = "0 30 3 * * *";
const STATE_DIR: &str = "/var/lib/warung-agent";

/// Reads every section; after a fault something harmless stands in, and the caller refuses the whole.
pub(super) fn config(
    path: &Path,
    mut top: Section,
    purpose: Purpose,
    environment: &Environment,
    faults: &mut Faults,
) -> Config {
    // Relative paths are relative to the file, wherever the program is started from.
    let file = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = file.parent().unwrap_or(Path::new("/")).to_path_buf();
    let owner = owner(&mut top, faults);
    let bot = bot(&mut top, &folder, faults);
    let http = http(&mut top, faults);
    if bot.url.strip_prefix("http://") == Some(http.private.to_string().as_str()) {
        faults.add(format!(
            "bot.url is {}, the agent's own address ([http] private): write the bot's, which is [http] private in bot.toml",
            bot.url
        ));
    }
    let backup = backup(&mut top, &folder, faults);
    let state_dir = state_dir(&mut top, &folder, faults);
    let watch = super::watch::read(&mut top, &folder, faults);
    let remotes = remotes::read(&mut top, &folder, &state_dir, faults);
    let retention = retention::read(&mut top, faults);
    let channels = channels::channels(&mut top, purpose, environment, faults);
    channels::judge_ways(&owner.api_url, &channels, faults);
    let heartbeat = heartbeat::read(&mut top, purpose, environment, faults);
    let drill = drill(&mut top, faults);
    top.finish(faults);
    let secrets = Secrets {
        owner_bot_token: None,
        console_totp: None,
    };
    Config {
        digest: String::new(),
        path: path.to_path_buf(),
        owner,
        bot,
        http,
        backup,
        remotes,
        retention,
        drill,
        channels,
        heartbeat,
        state_dir,
        watch,
        secrets,
    }
}

fn owner(top: &mut Section, faults: &mut Faults) -> Owner {
    let mut section = top.section("owner", faults);
    let chat_ids = chat_ids(&mut section, faults);
    let api_url = url(&mut section, "api_url", Some(API_URL), faults).unwrap_or_default();
    channels::judge_api_url(&section.name("api_url"), &api_url, faults);
    let timezone = timezone(&mut section, faults);
    let languages = [("id", Language::Id), ("en", Language::En)];
    let language = section
        .choice_if_any("language", &languages, faults)
        .unwrap_or(Language::Id);
    let quiet_hours = quiet_hours(&mut section, faults);
    let digest_at = digest_at(&mut section, faults);
    section.finish(faults);
    Owner {
        chat_ids,
        api_url,
        timezone,
        language,
        quiet_hours,
        digest_at,
    }
}

fn chat_ids(section: &mut Section, faults: &mut Faults) -> Vec<i64> {
    let before = faults.count();
    let chat_ids = section.integers("chat_ids", faults);
    // What is no list of numbers has said so.
    if chat_ids.is_empty() && faults.count() == before {
        faults.add("owner.chat_ids must name at least one chat, or nobody hears of anything");
    }
    if chat_ids.contains(&0) {
        faults.add(
            "owner.chat_ids holds 0, which is nobody's chat: write your own number, which @userinfobot tells",
        );
    }
    if chat_ids.iter().any(|chat_id| *chat_id < 0) {
        faults.add(
            "owner.chat_ids must be the numbers of private chats: those below zero are groups and channels, where \
             others would read what concerns the owner alone",
        );
    }
    if chat_ids.iter().collect::<BTreeSet<_>>().len() < chat_ids.len() {
        faults.add("owner.chat_ids names a chat twice, which would get every message twice: leave one out");
    }
    chat_ids
}

fn quiet_hours(section: &mut Section, faults: &mut Faults) -> Option<(Time, Time)> {
    let text = section.text_if_any("quiet_hours", faults)?;
    let hours = text
        .split_once('-')
        .and_then(|(from, to)| Some((clock(from)?, clock(to)?)))
        .filter(|(from, to)| from != to);
    if hours.is_none() {
        faults.add(format!(
            "owner.quiet_hours is \"{text}\"; write for example \"22:00-06:00\""
        ));
    }
    hours
}

fn digest_at(section: &mut Section, faults: &mut Faults) -> Time {
    let text = section
        .text_if_any("digest_at", faults)
        .unwrap_or_else(|| DIGEST_AT.to_owned());
    clock(&text).unwrap_or_else(|| {
        faults.add(format!(
            "owner.digest_at is \"{text}\"; write for example \"{DIGEST_AT}\""
        ));
        Time::midnight()
    })
}

fn timezone(section: &mut Section, faults: &mut Faults) -> TimeZone {
    let name = section
        .text_if_any("timezone", faults)
        .unwrap_or_else(|| TIMEZONE.to_owned());
    TimeZone::get(&name).unwrap_or_else(|_| {
        faults.add(format!(
            "owner.timezone is \"{name}\"; write for example \"{TIMEZONE}\""
        ));
        TimeZone::UTC
    })
}

fn clock(text: &str) -> Option<Time> {
    let text = text.trim();
    (text.len() == 5).then(|| Time::strptime("%H:%M", text).ok())?
}

fn bot(top: &mut Section, folder: &Path, faults: &mut Faults) -> Bot {
    let Some(mut section) = top.section_if_any("bot", faults) else {
        return Bot {
            url: BOT_URL.to_owned(),
            unit: unit::USUAL.to_owned(),
            binary: None,
            config: None,
        };
    };
    let url = url(&mut section, "url", Some(BOT_URL), faults).unwrap_or_default();
    let unit = unit::name(&mut section, faults);
    let binary = section
        .text_if_any("binary", faults)
        .map(|path| folder.join(path));
    let config = section
        .text_if_any("config", faults)
        .map(|path| folder.join(path));
    section.finish(faults);
    Bot {
        url,
        unit,
        binary,
        config,
    }
}

fn http(top: &mut Section, faults: &mut Faults) -> Http {
    let mut text = LISTEN.to_owned();
    if let Some(mut section) = top.section_if_any("http", faults) {
        text = section.text_if_any("private", faults).unwrap_or(text);
        section.finish(faults);
    }
    let private: SocketAddr = text.parse().unwrap_or_else(|_| {
        faults.add(format!(
            "http.private is \"{text}\"; write an address and a port such as \"{LISTEN}\""
        ));
        SocketAddr::from(([127, 0, 0, 1], 0))
    });
    if !is_private(private.ip()) {
        faults.add(format!(
            "http.private is \"{text}\", where others than this server could reach it, and everything that it answers is \
             the owner's alone; write \"{LISTEN}\", or this server's own address in a private network such as a VPN"
        ));
    }
    Http { private }
}

/// Of this machine alone, or of a network that the internet does not route to; never every address at once.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            // 100.64.0.0/10 is where several VPNs number their machines (RFC 6598).
            let is_shared = address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 0x40;
            address.is_loopback() || address.is_private() || address.is_link_local() || is_shared
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

fn backup(top: &mut Section, folder: &Path, faults: &mut Faults) -> Backup {
    let mut section = top.section("backup", faults);
    let mut paths = |key: &str, faults: &mut Faults| {
        let texts = section.texts(key, faults);
        let name = section.name(key);
        let places = texts.iter().map(|text| place::under(folder, &name, text, faults));
        places.collect::<Vec<PathBuf>>()
    };
    let files = paths("files", faults);
    let recipients = paths("recipients", faults);
    let database = section.text("database", faults);
    let database = place::under(folder, &section.name("database"), &database, faults);
    if recipients.is_empty() {
        faults.add(
            "backup.recipients must name at least one OpenPGP certificate; `agent key new` makes one, two are better",
        );
    }
    let sync = section
        .duration_if_any(
            "sync",
            Duration::from_millis(100),
            Duration::from_secs(3600),
            faults,
        )
        .unwrap_or(Duration::from_secs(1));
    let snapshot = schedule(&mut section, "snapshot", faults)
        .unwrap_or_else(|| cron::Schedule::from_str(SNAPSHOT).expect("the default is a schedule"));
    let delta = schedule(&mut section, "delta", faults)
        .unwrap_or_else(|| cron::Schedule::from_str(DELTA).expect("the default is a schedule"));
    section.finish(faults);
    Backup {
        database: database.clone(),
        database_as_named: database,
        files,
        recipients,
        snapshot,
        delta,
        sync,
    }
}

fn state_dir(top: &mut Section, folder: &Path, faults: &mut Faults) -> PathBuf {
    let mut dir = None;
    if let Some(mut section) = top.section_if_any("state", faults) {
        dir = section.text_if_any("dir", faults);
        section.finish(faults);
    }
    let dir = dir.unwrap_or_else(|| STATE_DIR.to_owned());
    place::under(folder, "state.dir", &dir, faults)
}

fn drill(top: &mut Section, faults: &mut Faults) -> cron::Schedule {
    let mut found = None;
    if let Some(mut section) = top.section_if_any("drill", faults) {
        found = schedule(&mut section, "schedule", faults);
        section.finish(faults);
    }
    found.unwrap_or_else(|| cron::Schedule::from_str(DRILL).expect("the default is a schedule"))
}

/// A web address without the slash at its end; without a default `None` is allowed.
pub(super) fn url(
    section: &mut Section,
    key: &str,
    default: Option<&str>,
    faults: &mut Faults,
) -> Option<String> {
    let text = section
        .text_if_any(key, faults)
        .or_else(|| default.map(str::to_owned))?;
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    if host.is_none_or(|host| host.is_empty() || host.contains(char::is_whitespace)) {
        faults.add(format!(
            "{} must be a web address that begins with http:// or https://",
            section.name(key)
        ));
    }
    Some(text.trim_end_matches('/').to_owned())
}

fn schedule(section: &mut Section, key: &str, faults: &mut Faults) -> Option<cron::Schedule> {
    let text = section.text_if_any(key, faults)?;
    let read = cron::Schedule::from_str(&text);
    if read.is_err() {
        faults.add(format!(
            "{} is \"{text}\"; it must be six fields, seconds first: \"{SNAPSHOT}\"",
            section.name(key)
        ));
    }
    if read
        .as_ref()
        .is_ok_and(|read| read.upcoming(chrono::Utc).next().is_none())
    {
        faults.add(format!(
            "{} is \"{text}\", which never comes: there is no such day",
            section.name(key)
        ));
    }
    read.ok()
}
