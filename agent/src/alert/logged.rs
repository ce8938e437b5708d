//! What the owner is told of, for the log: there stand the words of whoever had the fault, of which the owner reads the kind.
//! It tells nobody else.

use super::engine::{Fault, Notice};

/// A line for each.
pub(super) fn log(notices: &[Notice]) {
    for notice in notices {
        let Fault {
            key, rule, detail, ..
        } = &notice.lead;
        tracing::info!(alert = key, rule = rule.name(), detail, "the owner is told of it");
    }
}
