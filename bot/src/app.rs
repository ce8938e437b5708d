//! The one place that knows every part: opens the shop, starts its loops, and joins them when it is told to stop.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use protocol::time::UnixMillis;
use rusqlite::Connection;
use sd_notify::NotifyState;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::now,
    config::Config,
    db::{self, Reader, Writer},
    gateways::pakasir::Pakasir,
    health::Beat,
    http::{self, private::Private, public::Public},
    jobs::{
        Workshop,
        task::{Housekeeping, Task},
    },
    outbox,
    queue::{self, Boot},
    restored,
    telegram::{
        api::Api,
        failover::{Delivered, Receiver, Webhook},
        handle, outcome,
        send::{self, Sender},
    },
};

/// A loop that makes no progress for this long is hung. Loops that wait beat every few seconds.
const LOOP_LIMIT: Duration = Duration::from_secs(60);
/// Telegram may be out of reach for longer than a loop may hang; a poll is held for 25 s.
const TELEGRAM_LIMIT: Duration = Duration::from_secs(120);
/// How long the private address goes on saying goodbye.
const GOODBYE: Duration = Duration::from_millis(500);
/// After a planned stop begins, work in progress has this long.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// Sells until SIGTERM or SIGINT.
///
/// # Errors
/// When the shop cannot be opened, or a vital loop ends by itself.
pub async fn run(config: Config) -> Result<()> {
    let _instance = db::lock_instance(&config.database)?;
    let public_listener = http::bind(config.http_public, "http.public").await?;
    let private_listener = http::bind(config.http_private, "http.private").await?;
    let (conn, boot) = open(&config.database)?;
    let (writer, writer_thread) = Writer::start(conn);
    let reader = Reader::open(&config.database)?;
    for gateway in &config.gateways_later {
        tracing::warn!(
            gateway,
            "bot.toml names a gateway that this version does not speak yet; it is left out"
        );
    }

    let stop = CancellationToken::new();
    let [inbox, jobs, sends] = ["inbox", "jobs", "sends"].map(|name| Beat::new(name, LOOP_LIMIT));
    let telegram = Beat::new("telegram", TELEGRAM_LIMIT);
    let vital = vec![inbox.clone(), jobs.clone(), sends.clone()];
    let beats = [vital.clone(), vec![telegram.clone()]].concat();

    let api = Arc::new(Api::new(&config.telegram.api_url, &config.telegram.token)?);
    let pakasir = config.pakasir;
    let workshop = Arc::new(Workshop {
        shop: config.shop.clone(),
        writer: writer.clone(),
        reader: reader.clone(),
        pakasir: Pakasir::new(
            &pakasir.base_url,
            &pakasir.project,
            pakasir.api_key,
            pakasir.webhook_secret,
            pakasir.mode,
        )?,
    });
    let delivered = Delivered::default();
    let public = Public {
        workshop: Arc::clone(&workshop),
        telegram_secret: Some(protocol::secret::Secret::new(
            config.telegram.webhook_secret.expose(),
        )),
        delivered: delivered.clone(),
    };
    let private = Private {
        writer: writer.clone(),
        reader: reader.clone(),
        beats,
        boot,
        started_at: now(),
        stop: stop.clone(),
    };
    let secret = config.telegram.webhook_secret;
    let receiver = Receiver {
        api: Arc::clone(&api),
        writer: writer.clone(),
        beat: telegram,
        mode: config.telegram.mode,
        webhook: config.telegram.webhook_url.map(|url| Webhook { url, secret }),
        delivered,
    };
    let sender = Arc::new(Sender {
        shop: config.shop.clone(),
        writer: writer.clone(),
        reader: reader.clone(),
        api,
        boot,
        beat: sends,
    });

    let mut loops: JoinSet<(&'static str, Result<()>)> = JoinSet::new();
    let token = stop.clone();
    loops.spawn(async move {
        (
            "http.public",
            http::serve(public_listener, http::public::router(public), token).await,
        )
    });
    // Outlives the rest by a moment: whoever asks between two held questions must hear the goodbye as well.
    let token = lingering(stop.clone());
    loops.spawn(async move {
        (
            "http.private",
            http::serve(private_listener, http::private::router(private), token).await,
        )
    });
    let token = stop.clone();
    loops.spawn(async move {
        send::run(sender, token).await;
        ("sends", Ok(()))
    });
    let (token, work_writer) = (stop.clone(), writer.clone());
    loops.spawn(async move {
        let work = move |job| Arc::clone(&workshop).work(job);
        queue::worker::run(work_writer, boot, jobs, token, work).await;
        ("jobs", Ok(()))
    });
    let (token, inbox_writer) = (stop.clone(), writer.clone());
    loops.spawn(async move {
        handle::run(config.shop, inbox_writer, reader, inbox, token).await;
        ("inbox", Ok(()))
    });
    let token = stop.clone();
    loops.spawn(async move {
        crate::telegram::failover::run(&receiver, &token).await;
        ("telegram", Ok(()))
    });
    drop(writer);

    tracing::info!(boot = boot.0, "the shop is open");
    notify(&[NotifyState::Ready]);
    let ended = supervise(&mut loops, &vital).await;
    notify(&[NotifyState::Stopping]);
    stop.cancel();
    let joined = tokio::time::timeout(STOP_LIMIT, async {
        while loops.join_next().await.is_some() {}
        tokio::task::spawn_blocking(move || writer_thread.join()).await
    });
    if joined.await.is_err() {
        tracing::warn!("something did not stop in time; what it was doing is taken up at the next start");
    }
    tracing::info!("the shop is closed");
    ended
}

/// Opens the database and puts in order what an earlier process left undone.
fn open(database: &Path) -> Result<(Connection, Boot)> {
    let mut conn = db::open_writer(database).with_context(|| format!("opening {}", database.display()))?;
    let applied = db::migrate(&mut conn)?;
    if !applied.is_empty() {
        tracing::info!(
            migrations = applied.join(", "),
            "the database's structure was brought forward"
        );
    }
    let note = restored::find(database)?;
    let now = now();
    let tx = conn.transaction()?;
    let boot = queue::store::next_boot(&tx)?;
    let unknown = outbox::store::rescue(&tx, boot, now)?;
    if unknown > 0 {
        outcome::raise_unknown(&tx, unknown, now)?;
    }
    if let Some((_, note)) = &note {
        restored::act(&tx, note, now)?;
    }
    Housekeeping {}.enqueue(&tx, now, now)?;
    tx.commit()?;
    if let Some((path, _)) = note {
        std::fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
    }
    Ok((conn, boot))
}

/// A token that is cancelled a moment after `stop`.
fn lingering(stop: CancellationToken) -> CancellationToken {
    let later = CancellationToken::new();
    let token = later.clone();
    tokio::spawn(async move {
        stop.cancelled().await;
        tokio::time::sleep(GOODBYE).await;
        token.cancel();
    });
    later
}

/// Waits for a signal, or for a loop that ended although it should not. Meanwhile feeds systemd's watchdog, as long
/// as every vital loop makes progress.
async fn supervise(loops: &mut JoinSet<(&'static str, Result<()>)>, vital: &[Beat]) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let mut feed = tokio::time::interval(watchdog_interval());
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            ended = loops.join_next() => {
                let (name, result) = ended.context("no loop is left")?.context("a loop panicked")?;
                result.with_context(|| format!("the loop '{name}' failed"))?;
                anyhow::bail!("the loop '{name}' ended by itself; systemd starts the bot again");
            }
            _ = feed.tick() => feed_watchdog(vital, now()),
        }
    }
}

fn feed_watchdog(vital: &[Beat], now: UnixMillis) {
    if vital.iter().all(|beat| beat.alive(now)) {
        notify(&[NotifyState::Watchdog]);
    } else {
        tracing::error!("a vital loop makes no progress; systemd's watchdog is not fed any more");
    }
}

fn watchdog_interval() -> Duration {
    sd_notify::watchdog_enabled().map_or(Duration::from_secs(10), |limit| limit / 3)
}

fn notify(state: &[NotifyState<'_>]) {
    // Without systemd there is nobody to tell.
    let _ = sd_notify::notify(state);
}
