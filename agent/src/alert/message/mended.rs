//! The words of what was told in a message that goes on, and is over by itself: without them it would only be missing there.
//! Pure.

use super::{HEADLINE_UNITS_MAX, Voice, one_line, over_headline};
use crate::{
    alert::{engine::Fault, rule::Rule, text::moment, words::phrases},
    store::episodes::Mended,
};

/// Under what is wrong still.
pub(super) fn mended_text(voice: &Voice, all: &[Mended]) -> String {
    let lines: Vec<String> = mended(voice, all).collect();
    match lines.is_empty() {
        true => String::new(),
        false => format!("\n\n{}:\n{}", phrases(voice.language).mended, lines.join("\n")),
    }
}

/// A line for each, with the moment when it was over.
pub(super) fn mended(voice: &Voice, all: &[Mended]) -> impl Iterator<Item = String> {
    let line = |mended: &Mended| {
        let fault = Fault {
            key: mended.key.clone(),
            rule: Rule::named(&mended.rule)?,
            detail: String::new(),
            value: None,
            since: mended.at,
        };
        let at = moment(&voice.timezone, mended.at);
        Some(one_line(
            &format!("{} ({at})", over_headline(voice, &fault)),
            HEADLINE_UNITS_MAX,
        ))
    };
    all.iter().filter_map(line)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use protocol::time::UnixMillis;

    use super::*;
    use crate::config::Language;

    #[test]
    fn what_is_over_stands_below_with_its_moment_and_an_unknown_rule_is_left_out() {
        let voice = Voice {
            language: Language::Id,
            timezone: TimeZone::get("Asia/Jakarta").unwrap(),
            unit: "bot.service".to_owned(),
            database: "/srv/shop.db".to_owned(),
        };
        let mended = |rule: &str| Mended {
            key: "database/commits".to_owned(),
            rule: rule.to_owned(),
            at: UnixMillis(1_795_338_000_000),
        };
        let all = [mended("of_a_newer_agent"), mended(Rule::DatabaseRefuses.name())];
        let said = mended_text(&voice, &all);
        assert!(said.starts_with("\n\nSudah beres:\n✅ "), "{said}");
        assert!(said.ends_with(" (2026-11-22 16:00:00 WIB)"), "{said}");
        assert_eq!(said.lines().count(), 4, "{said}");
        assert_eq!(mended_text(&voice, &[]), "");
    }
}
