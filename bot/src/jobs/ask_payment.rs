//! Asks the gateway whether an invoice is paid: again and again by itself, and at once when a webhook came.
//! Both end in the same door; the gateway's limit of one question in four seconds holds across both.

use std::time::Duration;

use anyhow::Result;
use protocol::time::UnixMillis;

use super::{
    run::{Workshop, trouble},
    task::{CheckPayment, PollPayment, Task},
    trade,
};
use crate::{
    clock::now,
    gateways::{GatewayError, pakasir},
    queue::{Job, worker::Outcome},
    shop::{
        order::{self, Order, OrderId},
        payment::{self, confirm::Verdict},
    },
};

/// When a fresh invoice is asked about first.
pub const FIRST_POLL: Duration = Duration::from_secs(8);
/// A gateway may take money for this long after the order was given up (Pakasir cancels after 24 h).
const WATCH_AFTER: Duration = Duration::from_secs(25 * 3_600);

/// Asks again until the money came, nobody can pay any more, or a day has passed.
///
/// # Errors
/// When the database fails; the job is tried again.
pub async fn poll(shop: &Workshop, job: &Job) -> Result<Outcome> {
    let task = PollPayment::of(job)?;
    match ask(shop, task.order, &task.txn_id).await? {
        Asked::Later(pause) => Ok(Outcome::Snooze(pause)),
        Asked::Trouble(error) => Ok(trouble(error)),
        Asked::Said(Verdict::NotYet) => {
            let order = shop.order(task.order).await?;
            match next_poll(&order, now()) {
                Some(pause) => Ok(Outcome::Snooze(pause)),
                None => shop.nothing(job.claim).await,
            }
        }
        Asked::Said(_) => shop.nothing(job.claim).await,
    }
}

/// Asks once.
///
/// # Errors
/// When the database fails; the job is tried again.
pub async fn check(shop: &Workshop, job: &Job) -> Result<Outcome> {
    let task = CheckPayment::of(job)?;
    match ask(shop, task.order, &task.txn_id).await? {
        Asked::Later(pause) => Ok(Outcome::Snooze(pause)),
        // Anybody who knows the secret can make up a transaction; the gateway does not know it.
        Asked::Trouble(GatewayError::Unknown) | Asked::Said(_) => shop.nothing(job.claim).await,
        Asked::Trouble(error) => Ok(trouble(error)),
    }
}

/// How one question ended.
pub enum Asked {
    /// It is too early to ask.
    Later(Duration),
    /// The gateway gave no answer.
    Trouble(GatewayError),
    /// It answered, and that was taken in.
    Said(Verdict),
}

/// Asks about one transaction, unless that was done a moment ago, and takes the answer in.
///
/// # Errors
/// When the database fails.
pub async fn ask(shop: &Workshop, order: OrderId, txn_id: &str) -> Result<Asked> {
    let txn = txn_id.to_owned();
    let early = shop
        .writer
        .run(move |conn| {
            let now = now();
            let asked_at =
                payment::store::by_txn(conn, pakasir::NAME, &txn)?.and_then(|payment| payment.asked_at);
            let wait = asked_at.map_or(Duration::ZERO, |asked_at| {
                pakasir::ASK_EVERY.saturating_sub(now.since(asked_at))
            });
            if wait.is_zero() {
                payment::store::asked(conn, pakasir::NAME, &txn, now)?;
            }
            Ok(wait)
        })
        .await?;
    if !early.is_zero() {
        return Ok(Asked::Later(early));
    }
    let answer = match shop.pakasir.status(txn_id).await {
        Ok(answer) => answer,
        Err(error) => return Ok(Asked::Trouble(error)),
    };
    let (settings, mode) = (shop.shop.clone(), shop.pakasir.mode());
    let verdict = shop.writer.run(move |conn| {
        let order = order::store::get(conn, order)?;
        trade::take_payment(conn, &settings, pakasir::NAME, &order, &answer, mode, now())
    });
    let verdict = verdict.await?;
    crate::fail::point("after_payment_booked");
    Ok(Asked::Said(verdict))
}

/// When to ask again: often while the customer holds the phone, rarely for money that may still come late.
/// `None`: never.
fn next_poll(order: &Order, now: UnixMillis) -> Option<Duration> {
    let (age, late) = (now.since(order.placed_at), now.since(order.pay_before));
    // Not as often as the gateway allows: a webhook that comes just after a question has to wait.
    let pause = match (age.as_secs(), late) {
        (0..300, Duration::ZERO) => 8,
        (_, Duration::ZERO) => 12,
        (_, late) if late < Duration::from_secs(600) => 15,
        (_, late) if late < Duration::from_secs(3_600) => 60,
        (_, late) if late < WATCH_AFTER => 600,
        _ => return None,
    };
    Some(Duration::from_secs(pause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::{catalog::ProductId, customer::CustomerId, money::Rupiah, order::State};

    #[test]
    fn questions_become_rarer_and_end_after_a_day() {
        let order = Order {
            id: OrderId(1),
            code: "W1".to_owned(),
            customer: CustomerId(1),
            product: ProductId(1),
            product_name: String::new(),
            price: Rupiah(1_000),
            state: State::AwaitingPayment,
            placed_at: UnixMillis(0),
            pay_before: UnixMillis(900_000),
        };
        let at = |seconds: i64| next_poll(&order, UnixMillis(seconds * 1_000)).map(|pause| pause.as_secs());
        assert_eq!(
            [
                at(0),
                at(299),
                at(800),
                at(1_000),
                at(2_000),
                at(9_000),
                at(100_000)
            ],
            [Some(8), Some(8), Some(12), Some(15), Some(60), Some(600), None]
        );
    }
}
