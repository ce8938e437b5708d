//! The `demo` program: `scripts/demo` builds everything and calls it. Exit codes: 0 done, 1 failed, 2 wrong use.

use std::{panic::catch_unwind, process::ExitCode};

use anyhow::{Result, anyhow};
use tests::{demo, tour};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let run = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => demo::run,
        ["--tour"] => tour::run,
        _ => {
            eprintln!("demo: unknown arguments {arguments:?}; try scripts/demo --help");
            return ExitCode::from(2);
        }
    };
    match finished(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A check of the harness that does not hold ends in a panic, which has said why.
fn finished(run: fn() -> Result<()>) -> Result<()> {
    catch_unwind(run).unwrap_or_else(|_| Err(anyhow!("it did not hold; see above")))
}
