//! All that waited, as one message with the true times: a line for each message, with the moment of what it tells and not of
//! the telling, and one for whatever else it names. What a later message tells anew, with all that it told before, is said
//! there alone.
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
        moment(&voice.timezone, row.happened_at()),
        row.message.headline
    );
    // Whoever was never told of its beginning reads here what it was.
    let is_same = |before: &Waiting| before.message.episode == row.message.episode;
    let was = row.message.was.iter().filter(|_| !rows[..at].iter().any(is_same));
    let began = began(rows, at).map(|began| {
        let began = moment(&voice.timezone, began);
        phrases(voice.language).wrong_since.replace("{at}", &began)
    });
    for beside in began.iter().chain(&row.message.also).chain(was) {
        line += &format!("\n   {beside}");
    }
    line
}

/// Since when it was wrong by the message of its beginning that this line takes the place of, where that is earlier than
/// what this line tells: that it became graver, or is wrong still. What heads another message is named there with its time.
fn began(rows: &[Waiting], at: usize) -> Option<UnixMillis> {
    let now_told = &rows[at];
    let is_beginning = |(earlier_at, earlier): &(usize, &Waiting)| {
        let message = &earlier.message;
        message.alert_key == now_told.message.alert_key
            && (message.in_passing || !message.follows_up)
            && said_by(rows, *earlier_at) == Some(at)
    };
    let beginnings = rows[..at].iter().enumerate().filter(is_beginning);
    let began = beginnings.filter_map(|(_, earlier)| earlier.message.since).min();
    began.filter(|began| *began < now_told.happened_at())
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::tz::TimeZone;
    use protocol::incident::Severity;

    use super::*;
    use crate::{
        alert::{
            engine::{Fault, Kind, Notice, Times},
            message::{of_notice, outgoing},
            rule::Rule,
        },
        config::Language,
        store::{
            episodes::EpisodeId,
            outbox::{DeliveryId, There},
        },
    };

    /// 16:00:00 in Jakarta.
    const BEGAN: UnixMillis = UnixMillis(1_795_338_000_000);

    fn voice(language: Language) -> Voice {
        Voice {
            language,
            timezone: TimeZone::get("Asia/Jakarta").unwrap(),
            unit: "bot.service".to_owned(),
            database: "/srv/shop.db".to_owned(),
        }
    }

    fn after(minutes: u64) -> UnixMillis {
        BEGAN.plus(Duration::from_secs(minutes * 60))
    }

    fn at(minutes: u64) -> String {
        moment(&voice(Language::En).timezone, after(minutes))
    }

    fn fault(rule: Rule, since: UnixMillis) -> Fault {
        Fault {
            key: "disk//srv".to_owned(),
            rule,
            detail: String::new(),
            value: None,
            since,
        }
    }

    /// Composed so many minutes after it began, and queued as something that came up then.
    fn row(language: Language, (kind, lead): (Kind, Fault), composed: u64, created: u64) -> Waiting {
        let notice = Notice {
            kind,
            episode: EpisodeId(1),
            severity: Severity::Critical,
            lead,
            others: Vec::new(),
            mended: Vec::new(),
            faults: 1,
            acked: None,
            times: Some(Times {
                count: 7,
                kinds: Vec::new(),
                since: after(0),
                last_at: after(12),
                is_in_place: true,
            }),
            rungs: 1,
            loud: true,
        };
        Waiting {
            id: DeliveryId(1),
            message: of_notice(&voice(language), &notice, after(composed)),
            created_at: after(created),
            climbed_at: None,
            in_doubt: false,
            there: There::Not,
            elsewhere: None,
        }
    }

    /// What the summary says below its heading.
    fn said(language: Language, rows: &[Waiting]) -> Vec<String> {
        let (text, count) = summary(&voice(language), rows, after(600));
        assert_eq!(count, rows.len());
        text.lines().skip(2).map(str::to_owned).collect()
    }

    #[test]
    fn what_was_held_back_and_then_waited_has_the_moment_at_which_it_began_in_its_line_and_its_note() {
        for language in [Language::Id, Language::En] {
            // One whose words say since when, and one whose words do not.
            for rule in [Rule::BotGone, Rule::DiskFull] {
                for kind in [Kind::First, Kind::Flapping, Kind::Returned, Kind::Update] {
                    let told = row(language, (kind.clone(), fault(rule, BEGAN)), 480, 480);
                    let lines = said(language, std::slice::from_ref(&told));
                    assert!(
                        lines[0].starts_with(&format!("{}  ", at(0))),
                        "{kind:?}: {lines:?}"
                    );
                    assert_eq!(lines.len(), 1, "the moment is said once: {lines:?}");
                    let alone = outgoing(&voice(language), &told, false, after(600));
                    let note = alone.lines().last().unwrap_or_default();
                    assert!(note.contains(&at(0)), "{alone}");
                    assert!(!alone.contains(&at(480)), "{alone}");
                }
            }
            // One of an agent that did not write it down.
            let mut before = row(language, (Kind::First, fault(Rule::BotGone, BEGAN)), 480, 480);
            before.message.since = None;
            assert!(said(language, &[before])[0].starts_with(&at(480)));
        }
    }

    #[test]
    fn an_end_has_the_moment_at_which_it_was_over_and_a_reminder_that_up_to_which_it_counts() {
        let paused = |lasted| Kind::Paused { lasted };
        let lasted = Duration::from_secs(720);
        let in_place = false;
        for (kind, shown) in [
            // Composed a quarter of an hour after it had gone for the last time.
            (Kind::Calm, 12),
            (paused(None), 12),
            (Kind::Resolved { lasted, in_place }, 27),
            (Kind::Withdrawn, 27),
        ] {
            let told = row(Language::En, (kind, fault(Rule::BotGone, BEGAN)), 27, 27);
            let lines = said(Language::En, &[told]);
            assert!(lines[0].starts_with(&at(shown)), "{lines:?}");
        }
        // It is paced by a change before it that nobody has heard.
        let reminder = row(Language::En, (Kind::Reminder, fault(Rule::BotGone, BEGAN)), 27, 2);
        let lines = said(Language::En, &[reminder]);
        let still = format!("{}  🔴 Still wrong, for 27 min", at(27));
        assert!(lines[0].starts_with(&still), "{lines:?}");
    }

    #[test]
    fn what_takes_the_place_of_a_beginning_that_nobody_was_told_of_says_since_when_it_is_wrong() {
        for (language, since) in [(Language::En, "Wrong since"), (Language::Id, "Bermasalah sejak")] {
            let told = |kind, rule, began, composed| {
                row(language, (kind, fault(rule, after(began))), composed, composed)
            };
            let first = told(Kind::First, Rule::DiskLow, 0, 1);
            let worse = told(Kind::Worse, Rule::DiskFull, 30, 31);
            let reminder = told(Kind::Reminder, Rule::DiskFull, 30, 36);
            let wrong_since = format!("   {since} {}.", at(0));
            for (later, shown) in [(&worse, 30), (&reminder, 36)] {
                let lines = said(language, &[first.clone(), later.clone()]);
                assert!(lines[0].starts_with(&at(shown)), "{lines:?}");
                assert_eq!(&lines[1..], [wrong_since.as_str()]);
            }
            // The beginning was told elsewhere: what is said anew is no beginning.
            assert_eq!(said(language, &[worse.clone(), reminder]).len(), 1);
            assert_eq!(said(language, std::slice::from_ref(&worse)).len(), 1);
            // It says so itself.
            let update = told(Kind::Update, Rule::DiskLow, 0, 40);
            let lines = said(language, &[first.clone(), update]);
            assert!(lines.len() == 1 && lines[0].starts_with(&at(0)), "{lines:?}");
            // What heads the later one is something else, which began then.
            let mut other = worse;
            other.message.alert_key = "disk//var".to_owned();
            assert_eq!(said(language, &[first, other]).len(), 1);
        }
    }
}
