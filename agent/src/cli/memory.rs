//! Begins a command anew with an allocator that keeps one heap for all threads. glibc otherwise keeps parts of backups of
//! up to 16 MiB for each thread that ever held one: three times what is in use. To map each part by itself would save
//! more memory, and costs a second of page faults for each gigabyte.
//! It changes nothing where somebody has set this already, and nothing for the daemon, which holds no parts.

use std::{ffi::OsString, os::unix::process::CommandExt};

/// glibc's own names: how many heaps there are, from which size on a piece is mapped by itself, and how much of a heap's
/// free end is kept. A part of a backup stays below both sizes.
const VARIABLES: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "1"),
    ("MALLOC_MMAP_THRESHOLD_", "33554432"),
    ("MALLOC_TRIM_THRESHOLD_", "33554432"),
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
