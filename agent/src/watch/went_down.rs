//! That the whole server went down without a warning, as for want of power, and came up again: the last agent left a sign of
//! life that nobody took away, and the kernel has begun anew since.
//! A server that is shut down or restarted by its owner ends the agent first, which takes the sign away: nothing is told.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context;
use protocol::time::UnixMillis;

use super::{
    killed,
    probe::{At, Probe, Seen},
};
use crate::{
    alert::{
        Alerts,
        rule::{AlertKey, Rule},
    },
    boot,
};

/// In the state directory while an agent runs: which start of the kernel it runs in. Its time is the last sign of life.
const FILE: &str = "alive";
/// Between two signs of life.
const EVERY: Duration = Duration::from_secs(60);

/// The sign of life, and the alert's end.
pub struct Alive {
    path: PathBuf,
    boot: String,
    since: Option<Instant>,
}

impl Alive {
    /// Tells the owner if the server went down under the last agent of this state directory, and leaves a sign of this one.
    /// What fails is logged, because everything else must go on.
    #[must_use]
    pub fn begin(alerts: &Alerts, state_dir: &Path, now: UnixMillis) -> Self {
        Self::begin_in(&boot::id().unwrap_or_default(), alerts, state_dir, now)
    }

    /// As [`Alive::begin`], in a start of the kernel that is known.
    #[must_use]
    pub fn begin_in(boot: &str, alerts: &Alerts, state_dir: &Path, now: UnixMillis) -> Self {
        let alive = Self {
            path: state_dir.join(FILE),
            boot: boot.to_owned(),
            since: None,
        };
        if let Err(error) = alive.tell(alerts, now).and_then(|()| alive.sign()) {
            tracing::error!(
                error = format!("{error:#}"),
                "whether the server went down before could not be told"
            );
        }
        alive
    }

    fn tell(&self, alerts: &Alerts, now: UnixMillis) -> anyhow::Result<()> {
        let in_file = || format!("reading {}", self.path.display());
        let boot = match fs::read_to_string(&self.path) {
            Ok(boot) => boot,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).with_context(in_file),
        };
        // An empty one is of a disk that lost power in between, or of a kernel that does not tell.
        if boot.is_empty() || self.boot.is_empty() || boot == self.boot {
            return Ok(());
        }
        let signed = fs::metadata(&self.path).and_then(|found| found.modified());
        let last_sign = millis(signed.with_context(in_file)?).min(now);
        let detail = alerts.moment(last_sign);
        killed::tell_anew(alerts, &key(), Rule::ServerWentDown, detail, now)
    }

    fn sign(&self) -> anyhow::Result<()> {
        fs::write(&self.path, &self.boot).with_context(|| format!("writing {}", self.path.display()))
    }
}

impl Probe for Alive {
    fn name(&self) -> &'static str {
        "alive"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn look(&mut self, at: At) -> Seen {
        // On a full disk this is no news: the disk's own alerts are.
        let touched = File::options().write(true).open(&self.path);
        if touched
            .and_then(|file| file.set_modified(SystemTime::now()))
            .is_err()
        {
            tracing::debug!("no sign of life could be left");
        }
        let mut seen = Seen::default();
        seen.moment(key(), &mut self.since, at);
        seen
    }
}

/// The agent ends because somebody wants it to, and so may the server.
pub fn farewell(state_dir: &Path) {
    if let Err(error) = fs::remove_file(state_dir.join(FILE)) {
        tracing::warn!(%error, "the sign of life stays; the next start may take this end for a server that went down");
    }
}

fn key() -> AlertKey {
    AlertKey::new("server", "power")
}

fn millis(time: SystemTime) -> UnixMillis {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
