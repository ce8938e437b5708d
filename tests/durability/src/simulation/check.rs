//! What must be true after every step, and what must be true when everything has come to rest.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::Result;
use bot::{
    jobs::revive,
    shop::{
        audit,
        order::{self, State},
        payment::Status,
        stock::{self, Item},
    },
};

use super::Simulation;

/// Rounds until everything must be quiet: short ones for whoever waits, long ones until every payment window is over.
const ROUNDS: [(usize, Duration); 2] = [(20, Duration::from_secs(20)), (18, Duration::from_secs(90))];

const UNSENT: &str = "SELECT count(*) FROM send WHERE state IN ('waiting', 'sending')";
const DEAD: &str = "SELECT kind, payload, error FROM dead_job";
const TOLD: &str = "SELECT count(*) FROM incident WHERE kind = 'dead_job'";
const ROWS_OF_GOODS: &str = "SELECT id, order_id, part FROM send WHERE purpose = 'goods'";
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
        if let Some(fault) = self.fault_in_updates() {
            return Ok(Some(fault));
        }
        Ok(self.fault_in_broadcasts()?.or(self.fault_in_goods()?))
    }

    /// One content a part, nothing but what was sold to the order, and each frame filled once and for good.
    fn fault_in_goods(&self) -> Result<Option<String>> {
        let mut rows = self.conn.prepare_cached(ROWS_OF_GOODS)?;
        let rows_of_goods: BTreeMap<i64, (i64, i64)> = rows
            .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
            .collect::<rusqlite::Result<_>>()?;
        let mut contents: BTreeMap<(i64, i64), BTreeSet<&str>> = BTreeMap::new();
        let (mut filled, mut full) = (BTreeSet::new(), BTreeSet::new());
        for (row, message, words) in &self.telegram.pushes {
            let Some((order, part)) = rows_of_goods.get(&row.0) else {
                if full.contains(&message.0) {
                    return Ok(Some(format!(
                        "{row:?} took the place of goods in message {}",
                        message.0
                    )));
                }
                continue;
            };
            full.insert(message.0);
            contents.entry((*order, *part)).or_default().insert(words);
            if !filled.insert((row.0, message.0)) {
                return Ok(Some(format!("the goods of order {order} were pushed twice")));
            }
        }
        for ((id, part), words) in &contents {
            let sold = self.sold_lines(order::OrderId(*id))?;
            let foreign = words
                .iter()
                .flat_map(|words| goods_in(words))
                .find(|line| !sold.contains(*line));
            if words.len() > 1 || foreign.is_some() {
                return Ok(Some(format!(
                    "part {part} of order {id} was sent {} contents; foreign: {foreign:?}",
                    words.len()
                )));
            }
        }
        Ok(None)
    }

    /// The lines that make up an order's goods.
    fn sold_lines(&self, id: order::OrderId) -> Result<BTreeSet<String>> {
        Ok(match stock::store::item(&self.conn, id)? {
            Some(Item::Text(content)) => content.lines().map(str::to_owned).collect(),
            Some(Item::File(file)) => [file.id.0, file.words].into(),
            None => BTreeSet::new(),
        })
    }

    /// Every line of a delivered order was put before somebody.
    fn missing_line(&self, id: order::OrderId) -> Result<Option<String>> {
        let shown: BTreeSet<&str> = self
            .telegram
            .pushes
            .iter()
            .flat_map(|(_, _, words)| goods_in(words))
            .collect();
        let sold = self.sold_lines(id)?;
        Ok(sold.into_iter().find(|line| !shown.contains(&**line)))
    }

    /// Nothing goes wrong any more; time passes until nobody has anything left to do.
    pub(super) fn come_to_rest(&mut self) -> Result<()> {
        self.calm = true;
        self.empty_inbox()?;
        let rounds = ROUNDS
            .iter()
            .flat_map(|(count, length)| std::iter::repeat_n(*length, *count));
        for length in rounds {
            self.finish_broadcasts()?;
            // As housekeeping does once an hour.
            revive::revive(&self.conn, self.now)?;
            self.claim()?;
            while !self.hands.is_empty() {
                self.work()?;
            }
            self.begin_sends()?;
            while !self.wire.is_empty() {
                self.land_one()?;
            }
            self.now = self.now.plus(length);
        }
        Ok(())
    }

    /// Whoever paid has goods, or the money is on the list of what is due.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) fn fault_at_rest(&self) -> Result<Option<String>> {
        let unsent: i64 = self.conn.query_row(UNSENT, [], |row| row.get(0))?;
        let mut dead = self.conn.prepare_cached(DEAD)?;
        let dead: Vec<(String, String, String)> = dead
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        // Jobs of the trade come back; of any other a person hears.
        let told: usize = self.conn.query_row(TOLD, [], |row| row.get(0))?;
        let lost = dead.iter().any(|(kind, ..)| revive::comes_back(kind));
        if unsent > 0 || lost || told < dead.len() {
            return Ok(Some(format!(
                "at rest {unsent} messages wait and these jobs are dead, {told} told: {dead:?}"
            )));
        }
        if let Some(fault) = self.fault_in_inbox_at_rest()? {
            return Ok(Some(fault));
        }
        if let Some(fault) = self.fault_in_broadcasts_at_rest()? {
            return Ok(Some(fault));
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
            if order.state == State::Delivered
                && let Some(line) = self.missing_line(order.id)?
            {
                return Ok(Some(format!(
                    "order {} is delivered without '{line}'",
                    order.id.0
                )));
            }
        }
        Ok(None)
    }
}

/// The goods among words: every item's line begins with the same mark.
fn goods_in(words: &str) -> impl Iterator<Item = &str> {
    words.lines().filter(|line| line.starts_with(super::ITEM_MARK))
}
