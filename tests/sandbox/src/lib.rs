//! A strict pretend Telegram and a pretend payment gateway, with a page on which people chat with the bots.
//! It serves tests, the demo and training. It knows nothing of the shop: it speaks only what the real
//! services document, and refuses what they would refuse.

pub mod cli;
mod control;
mod faults;
mod files;
mod gateway;
mod page;
mod record;
mod save;
mod server;
mod severable;
mod shared;
pub mod telegram;
mod world;

pub use server::{Options, Project, serve};
pub use world::bot::BadToken;
