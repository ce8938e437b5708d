//! The owner's OpenPGP key: made once, kept off the server, and unlocked only while something is restored.
//! The agent that runs on the server never comes here: it has certificates and no secret key.

mod generate;
pub mod kit;
mod unlock;

pub use generate::{NewKey, generate};
pub use unlock::{KeyError, unlock};

/// The variable that holds the passphrase for scripts; without it a terminal is asked.
pub const PASSPHRASE_VARIABLE: &str = "OWNER_KEY_PASSPHRASE";
