//! The session keys of what was sealed in the last days: with them a restore can be rehearsed on a server that holds
//! nobody's secret key. One file a day, for the agent's user alone; after seven days it is deleted, and with it the
//! means to open those objects here. A clock that is wrong for some hours deletes none, however far it jumps and how often:
//! a file goes once it was seen to be too old, or of the future, for most of a day, and that day is counted by how long this
//! machine has been up.
//! They never leave the state directory.

use std::{
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use protocol::time::UnixMillis;

use super::seal::{SessionKey, SessionKeys, hex};
use crate::{boot::Up, store::owner::own_like};

const FOLDER: &str = "session-keys";
/// A file is marked when its day is this many days ago, and deleted a day later: no key gets older than seven days where
/// the agent runs.
const DAYS_KEPT: i64 = 6;
const DAY_MS: i64 = 86_400_000;
/// From the mark to the deletion: a daily backup may come some hours early.
const GRACE_MS: i64 = 20 * 3_600_000;
/// The end of a mark's name; it holds a [`Mark`].
const MARK: &str = ".out";
/// More keys than seven days of one segment a second; each takes some 150 bytes of memory.
const KEYS_MAX: usize = 700_000;

/// The folder of the session keys.
#[derive(Clone, Debug)]
pub struct Remembered {
    dir: PathBuf,
}

/// Since when a file may go: what is known to have passed between the looks.
struct Mark {
    passed_ms: i64,
    last: Up,
}

impl Mark {
    fn begin(up: &Up) -> Self {
        Self {
            passed_ms: 0,
            last: up.clone(),
        }
    }

    /// With what has passed since the last look; after a restart of the machine at least the time since that.
    fn at(mut self, up: &Up) -> Self {
        let since_ms = match self.last.boot == up.boot {
            true => up.for_ms - self.last.for_ms,
            false => up.for_ms,
        };
        self.passed_ms += since_ms.max(0);
        self.last = up.clone();
        self
    }

    /// `None` for what no such mark says, as those of earlier programs.
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let boot = words.next()?.to_owned();
        let mut number = || words.next()?.parse().ok();
        let (for_ms, passed_ms) = (number()?, number()?);
        let last = Up { boot, for_ms };
        Some(Self { passed_ms, last })
    }

    fn line(&self) -> String {
        format!("{} {} {}", self.last.boot, self.last.for_ms, self.passed_ms)
    }
}

impl Remembered {
    /// The one in this state directory; it is made when the first key comes.
    #[must_use]
    pub fn at(state_dir: &Path) -> Self {
        Self {
            dir: state_dir.join(FOLDER),
        }
    }

    /// Remembers what opens the object with this SHA-256 (hex).
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn add(&self, sha256: &str, key: &SessionKey, now: UnixMillis) -> anyhow::Result<()> {
        let path = self.dir.join(day_of(now).to_string());
        let is_new = !path.exists();
        if is_new {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true).mode(0o700);
            builder
                .create(&self.dir)
                .with_context(|| format!("making {}", self.dir.display()))?;
        }
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("opening {}", path.display()))?;
        if is_new {
            let state = self.dir.parent().unwrap_or(&self.dir);
            own_like(&self.dir, state);
            own_like(&path, state);
            self.forget_old(now)?;
        }
        // One write a line: two processes that append do not mix theirs.
        let line = format!("{sha256} {}\n", hex(key));
        file.write_all(line.as_bytes())
            .with_context(|| format!("writing {}", path.display()))
    }

    /// Marks the files of days that are over or yet to come, and deletes those that have been so for most of a day.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn forget_old(&self, now: UnixMillis) -> anyhow::Result<()> {
        self.forget(now, &Up::read()?)
    }

    fn forget(&self, now: UnixMillis, up: &Up) -> anyhow::Result<()> {
        for (day, path) in self.files()? {
            let place = self.dir.join(format!("{day}{MARK}"));
            // A day that is yet to come is a clock that was wrong: nobody knows how old those are.
            if (day_of(now) - DAYS_KEPT + 1..=day_of(now)).contains(&day) {
                remove(&place)?;
                continue;
            }
            let before = fs::read_to_string(&place)
                .ok()
                .and_then(|text| Mark::parse(&text));
            let mark = before.map_or_else(|| Mark::begin(up), |mark| mark.at(up));
            if mark.passed_ms >= GRACE_MS {
                remove(&path)?;
                remove(&place)?;
            } else {
                fs::write(&place, mark.line()).with_context(|| format!("writing {}", place.display()))?;
                own_like(&place, &self.dir);
            }
        }
        Ok(())
    }

    /// Every key that is remembered; a line that is none is passed over.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn load(&self) -> anyhow::Result<SessionKeys> {
        let mut keys = SessionKeys::new();
        self.each(|sha256, key| {
            if keys.len() < KEYS_MAX
                && let Some(key) = unhex(key)
            {
                keys.insert(sha256.to_owned(), key);
            }
        })?;
        Ok(keys)
    }

    /// The SHA-256, in hex, of every object that was sealed in these days.
    ///
    /// # Errors
    /// As [`Remembered::load`].
    pub fn each_digest(&self, mut meet: impl FnMut(&str)) -> anyhow::Result<()> {
        self.each(|sha256, _| meet(sha256))
    }

    /// Every line: an object's SHA-256, and what opens it, both in hex.
    fn each(&self, mut meet: impl FnMut(&str, &str)) -> anyhow::Result<()> {
        for (_, path) in self.files()? {
            let file = fs::File::open(&path).with_context(|| format!("opening {}", path.display()))?;
            for line in BufReader::new(file).lines() {
                let line = line.with_context(|| format!("reading {}", path.display()))?;
                if let Some((sha256, key)) = line.split_once(' ') {
                    meet(sha256, key);
                }
            }
        }
        Ok(())
    }

    fn files(&self) -> anyhow::Result<Vec<(i64, PathBuf)>> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.with_context(|| format!("reading {}", self.dir.display()))?,
        };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        Ok(paths
            .filter_map(|path| Some((path.file_name()?.to_str()?.parse().ok()?, path)))
            .collect())
    }
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("deleting {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Days since 1970.
fn day_of(now: UnixMillis) -> i64 {
    now.0.div_euclid(DAY_MS)
}

fn unhex(text: &str) -> Option<SessionKey> {
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(byte).collect();
    bytes.map(SessionKey::from)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_the_agents_alone_and_gone_after_seven_days() {
        let dir = tempfile::tempdir().unwrap();
        let remembered = Remembered::at(dir.path());
        let day = |day: i64| UnixMillis(day * DAY_MS + 5);
        let key = SessionKey::from(vec![7; 32]);
        remembered.add("aa", &key, day(100)).unwrap();
        let path = dir.path().join("session-keys/100");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(&*remembered.load().unwrap()["aa"], &[7; 32]);
        remembered.add("bb", &key, day(106)).unwrap();
        assert_eq!(remembered.load().unwrap().len(), 2);
        remembered.forget(day(107), &later(23)).unwrap();
        let left: Vec<String> = remembered.load().unwrap().into_keys().collect();
        assert_eq!(left, ["bb"]);
    }

    /// This machine so many hours from now.
    fn later(hours: i64) -> Up {
        let now = Up::read().unwrap();
        Up {
            for_ms: now.for_ms + hours * 3_600_000,
            ..now
        }
    }

    #[test]
    fn a_clock_that_was_wrong_for_a_while_deletes_no_key() {
        let dir = tempfile::tempdir().unwrap();
        let remembered = Remembered::at(dir.path());
        let day = |day: i64| UnixMillis(day * DAY_MS + 5);
        let key = SessionKey::from(vec![7; 32]);
        for (what, at) in [("now", 100), ("ahead", 130), ("behind", 2), ("next", 101)] {
            remembered.add(what, &key, day(at)).unwrap();
        }
        assert!(remembered.load().unwrap().contains_key("behind"), "too early");
        remembered.forget(day(102), &later(21)).unwrap();
        let left = remembered.load().unwrap();
        assert!(
            left.contains_key("now") && left.contains_key("next"),
            "still of these days"
        );
        assert_eq!(left.len(), 2, "those of the wrong days go a day later");
    }

    #[test]
    fn a_clock_that_jumps_back_and_far_ahead_deletes_no_key_before_a_day_has_passed() {
        let dir = tempfile::tempdir().unwrap();
        let remembered = Remembered::at(dir.path());
        let day = |day: i64| UnixMillis(day * DAY_MS + 5);
        remembered
            .add("now", &SessionKey::from(vec![7; 32]), day(100))
            .unwrap();
        let is_there = || remembered.load().unwrap().contains_key("now");
        for (hours, at) in [(1, 97), (2, 109), (3, 97), (19, 109)] {
            remembered.forget(day(at), &later(hours)).unwrap();
            assert!(is_there(), "{at}");
        }
        remembered.forget(day(100), &later(30)).unwrap();
        remembered.forget(day(109), &later(31)).unwrap();
        let restarted = |hours: i64| Up {
            boot: "another".to_owned(),
            for_ms: hours * 3_600_000,
        };
        remembered.forget(day(109), &restarted(5)).unwrap();
        remembered.forget(day(109), &restarted(19)).unwrap();
        assert!(is_there(), "right in between, it counted from anew");
        remembered.forget(day(109), &restarted(21)).unwrap();
        assert!(!is_there(), "it was so for a day");
    }
}
