//! The loop that runs jobs: it starts without polling, obeys time limits, and stops when it is told to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::anyhow;
use bot::{
    clock::now,
    db::{self, Writer},
    health::{Beat, Hands},
    incident,
    queue::{
        Boot, Job, NewJob, Policy, Priority, QueueName, Unique,
        periodic::{Missed, Periodic},
        retry::Backoff,
        store,
        worker::{Outcome, Worker},
    },
};
use jiff::tz::TimeZone;
use protocol::{incident::IncidentId, time::UnixMillis};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes, and shorter than the loop's own sweep.
const SOON: Duration = Duration::from_secs(4);

struct Running {
    writer: Writer,
    stop: CancellationToken,
    worker: JoinHandle<()>,
    _dir: tempfile::TempDir,
}

fn policy_of(kind: &str) -> Policy {
    let quick = Backoff {
        first: Duration::from_millis(1),
        longest: Duration::from_millis(5),
    };
    match kind {
        "short" => Policy {
            time_limit: Duration::from_millis(150),
            backoff: quick,
            attempts_max: 2,
        },
        _ => Policy {
            backoff: quick,
            attempts_max: 3,
            ..Policy::USUAL
        },
    }
}

fn job(kind: &'static str) -> NewJob {
    NewJob {
        queue: QueueName::MONEY,
        kind,
        payload: String::new(),
        priority: Priority::CUSTOMER,
        run_at: UnixMillis(0),
        unique: Unique::No,
    }
}

/// A shop's database whose periodic jobs are known since two hours ago.
fn shop(dir: &tempfile::TempDir, periodic: &[Periodic]) -> rusqlite::Connection {
    let mut conn = db::open_writer(&dir.path().join("shop.db")).unwrap();
    db::migrate(&mut conn).unwrap();
    let before = UnixMillis(now().0 - 7_200_000);
    store::tick(&conn, periodic, &TimeZone::UTC, before).unwrap();
    conn
}

impl Running {
    fn start<F>(periodic: Vec<Periodic>, work: impl Fn(Writer, Job) -> F + Clone + Send + 'static) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let dir = tempfile::tempdir().unwrap();
        let conn = shop(&dir, &periodic);
        Self::start_on(dir, conn, Boot(1), periodic, work)
    }

    fn start_on<F>(
        dir: tempfile::TempDir,
        conn: rusqlite::Connection,
        boot: Boot,
        periodic: Vec<Periodic>,
        work: impl Fn(Writer, Job) -> F + Clone + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let (writer, _thread) = Writer::start(conn);
        let worker = Worker {
            writer: writer.clone(),
            boot,
            beat: Beat::new("jobs", Duration::from_secs(60)),
            hands: Hands::default(),
            policy_of,
            about: |_, _| Some("W7".to_owned()),
            periodic: periodic.into(),
            timezone: TimeZone::UTC,
        };
        let stop = CancellationToken::new();
        let hand = writer.clone();
        let worker = tokio::spawn(worker.run(stop.clone(), move |job| work(hand.clone(), job)));
        Self {
            writer,
            stop,
            worker,
            _dir: dir,
        }
    }

    async fn add(&self, job: NewJob) {
        self.writer
            .run(move |conn| store::enqueue(conn, &job, now()))
            .await
            .unwrap();
    }

    async fn complete(writer: &Writer, job: &Job) -> Outcome {
        let claim = job.claim;
        assert!(
            writer
                .run(move |conn| store::complete(conn, claim, now()))
                .await
                .unwrap()
        );
        Outcome::Settled
    }

    async fn counts(&self) -> bot::queue::Counts {
        self.writer.run(store::counts).await.unwrap().0
    }

    /// Waits until a job was given up, and answers what the owner is told.
    async fn given_up(&self) -> String {
        let looked = timeout(SOON, async {
            loop {
                let found = self
                    .writer
                    .run(|conn| incident::store::after(conn, IncidentId(0)))
                    .await
                    .unwrap();
                if let Some(incident) = found.into_iter().find(|incident| incident.kind == "dead_job") {
                    return incident.text;
                }
                sleep(Duration::from_millis(5)).await;
            }
        });
        looked.await.expect("a job that was given up is told")
    }
}

async fn heard<T>(from: &mut UnboundedReceiver<T>) -> T {
    timeout(SOON, from.recv())
        .await
        .expect("it happens soon")
        .unwrap()
}

fn ear<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    unbounded_channel()
}

#[tokio::test]
async fn a_job_starts_when_it_is_committed_and_not_when_somebody_looks_next() {
    let (begun, mut begins) = ear();
    let running = Running::start(Vec::new(), move |writer, job| {
        begun.send(()).unwrap();
        async move { Running::complete(&writer, &job).await }
    });
    for _ in 0..3 {
        running.add(job("usual")).await;
        heard(&mut begins).await;
    }
}

#[tokio::test]
async fn a_job_that_fails_is_tried_as_often_as_its_kind_allows_and_then_told() {
    let tries = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&tries);
    let running = Running::start(Vec::new(), move |_, _| {
        count.fetch_add(1, Ordering::Relaxed);
        async { Outcome::Retry(anyhow!("the gateway is away")) }
    });
    running.add(job("usual")).await;
    assert_eq!(
        running.given_up().await,
        "usual W7 · failed · the gateway is away"
    );
    assert_eq!(tries.load(Ordering::Relaxed), 3);
    assert_eq!(running.counts().await.dead, 1);
}

#[tokio::test]
async fn a_job_that_says_nothing_is_stopped_at_its_kinds_limit() {
    let running = Running::start(Vec::new(), |_, _| std::future::pending());
    running.add(job("short")).await;
    assert_eq!(
        running.given_up().await,
        "short W7 · failed · it said nothing for 150ms"
    );
}

#[tokio::test]
async fn a_job_that_gives_signs_of_life_may_take_longer() {
    let (done, mut dones) = ear();
    let running = Running::start(Vec::new(), move |writer, job| {
        let done = done.clone();
        async move {
            for _ in 0..5 {
                let (claim, until) = (job.claim, now().plus(policy_of(&job.kind).lease()));
                assert!(
                    writer
                        .run(move |conn| store::extend(conn, claim, until))
                        .await
                        .unwrap()
                );
                sleep(Duration::from_millis(60)).await;
            }
            let outcome = Running::complete(&writer, &job).await;
            done.send(job.attempt).unwrap();
            outcome
        }
    });
    running.add(job("short")).await;
    assert_eq!(heard(&mut dones).await, 1, "three hundred milliseconds, one try");
}

#[tokio::test]
async fn what_a_killed_bot_was_doing_runs_again_within_a_second_of_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let conn = shop(&dir, &[]);
    store::enqueue(&conn, &job("usual"), now()).unwrap();
    assert_eq!(
        store::claim(&conn, 1, Boot(1), now(), policy_of)
            .unwrap()
            .jobs
            .len(),
        1
    );
    let (begun, mut begins) = ear();
    let started = Instant::now();
    let running = Running::start_on(dir, conn, Boot(2), Vec::new(), move |writer, job| {
        begun.send(job.attempt).unwrap();
        async move { Running::complete(&writer, &job).await }
    });
    assert_eq!(heard(&mut begins).await, 2);
    assert!(started.elapsed() < Duration::from_secs(1));
    drop(running);
}

#[tokio::test]
async fn a_planned_stop_lets_those_that_run_finish_and_begins_nothing() {
    let (begun, mut begins) = ear();
    let running = Running::start(Vec::new(), move |writer, job| {
        let begun = begun.clone();
        async move {
            begun.send(()).unwrap();
            sleep(Duration::from_millis(100)).await;
            Running::complete(&writer, &job).await
        }
    });
    running.add(job("usual")).await;
    heard(&mut begins).await;
    running.stop.cancel();
    timeout(SOON, running.worker)
        .await
        .expect("it stops soon")
        .unwrap();
    let job = job("usual");
    running
        .writer
        .run(move |conn| store::enqueue(conn, &job, now()))
        .await
        .unwrap();
    let (counts, _) = running.writer.run(store::counts).await.unwrap();
    assert_eq!(counts.ready, 1, "the first is done, the second was not begun");
    assert!(begins.try_recv().is_err());
}

#[tokio::test]
async fn a_paused_queue_goes_on_as_soon_as_it_is_resumed() {
    let (begun, mut begins) = ear();
    let running = Running::start(Vec::new(), move |writer, job| {
        begun.send(()).unwrap();
        async move { Running::complete(&writer, &job).await }
    });
    running
        .writer
        .run(|conn| store::pause(conn, QueueName::MONEY, now()))
        .await
        .unwrap();
    running.add(job("usual")).await;
    sleep(Duration::from_millis(50)).await;
    assert!(begins.try_recv().is_err());
    running
        .writer
        .run(|conn| store::resume(conn, QueueName::MONEY))
        .await
        .unwrap();
    heard(&mut begins).await;
}

#[tokio::test]
async fn a_missed_moment_of_a_periodic_job_is_made_up_for_at_the_start() {
    let hourly = Periodic::new("hourly", "0 0 * * * *", Missed::Once, job("usual")).unwrap();
    let (begun, mut begins) = ear();
    let running = Running::start(vec![hourly], move |writer, job| {
        begun.send(job.kind.clone()).unwrap();
        async move { Running::complete(&writer, &job).await }
    });
    assert_eq!(heard(&mut begins).await, "usual");
    sleep(Duration::from_millis(50)).await;
    assert!(
        begins.try_recv().is_err(),
        "one run makes up for two missed hours"
    );
    assert_eq!(running.counts().await.ready, 0);
}
