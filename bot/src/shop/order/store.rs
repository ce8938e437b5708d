//! Orders as rows. A state moves by compare-and-set only.

use anyhow::{Context, Result, ensure};
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params};

use super::{Order, OrderId, State};
use crate::shop::{
    catalog::{Product, ProductId},
    customer::CustomerId,
    money::Rupiah,
};

const PLACE: &str = "INSERT INTO shop_order
        (code, customer_id, product_id, product_name, price, state, placed_at, pay_before)
    VALUES (:code, :customer, :product, :name, :price, 'awaiting_payment', :now, :pay_before) RETURNING id";
const MOVE: &str = "UPDATE shop_order SET state = :to,
        paid_at = CASE WHEN :money THEN coalesce(paid_at, :now) END,
        delivered_at = CASE WHEN :to = 'delivered' THEN coalesce(delivered_at, :now) END
    WHERE id = :id AND state = :from";
const SELECT: &str =
    "SELECT id, code, customer_id, product_id, product_name, price, state, placed_at, pay_before
    FROM shop_order";
const BY_ID: &str = " WHERE id = :id";
const BY_CODE: &str = " WHERE code = :code";
const OF_CUSTOMER: &str = " WHERE customer_id = :customer ORDER BY id DESC LIMIT :limit OFFSET :offset";
const NEWEST: &str = " ORDER BY id DESC LIMIT :limit OFFSET :offset";
const OPEN_OF_CUSTOMER: &str =
    " WHERE customer_id = :customer AND state = 'awaiting_payment' ORDER BY id DESC LIMIT 20";
const TIMES: &str = "SELECT paid_at, delivered_at FROM shop_order WHERE id = :id";
const UNDELIVERED_OF_CUSTOMER: &str =
    " WHERE customer_id = :customer AND state = 'paid' ORDER BY id LIMIT 20";

const OPEN_WORK: &str = "SELECT (SELECT count(*) FROM shop_order WHERE state = 'awaiting_payment'),
    (SELECT o.paid_at FROM shop_order o JOIN customer c ON c.id = o.customer_id
     WHERE o.state = 'paid' AND c.blocked_at IS NULL ORDER BY o.paid_at LIMIT 1)";
// Orders are numbered in the order of their time: the first that waits is the oldest.
const OLDEST_UNPAID: &str =
    "SELECT placed_at FROM shop_order WHERE state = 'awaiting_payment' ORDER BY id LIMIT 1";
const COUNT_BY_STATE: &str = "SELECT state, count(*) FROM shop_order GROUP BY state ORDER BY state";

/// Places an order that waits for its payment. The caller reserves its item in the same transaction.
///
/// # Errors
/// When the database fails.
pub fn place(
    conn: &Connection,
    code: &str,
    customer: CustomerId,
    product: &Product,
    now: UnixMillis,
    pay_before: UnixMillis,
) -> Result<OrderId> {
    let id = conn.prepare_cached(PLACE)?.query_row(
        named_params! {
            ":code": code, ":customer": customer.0, ":product": product.id.0, ":name": product.draft.name,
            ":price": product.draft.price.0, ":now": now.0, ":pay_before": pay_before.0,
        },
        |row| row.get(0),
    )?;
    Ok(OrderId(id))
}

/// Moves an order from one state to another.
///
/// # Errors
/// When the order stands elsewhere, or the database fails.
pub fn advance(conn: &Connection, id: OrderId, from: State, to: State, now: UnixMillis) -> Result<()> {
    use State as S;
    let money = matches!(
        to,
        S::Paid | S::Delivered | S::Review | S::RefundDue | S::Refunded
    );
    let changed = conn.prepare_cached(MOVE)?.execute(named_params! {
        ":id": id.0, ":from": from.name(), ":to": to.name(), ":money": money, ":now": now.0,
    })?;
    ensure!(changed == 1, "order {} is not {} any more", id.0, from.name());
    Ok(())
}

/// One order.
///
/// # Errors
/// When there is no such order or the database fails.
pub fn get(conn: &Connection, id: OrderId) -> Result<Order> {
    one(conn, BY_ID, &[(":id", &id.0)])?.with_context(|| format!("there is no order {}", id.0))
}

/// When an order's money came and when its goods were delivered.
///
/// # Errors
/// When there is no such order or the database fails.
pub fn times(conn: &Connection, id: OrderId) -> Result<(Option<UnixMillis>, Option<UnixMillis>)> {
    let mut statement = conn.prepare_cached(TIMES)?;
    let times = statement.query_row(named_params! { ":id": id.0 }, |row| {
        Ok((
            row.get::<_, Option<i64>>(0)?.map(UnixMillis),
            row.get::<_, Option<i64>>(1)?.map(UnixMillis),
        ))
    });
    times.with_context(|| format!("reading the times of order {}", id.0))
}

/// The order of a code; `None` when the shop never gave it out.
///
/// # Errors
/// When the database fails.
pub fn by_code(conn: &Connection, code: &str) -> Result<Option<Order>> {
    one(conn, BY_CODE, &[(":code", &code)])
}

/// A page of a customer's orders, newest first.
///
/// # Errors
/// When the database fails.
pub fn of_customer(conn: &Connection, customer: CustomerId, offset: u32, limit: u32) -> Result<Vec<Order>> {
    many(
        conn,
        OF_CUSTOMER,
        &[
            (":customer", &customer.0),
            (":offset", &offset),
            (":limit", &limit),
        ],
    )
}

/// A page of everybody's orders, newest first.
///
/// # Errors
/// When the database fails.
pub fn newest(conn: &Connection, offset: u32, limit: u32) -> Result<Vec<Order>> {
    many(conn, NEWEST, &[(":offset", &offset), (":limit", &limit)])
}

/// A customer's orders that wait for their payment, newest first, at most 20.
///
/// # Errors
/// When the database fails.
pub fn open_of_customer(conn: &Connection, customer: CustomerId) -> Result<Vec<Order>> {
    many(conn, OPEN_OF_CUSTOMER, &[(":customer", &customer.0)])
}

/// A customer's paid orders whose goods have not arrived, oldest first, at most 20.
///
/// # Errors
/// When the database fails.
pub fn undelivered_of_customer(conn: &Connection, customer: CustomerId) -> Result<Vec<Order>> {
    many(conn, UNDELIVERED_OF_CUSTOMER, &[(":customer", &customer.0)])
}

/// How many orders wait for their payment, and since when the oldest paid one waits for its goods. Whoever has blocked the
/// shop keeps theirs waiting, which nothing but they can end: they are not counted.
///
/// # Errors
/// When the database fails.
pub fn open_work(conn: &Connection) -> Result<(u64, Option<UnixMillis>)> {
    Ok(conn.prepare_cached(OPEN_WORK)?.query_row([], |row| {
        Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map(UnixMillis)))
    })?)
}

/// Since when the oldest order waits for its payment.
///
/// # Errors
/// When the database fails.
pub fn oldest_unpaid(conn: &Connection) -> Result<Option<UnixMillis>> {
    let mut statement = conn.prepare_cached(OLDEST_UNPAID)?;
    let found = statement.query_row([], |row| row.get(0)).optional()?;
    Ok(found.map(UnixMillis))
}

/// How many orders stand in each state that any order stands in.
///
/// # Errors
/// When the database fails.
pub fn count_by_state(conn: &Connection) -> Result<Vec<(String, u64)>> {
    let mut statement = conn.prepare_cached(COUNT_BY_STATE)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn one(conn: &Connection, which: &str, params: &[(&str, &dyn ToSql)]) -> Result<Option<Order>> {
    Ok(conn
        .prepare_cached(&format!("{SELECT}{which}"))?
        .query_row(params, order)
        .optional()?)
}

fn many(conn: &Connection, which: &str, params: &[(&str, &dyn ToSql)]) -> Result<Vec<Order>> {
    let mut statement = conn.prepare_cached(&format!("{SELECT}{which}"))?;
    let rows = statement.query_map(params, order)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn order(row: &Row<'_>) -> rusqlite::Result<Order> {
    let state: String = row.get(6)?;
    Ok(Order {
        id: OrderId(row.get(0)?),
        code: row.get(1)?,
        customer: CustomerId(row.get(2)?),
        product: ProductId(row.get(3)?),
        product_name: row.get(4)?,
        price: Rupiah(row.get(5)?),
        state: State::of_name(&state).ok_or_else(|| {
            rusqlite::Error::FromSqlConversionFailure(6, rusqlite::types::Type::Text, state.into())
        })?,
        placed_at: UnixMillis(row.get(7)?),
        pay_before: UnixMillis(row.get(8)?),
    })
}
