//! The bot from the outside: its public functions on a real temporary SQLite, the clock set by hand.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not there")]

mod addresses;
mod broadcast;
mod durable;
mod goods;
mod health;
mod money;
mod outbox;
mod pages_customer;
mod pages_seller;
mod pages_words;
mod pretend_agent;
mod queue;
mod queue_worker;
mod restored;
mod silence;
mod storage;
mod world;
