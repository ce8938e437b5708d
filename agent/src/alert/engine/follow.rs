//! What the owner was told, and whether it is still so: a told alert that has become something else changes its message,
//! also where it is no graver and nobody has to be called for it.
//! It raises nothing, and ends nothing.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::{Fault, Notice, episode, members, storm::EDITS_MAX};
use crate::{
    alert::{calendar::Calendar, rule::Rule},
    store::{alerts::AlertRow, book::Book, episodes::EpisodeId},
};

/// What lasts for long enough is seen to by the next look, and one look may come just too early.
const TWO_LOOKS: Duration = Duration::from_secs(10);
/// What is this and then that for so long is told as it is: it may go on for ever.
const SETTLES_WITHIN: Duration = Duration::from_secs(180);

/// Changes the message of an alert that is not any more what that says.
pub(super) fn correct(book: &mut Book, calendar: &Calendar, key: &str, now: UnixMillis) -> Vec<Notice> {
    let found = book.alerts.get(key).and_then(|row| is_other_now(row, now));
    let Some(episode) = found.and_then(|id| book.episodes.get_mut(&id)) else {
        return Vec::new();
    };
    // What is not so is always put right: at worst this is the last change that the message has.
    episode.edits = episode.edits.min(EDITS_MAX - 1);
    let id = episode.id;
    episode::hasten(book, calendar, id, now)
}

/// Its episode, when it was told as something else and is what it is now for long enough to count.
fn is_other_now(row: &AlertRow, now: UnixMillis) -> Option<EpisodeId> {
    let rule = Rule::named(&row.rule)?;
    let told = row.told.as_deref()?;
    let counts = now.since(row.rule_since) >= rule.spec().lasts;
    row.episode.filter(|_| told != rule.name() && counts)
}

/// Whether it has become at this moment the gravest that it was, and the owner was told of something less.
pub(super) fn is_graver_now(book: &Book, lead: &Fault) -> bool {
    let Some(row) = book.alerts.get(&lead.key) else {
        return false;
    };
    let is_gravest =
        row.gravest.as_deref() == Some(lead.rule.name()) && row.gravest_since == Some(lead.since);
    let told = row.told.as_deref().and_then(Rule::named);
    is_gravest && told.is_some_and(|told| lead.rule.is_graver_than(told))
}

/// When it is known whether an alert of the episode, which has just become something graver, stays that: what is told
/// before is half of it, and told twice.
pub(super) fn settles_at(book: &Book, id: EpisodeId, now: UnixMillis) -> Option<UnixMillis> {
    let settling = |row: &&AlertRow| {
        let (rule, loudest) = (Rule::named(&row.rule)?, Rule::named(row.gravest.as_deref()?)?);
        let settles_at = row.rule_since.plus(rule.spec().lasts).plus(TWO_LOOKS);
        let is_open = rule.is_graver_than(loudest) && settles_at > now;
        (is_open && now.since(row.since) < SETTLES_WITHIN).then_some(settles_at)
    };
    members(book, id).iter().filter_map(settling).min()
}

/// Writes down what these say of which alert.
pub(super) fn told(book: &mut Book, notices: Vec<Notice>) -> Vec<Notice> {
    for notice in notices.iter().filter(|notice| notice.kind.is_open()) {
        for fault in [&notice.lead].into_iter().chain(&notice.others) {
            if let Some(row) = book.alerts.get_mut(&fault.key) {
                row.told = Some(fault.rule.name().to_owned());
            }
        }
    }
    notices
}
