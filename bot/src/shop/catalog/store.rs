//! Products as rows.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Draft, Product, ProductId};
use crate::shop::money::Rupiah;

const PUT: &str = "INSERT INTO product (sku, name, category, description, terms, price, created_at)
    VALUES (:sku, :name, :category, :description, :terms, :price, :now)
    ON CONFLICT (sku) DO UPDATE SET name = excluded.name, category = excluded.category,
        description = excluded.description, terms = excluded.terms, price = excluded.price
    RETURNING id";
const SET_PRICE: &str = "UPDATE product SET price = :price WHERE id = :id";
const SET_ON_SALE: &str = "UPDATE product SET on_sale = :on_sale WHERE id = :id";
const COLUMNS: &str = "SELECT id, sku, name, category, description, terms, price, on_sale,
    (SELECT count(*) FROM stock_item WHERE product_id = product.id AND state = 'free') FROM product";
const ON_SALE: &str = " WHERE on_sale = 1 ORDER BY category, id LIMIT :limit OFFSET :offset";
const ALL: &str = " ORDER BY category, id LIMIT :limit OFFSET :offset";
const BY_ID: &str = " WHERE id = :id";
const BY_SKU: &str = " WHERE sku = :sku";

/// Adds a product, or changes the one of the same SKU. The caller has checked the draft.
///
/// # Errors
/// When the database fails.
pub fn put(conn: &Connection, draft: &Draft, now: UnixMillis) -> Result<ProductId> {
    let id = conn.prepare_cached(PUT)?.query_row(
        named_params! {
            ":sku": draft.sku, ":name": draft.name, ":category": draft.category,
            ":description": draft.description, ":terms": draft.terms, ":price": draft.price.0, ":now": now.0,
        },
        |row| row.get(0),
    )?;
    Ok(ProductId(id))
}

/// Changes a price; orders that exist keep theirs. Answers whether there is such a product.
///
/// # Errors
/// When the database fails.
pub fn set_price(conn: &Connection, id: ProductId, price: Rupiah) -> Result<bool> {
    Ok(conn
        .prepare_cached(SET_PRICE)?
        .execute(named_params! { ":id": id.0, ":price": price.0 })?
        > 0)
}

/// Shows a product to customers, or hides it. Answers whether there is such a product.
///
/// # Errors
/// When the database fails.
pub fn set_on_sale(conn: &Connection, id: ProductId, on_sale: bool) -> Result<bool> {
    Ok(conn
        .prepare_cached(SET_ON_SALE)?
        .execute(named_params! { ":id": id.0, ":on_sale": on_sale })?
        > 0)
}

/// A page of what customers see, by category.
///
/// # Errors
/// When the database fails.
pub fn on_sale(conn: &Connection, offset: u32, limit: u32) -> Result<Vec<Product>> {
    page(conn, ON_SALE, offset, limit)
}

/// A page of everything, hidden products as well.
///
/// # Errors
/// When the database fails.
pub fn all(conn: &Connection, offset: u32, limit: u32) -> Result<Vec<Product>> {
    page(conn, ALL, offset, limit)
}

/// One product.
///
/// # Errors
/// When the database fails.
pub fn get(conn: &Connection, id: ProductId) -> Result<Option<Product>> {
    let mut statement = conn.prepare_cached(&format!("{COLUMNS}{BY_ID}"))?;
    Ok(statement
        .query_row(named_params! { ":id": id.0 }, product)
        .optional()?)
}

/// The product of a SKU.
///
/// # Errors
/// When the database fails.
pub fn by_sku(conn: &Connection, sku: &str) -> Result<Option<Product>> {
    let mut statement = conn.prepare_cached(&format!("{COLUMNS}{BY_SKU}"))?;
    Ok(statement
        .query_row(named_params! { ":sku": sku }, product)
        .optional()?)
}

fn page(conn: &Connection, which: &str, offset: u32, limit: u32) -> Result<Vec<Product>> {
    let mut statement = conn.prepare_cached(&format!("{COLUMNS}{which}"))?;
    let rows = statement.query_map(named_params! { ":offset": offset, ":limit": limit }, product)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn product(row: &Row<'_>) -> rusqlite::Result<Product> {
    Ok(Product {
        id: ProductId(row.get(0)?),
        draft: Draft {
            sku: row.get(1)?,
            name: row.get(2)?,
            category: row.get(3)?,
            description: row.get(4)?,
            terms: row.get(5)?,
            price: Rupiah(row.get(6)?),
        },
        on_sale: row.get(7)?,
        free: row.get(8)?,
    })
}
