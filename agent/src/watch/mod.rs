//! The probes: one question a file. A probe asks under a timeout and hands what it saw to the alerts.
//! It never decides whether the owner hears of it, and sends nothing.

pub mod backup_age;
pub mod backup_outcome;
pub mod bot_health;
pub mod bot_link;
pub mod recipients;
