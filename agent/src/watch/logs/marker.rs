//! Does what the bot logs arrive in the file? It is asked to log a word that nobody could guess, and the word is looked
//! for in what was written since, also when the file was rotated in between.
//! It changes no log, and keeps nothing of what it reads.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rand::Rng;

use super::{
    files::{FileId, View},
    judge::Marker,
};

/// What is written while a marker is on its way, on a very loud day.
const READ_BYTES_MAX: u64 = 8 * 1024 * 1024;
const PIECE_BYTES: usize = 64 * 1024;

/// What became of the question for a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The bot says that it logged the word.
    Logged,
    /// The bot says that its log takes no lines.
    Refused,
    /// Nobody answered who could.
    Nobody,
}

/// One marker after the other.
pub struct Markers {
    every: Duration,
    pending: Option<Pending>,
    /// When the last one was asked for, and what came of it.
    last: Option<(Instant, Marker)>,
}

struct Pending {
    nonce: String,
    /// The file of that name before it was asked for, and its length.
    before: Option<(FileId, u64)>,
}

impl Markers {
    /// A marker every so often.
    #[must_use]
    pub fn new(every: Duration) -> Self {
        Self {
            every,
            pending: None,
            last: None,
        }
    }

    /// Looks for the marker that was asked for at the look before, and asks for the next one when it is time.
    pub fn turn(
        &mut self,
        path: &Path,
        view: &View,
        tick: Instant,
        ask: impl FnOnce(&str) -> Asked,
    ) -> Marker {
        if let Some(pending) = self.pending.take() {
            let arrived = places(path, view, pending.before)
                .iter()
                .any(|(place, from)| holds(place, *from, &pending.nonce));
            let outcome = if arrived { Marker::Arrived } else { Marker::Missing };
            self.last = self.last.map(|(asked, _)| (asked, outcome));
        }
        if self.is_due(tick) {
            self.ask(view, tick, ask);
        }
        self.last.map_or(Marker::Unknown, |(_, outcome)| outcome)
    }

    /// One that did not arrive is followed by the next at once.
    fn is_due(&self, tick: Instant) -> bool {
        self.last.is_none_or(|(asked, outcome)| {
            outcome != Marker::Arrived || tick.saturating_duration_since(asked) >= self.every
        })
    }

    fn ask(&mut self, view: &View, tick: Instant, ask: impl FnOnce(&str) -> Asked) {
        let nonce = nonce();
        let before = view.live.map(|live| (live.id, live.size_bytes));
        let known = self.last.map_or(Marker::Unknown, |(_, outcome)| outcome);
        self.last = match ask(&nonce) {
            Asked::Logged => {
                self.pending = Some(Pending { nonce, before });
                Some((tick, known))
            }
            Asked::Refused => Some((tick, Marker::Missing)),
            Asked::Nobody => None,
        };
    }
}

/// Where a line can be that was written since: the file that was there, from its end on, under whatever name; and one
/// that took its place, from its beginning on.
fn places(path: &Path, view: &View, before: Option<(FileId, u64)>) -> Vec<(PathBuf, u64)> {
    let live_is_old = view.live.map(|live| live.id) == before.map(|(id, _)| id);
    let mut found = vec![(
        path.to_path_buf(),
        if live_is_old {
            before.map_or(0, |(_, size)| size)
        } else {
            0
        },
    )];
    if let Some((id, size)) = before.filter(|_| !live_is_old) {
        let renamed = view.rotated.iter().find(|file| file.id == id);
        found.extend(renamed.map(|file| (file.path.clone(), size)));
    }
    found
}

/// A log that was truncated meanwhile is read from its beginning.
fn holds(path: &Path, from: u64, nonce: &str) -> bool {
    let Ok(mut file) = File::open(path) else {
        return false;
    };
    let length = file.metadata().map_or(0, |found| found.len());
    let from = if from > length { 0 } else { from };
    if file.seek(SeekFrom::Start(from)).is_err() {
        return false;
    }
    let mut file = file.take(READ_BYTES_MAX);
    let mut window = Vec::with_capacity(2 * PIECE_BYTES);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = file.read(&mut piece).unwrap_or(0);
        if read == 0 {
            return false;
        }
        window.extend_from_slice(&piece[..read]);
        if window.windows(nonce.len()).any(|part| part == nonce.as_bytes()) {
            return true;
        }
        // The word may lie across two pieces.
        window.drain(..window.len().saturating_sub(nonce.len()));
    }
}

/// Sixteen hexadecimal digits: no line holds them by chance.
fn nonce() -> String {
    format!("{:016x}", rand::rng().random::<u64>())
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::{super::files::view, *};

    #[test]
    fn a_marker_is_found_also_in_a_file_that_was_rotated_meanwhile_and_missed_where_it_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bot.log");
        fs::write(&path, "a line from before\n").unwrap();
        let mut markers = Markers::new(Duration::from_secs(60));
        let start = Instant::now();
        let log = |nonce: &str| {
            let mut file = File::options().append(true).open(&path).unwrap();
            writeln!(file, "{{\"nonce\":\"{nonce}\"}}").unwrap();
            Asked::Logged
        };
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut turn = |seconds, works: bool| {
            markers.turn(&path, &view(&path).unwrap(), at(seconds), |nonce| {
                if works { log(nonce) } else { Asked::Logged }
            })
        };
        assert_eq!(turn(0, true), Marker::Unknown);
        fs::rename(&path, dir.path().join("bot.log.1")).unwrap();
        File::create(&path).unwrap();
        assert_eq!(turn(30, true), Marker::Arrived);
        assert_eq!(turn(60, false), Marker::Arrived, "asked again, nothing known yet");
        assert_eq!(turn(90, false), Marker::Missing);
        assert_eq!(turn(120, true), Marker::Missing, "another was asked for");
        assert_eq!(turn(150, true), Marker::Arrived);
    }

    #[test]
    fn nobody_to_ask_is_unknown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bot.log");
        let mut markers = Markers::new(Duration::from_secs(60));
        let seen = view(&path).unwrap();
        assert_eq!(
            markers.turn(&path, &seen, Instant::now(), |_| Asked::Nobody),
            Marker::Unknown
        );
        assert_eq!(
            markers.turn(&path, &seen, Instant::now(), |_| Asked::Refused),
            Marker::Missing
        );
    }
}
