//! The bot's question to the agent before money is acknowledged: is everything that was committed until now off this
//! machine? `GET /durable` on the agent's private address.
//! The agent holds the question for at most [`HELD_MAX`]; 200 with a [`Durable`] means yes, every other end means no.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long the agent holds the question, and how long the bot waits in all.
pub const HELD_MAX: Duration = Duration::from_secs(2);
/// Bytes of an answer.
pub const ANSWER_BYTES_MAX: usize = 4_096;

/// Everything that was committed before the question is on a remote, up to this place at least.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Durable {
    /// The chain of backups: lower-case hex digits.
    pub chain: String,
    /// The commit in it.
    pub commit: u64,
}

impl Durable {
    /// Whether this names a place at all: what cannot be one is no answer.
    #[must_use]
    pub fn is_a_place(&self) -> bool {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (1..=64).contains(&self.chain.len()) && self.chain.bytes().all(is_hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_a_chain_is_none() {
        let is_a_place = |chain: &str| {
            let chain = chain.to_owned();
            Durable { chain, commit: 7 }.is_a_place()
        };
        assert!(is_a_place("00ff"));
        assert!(!is_a_place("") && !is_a_place("yes") && !is_a_place(&"a".repeat(65)));
    }
}
