//! At which commit a point stands: the capture says it, in a moment in which nobody commits, and the read transaction is
//! begun within that moment.
//! It follows no commit itself. Where no capture ever ran, a point only knows the points before it.

use std::{
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use protocol::{
    chain::{ChainId, PageRoot},
    manifest::Manifest,
};
use rusqlite::{ErrorCode, ffi::SQLITE_READONLY_ROLLBACK};
use tokio::{runtime::Handle, time::timeout};

use super::{
    Progress,
    capture::{self, Capture, Moment, Place},
    lineage::{self, Position},
    wal::follow::Lost,
};
use crate::{
    config::Config,
    store::{Store, lock::StateLock, pages::PinnedPages},
};

/// How often the moment is asked for before the backup is taken without it: on a busy server many may be over too soon,
/// and a chain of its own would cost the exact commits before it.
const TRIES: u32 = 10;
/// The same for somebody who waits: three minutes beside a bot that keeps its write lock, and some seconds where the
/// capture stands still.
const TRIES_BY_HAND: u32 = 40;
/// The bot sells between two tries.
const TRY_PAUSE: Duration = Duration::from_millis(300);
const ASK_LIMIT: Duration = Duration::from_secs(10);
/// The answer is one short line.
const PLACE_BYTES_MAX: usize = 4_096;

/// How the error begins of a backup that contradicts the capture.
pub(super) const NOT_FOLLOWED: &str = "what was read is not what the capture followed";

/// Who knows the commits.
#[derive(Clone)]
pub enum Commits {
    /// The capture of this process.
    Here(Capture),
    /// The agent that runs on this machine, asked at its private address.
    Agent {
        /// The address, without a slash at its end.
        url: String,
        /// What asks.
        client: reqwest::Client,
        /// Whether a person waits for it, and would rather do so than begin a chain.
        by_hand: bool,
    },
    /// Nobody at this moment; a capture ran here before, and is taken up for that moment.
    Resumed {
        /// Where its state lies.
        config: Arc<Config>,
        /// What it has written down.
        store: Arc<Store>,
    },
    /// Nobody, ever.
    Unknown,
}

/// A read transaction, and where it stands when that is known.
pub(super) struct Opened {
    pub pages: PinnedPages,
    pub place: Option<Place>,
}

impl Commits {
    /// Begins the read transaction. Blocks for some seconds as a rule, and longer for a capture that is taken up, which
    /// reads the whole database, or by hand. Must be called on a thread that may block, inside the runtime.
    pub(super) fn open(&self, database: &Path, progress: &dyn Progress) -> anyhow::Result<Opened> {
        let opening = || opening(database);
        let resumed = match self {
            Self::Resumed { config, store } => Some(Resumed::start(config, store)?),
            Self::Here(_) | Self::Agent { .. } | Self::Unknown => None,
        };
        let own = match (&resumed, self) {
            (Some(resumed), _) => Some(&resumed.capture),
            (None, Self::Here(capture)) => Some(capture),
            (None, _) => None,
        };
        for at in 0..self.tries() {
            if at == 1 {
                progress.begin("waiting for a moment in which nobody commits", 0);
                tracing::warn!("there is no moment yet in which nobody commits: the backup waits for one");
            }
            let opened = match (own, self) {
                (Some(capture), _) => in_moment(capture, &opening)?,
                (None, Self::Agent { url, client, .. }) => asked(url, client, &opening)?,
                (None, _) => break,
            };
            if opened.is_some() {
                return opened.context("a moment that was there");
            }
            thread::sleep(TRY_PAUSE);
        }
        if let Self::Resumed { store, .. } = self {
            require_nothing_lost(store)?;
        }
        if !matches!(self, Self::Unknown) {
            tracing::warn!(
                "the capture gives no moment without commits: the backup begins a chain of its own"
            );
        }
        Ok(Opened {
            pages: opening()?,
            place: None,
        })
    }
}

fn opening(database: &Path) -> anyhow::Result<PinnedPages> {
    let path = database.display();
    PinnedPages::open(database).map_err(|error| {
        let advice = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                format!("another program holds it and writes to it; see who with lsof {path}, or try again")
            }
            _ if error.sqlite_error().map(|error| error.extended_code) == Some(SQLITE_READONLY_ROLLBACK) => {
                format!(
                    "a transaction that nobody finished lies beside it ({path}-journal), and only a program that may write undoes \
                     it: start the bot once, then try again"
                )
            }
            _ => "is the path right, and may this user read it?".to_owned(),
        };
        anyhow::Error::new(error).context(format!("opening {path}: no backup was taken; {advice}"))
    })
}

impl Commits {
    /// Before anything is read: what is left of a shop whose log was emptied is no newer state of it, and no point is taken
    /// of it.
    ///
    /// # Errors
    /// That it is so, and what to do.
    pub(super) fn require_whole(&self, store: &Store) -> anyhow::Result<()> {
        match self {
            Self::Here(_) | Self::Agent { .. } => require_nothing_lost(store),
            // It looks for itself first: the log may lead on by now.
            Self::Resumed { .. } | Self::Unknown => Ok(()),
        }
    }

    fn tries(&self) -> u32 {
        match self {
            Self::Agent { by_hand: true, .. } => TRIES_BY_HAND,
            Self::Agent { .. } | Self::Here(_) | Self::Resumed { .. } | Self::Unknown => TRIES,
        }
    }
}

impl Commits {
    /// The position of what holds `place`, or of what follows the points before. Where the capture followed something
    /// else, it compares every page.
    pub(super) fn position(
        &self,
        place: Option<&Place>,
        last: Option<&Manifest>,
        root: &PageRoot,
    ) -> anyhow::Result<Position> {
        let Some(place) = place else {
            let fresh = ChainId::from_bits(rand::random());
            return Ok(lineage::position(last, root, fresh));
        };
        if place.root != *root {
            self.compare();
            anyhow::bail!(
                "{NOT_FOLLOWED} to commit {}: nothing was written down. Every page is compared now: take the backup once \
                 more. If this comes back, the database is changed by something that SQLite does not know of",
                place.commit
            );
        }
        Ok(Position {
            chain: place.chain.clone(),
            commit: place.commit,
        })
    }

    /// Whoever follows the commits is to look at every page.
    fn compare(&self) {
        match self {
            Self::Here(capture) => capture.compare(),
            Self::Agent { url, client, .. } => {
                let ask = client.post(format!("{url}/compare")).timeout(ASK_LIMIT).send();
                if let Err(error) = Handle::current().block_on(ask) {
                    tracing::warn!(error = %error.without_url(), "the running agent could not be asked to compare every page");
                }
            }
            // Whoever follows next finds that the file was written to.
            Self::Resumed { store, .. } => {
                if let Err(error) = store.set_file_written(Some("")) {
                    tracing::warn!(%error, "that every page is to be compared could not be written down");
                }
            }
            Self::Unknown => {}
        }
    }
}

fn require_nothing_lost(store: &Store) -> anyhow::Result<()> {
    let state = store.capture_state().context("asking where the capture stands")?;
    let is_lost = state.is_some_and(|state| state.log_emptied);
    anyhow::ensure!(!is_lost, "no backup was taken: {}", Lost::LogEmptied);
    Ok(())
}

/// `None` when there was no such moment, or it was over too soon.
fn in_moment(
    capture: &Capture,
    opening: &dyn Fn() -> anyhow::Result<PinnedPages>,
) -> anyhow::Result<Option<Opened>> {
    let Some(rest) = capture.rest() else {
        return Ok(None);
    };
    let pages = opening()?;
    let is_in_time = Instant::now() < rest.until;
    Ok(opened_at(pages, rest.place.clone(), is_in_time))
}

fn asked(
    url: &str,
    client: &reqwest::Client,
    opening: &dyn Fn() -> anyhow::Result<PinnedPages>,
) -> anyhow::Result<Option<Opened>> {
    let ask = async {
        let answer = client.get(format!("{url}/rest")).send().await?;
        let mut answer = answer.error_for_status()?;
        let line = answer.chunk().await?.unwrap_or_default();
        Ok::<_, reqwest::Error>((answer, line))
    };
    let limited = Handle::current().block_on(async { timeout(ASK_LIMIT, ask).await });
    let (answer, line) = match limited {
        Ok(Ok(answered)) if answered.1.len() <= PLACE_BYTES_MAX => answered,
        Ok(Ok(_)) | Err(_) => return Ok(None),
        // It has no such moment.
        Ok(Err(error)) if error.status() == Some(reqwest::StatusCode::SERVICE_UNAVAILABLE) => {
            return Ok(None);
        }
        Ok(Err(error)) => {
            tracing::warn!(error = %error.without_url(), "the running agent could not be asked where it stands");
            return Ok(None);
        }
    };
    let Ok(Moment { place, until }) = serde_json::from_slice(&line) else {
        return Ok(None);
    };
    let pages = opening()?;
    let is_in_time = super::now() < until;
    // Hanging up is what lets the bot go on.
    drop(answer);
    Ok(opened_at(pages, place, is_in_time))
}

/// A transaction that was begun after the moment may see more.
fn opened_at(pages: PinnedPages, place: Place, is_in_time: bool) -> Option<Opened> {
    let fits = pages.pages() == place.pages && pages.page_size() == place.page_size;
    (fits && is_in_time).then_some(Opened {
        pages,
        place: Some(place),
    })
}

/// A capture for a moment, while no agent runs.
struct Resumed {
    capture: Capture,
    running: Option<capture::Running>,
    _lock: StateLock,
}

impl Resumed {
    fn start(config: &Arc<Config>, store: &Arc<Store>) -> anyhow::Result<Self> {
        let lock = StateLock::take(&config.lock_path())?;
        // What it spools is shipped by the agent when it runs again.
        let (capture, _shippers, running) = capture::start(config, store)?;
        Ok(Self {
            capture,
            running: Some(running),
            _lock: lock,
        })
    }
}

impl Drop for Resumed {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.join();
        }
    }
}
