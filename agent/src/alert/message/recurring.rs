//! The words of what comes and goes: one message, true at every moment, that says how often it came since when.
//! Pure. It promises nothing that is not so on a way whose messages cannot be changed.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::{
    Voice,
    ended::{over, over_headline},
    fill, named, placed, settled_text,
};
use crate::alert::{
    engine::{Notice, Times},
    rule::Rule,
    text::{moment, moment_beside},
    words::{phrases, wording},
};

/// Before the headline of what is back.
pub(super) fn again(voice: &Voice, notice: &Notice) -> String {
    let Some(times) = &notice.times else {
        return String::new();
    };
    let phrases = phrases(voice.language);
    let again = match times.kinds.as_slice() {
        [] => phrases.again,
        [(rule, _)] if *rule == notice.lead.rule => phrases.again,
        _ => phrases.again_mixed,
    };
    let since = moment_beside(&voice.timezone, times.since, notice.lead.since);
    let again = again.replace("{since}", &since);
    format!("{}: ", in_times(voice, times, &again))
}

/// Under what is wrong and comes and goes.
pub(super) fn how_it_changes(voice: &Voice, notice: &Notice) -> String {
    let flapping = phrases(voice.language).flapping;
    let told_in_it = notice.times.as_ref().filter(|times| times.is_in_place);
    told_in_it.map_or(String::new(), |times| {
        format!("\n\n{flapping}{}", by_kind(voice, notice, times))
    })
}

/// How often it was what, where it was not always the same.
fn by_kind(voice: &Voice, notice: &Notice, times: &Times) -> String {
    if times.kinds.len() < 2 {
        return String::new();
    }
    let one = |(rule, count): &(Rule, u32)| {
        let headline = fill(voice, &notice.lead, wording(voice.language, *rule).headline);
        format!("{count}× {headline}")
    };
    let kinds: Vec<String> = times.kinds.iter().map(one).collect();
    let told = phrases(voice.language).kinds;
    format!("\n\n{}", told.replace("{kinds}", &kinds.join(" · ")))
}

/// What the message that something comes and goes says while it is gone.
pub(super) fn paused_text(
    voice: &Voice,
    notice: &Notice,
    lasted: Option<Duration>,
    now: UnixMillis,
) -> (String, String) {
    let Some(times) = &notice.times else {
        return settled_text(voice, notice, now);
    };
    let headline = counted_over(voice, notice);
    let over = lasted.map_or(String::new(), |lasted| {
        format!("{}\n\n", over(voice, &notice.lead, lasted))
    });
    let paused = in_times(voice, times, phrases(voice.language).paused) + &by_kind(voice, notice, times);
    let was = named(voice, &notice.lead);
    (headline.clone(), format!("{headline}\n\n{over}{paused}\n\n{was}"))
}

/// What it says once it has stayed away.
pub(super) fn calm_text(voice: &Voice, notice: &Notice) -> (String, String) {
    let headline = counted_over(voice, notice);
    let calm = notice
        .times
        .as_ref()
        .map(|times| in_times(voice, times, phrases(voice.language).calm) + &by_kind(voice, notice, times));
    let was = named(voice, &notice.lead);
    let text = format!("{headline}\n\n{}\n\n{was}", calm.unwrap_or_default());
    (headline, text)
}

/// That it is over, and how often it was: in a summary nothing else says so.
fn counted_over(voice: &Voice, notice: &Notice) -> String {
    let headline = over_headline(voice, &notice.lead);
    match &notice.times {
        Some(times) if times.count > 1 => {
            let since = moment_beside(&voice.timezone, times.since, notice.lead.since);
            let told = phrases(voice.language).times.replace("{since}", &since);
            format!("{headline} {}", in_times(voice, times, &told))
        }
        _ => headline,
    }
}

/// What it says once a later message tells how it goes on: neither that it is wrong nor that it is over.
pub(super) fn replaced_text(voice: &Voice, notice: &Notice) -> (String, String) {
    let phrases = phrases(voice.language);
    let what = fill(
        voice,
        &notice.lead,
        wording(voice.language, notice.lead.rule).headline,
    );
    let headline = format!("⏬ {}: {}", phrases.replaced_headline, placed(&notice.lead, what));
    (headline.clone(), format!("{headline}\n\n{}", phrases.replaced))
}

/// How often it came, in a phrase.
fn in_times(voice: &Voice, times: &Times, phrase: &str) -> String {
    let beside = |at| moment_beside(&voice.timezone, at, times.since);
    phrase
        .replace("{count}", &times.count.to_string())
        .replace("{since}", &moment(&voice.timezone, times.since))
        .replace("{until}", &beside(times.last_at))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use protocol::incident::Severity;

    use super::*;
    use crate::{
        alert::{
            engine::{Fault, Kind},
            message::of_notice,
            rule::Rule,
        },
        config::Language,
        store::episodes::EpisodeId,
    };

    const BEGAN: UnixMillis = UnixMillis(1_795_330_800_000);
    const DIED: UnixMillis = UnixMillis(1_795_332_600_000);
    const BACK: UnixMillis = UnixMillis(1_795_332_612_000);

    fn said(language: Language, rule: Rule, kind: Kind) -> (String, String) {
        said_of(language, rule, vec![(rule, 7)], kind)
    }

    fn said_of(language: Language, rule: Rule, kinds: Vec<(Rule, u32)>, kind: Kind) -> (String, String) {
        let voice = Voice {
            language,
            timezone: TimeZone::get("Asia/Jakarta").unwrap(),
            unit: "bot.service".to_owned(),
            database: "/srv/shop.db".to_owned(),
        };
        let notice = Notice {
            kind,
            episode: EpisodeId(1),
            severity: Severity::Critical,
            lead: Fault {
                key: "bot/bot".to_owned(),
                rule,
                detail: String::new(),
                value: None,
                since: DIED,
            },
            others: Vec::new(),
            mended: Vec::new(),
            faults: 1,
            acked: None,
            times: Some(Times {
                count: 7,
                kinds,
                since: BEGAN,
                last_at: BACK,
                is_in_place: true,
            }),
            rungs: 1,
            loud: false,
        };
        let message = of_notice(&voice, &notice, BACK);
        (message.headline, message.text)
    }

    #[test]
    fn each_state_says_how_often_since_when_and_how_it_is_now() {
        let paused = Kind::Paused {
            lasted: Some(Duration::from_secs(12)),
        };
        let id = |kind| said(Language::Id, Rule::BotGone, kind);
        let (headline, text) = id(Kind::Returned);
        assert_eq!(
            headline,
            "🔴 Terjadi lagi (7 kali sejak 14:00:00): Bot toko mati mendadak"
        );
        assert!(
            text.contains("tanpa pamit pada 2026-11-22 14:30:00 WIB."),
            "{text}"
        );
        let (headline, text) = id(paused);
        assert_eq!(
            headline,
            "✅ Bot toko berjalan lagi (terjadi 7 kali sejak 14:00:00)"
        );
        for part in [
            "tidak menjawab selama 12 detik",
            "7 kali sejak 2026-11-22 14:00:00 WIB",
            "terakhir sampai 14:30:12",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let (_, text) = id(Kind::Calm);
        assert!(
            text.contains("hilang timbul 7 kali, dari 2026-11-22 14:00:00 WIB sampai 14:30:12"),
            "{text}"
        );
        let (headline, text) = id(Kind::Replaced);
        assert_eq!(
            headline,
            "⏬ Dilanjutkan di pesan berikutnya: Bot toko mati mendadak"
        );
        assert!(!text.contains("berjalan lagi") && !text.contains('✅'), "{text}");
    }

    #[test]
    fn a_hang_is_counted_among_no_deaths() {
        let kinds = || vec![(Rule::BotGone, 5), (Rule::BotHung, 2)];
        let (headline, text) = said_of(Language::En, Rule::BotGone, kinds(), Kind::Returned);
        assert!(
            headline.starts_with("🔴 Trouble again (7 times since 14:00:00, not always this): "),
            "{headline}"
        );
        for kind in [Kind::Returned, Kind::Paused { lasted: None }, Kind::Calm] {
            let (_, text) = said_of(Language::En, Rule::BotGone, kinds(), kind);
            assert!(text.contains("By what it was: 5× The shop's bot died"), "{text}");
            assert!(text.contains(" · 2× The shop's bot "), "{text}");
        }
        assert!(text.contains("not always this"), "{text}");
        let (_, text) = said(Language::En, Rule::BotGone, Kind::Calm);
        assert!(!text.contains("By what it was"), "{text}");
    }

    #[test]
    fn no_message_about_what_comes_and_goes_promises_news_of_its_own_for_each() {
        for language in [Language::Id, Language::En] {
            for rule in Rule::ALL {
                for kind in [Kind::Flapping, Kind::Returned, Kind::Update, Kind::Reminder] {
                    let (_, text) = said(language, *rule, kind);
                    for promise in [
                        "menyusul.",
                        "kabar menyusul",
                        "belum ada kabar",
                        "news follows",
                        "no news",
                    ] {
                        assert!(!text.contains(promise), "{rule:?} says '{promise}': {text}");
                    }
                    assert!(text.contains("Telegram"), "{text}");
                }
            }
        }
    }
}
