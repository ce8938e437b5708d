//! The one door through which money comes in: webhook, poller and a person's hand all end here.
//! Pure: it says what an answer means; the caller stores it. It believes nothing but the gateway's own answer.

use super::{Answer, Status};
use crate::shop::order::{Order, State};

/// What an answer means for the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody has paid yet.
    NotYet,
    /// Nobody can pay this any more.
    Closed,
    /// This very payment was taken in before: no news.
    Known,
    /// The right amount, in time: goods.
    Confirmed,
    /// The right amount for an order that was given up: another item, or the money back.
    Late,
    /// Another payment for an order that has its money: back it goes.
    Second,
    /// Another amount: a person decides.
    WrongAmount,
    /// The answer is about something else, or play money in a live shop: nothing moves, the owner hears of it.
    Foreign(&'static str),
}

/// Whether this shop takes play money, as bot.toml says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Real money only.
    Live,
    /// Play money only.
    Sandbox,
}

/// Says what `answer` means for `order`. `taken_in`: whether this transaction's money was booked before.
#[must_use]
pub fn judge(order: &Order, answer: &Answer, taken_in: bool, mode: Mode) -> Verdict {
    if answer.order_code != order.code {
        return Verdict::Foreign("other_order");
    }
    if answer.sandbox != (mode == Mode::Sandbox) {
        return Verdict::Foreign("other_mode");
    }
    match answer.status {
        Status::Pending => return Verdict::NotYet,
        Status::Canceled => return Verdict::Closed,
        Status::Completed if taken_in => return Verdict::Known,
        Status::Completed => {}
    }
    match order.state {
        State::Paid | State::Delivered | State::Review | State::RefundDue | State::Refunded => {
            Verdict::Second
        }
        _ if answer.amount != order.price => Verdict::WrongAmount,
        State::AwaitingPayment => Verdict::Confirmed,
        State::Expired | State::Cancelled => Verdict::Late,
    }
}

#[cfg(test)]
mod tests {
    use protocol::time::UnixMillis;

    use super::*;
    use crate::shop::{catalog::ProductId, customer::CustomerId, money::Rupiah, order::OrderId};

    fn order(state: State) -> Order {
        Order {
            id: OrderId(1),
            code: "W1".to_owned(),
            customer: CustomerId(7),
            product: ProductId(1),
            product_name: "Netflix".to_owned(),
            price: Rupiah(25_000),
            state,
            placed_at: UnixMillis(0),
            pay_before: UnixMillis(1),
        }
    }

    fn paid(amount: i64) -> Answer {
        Answer {
            txn_id: "t".to_owned(),
            order_code: "W1".to_owned(),
            amount: Rupiah(amount),
            sandbox: false,
            status: Status::Completed,
        }
    }

    #[test]
    fn the_right_amount_means_goods_only_while_the_item_is_kept() {
        let verdict = |state| judge(&order(state), &paid(25_000), false, Mode::Live);
        assert_eq!(verdict(State::AwaitingPayment), Verdict::Confirmed);
        assert_eq!(verdict(State::Expired), Verdict::Late);
        assert_eq!(verdict(State::Cancelled), Verdict::Late);
        for state in [
            State::Paid,
            State::Delivered,
            State::Review,
            State::RefundDue,
            State::Refunded,
        ] {
            assert_eq!(verdict(state), Verdict::Second, "{state:?}");
        }
    }

    #[test]
    fn a_second_word_about_the_same_payment_is_no_news() {
        for (_, state) in State::ALL {
            assert_eq!(
                judge(&order(state), &paid(25_000), true, Mode::Live),
                Verdict::Known
            );
        }
    }

    #[test]
    fn a_wrong_amount_never_means_goods() {
        for amount in [0, 1, 24_999, 25_001, 50_000] {
            for state in [State::AwaitingPayment, State::Expired, State::Cancelled] {
                assert_eq!(
                    judge(&order(state), &paid(amount), false, Mode::Live),
                    Verdict::WrongAmount
                );
            }
        }
    }

    #[test]
    fn another_order_or_another_mode_moves_nothing() {
        let other = Answer {
            order_code: "W2".to_owned(),
            ..paid(25_000)
        };
        let play = Answer {
            sandbox: true,
            ..paid(25_000)
        };
        for answer in [other, play] {
            assert!(matches!(
                judge(&order(State::AwaitingPayment), &answer, false, Mode::Live),
                Verdict::Foreign(_)
            ));
        }
    }

    #[test]
    fn an_unpaid_or_canceled_transaction_moves_nothing() {
        let with = |status| Answer {
            status,
            ..paid(25_000)
        };
        let awaiting = order(State::AwaitingPayment);
        assert_eq!(
            judge(&awaiting, &with(Status::Pending), false, Mode::Live),
            Verdict::NotYet
        );
        assert_eq!(
            judge(&awaiting, &with(Status::Canceled), false, Mode::Live),
            Verdict::Closed
        );
    }
}
