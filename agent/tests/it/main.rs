//! The agent from outside: its public functions on real temporary databases, and real loopback sockets.
//! Nothing here sleeps to be right: a test waits for what must come, with a limit.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alert_outbox;
mod alert_storm;
mod any_point;
mod backup_ends;
mod backup_objects;
mod capture;
mod capture_differential;
mod capture_kills;
mod capture_measure;
mod capture_rig;
mod channels;
mod console;
mod far_remote;
mod fault_proxy;
mod few_manifests;
mod full_disk;
mod healthy_month;
mod idle;
mod live_chain;
mod loss;
mod missing_commits;
mod object_lock;
mod older;
mod one_remote;
mod owner_key;
mod pictures;
mod points;
mod pretend_bot;
mod pretend_channels;
mod pretend_telegram;
mod printed;
mod recipients;
mod registration;
mod rehearsals;
mod remote_faults;
mod remotes;
mod restore_faults;
mod restoring;
mod rotation;
mod running;
mod servers;
mod shop;
mod signing;
mod site;
mod source_faults;
mod ssh_left;
mod status_page;
mod time_machine;
mod total_loss;
mod watch_bot;
mod watch_capture;
mod watch_status;
mod world;
