//! When the log is looked at again after somebody spoke of it, while something lies in it that no reader was told of: SQLite
//! tells once the disk has it, which takes milliseconds or a good part of a second, and makes no sound then.
//! It looks at nothing itself.

use std::time::Duration;

/// A fast disk has it by then. Each further look comes after twice as long: a commit is found at the latest after twice
/// the time that it took, and what was never finished costs a look now and then.
const FIRST: Duration = Duration::from_millis(10);
/// What was never finished lies there until something is written over it.
const MOST: Duration = Duration::from_secs(5);

/// The looks that follow a write.
#[derive(Debug, Default)]
pub(super) struct Glances {
    next: Option<Duration>,
}

impl Glances {
    /// Something was written just now.
    pub(super) fn heard(&mut self) {
        self.next = None;
    }

    /// After a look: whether something is there that nobody was told of.
    pub(super) fn seen(&mut self, is_being_written: bool) {
        self.next = is_being_written.then(|| self.next.map_or(FIRST, |last| (2 * last).min(MOST)));
    }

    /// How long until the next one; `None` when nothing is awaited.
    pub(super) fn pause(&self) -> Option<Duration> {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_being_written_is_looked_at_soon_and_then_seldom_until_it_is_there() {
        let mut glances = Glances::default();
        assert_eq!(glances.pause(), None);
        let mut looked_at = Duration::ZERO;
        for _ in 0..20 {
            glances.seen(true);
            let pause = glances.pause().unwrap();
            assert!(
                pause <= (looked_at + FIRST).min(MOST),
                "{pause:?} after {looked_at:?}"
            );
            looked_at += pause;
        }
        assert_eq!(glances.pause(), Some(MOST));
        glances.heard();
        glances.seen(true);
        assert_eq!(glances.pause(), Some(FIRST), "another one is being written");
        glances.seen(false);
        assert_eq!(glances.pause(), None);
    }
}
