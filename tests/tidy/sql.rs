//! SQL lives in files named `store.rs` or below `store/` or `db/`, each statement a named constant.
//! Whether a statement prepares is tested beside it, against the migrated schema.

use crate::{
    lexer::texts,
    tree::{Source, refuse, rust_of},
};

const FIRST_WORDS: [&str; 14] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "REPLACE",
    "WITH",
    "CREATE",
    "ALTER",
    "DROP",
    "PRAGMA",
    "BEGIN",
    "VACUUM",
    "ATTACH",
    "SAVEPOINT",
];
const CALLS: [&str; 7] = [
    ".execute(",
    ".execute_batch(",
    ".prepare(",
    ".prepare_cached(",
    ".query_row(",
    ".query_one(",
    ".query_map(",
];

fn holds_sql(path: &str) -> bool {
    path.ends_with("/store.rs")
        || path.contains("/store/")
        || path.contains("/db/")
        || path.ends_with("/db.rs")
}

fn is_statement(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\\');
    FIRST_WORDS.iter().any(|word| {
        text.strip_prefix(word)
            .is_some_and(|rest| rest.starts_with(char::is_whitespace))
    })
}

fn offences(files: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        if !holds_sql(&file.path) {
            let statements = texts(file.before_tests())
                .into_iter()
                .filter(|text| is_statement(text));
            found.extend(statements.map(|text| format!("{} holds SQL: {}", file.path, first_line(text))));
        }
        found.extend(nameless(file));
    }
    found
}

/// Statements that stand in a call instead of in a constant.
fn nameless(file: &Source) -> Vec<String> {
    let code = file.code();
    let starts = CALLS.iter().flat_map(|call| code.match_indices(call));
    let arguments = starts.map(|(at, call)| file.text[at + call.len()..].trim_start());
    let wrong = arguments.filter(|argument| {
        argument.starts_with(['"', 'r'])
            && texts(argument).first().is_some_and(|text| {
                argument.contains(text) && is_statement(text) && argument.find(text).is_some_and(|at| at < 4)
            })
    });
    wrong
        .map(|argument| {
            format!(
                "{} has a statement without a name: {}",
                file.path,
                first_line(argument)
            )
        })
        .collect()
}

fn first_line(text: &str) -> &str {
    text.lines()
        .find(|line| line.trim().len() > 1)
        .unwrap_or_default()
        .trim()
}

fn both_programs() -> Vec<Source> {
    rust_of("bot").into_iter().chain(rust_of("agent")).collect()
}

#[test]
fn sql_stays_in_its_files() {
    refuse(&offences(&both_programs()));
}

#[test]
fn sql_elsewhere_and_nameless_statements_are_caught() {
    let files = [
        Source::planted(
            "bot/src/telegram/router.rs",
            "//! R.\nconst A: &str = \"SELECT 1\";\n",
        ),
        Source::planted(
            "bot/src/shop/order/store.rs",
            "//! S.\nfn a() { c.execute(\n  \"DELETE FROM a\", []) }\n",
        ),
    ];
    assert_eq!(offences(&files).len(), 2);
}

#[test]
fn constants_in_a_store_and_ordinary_sentences_are_free() {
    let files = [
        Source::planted(
            "bot/src/shop/order/store.rs",
            "//! S.\nconst A: &str = \"SELECT 1\";\nfn a() { c.execute(A, []) }\n",
        ),
        Source::planted(
            "bot/src/telegram/router.rs",
            "//! R.\nconst A: &str = \"Select one\";\n",
        ),
    ];
    assert!(offences(&files).is_empty());
}
