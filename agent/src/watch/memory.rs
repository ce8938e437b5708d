//! Is there memory, does the machine stall for want of it, did the kernel kill somebody for it?
//! A program that only reached a limit of its own, which is not the shop's, is told apart.
//! It frees nothing. A kernel that does not tell of pressure makes that one answer unknown, not fine.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use super::{
    oom::{self, Groups, Whose},
    oom_log::{KernelLog, LOG},
    probe::{At, Probe, Seen, bytes},
    proc_text,
};
use crate::alert::{
    kills::{self, Reached},
    rule::{AlertKey, Rule},
};

const EVERY: Duration = Duration::from_secs(5);
/// An OOM kill is a moment; its alert stands for so long.
const KILL_STANDS: Duration = Duration::from_secs(600);

const USED: &[Rule] = &[Rule::MemoryLow];
const STALLED: &[Rule] = &[Rule::MemoryStalls];
const SWAPPING: &[Rule] = &[Rule::MemorySwapping];

/// The watch over memory.
#[derive(Default)]
pub struct Memory {
    system: Option<System>,
    before: Option<(Instant, Counters)>,
    /// For want of the machine's memory or the shop's, or nobody knows of whose; and under a limit of somebody else's, with whose.
    killed: Option<(Instant, String)>,
    killed_elsewhere: Option<(Instant, String)>,
    groups: Option<Groups>,
    log: Option<KernelLog>,
    /// Since when kills are counted here.
    since: Option<Instant>,
}

/// What /proc/vmstat counts since the machine's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counters {
    oom_kills: Option<u64>,
    swapped_in_pages: u64,
}

impl Probe for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn look(&mut self, at: At) -> Seen {
        let mut seen = Seen::default();
        self.judge_room(&mut seen);
        judge_stalls(&mut seen, proc_text::text("/proc/pressure/memory").ok());
        let counters = proc_text::text("/proc/vmstat")
            .ok()
            .and_then(|text| counters(&text));
        self.judge_counters(&mut seen, counters, at.tick);
        seen
    }
}

impl Memory {
    /// A watch that knows the bot by its unit.
    #[must_use]
    pub fn of_shop(unit: &str) -> Self {
        Self {
            groups: Some(Groups::new(Path::new(oom::CGROUPS), unit, &oom::own())),
            log: Some(KernelLog::open(Path::new(LOG))),
            ..Self::default()
        }
    }

    fn judge_room(&mut self, seen: &mut Seen) {
        let key = AlertKey::new("memory", "host");
        if self.system.is_none() {
            self.system = System::new_with_specifics(RefreshKind::nothing()).ok();
        }
        let Some(system) = &mut self.system else {
            return seen.unknown(key, "the system does not tell of its memory");
        };
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let (total, available) = (system.total_memory(), system.available_memory());
        if total == 0 {
            return seen.unknown(key, "/proc/meminfo cannot be read");
        }
        #[allow(clippy::cast_precision_loss, reason = "a percentage")]
        let used = 100.0 * (1.0 - available as f64 / total as f64);
        seen.sample("memory_used_percent", used);
        let detail = format!("{} / {}", bytes(available), bytes(total));
        seen.measure(key, USED, used, detail);
    }

    fn judge_counters(&mut self, seen: &mut Seen, counters: Option<Counters>, tick: Instant) {
        let (kills, swapping) = (
            AlertKey::new("memory_kills", "host"),
            AlertKey::new("memory_swap", "host"),
        );
        let Some(counters) = counters else {
            seen.unknown(kills, "/proc/vmstat cannot be read");
            seen.unknown(swapping, "/proc/vmstat cannot be read");
            return;
        };
        let before = self.before.replace((tick, counters));
        let (Some((before_at, before)), Some(oom_kills)) = (before, counters.oom_kills) else {
            if counters.oom_kills.is_none() {
                seen.unknown(kills, "this kernel does not count its kills");
            }
            return;
        };
        let is_new = before.oom_kills.is_some_and(|before| oom_kills > before);
        self.judge_kills(seen, kills, is_new, tick);
        let since = *self.since.get_or_insert(before_at);
        seen.ends_nothing(tick.saturating_duration_since(since) < KILL_STANDS);
        let seconds = tick.saturating_duration_since(before_at).as_secs_f64();
        let pages = counters.swapped_in_pages.saturating_sub(before.swapped_in_pages);
        if seconds > 0.0 {
            #[allow(clippy::cast_precision_loss, reason = "pages of a few seconds")]
            let rate = pages as f64 / seconds;
            seen.sample("swapped_in_pages_per_second", rate);
            seen.measure(swapping, SWAPPING, rate, String::new());
        }
    }
}

impl Memory {
    fn judge_kills(&mut self, seen: &mut Seen, kills: AlertKey, is_new: bool, tick: Instant) {
        let stands = |at: Instant| tick.saturating_duration_since(at) < KILL_STANDS;
        let elsewhere = AlertKey::new("memory_limits", "host");
        let kill = is_new.then(|| self.newest_kill());
        if let (None, Some(groups)) = (&kill, &mut self.groups) {
            groups.all_well();
        }
        // Where one stands already, that is over: this is another.
        if let Some((whose, program)) = kill {
            let (key, stood, detail) = match whose {
                Whose::Others(group) => (
                    &elsewhere,
                    &mut self.killed_elsewhere,
                    place(&group, program.as_deref()),
                ),
                whose => (&kills, &mut self.killed, told(&whose, program.as_deref())),
            };
            if stood.as_ref().is_some_and(|(at, _)| stands(*at)) {
                seen.judge(key.clone(), None);
            }
            *stood = Some((tick, detail));
        }
        let wrong = self.killed.clone().filter(|(at, _)| stands(*at));
        seen.judge(kills, wrong.map(|(_, detail)| (Rule::MemoryKill, detail)));
        let wrong = self.killed_elsewhere.clone().filter(|(at, _)| stands(*at));
        seen.judge(elsewhere, wrong.map(|(_, group)| (Rule::MemoryLimitKill, group)));
    }

    /// The gravest of those since the last look, and what it hit: by the kernel's log where that can be read, which knows it
    /// best, else by the groups' counters.
    fn newest_kill(&mut self) -> (Whose, Option<String>) {
        let counted = self.groups.as_mut().map_or(Whose::Unknown, Groups::whose);
        let logged = self.log.as_mut().map(KernelLog::kills).unwrap_or_default();
        let whose = |limit: Option<PathBuf>| match (limit, &self.groups) {
            (None, _) => Whose::Machines,
            (Some(group), Some(groups)) => groups.of_logged(group),
            (Some(_), None) => Whose::Unknown,
        };
        let logged = logged.into_iter().map(|kill| {
            let program = format!("{}, pid {}", kill.program, kill.process);
            (whose(kill.limit), Some(program))
        });
        logged.max().unwrap_or((counted, None))
    }
}

/// The group, and what was killed in it.
fn place(group: &Path, program: Option<&str>) -> String {
    let program = program.map_or(String::new(), |program| format!(" ({program})"));
    format!("/{}{program}", group.display())
}

fn told(whose: &Whose, program: Option<&str>) -> String {
    match whose {
        Whose::Machines => kills::note(Reached::Machine, program),
        Whose::Shops(group) | Whose::Others(group) => {
            kills::note(Reached::Limit(&format!("/{}", group.display())), program)
        }
        Whose::Unknown => kills::note(Reached::Unknown, program),
    }
}

/// Only "full" is trouble: nobody could go on. "some" is what a busy machine looks like.
fn judge_stalls(seen: &mut Seen, pressure: Option<String>) {
    let key = AlertKey::new("memory_pressure", "host");
    match pressure.as_deref().and_then(full_avg60) {
        Some(percent) => {
            seen.sample("memory_stalled_percent", percent);
            seen.measure(key, STALLED, percent, String::new());
        }
        None => seen.unknown(key, "this kernel does not tell of pressure"),
    }
}

/// The share of the last minute in which every task waited, from a file of /proc/pressure.
fn full_avg60(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with("full "))?;
    let value = line
        .split_whitespace()
        .find_map(|word| word.strip_prefix("avg60="))?;
    value.parse().ok()
}

fn counters(vmstat: &str) -> Option<Counters> {
    let value = |name: &str| {
        let line = vmstat
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        line.trim().parse().ok()
    };
    Some(Counters {
        oom_kills: value("oom_kill"),
        swapped_in_pages: value("pswpin")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::probe::Verdict, *};
    use crate::alert::rule::Observation;

    #[test]
    fn pressure_is_read_where_the_kernel_tells_it_and_unknown_elsewhere() {
        let text = "some avg10=9.00 avg60=8.00 avg300=1 total=1\nfull avg10=0.10 avg60=6.25 avg300=0.00 total=297678\n";
        assert_eq!(full_avg60(text), Some(6.25));
        let mut seen = Seen::default();
        judge_stalls(&mut seen, None);
        assert!(matches!(seen.findings[0].verdict, Verdict::Unknown(_)));
    }

    #[test]
    fn each_kill_by_the_kernel_is_one_of_its_own_and_stands_for_ten_minutes() {
        let start = Instant::now();
        let mut memory = Memory::default();
        let mut look = |kills, after_s| {
            let mut seen = Seen::default();
            let counters = Counters {
                oom_kills: Some(kills),
                swapped_in_pages: 0,
            };
            memory.judge_counters(&mut seen, Some(counters), start + Duration::from_secs(after_s));
            let is_kill = |verdict: &Verdict| match verdict {
                Verdict::Known(Observation::Wrong { rule, .. })
                | Verdict::Early(Observation::Wrong { rule, .. }) => *rule == Rule::MemoryKill,
                Verdict::Known(_) | Verdict::Early(_) | Verdict::Unknown(_) => false,
            };
            let of_kills = seen
                .findings
                .iter()
                .filter(|found| found.key.as_str() == "memory_kills/host");
            of_kills
                .map(|found| is_kill(&found.verdict))
                .collect::<Vec<bool>>()
        };
        assert_eq!(
            look(3, 0),
            [] as [bool; 0],
            "those from before the agent's start are history"
        );
        assert_eq!(look(3, 5), [false]);
        assert_eq!(look(4, 10), [true]);
        assert_eq!(look(4, 300), [true]);
        assert_eq!(look(5, 305), [false, true], "another one, after the one before");
        assert_eq!(look(5, 904), [true]);
        assert_eq!(look(5, 906), [false]);
    }

    #[test]
    fn what_the_kernels_log_says_of_a_kill_is_told_before_what_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let (path, line) = (dir.path().join("kmsg"), |limit: &str| {
            format!("6,1,1,-;oom-kill:constraint={limit},task_memcg=/jobs,task=tail,pid=7,uid=0\n")
        });
        std::fs::write(&path, "").unwrap();
        let mut memory = Memory {
            groups: Some(Groups::new(
                dir.path(),
                "bot.service",
                Path::new("system.slice/agent.service"),
            )),
            log: Some(KernelLog::open(&path)),
            ..Memory::default()
        };
        let mut kill = |lines: &str| {
            std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + lines).unwrap();
            memory.newest_kill()
        };
        let tail = || Some("tail, pid 7".to_owned());
        let of_jobs = line("CONSTRAINT_MEMCG,oom_memcg=/jobs");
        assert_eq!(
            kill(""),
            (Whose::Unknown, None),
            "nothing that is read tells of it"
        );
        assert_eq!(kill(&of_jobs), (Whose::Others("jobs".into()), tail()));
        let of_bot = line("CONSTRAINT_MEMCG,oom_memcg=/system.slice/bot.service");
        let bot = PathBuf::from("system.slice/bot.service");
        assert_eq!(
            kill(&(of_bot + &of_jobs)),
            (Whose::Shops(bot), tail()),
            "the gravest"
        );
        let all = line("CONSTRAINT_NONE,global_oom");
        assert_eq!(kill(&(all + &of_jobs)), (Whose::Machines, tail()));
    }

    #[test]
    fn this_machines_own_memory_is_read() {
        let at = At {
            now: protocol::time::UnixMillis(0),
            tick: Instant::now(),
        };
        let seen = Memory::default().look(at);
        assert!(
            seen.samples
                .iter()
                .any(|sample| sample.series == "memory_used_percent")
        );
    }
}
