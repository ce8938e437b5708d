//! Drives a sandbox over HTTP, as bots, shops and people do. It holds the sandbox to the documented behaviour.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod chats;
mod documents;
mod faults;
mod gateway;
mod keeping;
mod sandbox;
mod specification;
mod strictness;
mod updates;
mod webhook;
