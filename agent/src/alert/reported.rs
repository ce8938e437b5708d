//! What is said of something that the bot reported: the same four parts as of an alert, and the bot's facts in the
//! owner's language. Only what this program does not know is told in the bot's own words.
//! Pure; a report is a single event, and nothing ends it.

use protocol::{
    incident::{FACTS_BETWEEN, Incident, Severity},
    time::UnixMillis,
};

use super::{
    message::{DETAIL_UNITS_MAX, HEADLINE_UNITS_MAX, TEXT_UNITS_MAX, Voice, moment},
    redact::redact,
    text::{cut, icon, one_line, printable},
    words::{Reported, code, fault, phrases, reported},
};
use crate::store::outbox::Message;

/// The longest name of a kind of incident.
const KIND_UNITS_MAX: usize = 64;
/// The kind whose last fact is an error's text.
const WITH_ERROR: &str = "dead_job";
/// More than this is no list of facts.
const FACTS_CHARS_MAX: usize = 300;

/// The message, which may wait until that moment where it has to.
#[must_use]
pub fn of_incident(voice: &Voice, incident: &Incident, not_before: Option<UnixMillis>) -> Message {
    let kind = one_line(&incident.kind, KIND_UNITS_MAX);
    let icon = icon(incident.severity);
    let known = reported(voice.language, &incident.kind);
    let told = known
        .as_ref()
        .and_then(|words| told(voice, (&incident.kind, words), &incident.text));
    let report = told.as_deref().unwrap_or(&incident.text);
    let report = cut(&printable(report), DETAIL_UNITS_MAX);
    let intro = phrases(voice.language).incident;
    let title = known.map_or(intro, |words| words.headline);
    let text = match known {
        Some(words) => {
            let phrases = phrases(voice.language);
            let before = match told {
                Some(_) => phrases.facts,
                None => phrases.bots_words,
            };
            four_parts(voice, incident, &words, &format!("{before}: {report}"))
        }
        None => format!(
            "{icon} {intro} ({kind})\n\n{report}\n\n{}",
            moment(&voice.timezone, incident.at)
        ),
    };
    Message {
        alert_key: format!("incident/{}", incident.id.0),
        episode: None,
        runbook: known.map(|_| kind),
        severity: incident.severity,
        headline: one_line(&format!("{icon} {title}: {report}"), HEADLINE_UNITS_MAX),
        text: cut(&text, TEXT_UNITS_MAX),
        also: Vec::new(),
        was: None,
        loud: incident.severity > Severity::Info,
        open: true,
        is_edit: false,
        follows_up: false,
        settles: false,
        in_passing: false,
        since: Some(incident.at),
        not_before,
        rungs: 1,
    }
}

/// What a kind of report is called; the kind itself where it is not known.
#[must_use]
pub fn title(voice: &Voice, kind: &str) -> String {
    let known = reported(voice.language, kind);
    known.map_or_else(
        || one_line(&printable(kind), KIND_UNITS_MAX),
        |words| words.headline.to_owned(),
    )
}

/// The facts in the owner's language. `None` for what is no list of facts: an older bot said it in a sentence.
fn told(voice: &Voice, (kind, words): (&str, &Reported), text: &str) -> Option<String> {
    let places = |text: &str| text.matches('{').count();
    let (least, more) = words.facts.split_once('|').unwrap_or((words.facts, ""));
    let most = places(words.facts);
    let facts: Vec<&str> = text.splitn(most, FACTS_BETWEEN).collect();
    let is_whole = facts.len() == most;
    if !(is_whole || facts.len() == places(least)) || text.chars().count() > FACTS_CHARS_MAX {
        return None;
    }
    let template = format!("{least}{}", if is_whole { more } else { "" });
    let mut told = String::new();
    let mut rest = template.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let (number, after) = after.split_once('}')?;
        let fact = facts.get(number.parse::<usize>().ok()?.checked_sub(1)?)?;
        told += before;
        told += &in_words(voice, fact, kind == WITH_ERROR);
        rest = after;
    }
    told += rest;
    Some(told)
}

/// A code in words, and an error's text by its kind, or without what must not be in a chat. What Telegram said of a
/// customer's chat is not of the owner's, and stays.
fn in_words(voice: &Voice, fact: &str, is_error: bool) -> String {
    let known = code(voice.language, fact);
    if known == fact && fact.contains(' ') {
        let told = fault(voice.language, fact).filter(|_| is_error);
        return redact(told.as_deref().unwrap_or(fact));
    }
    known.to_owned()
}

/// What was reported goes in last: it is never searched for places to fill.
fn four_parts(voice: &Voice, incident: &Incident, words: &Reported, report: &str) -> String {
    let phrases = phrases(voice.language);
    let fill = |text: &str| voice.in_place(text);
    let at = moment(&voice.timezone, incident.at);
    format!(
        "{} {}\n\n{}\n{report}\n\n{}: {}\n\n{}: {}\n\n{}: {}",
        icon(incident.severity),
        fill(words.headline),
        phrases.reported_at.replace("{at}", &at),
        phrases.means,
        fill(words.means),
        phrases.done,
        fill(words.done),
        phrases.todo,
        fill(words.todo),
    )
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use protocol::incident::IncidentId;

    use super::*;
    use crate::{alert::text::units, config::Language};

    fn said(language: Language, kind: &str, text: &str) -> String {
        let voice = Voice {
            language,
            timezone: TimeZone::get("Asia/Jakarta").unwrap(),
            unit: "bot.service".to_owned(),
            database: "/srv/shop.db".to_owned(),
        };
        let incident = Incident {
            id: IncidentId(1),
            at: UnixMillis(0),
            kind: kind.to_owned(),
            severity: Severity::Critical,
            text: text.to_owned(),
        };
        of_incident(&voice, &incident, None).text
    }

    #[test]
    fn a_report_says_what_happened_what_it_means_what_was_done_and_what_to_do() {
        let text = said(Language::Id, "dead_job", "job 7 of {unit} died");
        let mut from = 0;
        for part in [
            "🔴 Satu pekerjaan bot tidak dicoba lagi\n",
            "Bot melaporkannya pada 1970-01-01 07:00:00 WIB.",
            "Kata bot sendiri: job 7 of {unit} died\n",
            "Artinya: seorang pembeli",
            "Sudah dilakukan: bot mencobanya",
            "Yang perlu dilakukan: periksa",
            "journalctl -u bot.service -n 100",
        ] {
            from += text[from..]
                .find(part)
                .unwrap_or_else(|| panic!("{part}: {text}"));
        }
        assert!(said(Language::En, "dead_job", "job 7").contains("The bot's own words: job 7\n"));
        assert!(said(Language::En, "newer", "job 7").starts_with("🔴 The bot reports (newer)\n\njob 7"));
    }

    #[test]
    fn facts_are_told_in_the_owners_language_and_none_is_searched_for_places() {
        let id = said(Language::Id, "dead_job", "deliver · too_often");
        assert!(
            id.contains("\nRincian: pekerjaan deliver, terlalu sering macet atau menjatuhkan bot\n"),
            "{id}"
        );
        let why = "dead_job · failed · asking budi@example.org: bot123456:AAHfzzzzzzzzzzzzzzzzzzzzzzzz";
        let en = said(Language::En, "dead_job", why);
        assert!(
            en.contains("\nDetails: job dead_job, it failed too often: asking [@] […]\n"),
            "{en}"
        );
        let id = said(
            Language::Id,
            "dead_job",
            "create_invoice · failed · asking the gateway: connection refused",
        );
        assert!(
            id.contains("terlalu sering gagal: sambungan ditolak karena tidak ada yang menjawab"),
            "{id}"
        );
        let id = said(
            Language::Id,
            "send_refused",
            "goods · W1 · Forbidden: bot was blocked by the user",
        );
        assert!(id.contains("kata Telegram: Forbidden: bot was blocked"), "{id}");
        let id = said(Language::Id, "not_durable", "2 · not_yet");
        assert!(
            id.contains(
                "\nRincian: menunggu paling lama 2 detik: agent belum mengeluarkannya dari mesin ini\n"
            ),
            "{id}"
        );
        let older = said(Language::En, "not_durable", "2");
        assert!(older.contains("\nDetails: waited for 2 s at most\n"), "{older}");
        let en = said(Language::En, "send_refused", "goods · {3} · Bad Request: a · b");
        assert!(
            en.contains("\nDetails: goods, order {3}; Telegram says: Bad Request: a · b\n"),
            "{en}"
        );
        let old = said(
            Language::En,
            "poison_update",
            &"A sentence of an older bot. ".repeat(20),
        );
        assert!(old.contains("The bot's own words: A sentence"), "{old}");
    }

    #[test]
    fn what_the_bot_says_is_cut_to_length() {
        for kind in ["dead_job", &"x".repeat(500)] {
            let text = said(Language::En, kind, &"😀".repeat(5_000));
            assert!(units(&text) <= TEXT_UNITS_MAX, "{kind}");
        }
    }
}
