//! How old is each secret? By the day that its file was last written: who changes it, renews it.
//! It never opens one of them.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::probe::{At, Probe, Seen};
use crate::alert::rule::{AlertKey, Rule};

const EVERY: Duration = Duration::from_secs(3600);
const KIND: &str = "credential";
/// More secrets than a shop has.
const FILES_MAX: usize = 100;
const DAY_S: u64 = 86_400;

/// The watch over the secrets' age.
pub struct Credentials {
    /// Files, or folders with one file a secret.
    places: Vec<PathBuf>,
    due: Duration,
}

impl Credentials {
    /// A watch over the secrets in these places, each of which is to be renewed after so long.
    #[must_use]
    pub fn new(places: Vec<PathBuf>, due: Duration) -> Self {
        Self { places, due }
    }
}

impl Probe for Credentials {
    fn name(&self) -> &'static str {
        "credentials"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn look(&mut self, at: At) -> Seen {
        let mut seen = Seen::default();
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.now.0).unwrap_or(0));
        for path in self.places.iter().flat_map(|place| files(place)).take(FILES_MAX) {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let key = AlertKey::new(KIND, &name);
            match fs::metadata(&path).and_then(|found| found.modified()) {
                Ok(written) => {
                    let age = now.duration_since(written).unwrap_or_default();
                    let detail = format!("{name}: {} d", age.as_secs() / DAY_S);
                    seen.judge(key, (age >= self.due).then_some((Rule::CredentialOld, detail)));
                }
                Err(error) => seen.unknown(key, error.to_string()),
            }
        }
        seen
    }
}

/// The files of a folder, or the file itself; nothing where nothing is.
fn files(place: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(place) else {
        return if place.is_file() {
            vec![place.to_path_buf()]
        } else {
            Vec::new()
        };
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .take(FILES_MAX)
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use protocol::time::UnixMillis;

    use super::*;

    #[test]
    fn a_secret_is_old_once_its_file_was_not_written_for_so_long() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("BOT_TOKEN"), "x").unwrap();
        fs::write(dir.path().join("DATA_KEY"), "x").unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let old = SystemTime::now() - Duration::from_secs(200 * DAY_S + 3600);
        fs::File::options()
            .write(true)
            .open(dir.path().join("DATA_KEY"))
            .unwrap()
            .set_modified(old)
            .unwrap();
        let places = vec![dir.path().to_path_buf(), dir.path().join("none")];
        let mut probe = Credentials::new(places, Duration::from_secs(180 * DAY_S));
        let seen = probe.look(At {
            now: UnixMillis(i64::try_from(now.as_millis()).unwrap()),
            tick: Instant::now(),
        });
        let mut expected = Seen::default();
        expected.judge(AlertKey::new(KIND, "BOT_TOKEN"), None);
        let wrong = (Rule::CredentialOld, "DATA_KEY: 200 d".to_owned());
        expected.judge(AlertKey::new(KIND, "DATA_KEY"), Some(wrong));
        assert_eq!(seen, expected);
    }
}
