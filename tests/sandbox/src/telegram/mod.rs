//! The pretend Telegram Bot API. Public only so that a test can hold the table against the real one.

mod answer;
mod args;
mod deliver;
mod edit;
mod files;
mod html;
mod http;
mod keyboard;
pub(crate) mod limits;
mod objects;
mod params;
mod poll;
mod profile;
mod render;
mod reply;
pub mod schema;
mod send;
pub mod table;
mod webhook;
mod words;

pub(crate) use deliver::deliver_updates;
pub(crate) use http::{call, download};
pub(crate) use render::message_as_json;
