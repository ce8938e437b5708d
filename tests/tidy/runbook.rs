//! Every alert that the owner can get has an entry in docs/RUNBOOK.md, and every entry an alert.
//! Whether the entry helps is for the owner.

use std::collections::BTreeSet;

use crate::tree::{files, refuse};

/// Where alerts are declared: the agent's rules, and the incidents that the bot reports through it.
const DECLARED_IN: [&str; 2] = ["agent/src/alert/rule/table.rs", "bot/src/incident/mod.rs"];
const RUNBOOK: &str = "docs/RUNBOOK.md";

/// The names in `Self::BotGone => "bot_gone"` and in `BotGone => Spec::new("bot_gone", …)`.
fn declared(code: &str) -> BTreeSet<String> {
    let named = |line: &str| {
        let (left, right) = line.trim().split_once(" => ")?;
        let name = match left.strip_prefix("Self::") {
            Some(_) => right.strip_prefix('"')?,
            None => right.strip_prefix("Spec::new(\"")?,
        };
        name.split('"').next().map(str::to_owned)
    };
    code.lines().filter_map(named).collect()
}

/// The names in headings such as ``### `bot_gone` ``.
fn entries(runbook: &str) -> Vec<String> {
    let names = runbook
        .lines()
        .filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'));
    names.map(str::to_owned).collect()
}

fn differences(declared: &BTreeSet<String>, told: &[String]) -> Vec<String> {
    let entries: BTreeSet<String> = told.iter().cloned().collect();
    let doubled = entries
        .iter()
        .filter(|name| told.iter().filter(|told| told == name).count() > 1)
        .map(|name| format!("{RUNBOOK} has two entries named {name}"));
    let missing = declared
        .difference(&entries)
        .map(|name| format!("{name} has no entry in {RUNBOOK}"));
    let stale = entries
        .difference(declared)
        .map(|name| format!("{RUNBOOK} tells of {name}, which no program raises"));
    missing.chain(stale).chain(doubled).collect()
}

fn text_of(path: &str) -> String {
    let found = files(|file| file == path);
    assert_eq!(found.len(), 1, "{path} is missing");
    found[0].text.clone()
}

#[test]
fn every_alert_has_a_runbook_entry() {
    let mut kinds = BTreeSet::new();
    for path in DECLARED_IN {
        let found = declared(&text_of(path));
        assert!(
            found.len() > 1,
            "{path} declares no alerts in the form that this test reads"
        );
        kinds.extend(found);
    }
    refuse(&differences(&kinds, &entries(&text_of(RUNBOOK))));
}

#[test]
fn an_alert_without_entry_an_entry_without_alert_and_two_of_one_name_are_caught() {
    let kinds = declared("    Self::A => \"a\",\n    B => Spec::new(\"b\", Info),\n    other => \"c\",\n");
    let told = entries("### `b`\nText.\n### `d`\n## Other\n### `b`\n");
    assert_eq!(differences(&kinds, &told).len(), 3);
}
