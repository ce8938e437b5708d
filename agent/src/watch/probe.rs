//! What a question is and what comes of asking it: measurements for the charts, findings for the alerts.
//! It asks nothing itself, and knows no threshold. Who cannot know says so: an unknown is never taken for fine.

use std::time::{Duration, Instant};

use protocol::time::UnixMillis;

use crate::alert::rule::{AlertKey, Observation, Rule};

/// How long an alert about a moment stands.
const MOMENT_STANDS: Duration = Duration::from_secs(600);

/// When a question is asked: on the clock that people read, and on the one that never jumps.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// The wall clock.
    pub now: UnixMillis,
    /// The monotonic clock.
    pub tick: Instant,
}

/// One question to the machine. It is asked on a thread where it may block, though not for ever.
pub trait Probe: Send + 'static {
    /// Its stable name, unique among the probes.
    fn name(&self) -> &'static str;

    /// The time between two answers.
    fn every(&self) -> Duration;

    /// How long one answer may take before all that it watches counts as unknown.
    fn limit(&self) -> Duration {
        Duration::from_secs(4)
    }

    /// Whether an alert that stands under this key is one that this question alone speaks of, at every look at which its
    /// object is there. What it owns and does not speak of any more ends.
    fn owns(&self, _key: &str) -> bool {
        false
    }

    /// Asks.
    fn look(&mut self, at: At) -> Seen;
}

/// What one look gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Figures to keep, each with its series' name.
    pub samples: Vec<Sample>,
    /// How each thing that is watched stands.
    pub findings: Vec<Finding>,
}

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The series' name, its unit last: `memory_available_percent`, or `disk_used_percent:/var` for one of many.
    pub series: String,
    /// The figure; never a NaN.
    pub value: f64,
}

/// How one thing stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is about.
    pub key: AlertKey,
    /// How it stands.
    pub verdict: Verdict,
}

/// How a thing stands, as far as it can be known.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It was looked at.
    Known(Observation),
    /// It was looked at, for less long than what is told of it stands: what is wrong counts, and nothing is over by it.
    Early(Observation),
    /// It could not be looked at, and why.
    Unknown(String),
}

impl Verdict {
    /// What moves the alert; of a look that is too young only what is wrong does.
    #[must_use]
    pub fn counts(self) -> Option<Observation> {
        match self {
            Self::Known(seen) => Some(seen),
            Self::Early(seen) => Some(seen).filter(Observation::is_wrong),
            Self::Unknown(_) => None,
        }
    }
}

impl Seen {
    /// Adds a figure; one that is no number is left out.
    pub fn sample(&mut self, series: impl Into<String>, value: f64) {
        if value.is_finite() {
            self.samples.push(Sample {
                series: series.into(),
                value,
            });
        }
    }

    /// Says that a thing is well, or what is wrong with it.
    pub fn judge(&mut self, key: AlertKey, wrong: Option<(Rule, String)>) {
        let seen = wrong.map_or(Observation::Fine, |(rule, detail)| Observation::Wrong {
            rule,
            detail,
        });
        self.findings.push(Finding {
            key,
            verdict: Verdict::Known(seen),
        });
    }

    /// Hands on a figure, to be held against the thresholds of these rules, mildest first.
    pub fn measure(&mut self, key: AlertKey, rules: &'static [Rule], value: f64, detail: String) {
        if !value.is_finite() {
            return self.unknown(key, "it is no number");
        }
        self.findings.push(Finding {
            key,
            verdict: Verdict::Known(Observation::Measured { rules, value, detail }),
        });
    }

    /// The last finding is one of a look that is too young to end anything, where `is_early`: an agent that has just started
    /// has seen nothing of what it told before.
    pub fn ends_nothing(&mut self, is_early: bool) {
        if let Some(finding) = self.findings.last_mut().filter(|_| is_early)
            && let Verdict::Known(seen) = &finding.verdict
        {
            finding.verdict = Verdict::Early(seen.clone());
        }
    }

    /// Ends what was told at the start about a moment before it, once that has stood long enough; `since` is this question's
    /// first look.
    pub fn moment(&mut self, key: AlertKey, since: &mut Option<Instant>, at: At) {
        let since = *since.get_or_insert(at.tick);
        self.judge(key, None);
        self.ends_nothing(at.tick.saturating_duration_since(since) < MOMENT_STANDS);
    }

    /// Says that it cannot be known how a thing stands.
    pub fn unknown(&mut self, key: AlertKey, why: impl Into<String>) {
        self.findings.push(Finding {
            key,
            verdict: Verdict::Unknown(why.into()),
        });
    }
}

/// Bytes for the owner: in the largest unit of 1,024 of which there is at least one.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 4] = [
        ("TiB", 1 << 40),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
    ];
    UNITS.iter().find(|(_, size)| count >= *size).map_or_else(
        || format!("{count} B"),
        |(unit, size)| {
            // A figure for reading: what a f64 cannot hold of it does not show.
            #[allow(clippy::cast_precision_loss, reason = "shown with one decimal")]
            let value = count as f64 / *size as f64;
            format!("{value:.1} {unit}")
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_their_largest_unit() {
        let told: Vec<String> = [0, 1023, 1024, 1_610_612_736, 5 << 40]
            .into_iter()
            .map(bytes)
            .collect();
        assert_eq!(told, ["0 B", "1023 B", "1.0 KiB", "1.5 GiB", "5.0 TiB"]);
    }

    #[test]
    fn a_figure_that_is_no_number_is_left_out() {
        let mut seen = Seen::default();
        seen.sample("load_1", f64::NAN);
        seen.sample("load_1", 0.5);
        assert_eq!(seen.samples.len(), 1);
    }
}
