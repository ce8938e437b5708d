//! `agent tied`, which no person calls: becomes a program that the kernel ends with whoever started it, however that ends.
//! A process that is killed ends nothing itself.

use std::{ffi::OsString, os::unix::process::CommandExt, process::Command};

use anyhow::Context;
use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use super::Failure;

/// Arguments of `agent tied`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The process with which it ends; the kernel goes by its thread that starts this
    #[arg(long, value_name = "PROCESS")]
    to: u32,
    /// The program, with its arguments
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

/// Becomes the program. Returns only when it cannot.
///
/// # Errors
/// When whoever started this has ended already, or the program cannot be started.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .context("asking the kernel to end this with who started it")?;
    // It may have ended before the kernel was asked.
    let parent = getppid().map(|parent| parent.as_raw_nonzero().get().unsigned_abs());
    if parent != Some(arguments.to) {
        return Err(Failure::Failed(anyhow::anyhow!("who started this has ended")));
    }
    let [program, rest @ ..] = &arguments.program[..] else {
        return Err(Failure::Refused("no program is named".to_owned()));
    };
    let error = Command::new(program).args(rest).exec();
    let starting = format!("starting {}", program.display());
    Err(Failure::Failed(anyhow::Error::from(error).context(starting)))
}
