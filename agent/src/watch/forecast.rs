//! When will a disk be full? Only growth outside of what rotates by itself counts (logs, spool, backups, the journal),
//! and the room is what is left at the daily peak of those: a night's backup is no leak.
//! Pure: it is handed figures with their moments and reads neither clock nor disk.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::trend::Trend;

const STEP: Duration = Duration::from_secs(300);
/// Long enough that writing and deleting within an hour evens out.
const GROWTH_OVER: Duration = Duration::from_secs(3 * 3600);
/// What rotates has its peak once a day.
const PEAK_OVER: Duration = Duration::from_secs(26 * 3600);
/// Beyond a week a line drawn through three hours says nothing. When it is worth a message is the rule's own line.
const HORIZON_HOURS: f64 = 7.0 * 24.0;
/// An ordinary day's work differs by this from one hour to the next; growth below it says nothing.
const NOISE_SHARE_OF_CAPACITY: f64 = 0.002;

/// One look at a file system. All in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// What can be used in all.
    pub capacity: f64,
    /// What is used.
    pub used: f64,
    /// What of it belongs to trees that rotate by themselves.
    pub rotating: f64,
}

/// What is to be expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outlook {
    /// Too little of the past is known.
    Unknown,
    /// It does not fill up within the horizon.
    Steady,
    /// It does.
    Filling {
        /// When nothing more fits, counted from the last look.
        full_in: Duration,
        /// Growth outside of what rotates.
        bytes_per_hour: f64,
    },
}

/// The past of one file system.
#[derive(Clone, Debug)]
pub struct Forecast {
    residual: Trend,
    rotating: Trend,
}

impl Default for Forecast {
    fn default() -> Self {
        Self {
            residual: Trend::new(STEP, GROWTH_OVER),
            rotating: Trend::new(STEP, PEAK_OVER),
        }
    }
}

impl Forecast {
    /// Takes in one look and says what it means together with those before.
    pub fn push(&mut self, at: UnixMillis, usage: Usage) -> Outlook {
        self.remember(at, usage.used - usage.rotating, usage.rotating);
        self.outlook(usage.capacity)
    }

    /// Takes in what was known before the agent's start, oldest first, in bytes.
    pub fn remember(&mut self, at: UnixMillis, not_rotating: f64, rotating: f64) {
        self.residual.push(at, not_rotating);
        self.rotating.push(at, rotating);
    }

    /// What of the disk is used outside of what rotates, and by what does; in bytes.
    #[must_use]
    pub fn last(&self) -> Option<(f64, f64)> {
        self.residual.last().zip(self.rotating.last())
    }

    fn outlook(&self, capacity: f64) -> Outlook {
        let known = (
            self.residual.per_hour(GROWTH_OVER),
            self.residual.last(),
            self.rotating.peak(),
        );
        let (Some(bytes_per_hour), Some(residual), Some(peak)) = known else {
            return Outlook::Unknown;
        };
        let grown = bytes_per_hour * GROWTH_OVER.as_secs_f64() / 3600.0;
        if grown < capacity * NOISE_SHARE_OF_CAPACITY {
            return Outlook::Steady;
        }
        let room = (capacity - peak - residual).max(0.0);
        let hours = room / bytes_per_hour;
        if hours > HORIZON_HOURS {
            return Outlook::Steady;
        }
        Outlook::Filling {
            full_in: Duration::from_secs_f64(hours * 3600.0),
            bytes_per_hour,
        }
    }
}
