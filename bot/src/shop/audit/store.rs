//! The rules across tables, one statement each; every statement counts the rows that break its rule.

use anyhow::Result;
use rusqlite::Connection;

use super::Findings;
use crate::shop::{ledger, money::Rupiah, order};

const QUICK_CHECK: &str = "SELECT quick_check FROM pragma_quick_check LIMIT 1";
const FOREIGN_KEYS: &str = "SELECT count(*) FROM pragma_foreign_key_check";
const STOCK_BY_STATE: &str = "SELECT state, count(*) FROM stock_item GROUP BY state ORDER BY state";
const JOBS_BY_STATE: &str = "SELECT state, count(*) FROM job GROUP BY state
    UNION ALL SELECT 'dead', count(*) FROM dead_job HAVING count(*) > 0";
const OUTBOX_BY_STATE: &str = "SELECT state, count(*) FROM send GROUP BY state ORDER BY state";

const RULES: [(&str, &str); 6] = [
    (
        "paid or delivered orders without a sold item",
        "SELECT count(*) FROM shop_order WHERE state IN ('paid', 'delivered') AND NOT EXISTS
            (SELECT 1 FROM stock_item WHERE order_id = shop_order.id AND state = 'sold')",
    ),
    (
        "items sold to an order that was not paid",
        "SELECT count(*) FROM stock_item JOIN shop_order ON shop_order.id = stock_item.order_id
            WHERE stock_item.state = 'sold' AND shop_order.state NOT IN ('paid', 'delivered')",
    ),
    (
        "items reserved for an order that neither waits nor is under review",
        "SELECT count(*) FROM stock_item JOIN shop_order ON shop_order.id = stock_item.order_id
            WHERE stock_item.state = 'reserved' AND shop_order.state NOT IN ('awaiting_payment', 'review')",
    ),
    (
        "completed payments whose money is not in the ledger",
        "SELECT count(*) FROM payment WHERE state = 'completed' AND paid_amount <> 0 AND NOT EXISTS
            (SELECT 1 FROM ledger_line WHERE payment_id = payment.id)",
    ),
    (
        "orders with money and no completed payment",
        "SELECT count(*) FROM shop_order WHERE paid_at IS NOT NULL AND NOT EXISTS
            (SELECT 1 FROM payment WHERE order_id = shop_order.id AND state = 'completed')",
    ),
    (
        "broadcasts whose people do not add up",
        "SELECT count(*) FROM broadcast WHERE state <> 'cancelled' AND taken <> sent + blocked + unknown + failed
            + (SELECT count(*) FROM send WHERE broadcast_id = broadcast.id AND state IN ('waiting', 'sending'))
            + (SELECT count(*) FROM broadcast_recipient AS again
                WHERE again.broadcast_id = broadcast.id AND again.state = 'again')",
    ),
];

/// Looks at everything.
///
/// # Errors
/// When the database cannot be read.
pub fn inspect(conn: &Connection) -> Result<Findings> {
    let mut faults = Vec::new();
    let quick: String = conn.query_row(QUICK_CHECK, [], |row| row.get(0))?;
    if quick != "ok" {
        faults.push(format!("SQLite finds the file damaged: {quick}"));
    }
    let dangling: i64 = conn.query_row(FOREIGN_KEYS, [], |row| row.get(0))?;
    if dangling > 0 {
        faults.push(format!("{dangling} row(s) point at rows that are not there"));
    }
    for (rule, statement) in RULES {
        let broken: i64 = conn.query_row(statement, [], |row| row.get(0))?;
        if broken > 0 {
            faults.push(format!("{rule}: {broken}"));
        }
    }
    let unbalanced = ledger::store::unbalanced(conn)?;
    if unbalanced > 0 {
        faults.push(format!("postings that do not add up to zero: {unbalanced}"));
    }
    let ledger = ledger::store::balances(conn)?;
    Ok(Findings {
        orders: order::store::count_by_state(conn)?,
        stock: counts(conn, STOCK_BY_STATE)?,
        jobs: counts(conn, JOBS_BY_STATE)?,
        outbox: counts(conn, OUTBOX_BY_STATE)?,
        ledger_sum: Rupiah(ledger.iter().map(|(_, balance)| balance.0).sum()),
        ledger,
        brought_forward: Vec::new(),
        faults,
    })
}

fn counts(conn: &Connection, statement: &str) -> Result<Vec<(String, u64)>> {
    let mut statement = conn.prepare(statement)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
