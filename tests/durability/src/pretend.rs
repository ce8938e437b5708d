//! A gateway and a Telegram as plain values: they do what they are told at once and remember all of it.
//! Whether the bot hears their answer is the simulation's business.

use std::collections::{BTreeMap, BTreeSet};

use bot::{
    outbox::{MessageId, SendId},
    shop::{
        customer::CustomerId,
        money::Rupiah,
        payment::{Answer, Invoice, Status},
    },
};

/// One transaction at the gateway.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// The order's code.
    pub order: String,
    /// What is, or was, to be paid.
    pub amount: Rupiah,
    /// How far it is.
    pub status: Status,
}

/// The gateway: transactions by number.
#[derive(Default)]
pub struct Gateway {
    /// All of them; a number is `T` and the position.
    pub transactions: Vec<Transaction>,
}

impl Gateway {
    /// Finds or makes the open invoice of an order.
    pub fn create(&mut self, order: &str, amount: Rupiah) -> Invoice {
        let known = self
            .transactions
            .iter()
            .position(|known| known.order == order && known.status == Status::Pending);
        let position = known.unwrap_or_else(|| self.add(order, amount));
        Invoice {
            txn_id: format!("T{position}"),
            amount,
            fee: Rupiah(0),
            total: amount,
            qr: "qr".to_owned(),
            sandbox: true,
        }
    }

    /// Another transaction for an order: a customer who pays twice.
    pub fn add(&mut self, order: &str, amount: Rupiah) -> usize {
        self.transactions.push(Transaction {
            order: order.to_owned(),
            amount,
            status: Status::Pending,
        });
        self.transactions.len() - 1
    }

    /// What it says about a transaction.
    ///
    /// # Panics
    /// When the bot asks about one that it was never given.
    #[must_use]
    pub fn status(&self, txn_id: &str) -> Answer {
        let position: usize = txn_id[1..].parse().expect("numbers were given by this gateway");
        let known = &self.transactions[position];
        Answer {
            txn_id: txn_id.to_owned(),
            order_code: known.order.clone(),
            amount: known.amount,
            sandbox: true,
            status: known.status,
        }
    }

    /// Nobody can pay it any more, unless somebody has.
    pub fn cancel(&mut self, txn_id: &str) {
        let position: usize = txn_id[1..].parse().expect("numbers were given by this gateway");
        let known = &mut self.transactions[position];
        if known.status == Status::Pending {
            known.status = Status::Canceled;
        }
    }
}

/// What became of a call that Telegram saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The message is there.
    Here(MessageId),
    /// The message to edit is not.
    TargetGone,
    /// The person has blocked the shop.
    Blocked,
}

/// The pretend Telegram.
#[derive(Default)]
pub struct Telegram {
    messages: BTreeMap<i32, (CustomerId, String)>,
    /// Each time that a row put new words before somebody.
    pub pushes: Vec<(SendId, MessageId, String)>,
    deleted: BTreeSet<i32>,
    /// People who have blocked the shop.
    pub blockers: BTreeSet<i64>,
}

impl Telegram {
    /// A new message.
    pub fn send(&mut self, row: SendId, chat: CustomerId, words: &str) -> Taken {
        let number = i32::try_from(self.messages.len()).expect("a simulation is short") + 1;
        self.messages.insert(number, (chat, words.to_owned()));
        self.pushes.push((row, MessageId(number), words.to_owned()));
        Taken::Here(MessageId(number))
    }

    /// Other words in a message of a chat; the same words again are nothing new.
    pub fn edit(&mut self, row: SendId, (chat, message): (CustomerId, MessageId), words: &str) -> Taken {
        if self.deleted.contains(&message.0) {
            return Taken::TargetGone;
        }
        let Some((_, there)) = self
            .messages
            .get_mut(&message.0)
            .filter(|(owner, _)| *owner == chat)
        else {
            return Taken::TargetGone;
        };
        if there != words {
            words.clone_into(there);
            self.pushes.push((row, message, words.to_owned()));
        }
        Taken::Here(message)
    }

    /// The messages of a chat.
    #[must_use]
    pub fn of_chat(&self, chat: CustomerId) -> Vec<MessageId> {
        let own = self.messages.iter().filter(|(_, (owner, _))| *owner == chat);
        own.map(|(number, _)| MessageId(*number)).collect()
    }

    /// A person deletes the message that came last.
    pub fn delete_last(&mut self) {
        self.deleted.extend(self.messages.keys().next_back());
    }
}
