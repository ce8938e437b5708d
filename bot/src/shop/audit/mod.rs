//! Does the shop's database add up? What must hold across tables and cannot be a constraint of one.

pub mod store;

use serde::Serialize;

use super::money::Rupiah;

/// Counts, sums, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Orders by state.
    pub orders: Vec<(String, u64)>,
    /// Stock items by state.
    pub stock: Vec<(String, u64)>,
    /// Jobs by state; those that were given up are `dead`.
    pub jobs: Vec<(String, u64)>,
    /// Messages to Telegram by state.
    pub outbox: Vec<(String, u64)>,
    /// What stands on each account.
    pub ledger: Vec<(String, Rupiah)>,
    /// What all accounts add up to: nothing, or it is a fault.
    pub ledger_sum: Rupiah,
    /// Migrations that were applied to a private copy before it was looked at; the file itself is as it was.
    pub brought_forward: Vec<String>,
    /// What does not hold, one sentence each; empty when everything adds up.
    pub faults: Vec<String>,
}
