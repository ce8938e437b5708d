//! A file has at most 350 lines before its tests, a function fewer than 70.
//! Tests may be longer: they are lists.

use crate::tree::{Source, refuse, rust};

const FILE_LINES_MAX: usize = 350;
const FUNCTION_LINES_MAX: usize = 69;

fn offences(files: &[Source]) -> Vec<String> {
    files
        .iter()
        .filter(|file| !file.is_test())
        .flat_map(offences_of)
        .collect()
}

fn offences_of(file: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let lines = file.before_tests().lines().count();
    if lines > FILE_LINES_MAX {
        found.push(format!("{} has {lines} lines before its tests", file.path));
    }
    for (name, lines) in functions(&file.code()) {
        if lines > FUNCTION_LINES_MAX {
            found.push(format!("{}: fn {name} has {lines} lines", file.path));
        }
    }
    found
}

/// Name and length of every function that has a body.
fn functions(code: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if at > 0 && !code.as_bytes()[at - 1].is_ascii_whitespace() {
            continue;
        }
        let name: String = code[at + 3..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        if let Some(end) = body_end(&code[at..]) {
            found.push((name, code[at..at + end].lines().count()));
        }
    }
    found
}

/// Where the first balanced `{…}` ends, unless a `;` outside of brackets comes first.
fn body_end(code: &str) -> Option<usize> {
    let (mut braces, mut brackets) = (0_usize, 0_usize);
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'{' => braces += 1,
            b'}' if braces == 1 => return Some(at + 1),
            b'}' => braces = braces.checked_sub(1)?,
            b'(' | b'[' => brackets += 1,
            b')' | b']' => brackets = brackets.checked_sub(1)?,
            b';' if braces == 0 && brackets == 0 => return None,
            _ => {}
        }
    }
    None
}

#[test]
fn files_and_functions_stay_short() {
    refuse(&offences(&rust()));
}

#[test]
fn a_long_file_and_a_long_function_are_caught() {
    let body = "    go();\n".repeat(70);
    let text = format!(
        "//! Long.\nfn long(a: [u8; 2]) {{\n{body}}}\nfn short();\n{}",
        "\n".repeat(300)
    );
    assert_eq!(offences(&[Source::planted("bot/src/a.rs", &text)]).len(), 2);
}

#[test]
fn tests_at_the_end_do_not_count() {
    let text = format!(
        "//! Short.\n\n#[cfg(test)]\nmod tests {{\n{}}}\n",
        "\n".repeat(400)
    );
    assert!(offences(&[Source::planted("bot/src/a.rs", &text)]).is_empty());
}
