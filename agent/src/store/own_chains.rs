//! The chains that are this agent's own: that it began, or knows a point of. They are few, and never forgotten: what is
//! left of one on a remote is this agent's to prune also when its last point is gone.
//! It knows nothing of what lies on a remote.

use std::collections::BTreeSet;

use protocol::chain::ChainId;
use rusqlite::{Transaction, named_params};

use super::{Store, capture::chain_from};

const PUT: &str = "INSERT OR IGNORE INTO own_chain (chain) VALUES (:chain)";
const SELECT: &str = "SELECT chain FROM own_chain ORDER BY chain";

impl Store {
    /// All of them.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn own_chains(&self) -> rusqlite::Result<BTreeSet<ChainId>> {
        self.read(|connection| {
            connection
                .prepare(SELECT)?
                .query_map([], |row| chain_from(row, 0))?
                .collect()
        })
    }
}

/// This one is.
pub(super) fn put(transaction: &Transaction<'_>, chain: &ChainId) -> rusqlite::Result<()> {
    let row = named_params! {":chain": chain.as_str()};
    transaction.prepare_cached(PUT)?.execute(row).map(drop)
}
