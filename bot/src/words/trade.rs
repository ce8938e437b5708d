//! The names that the trade's states and reasons have for people.
//! One word for one thing, on every page and in every notice.

use super::say;
use crate::shop::{customer::Language, order::State, refund::Reason};

/// Where an order stands: a sign and a few words.
#[must_use]
pub fn state(language: Language, state: State) -> String {
    format!("{} {}", sign(state), say(language, state_key(state), &[]))
}

/// The sign alone, for a button.
#[must_use]
pub fn sign(state: State) -> &'static str {
    match state {
        State::AwaitingPayment => "⏳",
        State::Paid => "✅",
        State::Delivered => "📦",
        State::Expired => "⌛",
        State::Cancelled => "🚫",
        State::Review => "🔎",
        State::RefundDue => "💸",
        State::Refunded => "↩️",
    }
}

/// Why money is owed back.
#[must_use]
pub fn reason(language: Language, reason: Reason) -> String {
    let key = match reason {
        Reason::Late => "reason-late",
        Reason::Second => "reason-second",
        Reason::WrongAmount => "reason-wrong-amount",
    };
    say(language, key, &[])
}

fn state_key(state: State) -> &'static str {
    match state {
        State::AwaitingPayment => "state-awaiting-payment",
        State::Paid => "state-paid",
        State::Delivered => "state-delivered",
        State::Expired => "state-expired",
        State::Cancelled => "state-cancelled",
        State::Review => "state-review",
        State::RefundDue => "state-refund-due",
        State::Refunded => "state-refunded",
    }
}
