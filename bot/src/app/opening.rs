//! The shop opens: the instance, the two addresses, the database, and what an earlier process left undone.
//! A disk that takes no writes is waited for with both doors answering, not died of: a process that starts again and
//! again can tell nobody why. Everything else that is wrong ends the start with a word.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use protocol::{incident::IncidentId, restored::Restored, time::UnixMillis};
use rusqlite::{Connection, ErrorCode};
use sd_notify::NotifyState;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{GOODBYE, notify};
use crate::{
    clock::now,
    config::Config,
    db::{self, Instance, OpenError, Place},
    http::{self, shut::Shut},
    incident::{self, unstored::Unstored},
    jobs::{broadcast, storage::tell_refusal},
    outbox,
    queue::{self, Boot},
    restored,
    shop::Shop,
    telegram::outcome,
};

/// How often a disk that takes no writes is asked again. systemd's watchdog is fed as often.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// An open shop.
pub(super) struct Opened {
    pub(super) instance: Instance,
    pub(super) public: TcpListener,
    pub(super) private: TcpListener,
    pub(super) conn: Connection,
    pub(super) place: Place,
    pub(super) boot: Boot,
}

/// Opens the shop, however long its disk takes. `None`: it was told to stop before.
///
/// # Errors
/// When another bot runs, an address is taken, or the database is not one that waiting could mend.
pub(super) async fn open(config: &Config, unstored: &Unstored) -> Result<Option<Opened>> {
    let first = open_database(config, unstored);
    if let Err(error) = &first
        && !may_pass(error)
    {
        return first.map(|_| None);
    }
    let public = http::bind(config.http_public, "http.public").await?;
    let private = http::bind(config.http_private, "http.private").await?;
    let opened = match first {
        Ok(opened) => Some(opened),
        Err(error) => wait(config, unstored, error, &public, &private).await?,
    };
    Ok(opened.map(|(instance, conn, place, boot)| Opened {
        instance,
        public,
        private,
        conn,
        place,
        boot,
    }))
}

/// Whether the same attempt may succeed once the owner has made room or mended the disk.
fn may_pass(error: &anyhow::Error) -> bool {
    let io = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<std::io::Error>());
    let sqlite = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<rusqlite::Error>());
    let of_disk = io.is_some_and(db::is_of_disk);
    let of_sqlite = sqlite
        .and_then(rusqlite::Error::sqlite_error_code)
        .is_some_and(|code| {
            matches!(
                code,
                ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::SystemIoFailure
            )
        });
    of_disk || of_sqlite
}

type Database = (Instance, Connection, Place, Boot);

/// Keeps both doors answered until the database opens.
async fn wait(
    config: &Config,
    unstored: &Unstored,
    error: anyhow::Error,
    public: &TcpListener,
    private: &TcpListener,
) -> Result<Option<Database>> {
    let reason = format!("{error:#}");
    tracing::error!(reason, "the database cannot be opened; waiting until it can");
    let last = last_incident(&config.database);
    let fault = db::fault_of(&error);
    tell_refusal(unstored, fault, last, now());
    let (say, heard) = watch::channel(reason);
    let shut = Shut {
        reason: heard,
        fault,
        unstored: unstored.clone(),
        last_incident: last,
        started_at: now(),
        over: CancellationToken::new(),
        stop: CancellationToken::new(),
    };
    let (over, stop) = (shut.over.clone(), shut.stop.clone());
    let mut doors = JoinSet::new();
    doors.spawn(http::serve(
        http::twin(public)?,
        http::shut::public(),
        over.clone(),
    ));
    doors.spawn(http::serve(
        http::twin(private)?,
        http::shut::private(shut),
        over.clone(),
    ));
    notify(&[NotifyState::Ready]);
    let opened = ask_again(config, unstored, &say, &stop).await;
    if stop.is_cancelled() {
        tokio::time::sleep(GOODBYE).await;
    }
    over.cancel();
    // Whoever keeps a connection open does not keep the shop shut.
    let _ = tokio::time::timeout(GOODBYE, doors.join_all()).await;
    opened
}

/// `None` and `stop` when it is told to.
async fn ask_again(
    config: &Config,
    unstored: &Unstored,
    say: &watch::Sender<String>,
    stop: &CancellationToken,
) -> Result<Option<Database>> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    loop {
        tokio::select! {
            _ = terminate.recv() => { stop.cancel(); return Ok(None) }
            _ = interrupt.recv() => { stop.cancel(); return Ok(None) }
            () = tokio::time::sleep(ASK_EVERY) => {}
        }
        notify(&[NotifyState::Watchdog]);
        match open_database(config, unstored) {
            Ok(opened) => return Ok(Some(opened)),
            Err(error) if may_pass(&error) => {
                say.send_replace(format!("{error:#}"));
            }
            Err(error) => return Err(error),
        }
    }
}

/// The newest incident's number, where the file can be read at least: new ones are numbered after it.
fn last_incident(database: &Path) -> IncidentId {
    let read = || incident::store::last(&db::open_reader(database)?);
    read().unwrap_or(IncidentId(0))
}

/// Opens the database and puts in order what an earlier process left undone.
fn open_database(config: &Config, unstored: &Unstored) -> Result<Database> {
    let database = config.database.as_path();
    let instance = db::lock_instance(database).map_err(plain)?;
    let mut conn = db::open_writer(database)
        .map_err(plain)
        .with_context(|| format!("opening {}", database.display()))?;
    let place = Place::of(database).with_context(|| format!("looking at {}", database.display()))?;
    if let Err(error) = instance.note(&place) {
        // Without it commands know less; the shop knows all it needs.
        tracing::warn!(%error, "which file the shop lies in could not be noted beside it");
    }
    let applied = db::migrate(&mut conn)?;
    if !applied.is_empty() {
        tracing::info!(
            migrations = applied.join(", "),
            "the database's structure was brought forward"
        );
    }
    let note = restored::find(database)?;
    let told = note.as_ref().map(|(_, note)| (database, note));
    let boot = put_in_order(&mut conn, &config.shop, told, unstored, now())?;
    if let Some((path, _)) = note {
        std::fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
    }
    Ok((instance, conn, place, boot))
}

/// An [`OpenError`] that says what the system or SQLite said shows it as its cause.
fn plain(error: OpenError) -> anyhow::Error {
    match error {
        OpenError::Sqlite(error) => error.into(),
        other => other.into(),
    }
}

fn put_in_order(
    conn: &mut Connection,
    shop: &Shop,
    note: Option<(&Path, &Restored)>,
    unstored: &Unstored,
    now: UnixMillis,
) -> Result<Boot> {
    let tx = conn.transaction()?;
    unstored.write(&tx)?;
    let boot = queue::store::next_boot(&tx)?;
    let unknown = outbox::store::rescue(&tx, boot, now)?;
    if unknown > 0 {
        outcome::raise_unknown(&tx, unknown, now)?;
    }
    if let Some(note) = note {
        restored::act(&tx, shop, note, now)?;
    }
    broadcast::resume(&tx, now)?;
    tx.commit()?;
    Ok(boot)
}
