//! Every word that people read exists in both languages, with the same variables, and nothing is left over.
//! Whether a translation is good is for a speaker.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    lexer::texts,
    tree::{Source, files, refuse, rust_of},
};

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

/// Keys that no code names, and texts in the code that look like a key and are none.
fn misused(keys: &BTreeSet<String>, code: &[Source]) -> Vec<String> {
    let named: BTreeSet<&str> = code.iter().flat_map(|file| texts(file.before_tests())).collect();
    let unused = keys
        .iter()
        .filter(|key| !named.contains(key.as_str()))
        .map(|key| format!("{key} is never said"));
    // `button-bakc` begins like a key; `x-secret` does not.
    let families: BTreeSet<&str> = keys
        .iter()
        .filter_map(|key| key.split_once('-'))
        .map(|(first, _)| first)
        .collect();
    let is_key = |text: &&&str| {
        let form = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        form && text
            .split_once('-')
            .is_some_and(|(first, _)| families.contains(first))
    };
    let unknown = named.iter().filter(is_key).filter(|text| !keys.contains(**text));
    unused
        .chain(unknown.map(|text| format!("{text} is said and in no locale")))
        .collect()
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
fn every_key_is_said_and_every_key_that_is_said_exists() {
    let keys = locale("id").into_keys().collect();
    refuse(&misused(&keys, &rust_of("bot")));
}

#[test]
fn an_unused_key_and_a_misspelt_key_are_caught() {
    let keys = ["button-back", "button-buy", "help"].map(str::to_owned).into();
    let code = [Source::planted(
        "bot/src/a.rs",
        "say(\"button-bakc\"); say(\"button-buy\"); say(\"help\"); b(\"x-secret\")",
    )];
    assert_eq!(
        misused(&keys, &code),
        [
            "button-back is never said",
            "button-bakc is said and in no locale"
        ]
    );
}

#[test]
fn a_missing_key_and_a_missing_variable_are_caught() {
    let id = messages("# c\na = x\nb = { $name }\n    dan { $price }\n");
    let en = messages("b = { $name }\nc = y\n");
    assert_eq!(differences(&id, &en).len(), 3);
}
