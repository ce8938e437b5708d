//! How far the owner knows of an alert: told, queued and not delivered, held back and why, or not for long enough.
//! One source for `agent status`, the page and the console. Pure, but for its words.

use std::collections::BTreeMap;

use protocol::time::UnixMillis;

use super::{
    engine,
    message::{Voice, in_words, moment},
    named,
    text::{one_line, printable},
    words::phrases,
};
use crate::store::{
    alerts::{AlertRow, Held},
    book::Book,
    episodes::EpisodeId,
    outbox::Undelivered,
};

/// What a way said why it did not take a message.
const WHY_UNITS_MAX: usize = 300;

/// How far the owner knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Telling {
    /// It has not been wrong for long enough to tell, or not wrong in this way.
    Pending,
    /// It is told together with what comes meanwhile, by this moment.
    Soon(UnixMillis),
    /// It is not told, or not yet.
    Held(Held),
    /// It is queued, and no way has taken it.
    Queued(Undelivered),
    /// A way has taken it; whether it was told as something that comes and goes.
    Told {
        /// It was here before within the hour.
        comes_and_goes: bool,
    },
}

/// How far the owner knows of this alert; `undelivered` is what has arrived nowhere, by episode.
#[must_use]
pub fn of(book: &Book, row: &AlertRow, undelivered: &BTreeMap<EpisodeId, Undelivered>) -> Telling {
    let told_in = |episode: EpisodeId, comes_and_goes: bool| match undelivered.get(&episode) {
        Some(queued) => Telling::Queued(queued.clone()),
        None => Telling::Told { comes_and_goes },
    };
    let flapping = book.floors.get(&row.key).and_then(|floor| floor.flapping);
    match (row.loudest, row.episode, row.held) {
        (None, ..) => Telling::Pending,
        (_, Some(id), _) => {
            let episode = book.episodes.get(&id);
            let is_told = episode.is_some_and(|episode| episode.told.is_some());
            match &row.told {
                // Its message is due; others' may be out.
                told if told.is_none() || !is_told => {
                    Telling::Soon(episode.and_then(engine::told_by).unwrap_or(row.since))
                }
                told if told.as_ref() != Some(&row.rule) => Telling::Pending,
                _ => told_in(id, flapping.is_some_and(|(_, episode)| episode == id)),
            }
        }
        (_, None, Some(held)) => Telling::Held(held),
        (_, None, None) => Telling::Pending,
    }
}

/// What a list adds to an alert; nothing to one that was told.
#[must_use]
pub fn note(voice: &Voice, telling: &Telling) -> Option<String> {
    noted(voice, telling, |why| why_of_each_way(voice, why))
}

/// The same with what each way said in its own words: for whoever looks on the server.
#[must_use]
pub fn note_as_said(voice: &Voice, telling: &Telling) -> Option<String> {
    noted(voice, telling, str::to_owned)
}

fn noted(voice: &Voice, telling: &Telling, told: impl Fn(&str) -> String) -> Option<String> {
    match telling {
        Telling::Pending
        | Telling::Told {
            comes_and_goes: false,
        } => None,
        Telling::Soon(by) => {
            let by = moment(&voice.timezone, *by);
            Some(phrases(voice.language).told_by.replace("{at}", &by))
        }
        Telling::Told { comes_and_goes: true } => Some(named::held(voice, Held::Flapping).to_owned()),
        Telling::Held(held) => Some(named::held(voice, *held).to_owned()),
        Telling::Queued(queued) => Some(queued_words(voice, queued, told)),
    }
}

/// Each way's own reason, which the store keeps with a bare comma between two.
fn why_of_each_way(voice: &Voice, whys: &str) -> String {
    let mut each: Vec<String> = Vec::new();
    for piece in whys.split(',') {
        let begins = !piece.starts_with(' ') && piece.contains(": ");
        match each.last_mut().filter(|_| !begins) {
            Some(last) => *last += &format!(",{piece}"),
            None => each.push(piece.to_owned()),
        }
    }
    let told: Vec<String> = each.iter().map(|why| in_words(voice.language, why)).collect();
    told.join(", ")
}

fn queued_words(voice: &Voice, queued: &Undelivered, told: impl Fn(&str) -> String) -> String {
    let phrases = phrases(voice.language);
    let at = moment(&voice.timezone, queued.since);
    let mut text = phrases.queued.replace("{at}", &at);
    if let Some(why) = &queued.why {
        text += &format!(" ({})", one_line(&printable(&told(why)), WHY_UNITS_MAX));
        // What Telegram calls a chat that the owner has not begun, or has blocked.
        if why.contains("403") {
            text += &format!("; {}", phrases.press_start);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use protocol::incident::Severity;

    use super::*;
    use crate::{
        alert::rule::Rule,
        config::Language,
        store::episodes::{EpisodeRow, FloorRow, Kinds, Lead},
    };

    const SINCE: UnixMillis = UnixMillis(1_000);

    fn row(held: Option<Held>, episode: Option<EpisodeId>) -> AlertRow {
        AlertRow {
            key: "bot/bot".to_owned(),
            rule: Rule::BotGone.name().to_owned(),
            detail: String::new(),
            value: None,
            since: SINCE,
            rule_since: SINCE,
            looks: 1,
            good_looks: 0,
            loudest: Some(Severity::Critical),
            gravest: None,
            gravest_since: None,
            episode,
            held,
            told: Some(Rule::BotGone.name().to_owned()),
            away_since: None,
        }
    }

    fn book(flapping: i64, told: bool) -> Book {
        let key = || "bot/bot".to_owned();
        let mut book = Book::default();
        let lead = Lead {
            key: key(),
            rule: Rule::BotGone.name().to_owned(),
            detail: String::new(),
            value: None,
            since: SINCE,
        };
        let episode = EpisodeRow {
            id: EpisodeId(1),
            topic: String::new(),
            lead,
            faults: 1,
            due_at: (!told).then_some(UnixMillis(5_000)),
            told: told.then_some((Severity::Critical, SINCE)),
            edits: 0,
            acked: None,
            reminders: 0,
            remind_at: None,
            mended: Vec::new(),
        };
        book.episodes.insert(EpisodeId(1), episode);
        let floor = FloorRow {
            key: key(),
            rule: Rule::BotGone.name().to_owned(),
            raised_at: UnixMillis(0),
            raises: 2,
            kinds: Kinds::default(),
            bad_at: SINCE,
            loudest: Severity::Critical,
            flapping: Some((SINCE, EpisodeId(flapping))),
            over_at: None,
            messages: 2,
            began_at: UnixMillis(0),
            hour_at: UnixMillis(0),
            paced_until: UnixMillis(0),
            unsaid: false,
        };
        book.floors.insert(key(), floor);
        book
    }

    #[test]
    fn each_state_is_what_the_owner_really_knows() {
        let nothing = BTreeMap::new();
        let told = |comes_and_goes| Telling::Told { comes_and_goes };
        let pending = AlertRow {
            loudest: None,
            ..row(None, None)
        };
        let one = Some(EpisodeId(1));
        let again = row(Some(Held::Flapping), None);
        let as_told = |told: Option<Rule>| AlertRow {
            told: told.map(|rule| rule.name().to_owned()),
            ..row(None, one)
        };
        let hung = as_told(Some(Rule::BotHung));
        assert_eq!(of(&book(2, true), &hung, &nothing), Telling::Pending);
        let mut due = book(2, true);
        let episode = due.episodes.get_mut(&EpisodeId(1)).unwrap();
        episode.due_at = Some(UnixMillis(11_000));
        let soon = |ms| Telling::Soon(UnixMillis(ms));
        assert_eq!(of(&due, &as_told(None), &nothing), soon(11_000));
        // The last change of a message waits for the end of the storm, and no longer than that.
        due.episodes.get_mut(&EpisodeId(1)).unwrap().edits = 1;
        assert_eq!(of(&due, &as_told(None), &nothing), soon(91_000));
        assert_eq!(of(&book(2, true), &pending, &nothing), Telling::Pending);
        let untold = book(2, false);
        assert_eq!(of(&untold, &row(None, one), &nothing), soon(5_000));
        assert_eq!(of(&book(2, true), &row(None, one), &nothing), told(false));
        assert_eq!(of(&book(1, true), &row(None, one), &nothing), told(true));
        let held = |held| Telling::Held(held);
        assert_eq!(of(&book(1, true), &again, &nothing), held(Held::Flapping));
        let night = row(Some(Held::QuietHours), None);
        assert_eq!(of(&book(2, true), &night, &nothing), held(Held::QuietHours));
        let queued = |id| {
            let undelivered = Undelivered {
                since: SINCE,
                why: None,
            };
            [(EpisodeId(id), undelivered)].into()
        };
        assert!(matches!(
            of(&book(2, true), &row(None, one), &queued(1)),
            Telling::Queued(_)
        ));
        assert!(matches!(
            of(&book(1, true), &row(None, one), &queued(1)),
            Telling::Queued(_)
        ));
    }

    #[test]
    fn what_a_chat_refuses_says_since_when_and_what_to_do() {
        let voice = |language| Voice {
            language,
            timezone: TimeZone::UTC,
            unit: "bot.service".to_owned(),
            database: "/srv/shop.db".to_owned(),
        };
        let queued = Telling::Queued(Undelivered {
            since: SINCE,
            why: Some("telegram: 403 Forbidden: bot was blocked by the user".to_owned()),
        });
        let said = note(&voice(Language::En), &queued).unwrap();
        assert_eq!(
            said,
            "queued since 1970-01-01 00:00:01 UTC, not delivered yet (telegram: the agent's bot is blocked in that chat); \
             press Start in the chat with the agent's bot"
        );
        let said = note(&voice(Language::Id), &queued).unwrap();
        assert!(
            said.contains("(telegram: bot agent diblokir di obrolan itu); tekan Start"),
            "{said}"
        );
        let said = note_as_said(&voice(Language::En), &queued).unwrap();
        assert!(said.contains("403 Forbidden: bot was blocked"), "{said}");
    }

    #[test]
    fn each_way_that_was_tried_is_told_in_the_owners_language() {
        let voice = Voice {
            language: Language::Id,
            timezone: TimeZone::UTC,
            unit: "bot.service".to_owned(),
            database: "/srv/shop.db".to_owned(),
        };
        let whys = "telegram: connect: Connection refused (os error 111),ntfy: 401 Unauthorized, look, twice,mail: gone";
        assert_eq!(
            why_of_each_way(&voice, whys),
            "telegram: sambungan ditolak karena tidak ada yang menjawab di alamat itu, ntfy: kunci atau kata sandi \
             ditolak, mail: gone"
        );
    }
}
