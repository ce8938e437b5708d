//! Documents: one sentence a line, so that a change shows as one line, and no line numbers, which rot.
//! Tables, code and lists are left as their writer set them.

use crate::tree::{Source, files, refuse};

fn offences(files: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let mut in_code = false;
        for (number, line) in (1..).zip(file.text.lines()) {
            in_code ^= line.trim_start().starts_with("```");
            if in_code || line.starts_with('|') {
                continue;
            }
            if !is_list_item(line) && second_sentence(line).is_some() {
                found.push(format!(
                    "{} line {number} holds more than one sentence",
                    file.path
                ));
            }
            if names_a_line(line) {
                found.push(format!("{} line {number} points to a line number", file.path));
            }
        }
    }
    found
}

fn is_list_item(line: &str) -> bool {
    let line = line.trim_start();
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with("- ")
        || line.starts_with("* ")
        || (number.len() < line.len() && number.starts_with(". "))
}

/// What follows a full stop and a space, when it begins like a sentence.
fn second_sentence(line: &str) -> Option<&str> {
    let ends = [". ", "? ", "! "].iter().flat_map(|end| line.match_indices(end));
    ends.map(|(at, end)| (&line[..at], &line[at + end.len()..]))
        .find_map(|(before, after)| {
            let abbreviation = before.ends_with(|c: char| c.is_ascii_digit()) || before.is_empty();
            (!abbreviation && after.starts_with(char::is_uppercase)).then_some(after)
        })
}

fn names_a_line(line: &str) -> bool {
    line.match_indices(".rs:")
        .any(|(at, mark)| line[at + mark.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

#[test]
fn documents_have_one_sentence_a_line() {
    refuse(&offences(&files(|path| path.ends_with(".md"))));
}

#[test]
fn two_sentences_and_a_line_number_are_caught() {
    let text = "One. Two.\n\n1. First.\n| a. B |\n```\nOne. Two.\n```\nSee main.rs:12 there.\n";
    assert_eq!(offences(&[Source::planted("a.md", text)]).len(), 2);
}
