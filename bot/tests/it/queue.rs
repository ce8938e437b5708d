//! The queue's verbs on a real database: what a late worker may not do, and what a restart takes up.

use bot::{
    db,
    queue::{Boot, Job, LEASE, NewJob, Priority, RESCUES_MAX, store},
};
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
        let job = NewJob {
            kind: "test",
            payload: key.to_owned(),
            priority,
            run_at,
            unique_key: Some(key.to_owned()),
        };
        store::enqueue(&self.conn, &job, NOW).unwrap().is_some()
    }

    fn claim(&self, limit: usize, now: UnixMillis) -> Vec<Job> {
        store::claim(&self.conn, limit, BOOT, now).unwrap()
    }

    fn plan(&self, statement: &str) -> String {
        let mut explained = self
            .conn
            .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
            .unwrap();
        let rows = explained.query_map([], |row| row.get::<_, String>(3)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }
}

#[test]
fn a_key_is_there_once_until_its_job_is_done() {
    let queue = Queue::new();
    assert!(queue.add("a", Priority::CUSTOMER, NOW));
    assert!(!queue.add("a", Priority::CUSTOMER, NOW));
    let job = queue.claim(1, NOW).remove(0);
    assert!(store::complete(&queue.conn, job.claim).unwrap());
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
    let after = NOW.plus(LEASE);
    assert!(store::rescue(&queue.conn, BOOT, after).unwrap().is_empty());
    let fresh = queue.claim(1, after).remove(0);
    assert!(!store::complete(&queue.conn, late.claim).unwrap());
    assert!(!store::retry(&queue.conn, late.claim, after, "late").unwrap());
    assert!(!store::discard(&queue.conn, late.claim, "late", after).unwrap());
    assert!(store::complete(&queue.conn, fresh.claim).unwrap());
}

#[test]
fn a_restart_takes_up_at_once_what_another_boot_was_doing() {
    let queue = Queue::new();
    queue.add("a", Priority::CUSTOMER, NOW);
    queue.claim(1, NOW);
    store::rescue(&queue.conn, Boot(2), NOW).unwrap();
    assert_eq!(store::claim(&queue.conn, 1, Boot(2), NOW).unwrap().len(), 1);
}

#[test]
fn a_job_that_takes_the_bot_down_again_and_again_is_set_aside() {
    let queue = Queue::new();
    queue.add("a", Priority::CUSTOMER, NOW);
    let mut buried = Vec::new();
    for boot in 1..=i64::from(RESCUES_MAX) + 1 {
        assert_eq!(store::claim(&queue.conn, 1, Boot(boot), NOW).unwrap().len(), 1);
        buried = store::rescue(&queue.conn, Boot(boot + 1), NOW).unwrap();
    }
    assert_eq!(buried, ["test"]);
    assert_eq!(store::counts(&queue.conn).unwrap().0.dead, 1);
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
fn claiming_looks_at_ready_jobs_only() {
    let queue = Queue::new();
    let plan = queue.plan("SELECT id FROM job WHERE state = 'ready' ORDER BY priority, id LIMIT 10");
    assert_eq!(plan, "SCAN job USING COVERING INDEX job_ready");
    let due = queue.plan("UPDATE job SET state = 'ready' WHERE state = 'scheduled' AND run_at <= 5");
    assert!(due.contains("job_due"), "{due}");
}
