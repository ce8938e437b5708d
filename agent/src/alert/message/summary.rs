//! All that waited, as one message with the true times: a line for each message, and one for whatever else it names.
//! It sends nothing, and puts nothing in another order.

use protocol::{incident::Severity, time::UnixMillis};

use super::{TEXT_UNITS_MAX, Voice, elsewhere, moment};
use crate::{
    alert::{
        text::{icon, units},
        words::phrases,
    },
    store::outbox::Waiting,
};

/// As many rows as fit into one message, from the first on: the text, and how many rows it tells.
#[must_use]
pub fn summary(voice: &Voice, rows: &[Waiting], now: UnixMillis) -> (String, usize) {
    let phrases = phrases(voice.language);
    // The count is shorter than the place that it is filled into.
    let mut left = TEXT_UNITS_MAX - units(phrases.summary);
    let mut lines = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let mark = if row.in_doubt {
            format!("{} ", phrases.repeated)
        } else {
            String::new()
        };
        let meanwhile = elsewhere(voice, row, now).map_or(String::new(), |note| format!(" ({note})"));
        let mut line = format!(
            "{}  {mark}{}{meanwhile}",
            moment(&voice.timezone, row.created_at),
            row.message.headline
        );
        for other in others_in(voice, &row.message.text) {
            line += &format!("\n   {other}");
        }
        // Whoever was never told of its beginning reads here what it was.
        let is_same = |before: &Waiting| before.message.episode == row.message.episode;
        if !row.message.open && !rows[..at].iter().any(is_same) {
            for was in ended_in(&row.message.text) {
                line += &format!("\n   {was}");
            }
        }
        let length = units(&line) + 1;
        if length > left {
            break;
        }
        left -= length;
        lines.push(line);
    }
    let heading = phrases.summary.replace("{count}", &lines.len().to_string());
    (format!("{heading}\n\n{}", lines.join("\n")), lines.len())
}

/// What is over by a message's own text.
fn ended_in(text: &str) -> impl Iterator<Item = &str> {
    let is_trouble = |line: &&str| {
        [Severity::Warning, Severity::Critical]
            .iter()
            .any(|severity| line.starts_with(icon(*severity)))
    };
    text.lines().skip(1).filter(is_trouble).take(1)
}

/// What else is wrong by a message's own text, a line each.
fn others_in<'t>(voice: &Voice, text: &'t str) -> impl Iterator<Item = &'t str> + use<'t> {
    let after = text.split_once(&format!("\n\n{}:\n", phrases(voice.language).also));
    let section = after.and_then(|(_, rest)| rest.split("\n\n").next());
    section.unwrap_or_default().lines()
}
