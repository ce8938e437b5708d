//! All that waited, as one message with the true times: a line for each message, and one for whatever else it names. What a
//! later message tells anew, with all that it told before, is said there alone.
//! It sends nothing, and puts nothing in another order.

use protocol::time::UnixMillis;

use super::{TEXT_UNITS_MAX, Voice, elsewhere, moment};
use crate::{
    alert::{text::units, words::phrases},
    store::outbox::Waiting,
};

/// As many rows as fit into one message, from the first on: the text, and how many rows it tells. What a row beyond them
/// would say anew is said here.
#[must_use]
pub fn summary(voice: &Voice, rows: &[Waiting], now: UnixMillis) -> (String, usize) {
    let mut count = rows.len();
    loop {
        match all_of(voice, &rows[..count], now) {
            Ok(text) => return (text, count),
            Err(at) => count = at,
        }
    }
}

/// All of them as one message; else the first row that it has no room for.
fn all_of(voice: &Voice, rows: &[Waiting], now: UnixMillis) -> Result<String, usize> {
    let phrases = phrases(voice.language);
    // The count is shorter than the place that it is filled into.
    let mut left = TEXT_UNITS_MAX - units(phrases.summary);
    let mut said = Vec::new();
    for at in lines(rows) {
        let line = line(voice, rows, at, now);
        let length = units(&line) + 1;
        if length > left {
            return Err(at);
        }
        left -= length;
        said.push(line);
    }
    let heading = phrases.summary.replace("{count}", &said.len().to_string());
    Ok(format!("{heading}\n\n{}", said.join("\n")))
}

fn line(voice: &Voice, rows: &[Waiting], at: usize, now: UnixMillis) -> String {
    let row = &rows[at];
    let mark = if row.may_be_repeated() {
        format!("{} ", phrases(voice.language).repeated)
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
    line
}

/// Which of these rows have a line of their own.
pub fn lines(rows: &[Waiting]) -> impl Iterator<Item = usize> + '_ {
    (0..rows.len()).filter(|at| said_by(rows, *at).is_none())
}

/// The later row that tells this one anew: the last of the same trouble, as long as it was not over in between.
#[must_use]
pub fn said_by(rows: &[Waiting], at: usize) -> Option<usize> {
    let episode = rows[at].message.episode.filter(|_| rows[at].message.open)?;
    let later = rows[at + 1..].iter().zip(at + 1..);
    let of_it = later.filter(|(row, _)| row.message.episode == Some(episode));
    let still_wrong = of_it.take_while(|(row, _)| row.message.open);
    still_wrong.last().map(|(_, at)| at)
}
