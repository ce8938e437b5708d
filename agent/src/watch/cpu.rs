//! Is the processor taken away, by the host's other guests, by a slow disk, or by too much work?
//! Busy is not wrong: only what a customer would feel, over minutes, is judged.

use std::time::Duration;

use protocol::time::UnixMillis;
use sysinfo::System;

use super::{
    probe::{At, Probe, Seen},
    proc_text,
    trend::Trend,
};
use crate::alert::rule::{AlertKey, Rule};

const EVERY: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_secs(60);
/// A backup or an upgrade is busy for minutes, and no trouble.
const MEAN_OVER: Duration = Duration::from_secs(20 * 60);

const STOLEN: &[Rule] = &[Rule::CpuStolen];
const WAITING: &[Rule] = &[Rule::DiskSlow];
const LOADED: &[Rule] = &[Rule::CpuOverloaded];

/// The watch over the processor.
pub struct Cpu {
    cores: f64,
    before: Option<Times>,
    stolen: Trend,
    waiting: Trend,
}

/// Ticks since the machine's start, of all cores together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Times {
    idle: u64,
    waiting: u64,
    stolen: u64,
    all: u64,
}

/// Percentages of one interval.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shares {
    busy: f64,
    waiting: f64,
    stolen: f64,
}

impl Default for Cpu {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cores: f64::from(u32::try_from(cores).unwrap_or(1)),
            before: None,
            stolen: Trend::new(STEP, MEAN_OVER),
            waiting: Trend::new(STEP, MEAN_OVER),
        }
    }
}

impl Probe for Cpu {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn look(&mut self, at: At) -> Seen {
        let mut seen = Seen::default();
        let key = AlertKey::new("cpu_load", "host");
        match System::load_average() {
            Ok(load) => {
                seen.sample("load_1", load.one);
                let detail = format!("{:.1} / {:.0}", load.fifteen, self.cores);
                seen.measure(key, LOADED, load.fifteen / self.cores, detail);
            }
            Err(error) => seen.unknown(key, error.to_string()),
        }
        let times = proc_text::text("/proc/stat").ok().and_then(|text| times(&text));
        self.judge_times(&mut seen, times, at.now);
        seen
    }
}

impl Cpu {
    fn judge_times(&mut self, seen: &mut Seen, times: Option<Times>, now: UnixMillis) {
        let (stolen, waiting) = (
            AlertKey::new("cpu_steal", "host"),
            AlertKey::new("cpu_iowait", "host"),
        );
        let Some(times) = times else {
            seen.unknown(stolen, "/proc/stat cannot be read");
            seen.unknown(waiting, "/proc/stat cannot be read");
            return;
        };
        let Some(shares) = self
            .before
            .replace(times)
            .and_then(|before| shares(before, times))
        else {
            return;
        };
        seen.sample("cpu_busy_percent", shares.busy);
        seen.sample("cpu_iowait_percent", shares.waiting);
        seen.sample("cpu_steal_percent", shares.stolen);
        self.stolen.push(now, shares.stolen);
        self.waiting.push(now, shares.waiting);
        for (key, rules, trend) in [(stolen, STOLEN, &self.stolen), (waiting, WAITING, &self.waiting)] {
            match trend.mean(MEAN_OVER) {
                Some(mean) => seen.measure(key, rules, mean, String::new()),
                None => seen.unknown(key, "less than 20 minutes were watched"),
            }
        }
    }
}

fn times(stat: &str) -> Option<Times> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<u64> = line
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; what guests use is in user already.
    Some(Times {
        idle: *fields.get(3)?,
        waiting: *fields.get(4)?,
        stolen: *fields.get(7)?,
        all: fields.iter().take(8).sum(),
    })
}

/// `None` when no tick passed, or the counters went back, as iowait may.
fn shares(before: Times, after: Times) -> Option<Shares> {
    let all = after.all.checked_sub(before.all).filter(|all| *all > 0)?;
    #[allow(clippy::cast_precision_loss, reason = "ticks of a few seconds")]
    let percent = |ticks: u64| 100.0 * ticks as f64 / all as f64;
    let waiting = percent(after.waiting.checked_sub(before.waiting)?);
    let idle = percent(after.idle.checked_sub(before.idle)?);
    Some(Shares {
        busy: (100.0 - idle - waiting).max(0.0),
        waiting,
        stolen: percent(after.stolen.checked_sub(before.stolen)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_interval_and_waiting_is_not_busy() {
        let before = times("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 1 1 1 1 1 1 1\n").unwrap();
        let after = times("cpu  150 0 100 820 20 0 0 10 0 0\n").unwrap();
        assert_eq!(
            shares(before, after),
            Some(Shares {
                busy: 60.0,
                waiting: 20.0,
                stolen: 10.0
            })
        );
        assert_eq!(shares(after, before), None);
    }

    #[test]
    fn this_machines_own_processor_is_read() {
        assert!(times(&proc_text::text("/proc/stat").unwrap()).is_some());
    }
}
