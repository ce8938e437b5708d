//! The sender, a step at a time: mark, let Telegram act or not, store what the bot heard of it.

use std::time::Duration;

use anyhow::{Context, Result};
use bot::{
    jobs::notices::{self, Push},
    outbox::{
        MessageId, Outgoing, Purpose,
        store::{self, Sending},
    },
    shop::{order, stock},
    telegram::outcome::{self, Outcome},
};
use rand::Rng;

use super::{OnTheWire, Simulation};
use crate::pretend::Taken;

impl Simulation {
    /// Marks what may go, one message a chat.
    pub(super) fn begin_sends(&mut self) -> Result<()> {
        let (heads, answers) = store::heads(&self.conn)?;
        let answers: Vec<_> = answers.into_iter().map(|head| (head, true)).collect();
        for (head, is_answer) in answers
            .into_iter()
            .chain(heads.into_iter().map(|head| (head, false)))
        {
            let paced = |flying: &OnTheWire| flying.sending.purpose != Purpose::Answer;
            let busy = !is_answer
                && self
                    .wire
                    .iter()
                    .any(|flying| paced(flying) && flying.sending.chat == head.chat);
            if busy || head.not_before > self.now || self.chance_of(0.3) {
                continue;
            }
            if let Some(sending) = store::begin(&self.conn, head.id, self.boot)? {
                self.tell(format!("{:?} {} leaves", sending.purpose, sending.id.0));
                self.wire.push(OnTheWire { sending, taken: None });
            }
        }
        Ok(())
    }

    /// Something happens to a part of what is on the wire.
    pub(super) fn land_some(&mut self) -> Result<()> {
        for _ in 0..=self.wire.len() / 4 {
            self.land_one()?;
        }
        Ok(())
    }

    /// Something happens to one of the messages on the wire.
    pub(super) fn land_one(&mut self) -> Result<()> {
        if self.wire.is_empty() {
            return Ok(());
        }
        let at = self.chance.random_range(0..self.wire.len());
        let mut flying = self.wire.swap_remove(at);
        let number = flying.sending.id.0;
        match flying.taken {
            None if self.chance_of(0.05) => {
                self.tell(format!("{number} does not leave"));
                self.learns(&flying.sending, Outcome::NotSent("not reached".to_owned()))
            }
            None if self.chance_of(0.05) => {
                self.tell(format!("{number} is too fast"));
                self.learns(&flying.sending, Outcome::TooFast(Duration::from_secs(7)))
            }
            None if self.chance_of(0.08) => self.in_doubt(&flying.sending),
            None => {
                flying.taken = Some(self.telegram_acts(&flying.sending)?);
                self.wire.push(flying);
                Ok(())
            }
            Some(_) if self.chance_of(0.08) => self.in_doubt(&flying.sending),
            Some(taken) => {
                self.tell(format!("{number} is answered: {taken:?}"));
                let outcome = match taken {
                    Taken::Here(message) => Outcome::Sent(Some(message)),
                    Taken::TargetGone => Outcome::TargetGone,
                    Taken::Blocked => Outcome::Unreachable,
                };
                self.learns(&flying.sending, outcome)
            }
        }
    }

    fn telegram_acts(&mut self, sending: &Sending) -> Result<Taken> {
        let words = match &sending.outgoing {
            Outgoing::Goods { language } => {
                let id = sending.order.context("goods belong to an order")?;
                let order = order::store::get(&self.conn, id)?;
                let item = stock::store::item(&self.conn, id)?.context("a sold order has an item")?;
                match notices::push(*language, &order, &item, sending.part, "") {
                    Some(Push::Text(screen)) => screen.words.text,
                    Some(Push::File { file, caption }) => format!("{}\n{}", caption.words.text, file.0),
                    None => anyhow::bail!("the goods of {} have no part {}", order.code, sending.part),
                }
            }
            other => format!("{other:?}"),
        };
        if self.telegram.blockers.contains(&sending.chat.0) {
            return Ok(Taken::Blocked);
        }
        if sending.purpose == Purpose::Answer {
            return Ok(Taken::Here(MessageId(0)));
        }
        if let Some(broadcast) = sending.broadcast {
            self.saw(broadcast, sending.chat);
        }
        if !sending.is_edit {
            return Ok(self.telegram.send(sending.id, sending.chat, &words));
        }
        Ok(sending.edits.map_or(Taken::TargetGone, |message: MessageId| {
            self.telegram.edit(sending.id, (sending.chat, message), &words)
        }))
    }

    fn in_doubt(&mut self, sending: &Sending) -> Result<()> {
        self.tell(format!("nobody knows about {}", sending.id.0));
        self.broadcasts.in_doubt += u64::from(sending.broadcast.is_some());
        self.learns(sending, Outcome::InDoubt("timeout"))
    }

    /// The bot takes in what became of a message, as its sender does.
    fn learns(&mut self, sending: &Sending, outcome: Outcome) -> Result<()> {
        self.transaction(|world| outcome::take_in(&world.conn, &world.shop, sending, outcome, world.now))
    }
}
