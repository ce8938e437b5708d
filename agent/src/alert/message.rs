//! From a reason to the text that the owner reads: what happened, what it means, what was done, what to do.
//! Pure; what it is given from outside is cut to length, and nothing is formatted as markup.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use protocol::{
    incident::{Incident, Severity},
    time::UnixMillis,
};

use super::{
    rule::AlertKey,
    state::{Reason, Trouble},
    words::{self, phrases, wording},
};
use crate::{
    config::{Config, Language},
    store::outbox::{Message, Waiting},
};

/// Telegram takes 4,096 UTF-16 units; the rest is room for the mark of a repetition.
pub const TEXT_UNITS_MAX: usize = 4_000;
/// What a probe or the bot may add to a message.
const DETAIL_UNITS_MAX: usize = 1_500;
/// One line of a summary.
const HEADLINE_UNITS_MAX: usize = 200;
/// The longest name of a kind of incident.
const KIND_UNITS_MAX: usize = 64;

/// How this owner is spoken to.
#[derive(Clone)]
pub struct Voice {
    /// In which language.
    pub language: Language,
    /// Whose clock.
    pub timezone: TimeZone,
    /// The bot's systemd unit, for the commands.
    pub unit: String,
}

impl Voice {
    /// As the configuration says.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            language: config.owner.language,
            timezone: config.owner.timezone.clone(),
            unit: config.bot.unit.clone(),
        }
    }
}

/// What is said of an alert.
#[must_use]
pub fn of_alert(voice: &Voice, key: &AlertKey, reason: &Reason) -> Message {
    let (headline, text) = match reason {
        Reason::First(trouble) => trouble_text(voice, key, trouble, ""),
        Reason::Worse(trouble) => trouble_text(voice, key, trouble, phrases(voice.language).worse),
        Reason::Resolved { trouble, lasted } => over_text(voice, key, trouble, *lasted),
        Reason::Withdrawn(trouble) => withdrawn_text(voice, key, trouble),
    };
    let follows_up = !matches!(reason, Reason::First(_));
    Message {
        alert_key: key.to_string(),
        headline,
        text: cut(&text, TEXT_UNITS_MAX),
        follows_up,
    }
}

/// What is said of something that the bot reported.
#[must_use]
pub fn of_incident(voice: &Voice, incident: &Incident) -> Message {
    let kind = one_line(&incident.kind, KIND_UNITS_MAX);
    let report = cut(&printable(&incident.text), DETAIL_UNITS_MAX);
    let icon = icon(incident.severity);
    let intro = phrases(voice.language).incident;
    let at = moment(&voice.timezone, incident.at);
    let told = match words::incident(voice.language, &incident.kind) {
        Some(meaning) => format!(
            "{}\n\n{}: {report}",
            meaning.replace("{unit}", &voice.unit),
            phrases(voice.language).bots_words
        ),
        None => report.clone(),
    };
    Message {
        alert_key: AlertKey::new("incident", &incident.id.0.to_string()).to_string(),
        headline: one_line(&format!("{icon} {intro}: {report}"), HEADLINE_UNITS_MAX),
        text: format!("{icon} {intro} ({kind})\n\n{told}\n\n{at}"),
        follows_up: false,
    }
}

/// The text of a row when it goes out: marked when it may have arrived before.
#[must_use]
pub fn outgoing(voice: &Voice, row: &Waiting) -> String {
    if row.in_doubt {
        return format!("{} {}", phrases(voice.language).repeated, row.message.text);
    }
    row.message.text.clone()
}

/// As many rows as fit into one message, from the first on: the text, and how many rows it tells.
#[must_use]
pub fn summary(voice: &Voice, rows: &[Waiting]) -> (String, usize) {
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
        let line = format!(
            "{}  {mark}{}",
            moment(&voice.timezone, row.created_at),
            row.message.headline
        );
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

/// A moment on the owner's clock, to the second, with the zone's name.
#[must_use]
pub fn moment(timezone: &TimeZone, at: UnixMillis) -> String {
    let at = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(timezone.clone())
        .strftime("%Y-%m-%d %H:%M:%S %Z")
        .to_string()
}

fn trouble_text(voice: &Voice, key: &AlertKey, trouble: &Trouble, prefix: &str) -> (String, String) {
    let words = wording(voice.language, trouble.rule);
    let phrases = phrases(voice.language);
    let fill = |text: &str| fill(voice, key, trouble, text);
    let prefix = if prefix.is_empty() {
        String::new()
    } else {
        format!("{prefix}: ")
    };
    let headline = format!(
        "{} {prefix}{}",
        icon(trouble.rule.severity()),
        fill(words.headline)
    );
    let text = format!(
        "{headline}\n\n{}\n\n{}: {}\n\n{}: {}\n\n{}: {}",
        fill(words.happened).trim_end(),
        phrases.means,
        fill(words.means),
        phrases.done,
        fill(words.done),
        phrases.todo,
        fill(words.todo),
    );
    (one_line(&headline, HEADLINE_UNITS_MAX), text)
}

fn over_text(voice: &Voice, key: &AlertKey, trouble: &Trouble, lasted: Duration) -> (String, String) {
    let words = wording(voice.language, trouble.rule);
    let headline = format!("✅ {}", fill(voice, key, trouble, words.over_headline));
    let over = fill(voice, key, trouble, words.over).replace("{lasted}", &duration(voice.language, lasted));
    (
        one_line(&headline, HEADLINE_UNITS_MAX),
        format!("{headline}\n\n{over}"),
    )
}

fn withdrawn_text(voice: &Voice, key: &AlertKey, trouble: &Trouble) -> (String, String) {
    let phrases = phrases(voice.language);
    let was = fill(
        voice,
        key,
        trouble,
        wording(voice.language, trouble.rule).headline,
    );
    let headline = format!("✅ {}: {was}", phrases.withdrawn_headline);
    let text = format!("{headline}\n\n{}", phrases.withdrawn.replace("{headline}", &was));
    (one_line(&headline, HEADLINE_UNITS_MAX), text)
}

/// The detail goes in last: what comes from outside is never searched for places to fill.
fn fill(voice: &Voice, key: &AlertKey, trouble: &Trouble, text: &str) -> String {
    text.replace("{unit}", &voice.unit)
        .replace("{object}", key.object())
        .replace("{since}", &moment(&voice.timezone, trouble.since))
        .replace("{detail}", &cut(&printable(&trouble.detail), DETAIL_UNITS_MAX))
}

/// The largest unit that is not zero and the one below it: nobody needs the seconds of a day.
#[must_use]
pub fn duration(language: Language, lasted: Duration) -> String {
    let seconds = lasted.as_secs();
    let numbers = [
        seconds / 86_400,
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60,
    ];
    let units = phrases(language).units;
    let parts: Vec<String> = numbers
        .iter()
        .zip(units)
        .skip_while(|(number, _)| **number == 0)
        .take(2)
        .filter(|(number, _)| **number > 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    if parts.is_empty() {
        format!("0{}", units[3])
    } else {
        parts.join(" ")
    }
}

fn icon(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "🔵",
        Severity::Warning => "🟡",
        Severity::Critical => "🔴",
    }
}

fn printable(text: &str) -> String {
    text.chars()
        .filter(|char| *char == '\n' || !char.is_control())
        .collect::<String>()
        .trim()
        .to_owned()
}

fn one_line(text: &str, units_max: usize) -> String {
    cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), units_max)
}

/// At most so many UTF-16 units, which is how Telegram counts.
fn cut(text: &str, units_max: usize) -> String {
    if units(text) <= units_max {
        return text.to_owned();
    }
    let mut left = units_max - 1;
    let fits = |char: &char| {
        let room = left.checked_sub(char.len_utf16());
        left = room.unwrap_or(0);
        room.is_some()
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use protocol::incident::IncidentId;

    use super::*;
    use crate::{alert::rule::Rule, store::outbox::OutboxId};

    fn voice(language: Language) -> Voice {
        Voice {
            language,
            timezone: TimeZone::get("Asia/Jakarta").unwrap(),
            unit: "bot.service".to_owned(),
        }
    }

    fn gone() -> Trouble {
        let since = UnixMillis(1_795_338_000_000);
        Trouble {
            rule: Rule::BotGone,
            detail: String::new(),
            since,
            rule_since: since,
        }
    }

    #[test]
    fn an_alert_says_what_happened_what_it_means_what_was_done_and_what_to_do() {
        let key = AlertKey::new("bot", "bot");
        let message = of_alert(&voice(Language::Id), &key, &Reason::First(gone()));
        assert_eq!(message.headline, "🔴 Bot toko mati mendadak");
        for part in [
            "2026-11-22 16:00:00 WIB",
            "Artinya:",
            "Sudah dilakukan:",
            "systemctl status bot.service",
        ] {
            assert!(message.text.contains(part), "{part} is not in {}", message.text);
        }
        assert!(!message.follows_up);
    }

    #[test]
    fn the_end_of_an_alert_says_how_long_it_lasted() {
        let key = AlertKey::new("bot", "bot");
        let reason = Reason::Resolved {
            trouble: gone(),
            lasted: Duration::from_secs(3_725),
        };
        let message = of_alert(&voice(Language::En), &key, &reason);
        assert!(message.text.contains("1 h 2 min"), "{}", message.text);
        assert!(message.follows_up);
    }

    #[test]
    fn what_comes_from_outside_is_cut_and_cannot_fill_places() {
        let text = "{since} {unit} \u{7} ".to_owned() + &"😀".repeat(5_000);
        let trouble = Trouble {
            rule: Rule::BackupFailed,
            detail: text.clone(),
            ..gone()
        };
        let key = AlertKey::new("backup_remote", "offsite");
        let message = of_alert(&voice(Language::En), &key, &Reason::First(trouble));
        assert!(
            message.text.contains("{since} {unit}") && !message.text.contains('\u{7}'),
            "{}",
            message.text
        );
        assert!(units(&message.text) <= TEXT_UNITS_MAX);
        let incident = Incident {
            id: IncidentId(1),
            at: UnixMillis(0),
            kind: "x".repeat(500),
            severity: Severity::Info,
            text,
        };
        assert!(units(&of_incident(&voice(Language::En), &incident).text) <= TEXT_UNITS_MAX);
    }

    #[test]
    fn a_report_is_explained_in_the_owners_language_before_the_bots_own_words() {
        let told = |language, kind: &str| {
            let incident = Incident {
                id: IncidentId(1),
                at: UnixMillis(0),
                kind: kind.to_owned(),
                severity: Severity::Critical,
                text: "job 7 of order 3 died".to_owned(),
            };
            of_incident(&voice(language), &incident).text
        };
        let text = told(Language::Id, "dead_job");
        let (meaning, report) = text.split_once("Rincian dari bot: ").unwrap();
        assert!(meaning.contains("journalctl -u bot.service -n 100"), "{text}");
        assert!(report.starts_with("job 7 of order 3 died\n"), "{text}");
        assert!(told(Language::En, "dead_job").contains("The bot's own words: job 7"));
        assert!(told(Language::En, "newer").starts_with("🔴 The bot reports (newer)\n\njob 7"));
    }

    #[test]
    fn a_summary_holds_what_fits_and_marks_what_may_be_known() {
        let row = |number: i64| Waiting {
            id: OutboxId(number),
            message: Message {
                alert_key: "bot/bot".to_owned(),
                headline: format!("headline {number} {}", "x".repeat(100)),
                text: String::new(),
                follows_up: false,
            },
            created_at: UnixMillis(number * 1000),
            in_doubt: number == 2,
        };
        let rows: Vec<Waiting> = (0..200).map(row).collect();
        let (text, count) = summary(&voice(Language::En), &rows);
        assert!(
            units(&text) <= TEXT_UNITS_MAX && (10..200).contains(&count),
            "{count}"
        );
        assert!(text.starts_with(&format!("{count} messages")));
        assert!(
            text.contains("1970-01-01 07:00:02 WIB  (repeated) headline 2 "),
            "{text}"
        );
    }

    #[test]
    fn durations_name_their_two_largest_units() {
        let shown = [0, 59, 60, 3_600, 3_661, 90_000].map(|s| duration(Language::Id, Duration::from_secs(s)));
        assert_eq!(
            shown,
            [
                "0 detik",
                "59 detik",
                "1 menit",
                "1 jam",
                "1 jam 1 menit",
                "1 hari 1 jam"
            ]
        );
    }
}
