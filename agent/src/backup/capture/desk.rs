//! What a recording works with for as long as the agent runs, and the claim that nobody else records the same database.
//! It records nothing itself.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use jiff::Timestamp;
use protocol::time::UnixMillis;
use tokio::sync::watch;

use super::{past::Past, spool::Spool};
use crate::{
    backup::{
        proof::Seen,
        recipients::{Recipients, Unread},
        remembered::Remembered,
        seal::{FASTEST_LEVEL, Sealed, seal},
        signer::SigningKey,
        staging::Sealer,
    },
    config::Config,
    store::{Store, capture::CaptureState, owner::own_like, sealed_to::SealedTo},
};

const FOLDER: &str = "capture";
/// Certificates that do not read are tried so often although nothing changed: a right that is given back changes no file.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// The recorder's things.
pub(super) struct Desk {
    pub database: PathBuf,
    /// The path that the bot opens, which leads there.
    pub named: PathBuf,
    pub store: Arc<Store>,
    pub spool: Spool,
    sealer: Option<Sealer>,
    pub state_dir: PathBuf,
    /// Where the table of pages lies.
    pub hashes: PathBuf,
    /// What pages were before.
    pub past: Past,
    config: Arc<Config>,
    /// The certificates' files.
    certificates: Vec<PathBuf>,
    /// How the configuration and the certificates' files looked when they were read.
    looks: Vec<Look>,
    /// When those that do not read are tried again; `None` while they do.
    read_again_at: Option<Instant>,
    /// Why they do not read, once that has lasted; `None` while they do.
    pub unread: watch::Sender<Option<Unread>>,
}

/// Size and last change of a file, in nanoseconds; `None` when it is not there.
type Look = Option<(u64, i64, i64)>;

/// The file that says until when the shop was followed, in this state directory.
pub(super) fn followed(state_dir: &Path) -> PathBuf {
    state_dir.join(FOLDER).join("followed")
}

impl Desk {
    /// Makes the folder and reads the keys.
    pub(super) fn set_up(config: &Arc<Config>, store: Arc<Store>) -> anyhow::Result<Self> {
        let folder = config.state_dir.join(FOLDER);
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        own_like(&folder, &config.state_dir);
        let now = UnixMillis(Timestamp::now().as_millisecond());
        let remotes: Vec<String> = config.remotes.iter().map(|remote| remote.name.clone()).collect();
        store
            .register_remotes(&remotes, now)
            .context("writing down which remotes are configured")?;
        Ok(Self {
            config: Arc::clone(config),
            database: config.backup.database.clone(),
            named: config.backup.database_as_named.clone(),
            spool: Spool::open(folder.join("spool"), Arc::clone(&store), remotes)?,
            store,
            sealer: None,
            state_dir: config.state_dir.clone(),
            hashes: folder.join("pages"),
            past: Past::at(folder.join("past")),
            looks: Vec::new(),
            certificates: Vec::new(),
            read_again_at: None,
            unread: watch::Sender::new(None),
        })
    }

    /// The file that says until when the shop was followed.
    pub(super) fn followed(&self) -> PathBuf {
        followed(&self.state_dir)
    }

    /// Whether a database was followed here of which this is so.
    pub(super) fn is_followed(&self, and: impl Fn(&CaptureState) -> bool) -> bool {
        let state = self.store.capture_state();
        state.is_ok_and(|state| state.is_some_and(|state| and(&state)))
    }

    /// Reads the keys, and the owner's certificates again when their files changed, or which they are: segments must open
    /// with the keys that the restore points before them open with. Whether they were read now.
    ///
    /// Where they do not read, what was read last stays: no commit waits for a file that is being written, and none is
    /// sealed to fewer keys for want of one. The schedule tells the owner.
    pub(super) fn refresh_keys(&mut self) -> anyhow::Result<bool> {
        let looks = self.looks();
        let is_time = self.read_again_at.is_some_and(|at| Instant::now() >= at);
        if self.sealer.is_some() && looks == self.looks && !is_time {
            return Ok(false);
        }
        let recipients = match Recipients::listed(&self.config) {
            Ok(recipients) => recipients,
            Err(unread) if self.sealer.is_some() => {
                self.keep(looks, is_time, unread);
                return Ok(false);
            }
            Err(_) => load(&self.config)?,
        };
        self.read_again_at = None;
        self.unread.send_if_modified(|unread| unread.take().is_some());
        let certificates: Vec<PathBuf> = recipients.certs().iter().map(|cert| cert.path.clone()).collect();
        self.sealer = Some(Sealer::new(
            Arc::new(recipients),
            SigningKey::load_or_make(&self.state_dir)?,
            Remembered::at(&self.state_dir),
        ));
        // How others than before looked nobody knows: they are read once more.
        self.looks = match certificates == self.certificates {
            true => looks,
            false => Vec::new(),
        };
        self.certificates = certificates;
        Ok(true)
    }

    /// The keys as they were read last. A file that is being written reads a moment later, which is no news.
    fn keep(&mut self, looks: Vec<Look>, lasts: bool, unread: Unread) {
        if lasts && self.unread.borrow().as_ref() != Some(&unread) {
            tracing::warn!(
                faults = unread.why,
                "the owner's certificates do not read; commits are sealed to them as they were read last"
            );
            self.unread.send_replace(Some(unread));
        }
        self.looks = looks;
        self.read_again_at = Some(Instant::now() + READ_AGAIN);
    }

    fn looks(&self) -> Vec<Look> {
        let files = std::iter::once(&self.config.path).chain(&self.certificates);
        files.map(look).collect()
    }

    /// The keys that segments are sealed to, once they were read.
    pub(super) fn sealed_to(&self) -> Option<SealedTo> {
        self.sealer.as_ref().map(|sealer| sealer.recipients.sealed_to())
    }

    /// The same with which a backup can be sealed too.
    pub(super) fn recipients(&self) -> Option<Arc<Recipients>> {
        self.sealer.as_ref().map(|sealer| Arc::clone(&sealer.recipients))
    }

    /// Seals what is to leave the machine.
    pub(super) fn seal(&self, plain: &[u8]) -> anyhow::Result<Sealed> {
        let sealer = self.sealer.as_ref().context("the keys were not read yet")?;
        // What is inside of a segment is compressed already: the fastest level finds that out soonest.
        let sealed = seal(plain, &sealer.recipients, &sealer.signer, FASTEST_LEVEL)?;
        // Before the commits in it count as captured.
        let signers = sealer.signer.as_signers();
        Seen::of(plain).require_in(&sealed.bytes, &sealed.sha256, &sealed.session_key, &signers)?;
        let now = UnixMillis(Timestamp::now().as_millisecond());
        // Without it no rehearsal follows the commits this far; what is shipped is as good.
        if let Err(error) = sealer.remembered.add(&sealed.sha256, &sealed.session_key, now) {
            tracing::warn!(
                error = format!("{error:#}"),
                "what opens a segment could not be remembered"
            );
        }
        Ok(sealed)
    }
}

fn load(config: &Config) -> anyhow::Result<Recipients> {
    Recipients::configured(config).map_err(|faults| anyhow::anyhow!(faults.join("; ")))
}

fn look(path: &PathBuf) -> Look {
    let found = fs::metadata(path).ok()?;
    Some((found.len(), found.mtime(), found.mtime_nsec()))
}

/// Held while a database is recorded, also against an agent with another state directory. The kernel drops it with the
/// process.
pub(super) struct Claim {
    /// Closing the file is what gives the claim up.
    _file: File,
}

impl Claim {
    /// Claims the database by a lock on a file of its own beside it.
    pub(super) fn take(database: &Path) -> anyhow::Result<Self> {
        let mut path = database.as_os_str().to_owned();
        path.push(".capture");
        let path = PathBuf::from(path);
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o660)
            .open(&path)
            .with_context(|| format!("opening {}", path.display()))?;
        own_like(&path, database);
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => anyhow::bail!(
                "another agent follows {}: its commits are captured there and not here. Stop one of the two agents",
                database.display()
            ),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("locking {}", path.display()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_database_has_one_recording() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("shop.db");
        let first = Claim::take(&database).unwrap();
        let refused = Claim::take(&database).err().unwrap().to_string();
        assert!(refused.contains("another agent"), "{refused}");
        drop(first);
        Claim::take(&database).unwrap();
    }
}
