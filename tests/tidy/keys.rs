//! Every key of agent.toml that the agent reads stands in docs/OPERATING.md.
//! Whether what is said there helps is for the owner.

use std::collections::BTreeSet;

use crate::tree::{files, refuse};

const DOCUMENT: &str = "docs/OPERATING.md";
const READERS: &str = "agent/src/config/";
/// What reads a key that is named in its call; between the two there may be the section.
const CALLS: [&str; 8] = [
    "_if_any(",
    ".text(",
    ".texts(",
    ".integers(",
    "url(",
    "schedule(",
    "paths(",
    "address(",
];

/// The keys in calls such as `section.text_if_any("unit", faults)`.
fn read(code: &str) -> BTreeSet<String> {
    let behind = |call: &&str| {
        let call = (*call).to_owned();
        code.match_indices(&call)
            .map(|(at, _)| code[at + call.len()..].trim_start().to_owned())
            .collect::<Vec<_>>()
    };
    let named = |rest: String| {
        let rest = rest.strip_prefix("&mut ").unwrap_or(&rest);
        let rest = rest.strip_prefix("section,").unwrap_or(rest).trim_start();
        let name = rest.strip_prefix('"')?.split('"').next()?;
        let is_key = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        name.bytes().all(is_key).then(|| name.to_owned())
    };
    CALLS.iter().flat_map(behind).filter_map(named).collect()
}

/// Whether it stands there as a key, a section or in backticks.
fn is_told(document: &str, key: &str) -> bool {
    let is_line = |line: &str| {
        let line = line.trim_start_matches("# ");
        line.starts_with(&format!("{key} = ")) || line.starts_with(&format!("[{key}"))
    };
    document.lines().any(is_line)
        || document.contains(&format!("`{key}`"))
        || document.contains(&format!("`{key} = "))
        || document.contains(&format!("[watch.{key}]"))
}

#[test]
fn every_key_that_is_read_is_told() {
    let document = files(|path| path == DOCUMENT).remove(0);
    let readers = files(|path| path.starts_with(READERS) && path.ends_with(".rs"));
    let keys: BTreeSet<String> = readers
        .iter()
        .filter(|source| !source.is_test())
        .flat_map(|source| read(source.before_tests()))
        .collect();
    assert!(keys.len() > 40, "the readers are found: {keys:?}");
    let untold = keys.iter().filter(|key| !is_told(&document.text, key));
    refuse(
        &untold
            .map(|key| format!("{DOCUMENT} does not tell of the key {key}"))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn a_key_that_is_not_told_is_caught() {
    let code = "section.text_if_any(\"unit\", faults); url(&mut section, \"api_url\", None); \
                section.duration_if_any(\n \"sync\", x)";
    let keys: Vec<String> = read(code).into_iter().collect();
    assert_eq!(keys, ["api_url", "sync", "unit"]);
    assert!(is_told("unit = 1\n", "unit") && is_told("# unit = 1", "unit"));
    assert!(!is_told("units = 1 unit", "unit"));
}
