//! Brings the schema forward, one numbered file at a time, each in its own transaction.
//! It never goes back: a database newer than this program is refused, not guessed at.

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, TransactionBehavior};

/// Every migration in order; the position is the version that it leads to.
const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_shop", include_str!("../../migrations/0001_shop.sql")),
    ("0002_queue", include_str!("../../migrations/0002_queue.sql")),
    (
        "0003_broadcast",
        include_str!("../../migrations/0003_broadcast.sql"),
    ),
    ("0004_goods", include_str!("../../migrations/0004_goods.sql")),
    (
        "0005_withheld",
        include_str!("../../migrations/0005_withheld.sql"),
    ),
    (
        "0006_unknown_payment",
        include_str!("../../migrations/0006_unknown_payment.sql"),
    ),
];

/// The version that this program needs.
#[must_use]
pub fn schema_version() -> usize {
    MIGRATIONS.len()
}

/// The names of the migrations that this database lacks.
///
/// # Errors
/// When the database is newer than this program.
pub fn status(conn: &Connection) -> Result<Vec<&'static str>> {
    let have = user_version(conn)?;
    if have > MIGRATIONS.len() {
        bail!(
            "the database has version {have}, this program knows {}: a newer bot has used it; install that bot again",
            MIGRATIONS.len()
        );
    }
    Ok(MIGRATIONS[have..].iter().map(|(name, _)| *name).collect())
}

/// Applies what is missing and answers the names of what it applied.
///
/// # Errors
/// When the database is newer than this program or a migration fails; a failed one leaves nothing behind.
pub fn migrate(conn: &mut Connection) -> Result<Vec<&'static str>> {
    let missing = status(conn)?;
    for &name in &missing {
        let at = MIGRATIONS
            .iter()
            .position(|(known, _)| *known == name)
            .expect("status names known migrations");
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(MIGRATIONS[at].1)
            .with_context(|| format!("applying migration {name}"))?;
        tx.pragma_update(None, "user_version", at + 1)?;
        tx.commit()
            .with_context(|| format!("committing migration {name}"))?;
    }
    Ok(missing)
}

fn user_version(conn: &Connection) -> Result<usize> {
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    usize::try_from(version).context("the database has a negative version: it is not a shop of ours")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_changes_nothing() {
        let mut conn = Connection::open_in_memory().unwrap();
        assert_eq!(migrate(&mut conn).unwrap().len(), schema_version());
        assert!(migrate(&mut conn).unwrap().is_empty());
    }

    #[test]
    fn a_newer_database_is_refused() {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.pragma_update(None, "user_version", 99).unwrap();
        assert!(migrate(&mut conn).unwrap_err().to_string().contains("newer bot"));
    }
}
