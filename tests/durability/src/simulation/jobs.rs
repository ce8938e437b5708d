//! Workers, a step at a time: ask the gateway, store what it said, settle the job. Between any two the bot may die.

use std::time::Duration;

use anyhow::{Result, ensure};
use bot::{
    gateways::pakasir,
    jobs::{
        broadcast, notices,
        run::policy_of,
        task::{
            CancelInvoice, CheckPayment, CreateInvoice, Deliver, ExpireOrder, PollPayment, Task,
            TellBroadcastStopped,
        },
        trade,
    },
    outbox::{self, NewSend, Outgoing, Purpose, Screen},
    queue,
    shop::{
        order::{self, Event, Order, OrderId, State},
        payment::{
            self, Invoice,
            confirm::{Mode, Verdict},
        },
    },
};

use super::{Hand, Simulation, Stage};

const POLL_EVERY: Duration = Duration::from_secs(8);
/// A gateway may take money for a day; after that nobody asks any more.
const WATCHED: Duration = Duration::from_secs(90_000);

impl Simulation {
    pub(super) fn claim(&mut self) -> Result<()> {
        queue::worker::take_back(&self.conn, self.boot, bot::jobs::run::about, self.now)?;
        let claimed = queue::store::claim(&self.conn, 4, self.boot, self.now, policy_of)?;
        for job in claimed.jobs {
            self.tell(format!("{} {} begins", job.kind, job.payload));
            self.hands.push(Hand {
                job,
                stage: Stage::Begun,
            });
        }
        Ok(())
    }

    /// One of the workers takes its next step.
    pub(super) fn work(&mut self) -> Result<()> {
        if self.hands.is_empty() {
            return Ok(());
        }
        let at = rand::Rng::random_range(&mut self.chance, 0..self.hands.len());
        let hand = self.hands.swap_remove(at);
        let kind = hand.job.kind.clone();
        // Refused: the job was given to somebody else meanwhile, and nothing of this step is kept.
        match self.next(hand) {
            Ok(Some(hand)) => self.hands.push(hand),
            Ok(None) => self.tell(format!("{kind} ends")),
            Err(error) if error.to_string() == GIVEN_AWAY => self.tell(format!("{kind} comes too late")),
            Err(error) => return Err(error.context(format!("working on {kind}"))),
        }
        Ok(())
    }

    fn next(&mut self, hand: Hand) -> Result<Option<Hand>> {
        if self.chance_of(0.05) {
            let again_at = self.now.plus(Duration::from_secs(2));
            queue::store::retry(
                &self.conn,
                hand.job.claim,
                again_at,
                "the gateway does not answer",
            )?;
            return Ok(None);
        }
        let job = &hand.job;
        match job.kind.as_str() {
            CreateInvoice::KIND => {
                let order = CreateInvoice::of(job)?.order;
                self.invoice(hand, order)
            }
            PollPayment::KIND => {
                let task = PollPayment::of(job)?;
                self.question(hand, task.order, Some(task.txn_id))
            }
            CheckPayment::KIND => {
                let task = CheckPayment::of(job)?;
                self.question(hand, task.order, Some(task.txn_id))
            }
            ExpireOrder::KIND => {
                let order = ExpireOrder::of(job)?.order;
                let payment = payment::store::of_order(&self.conn, pakasir::NAME, order)?;
                self.question(hand, order, payment.map(|payment| payment.invoice.txn_id))
            }
            CancelInvoice::KIND => {
                let order = CancelInvoice::of(job)?.order;
                if let Some(payment) = payment::store::of_order(&self.conn, pakasir::NAME, order)? {
                    self.gateway.cancel(&payment.invoice.txn_id);
                }
                self.settle(&hand, |_| Ok(()))
            }
            Deliver::KIND => {
                let order = Deliver::of(job)?.order;
                self.settle(&hand, |world| {
                    let order = order::store::get(&world.conn, order)?;
                    if order.state == State::Paid {
                        trade::deliver_goods(&world.conn, &world.shop, &order, world.now)?;
                    }
                    Ok(())
                })
            }
            TellBroadcastStopped::KIND => {
                let id = TellBroadcastStopped::of(job)?.broadcast;
                self.settle(&hand, |world| {
                    broadcast::work::notice_of_stop(&world.conn, &world.shop, id, world.now)
                })
            }
            _ => self.settle(&hand, |_| Ok(())),
        }
    }

    fn invoice(&mut self, mut hand: Hand, id: OrderId) -> Result<Option<Hand>> {
        let order = order::store::get(&self.conn, id)?;
        if let Stage::Invoiced(invoice) = &hand.stage {
            let invoice = invoice.clone();
            return self.settle(&hand, |world| world.show(&order, &invoice));
        }
        if order.state != State::AwaitingPayment {
            return self.settle(&hand, |_| Ok(()));
        }
        hand.stage = Stage::Invoiced(self.gateway.create(&order.code, order.price));
        Ok(Some(hand))
    }

    fn show(&self, order: &Order, invoice: &Invoice) -> Result<()> {
        payment::store::open(&self.conn, pakasir::NAME, order.id, invoice, self.now)?;
        let poll = PollPayment {
            order: order.id,
            txn_id: invoice.txn_id.clone(),
        };
        poll.enqueue(&self.conn, self.now.plus(POLL_EVERY), self.now)?;
        if order::store::get(&self.conn, order.id)?.state != State::AwaitingPayment {
            return Ok(());
        }
        let send = NewSend {
            purpose: Purpose::Qr,
            order: Some(order.id),
            outgoing: Outgoing::Qr {
                qr: invoice.qr.clone(),
                caption: notices::invoice(&self.shop, self.shop.language, order, invoice),
            },
            ..NewSend::screen(order.customer, Screen::default())
        };
        outbox::store::enqueue(&self.conn, &send, self.now)?;
        Ok(())
    }

    /// Ask, take the answer in, settle.
    fn question(&mut self, mut hand: Hand, id: OrderId, txn: Option<String>) -> Result<Option<Hand>> {
        hand.stage = match (&hand.stage, txn) {
            (Stage::Begun, Some(txn)) => Stage::Told(self.gateway.status(&txn)),
            (Stage::Told(answer), _) => {
                let answer = answer.clone();
                let verdict = self.transaction(|world| {
                    let order = order::store::get(&world.conn, id)?;
                    let (shop, now) = (&world.shop, world.now);
                    trade::take_payment(
                        &world.conn,
                        shop,
                        pakasir::NAME,
                        &order,
                        &answer,
                        Mode::Sandbox,
                        now,
                    )
                })?;
                self.tell(format!("{}: {verdict:?}", answer.txn_id));
                Stage::TakenIn(verdict == Verdict::NotYet)
            }
            (Stage::TakenIn(true), _) if hand.job.kind == PollPayment::KIND => {
                let order = order::store::get(&self.conn, id)?;
                if self.now.since(order.placed_at) < WATCHED {
                    let again_at = self.now.plus(POLL_EVERY);
                    queue::store::snooze(&self.conn, hand.job.claim, again_at)?;
                    return Ok(None);
                }
                return self.settle(&hand, |_| Ok(()));
            }
            _ if hand.job.kind == ExpireOrder::KIND => {
                return self.settle(&hand, |world| {
                    let order = order::store::get(&world.conn, id)?;
                    if order.state == State::AwaitingPayment {
                        let closed = Event::PaymentWindowClosed;
                        trade::advance(&world.conn, &world.shop, &order, closed, world.now)?;
                    }
                    Ok(())
                });
            }
            _ => return self.settle(&hand, |_| Ok(())),
        };
        Ok(Some(hand))
    }

    fn settle(&mut self, hand: &Hand, work: impl FnOnce(&Self) -> Result<()>) -> Result<Option<Hand>> {
        self.transaction(|world| {
            work(world)?;
            ensure!(
                queue::store::complete(&world.conn, hand.job.claim, world.now)?,
                GIVEN_AWAY
            );
            Ok(None)
        })
    }
}

const GIVEN_AWAY: &str = "the job was given to somebody else meanwhile";
