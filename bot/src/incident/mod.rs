//! What the bot could not settle by itself, written down for the owner. The agent fetches it and tells, in the owner's
//! language: here are facts only, numbers, codes and names of things.
//! They hold no secret, no item's content and nobody's name.

pub mod store;
pub mod unstored;

use protocol::{
    health::REASON_CHARS_MAX,
    incident::{FACTS_BETWEEN, Severity},
};

/// Every kind of incident that the bot raises; each has an entry of this name in docs/RUNBOOK.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A job was given up.
    DeadJob,
    /// A Telegram update could not be handled and was set aside.
    PoisonUpdate,
    /// Nobody knows whether a message arrived.
    SendUnknown,
    /// Telegram refuses a message for good.
    SendRefused,
    /// Goods are paid for and the customer cannot be reached.
    CustomerUnreachable,
    /// A gateway's answer does not fit what was asked.
    PaymentMismatch,
    /// A gateway refuses invoices.
    GatewayRefuses,
    /// Money came that must go back, or that a person must look at.
    MoneyOwed,
    /// The database was restored to an earlier moment: sales are paused.
    RestoredSalesPaused,
    /// Telegram does not take the bot's token.
    TelegramRefuses,
    /// The database takes no writes: a full disk, a read-only file.
    DatabaseRefuses,
    /// A job or an update did not come to an end in its time and was cut.
    HandlerStuck,
    /// Nobody copies the WAL into the database.
    WalTooLong,
    /// The WAL is so long that nothing new is sold.
    WalStopsSales,
    /// A payment was acknowledged, or goods were sent, before the backup had left the machine.
    NotDurable,
}

/// The facts of an incident, in the order that its kind has in docs/RUNBOOK.md, each on one line.
#[must_use]
pub fn facts(facts: &[&str]) -> String {
    let on_one_line = |fact: &&str| fact.split_whitespace().collect::<Vec<_>>().join(" ");
    facts
        .iter()
        .map(on_one_line)
        .collect::<Vec<_>>()
        .join(FACTS_BETWEEN)
}

/// An error's text as a fact: cut to size, and without addresses, which may hold a key or name somebody.
#[must_use]
pub fn reason(error: &str) -> String {
    let words = error.split_whitespace().map(|word| {
        let is_address = word.contains("://") || word.contains('@');
        if is_address { "…" } else { word }
    });
    let line = words.collect::<Vec<_>>().join(" ");
    line.chars()
        .filter(|c| !c.is_control())
        .take(REASON_CHARS_MAX)
        .collect()
}

impl Kind {
    /// Every kind, for the test that compares them with the runbook.
    pub const ALL: [Self; 15] = [
        Self::DeadJob,
        Self::PoisonUpdate,
        Self::SendUnknown,
        Self::SendRefused,
        Self::CustomerUnreachable,
        Self::PaymentMismatch,
        Self::GatewayRefuses,
        Self::MoneyOwed,
        Self::RestoredSalesPaused,
        Self::TelegramRefuses,
        Self::DatabaseRefuses,
        Self::HandlerStuck,
        Self::WalTooLong,
        Self::WalStopsSales,
        Self::NotDurable,
    ];

    /// Its stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DeadJob => "dead_job",
            Self::PoisonUpdate => "poison_update",
            Self::SendUnknown => "send_unknown",
            Self::SendRefused => "send_refused",
            Self::CustomerUnreachable => "customer_unreachable",
            Self::PaymentMismatch => "payment_mismatch",
            Self::GatewayRefuses => "gateway_refuses",
            Self::MoneyOwed => "money_owed",
            Self::RestoredSalesPaused => "restored_sales_paused",
            Self::TelegramRefuses => "telegram_refuses",
            Self::DatabaseRefuses => "database_refuses",
            Self::HandlerStuck => "handler_stuck",
            Self::WalTooLong => "wal_too_long",
            Self::WalStopsSales => "wal_stops_sales",
            Self::NotDurable => "not_durable",
        }
    }

    /// How loudly the owner must be told.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::DeadJob
            | Self::GatewayRefuses
            | Self::PaymentMismatch
            | Self::TelegramRefuses
            | Self::DatabaseRefuses
            | Self::WalStopsSales => Severity::Critical,
            Self::PoisonUpdate
            | Self::SendUnknown
            | Self::SendRefused
            | Self::CustomerUnreachable
            | Self::RestoredSalesPaused
            | Self::HandlerStuck
            | Self::WalTooLong
            | Self::NotDurable => Severity::Warning,
            Self::MoneyOwed => Severity::Info,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_short_line_and_names_no_address() {
        let error = "asking the gateway: https://pay.example/?key=s3cret refused budi@example.org\nat once";
        assert_eq!(reason(error), "asking the gateway: … refused … at once");
        let said = "Wrong response from the webhook https://shop.example/telegram?k=s3cret: 502\nBad Gateway";
        assert_eq!(reason(said), "Wrong response from the webhook … 502 Bad Gateway");
        assert_eq!(reason(&"é".repeat(999)).chars().count(), REASON_CHARS_MAX);
    }
}
