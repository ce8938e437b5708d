//! One thread owns the only connection that writes. Callers hand it work and wait; it puts what waits into one
//! transaction, a savepoint each, commits once and answers everybody.
//! Work must not wait for anything: it runs while the write lock is held.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use rusqlite::{Connection, TransactionBehavior};
use thiserror::Error;
use tokio::sync::{Notify, oneshot};

/// Work that may wait; more callers than that wait for a place.
const QUEUE_MAX: usize = 1_024;
/// Pieces of work in one transaction: bounds both latency and what one failed commit takes down.
const BATCH_MAX: usize = 256;
/// How long a caller waits for a place in the queue before it tries again.
const FULL_PAUSE: Duration = Duration::from_millis(5);

/// Why a piece of work left nothing behind.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The work itself refused or failed; its savepoint was rolled back.
    #[error(transparent)]
    Work(#[from] anyhow::Error),
    /// The transaction around it could not be begun or committed: a full disk, a read-only file.
    #[error("the shop's database does not take writes: {0}")]
    Database(String),
    /// The writer has stopped.
    #[error("the shop's database is closed: the bot is stopping")]
    Closed,
}

const SAVEPOINT: &str = "SAVEPOINT piece";
const ROLLBACK_TO: &str = "ROLLBACK TO piece";
const RELEASE: &str = "RELEASE piece";

/// Does one piece of work, or is told why no transaction could be begun.
type Work = Box<dyn FnOnce(Result<&Connection, &str>) -> Done + Send>;
/// Tells the caller how it went, once the commit is known to have succeeded or failed.
type Answer = Box<dyn FnOnce(Result<(), String>) + Send>;

/// What is left of a piece of work once it has run.
struct Done {
    /// Whether its savepoint is kept.
    keep: bool,
    answer: Answer,
}

/// The way to the writing thread. Cheap to clone; the thread ends when the last one is dropped.
#[derive(Clone)]
pub struct Writer {
    queue: SyncSender<Work>,
    changed: Arc<Notify>,
}

impl Writer {
    /// Starts the thread on a connection that is open and migrated.
    #[must_use]
    pub fn start(conn: Connection) -> (Self, thread::JoinHandle<()>) {
        let (queue, work) = sync_channel(QUEUE_MAX);
        let changed = Arc::new(Notify::new());
        let bell = Arc::clone(&changed);
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || serve(conn, &work, &bell))
            .expect("the system gives one thread at start");
        (Self { queue, changed }, thread)
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
                Ok(conn) => work(conn).map_err(WriteError::Work),
                Err(reason) => Err(WriteError::Database(reason.to_owned())),
            };
            let keep = result.is_ok();
            let answer: Answer = Box::new(move |commit| {
                // A caller that gave up does not change what was committed.
                let _ = reply.send(commit.map_err(WriteError::Database).and(result));
            });
            Done { keep, answer }
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

fn serve(mut conn: Connection, work: &Receiver<Work>, changed: &Notify) {
    while let Ok(first) = work.recv() {
        let batch = std::iter::once(first).chain(work.try_iter().take(BATCH_MAX - 1));
        let before = conn.total_changes();
        let (answers, outcome) = commit(&mut conn, batch);
        crate::fail::point("after_commit_before_answer");
        // Work that changed nothing is no news: loops that look after every commit would wake themselves for ever.
        let news = outcome.is_ok() && conn.total_changes() != before;
        for answer in answers {
            answer(outcome.clone());
        }
        if news {
            changed.notify_waiters();
        }
    }
}

/// Runs the batch in one transaction. When the commit fails, every piece of it has failed.
fn commit(conn: &mut Connection, batch: impl Iterator<Item = Work>) -> (Vec<Answer>, Result<(), String>) {
    let tx = match conn.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(tx) => tx,
        Err(error) => {
            let reason = error.to_string();
            return (batch.map(|work| work(Err(&reason)).answer).collect(), Err(reason));
        }
    };
    let mut answers = Vec::new();
    let mut broken: Option<String> = None;
    for work in batch {
        // Without savepoints pieces cannot be told apart: whatever comes after is refused, and nothing is committed.
        let piece = match &broken {
            Some(reason) => Err((work(Err(reason)).answer, reason.clone())),
            None => in_savepoint(&tx, work),
        };
        answers.push(piece.unwrap_or_else(|(answer, reason)| {
            broken = Some(reason);
            answer
        }));
    }
    if let Some(reason) = broken {
        return (answers, Err(reason));
    }
    crate::fail::point("before_commit");
    (answers, tx.commit().map_err(|error| error.to_string()))
}

/// One piece of work; what it did is undone when it failed. The statements are prepared once, not for every piece.
fn in_savepoint(conn: &Connection, work: Work) -> Result<Answer, (Answer, String)> {
    let say = |statement| conn.prepare_cached(statement)?.execute([]);
    if let Err(error) = say(SAVEPOINT) {
        let reason = error.to_string();
        return Err((work(Err(&reason)).answer, reason));
    }
    let done = work(Ok(conn));
    let undone = if done.keep { Ok(0) } else { say(ROLLBACK_TO) };
    match undone.and_then(|_| say(RELEASE)) {
        Ok(_) => Ok(done.answer),
        Err(error) => Err((done.answer, error.to_string())),
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
    async fn a_database_that_cannot_write_says_so() {
        let (writer, _thread) = writer();
        writer
            .run(|conn| Ok(conn.pragma_update(None, "query_only", "on")?))
            .await
            .unwrap();
        let refused = writer
            .run(|conn| Ok(conn.execute("INSERT INTO t VALUES (1)", [])?))
            .await;
        assert!(refused.is_err());
    }
}
