//! How much of a folder tree is looked at: a path that names a whole disk has no end that anybody would wait for.
//! It looks at nothing itself.

use std::time::{Duration, Instant};

/// Five times as many files and folders as fit into an archive.
const LOOKED_AT_MAX: usize = 100_000;

/// What is left of it for one configured path.
pub(super) struct Bound {
    left: usize,
    until: Option<Instant>,
    /// Why something was not looked at any more.
    pub met: Option<Met>,
}

/// Why it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// There is more than anybody looks at: a backup looks at no more either.
    Count,
    /// It took longer than somebody waits; a backup takes its time.
    Patience,
}

impl Bound {
    /// A backup takes its time; somebody waits for a command, and no longer than this.
    pub(super) fn new(patience: Option<Duration>) -> Self {
        Self::of(LOOKED_AT_MAX, patience)
    }

    pub(super) fn of(left: usize, patience: Option<Duration>) -> Self {
        let until = patience.map(|patience| Instant::now() + patience);
        Self {
            left,
            until,
            met: None,
        }
    }

    /// Whether one more may be looked at, which then counts.
    pub(super) fn takes_one(&mut self) -> bool {
        let is_late = self.until.is_some_and(|until| Instant::now() >= until);
        let met = match (self.left, is_late) {
            (0, _) => Some(Met::Count),
            (_, true) => Some(Met::Patience),
            _ => None,
        };
        self.met = self.met.or(met);
        self.left = self.left.saturating_sub(1);
        self.met.is_none()
    }

    /// So many names of one folder, which may hold millions, are read at all: one more shows that there are more.
    pub(super) fn names_max(&self) -> usize {
        self.left.saturating_add(1)
    }
}
