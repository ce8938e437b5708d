//! From a notice to the text that the owner reads: what happened, what it means, what was done, what to do.
//! Pure; what it is given from outside is cut to length, and nothing is formatted as markup.

use std::time::Duration;

use protocol::time::UnixMillis;

mod ended;
mod mended;
mod outgoing;
mod place;
mod recurring;
mod summary;

use ended::{over_headline, over_text};
use mended::{mended, mended_text};
use outgoing::elsewhere;
pub use outgoing::{LASTS, STAYS_AWAY, STAYS_AWAY_MOST, is_late, marked, outgoing, waited_in_vain};
use place::{host, short_name};
use recurring::{again, calm_text, how_it_changes, paused_text, replaced_text};
pub use summary::{lines, said_by, summary};

use super::{
    engine::{Fault, Kind, Notice},
    rule::{Topic, object_of},
    text::{cut, ends, figure, icon, moment_beside, on_the_clock, one_line, printable, whole},
    whose::Whose,
    words::{
        advice_on_cause, detail, log_advice, phrases, sentences, unit_state, way_advice, wording, wording_of,
    },
};
pub use super::{
    explained::explained,
    text::{dated, duration, fitting, moment, rupiah, short, units},
    voice::Voice,
};
use crate::{
    config::Language,
    store::{episodes::Acked, outbox::Message},
};

/// What Telegram takes in one message, in UTF-16 units.
pub const MESSAGE_UNITS_MAX: usize = 4_096;
/// What a message says by itself; the rest is room for what is noted when it goes out.
pub const TEXT_UNITS_MAX: usize = 4_000;
/// What a probe or the bot may add to a message.
pub(super) const DETAIL_UNITS_MAX: usize = 1_500;
/// What is told later than this after it counts says since when.
const TOLD_SOON: Duration = Duration::from_secs(300);
/// In a list of several alerts.
const CAUSE_UNITS_MAX: usize = 200;
/// One line of a summary.
pub(super) const HEADLINE_UNITS_MAX: usize = 200;
/// A file or a mount point among others.
const NAME_UNITS_MAX: usize = 60;
/// Other faults that a line of a summary names, which has other lines beside it.
const ALSO_UNITS_MAX: usize = 1_500;

/// What this program wrote down, the system or a storage said, in the owner's words as far as they are known.
#[must_use]
pub fn in_words(language: Language, text: &str) -> String {
    sentences(language, text)
}

/// How systemd sees the bot's unit, in the owner's words.
#[must_use]
pub fn unit_in_words(language: Language, state: &str) -> String {
    unit_state(language, state)
}

/// What is said of an alert.
#[must_use]
pub fn of_notice(voice: &Voice, notice: &Notice, now: UnixMillis) -> Message {
    let phrases = phrases(voice.language);
    let (headline, text) = match &notice.kind {
        Kind::First => trouble_text(voice, notice, now, None),
        Kind::Update | Kind::Flapping | Kind::Returned => trouble_text(voice, notice, now, None),
        Kind::Worse => trouble_text(voice, notice, now, Some(phrases.worse)),
        Kind::More => trouble_text(voice, notice, now, Some(phrases.more)),
        Kind::Reminder => {
            let lasted = duration(voice.language, now.since(notice.lead.since));
            let still = phrases.reminder.replace("{lasted}", &lasted);
            trouble_text(voice, notice, now, Some(&still))
        }
        Kind::Paused { lasted } => paused_text(voice, notice, *lasted, now),
        Kind::Resolved { lasted, .. } => over_text(voice, notice, *lasted, now),
        Kind::Withdrawn => withdrawn_text(voice, notice),
        Kind::Settled => settled_text(voice, notice, now),
        Kind::Calm => calm_text(voice, notice),
        Kind::Replaced => replaced_text(voice, notice),
    };
    Message {
        alert_key: notice.lead.key.clone(),
        episode: Some(notice.episode),
        runbook: Some(notice.lead.rule.name().to_owned()),
        severity: notice.severity,
        headline: one_line(&headline, HEADLINE_UNITS_MAX),
        text: cut(&text, TEXT_UNITS_MAX),
        also: match notice.kind.is_open() {
            true => {
                let acked = notice.acked.iter().map(|acked| taken_on(voice, acked));
                acked
                    .chain(others(voice, &notice.others, ALSO_UNITS_MAX))
                    .chain(mended(voice, &notice.mended))
                    .collect()
            }
            false => Vec::new(),
        },
        was: was(voice, notice),
        loud: notice.loud,
        open: notice.kind.is_open(),
        is_edit: notice.kind.is_edit(),
        follows_up: notice.kind.follows_up(),
        settles: notice.kind.settles(),
        in_passing: notice.kind.is_in_passing(),
        since: happened_at(notice, now),
        not_before: None,
        rungs: notice.rungs,
    }
}

/// When that was which it tells; none where that is when it is told. A reminder counts up to the moment at which it is
/// composed, also where it takes the place of an earlier word that nobody has heard. What comes and goes may be called over
/// long after it was.
fn happened_at(notice: &Notice, now: UnixMillis) -> Option<UnixMillis> {
    match notice.kind {
        Kind::First | Kind::Worse | Kind::More | Kind::Flapping | Kind::Returned | Kind::Update => {
            Some(notice.lead.since)
        }
        Kind::Reminder => Some(now),
        Kind::Paused { .. } | Kind::Calm => notice.times.as_ref().map(|times| times.last_at),
        Kind::Resolved { .. } | Kind::Withdrawn | Kind::Settled | Kind::Replaced => None,
    }
}

/// What is wrong, in one line: for lists.
#[must_use]
pub fn headline(voice: &Voice, fault: &Fault) -> String {
    let text = fill(voice, fault, wording(voice.language, fault.rule).headline);
    one_line(
        &format!("{} {text}", icon(fault.rule.severity())),
        HEADLINE_UNITS_MAX,
    )
}

/// The same, with the name of the log or the disk that it is about, of which there may be several.
#[must_use]
pub fn named(voice: &Voice, fault: &Fault) -> String {
    placed(fault, headline(voice, fault))
}

/// What the probe knows beyond the rule, for a list; `None` where its headline says all.
#[must_use]
pub fn cause(voice: &Voice, fault: &Fault) -> Option<String> {
    let told = one_line(&told_detail(voice, fault), CAUSE_UNITS_MAX);
    let is_said = told.is_empty() || named(voice, fault).contains(&told);
    (!is_said).then_some(told)
}

/// A headline with the place that it is about, where it does not say that itself.
fn placed(fault: &Fault, headline: String) -> String {
    if headline.contains(object_of(&fault.key)) {
        return headline;
    }
    headline + &short_name(fault)
}

/// When it was seen first, where nothing else that is said of it says so: of a log always, since its message may come late by
/// any road, and of what waited for the morning, or for the end of a silence.
fn first_seen(voice: &Voice, notice: &Notice, happened: &str, now: UnixMillis) -> Option<String> {
    let is_of_log = notice.lead.rule.spec().topic == Topic::Logs;
    let is_wanted = !happened.contains("{since}") && (is_of_log || waited(notice, now));
    is_wanted.then(|| seen_at(voice, notice))
}

/// Whether it is told for the first time, long after it was seen.
fn waited(notice: &Notice, now: UnixMillis) -> bool {
    let (since, lasts) = (notice.lead.since, notice.lead.rule.spec().lasts);
    notice.kind == Kind::First && now.since(since) > lasts.saturating_add(TOLD_SOON)
}

fn seen_at(voice: &Voice, notice: &Notice) -> String {
    let at = moment(&voice.timezone, notice.lead.since);
    phrases(voice.language).first_seen.replace("{at}", &at)
}

fn trouble_text(voice: &Voice, notice: &Notice, now: UnixMillis, prefix: Option<&str>) -> (String, String) {
    let words = wording_of(voice.language, notice.lead.rule, &notice.lead.key);
    let todo = todo(voice, &notice.lead, words.todo);
    let seen = first_seen(voice, notice, words.happened, now);
    let phrases = phrases(voice.language);
    let fill = |text: &str| fill(voice, &notice.lead, text);
    let prefix = prefix.map_or(String::new(), |prefix| format!("{prefix}: "));
    let headline = format!(
        "{} {prefix}{}{}",
        icon(notice.severity_now()),
        again(voice, notice),
        placed(&notice.lead, fill(words.headline))
    );
    let said = format!(
        "{headline}\n\n{}{}\n\n{}: {}\n\n{}: {}\n\n{}: {}",
        whole(&fill(words.happened)),
        seen.map_or(String::new(), |seen| format!(" {seen}")),
        phrases.means,
        fill(words.means),
        phrases.done,
        fill(words.done).trim_end(),
        phrases.todo,
        fill(&todo),
    );
    let mut below = mended_text(voice, &notice.mended) + &how_it_changes(voice, notice);
    if let Some(acked) = &notice.acked {
        below += &format!("\n\n{}", taken_on(voice, acked));
    }
    let said = cut(&said, TEXT_UNITS_MAX.saturating_sub(units(&below)));
    let room = TEXT_UNITS_MAX.saturating_sub(units(&said) + units(&below));
    let others = others_text(voice, &notice.others, room);
    (headline, format!("{said}{others}{below}"))
}

/// Who takes care of it since when.
fn taken_on(voice: &Voice, acked: &Acked) -> String {
    let phrases = phrases(voice.language);
    let at = moment(&voice.timezone, acked.at);
    match &acked.by {
        None => phrases.acked.replace("{at}", &at),
        Some(who) => phrases.acked_by.replace("{at}", &at).replace("{who}", who),
    }
}

/// In that many units, where one fits into them.
fn others_text(voice: &Voice, faults: &[Fault], units_max: usize) -> String {
    let heading = format!("\n\n{}:\n", phrases(voice.language).also);
    let lines = others(voice, faults, units_max.saturating_sub(units(&heading)));
    match lines.is_empty() {
        true => String::new(),
        false => format!("{heading}{}", lines.join("\n")),
    }
}

/// A line for each, as many as fit, and one for how many more there are.
fn others(voice: &Voice, faults: &[Fault], units_max: usize) -> Vec<String> {
    let line = |fault: &Fault| {
        let since = moment(&voice.timezone, fault.since);
        format!("{} ({since})", named(voice, fault))
    };
    fitting(faults.iter().map(line).collect(), units_max)
}

/// What is over by it, where its headline says only that.
fn was(voice: &Voice, notice: &Notice) -> Option<String> {
    match notice.kind {
        Kind::Resolved { .. } | Kind::Settled | Kind::Paused { .. } | Kind::Calm => {
            Some(named(voice, &notice.lead))
        }
        Kind::First
        | Kind::Worse
        | Kind::More
        | Kind::Reminder
        | Kind::Flapping
        | Kind::Withdrawn
        | Kind::Update
        | Kind::Returned
        | Kind::Replaced => None,
    }
}

/// What was wrong, from when to when: it stands in the place of the message that said so.
fn what_it_was(voice: &Voice, notice: &Notice, now: UnixMillis) -> String {
    let since = moment(&voice.timezone, notice.lead.since);
    let until = moment_beside(&voice.timezone, now, notice.lead.since);
    format!("{}\n{since} – {until}", named(voice, &notice.lead))
}

fn withdrawn_text(voice: &Voice, notice: &Notice) -> (String, String) {
    let phrases = phrases(voice.language);
    let was = fill(
        voice,
        &notice.lead,
        wording(voice.language, notice.lead.rule).headline,
    ) + &short_name(&notice.lead);
    let headline = format!("⚪ {}: {was}", phrases.withdrawn_headline);
    let text = format!("{headline}\n\n{}", phrases.withdrawn.replace("{headline}", &was));
    (headline, text)
}

/// What the live message says in the end: that it is over, and what it was.
fn settled_text(voice: &Voice, notice: &Notice, now: UnixMillis) -> (String, String) {
    let headline = over_headline(voice, &notice.lead);
    let text = format!("{headline}\n\n{}", what_it_was(voice, notice, now));
    (headline, text)
}

/// A log's advice by whose it is, and a fault's by its cause, where that is known.
fn todo(voice: &Voice, fault: &Fault, usual: &str) -> String {
    let (_, whose) = Whose::of_detail(&fault.detail, &voice.unit);
    let advice = whose.and_then(|whose| log_advice(voice.language, fault.rule, &whose));
    let on_cause = || {
        let of_way = (object_of(&fault.key), fault.detail.as_str());
        let on_way = way_advice(voice.language, fault.rule, of_way);
        on_way
            .or_else(|| advice_on_cause(voice.language, fault.rule, &fault.detail))
            .unwrap_or(usual)
    };
    advice.unwrap_or_else(|| on_cause().to_owned())
}

/// What the probe knows beyond the rule.
fn told_detail(voice: &Voice, fault: &Fault) -> String {
    let stored = match fault.rule.spec().topic {
        Topic::Logs => Whose::of_detail(&fault.detail, &voice.unit).0,
        _ => &fault.detail,
    };
    let told = detail(voice.language, fault.rule, stored);
    let told = match fault.rule.is_of_end() {
        true => on_the_clock(&voice.timezone, &told),
        false => told,
    };
    cut(&printable(&told), DETAIL_UNITS_MAX)
}

/// The detail goes in last: what comes from outside is never searched for places to fill.
fn fill(voice: &Voice, fault: &Fault, text: &str) -> String {
    let line = fault.rule.spec().threshold;
    let shown = |value: Option<f64>| match (line, value) {
        (Some(line), Some(value)) => figure(voice.language, line.unit, value),
        _ => String::new(),
    };
    voice
        .in_place(text)
        .replace("{since}", &moment(&voice.timezone, fault.since))
        .replace("{value}", &shown(fault.value))
        .replace("{ends}", &ends(voice.language, fault.value))
        .replace("{limit}", &shown(line.map(|line| line.raise)))
        .replace("{object}", object_of(&fault.key))
        .replace("{host}", host(object_of(&fault.key)))
        .replace("{detail}", &told_detail(voice, fault))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use protocol::incident::Severity;

    use super::*;
    use crate::alert::rule::Rule;
    use crate::store::{
        episodes::EpisodeId,
        outbox::{DeliveryId, Elsewhere, There, Waiting},
    };

    fn voice(language: Language) -> Voice {
        Voice {
            language,
            timezone: TimeZone::get("Asia/Jakarta").unwrap(),
            unit: "bot.service".to_owned(),
            database: "/srv/shop.db".to_owned(),
        }
    }

    #[test]
    fn what_else_is_wrong_says_with_which_log_and_which_disk() {
        let mut notice = gone(Kind::First);
        let other = |key: &str, rule| Fault {
            key: key.to_owned(),
            rule,
            ..notice.lead.clone()
        };
        notice.others = vec![
            other("log_writer//var/log/shop/bot.log", Rule::LogWriterLost),
            other("disk_of_remote//mnt/backup", Rule::DiskLow),
            other("bot/bot", Rule::BotHung),
        ];
        let said = of_notice(&voice(Language::En), &notice, UnixMillis(0)).text;
        assert!(
            said.contains("A log is written into the wrong file: bot.log ("),
            "{said}"
        );
        assert!(
            said.contains("Little room is left on the disk: /mnt/backup ("),
            "{said}"
        );
        assert!(!said.contains(": bot ("), "{said}");
    }

    fn gone(kind: Kind) -> Notice {
        Notice {
            kind,
            episode: EpisodeId(1),
            severity: Severity::Critical,
            lead: Fault {
                key: "bot/bot".to_owned(),
                rule: Rule::BotGone,
                detail: String::new(),
                value: None,
                since: UnixMillis(1_795_338_000_000),
            },
            others: Vec::new(),
            mended: Vec::new(),
            faults: 1,
            acked: None,
            times: None,
            rungs: 1,
            loud: true,
        }
    }

    fn told(language: Language, notice: &Notice) -> Message {
        of_notice(&voice(language), notice, UnixMillis(1_795_338_600_000))
    }

    #[test]
    fn an_alert_says_what_happened_what_it_means_what_was_done_and_what_to_do() {
        let message = told(Language::Id, &gone(Kind::First));
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
    fn of_several_addresses_each_is_named_and_the_command_about_it_works() {
        let of = |key: &str| Fault {
            key: key.to_owned(),
            rule: Rule::DomainUnreachable,
            detail: "the connection is refused".to_owned(),
            value: None,
            since: UnixMillis(0),
        };
        let mut notice = gone(Kind::First);
        notice.lead = of("domain/shop.example:8443");
        notice.others = vec![of("domain/https://[::1]:444/x"), of("domain/pay.example")];
        let message = told(Language::En, &notice);
        assert!(
            message.headline.ends_with("answer: shop.example:8443"),
            "{}",
            message.headline
        );
        for part in [
            "getent hosts shop.example\n",
            "does not answer: [::1]:444 (",
            "does not answer: pay.example (",
        ] {
            assert!(message.text.contains(part), "{part} is not in {}", message.text);
        }
        let hosts = ["https://[::1]:444/x", "shop.example", "a.example:1"].map(host);
        assert_eq!(hosts, ["::1", "shop.example", "a.example"]);
    }

    #[test]
    fn advice_names_the_database_where_it_lies() {
        for language in [Language::En, Language::Id] {
            let mut notice = gone(Kind::First);
            notice.lead.rule = Rule::DatabaseRefuses;
            let text = told(language, &notice).text;
            assert!(text.contains("lsof /srv/shop.db"), "{text}");
        }
    }

    #[test]
    fn the_advice_about_a_way_is_that_ways_and_names_no_section_that_there_is_not() {
        for (language, start) in [(Language::En, "press Start"), (Language::Id, "tekan Start")] {
            let of = |key: &str| {
                let mut notice = gone(Kind::First);
                notice.lead.rule = Rule::ChannelBroken;
                notice.lead.key = key.to_owned();
                told(language, &notice).text
            };
            let (first, push) = (of("channel/telegram"), of("channel/push"));
            assert!(first.contains(start) && first.contains("[owner]"), "{first}");
            assert!(!first.contains("[channels."), "{first}");
            assert!(
                push.contains("[channels.push]") && !push.contains("Telegram"),
                "{push}"
            );
            assert!(!push.contains(start), "{push}");
        }
    }

    #[test]
    fn the_advice_about_a_way_that_is_not_reached_does_not_blame_its_settings() {
        let mut notice = gone(Kind::First);
        notice.lead.rule = Rule::ChannelBroken;
        notice.lead.key = "channel/push".to_owned();
        notice.lead.detail = "tcp connect error: Connection refused (os error 111)".to_owned();
        let text = told(Language::En, &notice).text;
        assert!(
            text.contains("a firewall") && text.contains("--channel push"),
            "{text}"
        );
        assert!(!text.contains("or its secret"), "{text}");
        notice.lead.detail = "status 404".to_owned();
        let text = told(Language::En, &notice).text;
        assert!(
            text.contains("[channels.push]") && text.contains("or its secret"),
            "{text}"
        );
    }

    #[test]
    fn the_moment_is_said_once_and_of_a_log_always() {
        let hour = Duration::from_secs(3_600);
        for language in [Language::En, Language::Id] {
            for (rule, key, later) in [
                (Rule::ClockJumped, "clock/steps", hour),
                (Rule::LogGrowing, "log//x.log", Duration::ZERO),
                (Rule::LogNotRotated, "log//x.log", hour),
            ] {
                let mut notice = gone(Kind::First);
                notice.lead.rule = rule;
                notice.lead.key = key.to_owned();
                let voice = voice(language);
                let text = of_notice(&voice, &notice, notice.lead.since.plus(later)).text;
                let at = moment(&voice.timezone, notice.lead.since);
                assert_eq!(text.matches(&at).count(), 1, "{text}");
            }
        }
    }

    #[test]
    fn what_is_not_watched_any_more_is_named_with_its_disk() {
        let mut notice = gone(Kind::Withdrawn);
        notice.lead.key = "disk_writes_of_remote//mnt/gone".to_owned();
        notice.lead.rule = Rule::DiskReadOnly;
        let said = told(Language::En, &notice);
        assert!(said.headline.ends_with(": /mnt/gone"), "{}", said.headline);
        assert!(!said.text.contains('✅'), "nothing was mended: {}", said.text);
        assert!(said.text.contains("Nobody looks at it any more"), "{}", said.text);
    }

    #[test]
    fn the_end_of_an_alert_says_how_long_it_lasted() {
        let lasted = Duration::from_secs(3_725);
        let message = told(
            Language::En,
            &gone(Kind::Resolved {
                lasted,
                in_place: false,
            }),
        );
        assert!(message.text.contains("1 h 2 min"), "{}", message.text);
        assert!(message.follows_up);
    }

    #[test]
    fn an_end_tells_no_age_as_if_it_had_begun_with_the_alert() {
        let kinds = || {
            let lasted = Duration::from_secs(65);
            let in_place = true;
            [
                Kind::Resolved { lasted, in_place },
                Kind::Paused { lasted: Some(lasted) },
            ]
        };
        let times = crate::alert::engine::Times {
            count: 2,
            kinds: Vec::new(),
            since: UnixMillis(0),
            last_at: UnixMillis(0),
            is_in_place: true,
        };
        for (rule, seconds, said) in [
            (Rule::DeliveryLate, 662.0, "waited for more than 11 min 2 s."),
            (Rule::OrdersStuck, 90_000.0, "It lasted 1 d 1 h."),
            (Rule::QueueLagging, 1_245.0, "It lasted 20 min 45 s."),
            (Rule::QueueLagging, 40.0, "It lasted 1 min 5 s."),
            (Rule::RemoteBehind, 662.0, "behind for 11 min 2 s."),
        ] {
            for kind in kinds() {
                let mut notice = gone(kind);
                notice.times = Some(times.clone());
                (notice.lead.rule, notice.lead.value) = (rule, Some(seconds));
                let text = told(Language::En, &notice).text;
                assert!(text.contains(said), "{rule:?}: {text}");
            }
        }
        // A younger one may wait by then.
        let mut late = gone(Kind::Resolved {
            lasted: Duration::from_secs(65),
            in_place: false,
        });
        (late.lead.rule, late.lead.value) = (Rule::DeliveryLate, Some(662.0));
        for (language, said) in [
            (Language::En, "✅ No paid order waits too long"),
            (Language::Id, "✅ Tidak ada lagi pesanan lunas yang terlalu lama"),
        ] {
            let text = told(language, &late).text;
            assert!(text.starts_with(said), "{text}");
        }
        // Where the age is not known as a figure, none is told.
        for rule in [
            Rule::BackupOld,
            Rule::CredentialOld,
            Rule::DrillOld,
            Rule::LogNotRotated,
        ] {
            for language in [Language::Id, Language::En] {
                assert!(!wording(language, rule).over.contains("{lasted}"), "{rule:?}");
            }
        }
    }

    #[test]
    fn what_comes_from_outside_is_cut_and_cannot_fill_places() {
        let text = "{since} {unit} \u{7} ".to_owned() + &"😀".repeat(5_000);
        let mut notice = gone(Kind::First);
        notice.lead.rule = Rule::BackupFailed;
        notice.lead.detail = text.clone();
        let message = told(Language::En, &notice);
        assert!(
            message.text.contains("{since} {unit}") && !message.text.contains('\u{7}'),
            "{}",
            message.text
        );
        assert!(units(&message.text) <= TEXT_UNITS_MAX);
    }

    #[test]
    fn what_is_told_long_after_it_began_says_when_that_was() {
        let mut notice = gone(Kind::First);
        notice.lead.rule = Rule::DiskFilling;
        let told_after = |seconds: u64| {
            let at = notice.lead.since.plus(Duration::from_secs(seconds));
            of_notice(&voice(Language::En), &notice, at).text
        };
        assert!(!told_after(60).contains("Seen first"), "{}", told_after(60));
        let held = told_after(8 * 3_600);
        let at = moment(&voice(Language::En).timezone, notice.lead.since);
        assert!(held.contains(&format!("Seen first: {at}.")), "{held}");
    }

    #[test]
    fn a_summary_holds_what_fits_and_marks_what_may_be_known() {
        let row = |number: i64| Waiting {
            id: DeliveryId(number),
            message: Message {
                headline: format!("headline {number} {}", "x".repeat(100)),
                episode: Some(EpisodeId(number)),
                since: None,
                ..told(Language::En, &gone(Kind::First))
            },
            created_at: UnixMillis(number * 1000),
            climbed_at: None,
            in_doubt: number == 2,
            there: There::Not,
            elsewhere: (number == 3).then(|| Elsewhere {
                rung: "push".to_owned(),
                sent_at: UnixMillis(63_000),
                climbed: true,
            }),
        };
        let mut rows: Vec<Waiting> = (0..200).map(row).collect();
        // The last one tells the first trouble anew, and does not get into this message.
        rows[199].message.episode = Some(EpisodeId(0));
        let (text, count) = summary(&voice(Language::En), &rows, UnixMillis(500_000));
        assert!(text.contains("headline 0 "), "{text}");
        assert!(
            units(&text) <= TEXT_UNITS_MAX && (10..200).contains(&count),
            "{count}"
        );
        assert!(text.starts_with(&format!("{count} messages")));
        assert!(
            text.contains("1970-01-01 07:00:02 WIB  (may be repeated) headline 2 "),
            "{text}"
        );
        assert_eq!(
            text.matches("this way was down; it went by push at 07:01:03")
                .count(),
            1,
            "{text}"
        );
    }

    #[test]
    fn a_list_says_the_cause_where_the_headline_does_not() {
        let mut fault = gone(Kind::First).lead;
        assert_eq!(cause(&voice(Language::En), &fault), None);
        fault.rule = Rule::DrillFailed;
        "postings that do not add up to zero:\n1".clone_into(&mut fault.detail);
        let told = cause(&voice(Language::En), &fault);
        assert_eq!(told.as_deref(), Some("postings that do not add up to zero: 1"));
    }

    #[test]
    fn a_database_that_takes_no_writes_is_advised_on_by_its_cause_alone_where_that_is_known() {
        for (detail, named) in [
            ("full", &["df -i"][..]),
            ("readonly", &["findmnt -T /srv/shop.db"]),
            ("busy", &["lsof /srv/shop.db"]),
            ("damaged", &["agent restore --latest"]),
            ("moved", &["agent restore --latest"]),
            ("other", &["df -h", "dmesg", "lsof /srv/shop.db"]),
        ] {
            let mut notice = gone(Kind::First);
            notice.lead.rule = Rule::DatabaseRefuses;
            notice.lead.detail = detail.to_owned();
            for language in [Language::Id, Language::En] {
                let text = told(language, &notice).text;
                assert!(named.iter().all(|part| text.contains(part)), "{text}");
                let others = ["df -i", "findmnt", "lsof", "agent restore"];
                let count = others.iter().filter(|part| text.contains(**part)).count();
                assert_eq!(count, 1, "{detail}: {text}");
            }
        }
    }

    #[test]
    fn a_summary_names_all_that_a_message_of_it_names() {
        for language in [Language::Id, Language::En] {
            let mut notice = gone(Kind::First);
            let disk = |place: &str| Fault {
                key: format!("disk/{place}"),
                rule: Rule::DiskFull,
                ..notice.lead.clone()
            };
            (notice.lead, notice.others) = (disk("/a"), vec![disk("/b"), disk("/c")]);
            let row = Waiting {
                id: DeliveryId(1),
                message: told(language, &notice),
                created_at: UnixMillis(0),
                climbed_at: None,
                in_doubt: false,
                there: There::Not,
                elsewhere: None,
            };
            let mut another = row.clone();
            another.message.episode = Some(EpisodeId(2));
            let named = |rows: &[Waiting]| {
                let (text, count) = summary(&voice(language), rows, UnixMillis(1_000));
                assert_eq!(count, rows.len());
                ["/a", "/b", "/c"].map(|place| text.matches(&format!(": {place}")).count())
            };
            assert_eq!(named(&[row.clone(), another]), [2; 3]);
            assert_eq!(named(&[row.clone(), row]), [1; 3], "the later one says all of it");
        }
    }

    #[test]
    fn a_summary_of_an_end_alone_says_what_is_over() {
        let row = |kind: Kind| Waiting {
            id: DeliveryId(1),
            message: told(Language::En, &gone(kind)),
            created_at: UnixMillis(0),
            climbed_at: None,
            in_doubt: false,
            there: There::Not,
            elsewhere: None,
        };
        let over = || {
            row(Kind::Resolved {
                lasted: Duration::from_secs(20),
                in_place: true,
            })
        };
        let named = |rows: &[Waiting]| {
            let (text, _) = summary(&voice(Language::En), rows, UnixMillis(1_000));
            text.matches("🔴 The shop's bot died").count()
        };
        assert_eq!(named(&[over()]), 1);
        assert_eq!(named(&[row(Kind::First), over()]), 1, "it stands there already");
        let mut digest = row(Kind::Withdrawn);
        digest.message.text += "\n\nWrong at present:\n🔴 The shop's bot died";
        assert_eq!(
            named(&[digest]),
            0,
            "what another message lists is not over by it"
        );
    }

    #[test]
    fn what_another_way_told_meanwhile_says_so_and_what_went_both_ways_at_once_does_not() {
        let said = |language, sent_at_s: i64| {
            let row = Waiting {
                id: DeliveryId(1),
                message: Message {
                    since: None,
                    ..told(Language::En, &gone(Kind::First))
                },
                created_at: UnixMillis(0),
                climbed_at: None,
                in_doubt: false,
                there: There::Not,
                elsewhere: Some(Elsewhere {
                    rung: "push".to_owned(),
                    sent_at: UnixMillis(sent_at_s * 1000),
                    climbed: false,
                }),
            };
            outgoing(&voice(language), &row, false, UnixMillis(200_000_000))
        };
        let text = said(Language::En, 720);
        assert!(
            text.ends_with("\n\n(this way was down; it went by push at 07:12:00)"),
            "{text}"
        );
        let text = said(Language::Id, 100_000);
        assert!(
            text.ends_with("lewat push pukul 1970-01-02 10:46:40 WIB)"),
            "{text}"
        );
        assert!(!said(Language::En, 199_980).contains("push"));
    }

    #[test]
    fn what_may_be_there_by_another_road_is_marked_and_not_called_kept() {
        let said = |there, is_edit| {
            let row = Waiting {
                id: DeliveryId(1),
                message: Message {
                    since: None,
                    ..told(Language::En, &gone(Kind::First))
                },
                created_at: UnixMillis(0),
                climbed_at: None,
                in_doubt: false,
                there,
                elsewhere: None,
            };
            outgoing(&voice(Language::En), &row, is_edit, UnixMillis(61_000))
        };
        let text = said(There::Perhaps, false);
        assert!(text.starts_with("(may be repeated) 🔴"), "{text}");
        assert!(text.ends_with("\n\n(of 1970-01-01 07:00:00 WIB)"), "{text}");
        assert!(!said(There::Perhaps, true).contains("repeated"));
        let text = said(There::Not, false);
        assert!(
            text.starts_with('🔴') && text.ends_with("it could not be sent before)"),
            "{text}"
        );
    }

    #[test]
    fn what_waits_to_see_whether_it_stays_well_was_kept_by_no_outage() {
        let said_of = |open, climbed, waited_s: i64| {
            let mut message = told(Language::En, &gone(Kind::First));
            (message.in_passing, message.open) = (true, open);
            let row = Waiting {
                id: DeliveryId(1),
                message,
                created_at: UnixMillis(0),
                climbed_at: None,
                in_doubt: false,
                there: There::Not,
                elsewhere: Some(Elsewhere {
                    rung: "telegram".to_owned(),
                    sent_at: UnixMillis(100),
                    climbed,
                }),
            };
            let text = outgoing(&voice(Language::En), &row, false, UnixMillis(waited_s * 1000));
            text.contains("this way was down") || text.contains("could not be sent")
        };
        let said = |climbed, waited_s| said_of(false, climbed, waited_s);
        assert!(!said_of(true, false, 80) && said_of(true, false, 106));
        assert!(!said(false, 31) && !said(false, 910));
        assert!(said(false, 931), "longer than it ever waits by itself");
        assert!(said(true, 31), "the way before was down indeed");
    }

    #[test]
    fn what_is_noted_under_the_longest_message_goes_out_with_it() {
        for language in [Language::En, Language::Id] {
            let mut message = told(language, &gone(Kind::First));
            message.text = "x".repeat(TEXT_UNITS_MAX);
            let row = Waiting {
                id: DeliveryId(1),
                message,
                created_at: UnixMillis(0),
                climbed_at: None,
                in_doubt: true,
                there: There::Not,
                elsewhere: Some(Elsewhere {
                    rung: "a way with a long name".to_owned(),
                    sent_at: UnixMillis(7_000_000),
                    climbed: true,
                }),
            };
            let text = outgoing(&voice(language), &row, false, UnixMillis(200_000_000));
            assert!(units(&text) <= MESSAGE_UNITS_MAX, "{}", units(&text));
            assert!(
                text.contains("x…\n\n(") && text.contains("a way with a long name"),
                "{text}"
            );
            assert!(text.starts_with(phrases(language).repeated), "{text}");
        }
    }

    #[test]
    fn one_message_names_as_many_as_fit_and_counts_the_others_and_its_note_is_never_lost() {
        let mut notice = gone(Kind::Update);
        notice.others = (0..100).map(|_| notice.lead.clone()).collect();
        notice.acked = Some(Acked {
            at: UnixMillis(1_795_338_000_000),
            by: None,
        });
        let message = told(Language::En, &notice);
        assert!(message.is_edit && message.open);
        let (named, more) = message.text.split_once("\n+").unwrap();
        let named = named.matches("\n🔴 ").count();
        let more: usize = more.split('\n').next().unwrap().parse().unwrap();
        assert_eq!(named + more, 100);
        assert!(
            (3_900..=TEXT_UNITS_MAX).contains(&units(&message.text)),
            "{named}"
        );
        assert!(
            message.text.contains("Also wrong:\n🔴 The shop's bot died (2026"),
            "{}",
            message.text
        );
        assert!(
            message
                .text
                .contains("\n\nYou took this on at 2026-11-22 16:00:00 WIB"),
            "{}",
            message.text
        );
    }
}
