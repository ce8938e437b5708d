//! What a command prints. Whoever reads it may stop before its end, as `head` does: that is no failure, and no command
//! leaves its work half done for it. Where it cannot be written for another reason, the command fails in the end.
//! The macros of the same names in [`super`] are how it is called.

use std::{
    fmt::Arguments,
    io::{self, ErrorKind, Write as _},
    sync::OnceLock,
};

/// Why the first of it that was lost was lost.
static LOST: OnceLock<String> = OnceLock::new();

/// To standard output.
pub(super) fn out(text: Arguments<'_>) {
    note(io::stdout().lock().write_fmt(text));
}

/// To standard error. Nobody could be told where that fails.
pub(super) fn err(text: Arguments<'_>) {
    let _ = io::stderr().lock().write_fmt(text);
}

/// Sends out what is still held back, and says why something was lost although somebody wants to read it.
pub(super) fn lost() -> Option<&'static str> {
    note(io::stdout().lock().flush());
    LOST.get().map(String::as_str)
}

fn note(written: io::Result<()>) {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            // Only the first one counts.
            let _ = LOST.set(error.to_string());
        }
        Ok(()) | Err(_) => {}
    }
}
