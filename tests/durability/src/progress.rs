//! How far a long run is: a line every few seconds, and one at the end. It measures nothing but time.

use std::time::{Duration, Instant};

/// Between two lines.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// A run of known length.
pub struct Progress {
    what: &'static str,
    total: usize,
    begun: Instant,
    said: Instant,
}

impl Progress {
    /// A run that begins now.
    #[must_use]
    pub fn new(what: &'static str, total: usize) -> Self {
        let now = Instant::now();
        Self {
            what,
            total,
            begun: now,
            said: now,
        }
    }

    /// So many are done, and so many faults were found so far.
    pub fn at(&mut self, done: usize, faults: usize) {
        let now = Instant::now();
        if done >= self.total || now.duration_since(self.said) >= SAY_EVERY {
            self.said = now;
            println!(
                "soak: {}",
                line(
                    self.what,
                    (done, self.total),
                    faults,
                    now.duration_since(self.begun)
                )
            );
        }
    }
}

fn line(what: &str, (done, total): (usize, usize), faults: usize, length: Duration) -> String {
    let per_s = done as f64 / length.as_secs_f64().max(0.001);
    let left_s = total.saturating_sub(done) as f64 / per_s.max(0.001);
    let left = Duration::from_secs_f64(left_s.min(1e9)).as_secs();
    format!(
        "{done} of {total} {what}, {per_s:.1} a second, {}:{:02}:{:02} left, {faults} fault(s)",
        left / 3_600,
        left % 3_600 / 60,
        left % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_how_fast_how_long_and_how_well() {
        assert_eq!(
            line("kills", (100, 10_000), 1, Duration::from_secs(200)),
            "100 of 10000 kills, 0.5 a second, 5:30:00 left, 1 fault(s)"
        );
    }
}
