//! What is said of an alert that is over: that it is, and for how long something was wrong.
//! It says no more of a time than what is known.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::{Voice, duration, fill, placed, what_it_was};
use crate::alert::{
    engine::{Fault, Notice},
    words::{phrases, wording},
};

pub(super) fn over_text(
    voice: &Voice,
    notice: &Notice,
    lasted: Duration,
    now: UnixMillis,
) -> (String, String) {
    let headline = over_headline(voice, &notice.lead);
    let mut text = format!("{headline}\n\n{}", over(voice, &notice.lead, lasted));
    if notice.faults > 1 {
        let all_over = phrases(voice.language).all_over;
        text += &format!("\n\n{}", all_over.replace("{count}", &notice.faults.to_string()));
    }
    text += &format!("\n\n{}", what_it_was(voice, notice, now));
    (headline, text)
}

/// That it is over, and how long it was at least: what was old already when it was first seen as wrong had its age by then.
pub(super) fn over(voice: &Voice, fault: &Fault, lasted: Duration) -> String {
    let aged = fault.value.filter(|_| fault.rule.is_of_age());
    let aged = aged.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let lasted = duration(voice.language, aged.map_or(lasted, |aged| aged.max(lasted)));
    let words = wording(voice.language, fault.rule);
    // What was seen goes in last.
    let over = fill(voice, fault, &words.over.replace("{lasted}", &lasted));
    over.trim_end().to_owned()
}

pub(super) fn over_headline(voice: &Voice, fault: &Fault) -> String {
    let words = wording(voice.language, fault.rule);
    let over = fill(voice, fault, words.over_headline);
    format!("✅ {}", placed(fault, over))
}
