//! What the world recorded of announcements, held against what the shop counts of them.

use std::collections::BTreeMap;

use super::{Call, Findings, History};
use crate::ledger::Books;

/// How an announcement begins that is counted here; its number follows.
pub const ANNOUNCEMENT: &str = "Kabar toko nomor";
/// As many messages of an announcement as are committed ahead of sending.
const WINDOW: usize = 30;

impl History {
    /// Nobody got an announcement twice; who is counted has it, and no kill left more than a window in doubt.
    pub(super) fn announcements(&self, books: &Books, kills: usize, found: &mut Findings) {
        let mut seen: BTreeMap<(&str, i64), usize> = BTreeMap::new();
        // The seller's own pages, and the list of all announcements, quote it.
        let own = |call: &&Call| !call.words.contains("Penerima:");
        for call in self.taken("sendmessage").filter(own) {
            if let Some(words) = call.words.lines().find(|line| line.starts_with(ANNOUNCEMENT)) {
                *seen.entry((words, call.chat)).or_default() += 1;
            }
        }
        found.announced = seen.len();
        let twice = seen.iter().filter(|(_, times)| **times > 1);
        found
            .faults
            .extend(twice.map(|((words, chat), times)| format!("'{words}' came to {chat} {times} times")));
        for told in books.announcements() {
            let reached = seen.keys().filter(|(words, _)| *words == told.words).count();
            found.announced_unknown += told.unknown;
            if !(told.sent..=told.sent + told.unknown).contains(&reached) {
                found.faults.push(format!(
                    "'{}' reached {reached}; the shop counts {} and {} in doubt",
                    told.words, told.sent, told.unknown
                ));
            }
        }
        if found.announced_unknown > WINDOW * kills {
            found.faults.push(format!(
                "{} announcements in doubt after {kills} kills",
                found.announced_unknown
            ));
        }
    }
}
