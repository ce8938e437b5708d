//! What bot and agent must agree on: types, and pure functions over them.
//! No I/O, no clock, no runtime and no database, so that neither program can pull the other one down.

pub mod address;
pub mod chain;
pub mod durable;
pub mod health;
pub mod incident;
pub mod manifest;
pub mod object_key;
pub mod restored;
pub mod secret;
pub mod settings;
pub mod time;
