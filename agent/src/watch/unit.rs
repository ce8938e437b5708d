//! What does systemd say of the bot: does it restart it again and again, has it given up, how much memory does it hold?
//! It starts and stops nothing. Without systemd each of these is unknown.

use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    board::Board,
    command::{NO_ANSWER, ask, property},
    probe::{At, Probe, Seen, bytes},
    trend::Trend,
};
use crate::alert::rule::{AlertKey, Rule};

/// What the cycle calls this watch.
pub const NAME: &str = "unit";
/// Asking starts a program, which costs more than all other questions together. It is asked at the bot's end too, and what
/// it tells of a bot that ends again and again belongs to the message about the first end.
const EVERY: Duration = Duration::from_secs(30);
/// Of a bot that runs and was not started anew lately it tells nothing new.
const SELDOM: Duration = Duration::from_secs(60);
const ASK_LIMIT: Duration = Duration::from_secs(3);
const PROPERTIES: &str =
    "--property=LoadState,ActiveState,SubState,Result,NRestarts,ExecMainStatus,ControlGroup";
/// In systemctl's own words.
const NOT_BOOTED: &str = "System has not been booted with systemd";
/// What systemd says of a unit that runs, however the one before ended.
const SUCCESS: &str = "success";
const CGROUPS: &str = "/sys/fs/cgroup";
/// The kind of the thing whose detail says how the unit stands.
pub const RESTARTS: &str = "unit_restarts";
/// What is watched of a unit, and whether there is one of that name.
const WATCHED: [&str; 3] = [RESTARTS, "unit", "unit_memory"];
const NAMED: &str = "unit_name";
/// Restarts are counted over so long.
const RESTARTS_OVER: Duration = Duration::from_secs(600);
const STEP: Duration = Duration::from_secs(300);
/// A shop's day has its busy hours: a slope of less than this is the day and not a leak.
const GROWTH_OVER: Duration = Duration::from_secs(6 * 3600);
/// Growth below this within that time is a cache that warms up.
const GROWTH_LEAST_BYTES: f64 = 32.0 * 1024.0 * 1024.0;

const RESTARTING: &[Rule] = &[Rule::BotRestarting];
const GROWING: &[Rule] = &[Rule::BotMemoryGrowing];

/// The watch over the bot's unit.
pub struct Unit {
    name: String,
    restarts: VecDeque<(Instant, u64)>,
    /// Since when they are counted here.
    since: Option<Instant>,
    /// How the last one ended: systemd forgets it with the next start.
    ended: Option<(Instant, State)>,
    memory: Trend,
    /// It runs, and was not started anew lately.
    is_calm: bool,
}

/// What systemd says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    active: String,
    sub: String,
    result: String,
    restarts: u64,
    exit_status: String,
    cgroup: Option<PathBuf>,
}

impl Unit {
    /// A watch over this unit.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            restarts: VecDeque::new(),
            since: None,
            ended: None,
            memory: Trend::new(STEP, GROWTH_OVER),
            is_calm: false,
        }
    }

    fn keys(&self) -> [AlertKey; 3] {
        WATCHED.map(|kind| AlertKey::new(kind, &self.name))
    }

    /// Restarts within the last ten minutes; one that was counted before the agent's start is not seen.
    fn count(&mut self, tick: Instant, restarts: u64) -> u64 {
        // The count begins anew when somebody starts the unit by hand.
        if self.restarts.back().is_some_and(|(_, last)| restarts < *last) {
            self.restarts.clear();
        }
        self.restarts.push_back((tick, restarts));
        while self
            .restarts
            .front()
            .is_some_and(|(at, _)| tick.saturating_duration_since(*at) > RESTARTS_OVER)
        {
            self.restarts.pop_front();
        }
        restarts - self.restarts.front().map_or(restarts, |(_, first)| *first)
    }

    /// How the unit stands, and how the bot ended last as far as somebody looked before it was started again.
    fn told(&mut self, tick: Instant, state: &State) -> String {
        if state.result != SUCCESS {
            self.ended = Some((tick, state.clone()));
        }
        let ended = self.ended.as_ref();
        let recent = ended.filter(|(at, _)| tick.saturating_duration_since(*at) < RESTARTS_OVER);
        let last = recent.map_or(state, |(_, ended)| ended);
        State {
            result: last.result.clone(),
            exit_status: last.exit_status.clone(),
            ..state.clone()
        }
        .told()
    }

    /// What an answer of systemctl means, or that there was none.
    fn judge(&mut self, at: At, answer: Result<String, String>) -> Seen {
        let mut seen = Seen::default();
        self.is_calm = false;
        let name = AlertKey::new(NAMED, &self.name);
        let state = match answer {
            Ok(text) => {
                let load = property(&text, "LoadState").unwrap_or_default();
                let missing = load != "loaded" && !load.is_empty();
                seen.judge(name, missing.then(|| (Rule::BotUnitUnknown, load.to_owned())));
                state(&text).ok_or_else(|| "systemd knows no such unit".to_owned())
            }
            Err(why) => {
                seen.unknown(name, why.as_str());
                Err(why)
            }
        };
        match state {
            Ok(state) => {
                let [restarts, unit, _] = self.keys();
                let count = self.count(at.tick, state.restarts);
                self.is_calm = count == 0 && state.active == "active";
                let detail = self.told(at.tick, &state);
                #[allow(clippy::cast_precision_loss, reason = "a handful")]
                seen.measure(restarts, RESTARTING, count as f64, detail);
                let since = *self.since.get_or_insert(at.tick);
                seen.ends_nothing(at.tick.saturating_duration_since(since) < RESTARTS_OVER);
                let given_up = state.active == "failed";
                let detail = format!("{} ({}), exit {}", state.result, state.sub, state.exit_status);
                seen.judge(unit, given_up.then_some((Rule::BotGivenUp, detail)));
                self.judge_memory(&mut seen, at, state.cgroup.as_deref());
            }
            Err(why) => {
                for key in self.keys() {
                    seen.unknown(key, why.as_str());
                }
            }
        }
        seen
    }

    fn judge_memory(&mut self, seen: &mut Seen, at: At, cgroup: Option<&Path>) {
        let [_, _, key] = self.keys();
        let held = cgroup.and_then(|cgroup| anonymous_bytes(&read(cgroup, "memory.stat")?));
        let Some(held) = held else {
            return seen.unknown(key, "its memory is not counted in a cgroup of its own");
        };
        seen.sample("bot_memory_bytes", held);
        self.memory.push(at.now, held);
        let limit = cgroup.and_then(limit_bytes);
        let (Some(limit), Some(per_hour)) = (limit, self.memory.per_hour(GROWTH_OVER)) else {
            return seen.unknown(key, "less than six hours were watched, or it has no limit");
        };
        if per_hour * GROWTH_OVER.as_secs_f64() / 3600.0 < GROWTH_LEAST_BYTES {
            return seen.judge(key, None);
        }
        let left_s = 3600.0 * (limit - held).max(0.0) / per_hour;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive sizes, for reading"
        )]
        let detail = format!("{} / {}", bytes(held as u64), bytes(limit as u64));
        seen.measure(key, GROWING, left_s, detail);
    }
}

impl Probe for Unit {
    fn name(&self) -> &'static str {
        NAME
    }

    fn every(&self) -> Duration {
        if self.is_calm { SELDOM } else { EVERY }
    }

    fn owns(&self, key: &str) -> bool {
        let kind = key.split_once('/').map_or(key, |(kind, _)| kind);
        kind == NAMED || WATCHED.contains(&kind)
    }

    fn look(&mut self, at: At) -> Seen {
        let answer = shown(&self.name);
        self.judge(at, answer)
    }
}

/// Whether systemd runs here and knows no such unit: a name that was misspelt leaves its restarts and memory unknown.
#[must_use]
pub fn is_missing(name: &str) -> bool {
    shown(name).is_ok_and(|text| property(&text, "LoadState") == Some("not-found"))
}

/// What systemctl says of the unit, unless there is nobody whom it could ask.
fn shown(name: &str) -> Result<String, String> {
    match sd_notify::booted() {
        Ok(false) => Err(NOT_BOOTED.to_owned()),
        Ok(true) | Err(_) => ask("systemctl", &["show", name, PROPERTIES], ASK_LIMIT),
    }
}

/// Why nobody can see how the unit is, when there is no systemd that could be asked for anything. One that only did not
/// answer in time is there.
#[must_use]
pub fn unseen(board: &Board, name: &str) -> Option<String> {
    let why = board.unknown().remove(&format!("{NAMED}/{name}"))?;
    (!why.contains(NO_ANSWER)).then_some(why)
}

impl State {
    /// In systemd's own words, which are those of its manual.
    fn told(&self) -> String {
        format!(
            "{} ({}), result {}, exit {}, restarts {}",
            self.active, self.sub, self.result, self.exit_status, self.restarts
        )
    }
}

/// `None` for a unit that systemd does not know.
fn state(answer: &str) -> Option<State> {
    if property(answer, "LoadState")? != "loaded" {
        return None;
    }
    let text = |name| property(answer, name).unwrap_or_default().to_owned();
    let cgroup = property(answer, "ControlGroup")
        .filter(|path| path.len() > 1)
        .map(|path| Path::new(CGROUPS).join(path.trim_start_matches('/')));
    Some(State {
        active: text("ActiveState"),
        sub: text("SubState"),
        result: text("Result"),
        restarts: property(answer, "NRestarts")?.parse().ok()?,
        exit_status: text("ExecMainStatus"),
        cgroup,
    })
}

fn read(cgroup: &Path, file: &str) -> Option<String> {
    fs::read_to_string(cgroup.join(file)).ok()
}

/// What only the process itself can give back; the page cache of its files is the kernel's to take.
fn anonymous_bytes(memory_stat: &str) -> Option<f64> {
    memory_stat
        .lines()
        .find_map(|line| line.strip_prefix("anon "))?
        .trim()
        .parse()
        .ok()
}

/// Where the kernel begins to hold it back, else where it kills it; `None` without either.
fn limit_bytes(cgroup: &Path) -> Option<f64> {
    let bytes = |file| read(cgroup, file)?.trim().parse().ok();
    bytes("memory.high").or_else(|| bytes("memory.max"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{alert::rule::Observation, watch::probe::Verdict};

    const ANSWER: &str = "LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\nNRestarts=2\n\
        ExecMainStatus=0\nControlGroup=/system.slice/bot.service\n";

    #[test]
    fn the_answer_of_systemctl_is_read_and_an_unknown_unit_is_none() {
        let read = state(ANSWER).unwrap();
        assert_eq!(
            read.told(),
            "active (running), result success, exit 0, restarts 2"
        );
        assert_eq!(
            read.cgroup.unwrap(),
            Path::new("/sys/fs/cgroup/system.slice/bot.service")
        );
        assert_eq!(state("LoadState=not-found\nNRestarts=0\n"), None);
    }

    #[test]
    fn a_bot_that_runs_is_asked_about_seldom_and_one_that_does_not_within_the_time_of_one_message() {
        let mut unit = Unit::new("bot.service");
        let mut every = |after_s: u64, answer: Result<&str, &str>| {
            let at = At {
                now: protocol::time::UnixMillis(1),
                tick: Instant::now() + Duration::from_secs(after_s),
            };
            unit.judge(at, answer.map(str::to_owned).map_err(str::to_owned));
            unit.every()
        };
        let restarting = ANSWER.replace("ActiveState=active", "ActiveState=activating");
        let again = ANSWER.replace("NRestarts=2", "NRestarts=3");
        assert_eq!(every(0, Ok(ANSWER)), SELDOM);
        assert_eq!(every(30, Ok(&restarting)), EVERY);
        assert_eq!(every(60, Ok(&again)), EVERY, "it was started anew");
        assert_eq!(every(900, Ok(&again)), SELDOM);
        assert_eq!(every(960, Err("no answer in time")), EVERY);
    }

    #[test]
    fn without_systemd_nobody_can_be_asked_and_one_that_is_slow_is_there() {
        let at = At {
            now: protocol::time::UnixMillis(1),
            tick: Instant::now(),
        };
        let unseen_after = |answer: Result<&str, &str>| {
            let board = Board::default();
            let seen = Unit::new("bot.service").judge(at, answer.map(str::to_owned).map_err(str::to_owned));
            seen.findings.iter().for_each(|found| board.note(found, at.now));
            unseen(&board, "bot.service")
        };
        assert_eq!(unseen_after(Err(NOT_BOOTED)).as_deref(), Some(NOT_BOOTED));
        assert_eq!(unseen_after(Err("systemctl: no answer in time")), None);
        assert_eq!(unseen_after(Ok(ANSWER)), None);
        assert_eq!(
            unseen(&Board::default(), "bot.service"),
            None,
            "nobody has looked yet"
        );
    }

    #[test]
    fn a_name_that_systemd_does_not_know_is_wrong_and_without_systemd_nothing_is_known() {
        let mut unit = Unit::new("bto.service");
        let at = At {
            now: protocol::time::UnixMillis(1),
            tick: Instant::now(),
        };
        let mut said = |answer: Result<&str, &str>| {
            let seen = unit.judge(at, answer.map(str::to_owned).map_err(str::to_owned));
            assert!(seen.findings.iter().all(|found| unit.owns(found.key.as_str())));
            let found = |found: &super::super::probe::Finding| found.key.as_str() == "unit_name/bto.service";
            let verdict = seen
                .findings
                .iter()
                .find(|one| found(one))
                .unwrap()
                .verdict
                .clone();
            (verdict, seen.findings.len())
        };
        let wrong = Observation::Wrong {
            rule: Rule::BotUnitUnknown,
            detail: "not-found".to_owned(),
        };
        assert_eq!(
            said(Ok("LoadState=not-found\nNRestarts=0\n")),
            (Verdict::Known(wrong), 4)
        );
        assert_eq!(said(Ok(ANSWER)), (Verdict::Known(Observation::Fine), 4));
        let no_systemd = "systemctl: exit status: 1";
        assert_eq!(
            said(Err(no_systemd)),
            (Verdict::Unknown(no_systemd.to_owned()), 4)
        );
    }

    #[test]
    fn how_the_last_one_ended_is_remembered_once_the_next_one_runs() {
        let start = Instant::now();
        let mut unit = Unit::new("bot.service");
        let mut end =
            |after_s, answer: &str| unit.told(start + Duration::from_secs(after_s), &state(answer).unwrap());
        let killed = ANSWER
            .replace("active\n", "activating\n")
            .replace("running", "auto-restart")
            .replace("success", "oom-kill");
        assert_eq!(
            end(0, ANSWER),
            "active (running), result success, exit 0, restarts 2"
        );
        assert_eq!(
            end(30, &killed),
            "activating (auto-restart), result oom-kill, exit 0, restarts 2"
        );
        // How it stands is as it is now: the owner reads that too.
        assert_eq!(
            end(60, ANSWER),
            "active (running), result oom-kill, exit 0, restarts 2"
        );
        assert!(end(700, ANSWER).contains("success"), "that is long ago");
    }

    #[test]
    fn restarts_count_for_ten_minutes_and_a_start_by_hand_begins_anew() {
        let start = Instant::now();
        let mut unit = Unit::new("bot.service");
        let mut count = |after_s, restarts| unit.count(start + Duration::from_secs(after_s), restarts);
        assert_eq!(
            count(0, 40),
            0,
            "what was before the agent is not held against the bot"
        );
        assert_eq!(count(30, 43), 3);
        assert_eq!(count(620, 43), 0);
        assert_eq!(count(650, 0), 0);
    }

    #[test]
    fn whoever_has_watched_for_less_than_the_restarts_are_counted_over_ends_no_alert_about_them() {
        let start = Instant::now();
        let mut unit = Unit::new("bot.service");
        let mut counted = |after_s, restarts: u64| {
            let at = At {
                now: protocol::time::UnixMillis(1),
                tick: start + Duration::from_secs(after_s),
            };
            let answer = ANSWER.replace("NRestarts=2", &format!("NRestarts={restarts}"));
            let found = unit.judge(at, Ok(answer)).findings.into_iter();
            let mut found = found.filter(|found| found.key.as_str() == "unit_restarts/bot.service");
            found.next().unwrap().verdict.counts().map(|seen| seen.is_wrong())
        };
        assert_eq!(counted(0, 40), None, "it restarts perhaps as often as before");
        assert_eq!(counted(30, 43), Some(true), "three are three");
        assert_eq!(counted(599, 43), Some(true));
        assert_eq!(counted(640, 43), Some(false));
    }

    #[test]
    fn memory_is_what_the_process_holds_and_not_its_files_cache() {
        let stat = "anon 41943040\nfile 900000000\nanon_thp 0\n";
        assert_eq!(anonymous_bytes(stat), Some(41_943_040.0));
    }
}
