//! Every Rust file opens with `//!`: what it is, then what it refuses to do.
//! Whether the words are true is for a reader.

use crate::tree::{Source, refuse, rust};

fn offences(files: &[Source]) -> Vec<String> {
    let opens = |file: &&Source| !file.text.starts_with("//! ");
    files
        .iter()
        .filter(opens)
        .map(|file| format!("{} does not open with a `//!` sentence", file.path))
        .collect()
}

#[test]
fn every_file_says_what_it_is() {
    refuse(&offences(&rust()));
}

#[test]
fn a_file_without_a_header_is_caught() {
    let files = [
        Source::planted("a.rs", "use x;\n//! Late.\n"),
        Source::planted("b.rs", "//! Says it.\n"),
    ];
    assert_eq!(offences(&files).len(), 1);
}
