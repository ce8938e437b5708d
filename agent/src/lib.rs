//! The keeper of the shop: it watches the bot, tells the owner, takes encrypted backups and brings them back.
//! It knows no product and no price, and works when the bot is dead.

pub mod alert;
pub mod app;
pub mod backup;
pub mod beat;
pub mod boot;
pub mod chart;
pub mod cli;
pub mod config;
pub mod console;
pub mod http;
pub mod keys;
pub mod overview;
pub mod page;
pub mod rehearse;
pub mod restore;
pub mod store;
pub mod traffic;
pub mod watch;
