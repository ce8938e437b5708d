//! All that waited, as one message with the true times: a line for each message, and one for whatever else it names.
//! It sends nothing, and puts nothing in another order.

use protocol::time::UnixMillis;

use super::{TEXT_UNITS_MAX, Voice, elsewhere, moment};
use crate::{
    alert::{text::units, words::phrases},
    store::outbox::Waiting,
};

/// As many rows as fit into one message, from the first on: the text, and how many rows it tells.
#[must_use]
pub fn summary(voice: &Voice, rows: &[Waiting], now: UnixMillis) -> (String, usize) {
    let phrases = phrases(voice.language);
    // The count is shorter than the place that it is filled into.
    let mut left = TEXT_UNITS_MAX - units(phrases.summary);
    let mut lines = Vec::new();
    for row in rows {
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

/// What else is wrong by a message's own text, a line each.
fn others_in<'t>(voice: &Voice, text: &'t str) -> impl Iterator<Item = &'t str> + use<'t> {
    let after = text.split_once(&format!("\n\n{}:\n", phrases(voice.language).also));
    let section = after.and_then(|(_, rest)| rest.split("\n\n").next());
    section.unwrap_or_default().lines()
}
