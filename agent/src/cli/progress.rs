//! A bar on the terminal for work that takes longer than a second; lines for the agent that started this process and
//! asked for them; silence where neither is there.

use std::{
    io::{IsTerminal, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
        Arc::new(Bar::on(ProgressDrawTarget::stderr))
    } else {
        Arc::new(Silent)
    }
}

struct Bar {
    /// Where it is drawn.
    target: Box<dyn Fn() -> ProgressDrawTarget + Send + Sync>,
    /// That of the stretch; `None` before there is something to say.
    shown: Mutex<Option<ProgressBar>>,
}

impl Bar {
    fn on(target: impl Fn() -> ProgressDrawTarget + Send + Sync + 'static) -> Self {
        Self {
            target: Box::new(target),
            shown: Mutex::default(),
        }
    }

    /// Each stretch has a bar of its own: one that is changed step by step is drawn between the steps, too.
    fn begin_as(&self, template: &str, what: &str, total: u64) {
        let style = ProgressStyle::with_template(template).expect("the templates are constants that read");
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden())
            .with_style(style.with_key("left", left))
            .with_message(what.to_owned());
        let mut shown = self.shown();
        if let Some(before) = shown.take() {
            before.finish_and_clear();
        }
        bar.set_draw_target((self.target)());
        // Also when nothing moves, the time that is left is another one.
        bar.enable_steady_tick(TURN);
        *shown = Some(bar);
    }

    fn shown(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
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
        if let Some(bar) = &*self.shown() {
            bar.inc(bytes);
        }
    }

    fn had(&self, bytes: u64) {
        if let Some(bar) = &*self.shown() {
            bar.disable_steady_tick();
            bar.inc(bytes);
            // It is counted, and the speed from here on.
            bar.tick();
            bar.reset_eta();
            bar.enable_steady_tick(TURN);
        }
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
        if let Some(bar) = self.shown().take() {
            bar.finish_and_clear();
        }
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

#[cfg(test)]
mod tests {
    use std::io;

    use indicatif::TermLike;

    use super::*;

    /// Whatever is drawn on it.
    #[derive(Clone, Debug, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            120
        }
        fn move_cursor_up(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(&format!("{text}\n"));
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Every frame that holds one of these words.
    fn frames(screen: &Screen, word: &str) -> Vec<String> {
        let drawn = screen.0.lock().unwrap();
        let lines = drawn.lines().filter(|line| line.contains(word));
        lines.map(str::to_owned).collect()
    }

    fn on(screen: &Screen) -> Bar {
        let screen = screen.clone();
        Bar::on(move || ProgressDrawTarget::term_like_with_hz(Box::new(screen.clone()), 200))
    }

    #[test]
    fn no_frame_of_a_stretch_shows_the_bytes_of_another_one() {
        let screen = Screen::default();
        let bar = on(&screen);
        for round in 0..20 {
            bar.begin("fetching", 4 << 20);
            bar.advance(4 << 20);
            std::thread::sleep(Duration::from_millis(15));
            bar.begin("following", 5_120);
            bar.advance(1);
            std::thread::sleep(Duration::from_millis(15));
            bar.begin("checking", 0);
            std::thread::sleep(Duration::from_millis(15));
            bar.begin("writing", 7_168 + round);
            bar.advance(1);
            std::thread::sleep(Duration::from_millis(15));
        }
        drop(bar);
        for (word, total) in [
            ("fetching", "/4.00 MiB"),
            ("following", " B/5.00 KiB"),
            ("writing", " B/7.0"),
            ("checking", " for "),
        ] {
            let drawn = frames(&screen, word);
            assert!(!drawn.is_empty(), "{word}");
            assert!(drawn.iter().all(|line| line.contains(total)), "{drawn:?}");
        }
    }

    #[test]
    fn what_was_there_already_counts_for_the_way_and_not_for_the_speed() {
        let screen = Screen::default();
        let bar = on(&screen);
        bar.begin("fetching", 100 << 20);
        bar.had(90 << 20);
        std::thread::sleep(Duration::from_millis(200));
        bar.advance(1 << 10);
        std::thread::sleep(Duration::from_millis(300));
        drop(bar);
        let drawn = frames(&screen, "90.00 MiB/100.00 MiB");
        assert!(!drawn.is_empty());
        let fast = drawn.iter().find(|line| line.contains(" MiB/s"));
        assert_eq!(fast, None);
    }
}
