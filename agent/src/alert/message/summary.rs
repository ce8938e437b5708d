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
    for (at, row) in rows.iter().enumerate() {
        let mark = if row.may_be_repeated() {
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
        // Whoever was never told of its beginning reads here what it was.
        let is_same = |before: &Waiting| before.message.episode == row.message.episode;
        let was = row.message.was.iter().filter(|_| !rows[..at].iter().any(is_same));
        for beside in row.message.also.iter().chain(was) {
            line += &format!("\n   {beside}");
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
