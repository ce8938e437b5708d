//! The queue's verbs as statements. Each takes the caller's transaction, so that a decision and its work are one,
//! and so that many of them together cost one commit.

mod claim;
mod enqueue;
mod limits;
mod overview;
mod periodic;
mod rescue;
mod revive;
mod settle;
mod upkeep;

pub use claim::{claim, next_due};
pub use enqueue::{cancel, enqueue};
pub use limits::{limit, pause, resume};
pub use overview::{counts, dead, paused, view};
pub use periodic::tick;
pub use rescue::rescue;
pub use revive::{dead_since, revive};
pub use settle::{complete, discard, extend, lease_until, retry, snooze};
pub use upkeep::{next_boot, probe, prune};

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{claim, enqueue, limits, overview, periodic, rescue, revive, settle, upkeep};
    use crate::db;

    fn plan(conn: &Connection, statement: &str) -> String {
        let mut explained = conn.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
        // The plan is the same whatever is bound.
        let rows = explained.raw_query().mapped(|row| row.get::<_, String>(3));
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn no_statement_that_runs_all_the_time_looks_at_more_rows_than_it_needs() {
        let mut conn = Connection::open_in_memory().unwrap();
        db::migrate(&mut conn).unwrap();
        let by_id = "SEARCH job USING INTEGER PRIMARY KEY (rowid=?)";
        let ready = "SEARCH job USING COVERING INDEX job_ready (queue=?)";
        let staged = format!("{by_id}; LIST SUBQUERY 1; SEARCH job USING COVERING INDEX job_due (run_at<?)");
        let plans = [
            (enqueue::ENQUEUE, ""),
            (
                enqueue::CANCEL,
                "SEARCH job USING INDEX job_is_unique (unique_key=?)",
            ),
            (enqueue::TAKE_PERIOD, ""),
            (claim::STAGE, &staged),
            (
                claim::NEXT_QUEUE,
                "SEARCH job USING COVERING INDEX job_ready (queue>?)",
            ),
            (claim::HEAD, ready),
            (claim::KIND, by_id),
            (claim::BEGIN, by_id),
            (claim::NEXT_DUE, "SEARCH job USING COVERING INDEX job_due"),
            (
                limits::RUNNING,
                "SEARCH job USING COVERING INDEX job_running (queue=?)",
            ),
            // Those that run are as many as there are hands.
            (limits::RUNNING_ALL, "SCAN job USING COVERING INDEX job_running"),
            (
                overview::NEXT_PRIORITY,
                "SEARCH job USING COVERING INDEX job_ready (queue=? AND priority>?)",
            ),
            (
                overview::NEXT_QUEUE,
                "SEARCH job USING COVERING INDEX job_ready (queue>?)",
            ),
            (rescue::ORPHANS, "SCAN job USING INDEX job_running"),
            (rescue::RESCUE, by_id),
            (settle::REMEMBER, by_id),
            (settle::REMOVE, by_id),
            (settle::RESCHEDULE, by_id),
            (settle::EXTEND, by_id),
            (settle::LEASE_UNTIL, by_id),
            (settle::BURY, by_id),
            (periodic::LAST, "SEARCH job_tick USING PRIMARY KEY (name=?)"),
        ];
        for (statement, wanted) in plans {
            assert_eq!(plan(&conn, statement), wanted, "{statement}");
        }
    }

    #[test]
    fn forgetting_goes_by_age_and_not_over_everything() {
        let mut conn = Connection::open_in_memory().unwrap();
        db::migrate(&mut conn).unwrap();
        for statement in [
            upkeep::PRUNE_DEAD,
            upkeep::PRUNE_DONE,
            upkeep::PRUNE_PERIODS,
            revive::DEAD_SINCE,
        ] {
            let plan = plan(&conn, statement);
            assert!(plan.starts_with("SEARCH"), "{statement}: {plan}");
        }
    }
}
