//! How long each log was, written down for the agent after this one: by that it knows what was cut off while none ran.
//! It writes nothing while no log grows, keeps no line of one, and judges nothing but whether a file is shorter than it was, or
//! begins anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::files::Live;
use crate::{store::Store, watch::probe::At};

/// Under which name the store remembers all of them together.
const REMEMBERED: &str = "log_lengths";
/// Between two writes about logs that have only grown.
const EVERY: Duration = Duration::from_secs(30);
/// What was written down longer ago, or later by the clock, says nothing of what happened between two agents: the clock is
/// wrong, or the state is an old one that was put back.
const COUNTS_FOR: Duration = Duration::from_secs(86_400);

/// A log as it was at one moment. Its inode and when it was made tell the file from another of the same name; a device may
/// have another number after the next start of the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    at: UnixMillis,
    inode: u64,
    born: Option<UnixMillis>,
    /// Its length.
    pub size_bytes: u64,
    /// So many of its first bytes, and their digest.
    #[serde(default)]
    head: Option<(usize, String)>,
}

impl Noted {
    /// The log as it is now.
    #[must_use]
    pub fn of(live: &Live, now: UnixMillis) -> Self {
        Self {
            at: now,
            inode: live.id.inode,
            born: live.born,
            size_bytes: live.size_bytes,
            head: live
                .head
                .digest(live.head.length())
                .map(|digest| (live.head.length(), digest)),
        }
    }

    /// Whether that file is shorter now, or has grown again since it was cut. Where nobody tells when it was made it may be
    /// another, whose inode came back.
    #[must_use]
    pub fn is_cut(&self, now: &Live) -> bool {
        let is_same = self.born.is_some() && (self.inode, self.born) == (now.id.inode, now.born);
        is_same && (now.size_bytes < self.size_bytes || self.begins_anew(now))
    }

    /// A writer that goes on where it was leaves a hole, which has a name of its own.
    fn begins_anew(&self, now: &Live) -> bool {
        let Some((length, before)) = self.head.as_ref().filter(|_| !now.begins_with_hole) else {
            return false;
        };
        now.head.digest(*length).is_some_and(|digest| digest != *before)
    }

    fn tells_the_same_as(&self, other: &Self) -> bool {
        let of = |noted: &Self| (noted.inode, noted.born, noted.size_bytes, noted.head.clone());
        of(self) == of(other)
    }

    fn counts(&self, now: UnixMillis) -> bool {
        now.since(self.at).max(self.at.since(now)) <= COUNTS_FOR
    }
}

/// What is written down of all logs, and what was found since.
#[derive(Default)]
pub struct Notes {
    store: Option<Arc<Store>>,
    written: BTreeMap<String, Noted>,
    written_at: Option<Instant>,
    found: BTreeMap<String, (Live, UnixMillis)>,
    /// Those that this agent has written down itself.
    own: BTreeSet<String>,
    /// Those that the look before found to be cut.
    cut: BTreeSet<String>,
}

impl Notes {
    /// What an agent before this one wrote down. Where that cannot be read nothing is known.
    #[must_use]
    pub fn of(store: Arc<Store>) -> Self {
        let text = store.remembered(REMEMBERED).unwrap_or_else(|error| {
            tracing::warn!(%error, "how long the logs were is not known");
            None
        });
        let written = text.and_then(|text| serde_json::from_str(&text).ok());
        Self {
            store: Some(store),
            written: written.unwrap_or_default(),
            ..Self::default()
        }
    }

    /// A log as it was last written down, if that still counts.
    #[must_use]
    pub fn before(&self, name: &str, now: UnixMillis) -> Option<Noted> {
        self.written.get(name).cloned().filter(|noted| noted.counts(now))
    }

    /// Takes in what a look found.
    pub fn take(&mut self, name: &str, live: &Live, now: UnixMillis) {
        self.found.insert(name.to_owned(), (*live, now));
    }

    /// Writes down what is due after a look at all of them, in one transaction: what this agent has seen for the first time
    /// and what was cut at once, what has grown after a while.
    pub fn write(&mut self, at: At) {
        let found = std::mem::take(&mut self.found);
        let Some(store) = &self.store else { return };
        let is_cut = |name: &String, found: &Live| {
            let noted = self.written.get(name);
            noted.is_some_and(|noted| noted.is_cut(found))
        };
        let cut: BTreeSet<String> = found
            .iter()
            .filter(|(name, (found, _))| is_cut(name, found))
            .map(|(name, _)| name.clone())
            .collect();
        // The alert about a cut is stored after the look that found it: until then the old length stays, so that a kill in
        // between loses no alert.
        let is_told = |name: &String| !cut.contains(name) || self.cut.contains(name);
        let told = found.into_iter().filter(|(name, _)| is_told(name));
        let told: BTreeMap<String, Noted> = told
            .map(|(name, (live, at))| (name, Noted::of(&live, at)))
            .collect();
        let seen: Vec<String> = told.keys().cloned().collect();
        let is_urgent = seen
            .iter()
            .any(|name| cut.contains(name) || !self.own.contains(name));
        let is_news = told.iter().any(|(name, found)| {
            let noted = self.written.get(name);
            noted.is_none_or(|noted| !noted.tells_the_same_as(found))
        });
        let is_time = self
            .written_at
            .is_none_or(|written| at.tick.saturating_duration_since(written) >= EVERY);
        self.cut = cut;
        let is_due = is_urgent || (is_news && is_time);
        if !is_due {
            return;
        }
        self.written_at = Some(at.tick);
        let mut next = self.written.clone();
        next.retain(|_, noted| noted.counts(at.now));
        next.extend(told);
        let text = serde_json::to_string(&next).expect("names and numbers are JSON");
        match store.remember(REMEMBERED, &text) {
            Ok(()) => {
                self.own.extend(seen);
                self.written = next;
            }
            Err(error) => tracing::warn!(%error, "how long the logs are could not be written down"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::files::{FileId, Head},
        *,
    };

    const NOW: UnixMillis = UnixMillis(1_795_330_800_000);
    const NAME: &str = "/x.log";

    struct World {
        _dir: tempfile::TempDir,
        store: Arc<Store>,
        begun: Instant,
    }

    fn log(inode: u64, born_ms: i64, size_bytes: u64) -> Live {
        beginning(b"2026-11-22T09:14:00Z", inode, born_ms, size_bytes)
    }

    fn beginning(head: &[u8], inode: u64, born_ms: i64, size_bytes: u64) -> Live {
        Live {
            id: FileId { device: 1, inode },
            born: Some(UnixMillis(born_ms)),
            size_bytes,
            allocated_bytes: size_bytes,
            begins_with_hole: false,
            head: Head::of(head),
        }
    }

    impl World {
        fn begin() -> Self {
            let dir = tempfile::tempdir().unwrap();
            Self {
                store: Arc::new(Store::open(dir.path()).unwrap()),
                _dir: dir,
                begun: Instant::now(),
            }
        }

        fn agent(&self) -> Notes {
            Notes::of(Arc::clone(&self.store))
        }

        fn look(&self, notes: &mut Notes, live: &Live, seconds: u64) {
            let after = Duration::from_secs(seconds);
            let (now, tick) = (NOW.plus(after), self.begun + after);
            notes.take(NAME, live, now);
            notes.write(At { now, tick });
        }

        /// What the next agent would know.
        fn size(&self) -> Option<u64> {
            Some(self.agent().before(NAME, NOW)?.size_bytes)
        }
    }

    #[test]
    fn the_first_look_is_written_down_at_once_and_growth_at_most_twice_a_minute() {
        let world = World::begin();
        let mut notes = world.agent();
        for (seconds, size_bytes, known) in [
            (0, 100, 100),
            (5, 110, 100),
            (29, 120, 100),
            (30, 120, 120),
            (35, 130, 120),
            (200, 130, 130),
        ] {
            world.look(&mut notes, &log(2, 1, size_bytes), seconds);
            assert_eq!(world.size(), Some(known), "{seconds} s");
        }
        // Nothing grows, nothing is written: not even when it was looked at.
        let text = world.store.remembered(REMEMBERED).unwrap();
        world.look(&mut notes, &log(2, 1, 130), 400);
        assert_eq!(world.store.remembered(REMEMBERED).unwrap(), text);
    }

    #[test]
    fn a_cut_is_written_down_at_the_look_after_the_one_that_told_it() {
        let world = World::begin();
        let mut notes = world.agent();
        world.look(&mut notes, &log(2, 1, 100), 0);
        world.look(&mut notes, &log(2, 1, 7), 5);
        assert_eq!(world.size(), Some(100), "its alert is not stored yet");
        world.look(&mut notes, &log(2, 1, 8), 10);
        assert_eq!(world.size(), Some(8));
    }

    #[test]
    fn only_the_same_file_was_cut() {
        let was = Noted::of(&log(2, 1, 100), NOW);
        assert!(was.is_cut(&log(2, 1, 99)));
        assert!(!was.is_cut(&log(2, 1, 100)), "it is as long as it was");
        assert!(!was.is_cut(&log(3, 1, 0)), "it is another file");
        assert!(!was.is_cut(&log(2, 5, 0)), "the inode came back");
        let nameless = Noted { born: None, ..was };
        let now = Live {
            born: None,
            ..log(2, 1, 0)
        };
        assert!(!nameless.is_cut(&now), "it may have come back");
    }

    #[test]
    fn a_log_that_has_grown_again_since_it_was_cut_begins_with_another_line() {
        let was = Noted::of(&beginning(b"09:14 ", 2, 1, 6), NOW);
        assert!(!was.is_cut(&beginning(b"09:14 sold\n09:15", 2, 1, 100)));
        assert!(was.is_cut(&beginning(b"09:15 sold", 2, 1, 100)));
        let holed = Live {
            begins_with_hole: true,
            ..beginning(&[0; 100], 2, 1, 100)
        };
        assert!(!was.is_cut(&holed), "that is a hole");
        let written = serde_json::to_string(&was).unwrap();
        assert!(!written.contains("09:14"), "{written}");
        let older = r#"{"at":1,"inode":2,"born":1,"size_bytes":6}"#;
        let older: Noted = serde_json::from_str(older).unwrap();
        assert!(
            !older.is_cut(&beginning(b"09:15 sold", 2, 1, 100)),
            "it is not known"
        );
    }

    #[test]
    fn what_was_written_down_more_than_a_day_away_counts_for_nothing() {
        let world = World::begin();
        world.look(&mut world.agent(), &log(2, 1, 100), 0);
        let hours = |hours: i64| UnixMillis(NOW.0 + hours * 3_600_000);
        let known = |now| world.agent().before(NAME, now).is_some();
        assert_eq!(
            [-25, -23, 0, 23, 25].map(|at| known(hours(at))),
            [false, true, true, true, false]
        );
    }

    #[test]
    fn a_log_that_is_not_looked_at_yet_stays_known_beside_another() {
        let world = World::begin();
        world.look(&mut world.agent(), &log(2, 1, 100), 0);
        let mut notes = world.agent();
        let at = At {
            now: NOW,
            tick: world.begun,
        };
        notes.take("/y.log", &log(3, 1, 5), NOW);
        notes.write(at);
        assert_eq!(world.size(), Some(100));
    }
}
