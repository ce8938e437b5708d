//! System tests: the real programs as processes in a pretend world, seen only from outside.
//! Each test owns its folder and its ports, and waits for what it expects instead of sleeping.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends, and says where")]

mod alerts;
mod backup;
mod broadcast;
mod commands;
mod configuration;
mod console;
mod crash;
mod disk;
mod goods;
mod idle;
mod keeper;
mod late_money;
mod measured;
mod memory;
mod metrics;
mod outage;
mod purchase;
mod queues;
mod recovery;
mod shelves;
mod status_page;
mod stuck;
mod sudden;
mod systemd;
mod webhooks;
