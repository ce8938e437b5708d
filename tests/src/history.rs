//! Holds what the world recorded against the shop's database, after a run full of crashes: who paid, what was pushed
//! into which chat, and what the rows say about it. It asks the bot nothing and believes none of its logs.

mod announcements;
mod goods;

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use announcements::ANNOUNCEMENT;
use anyhow::Result;
use serde_json::Value;

use crate::{
    ledger::{Books, Notice, Sold},
    sandbox::{SHOP_BOT, Sandbox},
};

/// In the words of the page that `/start` opens.
const HOME: &str = "Selamat datang";

/// One call that reached Telegram or the gateway.
struct Call {
    method: String,
    chat: i64,
    message: i64,
    code: u64,
    /// Every text in its parameters, one a line.
    words: String,
}

impl Call {
    fn read(entry: &Value) -> Self {
        let mut words = String::new();
        gather(&entry["params"], &mut words);
        Self {
            method: entry["method"].as_str().unwrap_or_default().to_ascii_lowercase(),
            chat: entry["chat_id"].as_i64().unwrap_or_default(),
            message: entry["message_id"].as_i64().unwrap_or_default(),
            code: entry["code"].as_u64().unwrap_or_default(),
            words,
        }
    }
}

fn gather(value: &Value, words: &mut String) {
    match value {
        Value::String(text) => {
            words.push_str(text);
            words.push('\n');
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, words)),
        Value::Object(fields) => fields.values().for_each(|field| gather(field, words)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What was counted; the faults among it, each a sentence.
#[derive(Debug, Default)]
pub struct Findings {
    /// Empty when every promise was kept.
    pub faults: Vec<String>,
    /// Paid transactions at the gateway.
    pub paid: usize,
    /// Calls that the shop's bot made.
    pub calls: usize,
    /// Updates that the shop stored.
    pub updates: i64,
    /// Orders whose goods came in more than one message.
    pub in_parts: usize,
    /// Orders whose goods are a file.
    pub files: usize,
    /// Frames into which nothing was put.
    pub spare_frames: usize,
    /// Notices that were sent a second time.
    pub repeated_notices: usize,
    /// Rows of which nobody knows whether they arrived.
    pub unknown: i64,
    /// Calls that came too fast.
    pub too_fast: usize,
    /// Messages of announcements that Telegram took.
    pub announced: usize,
    /// Of these and others nobody knows, as the shop counts.
    pub announced_unknown: usize,
}

/// The world's record of one run.
pub struct History {
    calls: Vec<Call>,
    transactions: Vec<Value>,
    /// How often each person typed `/start`.
    starts: BTreeMap<i64, usize>,
}

impl History {
    /// Reads everything that the sandbox recorded. `people` are those whose `/start` is counted.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub fn read(sandbox: &Sandbox, people: &[i64]) -> Result<Self> {
        let entries = sandbox.whole_record(&format!("api=telegram&bot={SHOP_BOT}"))?;
        let starts = people
            .iter()
            .map(|user| (*user, sandbox.chat(SHOP_BOT, *user).times_said("/start")));
        Ok(Self {
            calls: entries.iter().map(Call::read).collect(),
            transactions: sandbox.transactions()?,
            starts: starts.collect(),
        })
    }

    /// Compares it with the database. `kills` is how often the bot died.
    #[must_use]
    pub fn hold_against(&self, books: &Books, kills: usize) -> Findings {
        let mut found = Findings {
            calls: self.calls.len(),
            unknown: books.unknown_sends(),
            ..Findings::default()
        };
        let sold = books.sold();
        self.money(books, &sold, &mut found);
        self.goods(books, &sold, kills, &mut found);
        self.notices(&books.notices(), &sold, &mut found);
        self.pictures(books, &sold, &mut found);
        self.updates(books, &mut found);
        self.answers(books, &mut found);
        self.announcements(books, kills, &mut found);
        found.too_fast = self.calls.iter().filter(|call| call.code == 429).count();
        if found.too_fast > 0 {
            found
                .faults
                .push(format!("{} calls came too fast", found.too_fast));
        }
        let integrity = books.integrity();
        if integrity != "ok" {
            found.faults.push(format!("the file is damaged: {integrity}"));
        }
        found
    }

    /// Every rupiah that the gateway took is a sale, and every buyer has an item.
    fn money(&self, books: &Books, sold: &[Sold], found: &mut Findings) {
        let mut of_order: HashMap<&str, usize> = HashMap::new();
        let mut taken = 0;
        for transaction in &self.transactions {
            let order = transaction["order_id"].as_str().unwrap_or_default();
            *of_order.entry(order).or_default() += 1;
            if transaction["status"] != "completed" {
                continue;
            }
            found.paid += 1;
            taken += transaction["amount"].as_i64().unwrap_or_default();
            if !sold
                .iter()
                .any(|sold| sold.order == order && sold.state == "delivered")
            {
                found
                    .faults
                    .push(format!("order {order} is paid and not delivered"));
            }
        }
        let twice = of_order.iter().filter(|(_, count)| **count > 1);
        found
            .faults
            .extend(twice.map(|(order, count)| format!("order {order} has {count} invoices")));
        if (books.sales(), books.ledger_sum()) != (taken, 0) {
            found.faults.push(format!(
                "the gateway took {taken}, the ledger says {} and adds up to {}",
                books.sales(),
                books.ledger_sum()
            ));
        }
    }

    /// A seller hears of every sale, at most twice, and then the second time says so.
    fn notices(&self, rows: &[Notice], sold: &[Sold], found: &mut Findings) {
        let mut told: HashMap<(i64, &str), Vec<&str>> = HashMap::new();
        let codes: BTreeSet<&str> = sold.iter().map(|sold| &*sold.order).collect();
        let chats: BTreeSet<i64> = rows.iter().map(|row| row.chat).collect();
        for call in self
            .taken("sendmessage")
            .filter(|call| chats.contains(&call.chat))
        {
            let named = call.words.split(|c: char| !c.is_ascii_alphanumeric());
            if let Some(code) = named.into_iter().find_map(|word| codes.get(word)) {
                told.entry((call.chat, code)).or_default().push(&call.words);
            }
        }
        for row in rows.iter().filter(|row| row.purpose == "notice") {
            let heard = told
                .get(&(row.chat, &*row.order))
                .map(Vec::as_slice)
                .unwrap_or_default();
            let about = format!("the notice about {} to {}", row.order, row.chat);
            match heard {
                [] if row.state == "sent" => found
                    .faults
                    .push(format!("{about} is marked as sent and never came")),
                [] | [_] => {}
                [first, second] => {
                    found.repeated_notices += 1;
                    if first == second {
                        found.faults.push(format!("{about} came twice without saying so"));
                    }
                }
                more => found.faults.push(format!("{about} came {} times", more.len())),
            }
        }
        for order in &codes {
            if !rows
                .iter()
                .any(|row| row.purpose == "notice" && row.order == **order)
            {
                found.faults.push(format!("no seller is told about {order}"));
            }
        }
    }

    /// A QR picture comes once, and at most once more for each time that a kill left it in doubt.
    fn pictures(&self, books: &Books, sold: &[Sold], found: &mut Findings) {
        for sold in sold {
            let shown = self
                .taken("sendphoto")
                .filter(|call| call.chat == sold.customer && call.words.contains(&sold.order));
            let count = shown.count();
            let most = books.pictures(&sold.order);
            if count > most {
                let fault = format!("the picture of {} came {count} times, {most} left", sold.order);
                found.faults.push(fault);
            }
        }
    }

    /// Telegram numbers updates without a gap: so does the inbox, and each of them is handled.
    fn updates(&self, books: &Books, found: &mut Findings) {
        let (count, span, undone) = books.updates();
        found.updates = count;
        if count != span {
            found
                .faults
                .push(format!("{} updates are lost: {count} of {span}", span - count));
        }
        if undone > 0 {
            found.faults.push(format!("{undone} updates are not handled"));
        }
    }

    /// Every `/start` was answered: by a page, or by a row that says it is unknown whether the page arrived.
    fn answers(&self, books: &Books, found: &mut Findings) {
        for (user, starts) in &self.starts {
            let pages = self
                .taken("sendmessage")
                .filter(|call| call.chat == *user && call.words.contains(HOME))
                .count();
            let (unsure, repeats) = books.pages_in_doubt(*user);
            if pages + unsure < *starts {
                found
                    .faults
                    .push(format!("{user} said /start {starts} times and saw {pages} pages"));
            }
            if pages > starts + repeats {
                found.faults.push(format!(
                    "{user} said /start {starts} times and saw {pages} pages, {repeats} of them repeated"
                ));
            }
        }
    }

    fn taken(&self, method: &'static str) -> impl Iterator<Item = &Call> {
        self.calls
            .iter()
            .filter(move |call| call.code == 200 && call.method == method)
    }
}
