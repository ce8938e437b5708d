//! How far the owner knows of an alert: told, queued and not delivered, held back and why, or not for long enough.
//! One source for `agent status`, the page and the console. Pure, but for its words.

use std::collections::BTreeMap;

use super::{
    message::{Voice, moment},
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
    /// It has not been wrong for long enough to tell.
    Pending,
    /// It is told together with what comes within moments.
    Soon,
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
            let is_told = book
                .episodes
                .get(&id)
                .is_some_and(|episode| episode.told.is_some());
            if is_told {
                told_in(id, flapping.is_some_and(|(_, episode)| episode == id))
            } else {
                Telling::Soon
            }
        }
        (_, None, Some(held)) => Telling::Held(held),
        (_, None, None) => Telling::Soon,
    }
}

/// What a list adds to an alert; nothing to one that was told, or soon is.
#[must_use]
pub fn note(voice: &Voice, telling: &Telling) -> Option<String> {
    match telling {
        Telling::Pending
        | Telling::Soon
        | Telling::Told {
            comes_and_goes: false,
        } => None,
        Telling::Told { comes_and_goes: true } => Some(named::held(voice, Held::Flapping).to_owned()),
        Telling::Held(held) => Some(named::held(voice, *held).to_owned()),
        Telling::Queued(queued) => Some(queued_words(voice, queued)),
    }
}

fn queued_words(voice: &Voice, queued: &Undelivered) -> String {
    let phrases = phrases(voice.language);
    let at = moment(&voice.timezone, queued.since);
    let mut text = phrases.queued.replace("{at}", &at);
    if let Some(why) = &queued.why {
        text += &format!(" ({})", one_line(&printable(why), WHY_UNITS_MAX));
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
    use protocol::{incident::Severity, time::UnixMillis};

    use super::*;
    use crate::{
        alert::rule::Rule,
        config::Language,
        store::episodes::{EpisodeRow, FloorRow, Lead},
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
            episode,
            held,
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
            due_at: None,
            told: told.then_some((Severity::Critical, SINCE)),
            edits: 0,
            acked_at: None,
            reminders: 0,
            remind_at: None,
        };
        book.episodes.insert(EpisodeId(1), episode);
        let floor = FloorRow {
            key: key(),
            rule: Rule::BotGone.name().to_owned(),
            raised_at: UnixMillis(0),
            raises: 2,
            bad_at: SINCE,
            loudest: Severity::Critical,
            flapping: Some((SINCE, EpisodeId(flapping))),
            over_at: None,
            edits: 0,
            messages: 2,
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
        assert_eq!(of(&book(2, true), &pending, &nothing), Telling::Pending);
        assert_eq!(of(&book(2, false), &row(None, one), &nothing), Telling::Soon);
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
            "queued since 1970-01-01 00:00:01 UTC, not delivered yet (telegram: 403 Forbidden: bot was blocked by the \
             user); press Start in the chat with the agent's bot"
        );
        assert!(
            note(&voice(Language::Id), &queued)
                .unwrap()
                .contains("tekan Start")
        );
    }
}
