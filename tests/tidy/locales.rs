//! Every word that people read exists in both languages, with the same variables, and nothing is left over.
//! Whether a translation is good is for a speaker.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{files, refuse};

/// A message's key, and the variables in it.
type Messages = BTreeMap<String, BTreeSet<String>>;

fn messages(ftl: &str) -> Messages {
    let mut found = Messages::new();
    let mut key = None;
    for line in ftl.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with(|c: char| c.is_ascii_lowercase() || c == '-') {
            key = line.split_once('=').map(|(name, _)| name.trim().to_owned());
        }
        if let Some(key) = &key {
            found.entry(key.clone()).or_default().extend(variables(line));
        }
    }
    found
}

fn variables(line: &str) -> impl Iterator<Item = String> {
    line.split('$').skip(1).map(|rest| {
        rest.chars()
            .take_while(|c| c.is_alphanumeric() || "-_".contains(*c))
            .collect()
    })
}

fn differences(id: &Messages, en: &Messages) -> Vec<String> {
    let keys: BTreeSet<&String> = id.keys().chain(en.keys()).collect();
    let judge = |key: &&String| match (id.get(*key), en.get(*key)) {
        (Some(a), Some(b)) if a == b => None,
        (Some(a), Some(b)) => Some(format!(
            "{key} has the variables {a:?} in id.ftl and {b:?} in en.ftl"
        )),
        (None, _) => Some(format!("{key} is missing in id.ftl")),
        (_, None) => Some(format!("{key} is missing in en.ftl")),
    };
    keys.iter().filter_map(judge).collect()
}

fn locale(language: &str) -> Messages {
    let path = format!("bot/locales/{language}.ftl");
    let found = files(|file| file == path);
    assert_eq!(found.len(), 1, "{path} is missing");
    messages(&found[0].text)
}

#[test]
fn both_languages_say_the_same_things() {
    refuse(&differences(&locale("id"), &locale("en")));
}

#[test]
fn a_missing_key_and_a_missing_variable_are_caught() {
    let id = messages("# c\na = x\nb = { $name }\n    dan { $price }\n");
    let en = messages("b = { $name }\nc = y\n");
    assert_eq!(differences(&id, &en).len(), 3);
}
