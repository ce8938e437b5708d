//! What never stays in the tree: unfinished code, careless ends, and modules named after nothing.
//! Clippy says much of this too; here it also holds for code that a lint was switched off for.

use crate::tree::{Source, refuse, rust};

/// In code that is no test.
const CALLS: [&str; 5] = ["todo!", "unimplemented!", "dbg!", ".unwrap()", ".unwrap_err()"];
const MODULES: [&str; 9] = [
    "common", "util", "utils", "helper", "helpers", "model", "models", "manager", "misc",
];

fn offences(files: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let parts = file.path.split('/').map(|part| part.trim_end_matches(".rs"));
        if let Some(name) = parts.clone().find(|part| MODULES.contains(part)) {
            found.push(format!(
                "{}: '{name}' says nothing about what is in it",
                file.path
            ));
        }
        if !file.is_test() {
            let code = file.code();
            let calls = CALLS.iter().filter(|call| code.contains(**call));
            found.extend(calls.map(|call| format!("{} has {call} outside of tests", file.path)));
        }
    }
    found
}

#[test]
fn nothing_is_unfinished_careless_or_nameless() {
    refuse(&offences(&rust()));
}

#[test]
fn each_kind_of_offence_is_caught() {
    let files = [
        Source::planted("bot/src/a.rs", "//! A.\nfn a() { todo!(); b.unwrap(); }\n"),
        Source::planted("bot/src/utils.rs", "//! U.\n"),
        Source::planted("bot/src/shop/models/a.rs", "//! M.\n"),
    ];
    assert_eq!(offences(&files).len(), 4);
}

#[test]
fn words_in_comments_and_tests_are_free() {
    let text =
        "//! A `todo!` here.\nfn a() { b(\"dbg!\") }\n\n#[cfg(test)]\nmod tests { fn t() { a.unwrap() } }\n";
    let files = [
        Source::planted("bot/src/a.rs", text),
        Source::planted("bot/tests/b.rs", "fn t() { a.unwrap() }"),
    ];
    assert!(offences(&files).is_empty());
}
