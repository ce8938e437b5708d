//! What the owner reads, in the owner's language: one file a language, the same table in each.
//! Only words. When to speak is the engine's, and how it is sent is the outbox's.

use super::{
    role::Role,
    rule::{Rule, object_of},
};
use crate::config::Language;

/// One line for each rule, in the order of their table: the function that gives a rule's words. The compiler misses none.
macro_rules! wordings {
    ($($rule:ident => $words:path,)*) => {
        pub(super) fn wording(rule: Rule) -> Wording {
            match rule {
                $(Rule::$rule => $words,)*
            }
        }
    };
}

mod advice;
mod before;
mod detail;
mod en;
mod faults;
mod held;
mod id;
mod sentences;
mod unwatched;

pub(super) use advice::{advice_on_cause, log_advice, way_advice};
pub(super) use detail::{detail, unit_state};
pub(super) use faults::fault;
pub(super) use held::{held, was_held};
pub(super) use sentences::sentences;
pub(super) use unwatched::{thing, unwatched_words};

/// The words about one rule. `{unit}`, `{object}` and `{detail}` are filled in; so are the moments and durations
/// `{since}` and `{lasted}`, and for a rule with a threshold the figure `{value}` and where it began, `{limit}`; where the
/// figure is the time that is left, `{ends}` says when it ends or that it has ended.
pub(super) struct Wording {
    /// What is wrong, in a few words.
    pub headline: &'static str,
    /// What happened.
    pub happened: &'static str,
    /// What it means for the shop.
    pub means: &'static str,
    /// What was done already.
    pub done: &'static str,
    /// What to do, with the command.
    pub todo: &'static str,
    /// That it is over, in a few words.
    pub over_headline: &'static str,
    /// That it is over, and what that means.
    pub over: &'static str,
}

/// What the words about a disk are where it is not the shop's own.
pub(super) struct OnDisk {
    /// What it means for the shop.
    pub means: &'static str,
    /// What to do, where that is something else too.
    pub todo: Option<&'static str>,
}

/// What to do about a log, by whose it is.
pub(super) struct OnLog {
    /// The bot's.
    pub bots: &'static str,
    /// Another program's; `{restart}` is filled in.
    pub anothers: &'static str,
}

/// The words about one kind of the bot's reports; `{unit}` is filled in.
#[derive(Clone, Copy)]
pub(super) struct Reported {
    /// What is wrong, in a few words.
    pub headline: &'static str,
    /// The facts: `{1}`, `{2}`, `{3}` are filled in, in the order in which the bot gives them; what stands behind a bar is
    /// left out where the bot gives no more.
    pub facts: &'static str,
    /// What it means for the shop.
    pub means: &'static str,
    /// What was done already.
    pub done: &'static str,
    /// What to do, with the command.
    pub todo: &'static str,
}

/// How near the end of a disk is.
#[derive(Clone, Copy)]
enum Nearness {
    /// It comes.
    Coming,
    /// It can come at any moment.
    Near,
    /// Nothing can be written.
    Now,
}

impl Nearness {
    /// `None` for a rule that is about no disk of a role.
    fn of(rule: Rule) -> Option<Self> {
        match rule {
            Rule::DiskLow | Rule::DiskFilling | Rule::InodesLow => Some(Self::Coming),
            Rule::DiskFull | Rule::InodesFull => Some(Self::Near),
            Rule::DiskReadOnly | Rule::DiskGone => Some(Self::Now),
            _ => None,
        }
    }
}

/// The words around them.
pub(super) struct Phrases {
    /// Before what it means for the shop.
    pub means: &'static str,
    /// Before what was done.
    pub done: &'static str,
    /// Before what to do.
    pub todo: &'static str,
    /// Before what it means on a disk that holds nothing graver, in the order of [`Role::ALL`] after the shop's.
    pub only_on_disk: [&'static str; 4],
    /// That the agent restarted a hung bot; `{count}` of `{most}` and `{at}` are filled in.
    pub restarted: &'static str,
    /// The same while it is going on, and where nobody knows how it ended.
    pub restarting: &'static str,
    pub restart_unknown: &'static str,
    /// The same where some of them, or all, failed; `{failed}`, how many, and `{why}` are filled in besides.
    pub restart_failed: &'static str,
    /// Before the headline of a told trouble that is graver now.
    pub worse: &'static str,
    /// Before the headline when more came after it was told.
    pub more: &'static str,
    /// Before the headline of what nobody has taken on yet; `{lasted}` is filled in.
    pub reminder: &'static str,
    /// Before the headline of what is back within the hour. In these `{count}` and `{since}` are filled in: how often
    /// it came since when; and `{until}`: when it was last seen.
    pub again: &'static str,
    /// The same where it was not always this; `{count}` and `{since}` are filled in.
    pub again_mixed: &'static str,
    /// Behind the headline that it is over for the moment or for good; `{count}` and `{since}` are filled in.
    pub times: &'static str,
    /// How often it was what; `{kinds}` is filled in.
    pub kinds: &'static str,
    /// What happens to the message about something that comes and goes.
    pub flapping: &'static str,
    /// What that message says while it is gone.
    pub paused: &'static str,
    /// What it says in the end.
    pub calm: &'static str,
    /// Before the headline in a message after which another one tells how it goes on.
    pub replaced_headline: &'static str,
    /// What such a message says.
    pub replaced: &'static str,
    /// Of what is not told yet and is by then; `{at}` is filled in.
    pub told_by: &'static str,
    /// Of what is queued and arrived nowhere; `{at}` is filled in.
    pub queued: &'static str,
    /// What helps when Telegram says 403.
    pub press_start: &'static str,
    /// That the owner took it on; `{at}` is filled in.
    pub acked: &'static str,
    /// The same of one of several owners: `{who}` and `{at}`.
    pub acked_by: &'static str,
    /// The button that takes an alert on.
    pub take_on: &'static str,
    /// The button that explains.
    pub runbook: &'static str,
    /// The button that silences; `{hours}` is filled in.
    pub silence: &'static str,
    /// On the button that shows the bot's lines about trouble.
    pub logs: &'static str,
    /// On the button that shows a picture.
    pub graph: &'static str,
    /// On the button that begins a restart of the bot.
    pub restart: &'static str,
    /// That everything that was told with it is over too; `{count}` is filled in.
    pub all_over: &'static str,
    /// What a test of a way to the owner says.
    pub test: &'static str,
    /// Above what else is wrong.
    pub also: &'static str,
    /// Above what was told with it and is over.
    pub mended: &'static str,
    /// Before the headline of a trouble whose object is not in the configuration any more.
    pub withdrawn_headline: &'static str,
    /// That such an alert ends; `{headline}` is filled in.
    pub withdrawn: &'static str,
    /// Above a report of the bot's own of a kind that is not known here.
    pub incident: &'static str,
    /// When the bot reported; `{at}` is filled in.
    pub reported_at: &'static str,
    /// Before the facts of a report.
    pub facts: &'static str,
    /// Before the bot's own words, where the owner's language has said already what they are about.
    pub bots_words: &'static str,
    /// On a message that may have arrived before.
    pub repeated: &'static str,
    /// On a message that comes after its way was down: it went another way; `{way}` and `{at}` are filled in.
    pub elsewhere: &'static str,
    /// In a message about what was seen long before; `{at}` is filled in.
    pub first_seen: &'static str,
    /// In a summary, under what became graver or is told again; `{at}` is filled in.
    pub wrong_since: &'static str,
    /// On a message that waited through an outage; `{at}` is filled in.
    pub late: &'static str,
    /// On one of which nobody knows whether it arrived before that; `{at}` is filled in.
    pub of_then: &'static str,
    /// Above many messages in one; `{count}` is filled in.
    pub summary: &'static str,
    /// What a queue that is paused adds; `{queues}` is filled in.
    pub paused_queues: &'static str,
    /// What waits for a remote; `{count}` is filled in.
    pub commits_wait: &'static str,
    /// How the program that writes a log is restarted: a unit, one that is known by name, and one that is not known;
    /// `{writer}` and `{object}` are filled in.
    pub restart_unit: &'static str,
    pub restart_program: &'static str,
    pub restart_holder: &'static str,
    /// Day, hour, minute, second: each with its space before it.
    pub units: [&'static str; 4],
    /// Behind what grows or passes in an hour.
    pub an_hour: &'static str,
    /// In the place of a moment that there was not.
    pub never: &'static str,
    /// Of what ends: some time, in so long and so long ago; `{value}` is filled in.
    pub ends: [&'static str; 3],
}

/// The words of the daily digest.
pub(super) struct DigestPhrases {
    /// Before the moment.
    pub headline: &'static str,
    /// Above what is wrong.
    pub open: &'static str,
    /// Instead of it.
    pub nothing_open: &'static str,
    /// Above what the bot reported as single events.
    pub reported: &'static str,
    /// After it: `{orders}` placed and the `{money}` that came in.
    pub trade: &'static str,
    /// Above what came and went; `{since}` is filled in.
    pub past: &'static str,
    /// Above what is silenced.
    pub silences: &'static str,
    /// A silence over everything.
    pub everything: &'static str,
    /// Above the ages of the newest backups.
    pub backups: &'static str,
    /// Instead of them.
    pub no_backup: &'static str,
    /// Above how long ago a restore from each remote was rehearsed and passed.
    pub drills: &'static str,
    /// Instead of them.
    pub no_drill: &'static str,
    /// When the next one is due; `{at}` is filled in.
    pub drill_next: &'static str,
    /// Above the line that the owner keeps outside of every remote.
    pub anchor: &'static str,
    /// Above the ways to the owner.
    pub ways: &'static str,
    /// Instead of them.
    pub no_test: &'static str,
    /// That a way takes messages and answers as none does.
    pub strange: &'static str,
    /// That a way does not work.
    pub broken: &'static str,
    /// That it is not known whether one works.
    pub unanswered: &'static str,
    /// Before what it said at its first try.
    pub failed_once: &'static str,
    /// That there were none; `{since}` is filled in.
    pub no_service: &'static str,
    /// How messages fared; `{count}`, `{since}` and `{slowest}` are filled in.
    pub service: &'static str,
}

/// The digest's words in one language.
pub(super) fn digest_phrases(language: Language) -> &'static DigestPhrases {
    match language {
        Language::Id => &id::DIGEST,
        Language::En => &en::DIGEST,
    }
}

/// The table of one language.
pub(super) fn wording(language: Language, rule: Rule) -> Wording {
    match language {
        Language::Id => id::wording(rule),
        Language::En => en::wording(rule),
    }
}

/// The words about one alert: a rule's own, for a disk by whose it is, and for a way to the owner by which it is.
pub(super) fn wording_of(language: Language, rule: Rule, key: &str) -> Wording {
    let mut words = wording(language, rule);
    let of_disk = match language {
        Language::Id => id::of_disk(Role::of_key(key), rule),
        Language::En => en::of_disk(Role::of_key(key), rule),
    };
    if rule == Rule::ChannelBroken {
        words.todo = match language {
            Language::Id => id::of_way(object_of(key)),
            Language::En => en::of_way(object_of(key)),
        };
    }
    if let Some(on_disk) = of_disk {
        words.means = on_disk.means;
        words.todo = on_disk.todo.unwrap_or(words.todo);
    }
    words
}

/// What is said of a kind of the bot's reports. `None` for a kind that a newer bot has.
pub(super) fn reported(language: Language, kind: &str) -> Option<Reported> {
    match language {
        Language::Id => id::reported(kind),
        Language::En => en::reported(kind),
    }
}

/// A fact that is a code, in words; any other as it is.
pub(super) fn code(language: Language, fact: &str) -> &str {
    let codes = match language {
        Language::Id => id::CODES,
        Language::En => en::CODES,
    };
    codes
        .iter()
        .find(|(code, _)| *code == fact)
        .map_or(fact, |(_, told)| *told)
}

/// The phrases of one language.
pub(super) fn phrases(language: Language) -> &'static Phrases {
    match language {
        Language::Id => &id::PHRASES,
        Language::En => &en::PHRASES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::whose::Whose;

    const KNOWN: [&str; 10] = [
        "{unit}",
        "{database}",
        "{object}",
        "{host}",
        "{detail}",
        "{since}",
        "{lasted}",
        "{value}",
        "{ends}",
        "{limit}",
    ];

    /// As in docs/RUNBOOK.md.
    const KINDS: [&str; 15] = [
        "dead_job",
        "poison_update",
        "send_unknown",
        "send_refused",
        "customer_unreachable",
        "payment_mismatch",
        "gateway_refuses",
        "not_durable",
        "money_owed",
        "restored_sales_paused",
        "telegram_refuses",
        "database_refuses",
        "handler_stuck",
        "wal_too_long",
        "wal_stops_sales",
    ];

    #[test]
    fn every_kind_of_report_is_explained_in_both_languages() {
        let runbook = include_str!("../../../../docs/RUNBOOK.md");
        for kind in KINDS {
            assert!(runbook.contains(&format!("### `{kind}`")), "{kind}");
            let [id, en] = [Language::Id, Language::En].map(|language| {
                let words = reported(language, kind).unwrap();
                for (at, _) in words.facts.match_indices('{') {
                    let place = &words.facts[at..at + 3];
                    assert!(["{1}", "{2}", "{3}", "{4}"].contains(&place), "{kind}: {place}");
                }
                [words.headline, words.means, words.done, words.todo]
            });
            let places = [Language::Id, Language::En]
                .map(|language| reported(language, kind).unwrap().facts.matches('{').count());
            assert!(places[0] == places[1] && places[0] > 0, "{kind}");
            for (id, en) in id.iter().zip(en) {
                assert_ne!(*id, en, "{kind}");
                for text in [*id, en] {
                    assert!(
                        !text.is_empty() && !text.replace("{unit}", "x").contains(['{', '}']),
                        "{text}"
                    );
                }
            }
        }
        assert!(reported(Language::Id, "of_a_newer_bot").is_none());
    }

    #[test]
    fn only_the_shops_own_disk_stops_orders_and_each_advice_names_the_mount() {
        let rules = [
            Rule::DiskLow,
            Rule::DiskFull,
            Rule::DiskFilling,
            Rule::InodesLow,
            Rule::DiskReadOnly,
        ];
        for (language, goes_on) in [
            (Language::Id, "ini saja tidak menghentikan toko"),
            (Language::En, "this alone does not stop the shop"),
        ] {
            for rule in rules {
                let own = wording_of(language, rule, Role::Shop.key("disk", "/").as_str());
                assert_eq!(own.means, wording(language, rule).means);
                let mut meanings = vec![own.means];
                for role in Role::ALL.into_iter().skip(1) {
                    let words = wording_of(language, rule, role.key("disk", "/mnt").as_str());
                    assert!(words.means.starts_with(goes_on), "{rule:?}: {}", words.means);
                    assert!(words.todo.contains("{object}"), "{rule:?}: {}", words.todo);
                    meanings.push(words.means);
                }
                meanings.sort_unstable();
                meanings.dedup();
                assert_eq!(meanings.len(), Role::ALL.len(), "{meanings:?}");
            }
        }
    }

    #[test]
    fn no_alert_speaks_for_a_shop_or_a_bot_that_may_be_dead() {
        let claims = [
            "the shop goes on",
            "toko tetap berjual",
            "toko tetap berjalan",
            "toko masih berjalan",
            "toko tetap jalan",
        ];
        for (language, tries, while_it_runs) in [
            (
                Language::En,
                ["the bot goes on", "the bot keeps"],
                "while it runs",
            ),
            (Language::Id, ["bot terus", "bot tetap"], "selama berjalan"),
        ] {
            for rule in Rule::ALL {
                for text in [wording(language, *rule).means, wording(language, *rule).done] {
                    assert!(
                        claims.iter().all(|claim| !text.contains(claim)),
                        "{rule:?}: {text}"
                    );
                    let speaks = tries.iter().any(|tries| text.contains(tries));
                    assert!(!speaks || text.contains(while_it_runs), "{rule:?}: {text}");
                }
            }
        }
    }

    #[test]
    fn the_advice_about_a_log_is_the_right_one_of_two() {
        for language in [Language::Id, Language::En] {
            for rule in Rule::ALL.iter().filter(|rule| rule.name().starts_with("log_")) {
                let of = |whose| log_advice(language, *rule, &whose);
                let Some(bots) = of(Whose::Bot) else {
                    assert_eq!(*rule, Rule::LogSilent, "which is about the bot's alone");
                    continue;
                };
                let others = [Whose::Another, Whose::Program("nginx.service".to_owned())]
                    .map(|whose| of(whose).unwrap());
                let is_bots = bots.contains("{unit}") || bots.contains("/etc/logrotate.d/warung");
                assert!(is_bots, "{bots}");
                for other in others {
                    assert!(!other.contains("{unit}") && !other.contains("warung"), "{other}");
                    assert!(
                        !other.contains("{restart}") && !other.contains("{writer}"),
                        "{other}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_rule_has_every_sentence_and_no_unknown_place_in_both_languages() {
        for language in [Language::Id, Language::En] {
            for rule in Rule::ALL {
                let words = wording(language, *rule);
                let all = [
                    words.headline,
                    words.happened,
                    words.means,
                    words.done,
                    words.todo,
                ];
                for text in all.into_iter().chain([words.over_headline, words.over]) {
                    let filled = KNOWN
                        .iter()
                        .fold(text.to_owned(), |text, place| text.replace(place, "x"));
                    assert!(
                        !filled.is_empty() && !filled.contains(['{', '}']),
                        "{rule:?}: {text}"
                    );
                }
            }
        }
    }
}
