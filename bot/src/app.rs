//! The one place that knows every part: opens the shop, starts its loops, and joins them when it is told to stop.

mod opening;
mod supervise;

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use opening::Opened;
use protocol::secret::Secret;
use sd_notify::NotifyState;
use supervise::{notify, supervise};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::now,
    config::{Config, Telegram as TelegramConfig},
    db::{Reader, Writer, brake::Limits},
    gateways::pakasir::{self, Pakasir},
    health::{Beat, Hands},
    http::{self, private::Private, public::Public},
    incident::unstored::Unstored,
    jobs::{self, Workshop, storage::Storage},
    keeper::{
        contact::Contact,
        durable::{Asker, Durable},
        silence::Listener,
    },
    logs::{self, FollowedFile},
    queue::{Boot, worker::Worker},
    shop::{Shop, payment, switch},
    telegram::{
        api::Api,
        failover::{self, Receiver, Webhook},
        handle::{self, Handler},
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

/// The loops that must not end by themselves, by name.
type Loops = JoinSet<(&'static str, Result<()>)>;

/// Signs of life, one a loop.
struct Beats {
    inbox: Beat,
    jobs: Beat,
    sends: Beat,
    telegram: Beat,
}

impl Beats {
    fn new() -> Self {
        Self {
            inbox: Beat::new("inbox", LOOP_LIMIT),
            jobs: Beat::new("jobs", LOOP_LIMIT),
            sends: Beat::new("sends", LOOP_LIMIT),
            telegram: Beat::new("telegram", TELEGRAM_LIMIT),
        }
    }

    /// Those whose hang a restart can mend. Telegram's own trouble is none of them.
    fn vital(&self) -> Vec<Beat> {
        vec![self.inbox.clone(), self.jobs.clone(), self.sends.clone()]
    }

    fn all(&self) -> Vec<Beat> {
        [self.vital(), vec![self.telegram.clone()]].concat()
    }
}

/// What every loop is made from.
struct Parts {
    shop: Shop,
    writer: Writer,
    reader: Reader,
    boot: Boot,
    follows_crash: bool,
    api: Arc<Api>,
    workshop: Arc<Workshop>,
    /// Only with an agent, and so is listening for its silence.
    asker: Option<Asker>,
    contact: Contact,
    log: Option<Arc<FollowedFile>>,
    beats: Beats,
    jobs_in_hand: Hands,
    updates_in_hand: Hands,
    unstored: Unstored,
    stop: CancellationToken,
}

/// Sells until SIGTERM or SIGINT.
///
/// # Errors
/// When the shop cannot be opened, or a vital loop ends by itself.
pub async fn run(config: Config, log: Option<Arc<FollowedFile>>) -> Result<()> {
    let unstored = Unstored::default();
    let Some(opened) = opening::open(&config, &unstored).await? else {
        return Ok(());
    };
    let Opened {
        instance,
        public,
        private,
        conn,
        place,
        boot,
    } = opened;
    let refusal = payment::store::refusal(&conn, pakasir::NAME)?;
    let pause = switch::store::paused(&conn)?;
    let first = unstored.clone();
    let (writer, writer_thread) = Writer::start_with(conn, Some(place), move |conn| first.write(conn));
    for gateway in &config.gateways_later {
        tracing::warn!(
            gateway,
            "bot.toml names a gateway that this version does not speak yet; it is left out"
        );
    }
    let (parts, telegram) = assemble(config, log, (writer, boot, instance.was_left), unstored, refusal)?;
    let (vital, stop) = (parts.beats.vital(), parts.stop.clone());
    let mut loops = start(parts, telegram, public, private);

    match pause {
        None => tracing::info!(boot = boot.0, "the shop is open"),
        Some(pause) => tracing::warn!(
            boot = boot.0,
            why = pause.why(),
            "the shop is up and sales are paused: payments are taken and goods are delivered, and new orders are not"
        ),
    }
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
    if ended.is_ok()
        && let Err(error) = instance.leave()
    {
        tracing::warn!(%error, "the next start will take this end for a crash");
    }
    tracing::info!("the shop is closed");
    ended
}

fn assemble(
    config: Config,
    log: Option<Arc<FollowedFile>>,
    (writer, boot, follows_crash): (Writer, Boot, bool),
    unstored: Unstored,
    refusal: Option<String>,
) -> Result<(Parts, TelegramConfig)> {
    let Config {
        shop,
        telegram,
        database,
        pakasir,
        agent_url,
        ..
    } = config;
    let reader = Reader::open_at(&database, writer.place())?;
    let api = Arc::new(Api::new(&telegram.api_url, &telegram.token)?);
    let (durable, asker) = match &agent_url {
        None => (Durable::without_agent(), None),
        Some(url) => {
            let (durable, asker) = Durable::asking(url, writer.clone())?;
            (durable, Some(asker))
        }
    };
    let workshop = Arc::new(Workshop {
        shop: shop.clone(),
        writer: writer.clone(),
        reader: reader.clone(),
        pakasir: Pakasir::new(pakasir, refusal)?,
        durable,
    });
    let (beats, stop) = (Beats::new(), CancellationToken::new());
    Ok((
        Parts {
            shop,
            writer,
            reader,
            boot,
            follows_crash,
            api,
            workshop,
            asker,
            contact: Contact::default(),
            log,
            beats,
            jobs_in_hand: Hands::default(),
            updates_in_hand: Hands::default(),
            unstored,
            stop,
        },
        telegram,
    ))
}

/// Starts every loop. What is left here of the writer is dropped, so that its thread ends with the last loop.
fn start(parts: Parts, telegram: TelegramConfig, public: TcpListener, private: TcpListener) -> Loops {
    let mut loops = Loops::new();
    let secret = Arc::new(telegram.webhook_secret);
    let webhook = telegram.webhook_url.map(|url| Webhook {
        url,
        secret: Arc::clone(&secret),
    });
    serve(&mut loops, &parts, secret, public, private);
    let receiver = Receiver {
        api: Arc::clone(&parts.api),
        writer: parts.writer.clone(),
        beat: parts.beats.telegram.clone(),
        mode: telegram.mode,
        webhook,
    };
    let token = parts.stop.clone();
    spawn(&mut loops, "telegram", async move {
        failover::run(&receiver, &token).await
    });
    work(&mut loops, parts);
    loops
}

fn serve(loops: &mut Loops, parts: &Parts, secret: Arc<Secret>, public: TcpListener, private: TcpListener) {
    let public_router = http::public::router(Public {
        workshop: Arc::clone(&parts.workshop),
        telegram_secret: secret,
        line: parts.api.line().clone(),
    });
    let private_router = http::private::router(Private {
        workshop: Arc::clone(&parts.workshop),
        line: parts.api.line().clone(),
        contact: parts.contact.clone(),
        log: parts.log.clone(),
        hours: Arc::default(),
        beats: parts.beats.all(),
        hands: [parts.jobs_in_hand.clone(), parts.updates_in_hand.clone()],
        unstored: parts.unstored.clone(),
        boot: parts.boot,
        follows_crash: parts.follows_crash,
        started_at: now(),
        stop: parts.stop.clone(),
    });
    // Outlives the rest by a moment: whoever asks between two held questions must hear the goodbye as well.
    let (stop, later) = (parts.stop.clone(), lingering(parts.stop.clone()));
    loops.spawn(async move { ("http.public", http::serve(public, public_router, stop).await) });
    loops.spawn(async move { ("http.private", http::serve(private, private_router, later).await) });
}

fn work(loops: &mut Loops, parts: Parts) {
    let Parts {
        shop,
        writer,
        reader,
        boot,
        follows_crash: _,
        api,
        workshop,
        asker,
        contact,
        log,
        beats,
        jobs_in_hand,
        updates_in_hand,
        unstored,
        stop,
    } = parts;
    let storage = Storage {
        writer: writer.clone(),
        reader: reader.clone(),
        unstored,
        limits: Limits::USUAL,
    };
    spawn(loops, "storage", storage.watch(stop.clone()));
    if let Some(asker) = asker {
        let listener = Listener {
            shop: shop.clone(),
            writer: writer.clone(),
            reader: reader.clone(),
            contact,
        };
        spawn(loops, "listener", listener.run(stop.clone()));
        spawn(loops, "durable", asker.run());
    }
    let token = stop.clone();
    loops.spawn(async move { ("logs", logs::follow(log, token).await) });
    let sender = Sender {
        shop: shop.clone(),
        writer: writer.clone(),
        reader: reader.clone(),
        api,
        boot,
        beat: beats.sends,
    };
    spawn(loops, "sends", send::run(Arc::new(sender), stop.clone()));
    let worker = Worker {
        writer: writer.clone(),
        boot,
        beat: beats.jobs,
        hands: jobs_in_hand,
        policy_of: jobs::run::policy_of,
        about: jobs::run::about,
        periodic: jobs::run::periodic().into(),
        timezone: shop.timezone.clone(),
    };
    let does = move |job| Arc::clone(&workshop).work(job);
    spawn(loops, "jobs", worker.run(stop.clone(), does));
    let handler = Handler {
        shop,
        writer,
        reader,
        beat: beats.inbox,
        hands: updates_in_hand,
    };
    spawn(loops, "inbox", handle::run(handler, stop));
}

/// Starts a loop that knows no failure of its own.
fn spawn(loops: &mut Loops, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
    loops.spawn(async move {
        work.await;
        (name, Ok(()))
    });
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
