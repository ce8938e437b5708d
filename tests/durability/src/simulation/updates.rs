//! Updates from Telegram, a step at a time: delivered, repeated, out of order between people, stored, handled, and
//! some of them such that they cannot be handled.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use bot::{
    inbox::{self, BATCH_MAX, UpdateId},
    shop::customer::CustomerId,
    telegram::{
        event::{self, Parsed},
        router,
    },
};
use rand::{
    Rng,
    seq::{IndexedRandom, SliceRandom},
};
use serde_json::{Value, json};

use super::{CUSTOMERS, Simulation};

const WAITING: &str = "SELECT count(*) FROM inbox WHERE state = 'new'";
const STATES: &str = "SELECT update_id, state FROM inbox ORDER BY update_id";
/// What handling says of one that it cannot handle.
const POISON: &str = "nobody can read this";

/// What people did, as Telegram keeps it until it is confirmed.
#[derive(Default)]
pub(super) struct Updates {
    all: Vec<Update>,
    /// Those before this one are confirmed: Telegram has forgotten them.
    confirmed: usize,
    /// What was handled, in that order.
    handled: Vec<usize>,
}

struct Update {
    user: i64,
    body: Value,
    is_poison: bool,
}

impl Simulation {
    /// Somebody writes, or presses a button.
    pub(super) fn act(&mut self) -> Result<()> {
        let (user, number) = (self.chance.random_range(CUSTOMERS), self.updates.all.len());
        let person = json!({ "id": user, "is_bot": false, "first_name": "Budi" });
        let chat = json!({ "id": user, "type": "private", "first_name": "Budi" });
        // Whoever writes their own client presses under any of their messages, the frames for their goods among them.
        let own = self.telegram.of_chat(CustomerId(user));
        // Most of all under the newest, which may still be on its way.
        let newest = own.last().filter(|_| self.chance.random_bool(0.5));
        let under = newest.or_else(|| own.choose(&mut self.chance));
        let under = under.map_or(1_000_000, |message| message.0);
        let message =
            json!({ "message_id": under, "date": 1, "from": person, "chat": chat, "text": "/start" });
        let data = format!("buy:{}", self.product.0);
        let body = if self.chance.random_bool(0.5) {
            json!({ "update_id": number, "message": message })
        } else {
            json!({ "update_id": number, "callback_query": { "id": number.to_string(), "from": person,
                "chat_instance": "c", "data": data, "message": message } })
        };
        let is_poison = self.chance_of(0.1);
        self.updates.all.push(Update {
            user,
            body,
            is_poison,
        });
        self.tell(format!("{user} does {number}"));
        Ok(())
    }

    /// Telegram delivers what is not confirmed, several at once; the bot stores them, and may die or be cut off before
    /// it confirms: then they come again.
    pub(super) fn receive(&mut self) -> Result<()> {
        let waiting = self.updates.confirmed..self.updates.all.len();
        let count = waiting.len().min(self.chance.random_range(1..6));
        let mut numbers: Vec<usize> = waiting.take(count).collect();
        if self.chance_of(0.4) {
            self.disorder(&mut numbers);
        }
        for number in &numbers {
            let body = self.updates.all[*number].body.to_string();
            inbox::store::store(&self.conn, UpdateId(i64::try_from(*number)?), &body, self.now)?;
        }
        if self.chance_of(0.2) {
            self.tell(format!("{numbers:?} are stored and not confirmed"));
        } else {
            self.updates.confirmed += count;
        }
        Ok(())
    }

    /// One person's updates keep their order; those of others may overtake them.
    fn disorder(&mut self, numbers: &mut [usize]) {
        let mut users: Vec<i64> = numbers
            .iter()
            .map(|number| self.updates.all[*number].user)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        users.shuffle(&mut self.chance);
        let place = |number: &usize| {
            let user = self.updates.all[*number].user;
            users.iter().position(|known| *known == user)
        };
        numbers.sort_by_key(|number| (place(number), *number));
    }

    /// The oldest update of somebody is handled, as the inbox does: in one transaction with all that it causes.
    pub(super) fn handle(&mut self) -> Result<()> {
        let batch = inbox::store::waiting_batch(&self.conn, BATCH_MAX)?;
        let mut heads: Vec<(UpdateId, String, i64)> = Vec::new();
        for (id, body) in batch {
            let user = self.updates.all[usize::try_from(id.0)?].user;
            if heads.iter().all(|(_, _, known)| *known != user) {
                heads.push((id, body, user));
            }
        }
        if heads.is_empty() {
            return Ok(());
        }
        let at = self.chance.random_range(0..heads.len());
        let (id, body, _) = heads.swap_remove(at);
        let number = usize::try_from(id.0)?;
        let is_poison = self.updates.all[number].is_poison;
        let done = self.transaction(|world| {
            let is_first = inbox::store::done(&world.conn, id, world.now)?;
            if let (true, Parsed::Event(event)) = (is_first, event::parse(&body)) {
                router::handle(&world.conn, &world.shop, &event, world.now)?;
            }
            if is_poison {
                bail!(POISON);
            }
            Ok(is_first)
        });
        match done {
            Ok(true) => self.updates.handled.push(number),
            Ok(false) => {}
            Err(error) if error.to_string() == POISON => {
                let is_set_aside = inbox::store::failed(&self.conn, id, POISON, self.now)?;
                self.tell(format!("{number} fails; set aside: {is_set_aside}"));
            }
            Err(error) => return Err(error.context(format!("handling update {number}"))),
        }
        Ok(())
    }

    /// Everything comes in and is handled.
    pub(super) fn empty_inbox(&mut self) -> Result<()> {
        while self.updates.confirmed < self.updates.all.len() {
            self.receive()?;
        }
        while self.conn.query_row(WAITING, [], |row| row.get::<_, i64>(0))? > 0 {
            self.handle()?;
        }
        Ok(())
    }

    /// Once each, and in each person's order.
    pub(super) fn fault_in_updates(&self) -> Option<String> {
        let mut last = [None; 8];
        for number in &self.updates.handled {
            let user = usize::try_from(self.updates.all[*number].user).unwrap_or(0);
            if last[user].is_some_and(|last| last >= *number) {
                return Some(format!("update {number} of {user} was handled twice or too late"));
            }
            last[user] = Some(*number);
        }
        None
    }

    /// None is lost, and only those that nobody can handle are set aside.
    pub(super) fn fault_in_inbox_at_rest(&self) -> Result<Option<String>> {
        let mut rows = self.conn.prepare(STATES)?;
        let rows: Vec<(i64, String)> = rows
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        if rows.len() != self.updates.all.len() {
            return Ok(Some(format!(
                "of {} updates {} are stored",
                self.updates.all.len(),
                rows.len()
            )));
        }
        let wrong = rows.iter().zip(&self.updates.all).find(|((_, state), update)| {
            let wanted = if update.is_poison { "poison" } else { "done" };
            state != wanted
        });
        Ok(wrong.map(|((id, state), _)| format!("update {id} ends as {state}")))
    }
}
