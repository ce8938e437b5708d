//! Every command that the documents name exists, takes the options they show, and explains itself.
//! What the commands do is for the other files.

use std::{collections::BTreeSet, fs, path::Path, process::Command, time::Duration};

use tests::{binaries::binary, process::run};

const LIMIT: Duration = Duration::from_secs(20);
const DOCUMENTS: [&str; 5] = [
    "README.md",
    "docs/ARCHITECTURE.md",
    "docs/RECOVERY.md",
    "docs/RECOVERY.id.md",
    "docs/RUNBOOK.md",
];
const COMMANDS: [&str; 16] = [
    "bot run",
    "bot check",
    "bot migrate",
    "bot catalog import",
    "bot queue list",
    "bot queue pause",
    "bot queue resume",
    "bot queue limit",
    "bot withhold",
    "agent run",
    "agent check",
    "agent backup",
    "agent list",
    "agent restore",
    "agent status",
    "agent key new",
];

/// What stands in code spans and code blocks, a piece each.
fn code_pieces(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            found.push(line);
        } else {
            found.extend(line.split('`').skip(1).step_by(2));
        }
    }
    found
}

/// `sudo agent key new --out DIR` is (`agent`, [`key`, `new`], [`--out`]).
fn command(piece: &str) -> Option<(&str, Vec<&str>, Vec<&str>)> {
    let piece = piece.split('#').next()?.trim().trim_start_matches("sudo ");
    let mut words = piece.split_whitespace();
    let program = words.next().filter(|word| ["bot", "agent"].contains(word))?;
    let rest: Vec<&str> = words.collect();
    let is_verb = |word: &&&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
    let verbs: Vec<&str> = rest.iter().take_while(is_verb).copied().collect();
    let options = rest
        .iter()
        .filter(|word| word.starts_with("--"))
        .copied()
        .collect();
    (!verbs.is_empty()).then_some((program, verbs, options))
}

fn help(program: &str, verbs: &[&str]) -> Result<String, String> {
    let output = run(Command::new(binary(program)).args(verbs).arg("--help"), LIMIT).unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
fn every_command_in_the_documents_exists_with_its_options() {
    let mut wrong = BTreeSet::new();
    let mut seen = 0;
    for document in DOCUMENTS {
        let text = fs::read_to_string(repository().join(document)).unwrap();
        for (program, verbs, options) in code_pieces(&text).into_iter().filter_map(command) {
            seen += 1;
            let name = format!("{document}: {program} {}", verbs.join(" "));
            match help(program, &verbs) {
                Ok(help) => wrong.extend(
                    options
                        .iter()
                        .filter(|option| !help.contains(**option))
                        .map(|option| format!("{name} {option}")),
                ),
                Err(error) => drop(wrong.insert(format!("{name}: {error}"))),
            }
        }
    }
    assert!(
        seen > 5,
        "the documents name {seen} commands: this test reads them wrongly"
    );
    assert!(wrong.is_empty(), "not so: {wrong:#?}");
}

/// Which of them runs is another test's affair: so both do.
#[test]
fn both_languages_of_the_recovery_give_the_same_commands() {
    let read = |name: &str| fs::read_to_string(repository().join(name)).unwrap();
    let (english, indonesian) = (read("docs/RECOVERY.md"), read("docs/RECOVERY.id.md"));
    let blocks = |text: &str| -> Vec<String> {
        let blocks = text.split("```").skip(1).step_by(2);
        blocks.map(str::to_owned).collect()
    };
    assert!(blocks(&english).len() > 3, "the blocks are read wrongly");
    assert_eq!(blocks(&english), blocks(&indonesian));
    // Another language has another order of words.
    let sorted = |text| {
        let mut pieces: Vec<String> = code_pieces(text).into_iter().map(str::to_owned).collect();
        pieces.sort();
        pieces
    };
    assert_eq!(sorted(&english), sorted(&indonesian));
}

#[test]
fn every_script_in_the_documents_exists() {
    for document in DOCUMENTS {
        let text = fs::read_to_string(repository().join(document)).unwrap();
        for piece in code_pieces(&text) {
            let words = piece.trim_start_matches("sudo ").split_whitespace();
            for script in words.filter(|word| word.starts_with("scripts/")) {
                assert!(
                    repository().join(script).is_file(),
                    "{document} names {script}, which is not there"
                );
            }
        }
    }
}

#[test]
fn every_command_explains_itself_with_an_example() {
    for command in COMMANDS {
        let mut words = command.split(' ');
        let program = words.next().unwrap();
        let help = help(program, &words.collect::<Vec<_>>()).unwrap();
        assert!(
            help.contains("--config") || command == "agent key new",
            "{command} --help has no --config:\n{help}"
        );
        assert!(
            help.contains("Example"),
            "{command} --help has no example:\n{help}"
        );
    }
}

#[test]
fn wrong_use_ends_with_2_and_says_why() {
    for (program, arguments) in [
        ("bot", &["rnu"][..]),
        ("agent", &["backup", "--nonsense"]),
        ("bot", &[]),
    ] {
        let output = run(Command::new(binary(program)).args(arguments), LIMIT).unwrap();
        assert_eq!(output.status.code(), Some(2), "{program} {arguments:?}");
        assert!(!output.stderr.is_empty(), "{program} {arguments:?} says nothing");
    }
}

#[test]
fn pieces_of_code_are_read_as_commands() {
    let pieces =
        code_pieces("Run `sudo agent key new --out DIR`, or:\n```sh\nbot check # all\n```\nThe `bot` sells.");
    let found: Vec<_> = pieces.into_iter().filter_map(command).collect();
    assert_eq!(
        found,
        [
            ("agent", vec!["key", "new"], vec!["--out"]),
            ("bot", vec!["check"], vec![])
        ]
    );
}
