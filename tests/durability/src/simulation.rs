//! Inbox, queue, orders, sends and broadcasts driven step by step on one thread by a seed: the bot's own functions on a database in
//! memory, a clock set by hand, a pretend gateway and a pretend Telegram. A crash drops what was in flight; then the
//! next boot rescues, as the bot does when it starts. At every moment the shop's own rules must hold.
//! The few lines between the bot's storing functions and the network are told again here, without the network.

mod broadcasts;
mod check;
mod jobs;
mod people;
mod sends;
mod updates;

use std::time::Duration;

use anyhow::Result;
use bot::{
    db,
    outbox::{self, store::Sending},
    queue::{self, Boot, Job},
    shop::{
        Shop,
        catalog::{self, Draft, ProductId},
        customer::{self, CustomerId, Language},
        money::Rupiah,
        order::OrderId,
        payment::{Answer, Invoice},
        stock::{self, File, FileId, FileUniqueId},
    },
};
use protocol::time::UnixMillis;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rusqlite::Connection;

use broadcasts::{AUDIENCE, Broadcasts};
use updates::Updates;

use crate::pretend::{Gateway, Taken, Telegram};

const CUSTOMERS: std::ops::RangeInclusive<i64> = 1..=4;
const PRICE: Rupiah = Rupiah(25_000);
const STOCK: usize = 5;
/// So many times the bot dies, or stands still for long, in one run.
const CRASHES_MAX: u32 = 8;

/// Steps between two looks at all the rules.
const LOOK_EVERY: usize = 8;

/// Every line of every item begins with it.
const ITEM_MARK: &str = "item-";
/// Lines of a long item: it takes three messages.
const LONG_LINES: usize = 600;

/// Items in turn: a short one, one of several messages, a file.
fn fill_shelf(conn: &Connection, product: ProductId, now: UnixMillis) -> Result<()> {
    for number in 0..STOCK {
        let short = format!("{ITEM_MARK}{number}");
        match number % 3 {
            0 => {
                stock::store::add(conn, product, [&*short], now)?;
            }
            1 => {
                let lines: Vec<String> = (0..LONG_LINES).map(|line| format!("{short}.{line}")).collect();
                stock::store::add(conn, product, [&*lines.join("\n")], now)?;
            }
            _ => {
                let file = File {
                    id: FileId(format!("{short}.file")),
                    name: "buku.pdf".to_owned(),
                    words: format!("{short}.words"),
                };
                stock::store::add_file(conn, product, &FileUniqueId(short), &file, now)?;
            }
        }
    }
    Ok(())
}

/// A job in a worker's hand, and how far the worker is.
struct Hand {
    job: Job,
    stage: Stage,
}

/// What a worker has learned so far.
enum Stage {
    Begun,
    Invoiced(Invoice),
    Told(Answer),
    /// The answer is taken in; `true`: nothing came yet.
    TakenIn(bool),
}

/// A message on the wire, and what Telegram did with it, once it did.
struct OnTheWire {
    sending: Sending,
    taken: Option<Taken>,
}

/// A shop in a pretend world.
pub struct Simulation {
    conn: Connection,
    shop: Shop,
    product: ProductId,
    now: UnixMillis,
    boot: Boot,
    chance: StdRng,
    gateway: Gateway,
    telegram: Telegram,
    hands: Vec<Hand>,
    wire: Vec<OnTheWire>,
    orders: Vec<OrderId>,
    updates: Updates,
    broadcasts: Broadcasts,
    crashes: u32,
    /// Nothing goes wrong any more: the end of a run.
    calm: bool,
    /// Whether people delete messages that the bot means to change.
    pub people_delete: bool,
    /// What happened, a line a step.
    pub story: Vec<String>,
}

impl Simulation {
    /// A shop with one product.
    ///
    /// # Errors
    /// When the database cannot be made.
    pub fn new(seed: u64) -> Result<Self> {
        let mut conn = Connection::open_in_memory()?;
        conn.pragma_update(None, "foreign_keys", "on")?;
        db::migrate(&mut conn)?;
        let now = UnixMillis(1_800_000_000_000);
        let shop = Shop {
            name: "Warung Sari".to_owned(),
            language: Language::Indonesian,
            timezone: jiff::tz::TimeZone::UTC,
            owners: vec![CustomerId(1001)],
            sellers: vec![CustomerId(2001)],
            payment_window: Duration::from_secs(900),
        };
        let draft = Draft {
            sku: "netflix".to_owned(),
            name: "Netflix".to_owned(),
            category: String::new(),
            description: String::new(),
            terms: String::new(),
            price: PRICE,
        };
        let product = catalog::store::put(&conn, &draft, now)?;
        fill_shelf(&conn, product, now)?;
        for user in CUSTOMERS.chain(AUDIENCE) {
            customer::store::seen(&conn, CustomerId(user), now)?;
        }
        let boot = queue::store::next_boot(&conn)?;
        let mut chance = StdRng::seed_from_u64(seed);
        let mut telegram = Telegram::default();
        telegram
            .blockers
            .extend(AUDIENCE.filter(|_| chance.random_bool(0.1)));
        Ok(Self {
            conn,
            shop,
            product,
            now,
            boot,
            chance,
            gateway: Gateway::default(),
            telegram,
            hands: Vec::new(),
            wire: Vec::new(),
            orders: Vec::new(),
            updates: Updates::default(),
            broadcasts: Broadcasts::default(),
            crashes: 0,
            calm: false,
            people_delete: false,
            story: Vec::new(),
        })
    }

    /// Lets `steps` things happen, then lets everything come to rest. Answers the first fault, as a sentence.
    ///
    /// # Errors
    /// When the bot's functions fail where they must not.
    pub fn run(&mut self, steps: usize) -> Result<Option<String>> {
        for step in 0..steps {
            self.step()?;
            // To look at everything takes longer than a step.
            if step % LOOK_EVERY == 0
                && let Some(fault) = self.fault()?
            {
                return Ok(Some(fault));
            }
        }
        self.come_to_rest()?;
        Ok(self.fault()?.or(self.fault_at_rest()?))
    }

    fn tell(&mut self, what: impl Into<String>) {
        self.story.push(what.into());
    }

    fn chance_of(&mut self, share: f64) -> bool {
        !self.calm && self.chance.random_bool(share)
    }

    fn step(&mut self) -> Result<()> {
        match self.chance.random_range(0..100) {
            0..5 => self.buy(),
            5..13 => self.pay(),
            13..18 => self.hint(),
            18..20 => self.cancel(),
            20..23 => self.view(),
            23..28 => self.act(),
            28..33 => self.receive(),
            33..40 => self.handle(),
            40..43 => self.announce(),
            43..57 => self.claim(),
            57..72 => self.work(),
            72..81 => self.begin_sends(),
            81..94 => self.land_some(),
            94..98 => self.wait(),
            98 => self.crash(),
            _ => {
                if self.people_delete {
                    self.telegram.delete_last();
                    self.tell("a person deletes the newest message");
                }
                Ok(())
            }
        }
    }

    fn wait(&mut self) -> Result<()> {
        let seconds = if self.chance_of(0.15) {
            // Long enough for a payment window; whoever holds a job then holds it no longer.
            if self.crashes >= CRASHES_MAX {
                return Ok(());
            }
            self.crashes += 1;
            960
        } else {
            self.chance.random_range(1..20)
        };
        self.now = self.now.plus(Duration::from_secs(seconds));
        self.tell(format!("{seconds} s pass"));
        Ok(())
    }

    fn crash(&mut self) -> Result<()> {
        if self.crashes >= CRASHES_MAX {
            return Ok(());
        }
        self.crashes += 1;
        self.hands.clear();
        let announced = self
            .wire
            .iter()
            .filter(|flying| flying.sending.broadcast.is_some());
        self.broadcasts.in_doubt += announced.count() as u64;
        self.wire.clear();
        self.boot = queue::store::next_boot(&self.conn)?;
        outbox::store::rescue(&self.conn, self.boot, self.now)?;
        self.take_up_broadcast()?;
        self.tell("the bot dies and starts again");
        Ok(())
    }

    /// One transaction: all of it, or nothing.
    fn transaction<T>(&mut self, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        self.conn.execute_batch("BEGIN")?;
        let done = work(self);
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        self.conn.execute_batch(end)?;
        done
    }
}
