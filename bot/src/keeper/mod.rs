//! The agent, seen from the bot: whether what was committed is off the machine, and whether the agent is there at all.
//! The bot works without it: every wait here is short, and nothing is refused because of its answer.

pub mod contact;
pub mod durable;
mod question;
pub mod silence;
pub mod store;
