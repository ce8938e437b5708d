//! docs/RUNBOOK inside the program, so that it is at hand when the server is all that is left of the documents.
//! English, as the document is; it is shown, not interpreted.

const TEXT: &str = include_str!("../../../docs/RUNBOOK.md");
const HEADING: &str = "### `";

/// What it says about a rule or an incident.
#[must_use]
pub fn entry(name: &str) -> Option<&'static str> {
    let found = entries().find(|(entry, _)| *entry == name);
    found.map(|(_, text)| text)
}

/// Every name that it has an entry for, in its order.
pub fn names() -> impl Iterator<Item = &'static str> {
    entries().map(|(name, _)| name)
}

fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    TEXT.split("\n### ").skip(1).filter_map(|part| {
        let (heading, text) = part.split_once('\n')?;
        let name = heading.strip_prefix(&HEADING[4..])?.strip_suffix('`')?;
        // The next chapter begins after the last entry of this one.
        Some((name, text.split("\n## ").next().unwrap_or(text).trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        alert::{
            message::{Voice, explained},
            rule::Rule,
        },
        config::Language,
    };

    #[test]
    fn every_entry_is_told_in_indonesian_too_and_both_fit_into_one_message() {
        let voice = Voice {
            language: Language::Id,
            timezone: jiff::tz::TimeZone::UTC,
            unit: "bot.service".to_owned(),
            database: "/srv/shop.db".to_owned(),
        };
        for (name, text) in entries() {
            let short = explained(&voice, name).unwrap_or_default();
            assert!(
                !short.is_empty() && !short.contains(['{', '}']),
                "{name}: {short}"
            );
            assert!(short.len() + text.len() < 3_900, "{name}");
        }
        assert_eq!(explained(&voice, "nothing"), None);
        let disk = explained(&voice, "disk_full").unwrap();
        assert!(
            disk.contains("hanya ada cadangan: ini saja tidak menghentikan toko. Cadangan bisa berhenti"),
            "{disk}"
        );
        let short = explained(&voice, "bot_gone").unwrap();
        assert!(
            short.contains("Yang perlu dilakukan: ") && short.contains("systemctl status bot.service"),
            "{short}"
        );
    }

    #[test]
    fn every_rule_has_an_entry_that_fits_into_a_message() {
        for rule in Rule::ALL {
            let text = entry(rule.name()).unwrap_or_default();
            assert!(!text.is_empty() && !text.contains("##"), "{}", rule.name());
            assert!(text.len() < 3_500, "{}", rule.name());
        }
        for name in [
            "disk_low",
            "disk_full",
            "disk_filling",
            "inodes_low",
            "inodes_full",
            "disk_read_only",
        ] {
            let text = entry(name).unwrap_or_default();
            assert!(text.contains("Only the agent's state there: "), "{name}");
            assert!(
                text.contains("Only backups: ") && text.contains("Only logs: "),
                "{name}"
            );
        }
        assert_eq!(entry("nothing"), None);
        assert!(names().count() >= Rule::ALL.len());
        let unique: std::collections::BTreeSet<&str> = names().collect();
        assert_eq!(unique.len(), names().count());
    }
}
