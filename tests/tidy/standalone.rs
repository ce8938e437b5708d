//! The repository stands alone: no path of somebody's machine, and every file that a document links to is here.
//! Addresses on the network are not followed.

use crate::tree::{Source, files, refuse, root};

/// Folders where people keep their own things.
const FOREIGN: [&str; 4] = ["/home/", "/Users/", "/work/", "C:\\"];

fn foreign_paths(files: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (number, line) in (1..).zip(file.text.lines()) {
            let wrong = FOREIGN.iter().filter(|path| line.contains(**path));
            found.extend(wrong.map(|path| format!("{} line {number} names {path}", file.path)));
        }
    }
    found
}

/// The targets of `[text](target)` that are files.
fn linked_files(text: &str) -> Vec<&str> {
    let targets = text.match_indices("](").map(|(at, _)| &text[at + 2..]);
    let target = targets.filter_map(|rest| rest.split([')', '#', ' ', '\n']).next());
    target
        .filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
        .collect()
}

fn text_files() -> Vec<Source> {
    let endings = [
        ".rs", ".md", ".toml", ".ftl", ".sql", ".service", ".conf", ".yml", ".html", ".css", ".js",
    ];
    let wanted = |path: &str| {
        let own = path.starts_with("tests/tidy/");
        let by_place =
            path.starts_with("scripts/") || path.starts_with(".ci/") || path.starts_with("systemd/");
        !own && (by_place || endings.iter().any(|ending| path.ends_with(ending)))
    };
    files(wanted)
}

#[test]
fn no_file_names_a_path_of_somebodys_machine() {
    refuse(&foreign_paths(&text_files()));
}

#[test]
fn documents_link_to_files_that_exist() {
    let mut missing = Vec::new();
    for file in files(|path| path.ends_with(".md")) {
        let folder = root()
            .join(&file.path)
            .parent()
            .expect("a file lies in a folder")
            .to_owned();
        let dead = linked_files(&file.text)
            .into_iter()
            .filter(|target| !folder.join(target).exists());
        missing.extend(dead.map(|target| format!("{} links to {target}", file.path)));
    }
    refuse(&missing);
}

#[test]
fn a_foreign_path_and_a_dead_link_are_caught() {
    assert_eq!(
        foreign_paths(&[Source::planted(
            "a.rs",
            "//! A.\nconst A: &str = \"/home/me/x\";\n"
        )])
        .len(),
        1
    );
    assert_eq!(
        linked_files("see [a](docs/A.md#part) and [b](https://example.com)"),
        ["docs/A.md"]
    );
}
