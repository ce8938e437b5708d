//! What a comparison says of what lies on a remote and is not known here: whole restore points, which another agent took or
//! this one before its state was lost, and objects that belong to none.
//! It judges neither: the owner's key does.

use serde_json::Value;

use super::{FAULTS_MAX, words};
use crate::{backup::earlier_server::ENDS, rehearse::Share, store::rehearsal::Rehearsal};

/// Objects of no known backup that are named.
const OBJECTS_TOLD: usize = 5;

/// By what one comparison wrote down.
pub(super) struct Unknown<'a> {
    remote: &'a str,
    points: Vec<String>,
    knows_any: bool,
    objects: Vec<String>,
    objects_count: u64,
    known_points: u64,
    has_commits: bool,
}

impl<'a> Unknown<'a> {
    pub(super) fn of(seen: &'a Rehearsal) -> Self {
        let remote = &seen.remote;
        let seen: Value = serde_json::from_str(&seen.seen).unwrap_or_default();
        let names = |what: &str| -> Vec<String> {
            let all = seen[what].as_array().into_iter().flatten();
            all.filter_map(|name| name.as_str().map(str::to_owned)).collect()
        };
        Self {
            remote,
            points: names("unknown_points"),
            knows_any: seen["knows_any"].as_bool().unwrap_or(true),
            objects: names("unknown"),
            objects_count: seen["unknown_objects"].as_u64().unwrap_or(0),
            known_points: seen["points"].as_u64().unwrap_or(0),
            has_commits: seen[ENDS].as_object().is_some_and(|ends| !ends.is_empty()),
        }
    }

    /// Whether there are restore points, and this machine knows none anywhere: its state is new, or was lost.
    pub(super) fn is_all(&self) -> bool {
        !self.knows_any && !self.points.is_empty()
    }

    /// For a script: what was not compared is not proven to be there.
    pub(super) fn nothing_proven(&self) -> Option<String> {
        self.is_all().then(|| {
            format!(
                "{}: nothing is proven of its restore points: this server knows none of them, and no --key was given that \
                 opens them",
                self.remote
            )
        })
    }

    /// Whether anything lies there: where nothing does, a first backup may be yet to come.
    pub(super) fn is_there_anything(&self) -> bool {
        self.has_commits || self.objects_count > 0
    }

    /// Nothing at all, or commits and parts without any restore point: that is no proof of a backup.
    pub(super) fn nothing_leads_there(&self) -> Option<String> {
        (self.points.is_empty() && self.known_points == 0).then(|| match self.has_commits {
            false if self.objects_count > 0 => format!(
                "{}: NO RESTORE POINT is there, only what belongs to none, and nothing can be restored without one: its manifest was \
                 deleted, or a backup is being taken at this moment",
                self.remote
            ),
            false => format!(
                "{}: NOTHING is there that could be restored: no backup has reached it yet, its disk is not mounted, or that is \
                 another place",
                self.remote
            ),
            true => format!(
                "{}: NO RESTORE POINT is there, only single commits, and nothing can be restored without one. Where the shop \
                 still runs: agent backup --remote {}",
                self.remote, self.remote
            ),
        })
    }

    /// Whether restore points lie there that this machine does not know.
    pub(super) fn has_points(&self) -> bool {
        !self.points.is_empty()
    }

    /// Restore points that are not known here, in a sentence.
    pub(super) fn told(&self) -> Option<String> {
        (!self.points.is_empty()).then(|| self.points())
    }

    /// The restore points beside those that are known.
    pub(super) fn more_points(&self) -> Option<String> {
        self.told().filter(|_| self.knows_any)
    }

    /// The restore points, and what proves them.
    pub(super) fn points(&self) -> String {
        let newest = self.points.last().map_or("", String::as_str);
        let count = words::count(self.points.len() as u64, "restore point");
        let known = match self.knows_any {
            true => format!("{count} that this server does not know"),
            false => format!("{count}, and this server knows none of them"),
        };
        format!(
            "{known}, the newest {newest}: another agent took what is not known here, or this one before its state was lost. It \
             was not compared; the owner's key proves it, and a restore needs nothing else: agent verify --remote {} --key \
             owner.secret.asc",
            self.remote
        )
    }

    /// The objects.
    pub(super) fn objects(&self, share: Share) -> Option<String> {
        let most = match share {
            Share::All => FAULTS_MAX,
            Share::Some => OBJECTS_TOLD,
        };
        let first: Vec<&str> = self.objects.iter().take(most).map(String::as_str).collect();
        let more = match self.objects_count.saturating_sub(most as u64) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!first.is_empty()).then(|| {
            format!(
                "{} of no backup that this server knows: {}{more}; what is not of a backup that is being taken now takes \
                 room and is not used",
                words::count(self.objects_count, "object"),
                first.join(", ")
            )
        })
    }
}
