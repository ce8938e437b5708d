//! Begins a command anew with an allocator that keeps one heap for all threads. glibc otherwise keeps parts of backups of
//! up to 16 MiB for each thread that ever held one: three times what is in use. Mapping smaller pieces by themselves as
//! well would cost a second of page faults for each gigabyte, and save nothing more.
//! It changes nothing where somebody has set this already, and nothing for the daemon, which holds no parts.

use std::{ffi::OsString, os::unix::process::CommandExt};

/// glibc's own names: how many heaps there are, from which size on a piece is mapped by itself, and how much of a heap's
/// free end is kept.
const VARIABLES: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "1"),
    ("MALLOC_MMAP_THRESHOLD_", "4194304"),
    ("MALLOC_TRIM_THRESHOLD_", "8388608"),
];

/// Replaces this process by the same program with the same arguments. Returns only when that was done before, or
/// cannot be done: the command then goes on with more memory.
pub(super) fn begin_anew() {
    if std::env::var_os(VARIABLES[1].0).is_some() {
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let error = std::process::Command::new(program)
        .args(arguments)
        .envs(VARIABLES)
        .exec();
    tracing::debug!(%error, "the command goes on with the allocator as it is");
}
