//! The shop on Telegram: orders, payments, delivery.
//! It knows no backup, no remote and no owner's alert; when something is beyond it, it writes an incident down.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod fail;
pub mod gateways;
pub mod health;
pub mod http;
pub mod inbox;
pub mod incident;
pub mod jobs;
pub mod keeper;
pub mod logs;
pub mod outbox;
pub mod queue;
pub mod restored;
pub mod shop;
pub mod telegram;
pub mod words;
