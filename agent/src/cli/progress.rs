//! A bar on the terminal for work that takes longer than a second; silence where no terminal is.

use std::{io::IsTerminal, sync::Arc};

use indicatif::{ProgressBar, ProgressStyle};

use crate::backup::{Progress, Silent};

const TEMPLATE: &str = "{msg:24} [{bar:30}] {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";

/// A bar on standard error, or nothing when that is no terminal.
#[must_use]
pub fn watcher() -> Arc<dyn Progress> {
    if std::io::stderr().is_terminal() {
        Arc::new(Bar(ProgressBar::no_length()))
    } else {
        Arc::new(Silent)
    }
}

struct Bar(ProgressBar);

impl Progress for Bar {
    fn begin(&self, what: &str, total_bytes: u64) {
        self.0.reset();
        self.0.set_style(
            ProgressStyle::with_template(TEMPLATE).expect("the template is a constant that reads"),
        );
        self.0.set_message(what.to_owned());
        self.0.set_length(total_bytes);
    }

    fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
