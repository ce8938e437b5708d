//! The newest lines of the bot's log for the owner: bounded, in a readable form, and redacted.
//! It reads the end of one file, or what systemd holds of the bot's unit, and nothing else.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
    time::Duration,
};

use anyhow::Context;
use jiff::{Timestamp, tz::TimeZone};
use protocol::time::UnixMillis;
use serde_json::Value;

use crate::{
    alert::{
        message::moment,
        redact::{HIDDEN, is_secret, redact},
    },
    watch::command::ask,
};

/// From the file's end.
const READ_BYTES: u64 = 512 * 1024;
const LINES_MAX: usize = 200;
const LINE_CHARS_MAX: usize = 400;
const JOURNAL_LIMIT: Duration = Duration::from_secs(10);

/// At most 200 of the newest lines, oldest first.
///
/// # Errors
/// When the file cannot be read, or is no log.
pub fn newest(path: &Path, only_trouble: bool, zone: &TimeZone) -> anyhow::Result<Vec<String>> {
    let is_log = path.is_absolute() && path.extension().is_some_and(|extension| extension == "log");
    anyhow::ensure!(is_log, "{} is no log", path.display());
    let mut file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let meta = file.metadata().context("looking at the log")?;
    anyhow::ensure!(meta.is_file(), "{} is no file", path.display());
    let skipped = meta.len().saturating_sub(READ_BYTES);
    file.seek(SeekFrom::Start(skipped)).context("reading the log")?;
    let mut bytes = Vec::new();
    file.take(READ_BYTES)
        .read_to_end(&mut bytes)
        .context("reading the log")?;
    let text = String::from_utf8_lossy(&bytes);
    // Where reading began in the middle of a line, that one is not shown.
    let lines = text.lines().skip(usize::from(skipped > 0));
    let shown: Vec<String> = lines.filter_map(|line| shown(line, only_trouble, zone)).collect();
    Ok(shown[shown.len().saturating_sub(LINES_MAX)..].to_vec())
}

/// The same of what systemd's journal holds of a unit: its words on its way up go nowhere else. None without systemd, or
/// where this user may not read it.
#[must_use]
pub fn of_unit(unit: &str, only_trouble: bool, zone: &TimeZone) -> Vec<String> {
    let count = LINES_MAX.to_string();
    let arguments = [
        "--quiet",
        "--no-pager",
        "--output",
        "cat",
        "--lines",
        &count,
        "--unit",
        unit,
    ];
    let said = ask("journalctl", &arguments, JOURNAL_LIMIT).unwrap_or_else(|error| {
        tracing::warn!(error, "the journal of the bot's unit cannot be read");
        String::new()
    });
    said.lines()
        .filter_map(|line| shown(line, only_trouble, zone))
        .collect()
}

/// A line of JSON as a person reads it; another one as it stands.
fn shown(line: &str, only_trouble: bool, zone: &TimeZone) -> Option<String> {
    let parsed: Option<Value> = serde_json::from_str(line).ok();
    let level = parsed.as_ref().and_then(|line| line["level"].as_str());
    let is_trouble = match level {
        Some(level) => matches!(level, "ERROR" | "WARN"),
        None => line.contains("ERROR") || line.contains("WARN"),
    };
    if only_trouble && !is_trouble {
        return None;
    }
    let plain = match &parsed {
        Some(parsed) => plain(parsed, zone),
        None => line.to_owned(),
    };
    let printable: String = plain
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect();
    // Half of a secret would not look like one.
    Some(redact(&printable).chars().take(LINE_CHARS_MAX).collect())
}

/// Its moment on the owner's clock, as everywhere else.
fn plain(line: &Value, zone: &TimeZone) -> String {
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields = line["fields"].as_object().or_else(|| line.as_object());
    let at = word(&line["timestamp"]);
    let at = match at.parse::<Timestamp>() {
        Ok(read) => moment(zone, UnixMillis(read.as_millisecond())),
        Err(_) => at,
    };
    let mut text = format!("{at} {}", word(&line["level"]));
    let Some(fields) = fields else {
        return text;
    };
    if let Some(message) = fields.get("message") {
        text += &format!(" {}", word(message));
    }
    for (name, value) in fields {
        if !matches!(
            name.as_str(),
            "message" | "timestamp" | "level" | "target" | "span" | "spans"
        ) {
            let told = match is_secret(name) {
                true => HIDDEN.to_owned(),
                false => word(value),
            };
            text += &format!(" {name}={told}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_from_the_end_and_only_logs_are() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bot.log");
        let line = |number: u32, level: &str| {
            format!(
                "{{\"timestamp\":\"T\",\"level\":\"{level}\",\"fields\":{{\"message\":\"job done\",\"job\":{number}}}}}\n"
            )
        };
        let text: String = (0..5_000)
            .map(|number| line(number, if number % 100 == 0 { "ERROR" } else { "INFO" }))
            .collect();
        std::fs::write(&path, text + "thread 'main' panicked: ERROR token=abc\n").unwrap();
        let all = newest(&path, false, &TimeZone::UTC).unwrap();
        assert_eq!(all.len(), LINES_MAX);
        assert_eq!(all[LINES_MAX - 2], "T INFO job done job=4999");
        let trouble = newest(&path, true, &TimeZone::UTC).unwrap();
        assert_eq!(trouble.last().unwrap(), "thread 'main' panicked: ERROR token=[…]");
        assert_eq!(trouble[trouble.len() - 2], "T ERROR job done job=4900");
        assert!(newest(Path::new("/etc/passwd"), false, &TimeZone::UTC).is_err());
        assert!(newest(Path::new("bot.log"), false, &TimeZone::UTC).is_err());
    }

    #[test]
    fn a_line_tells_its_moment_on_the_owners_clock() {
        let line = "{\"timestamp\":\"2026-11-22T09:00:00.25Z\",\"level\":\"WARN\",\"fields\":{\"message\":\"slow\"}}";
        let zone = TimeZone::get("Asia/Jayapura").unwrap();
        assert_eq!(
            shown(line, false, &zone).unwrap(),
            "2026-11-22 18:00:00 WIT WARN slow"
        );
    }

    #[test]
    fn no_secret_of_a_line_is_shown_also_where_the_line_is_cut_or_the_field_holds_several_words() {
        let line =
            |fields: &str| format!("{{\"timestamp\":\"T\",\"level\":\"WARN\",\"fields\":{{{fields}}}}}");
        let told = |fields: &str| shown(&line(fields), false, &TimeZone::UTC).unwrap();
        assert_eq!(
            told("\"message\":\"asked\",\"secret\":\"two words\",\"job\":7"),
            "T WARN asked job=7 secret=[…]"
        );
        assert_eq!(
            told("\"message\":\"password: a\\nnext line\""),
            "T WARN password: […] next line"
        );
        let long = format!(
            "\"message\":\"{} https://shop:{}@db/x\"",
            "x".repeat(370),
            "hunter2".repeat(9)
        );
        let told = told(&long);
        assert!(
            told.contains("https://[…]@db") && !told.contains("hunter"),
            "{told}"
        );
    }
}
