//! Begins a command anew where something must be in its environment before its first instruction: the same program with
//! the same arguments, under the same process number.
//! It decides on no variable: who wants one says so, and wants nothing once it is there.

use std::{env, ffi::OsString, os::unix::process::CommandExt, process::Command};

/// A name and what it is to be.
pub(super) type Variable = (&'static str, OsString);

/// Replaces this process. Returns only when nothing is wanted, or it cannot be done: the command then goes on without.
pub(super) fn with(wanted: Vec<Variable>) {
    let Ok(program) = env::current_exe() else { return };
    if wanted.is_empty() {
        return;
    }
    let error = Command::new(program)
        .args(env::args_os().skip(1))
        .envs(wanted)
        .exec();
    tracing::debug!(%error, "the command goes on with its environment as it is");
}
