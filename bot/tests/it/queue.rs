//! The queue's verbs on a real database: what a late worker may not do, what a restart takes up, what keys, pauses
//! and limits hold back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bot::{
    db,
    queue::{
        Boot, Claim, Claimed, Job, JobId, NewJob, Policy, Priority, QueueName, RESCUES_MAX, Unique,
        limit::Rate,
        periodic::{Missed, Periodic},
        store,
    },
};
use jiff::tz::TimeZone;
use protocol::time::UnixMillis;
use rusqlite::Connection;

const NOW: UnixMillis = UnixMillis(1_000_000);
const BOOT: Boot = Boot(1);

struct Queue {
    conn: Connection,
    _dir: tempfile::TempDir,
}

impl Queue {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut conn = db::open_writer(&dir.path().join("shop.db")).unwrap();
        db::migrate(&mut conn).unwrap();
        Self { conn, _dir: dir }
    }

    fn add(&self, key: &str, priority: Priority, run_at: UnixMillis) -> bool {
        self.put(
            QueueName::MONEY,
            key,
            priority,
            run_at,
            Unique::Present(key.to_owned()),
            NOW,
        )
        .is_some()
    }

    fn put(
        &self,
        queue: QueueName,
        payload: &str,
        priority: Priority,
        run_at: UnixMillis,
        unique: Unique,
        now: UnixMillis,
    ) -> Option<JobId> {
        let payload = payload.to_owned();
        let job = NewJob {
            queue,
            kind: "test",
            payload,
            priority,
            run_at,
            unique,
        };
        store::enqueue(&self.conn, &job, now).unwrap()
    }

    fn fill(&self, queue: QueueName, count: usize) {
        for _ in 0..count {
            self.put(queue, queue.0, Priority::CUSTOMER, NOW, Unique::No, NOW)
                .unwrap();
        }
    }

    fn claim(&self, limit: usize, now: UnixMillis) -> Vec<Job> {
        self.look(limit, now).jobs
    }

    fn look(&self, limit: usize, now: UnixMillis) -> Claimed {
        store::claim(&self.conn, limit, BOOT, now, usual).unwrap()
    }

    fn count(&self, statement: &str) -> i64 {
        self.conn.query_row(statement, [], |row| row.get(0)).unwrap()
    }
}

fn usual(kind: &str) -> Policy {
    match kind {
        "slow" => Policy {
            time_limit: Duration::from_secs(600),
            ..Policy::USUAL
        },
        _ => Policy::USUAL,
    }
}

fn later(seconds: u64) -> UnixMillis {
    NOW.plus(Duration::from_secs(seconds))
}

#[test]
fn a_key_is_there_once_until_its_job_is_done() {
    let queue = Queue::new();
    assert!(queue.add("a", Priority::CUSTOMER, NOW));
    assert!(!queue.add("a", Priority::CUSTOMER, NOW));
    let job = queue.claim(1, NOW).remove(0);
    assert!(store::complete(&queue.conn, job.claim, NOW).unwrap());
    assert!(queue.add("a", Priority::CUSTOMER, NOW));
}

#[test]
fn the_urgent_and_then_the_old_come_first_and_the_scheduled_not_before_their_time() {
    let queue = Queue::new();
    queue.add("upkeep", Priority::UPKEEP, NOW);
    queue.add("later", Priority::GOODS, UnixMillis(NOW.0 + 5_000));
    queue.add("first", Priority::CUSTOMER, NOW);
    queue.add("goods", Priority::GOODS, NOW);
    let order: Vec<String> = queue.claim(10, NOW).into_iter().map(|job| job.payload).collect();
    assert_eq!(order, ["goods", "first", "upkeep"]);
    assert_eq!(
        store::next_due(&queue.conn).unwrap(),
        Some(UnixMillis(NOW.0 + 5_000))
    );
    assert_eq!(queue.claim(10, UnixMillis(NOW.0 + 5_000)).len(), 1);
}

#[test]
fn a_late_workers_word_does_not_count() {
    let queue = Queue::new();
    queue.add("a", Priority::CUSTOMER, NOW);
    let late = queue.claim(1, NOW).remove(0);
    let after = NOW.plus(Policy::USUAL.lease());
    assert!(store::rescue(&queue.conn, BOOT, after).unwrap().is_empty());
    let fresh = queue.claim(1, after).remove(0);
    assert!(!store::complete(&queue.conn, late.claim, after).unwrap());
    assert!(!store::retry(&queue.conn, late.claim, after, "late").unwrap());
    assert!(!store::discard(&queue.conn, late.claim, "late", after).unwrap());
    assert!(store::complete(&queue.conn, fresh.claim, after).unwrap());
}

#[test]
fn a_restart_takes_up_at_once_what_another_boot_was_doing() {
    let queue = Queue::new();
    queue.add("a", Priority::CUSTOMER, NOW);
    queue.claim(1, NOW);
    store::rescue(&queue.conn, Boot(2), NOW).unwrap();
    assert_eq!(
        store::claim(&queue.conn, 1, Boot(2), NOW, usual)
            .unwrap()
            .jobs
            .len(),
        1
    );
}

#[test]
fn a_job_that_takes_the_bot_down_again_and_again_is_set_aside() {
    let queue = Queue::new();
    queue.add("a", Priority::CUSTOMER, NOW);
    let mut buried = Vec::new();
    for boot in 1..=i64::from(RESCUES_MAX) + 1 {
        assert_eq!(
            store::claim(&queue.conn, 1, Boot(boot), NOW, usual)
                .unwrap()
                .jobs
                .len(),
            1
        );
        buried = store::rescue(&queue.conn, Boot(boot + 1), NOW).unwrap();
    }
    let kinds: Vec<&str> = buried.iter().map(|job| &*job.kind).collect();
    assert_eq!(kinds, ["test"]);
    assert_eq!(store::counts(&queue.conn).unwrap().0.dead, 1);
}

#[test]
fn a_restart_in_the_middle_of_a_job_is_not_held_against_it_for_ever() {
    let queue = Queue::new();
    queue.add("a", Priority::CUSTOMER, NOW);
    for boot in 1..=4 * i64::from(RESCUES_MAX) {
        let claimed = store::claim(&queue.conn, 1, Boot(boot), NOW, usual).unwrap();
        let job = claimed.jobs.into_iter().next().unwrap();
        if boot % 3 == 0 {
            assert!(store::snooze(&queue.conn, job.claim, NOW).unwrap());
        }
        let buried = store::rescue(&queue.conn, Boot(boot + 1), NOW).unwrap();
        assert!(buried.is_empty(), "given up at boot {boot}");
    }
}

#[test]
fn a_snooze_is_no_try() {
    let queue = Queue::new();
    queue.add("a", Priority::CUSTOMER, NOW);
    for _ in 0..50 {
        let job = queue.claim(1, NOW).remove(0);
        assert_eq!(job.attempt, 1);
        store::snooze(&queue.conn, job.claim, NOW).unwrap();
    }
}

#[test]
fn a_key_of_the_waiting_is_free_again_once_its_job_is_begun() {
    let queue = Queue::new();
    let put = || {
        queue.put(
            QueueName::UPKEEP,
            "",
            Priority::UPKEEP,
            NOW,
            Unique::Waiting("a".to_owned()),
            NOW,
        )
    };
    assert!(put().is_some());
    assert!(put().is_none());
    let begun = queue.claim(1, NOW).remove(0);
    assert!(put().is_some());
    assert!(store::retry(&queue.conn, begun.claim, NOW, "again").unwrap());
    assert_eq!(queue.claim(9, NOW).len(), 2);
}

#[test]
fn a_key_with_a_period_outlives_its_job_and_ends_with_the_period() {
    let queue = Queue::new();
    let day = Duration::from_secs(86_400);
    let put = |now| {
        let unique = Unique::Period("a".to_owned(), day);
        queue.put(QueueName::UPKEEP, "", Priority::UPKEEP, now, unique, now)
    };
    assert!(put(NOW).is_some());
    let job = queue.claim(1, NOW).remove(0);
    store::complete(&queue.conn, job.claim, NOW).unwrap();
    assert!(put(later(86_399)).is_none());
    assert!(put(later(86_400)).is_some());
    store::prune(&queue.conn, later(3 * 86_400)).unwrap();
    assert_eq!(queue.count("SELECT count(*) FROM job_period"), 0);
}

#[test]
fn a_job_that_nobody_has_begun_can_be_taken_back() {
    let queue = Queue::new();
    queue.add("a", Priority::CUSTOMER, NOW);
    queue.add("b", Priority::CUSTOMER, NOW);
    let begun = queue.claim(1, NOW).remove(0);
    assert_eq!(begun.payload, "a");
    assert!(!store::cancel(&queue.conn, "a").unwrap());
    assert!(store::cancel(&queue.conn, "b").unwrap());
    assert!(queue.claim(9, NOW).is_empty());
}

#[test]
fn a_paused_queue_starts_nothing_while_others_go_on() {
    let queue = Queue::new();
    queue.fill(QueueName::MONEY, 2);
    queue.fill(QueueName::DELIVERY, 2);
    assert!(store::pause(&queue.conn, QueueName::MONEY, NOW).unwrap());
    assert!(!store::pause(&queue.conn, QueueName::MONEY, NOW).unwrap());
    assert_eq!(queue.claim(9, NOW).len(), 2);
    assert!(store::resume(&queue.conn, QueueName::MONEY).unwrap());
    assert!(!store::resume(&queue.conn, QueueName::MONEY).unwrap());
    assert!(store::pause(&queue.conn, QueueName::ALL, NOW).unwrap());
    assert!(queue.claim(9, NOW).is_empty());
    assert!(store::resume(&queue.conn, QueueName::ALL).unwrap());
    assert_eq!(queue.claim(9, NOW).len(), 2);
}

#[test]
fn a_queue_never_runs_more_than_its_limit_and_all_never_more_than_theirs() {
    let queue = Queue::new();
    queue.fill(QueueName::MONEY, 5);
    queue.fill(QueueName::DELIVERY, 5);
    store::limit(&queue.conn, QueueName::MONEY, Some(2), None).unwrap();
    store::limit(&queue.conn, QueueName::ALL, Some(6), None).unwrap();
    let first = queue.claim(16, NOW);
    assert_eq!(first.iter().filter(|job| job.payload == "money").count(), 2);
    assert_eq!(first.len(), 6);
    assert!(queue.claim(16, NOW).is_empty());
    let money = first.iter().find(|job| job.payload == "money").unwrap();
    store::complete(&queue.conn, money.claim, NOW).unwrap();
    let next = queue.claim(16, NOW);
    assert_eq!(next.len(), 1);
}

#[test]
fn a_rate_is_obeyed_across_a_restart_and_says_when_it_allows_more() {
    let queue = Queue::new();
    queue.fill(QueueName::MONEY, 9);
    let rate = Rate {
        starts_max: 2,
        per: Duration::from_secs(10),
    };
    store::limit(&queue.conn, QueueName::MONEY, None, Some(rate)).unwrap();
    assert_eq!(queue.claim(16, NOW).len(), 2);
    let empty = queue.look(16, later(1));
    assert!(empty.jobs.is_empty());
    assert_eq!(empty.again_at, Some(later(5)));
    let restarted = store::claim(&queue.conn, 16, Boot(2), later(5), usual).unwrap();
    assert_eq!(restarted.jobs.len(), 1);
}

#[test]
fn a_rate_over_all_queues_binds_them_together() {
    let queue = Queue::new();
    queue.fill(QueueName::MONEY, 2);
    queue.fill(QueueName::DELIVERY, 2);
    let rate = Rate {
        starts_max: 3,
        per: Duration::from_secs(3),
    };
    store::limit(&queue.conn, QueueName::ALL, None, Some(rate)).unwrap();
    let first = queue.look(16, NOW);
    assert_eq!(first.jobs.len(), 3);
    assert_eq!(first.again_at, Some(later(1)));
    assert_eq!(queue.claim(16, later(1)).len(), 1);
}

#[test]
fn a_lease_is_as_long_as_its_kind_needs_and_a_sign_of_life_extends_it() {
    let queue = Queue::new();
    let job = NewJob {
        queue: QueueName::UPKEEP,
        kind: "slow",
        payload: String::new(),
        priority: Priority::UPKEEP,
        run_at: NOW,
        unique: Unique::No,
    };
    store::enqueue(&queue.conn, &job, NOW).unwrap();
    let slow = queue.claim(1, NOW).remove(0);
    store::rescue(&queue.conn, BOOT, later(300)).unwrap();
    assert_eq!(
        store::lease_until(&queue.conn, slow.claim).unwrap(),
        Some(later(610))
    );
    assert!(store::extend(&queue.conn, slow.claim, later(900)).unwrap());
    store::rescue(&queue.conn, BOOT, later(899)).unwrap();
    assert!(store::complete(&queue.conn, slow.claim, later(899)).unwrap());
    assert!(!store::extend(&queue.conn, slow.claim, later(999)).unwrap());
    assert_eq!(store::lease_until(&queue.conn, slow.claim).unwrap(), None);
}

#[test]
fn what_is_done_leaves_the_hot_table_and_its_line_is_forgotten_in_time() {
    let queue = Queue::new();
    queue.fill(QueueName::MONEY, 3);
    for job in queue.claim(3, NOW) {
        assert!(store::complete(&queue.conn, job.claim, NOW).unwrap());
        assert!(!store::complete(&queue.conn, job.claim, NOW).unwrap());
    }
    assert_eq!(queue.count("SELECT count(*) FROM job"), 0);
    assert_eq!(queue.count("SELECT count(*) FROM done_job"), 3);
    assert!(!store::prune(&queue.conn, later(7 * 86_400)).unwrap());
    assert_eq!(queue.count("SELECT count(*) FROM done_job"), 3);
    store::prune(&queue.conn, later(7 * 86_400 + 1)).unwrap();
    assert_eq!(queue.count("SELECT count(*) FROM done_job"), 0);
}

#[test]
fn forgetting_goes_a_little_at_a_time() {
    let queue = Queue::new();
    queue.fill(QueueName::MONEY, 1_500);
    for job in queue.claim(1_500, NOW) {
        store::complete(&queue.conn, job.claim, NOW).unwrap();
    }
    assert!(store::prune(&queue.conn, later(8 * 86_400)).unwrap());
    assert!(!store::prune(&queue.conn, later(8 * 86_400)).unwrap());
    assert_eq!(queue.count("SELECT count(*) FROM done_job"), 0);
}

#[test]
fn many_jobs_that_come_due_together_are_all_made_ready_in_some_looks() {
    let queue = Queue::new();
    for number in 0..600 {
        queue.add(&number.to_string(), Priority::CUSTOMER, later(1));
    }
    let mut claimed = 0;
    for _ in 0..3 {
        claimed += queue.claim(1_000, later(1)).len();
    }
    assert_eq!(claimed, 600);
    assert_eq!(store::next_due(&queue.conn).unwrap(), None);
}

#[test]
fn a_moment_of_a_periodic_job_is_acted_on_once_even_by_two() {
    let queue = Queue::new();
    let job = NewJob {
        queue: QueueName::UPKEEP,
        kind: "test",
        payload: String::new(),
        priority: Priority::UPKEEP,
        run_at: NOW,
        unique: Unique::No,
    };
    let minutely = [Periodic::new("minutely", "0 * * * * *", Missed::All, job).unwrap()];
    let tick = |now| store::tick(&queue.conn, &minutely, &TimeZone::UTC, now).unwrap();
    let midnight = UnixMillis(1_795_305_600_000);
    assert_eq!(tick(midnight), Some(midnight.plus(Duration::from_secs(60))));
    assert_eq!(
        queue.count("SELECT count(*) FROM job"),
        0,
        "a new one begins with its next moment"
    );
    let after_a_gap = midnight.plus(Duration::from_secs(3 * 60 + 30));
    tick(after_a_gap);
    tick(after_a_gap);
    assert_eq!(queue.count("SELECT count(*) FROM job"), 3);
    queue
        .conn
        .execute("DELETE FROM job_tick WHERE tick > ?1 + 120000", [midnight.0])
        .unwrap();
    tick(after_a_gap);
    assert_eq!(
        queue.count("SELECT count(*) FROM job"),
        4,
        "only the moment whose note was lost comes again"
    );
}

#[test]
fn jobs_of_the_first_schema_are_taken_over_with_their_numbers_and_claims() {
    let dir = tempfile::tempdir().unwrap();
    let mut conn = db::open_writer(&dir.path().join("shop.db")).unwrap();
    conn.execute_batch(include_str!("../../migrations/0001_shop.sql"))
        .unwrap();
    conn.execute_batch(
        "PRAGMA user_version = 1;
        INSERT INTO job (kind, payload, state, priority, run_at, unique_key, created_at)
            VALUES ('deliver', '{}', 'ready', 0, 5, 'deliver:1', 5), ('gone', '{}', 'ready', 0, 5, NULL, 5);
        INSERT INTO job (kind, payload, state, priority, run_at, claims, claim, boot, lease_until, created_at)
            VALUES ('poll_payment', '{}', 'running', 1, 5, 2, 2, 1, 5, 5), ('gone', '{}', 'running', 1, 5, 1, 1, 1, 5, 5);
        DELETE FROM job WHERE kind = 'gone';",
    )
    .unwrap();
    db::migrate(&mut conn).unwrap();
    let queue = Queue { conn, _dir: dir };
    let delivery = "SELECT id FROM job WHERE queue = 'delivery' AND unique_key = 'deliver:1'";
    assert_eq!(queue.count(delivery), 1);
    let running = Claim {
        job: JobId(3),
        token: 2,
    };
    assert!(store::complete(&queue.conn, running, NOW).unwrap());
    let next = queue.put(QueueName::MONEY, "", Priority::GOODS, NOW, Unique::No, NOW);
    assert_eq!(next, Some(JobId(5)), "a number is never given twice");
}

#[test]
fn a_look_at_a_hundred_thousand_waiting_jobs_costs_as_little_as_at_ten_thousand() {
    const FILL: &str = "INSERT INTO job (queue, kind, payload, state, priority, run_at, created_at)
        WITH RECURSIVE n (i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
        SELECT CASE i % 2 WHEN 0 THEN 'money' ELSE 'upkeep' END, 'x', '{}', 'ready', i % 3, 1000 + i, i FROM n";
    let mut conn = Connection::open_in_memory().unwrap();
    db::migrate(&mut conn).unwrap();
    // SQLite's own count of steps, which no busy machine changes.
    let looked = |conn: &mut Connection| {
        let steps = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&steps);
        conn.progress_handler(
            100,
            Some(move || {
                count.fetch_add(1, Ordering::Relaxed);
                false
            }),
        )
        .unwrap();
        let found = store::counts(conn).unwrap();
        conn.progress_handler(0, None::<fn() -> bool>).unwrap();
        (found, steps.load(Ordering::Relaxed))
    };
    conn.execute(FILL, [1, 10_000]).unwrap();
    let (_, few) = looked(&mut conn);
    conn.execute(FILL, [10_001, 100_000]).unwrap();
    let ((counts, oldest), many) = looked(&mut conn);
    assert_eq!((counts.ready, oldest), (10_000, Some(UnixMillis(1_001))));
    assert!(many <= few * 2 + 10, "{few} steps became {many}");
}
