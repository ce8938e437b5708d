//! The probes: one question a file. A probe asks under a timeout and hands what it saw to the alerts.
//! It never decides whether the owner hears of it, and sends nothing.

mod asking;
pub mod backup_age;
pub mod backup_outcome;
pub mod board;
pub mod bot_health;
pub mod bot_link;
pub mod capture;
pub mod certificate;
pub mod clock;
pub mod command;
pub mod cpu;
pub mod credentials;
pub mod cycle;
pub mod database;
pub mod disk;
pub mod egress;
pub mod forecast;
pub mod history;
pub mod hours;
pub mod itself;
pub mod left_out;
pub mod logs;
pub mod memory;
pub mod not_after;
pub mod nudge;
pub mod probe;
pub mod recipients;
pub mod registration;
pub mod rehearsals;
pub mod shipping_lag;
pub mod space;
pub mod trade;
pub mod trees;
pub mod trend;
pub mod unit;
