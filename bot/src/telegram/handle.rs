//! Takes updates from the inbox, each in one transaction with everything that it causes. What one person did is
//! handled in its order; people do not wait for each other.
//! An update that cannot be handled is tried a few times, then set aside with an incident; it holds up nobody else.

use std::{collections::HashMap, time::Duration};

use anyhow::Result;
use protocol::time::UnixMillis;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    event::{self, Parsed},
    router,
};
use crate::{
    clock::now,
    db::{Reader, WriteError, Writer},
    health::Beat,
    inbox::{BATCH_MAX, UpdateId, store},
    incident::{self, Kind},
    shop::{Shop, customer::CustomerId},
};

/// How long the loop sleeps at most when nothing comes.
const SLEEP_MAX: Duration = Duration::from_secs(5);
/// Between two tries of one update; the same person's later updates wait as long.
const PAUSE: Duration = Duration::from_millis(200);

/// One person's updates, in their order.
type Queue = Vec<(UpdateId, Parsed)>;

/// What handling needs.
#[derive(Clone)]
struct Handler {
    shop: Shop,
    writer: Writer,
}

/// Handles until `stop`.
pub async fn run(shop: Shop, writer: Writer, reader: Reader, beat: Beat, stop: CancellationToken) {
    let handler = Handler {
        shop,
        writer: writer.clone(),
    };
    // People whose last update failed, and when it is tried again. Bounded by the batch.
    let mut resting: HashMap<Option<CustomerId>, UnixMillis> = HashMap::new();
    while !stop.is_cancelled() {
        let changed = writer.changed();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let moment = now();
        resting.retain(|_, until| *until > moment);
        let wait = match round(&handler, &reader, &mut resting).await {
            // As long as updates keep coming this is progress, and nothing else below would say so.
            Ok(Round::More) => {
                beat.beat();
                continue;
            }
            Ok(Round::Idle) if resting.is_empty() => SLEEP_MAX,
            Ok(Round::Idle) => PAUSE,
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "updates cannot be handled; trying again"
                );
                PAUSE
            }
        };
        beat.beat();
        tokio::select! {
            () = stop.cancelled() => return,
            () = changed => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

enum Round {
    /// Something was handled; there may be more.
    More,
    /// There was nothing to handle now.
    Idle,
}

/// Handles a batch, people side by side.
async fn round(
    handler: &Handler,
    reader: &Reader,
    resting: &mut HashMap<Option<CustomerId>, UnixMillis>,
) -> Result<Round> {
    let batch = reader.run(|conn| store::waiting_batch(conn, BATCH_MAX)).await?;
    let mut people = by_person(batch);
    people.retain(|person, _| !resting.contains_key(person));
    if people.is_empty() {
        return Ok(Round::Idle);
    }
    let mut handling = JoinSet::new();
    for (person, queue) in people {
        let handler = handler.clone();
        handling.spawn(async move { (person, handler.all(queue).await) });
    }
    while let Some(done) = handling.join_next().await {
        let (person, done) = done?;
        if !done? {
            resting.insert(person, now().plus(PAUSE));
        }
    }
    Ok(Round::More)
}

fn by_person(batch: Vec<(UpdateId, String)>) -> HashMap<Option<CustomerId>, Queue> {
    let mut people: HashMap<Option<CustomerId>, Queue> = HashMap::new();
    for (id, body) in batch {
        let parsed = event::parse(&body);
        let person = match &parsed {
            Parsed::Event(event) => Some(event.user),
            Parsed::Ignored => None,
        };
        people.entry(person).or_default().push((id, parsed));
    }
    people
}

impl Handler {
    /// Handles one person's updates until one fails. Answers whether none did.
    async fn all(&self, queue: Queue) -> Result<bool> {
        for (id, parsed) in queue {
            match self.one(id, parsed).await {
                Ok(()) => {}
                Err(WriteError::Work(error)) => {
                    self.set_back(id, format!("{error:#}")).await?;
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    async fn one(&self, id: UpdateId, parsed: Parsed) -> Result<(), WriteError> {
        let shop = self.shop.clone();
        let handled = self.writer.run(move |conn| {
            let now = now();
            // Whoever stored it twice, it is handled once.
            match (store::done(conn, id, now)?, parsed) {
                (true, Parsed::Event(event)) => router::handle(conn, &shop, &event, now),
                (true, Parsed::Ignored) | (false, _) => Ok(()),
            }
        });
        handled.await
    }

    async fn set_back(&self, id: UpdateId, error: String) -> Result<()> {
        tracing::error!(update = id.0, error, "an update could not be handled");
        let stored = self.writer.run(move |conn| {
            if store::failed(conn, id, &error, now())? {
                let text = format!(
                    "An update from Telegram (number {}) could not be handled and is set aside: {error}. One person \
                     got no answer; everybody else goes on.",
                    id.0
                );
                incident::store::raise(conn, Kind::PoisonUpdate, &text, now())?;
            }
            Ok(())
        });
        Ok(stored.await?)
    }
}
