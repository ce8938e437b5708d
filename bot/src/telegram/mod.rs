//! The shop's face on Telegram: what people do comes in through the inbox, what they read goes out through the outbox.
//! Pages are made inside the transaction that handles an update; nothing is sent from there.

pub mod api;
mod customer;
mod dialogue;
pub mod event;
pub mod failover;
pub mod handle;
pub mod line;
pub mod outcome;
pub mod pace;
pub mod receive;
pub mod router;
mod seller;
pub mod send;
mod token;
mod visit;
pub mod wire;
