//! Takes updates from the inbox, each in one transaction with everything that it causes. What one person did is
//! handled in its order; people do not wait for each other.
//! An update that cannot be handled is tried a few times, then set aside with an incident; it holds up nobody else.

use std::{
    collections::{HashMap, HashSet},
    pin::pin,
    time::Duration,
};

use anyhow::Result;
use protocol::time::UnixMillis;
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    event::{self, Parsed},
    router,
};
use crate::{
    clock::now,
    db::{Reader, WriteError, Writer},
    health::{Beat, Hands},
    inbox::{BATCH_MAX, UpdateId, store},
    incident::{self, Kind},
    shop::{Shop, customer::CustomerId},
};

/// How long the loop sleeps at most when nothing comes.
const SLEEP_MAX: Duration = Duration::from_secs(5);
/// Between two tries of one update; the same person's later updates wait as long.
const PAUSE: Duration = Duration::from_millis(200);
/// Before a database that takes no writes is asked again.
const AGAIN: Duration = Duration::from_secs(1);
/// Handling one update takes milliseconds; whatever takes this long has hung and is cut.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// One person's updates, in their order.
type Queue = Vec<(UpdateId, Parsed)>;
/// Who did something; `None` for updates that are nobody's.
type Person = Option<CustomerId>;

/// What handling needs.
#[derive(Clone)]
pub struct Handler {
    /// What the owner decided.
    pub shop: Shop,
    /// The way to write.
    pub writer: Writer,
    /// The way to read.
    pub reader: Reader,
    /// The loop's sign of life.
    pub beat: Beat,
    /// The updates that are being handled.
    pub hands: Hands,
}

/// What is in hand, and who has to wait. Bounded by the batch.
#[derive(Default)]
struct Desk {
    handling: JoinSet<(Person, Option<Duration>)>,
    /// Updates that were taken up, with their people.
    taken: HashMap<UpdateId, Person>,
    /// People whose last update failed, and when it is tried again.
    resting: HashMap<Person, UnixMillis>,
}

/// Handles until `stop`.
pub async fn run(handler: Handler, stop: CancellationToken) {
    let mut desk = Desk::default();
    while !stop.is_cancelled() {
        let mut changed = pin!(handler.writer.changed());
        changed.as_mut().enable();
        let wait = match desk.take_up(&handler).await {
            Ok(()) if desk.resting.is_empty() => SLEEP_MAX,
            Ok(()) => PAUSE,
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "updates cannot be read; trying again"
                );
                AGAIN
            }
        };
        handler.beat.beat();
        tokio::select! {
            () = stop.cancelled() => break,
            // As long as the desk is full, only what ends makes room.
            () = changed, if desk.taken.len() < BATCH_MAX as usize => {}
            Some(done) = desk.handling.join_next() => desk.put_down(done.ok()),
            () = tokio::time::sleep(wait) => {}
        }
        while let Some(done) = desk.handling.try_join_next() {
            desk.put_down(done.ok());
        }
    }
    desk.handling.join_all().await;
}

impl Desk {
    /// Takes up what waits, of everybody whose hands are free.
    async fn take_up(&mut self, handler: &Handler) -> Result<()> {
        let batch = handler
            .reader
            .run(|conn| store::waiting_batch(conn, BATCH_MAX))
            .await?;
        let moment = now();
        self.resting.retain(|_, until| *until > moment);
        let busy: HashSet<Person> = self.taken.values().copied().collect();
        let waiting = batch.into_iter().filter(|(id, _)| !self.taken.contains_key(id));
        for (person, queue) in by_person(waiting) {
            if busy.contains(&person) || self.resting.contains_key(&person) {
                continue;
            }
            self.taken.extend(queue.iter().map(|(id, _)| (*id, person)));
            let handler = handler.clone();
            self.handling
                .spawn(async move { (person, handler.all(queue).await) });
        }
        Ok(())
    }

    /// One person's updates ended. Of a task that panicked nobody knows whose it was: everybody who is not at work any
    /// more is free.
    fn put_down(&mut self, done: Option<(Person, Option<Duration>)>) {
        let Some((person, rest)) = done else {
            if self.handling.is_empty() {
                self.taken.clear();
            }
            return;
        };
        self.taken.retain(|_, of| *of != person);
        if let Some(rest) = rest {
            self.resting.insert(person, now().plus(rest));
        }
    }
}

fn by_person(batch: impl Iterator<Item = (UpdateId, String)>) -> HashMap<Person, Queue> {
    let mut people: HashMap<Person, Queue> = HashMap::new();
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
    /// Handles one person's updates until one fails. Answers how long that person's next ones have to wait then.
    async fn all(&self, queue: Queue) -> Option<Duration> {
        for (id, parsed) in queue {
            self.hands.busy(id.0, "update", TIME_LIMIT / 2);
            let handled = timeout(TIME_LIMIT, self.one(id, parsed)).await;
            self.hands.free(id.0);
            let set_back = match handled {
                Ok(Ok(())) => continue,
                // The database's own trouble is no fault of the update: it waits, and its tries are not counted.
                Ok(Err(WriteError::Database(_) | WriteError::Closed)) => return Some(AGAIN),
                Ok(Err(WriteError::Work(error))) => self.set_back(id, format!("{error:#}")).await,
                Err(_) => self.cut(id).await,
            };
            if let Err(error) = set_back {
                tracing::debug!(%error, update = id.0, "that an update failed cannot be stored");
                return Some(AGAIN);
            }
            return Some(PAUSE);
        }
        None
    }

    /// It hung. Its try counts, so that one that always hangs is set aside in the end.
    async fn cut(&self, id: UpdateId) -> Result<(), WriteError> {
        let text = incident::facts(&["update", &TIME_LIMIT.as_secs().to_string()]);
        let raised = self
            .writer
            .run(move |conn| incident::store::raise_hourly(conn, Kind::HandlerStuck, &text, now()));
        raised.await?;
        self.set_back(id, format!("it hung for {TIME_LIMIT:?}")).await
    }

    async fn one(&self, id: UpdateId, parsed: Parsed) -> Result<(), WriteError> {
        crate::fail::hang("update").await;
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

    async fn set_back(&self, id: UpdateId, error: String) -> Result<(), WriteError> {
        tracing::error!(update = id.0, error, "an update could not be handled");
        let stored = self.writer.run(move |conn| {
            if store::failed(conn, id, &error, now())? {
                incident::store::raise(conn, Kind::PoisonUpdate, &id.0.to_string(), now())?;
            }
            Ok(())
        });
        stored.await
    }
}
