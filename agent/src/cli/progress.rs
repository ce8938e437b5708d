//! A bar on the terminal for work that takes longer than a second; lines for the agent that started this process and
//! asked for them; silence where neither is there.

use std::{
    io::{IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::{
    backup::{Progress, Silent},
    console::work::{Step, TELLS},
};

const TEMPLATE: &str = "{msg:24} [{bar:30}] {bytes}/{total_bytes}  {bytes_per_sec}  {left}";
/// For work that is counted in objects.
const OF_OBJECTS: &str = "{msg:24} [{bar:30}] {pos}/{len} objects  {left}";
/// For work of which nobody can say how far it is.
const WITHOUT_END: &str = "{msg:24} {spinner} for {elapsed}";
const TURN: Duration = Duration::from_millis(120);
/// Between two lines: nobody reads a chat faster.
const LINES_EVERY: Duration = Duration::from_millis(500);

/// A bar or lines on standard error, or nothing when nobody looks there.
#[must_use]
pub fn watcher() -> Arc<dyn Progress> {
    if std::env::var_os(TELLS).is_some() {
        Arc::new(Lines::default())
    } else if std::io::stderr().is_terminal() {
        // Nothing is drawn before there is something to say.
        Arc::new(Bar(ProgressBar::with_draw_target(
            None,
            ProgressDrawTarget::hidden(),
        )))
    } else {
        Arc::new(Silent)
    }
}

struct Bar(ProgressBar);

impl Bar {
    fn begin_as(&self, template: &str, what: &str, total: u64) {
        let style = ProgressStyle::with_template(template).expect("the templates are constants that read");
        self.0.set_style(style.with_key("left", left));
        self.0.set_message(what.to_owned());
        self.0.set_length(total);
        self.0.reset();
        self.0.set_draw_target(ProgressDrawTarget::stderr());
        // Also when nothing moves, the time that is left is another one.
        self.0.enable_steady_tick(TURN);
    }
}

impl Progress for Bar {
    fn begin(&self, what: &str, total_bytes: u64) {
        let template = if total_bytes == 0 { WITHOUT_END } else { TEMPLATE };
        self.begin_as(template, what, total_bytes);
    }

    fn count(&self, what: &str, objects: u64) {
        self.begin_as(OF_OBJECTS, what, objects);
    }

    fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}

/// The time that is left, once there is a speed to tell it from.
fn left(state: &ProgressState, into: &mut dyn std::fmt::Write) {
    let text = match state.pos() {
        0 => "…".to_owned(),
        _ => format!("{:#} left", indicatif::HumanDuration(state.eta())),
    };
    // A bar that cannot be drawn stops no work.
    let _ = into.write_str(&text);
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
