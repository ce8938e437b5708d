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
    use crate::alert::rule::Rule;

    #[test]
    fn every_rule_has_an_entry_that_fits_into_a_message() {
        for rule in Rule::ALL {
            let text = entry(rule.name()).unwrap_or_default();
            assert!(!text.is_empty() && !text.contains("##"), "{}", rule.name());
            assert!(text.len() < 3_500, "{}", rule.name());
        }
        assert_eq!(entry("nothing"), None);
        assert!(names().count() >= Rule::ALL.len());
    }
}
