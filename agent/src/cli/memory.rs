//! Begins a command anew with an allocator that gives large pieces back to the system as soon as they are free. glibc
//! otherwise keeps parts of backups of up to 16 MiB for each thread that ever held one: three times what is in use.
//! It changes nothing where somebody has set this already, and nothing for the daemon, which holds no parts.

use std::{ffi::OsString, os::unix::process::CommandExt};

/// glibc's own name for it: from this size on a piece is mapped by itself.
const VARIABLE: &str = "MALLOC_MMAP_THRESHOLD_";
/// Parts are larger, and what is asked for again and again is smaller.
const BYTES: &str = "1048576";

/// Replaces this process by the same program with the same arguments. Returns only when that was done before, or
/// cannot be done: the command then goes on with more memory.
pub(super) fn begin_anew() {
    if std::env::var_os(VARIABLE).is_some() {
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let error = std::process::Command::new(program)
        .args(arguments)
        .env(VARIABLE, BYTES)
        .exec();
    tracing::debug!(%error, "the command goes on with the allocator as it is");
}
