//! What the owner can type, and what it means. Pure; who typed it is not known here.

use std::time::Duration;

use protocol::time::parse_duration;

use crate::chart::picture::{self, Picture};

/// Silences and maintenance end by themselves, at the latest after this.
const HOLD_MAX: Duration = Duration::from_secs(7 * 86_400);
const HOLD_MIN: Duration = Duration::from_secs(60);
const DIGITS: usize = 6;

/// One thing that the owner wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// How everything stands, in a few lines.
    Status,
    /// What is wrong.
    Alerts,
    /// A picture, over so long.
    Graph(Picture, Duration),
    /// The bot's newest lines, or only those that tell of trouble.
    Logs {
        /// Errors and warnings alone.
        only_trouble: bool,
    },
    /// The newest restore points.
    Backups,
    /// A backup now.
    Backup,
    /// A rehearsal of a restore now.
    Drill,
    /// A restart of the bot.
    Restart,
    /// Silence for so long: of one alert by its key, or of all that are wrong now.
    Silence(Duration, Option<String>),
    /// Silence of everything for so long; `None` ends it.
    Maintenance(Option<Duration>),
    /// What happened since yesterday.
    Digest,
    /// What docs/RUNBOOK says about a rule; `None` for the list of them.
    Runbook(Option<String>),
    /// What can be typed.
    Help,
    /// The second step of a dangerous command.
    Digits(String),
    /// Something else: the command's name where one can be seen in it, and how it is written.
    Misused(&'static str),
    /// No command at all.
    Unknown,
}

/// Every command that Telegram shows, in this order; what each does is for the words.
pub const NAMES: [&str; 13] = [
    "status",
    "alerts",
    "graph",
    "logs",
    "backups",
    "backup",
    "drill",
    "restart",
    "silence",
    "maintenance",
    "digest",
    "runbook",
    "help",
];

impl Command {
    /// What was typed. `/status@owner_bot` is `/status`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut words = text.split_whitespace();
        let Some(first) = words.next() else {
            return Self::Unknown;
        };
        let rest: Vec<String> = words.take(4).map(str::to_lowercase).collect();
        let Some(name) = first.strip_prefix('/') else {
            let is_code =
                rest.is_empty() && first.len() == DIGITS && first.bytes().all(|byte| byte.is_ascii_digit());
            return if is_code {
                Self::Digits(first.to_owned())
            } else {
                Self::Unknown
            };
        };
        let name = name.split('@').next().unwrap_or_default().to_lowercase();
        let arguments: Vec<&str> = rest.iter().map(String::as_str).collect();
        parse(&name, &arguments)
    }

    /// Whether it does more than tell: then it is not carried out long after it was typed.
    #[must_use]
    pub fn acts(&self) -> bool {
        match self {
            Self::Backup
            | Self::Drill
            | Self::Restart
            | Self::Silence(..)
            | Self::Maintenance(_)
            | Self::Digits(_) => true,
            Self::Status
            | Self::Alerts
            | Self::Graph(..)
            | Self::Logs { .. }
            | Self::Backups
            | Self::Digest
            | Self::Runbook(_)
            | Self::Help
            | Self::Misused(_)
            | Self::Unknown => false,
        }
    }
}

fn parse(name: &str, arguments: &[&str]) -> Command {
    match (name, arguments) {
        ("status", []) => Command::Status,
        ("alerts", []) => Command::Alerts,
        ("graph", _) => graph(arguments),
        ("logs", []) => Command::Logs { only_trouble: false },
        ("logs", ["err" | "error" | "errors"]) => Command::Logs { only_trouble: true },
        ("logs", _) => Command::Misused("/logs err"),
        ("backups", []) => Command::Backups,
        ("backup", []) => Command::Backup,
        ("drill", []) => Command::Drill,
        ("restart", []) => Command::Restart,
        ("silence", [lasts, key @ ..]) if key.len() <= 1 => match hold(lasts) {
            Some(lasts) => Command::Silence(lasts, key.first().map(|key| (*key).to_owned())),
            None => Command::Misused("/silence 2h"),
        },
        ("silence", _) => Command::Misused("/silence 2h"),
        ("maintenance", ["off"]) => Command::Maintenance(None),
        ("maintenance", [lasts]) => match hold(lasts) {
            Some(lasts) => Command::Maintenance(Some(lasts)),
            None => Command::Misused("/maintenance 30m"),
        },
        ("maintenance", _) => Command::Misused("/maintenance 30m"),
        ("digest", []) => Command::Digest,
        ("runbook", []) => Command::Runbook(None),
        ("runbook", [rule]) => Command::Runbook(Some((*rule).to_owned())),
        ("help" | "start", _) => Command::Help,
        _ => Command::Unknown,
    }
}

/// Name and length of time in either order, both optional.
fn graph(arguments: &[&str]) -> Command {
    let (mut picture, mut span) = (None, None);
    for argument in arguments {
        if picture.is_none()
            && let Some(named) = Picture::named(argument)
        {
            picture = Some(named);
        } else if span.is_none()
            && let Some(parsed) = picture::span(argument)
        {
            span = Some(parsed);
        } else {
            return Command::Misused("/graph 24h disk|mem|cpu|orders|backup|lag|traffic");
        }
    }
    let picture = picture.unwrap_or(Picture::Resources);
    Command::Graph(picture, span.unwrap_or_else(|| picture.usual_span()))
}

fn hold(text: &str) -> Option<Duration> {
    let lasts = parse_duration(text).ok()?;
    (HOLD_MIN..=HOLD_MAX).contains(&lasts).then_some(lasts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_understood_as_people_write_them() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        for (text, expected) in [
            ("/status", Command::Status),
            (" /STATUS@owner_bot ", Command::Status),
            ("/graph 24h disk", Command::Graph(Picture::Disk, hours(24))),
            ("/graph disk 6h", Command::Graph(Picture::Disk, hours(6))),
            ("/graph", Command::Graph(Picture::Resources, hours(24))),
            (
                "/graph traffic 7d",
                Command::Graph(Picture::Traffic, hours(7 * 24)),
            ),
            ("/graph orders", Command::Graph(Picture::Trade, hours(24))),
            (
                "/graph 9d",
                Command::Misused("/graph 24h disk|mem|cpu|orders|backup|lag|traffic"),
            ),
            ("/logs err", Command::Logs { only_trouble: true }),
            ("/silence 2h", Command::Silence(hours(2), None)),
            (
                "/silence 2h disk//",
                Command::Silence(hours(2), Some("disk//".to_owned())),
            ),
            ("/silence", Command::Misused("/silence 2h")),
            ("/silence 400d", Command::Misused("/silence 2h")),
            ("/maintenance off", Command::Maintenance(None)),
            ("/runbook bot_gone", Command::Runbook(Some("bot_gone".to_owned()))),
            ("123456", Command::Digits("123456".to_owned())),
            ("1234567", Command::Unknown),
            ("/shell rm -rf /", Command::Unknown),
            ("hello", Command::Unknown),
            ("", Command::Unknown),
        ] {
            assert_eq!(Command::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn every_command_that_is_shown_is_one() {
        for name in NAMES {
            assert_ne!(Command::parse(&format!("/{name}")), Command::Unknown, "{name}");
        }
    }
}
