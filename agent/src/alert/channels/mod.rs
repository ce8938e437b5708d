//! The ways to the owner, and what can come of one attempt.
//! A channel tries once and says what it knows; when to try again is the outbox's to decide.

use std::time::Duration;

pub mod telegram;

/// What is known after one attempt. The texts are for the log: without secrets, and short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The channel has taken it, and calls it by this number.
    Sent {
        /// The channel's own number.
        message_id: i64,
    },
    /// It has certainly not arrived: nothing was reached.
    NotSent(String),
    /// It has not arrived, and must not be tried before this long.
    RetryAfter(Duration),
    /// It has not arrived and will not until the owner changes something: token, chat, address.
    Refused(String),
    /// The request went out and its answer is not known: it may have arrived.
    Unknown(String),
}
