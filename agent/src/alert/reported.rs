//! What is said of something that the bot reported: the same four parts as of an alert, and the bot's own words.
//! Pure; a report is a single event, and nothing ends it.

use protocol::{
    incident::{Incident, Severity},
    time::UnixMillis,
};

use super::{
    message::{DETAIL_UNITS_MAX, HEADLINE_UNITS_MAX, TEXT_UNITS_MAX, Voice, icon, moment},
    text::{cut, one_line, printable},
    words::{Reported, phrases, reported},
};
use crate::store::outbox::Message;

/// The longest name of a kind of incident.
const KIND_UNITS_MAX: usize = 64;

/// The message, which may wait until that moment where it has to.
#[must_use]
pub fn of_incident(voice: &Voice, incident: &Incident, not_before: Option<UnixMillis>) -> Message {
    let kind = one_line(&incident.kind, KIND_UNITS_MAX);
    let report = cut(&printable(&incident.text), DETAIL_UNITS_MAX);
    let icon = icon(incident.severity);
    let known = reported(voice.language, &incident.kind);
    let intro = phrases(voice.language).incident;
    let title = known.map_or(intro, |words| words.headline);
    let text = match known {
        Some(words) => four_parts(voice, incident, &words, &report),
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
        loud: incident.severity > Severity::Info,
        open: true,
        is_edit: false,
        follows_up: false,
        not_before,
        rungs: 1,
    }
}

/// What was reported goes in last: it is never searched for places to fill.
fn four_parts(voice: &Voice, incident: &Incident, words: &Reported, report: &str) -> String {
    let phrases = phrases(voice.language);
    let fill = |text: &str| text.replace("{unit}", &voice.unit);
    let at = moment(&voice.timezone, incident.at);
    format!(
        "{} {}\n\n{}\n{}: {report}\n\n{}: {}\n\n{}: {}\n\n{}: {}",
        icon(incident.severity),
        fill(words.headline),
        phrases.reported_at.replace("{at}", &at),
        phrases.bots_words,
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
            "Rincian dari bot: job 7 of {unit} died\n",
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
    fn what_the_bot_says_is_cut_to_length() {
        for kind in ["dead_job", &"x".repeat(500)] {
            let text = said(Language::En, kind, &"😀".repeat(5_000));
            assert!(units(&text) <= TEXT_UNITS_MAX, "{kind}");
        }
    }
}
