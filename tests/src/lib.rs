//! What the system tests, the demo and the tour share: a whole shop of real processes on this machine.
//! It takes no part in the shop itself and reads the programs' databases only to count.

pub mod binaries;
pub mod chat;
pub mod demo;
pub mod gate;
pub mod gpg;
pub mod history;
pub mod http;
pub mod ledger;
pub mod machine;
pub mod place;
pub mod ports;
pub mod process;
#[path = "../durability/src/progress.rs"]
pub mod progress;
pub mod purchase;
pub mod push;
pub mod sandbox;
pub mod secrecy;
pub mod settings;
pub mod shop;
pub mod tour;
pub mod volume;
pub mod wait;
