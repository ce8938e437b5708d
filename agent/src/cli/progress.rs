//! A bar on the terminal for work that takes longer than a second; lines for the agent that started this process and
//! asked for them; silence where neither is there.

use std::{
    io::{IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    backup::{Progress, Silent},
    console::work::{Step, TELLS},
};

const TEMPLATE: &str = "{msg:24} [{bar:30}] {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
/// Between two lines: nobody reads a chat faster.
const LINES_EVERY: Duration = Duration::from_millis(500);

/// A bar or lines on standard error, or nothing when nobody looks there.
#[must_use]
pub fn watcher() -> Arc<dyn Progress> {
    if std::env::var_os(TELLS).is_some() {
        Arc::new(Lines::default())
    } else if std::io::stderr().is_terminal() {
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

#[derive(Default)]
struct Lines(Mutex<(Step, Option<Instant>)>);

impl Lines {
    /// Tells, unless it was told a moment ago.
    fn tell(&self, change: impl FnOnce(&mut Step), at_once: bool) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut told.0);
        let now = Instant::now();
        let is_due = told
            .1
            .is_none_or(|last| now.saturating_duration_since(last) >= LINES_EVERY);
        if at_once || is_due {
            told.1 = Some(now);
            // Who asked may be gone, and the work goes on to its own end.
            let _ = writeln!(std::io::stderr(), "{}", told.0.line());
        }
    }
}

impl Progress for Lines {
    fn begin(&self, _what: &str, total_bytes: u64) {
        let next = |step: &mut Step| {
            *step = Step {
                stretch: step.stretch + 1,
                done_bytes: 0,
                total_bytes,
            };
        };
        self.tell(next, true);
    }

    fn advance(&self, bytes: u64) {
        self.tell(|step| step.done_bytes += bytes, false);
    }
}
