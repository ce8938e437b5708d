//! What is wrong with a log: the eight ways in which rotation fails, each with its own name.
//! Pure: it is handed what was seen, remembers the look before, and reads no file and no clock.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::{
    files::{Live, Rotated, View},
    noted::Noted,
    writer::{Holder, Sight, Writer},
};
use crate::{
    alert::rule::{AlertKey, Rule},
    watch::probe::{Seen, bytes},
};

/// What is given to a rotation that runs late.
const SLACK_MAX: Duration = Duration::from_secs(3600);
/// The kind of what was lost by a truncation.
const LOSS: &str = "log_loss";
/// A clock that is corrected by less makes no age wrong.
const CORRECTED_MAX: Duration = Duration::from_secs(60);
/// A truncation is a moment; its alert stands for so long.
const MOMENT_STANDS: Duration = Duration::from_secs(3600);

/// The kind of what was not rotated in time.
const ROTATION: &str = "log_rotation";

/// How a log is to be rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The time from one rotation to the next.
    pub period: Duration,
    /// What a log may grow to in that time.
    pub size_bytes_max: u64,
    /// How many old files are kept.
    pub keep: usize,
    /// Whether old files are compressed, but for the newest.
    pub compress: bool,
}

/// What is remembered of one log from look to look.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    last: Option<Live>,
    first_seen: Option<UnixMillis>,
    looked_at: Option<UnixMillis>,
    rotated_at: Option<UnixMillis>,
    /// The latest look, or that at the last rotation that was seen.
    latest: Option<UnixMillis>,
    truncated: Option<(UnixMillis, u64)>,
    /// As an agent before this one wrote it down, until there is a file to hold it against.
    noted: Option<Noted>,
    astray: Option<Holder>,
}

/// Whether the marker that was asked for came to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// It did, or it is too early to say.
    Arrived,
    /// It did not.
    Missing,
    /// Nobody can be asked to write one.
    Unknown,
}

impl Memory {
    /// Of a log that nobody has looked at yet, but for an agent before this one.
    #[must_use]
    pub fn after(noted: Option<Noted>) -> Self {
        Self {
            noted,
            ..Self::default()
        }
    }

    /// Judges one look, with who writes the log as far as that is known.
    pub fn judge(
        &mut self,
        name: &str,
        plan: &Plan,
        view: &View,
        writer: Sight,
        marker: Marker,
        now: UnixMillis,
    ) -> Seen {
        self.compare(view, now);
        let mut seen = Seen::default();
        let is_young = self.first_seen.is_some_and(|at| now.since(at) < MOMENT_STANDS);
        let is_set_back = self.is_set_back(now);
        let mut judge = |what: &str, wrong: Option<(Rule, String)>| {
            let wrong = wrong.map(|(rule, more)| (rule, format!("{name}{more}")));
            seen.judge(AlertKey::new(what, name), wrong);
            seen.ends_nothing((is_young && what == LOSS) || (is_set_back && what == ROTATION));
        };
        judge("log_size", growing(plan, view));
        judge(ROTATION, self.not_rotated(plan, view, now));
        judge(LOSS, self.lost(now));
        judge("log_hole", hole(view));
        judge("log_old", old_kept(plan, view));
        let astray = match writer {
            Sight::Seen(writer) => Some(astray(writer, view.live)),
            Sight::LetGo => Some(None),
            Sight::Unknown => None,
        };
        if let Some(wrong) = astray.clone() {
            judge("log_writer", wrong);
        }
        // A writer that has gone astray says why no line arrives: one fault has one name.
        match (marker, &astray) {
            (Marker::Missing, Some(Some(_))) | (Marker::Unknown, _) => {}
            (Marker::Missing, _) => judge("log_silent", Some((Rule::LogSilent, String::new()))),
            (Marker::Arrived, _) => judge("log_silent", None),
        }
        if writer == Sight::Unknown {
            seen.unknown(AlertKey::new("log_writer", name), "who writes it cannot be seen");
        }
        if marker == Marker::Unknown {
            seen.unknown(
                AlertKey::new("log_silent", name),
                "nobody was asked for a line yet",
            );
        }
        match (writer, &astray) {
            (Sight::Seen(writer), Some(Some(_))) => self.astray = Some(writer.holder),
            (_, Some(_)) => self.astray = None,
            (_, None) => {}
        }
        if let Some(live) = view.live {
            #[allow(clippy::cast_precision_loss, reason = "a figure for charts")]
            seen.sample(format!("log_bytes:{name}"), live.size_bytes as f64);
        }
        seen
    }

    /// Who was last seen to write into another file than the log's own.
    #[must_use]
    pub fn astray(&self) -> Option<Holder> {
        self.astray
    }

    /// Takes in what changed since the look before.
    fn compare(&mut self, view: &View, now: UnixMillis) {
        self.first_seen.get_or_insert(now);
        let before = self.looked_at.replace(now);
        let live = view.live;
        if let Some(live) = live
            && let Some(noted) = self.noted.take()
            && noted.is_cut(&live)
        {
            self.truncated = Some((now, noted.size_bytes));
        }
        if let (Some(last), Some(live)) = (self.last, live) {
            let is_same = last.id == live.id && (last.born == live.born || live.born.is_none());
            if !is_same {
                self.rotated_at = Some(now);
            } else {
                // Copied away and cut off: that is rotation too, if a bad one. A writer that goes on where it was makes the
                // file as long as before, and leaves a hole.
                let is_copied = |file: &Rotated| file.is_numbered && Some(file.changed) >= before;
                // Where nobody tells when it was made it may be another, whose inode came back.
                let begins_anew = live.born.is_some() && !live.head.goes_on_from(&last.head);
                let is_anew = begins_anew && !live.begins_with_hole;
                let is_cut = live.size_bytes < last.size_bytes || is_anew;
                if (is_cut || live.begins_with_hole) && view.rotated.iter().any(is_copied) {
                    self.rotated_at = Some(now);
                }
                if is_cut {
                    self.truncated = Some((now, last.size_bytes));
                }
            }
        }
        if live.is_some() {
            self.last = live;
        }
    }

    /// What it was seen to do tells when rotation last ran; of before the first look its newest old file, and where there is
    /// none, the log's own age. A file that came beside a log which stayed as it was is somebody's copy.
    fn not_rotated(&self, plan: &Plan, view: &View, now: UnixMillis) -> Option<(Rule, String)> {
        let live = view.live.filter(|live| live.size_bytes > 0)?;
        let was_there = |file: &&Rotated| file.is_numbered && Some(file.changed) <= self.first_seen;
        let newest = view
            .rotated
            .iter()
            .filter(was_there)
            .map(|file| file.changed)
            .max();
        let last = newest
            .max(self.rotated_at)
            .or(live.born)
            .or(self.first_seen)
            .unwrap_or(now);
        let limit = plan.period * 3 / 2 + SLACK_MAX.min(plan.period / 4);
        let age = now.since(last);
        let told = || match age.as_secs() / 3600 {
            0 => format!(": {} min", age.as_secs() / 60),
            hours => format!(": {hours} h"),
        };
        (age > limit).then(|| (Rule::LogNotRotated, told()))
    }

    /// While the clock stands behind what it told before, every age is less than it is, until a rotation is seen.
    fn is_set_back(&mut self, now: UnixMillis) -> bool {
        let latest = self.latest.filter(|_| self.rotated_at != Some(now));
        self.latest = latest.max(Some(now));
        self.latest > Some(now.plus(CORRECTED_MAX))
    }

    fn lost(&self, now: UnixMillis) -> Option<(Rule, String)> {
        let (at, size_bytes) = self.truncated?;
        let stands = now.since(at) <= MOMENT_STANDS;
        stands.then(|| (Rule::LogTruncated, format!(": {}", bytes(size_bytes))))
    }
}

fn growing(plan: &Plan, view: &View) -> Option<(Rule, String)> {
    let size_bytes = view.live?.size_bytes;
    let limit = plan.size_bytes_max.saturating_add(plan.size_bytes_max / 2);
    (size_bytes > limit).then(|| (Rule::LogGrowing, format!(": {}", bytes(size_bytes))))
}

fn hole(view: &View) -> Option<(Rule, String)> {
    // A device reads as zeros without end, and holds none.
    let live = view
        .live
        .filter(|live| live.begins_with_hole && live.size_bytes > 0)?;
    // A file takes whole blocks: one that is nearly full of them would seem to hold more than it is long.
    let held = live.allocated_bytes.min(live.size_bytes);
    let more = format!(": {} / {}", bytes(held), bytes(live.size_bytes));
    Some((Rule::LogHole, more))
}

/// One of them, as a rule the newest, may wait for its compression. While rotation runs there is one too many: the rule wants
/// a second look.
fn old_kept(plan: &Plan, view: &View) -> Option<(Rule, String)> {
    let old = || view.rotated.iter().filter(|file| file.is_numbered);
    let count = old().count();
    let plain = old().filter(|file| plan.compress && !file.compressed);
    let plain = plain.count().saturating_sub(1);
    (count > plan.keep || plain > 0)
        .then(|| (Rule::LogOldKept, format!(": {count} / {}, {plain}", plan.keep)))
}

/// Whether what is written goes somewhere else than into the file of that name.
fn astray(writer: Writer, live: Option<Live>) -> Option<(Rule, String)> {
    // What rotation compressed it has deleted as well, and the writer should have let go of it.
    if writer.links == 0 && !writer.is_rotated {
        return Some((Rule::LogDeletedOpen, format!(": {}", bytes(writer.size_bytes))));
    }
    let is_live = live.map(|live| live.id) == Some(writer.id);
    (!is_live).then_some((Rule::LogWriterLost, String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::logs::files::{FileId, Head};

    const PLAN: Plan = Plan {
        period: Duration::from_secs(86_400),
        size_bytes_max: 1 << 20,
        keep: 3,
        compress: false,
    };

    fn of_size(size_bytes: u64) -> View {
        let live = Live {
            id: FileId { device: 1, inode: 2 },
            born: None,
            size_bytes,
            allocated_bytes: size_bytes,
            begins_with_hole: false,
            head: Head::of(b""),
        };
        View {
            live: Some(live),
            rotated: Vec::new(),
        }
    }

    #[test]
    fn a_log_that_was_cut_and_has_grown_beyond_its_length_by_the_next_look_is_known_by_its_first_line() {
        let mut memory = Memory::default();
        let mut is_lost = |head: &[u8], size_bytes, after_s: i64| {
            let now = UnixMillis(after_s * 1000);
            let mut view = of_size(size_bytes);
            let live = view.live.as_mut().unwrap();
            (live.head, live.born) = (Head::of(head), Some(UnixMillis(0)));
            let seen = memory.judge("bot.log", &PLAN, &view, Sight::Unknown, Marker::Arrived, now);
            let mut found = seen.findings.into_iter();
            let found = found.find(|found| found.key.as_str() == "log_loss/bot.log");
            let counts = found.unwrap().verdict.counts().map(|seen| seen.is_wrong());
            counts == Some(true)
        };
        assert!(!is_lost(b"one", 3, 0));
        assert!(!is_lost(b"one\ntwo", 100, 5));
        assert!(is_lost(b"three", 200, 10));
    }

    #[test]
    fn whoever_has_watched_for_less_than_a_truncation_stands_ends_no_alert_about_one() {
        let mut memory = Memory::default();
        let mut is_lost = |size_bytes, after_s: i64| {
            let now = UnixMillis(after_s * 1000);
            let view = of_size(size_bytes);
            let seen = memory.judge("bot.log", &PLAN, &view, Sight::Unknown, Marker::Arrived, now);
            let mut found = seen.findings.into_iter();
            let found = found.find(|found| found.key.as_str() == "log_loss/bot.log");
            found.unwrap().verdict.counts().map(|seen| seen.is_wrong())
        };
        assert_eq!(
            is_lost(1000, 0),
            None,
            "it may have been cut just before the agent's start"
        );
        assert_eq!(is_lost(1000, 3_599), None);
        assert_eq!(is_lost(1000, 3_600), Some(false));
        assert_eq!(is_lost(10, 4_000), Some(true));
        assert_eq!(is_lost(20, 7_601), Some(false));
    }

    #[test]
    fn a_log_that_was_cut_between_two_agents_is_told_also_when_it_is_away_at_the_first_look() {
        let now = UnixMillis(1_000_000);
        let of_birth = |size_bytes, born_ms| {
            let mut view = of_size(size_bytes);
            view.live.as_mut().unwrap().born = Some(UnixMillis(born_ms));
            view
        };
        let lost = |looks: &[View]| {
            let before = of_birth(2048, 1).live.unwrap();
            let mut memory = Memory::after(Some(Noted::of(&before, now)));
            looks.iter().for_each(|view| memory.compare(view, now));
            memory.lost(now).map(|(_, more)| more)
        };
        let away = View {
            live: None,
            rotated: Vec::new(),
        };
        assert_eq!(lost(&[of_birth(1000, 1)]).as_deref(), Some(": 2.0 KiB"));
        assert_eq!(lost(&[away, of_birth(1000, 1)]).as_deref(), Some(": 2.0 KiB"));
        assert_eq!(
            lost(&[of_birth(3000, 1), of_birth(3000, 1)]),
            None,
            "it has grown"
        );
        assert_eq!(lost(&[of_birth(1000, 5)]), None, "it is another file");
    }

    #[test]
    fn a_log_with_a_hole_holds_no_more_than_it_is_long() {
        let mut view = of_size(17 * 1024);
        let live = view.live.as_mut().unwrap();
        (live.begins_with_hole, live.allocated_bytes) = (true, 20 * 1024);
        let (_, more) = hole(&view).unwrap();
        assert_eq!(more, ": 17.0 KiB / 17.0 KiB");
    }

    #[test]
    fn one_old_log_may_wait_for_its_compression_whatever_was_written_last() {
        let plan = Plan {
            compress: true,
            ..PLAN
        };
        let old = |number: u32, compressed: bool| Rotated {
            id: FileId {
                device: 1,
                inode: u64::from(number),
            },
            path: format!("/var/log/bot.log.{number}").into(),
            changed: UnixMillis(1),
            written: UnixMillis(1),
            compressed,
            is_numbered: true,
        };
        let told = |rotated: Vec<Rotated>| {
            let live = of_size(10).live;
            old_kept(&plan, &View { live, rotated }).map(|(_, more)| more)
        };
        assert_eq!(told(vec![old(1, false), old(2, true)]), None);
        assert_eq!(told(vec![old(2, true), old(1, false), old(3, true)]), None);
        assert_eq!(
            told(vec![old(1, false), old(2, false)]),
            Some(": 2 / 3, 1".to_owned())
        );
        assert_eq!(
            told((1..=4).map(|number| old(number, true)).collect()),
            Some(": 4 / 3, 0".to_owned())
        );
    }

    #[test]
    fn a_clock_that_is_set_back_rotates_no_log() {
        let mut memory = Memory::default();
        let mut is_late = |inode, hours: i64| {
            let mut view = of_size(1000);
            let live = view.live.as_mut().unwrap();
            live.id.inode = inode;
            let now = UnixMillis(hours * 3_600_000);
            let seen = memory.judge("bot.log", &PLAN, &view, Sight::Unknown, Marker::Arrived, now);
            let mut found = seen.findings.into_iter();
            let found = found.find(|found| found.key.as_str() == "log_rotation/bot.log");
            found.unwrap().verdict.counts().map(|seen| seen.is_wrong())
        };
        assert_eq!(is_late(2, 0), Some(false));
        assert_eq!(is_late(2, 50), Some(true));
        assert_eq!(is_late(2, 10), None, "nobody rotated it");
        assert_eq!(is_late(3, 11), Some(false), "it was");
        assert_eq!(is_late(3, 12), Some(false));
    }

    #[test]
    fn copies_beside_a_log_neither_stand_for_its_rotation_nor_are_old_logs() {
        let copy = |name: &str, at: UnixMillis| Rotated {
            id: FileId { device: 1, inode: 9 },
            path: format!("/var/log/bot.log{name}").into(),
            changed: at,
            written: at,
            compressed: false,
            is_numbered: name == ".1",
        };
        let hours = |hours: i64| UnixMillis(hours * 3_600_000);
        let mut memory = Memory::default();
        let mut is_wrong = |what: &str, view: &View, at: UnixMillis| {
            let seen = memory.judge("bot.log", &PLAN, view, Sight::Unknown, Marker::Arrived, at);
            let key = format!("{what}/bot.log");
            let found = seen.findings.into_iter().find(|found| found.key.as_str() == key);
            found.unwrap().verdict.counts().unwrap().is_wrong()
        };
        let mut view = of_size(1000);
        assert!(!is_wrong("log_rotation", &view, hours(0)));
        // One is called as rotation would have called it; the log itself is the file that it was.
        view.rotated = ["-copy", ".bak", ".1.orig", ".1"]
            .map(|name| copy(name, hours(30)))
            .to_vec();
        assert!(is_wrong("log_rotation", &view, hours(40)));
        assert!(!is_wrong("log_old", &view, hours(41)), "one old log is kept");
        // Copied away and cut off.
        view.live = of_size(10).live;
        view.rotated = vec![copy(".1", hours(42))];
        assert!(!is_wrong("log_rotation", &view, hours(42)));
        // The same under a writer that goes on where it was: the file is as long as ever.
        view.live.as_mut().unwrap().begins_with_hole = true;
        assert!(!is_wrong("log_rotation", &view, hours(43)));
        assert!(is_wrong("log_rotation", &view, hours(89)));
        view.rotated = vec![copy(".1", hours(90))];
        assert!(!is_wrong("log_rotation", &view, hours(90)));
    }
}
