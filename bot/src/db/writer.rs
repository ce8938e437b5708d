//! One thread owns the only connection that writes. Callers hand it work and wait; it puts what waits into one
//! transaction, a savepoint each, commits once and answers everybody.
//! Work must not wait for anything: it runs while the write lock is held.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use protocol::health::CommitFault;
use rusqlite::{Connection, TransactionBehavior};
use thiserror::Error;
use tokio::sync::{Notify, oneshot};

use super::{
    place::Place,
    standing::{Refusal, Standing, refusal_of, told},
};

/// Work that may wait; more callers than that wait for a place.
const QUEUE_MAX: usize = 1_024;
/// Pieces of work in one transaction: bounds both latency and what one failed commit takes down.
const BATCH_MAX: usize = 256;
/// How long a caller waits for a place in the queue before it tries again.
const FULL_PAUSE: Duration = Duration::from_millis(5);

/// How often it is looked whether another program has written: a look is a few microseconds and reads no page.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Why a piece of work left nothing behind.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The work itself refused or failed; its savepoint was rolled back.
    #[error(transparent)]
    Work(anyhow::Error),
    /// Nothing could be written, whatever it was: a full disk, a read-only file. The same work may succeed later.
    #[error("the shop's database does not take writes: {0}")]
    Database(Refusal),
    /// The writer has stopped.
    #[error("the shop's database is closed: the bot is stopping")]
    Closed,
}

impl From<anyhow::Error> for WriteError {
    fn from(error: anyhow::Error) -> Self {
        refusal_of(&error).map_or_else(|| Self::Work(error), Self::Database)
    }
}

const VERSION: &str = "PRAGMA data_version";
const SAVEPOINT: &str = "SAVEPOINT piece";
const ROLLBACK_TO: &str = "ROLLBACK TO piece";
const RELEASE: &str = "RELEASE piece";

/// Does one piece of work, or is told why no transaction could be begun.
type Work = Box<dyn FnOnce(Result<&Connection, &Refusal>) -> Done + Send>;
/// Tells the caller how it went, once the commit is known to have succeeded or failed.
type Answer = Box<dyn FnOnce(Result<(), Refusal>) + Send>;

/// What is written before anything else whenever there is something of the kind; costs nothing when there is not.
type First = Box<dyn FnMut(&Connection) -> anyhow::Result<()> + Send>;

/// What is left of a piece of work once it has run.
struct Done {
    /// Whether its savepoint is kept.
    keep: bool,
    /// The database refused in the middle of it: SQLite may have undone the whole transaction.
    refusal: Option<Refusal>,
    answer: Answer,
}

/// The way to the writing thread. Cheap to clone; the thread ends when the last one is dropped.
#[derive(Clone)]
pub struct Writer {
    queue: SyncSender<Work>,
    changed: Arc<Notify>,
    standing: Standing,
    place: Option<Place>,
}

/// What the thread itself holds.
struct Desk {
    conn: Connection,
    place: Option<Place>,
    first: First,
    changed: Arc<Notify>,
    standing: Standing,
}

impl Writer {
    /// Starts the thread on a connection that is open and migrated.
    #[must_use]
    pub fn start(conn: Connection) -> (Self, thread::JoinHandle<()>) {
        Self::start_with(conn, None, |_| Ok(()))
    }

    /// The same for a database that lies there, and refuses once it does no more; `first` is called at the beginning of every transaction and must succeed, or nothing is written.
    #[must_use]
    pub fn start_with(
        conn: Connection,
        place: Option<Place>,
        first: impl FnMut(&Connection) -> anyhow::Result<()> + Send + 'static,
    ) -> (Self, thread::JoinHandle<()>) {
        let (queue, work) = sync_channel(QUEUE_MAX);
        let (changed, standing) = (Arc::new(Notify::new()), Standing::default());
        let mut desk = Desk {
            conn,
            place: place.clone(),
            first: Box::new(first),
            changed: Arc::clone(&changed),
            standing: standing.clone(),
        };
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || desk.serve(&work))
            .expect("the system gives one thread at start");
        let writer = Self {
            queue,
            changed,
            standing,
            place,
        };
        (writer, thread)
    }

    /// Where the database lies, where that is kept an eye on.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.place.clone()
    }

    /// Whether the database takes writes at the moment.
    #[must_use]
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Runs `work` in a savepoint of its own and returns once it is durable.
    ///
    /// # Errors
    /// What the work answered, or that nothing was stored because the database refused.
    pub async fn run<T, F>(&self, work: F) -> Result<T, WriteError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> anyhow::Result<T> + Send + 'static,
    {
        let (reply, replied) = oneshot::channel();
        self.hand_over(Box::new(move |begun| {
            let result = match begun {
                Ok(conn) => work(conn).map_err(WriteError::from),
                Err(refusal) => Err(WriteError::Database(refusal.clone())),
            };
            let keep = result.is_ok();
            let refusal = match &result {
                Err(WriteError::Database(refusal)) => Some(refusal.clone()),
                _ => None,
            };
            let answer: Answer = Box::new(move |commit| {
                // A caller that gave up does not change what was committed.
                let _ = reply.send(commit.map_err(WriteError::Database).and(result));
            });
            Done {
                keep,
                refusal,
                answer,
            }
        }))
        .await?;
        replied.await.map_err(|_| WriteError::Closed)?
    }

    async fn hand_over(&self, mut work: Work) -> Result<(), WriteError> {
        loop {
            match self.queue.try_send(work) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => return Err(WriteError::Closed),
                Err(TrySendError::Full(back)) => work = back,
            }
            tokio::time::sleep(FULL_PAUSE).await;
        }
    }

    /// Resolves after the next commit that changed anything. Take it before looking at the database, or a commit in between is missed.
    pub fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }
}

impl Desk {
    fn serve(&mut self, work: &Receiver<Work>) {
        let mut seen = self.version();
        loop {
            let first = match work.recv_timeout(LOOK_EVERY) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => {
                    seen = self.look_around(seen);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let batch = std::iter::once(first).chain(work.try_iter().take(BATCH_MAX - 1));
            let before = self.conn.total_changes();
            let (answers, outcome) = self.commit(batch);
            crate::fail::point("after_commit_before_answer");
            // Work that changed nothing is no news: loops that look after every commit would wake themselves for ever.
            // Nor does it prove that the database takes writes.
            let news = outcome.is_ok() && self.conn.total_changes() != before;
            if news || outcome.is_err() {
                self.standing.set(outcome.as_ref().err());
            }
            for answer in answers {
                answer(outcome.clone());
            }
            if news {
                self.changed.notify_waiters();
            }
        }
    }

    /// Whoever else wrote meanwhile, such as `bot queue pause`, is heard as if it had been written here. A file that was taken
    /// away is known before the next order.
    fn look_around(&self, seen: Option<i64>) -> Option<i64> {
        if let Some(refusal) = self.moved() {
            self.standing.set(Some(&refusal));
        }
        let found = self.version();
        if found != seen {
            self.changed.notify_waiters();
        }
        found
    }

    fn moved(&self) -> Option<Refusal> {
        self.place.as_ref().and_then(Place::refusal)
    }

    /// Changes with every commit of another connection, and with none of this one.
    fn version(&self) -> Option<i64> {
        let version = self.conn.prepare_cached(VERSION);
        version
            .and_then(|mut version| version.query_row([], |row| row.get(0)))
            .ok()
    }

    /// Runs the batch in one transaction. When the commit fails, every piece of it has failed.
    fn commit(&mut self, batch: impl Iterator<Item = Work>) -> (Vec<Answer>, Result<(), Refusal>) {
        let refuse = |batch: &mut dyn Iterator<Item = Work>, refusal: Refusal| {
            (
                batch.map(|work| work(Err(&refusal)).answer).collect(),
                Err(refusal),
            )
        };
        let mut batch = batch;
        if let Some(refusal) = self.moved() {
            return refuse(&mut batch, refusal);
        }
        let tx = match self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
        {
            Ok(tx) => tx,
            Err(error) => return refuse(&mut batch, told(&error)),
        };
        if let Err(error) = (self.first)(&tx) {
            let refusal = refusal_of(&error).unwrap_or_else(|| Refusal {
                fault: CommitFault::Other,
                reason: format!("{error:#}"),
            });
            return refuse(&mut batch, refusal);
        }
        let mut answers = Vec::new();
        let mut broken: Option<Refusal> = None;
        for work in batch {
            // Without savepoints pieces cannot be told apart: whatever comes after is refused, and nothing is
            // committed.
            let piece = match &broken {
                Some(refusal) => Err((work(Err(refusal)).answer, refusal.clone())),
                None => in_savepoint(&tx, work),
            };
            answers.push(piece.unwrap_or_else(|(answer, refusal)| {
                broken = Some(refusal);
                answer
            }));
        }
        let moved = || self.place.as_ref().and_then(Place::refusal);
        if let Some(refusal) = broken.or_else(moved) {
            return (answers, Err(refusal));
        }
        crate::fail::point("before_commit");
        (answers, tx.commit().map_err(|error| told(&error)))
    }
}

/// One piece of work; what it did is undone when it failed. The statements are prepared once, not for every piece.
fn in_savepoint(conn: &Connection, work: Work) -> Result<Answer, (Answer, Refusal)> {
    let say = |statement| conn.prepare_cached(statement)?.execute([]);
    if let Err(error) = say(SAVEPOINT) {
        let refusal = told(&error);
        return Err((work(Err(&refusal)).answer, refusal));
    }
    let done = work(Ok(conn));
    if let Some(refusal) = done.refusal {
        return Err((done.answer, refusal));
    }
    let undone = if done.keep { Ok(0) } else { say(ROLLBACK_TO) };
    match undone.and_then(|_| say(RELEASE)) {
        Ok(_) => Ok(done.answer),
        Err(error) => Err((done.answer, told(&error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> (Writer, thread::JoinHandle<()>) {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE t (a INTEGER UNIQUE) STRICT")
            .unwrap();
        Writer::start(conn)
    }

    fn count(conn: &Connection) -> anyhow::Result<i64> {
        Ok(conn.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)
    }

    #[tokio::test]
    async fn a_failed_piece_of_work_leaves_nothing_and_harms_nobody() {
        let (writer, _thread) = writer();
        let insert = |value: i64| {
            writer.run(move |conn| {
                conn.execute("INSERT INTO t VALUES (?1)", [value])?;
                anyhow::ensure!(value != 2, "two is refused");
                Ok(value)
            })
        };
        let (one, two, three) = tokio::join!(insert(1), insert(2), insert(3));
        assert_eq!((one.unwrap(), three.unwrap()), (1, 3));
        assert!(matches!(two, Err(WriteError::Work(_))));
        assert_eq!(writer.run(count).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_commit_is_heard_by_those_who_asked_before() {
        let (writer, _thread) = writer();
        let changed = writer.changed();
        tokio::pin!(changed);
        changed.as_mut().enable();
        writer
            .run(|conn| Ok(conn.execute("INSERT INTO t VALUES (1)", [])?))
            .await
            .unwrap();
        tokio::time::timeout(Duration::from_secs(5), changed)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn work_that_changes_nothing_wakes_nobody() {
        let (writer, _thread) = writer();
        let changed = writer.changed();
        tokio::pin!(changed);
        changed.as_mut().enable();
        writer.run(count).await.unwrap();
        assert!(!changed.as_mut().enable());
    }

    #[tokio::test]
    async fn a_full_database_says_so_and_the_works_own_refusal_does_not_count() {
        let (writer, _thread) = writer();
        let insert =
            |value: i64| writer.run(move |conn| Ok(conn.execute("INSERT INTO t VALUES (?1)", [value])?));
        let pages = |count: i64| {
            writer.run(move |conn| {
                conn.pragma_update_and_check(None, "max_page_count", count, |_| Ok(()))?;
                Ok(())
            })
        };
        let grow = || writer.run(|conn| Ok(conn.execute_batch("CREATE TABLE more (a)")?));
        insert(1).await.unwrap();
        assert!(matches!(insert(1).await, Err(WriteError::Work(_))));
        assert_eq!(writer.standing().refusal(), None);
        pages(1).await.unwrap();
        assert!(matches!(grow().await, Err(WriteError::Database(_))));
        assert!(
            writer
                .standing()
                .refusal()
                .unwrap()
                .starts_with("the disk is full")
        );
        let failed = writer.standing().failed_commits();
        assert_eq!(failed, (1, Some(CommitFault::Full)));
        assert_eq!(writer.run(count).await.unwrap(), 1);
        assert!(writer.standing().refusal().is_some(), "reading proves nothing");
        pages(1_000).await.unwrap();
        grow().await.unwrap();
        insert(2).await.unwrap();
        assert_eq!(writer.standing().refusal(), None);
    }

    #[tokio::test]
    async fn what_comes_first_is_written_before_anything_else() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE t (a INTEGER UNIQUE) STRICT")
            .unwrap();
        let (writer, _thread) = Writer::start_with(conn, None, |conn| {
            conn.execute("INSERT INTO t VALUES (7) ON CONFLICT DO NOTHING", [])?;
            Ok(())
        });
        assert_eq!(writer.run(count).await.unwrap(), 1);
    }
}
