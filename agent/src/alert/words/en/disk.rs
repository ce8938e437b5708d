//! What a disk's trouble means where the disk is not the shop's own, in English. The same as in `id`, sentence by sentence.
//! Nothing here is for customers or sellers.

use crate::alert::{
    role::Role,
    rule::Rule,
    words::{Nearness, OnDisk},
};

pub(in crate::alert::words) fn of_disk(role: Role, rule: Rule) -> Option<OnDisk> {
    let nearness = Nearness::of(rule)?;
    let means = match (role, nearness) {
        (Role::Shop, _) => return None,
        // Of one that the owner named that is `disk_missing`.
        (Role::Named, _) if rule == Rule::DiskGone => return None,
        (Role::State, Nearness::Coming) => {
            "this alone does not stop the shop. When nothing more fits there, the agent can keep neither alerts nor backups."
        }
        (Role::State, Nearness::Near) => {
            "this alone does not stop the shop. The agent may at any moment be unable to keep alerts and backups."
        }
        (Role::State, Nearness::Now) => {
            "this alone does not stop the shop. The agent can keep neither alerts nor backups."
        }
        (Role::Remote, Nearness::Coming) => {
            "this alone does not stop the shop. When nothing more fits there, backups do not arrive there any more."
        }
        (Role::Remote, Nearness::Near) => {
            "this alone does not stop the shop. Backups may stop arriving there at any moment."
        }
        (Role::Remote, Nearness::Now) => "this alone does not stop the shop. Backups do not arrive there.",
        (Role::Logs, Nearness::Coming) => {
            "this alone does not stop the shop. When nothing more fits there, log lines are lost."
        }
        (Role::Logs, Nearness::Near) => {
            "this alone does not stop the shop. Log lines may be lost at any moment."
        }
        (Role::Logs, Nearness::Now) => "this alone does not stop the shop. Log lines are lost.",
        (Role::Named, Nearness::Coming) => {
            "this alone does not stop the shop. When nothing more fits there, what is kept there cannot be written any more; you know best what that is."
        }
        (Role::Named, Nearness::Near) => {
            "this alone does not stop the shop. What is kept there may at any moment not be written any more; you know best what that is."
        }
        (Role::Named, Nearness::Now) => {
            "this alone does not stop the shop. What is kept there cannot be written; you know best what that is."
        }
    };
    let todo = match nearness {
        // What grows there is none of the usual causes.
        Nearness::Coming if role == Role::Named && rule == Rule::DiskLow => {
            Some("look what grows there: du -xh {object} --max-depth=3 | sort -h | tail -20")
        }
        Nearness::Coming => None,
        // What takes the files is no question of room.
        Nearness::Near if rule == Rule::InodesFull => None,
        Nearness::Near => Some("make room there: du -xh {object} --max-depth=3 | sort -h | tail -20"),
        Nearness::Now if rule == Rule::DiskGone => None,
        Nearness::Now if role == Role::Named => Some(
            "see why it is read-only: findmnt {object}; dmesg | tail -50. Replace the disk if it is dying. When it is so on purpose, take it out of disks under [watch] and restart the agent",
        ),
        Nearness::Now => {
            Some("look at the disk: dmesg | tail -50; findmnt {object}. Replace it if it is dying.")
        }
    };
    Some(OnDisk { means, todo })
}
