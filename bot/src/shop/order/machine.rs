//! Where an order stands, and the only ways it may move.
//! Pure. The caller stores the state and does the effects in one transaction, or does neither.

use thiserror::Error;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Its item is kept, its money has not come.
    AwaitingPayment,
    /// The gateway confirmed the money; the goods are on their way.
    Paid,
    /// The goods are with the customer.
    Delivered,
    /// Nobody paid in time.
    Expired,
    /// The customer, or the gateway, called it off before any money came.
    Cancelled,
    /// A wrong amount came: a person decides.
    Review,
    /// Money came and there are no goods for it: it is owed back.
    RefundDue,
    /// The money went back.
    Refunded,
}

impl State {
    /// Every state with the name that the database uses.
    pub const ALL: [(&'static str, Self); 8] = [
        ("awaiting_payment", Self::AwaitingPayment),
        ("paid", Self::Paid),
        ("delivered", Self::Delivered),
        ("expired", Self::Expired),
        ("cancelled", Self::Cancelled),
        ("review", Self::Review),
        ("refund_due", Self::RefundDue),
        ("refunded", Self::Refunded),
    ];

    /// Its name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .into_iter()
            .find(|(_, state)| *state == self)
            .expect("every state is in ALL")
            .0
    }

    /// The state of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, state)| state)
    }
}

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The gateway confirms the right amount while the item is still kept.
    PaymentConfirmed,
    /// The gateway confirms the right amount after the item was given up, and there was another one.
    LatePaymentStockFound,
    /// The same, and there was none left.
    LatePaymentStockGone,
    /// The gateway confirms another amount.
    WrongAmountPaid,
    /// Nobody paid in time, and the gateway was asked once more.
    PaymentWindowClosed,
    /// The customer called it off.
    CustomerCancelled,
    /// The gateway will not make an invoice for it.
    InvoiceRefused,
    /// The goods are with the customer.
    DeliverySent,
    /// A person accepts a wrong amount.
    ReviewAccepted,
    /// A person gave the money back.
    RefundDone,
}

impl Event {
    /// Every event, for the test that walks all pairs.
    pub const ALL: [Self; 10] = [
        Self::PaymentConfirmed,
        Self::LatePaymentStockFound,
        Self::LatePaymentStockGone,
        Self::WrongAmountPaid,
        Self::PaymentWindowClosed,
        Self::CustomerCancelled,
        Self::InvoiceRefused,
        Self::DeliverySent,
        Self::ReviewAccepted,
        Self::RefundDone,
    ];
}

/// What must be done in the transaction that stores the new state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The kept item is sold to this order.
    SellReserved,
    /// The kept item goes back to the shelf.
    ReleaseStock,
    /// The goods go out.
    Deliver,
    /// The picture with the QR says what became of it and loses its buttons.
    CloseInvoice,
    /// The gateway is told that nobody will pay this.
    CancelAtGateway,
    /// The customer hears that no invoice could be made.
    TellInvoiceRefused,
    /// The customer hears that the money went back.
    TellRefunded,
    /// The seller hears of a sale.
    TellSold,
}

/// The event cannot happen in this state; nothing moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an order that is {state} cannot take {1:?}", state = .0.name())]
pub struct Refused(pub State, pub Event);

/// A state and what must be done to be there; `None` where the event cannot be.
type Next = Option<(State, &'static [Effect])>;

/// The next state and what must be done.
///
/// # Errors
/// [`Refused`] when the pair cannot be.
pub fn apply(state: State, event: Event) -> Result<(State, &'static [Effect]), Refused> {
    let next = match state {
        State::AwaitingPayment => awaiting_payment(event),
        State::Expired | State::Cancelled => given_up(event),
        State::Paid | State::Delivered => sold(event),
        State::Review => review(event),
        State::RefundDue => refund_due(event),
        State::Refunded => None,
    };
    next.ok_or(Refused(state, event))
}

fn awaiting_payment(event: Event) -> Next {
    use Effect as X;
    use Event as E;
    match event {
        E::PaymentConfirmed => Some((
            State::Paid,
            &[X::SellReserved, X::Deliver, X::CloseInvoice, X::TellSold],
        )),
        E::WrongAmountPaid => Some((State::Review, &[X::CloseInvoice])),
        E::PaymentWindowClosed => Some((State::Expired, &[X::ReleaseStock, X::CloseInvoice])),
        E::CustomerCancelled => Some((
            State::Cancelled,
            &[X::ReleaseStock, X::CloseInvoice, X::CancelAtGateway],
        )),
        E::InvoiceRefused => Some((State::Cancelled, &[X::ReleaseStock, X::TellInvoiceRefused])),
        E::LatePaymentStockFound
        | E::LatePaymentStockGone
        | E::DeliverySent
        | E::ReviewAccepted
        | E::RefundDone => None,
    }
}

/// The customer pays after the item was given up: another one, or the money back.
fn given_up(event: Event) -> Next {
    use Effect as X;
    use Event as E;
    match event {
        E::LatePaymentStockFound => Some((State::Paid, &[X::Deliver, X::CloseInvoice, X::TellSold])),
        E::LatePaymentStockGone => Some((State::RefundDue, &[X::CloseInvoice])),
        E::WrongAmountPaid => Some((State::Review, &[X::CloseInvoice])),
        E::PaymentConfirmed
        | E::PaymentWindowClosed
        | E::CustomerCancelled
        | E::InvoiceRefused
        | E::DeliverySent
        | E::ReviewAccepted
        | E::RefundDone => None,
    }
}

/// Goods may be shown again without limit; the first time is the delivery.
fn sold(event: Event) -> Next {
    use Event as E;
    match event {
        E::DeliverySent => Some((State::Delivered, &[])),
        E::PaymentConfirmed
        | E::LatePaymentStockFound
        | E::LatePaymentStockGone
        | E::WrongAmountPaid
        | E::PaymentWindowClosed
        | E::CustomerCancelled
        | E::InvoiceRefused
        | E::ReviewAccepted
        | E::RefundDone => None,
    }
}

fn review(event: Event) -> Next {
    use Effect as X;
    use Event as E;
    match event {
        E::ReviewAccepted => Some((State::Paid, &[X::Deliver])),
        E::RefundDone => Some((State::Refunded, &[X::ReleaseStock, X::TellRefunded])),
        E::PaymentConfirmed
        | E::LatePaymentStockFound
        | E::LatePaymentStockGone
        | E::WrongAmountPaid
        | E::PaymentWindowClosed
        | E::CustomerCancelled
        | E::InvoiceRefused
        | E::DeliverySent => None,
    }
}

fn refund_due(event: Event) -> Next {
    use Event as E;
    match event {
        E::RefundDone => Some((State::Refunded, &[Effect::TellRefunded])),
        E::PaymentConfirmed
        | E::LatePaymentStockFound
        | E::LatePaymentStockGone
        | E::WrongAmountPaid
        | E::PaymentWindowClosed
        | E::CustomerCancelled
        | E::InvoiceRefused
        | E::DeliverySent
        | E::ReviewAccepted => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_decided_and_the_table_is_this_one() {
        let mut table = String::new();
        for (name, state) in State::ALL {
            for event in Event::ALL {
                if let Ok((next, effects)) = apply(state, event) {
                    table += &format!("{name} + {event:?} -> {} {effects:?}\n", next.name());
                }
            }
        }
        let wanted = "\
awaiting_payment + PaymentConfirmed -> paid [SellReserved, Deliver, CloseInvoice, TellSold]
awaiting_payment + WrongAmountPaid -> review [CloseInvoice]
awaiting_payment + PaymentWindowClosed -> expired [ReleaseStock, CloseInvoice]
awaiting_payment + CustomerCancelled -> cancelled [ReleaseStock, CloseInvoice, CancelAtGateway]
awaiting_payment + InvoiceRefused -> cancelled [ReleaseStock, TellInvoiceRefused]
paid + DeliverySent -> delivered []
delivered + DeliverySent -> delivered []
expired + LatePaymentStockFound -> paid [Deliver, CloseInvoice, TellSold]
expired + LatePaymentStockGone -> refund_due [CloseInvoice]
expired + WrongAmountPaid -> review [CloseInvoice]
cancelled + LatePaymentStockFound -> paid [Deliver, CloseInvoice, TellSold]
cancelled + LatePaymentStockGone -> refund_due [CloseInvoice]
cancelled + WrongAmountPaid -> review [CloseInvoice]
review + ReviewAccepted -> paid [Deliver]
review + RefundDone -> refunded [ReleaseStock, TellRefunded]
refund_due + RefundDone -> refunded [TellRefunded]
";
        assert_eq!(table, wanted);
    }

    #[test]
    fn names_lead_back_to_their_states() {
        for (name, state) in State::ALL {
            assert_eq!(State::of_name(name), Some(state));
            assert_eq!(state.name(), name);
        }
    }
}
