//! What the measurements of backups are made upon: a shop's database of a wanted size, a writer with a steady pace, and
//! a comparison of two databases, page by page.
//! It knows no backup program.

use std::{path::Path, process::ExitCode};

use anyhow::{Context, bail};

mod compare;
mod fill;
mod random;
mod write;

const USAGE: &str = "bench-backup fill FILE BYTES
bench-backup write FILE COMMITS_PER_SECOND SECONDS    (0 a second: as fast as it goes, not synced, SECONDS commits)
bench-backup compare FILE FILE";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-backup: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["fill", file, bytes] => fill::to(Path::new(file), number(bytes)?),
        ["write", file, rate, seconds] => write::steadily(Path::new(file), number(rate)?, number(seconds)?),
        ["compare", one, other] => compare::pages(Path::new(one), Path::new(other)),
        _ => bail!("usage:\n{USAGE}"),
    }
}

fn number(text: &str) -> anyhow::Result<u64> {
    text.parse()
        .with_context(|| format!("'{text}' is no whole number"))
}
