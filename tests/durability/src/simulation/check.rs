//! What must be true after every step, and what must be true when everything has come to rest.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::Result;
use bot::shop::{
    audit,
    order::{self, State},
    payment::Status,
    stock,
};

use super::Simulation;

/// Rounds until everything must be quiet.
const ROUNDS_MAX: usize = 90;

const UNSENT: &str = "SELECT count(*) FROM send WHERE state IN ('waiting', 'sending')";
const DEAD: &str = "SELECT count(*) FROM dead_job";
const ROWS_OF_GOODS: &str = "SELECT id, order_id FROM send WHERE purpose = 'goods'";
const REPEATED: &str = "SELECT count(*) FROM send WHERE policy <> 'harmless' AND repeats > 1";

impl Simulation {
    /// What is wrong at this moment.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) fn fault(&self) -> Result<Option<String>> {
        if let Some(fault) = audit::store::inspect(&self.conn)?.faults.into_iter().next() {
            return Ok(Some(fault));
        }
        let repeated: i64 = self.conn.query_row(REPEATED, [], |row| row.get(0))?;
        if repeated > 0 {
            return Ok(Some(format!("{repeated} notices were repeated more than once")));
        }
        self.fault_in_goods()
    }

    /// One content an order, one order a content, and each frame filled once.
    fn fault_in_goods(&self) -> Result<Option<String>> {
        let mut rows = self.conn.prepare_cached(ROWS_OF_GOODS)?;
        let orders: BTreeMap<i64, i64> = rows
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut contents: BTreeMap<i64, BTreeSet<&str>> = BTreeMap::new();
        let mut filled = BTreeSet::new();
        for (row, message, words) in &self.telegram.pushes {
            let Some(order) = orders.get(&row.0) else { continue };
            contents.entry(*order).or_default().insert(words);
            if !filled.insert((row.0, message.0)) {
                return Ok(Some(format!("the goods of order {order} were pushed twice")));
            }
        }
        for (id, words) in &contents {
            let content = stock::store::content(&self.conn, order::OrderId(*id))?.unwrap_or_default();
            if words.len() > 1 || !words.iter().all(|words| words.contains(&content)) {
                return Ok(Some(format!("order {id} was sent different contents: {words:?}")));
            }
        }
        Ok(None)
    }

    /// Nothing goes wrong any more; time passes until nobody has anything left to do.
    pub(super) fn come_to_rest(&mut self) -> Result<()> {
        self.calm = true;
        for _ in 0..ROUNDS_MAX {
            self.claim()?;
            while !self.hands.is_empty() {
                self.work()?;
            }
            self.begin_sends()?;
            while !self.wire.is_empty() {
                self.land_one()?;
            }
            self.now = self.now.plus(Duration::from_secs(20));
        }
        Ok(())
    }

    /// Whoever paid has goods, or the money is on the list of what is due.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) fn fault_at_rest(&self) -> Result<Option<String>> {
        let unsent: i64 = self.conn.query_row(UNSENT, [], |row| row.get(0))?;
        let dead: i64 = self.conn.query_row(DEAD, [], |row| row.get(0))?;
        if (unsent, dead) != (0, 0) {
            return Ok(Some(format!(
                "at rest {unsent} messages wait and {dead} jobs are dead"
            )));
        }
        for transaction in &self.gateway.transactions {
            let Some(order) = order::store::by_code(&self.conn, &transaction.order)? else {
                return Ok(Some(format!("the order {} is lost", transaction.order)));
            };
            let settled = matches!(order.state, State::Delivered | State::Review | State::RefundDue);
            if transaction.status == Status::Completed && !settled {
                return Ok(Some(format!(
                    "order {} is paid and stands at {:?}",
                    order.id.0, order.state
                )));
            }
        }
        Ok(None)
    }
}
