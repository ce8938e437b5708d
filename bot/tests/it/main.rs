//! The bot from the outside: its public functions on a real temporary SQLite, the clock set by hand.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not there")]

mod broadcast;
mod money;
mod outbox;
mod pages_customer;
mod pages_seller;
mod pages_words;
mod queue;
mod queue_worker;
mod world;
