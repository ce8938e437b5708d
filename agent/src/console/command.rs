//! What the owner can type, and what it means. Pure; who typed it is not known here.

use std::time::Duration;

use protocol::time::parse_duration;

use crate::chart::picture::{self, Picture};

/// Silences and maintenance end by themselves, at the latest after this.
const HOLD_MAX: Duration = Duration::from_secs(7 * 86_400);
const HOLD_MIN: Duration = Duration::from_secs(60);
const DIGITS: usize = 6;
/// Behind a command: a length of time in four words, a name, and one that is too many.
const WORDS_MAX: usize = 6;

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
    /// The end of every silence but that of everything.
    EndSilences,
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
    /// A command that cannot be meant like this.
    Misused(Usage),
    /// No command at all.
    Unknown,
}

/// Of which command it must be said how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Name and length of time.
    Graph,
    /// With or without `err`.
    Logs,
    /// How long, and maybe which alert.
    Silence,
    /// How long.
    Maintenance,
    /// It acts, and takes no words behind it: somebody meant something else.
    Bare(&'static str),
}

/// What an owner who reads no English may type instead.
const ALIASES: [(&str, &str); 14] = [
    ("keadaan", "status"),
    ("peringatan", "alerts"),
    ("grafik", "graph"),
    ("log", "logs"),
    ("daftar_cadangan", "backups"),
    ("cadangan", "backups"),
    ("cadangkan", "backup"),
    ("latihan", "drill"),
    ("diamkan", "silence"),
    ("bisukan", "silence"),
    ("pemeliharaan", "maintenance"),
    ("rangkuman", "digest"),
    ("panduan", "runbook"),
    ("bantuan", "help"),
];

/// Units of time as Indonesians write them, and in letters.
const UNITS: [(&str, &str); 9] = [
    ("s", "s"),
    ("m", "m"),
    ("h", "h"),
    ("d", "d"),
    ("menit", "m"),
    ("mnt", "m"),
    ("jam", "h"),
    ("hari", "d"),
    ("detik", "s"),
];

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
        let rest: Vec<String> = words.take(WORDS_MAX).map(str::to_lowercase).collect();
        let Some(name) = first.strip_prefix('/') else {
            // Authenticators show them in groups.
            let code = format!("{first}{}", rest.concat());
            let is_code = code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit());
            return if is_code {
                Self::Digits(code)
            } else {
                Self::Unknown
            };
        };
        let name = name.split('@').next().unwrap_or_default().to_lowercase();
        let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
        let name = alias.map_or(name.as_str(), |(_, name)| name);
        parse(name, &in_letters(&rest))
    }

    /// The bot that a command is meant for, where it names one: in a group there may be several.
    #[must_use]
    pub fn addressed_to(text: &str) -> Option<&str> {
        let first = text.split_whitespace().next()?;
        Some(first.strip_prefix('/')?.split_once('@')?.1)
    }

    /// Whether it does more than tell: then it is not carried out long after it was typed.
    #[must_use]
    pub fn acts(&self) -> bool {
        match self {
            Self::Backup
            | Self::Drill
            | Self::Restart
            | Self::Silence(..)
            | Self::EndSilences
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

fn parse(name: &str, arguments: &[String]) -> Command {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match (name, arguments.as_slice()) {
        ("graph", arguments) => graph(arguments),
        ("logs", arguments) => logs(arguments),
        ("silence", ["off" | "selesai" | "stop"]) => Command::EndSilences,
        ("silence", arguments) => silence(arguments),
        ("maintenance", ["off" | "selesai" | "stop"]) => Command::Maintenance(None),
        ("maintenance", [lasts]) => hold(lasts).map_or(Command::Misused(Usage::Maintenance), |lasts| {
            Command::Maintenance(Some(lasts))
        }),
        ("maintenance", _) => Command::Misused(Usage::Maintenance),
        ("backup", []) => Command::Backup,
        ("backup", _) => Command::Misused(Usage::Bare("/backup")),
        ("drill", []) => Command::Drill,
        ("drill", _) => Command::Misused(Usage::Bare("/drill")),
        ("restart", []) => Command::Restart,
        ("restart", _) => Command::Misused(Usage::Bare("/restart")),
        ("runbook", []) => Command::Runbook(None),
        ("runbook", [rule, ..]) => Command::Runbook(Some((*rule).to_owned())),
        // What only tells is told whatever stands behind it.
        ("status", _) => Command::Status,
        ("alerts", _) => Command::Alerts,
        ("backups", _) => Command::Backups,
        ("digest", _) => Command::Digest,
        ("help" | "start", _) => Command::Help,
        _ => Command::Unknown,
    }
}

/// With lengths of time as the program reads them: `2 jam` and `2jam` are `2h`, `1 jam 30 menit` and `1h 30m` are `1h30m`.
fn in_letters(words: &[String]) -> Vec<String> {
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let mut read: Vec<String> = Vec::new();
    for word in words {
        let known = UNITS.iter().find(|(unit, _)| *unit == word);
        match (known, read.last_mut().filter(|last| is_number(last))) {
            (Some((_, letter)), Some(number)) => *number += letter,
            _ => read.push(word.clone()),
        }
    }
    let mut joined: Vec<String> = Vec::new();
    for word in read {
        let length = pieces(&word).map(|pieces| pieces.concat());
        match (length, joined.last_mut().filter(|last| pieces(last).is_some())) {
            (Some(length), Some(last)) => *last += &length,
            (Some(length), None) => joined.push(length),
            (None, _) => joined.push(word),
        }
    }
    joined
}

/// The numbers of a length of time, each with its unit in letters. `None` for any other word.
fn pieces(word: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = word;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at(digits);
        let letters = behind.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, behind) = behind.split_at(letters);
        let known = UNITS.iter().find(|(long, _)| *long == unit);
        let piece = format!("{number}{}", known.map_or(unit, |(_, letter)| letter));
        parse_duration(&piece).ok()?;
        found.push(piece);
        rest = behind;
    }
    (!found.is_empty()).then_some(found)
}

/// How many is not for the owner to say: as many as a message or a file takes.
fn logs(arguments: &[&str]) -> Command {
    match arguments {
        [] => Command::Logs { only_trouble: false },
        ["err" | "error" | "errors" | "galat", rest @ ..] if rest.len() <= 1 => {
            Command::Logs { only_trouble: true }
        }
        _ => Command::Misused(Usage::Logs),
    }
}

/// How long and which alert, in either order. What begins with no letter is no alert's name: it was meant as a time.
fn silence(arguments: &[&str]) -> Command {
    let found = match arguments {
        [lasts] => hold(lasts).map(|lasts| (lasts, None)),
        [one, other] => hold(one)
            .map(|lasts| (lasts, Some(*other)))
            .or_else(|| hold(other).map(|lasts| (lasts, Some(*one)))),
        _ => None,
    };
    let can_be_meant = |name: &str| name.starts_with(|first: char| first.is_ascii_alphabetic());
    let found = found.filter(|(_, name)| name.is_none_or(can_be_meant));
    found.map_or(Command::Misused(Usage::Silence), |(lasts, name)| {
        Command::Silence(lasts, name.map(str::to_owned))
    })
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
            && let Some(parsed) = length(argument).and_then(picture::within)
        {
            span = Some(parsed);
        } else {
            return Command::Misused(Usage::Graph);
        }
    }
    let picture = picture.unwrap_or(Picture::Resources);
    Command::Graph(picture, span.unwrap_or_else(|| picture.usual_span()))
}

fn hold(text: &str) -> Option<Duration> {
    length(text).filter(|lasts| (HOLD_MIN..=HOLD_MAX).contains(lasts))
}

/// The sum of its numbers, each of a smaller unit than the one before: anything else is a slip of the hand.
fn length(text: &str) -> Option<Duration> {
    let (mut lasts, mut unit) = (Duration::ZERO, Duration::MAX);
    for piece in pieces(text)? {
        let letters = piece.trim_start_matches(|one: char| one.is_ascii_digit());
        let of_piece = parse_duration(&format!("1{letters}")).ok()?;
        if of_piece >= unit {
            return None;
        }
        lasts = lasts.checked_add(parse_duration(&piece).ok()?)?;
        unit = of_piece;
    }
    Some(lasts)
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
            (
                "/graph 1 jam 30 menit disk",
                Command::Graph(Picture::Disk, hours(3) / 2),
            ),
            ("/graph 30m1h disk", Command::Misused(Usage::Graph)),
            ("/graph disk 6h", Command::Graph(Picture::Disk, hours(6))),
            ("/graph", Command::Graph(Picture::Resources, hours(24))),
            (
                "/graph traffic 7d",
                Command::Graph(Picture::Traffic, hours(7 * 24)),
            ),
            ("/graph orders", Command::Graph(Picture::Trade, hours(24))),
            ("/graph 9d", Command::Misused(Usage::Graph)),
            ("/logs err", Command::Logs { only_trouble: true }),
            ("/silence 2h", Command::Silence(hours(2), None)),
            (
                "/silence 2h disk//",
                Command::Silence(hours(2), Some("disk//".to_owned())),
            ),
            (
                "/silence disk// 2 JAM",
                Command::Silence(hours(2), Some("disk//".to_owned())),
            ),
            ("/diamkan 2jam", Command::Silence(hours(2), None)),
            ("/silence", Command::Misused(Usage::Silence)),
            ("/silence off", Command::EndSilences),
            ("/diamkan selesai", Command::EndSilences),
            ("/silence -1h", Command::Misused(Usage::Silence)),
            ("/silence 1h30m", Command::Silence(hours(3) / 2, None)),
            ("/silence 1 jam 30 menit", Command::Silence(hours(3) / 2, None)),
            (
                "/silence disk// 1h 30m",
                Command::Silence(hours(3) / 2, Some("disk//".to_owned())),
            ),
            ("/maintenance 1jam30mnt", Command::Maintenance(Some(hours(3) / 2))),
            ("/silence 30m1h", Command::Misused(Usage::Silence)),
            ("/silence 1h 1h", Command::Misused(Usage::Silence)),
            ("/silence 1h -5m", Command::Misused(Usage::Silence)),
            ("/silence 5x 1h", Command::Misused(Usage::Silence)),
            ("/maintenance 30 m", Command::Maintenance(Some(hours(1) / 2))),
            ("/silence 1 h 30 m", Command::Silence(hours(3) / 2, None)),
            ("/maintenance 6d24h1m", Command::Misused(Usage::Maintenance)),
            ("/maintenance 30s", Command::Misused(Usage::Maintenance)),
            ("/silence 400d", Command::Misused(Usage::Silence)),
            ("/silence 2h a b", Command::Misused(Usage::Silence)),
            ("/graph 0h disk", Command::Misused(Usage::Graph)),
            ("/graph 24h nonsense", Command::Misused(Usage::Graph)),
            ("/grafik 6 jam memori", Command::Graph(Picture::Memory, hours(6))),
            ("/logs", Command::Logs { only_trouble: false }),
            ("/logs err 100000", Command::Logs { only_trouble: true }),
            ("/logs everything", Command::Misused(Usage::Logs)),
            ("/maintenance 0m", Command::Misused(Usage::Maintenance)),
            ("/maintenance", Command::Misused(Usage::Maintenance)),
            ("/pemeliharaan selesai", Command::Maintenance(None)),
            ("/digest x", Command::Digest),
            ("/status please", Command::Status),
            ("/restart agent", Command::Misused(Usage::Bare("/restart"))),
            ("/BANTUAN", Command::Help),
            ("/maintenance off", Command::Maintenance(None)),
            ("/runbook bot_gone", Command::Runbook(Some("bot_gone".to_owned()))),
            ("123456", Command::Digits("123456".to_owned())),
            ("123 456", Command::Digits("123456".to_owned())),
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

    #[test]
    fn the_bot_that_a_command_names_is_read_and_a_person_in_it_is_none() {
        for (text, named) in [
            ("/status@Owner_bot", Some("Owner_bot")),
            (" /graph@other_bot 24h disk", Some("other_bot")),
            ("/silence 2h a@b", None),
            ("/status", None),
            ("write to me@there", None),
        ] {
            assert_eq!(Command::addressed_to(text), named, "{text}");
        }
    }
}
