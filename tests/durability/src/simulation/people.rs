//! What customers and the gateway do: buy, pay as asked or otherwise, call off, look at their goods, send word.

use anyhow::Result;
use bot::{
    gateways::pakasir,
    jobs::{
        task::{CheckPayment, Task},
        trade::{self, Placed},
    },
    shop::{
        customer::CustomerId,
        money::Rupiah,
        order::{self, Event, State},
        payment::{self, Status},
    },
};
use rand::{Rng, seq::IndexedRandom};

use super::{CUSTOMERS, Simulation};

impl Simulation {
    pub(super) fn buy(&mut self) -> Result<()> {
        let customer = CustomerId(self.chance.random_range(CUSTOMERS));
        let placed = trade::place(&self.conn, &self.shop, customer, self.product, self.now)?;
        if let Placed::New(order) = &placed {
            self.orders.push(order.id);
            self.tell(format!("{} places order {}", customer.0, order.id.0));
        }
        Ok(())
    }

    /// Somebody pays an open transaction: as asked, too much, or a second one as well.
    pub(super) fn pay(&mut self) -> Result<()> {
        // Nobody can pay a picture that the bot was never told about.
        let shown = |at: &usize| {
            let known = payment::store::by_txn(&self.conn, pakasir::NAME, &format!("T{at}"));
            matches!(known, Ok(Some(_))) && self.gateway.transactions[*at].status != Status::Completed
        };
        let open: Vec<usize> = (0..self.gateway.transactions.len()).filter(shown).collect();
        let Some(at) = open.choose(&mut self.chance).copied() else {
            return Ok(());
        };
        // Also one that is canceled: money may come late.
        let known = &mut self.gateway.transactions[at];
        let is_late = known.status == Status::Canceled;
        known.status = Status::Completed;
        let (order, amount) = (known.order.clone(), known.amount);
        if self.chance_of(0.1) {
            self.gateway.transactions[at].amount = Rupiah(amount.0 + 1_000);
        }
        if self.chance_of(0.1) {
            let second = self.gateway.add(&order, amount);
            self.gateway.transactions[second].status = Status::Completed;
            self.hint_about(second)?;
        }
        self.tell(format!("T{at} is paid"));
        // Nobody polls what was canceled: of money that comes all the same, only the webhook tells.
        if is_late { self.hint_about(at) } else { Ok(()) }
    }

    /// A webhook, perhaps about nothing new.
    pub(super) fn hint(&mut self) -> Result<()> {
        if self.gateway.transactions.is_empty() {
            return Ok(());
        }
        let at = self.chance.random_range(0..self.gateway.transactions.len());
        self.hint_about(at)
    }

    fn hint_about(&mut self, at: usize) -> Result<()> {
        let code = &self.gateway.transactions[at].order;
        if let Some(order) = order::store::by_code(&self.conn, code)? {
            let check = CheckPayment {
                order: order.id,
                txn_id: format!("T{at}"),
            };
            check.enqueue(&self.conn, self.now, self.now)?;
            self.tell(format!("a webhook about T{at}"));
        }
        Ok(())
    }

    fn some_order(&mut self) -> Result<Option<order::Order>> {
        let id = self.orders.choose(&mut self.chance).copied();
        id.map(|id| order::store::get(&self.conn, id)).transpose()
    }

    pub(super) fn cancel(&mut self) -> Result<()> {
        if let Some(order) = self.some_order()?
            && order.state == State::AwaitingPayment
        {
            trade::advance(&self.conn, &self.shop, &order, Event::CustomerCancelled, self.now)?;
            self.tell(format!("order {} is called off", order.id.0));
        }
        Ok(())
    }

    pub(super) fn view(&mut self) -> Result<()> {
        if let Some(order) = self.some_order()?
            && matches!(order.state, State::Paid | State::Delivered)
        {
            trade::show_goods(&self.conn, &self.shop, &order, self.now)?;
            self.tell(format!("the goods of {} are looked at", order.id.0));
        }
        Ok(())
    }
}
