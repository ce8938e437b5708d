//! The backup that a remote was away for, or has lost: when it is tried again, and whether the remote answers.
//! A remote that does not answer is never a reason to try, and one that answers but takes nothing soon is not either:
//! each try is a backup, although it goes to those alone that lack one.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use protocol::time::UnixMillis;

use crate::{backup::remote, config::RemoteConfig};

/// After the backup that did not get there; it doubles with each try.
const FIRST_PAUSE: Duration = Duration::from_secs(15);
/// However many tries there were.
const PAUSE_MAX: Duration = Duration::from_secs(900);
/// A remote that answers and still takes none waits for the schedule from then on.
const TRIES_MAX: u32 = 8;
/// A remote that does not answer is asked again after this.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// Whoever is back answers a question within this.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// The smallest folder that a remote has.
const ASKED: &str = "cert/";

/// The tries since the last full backup that was not owed.
pub(super) struct Owed {
    tries: u32,
    next: UnixMillis,
    /// Those that answered and did not take a backup: being away is not why they missed it.
    refusing: BTreeSet<String>,
    /// Whether the last try went well.
    is_made_up: bool,
}

impl Owed {
    /// After a full backup of the schedule or of the owner, and at the start.
    pub(super) fn since(now: UnixMillis) -> Self {
        Self {
            tries: 0,
            next: now.plus(FIRST_PAUSE),
            refusing: BTreeSet::new(),
            is_made_up: false,
        }
    }

    /// The end of a wait that the remotes may be looked at before.
    pub(super) fn before(&self, due: UnixMillis, now: UnixMillis) -> UnixMillis {
        if self.next > now { due.min(self.next) } else { due }
    }

    /// Whether a remote that lacks a base may be asked now.
    pub(super) fn may_ask(&self, now: UnixMillis) -> bool {
        self.tries < TRIES_MAX && now >= self.next
    }

    /// None of those that lack a base answered.
    pub(super) fn unanswered(&mut self, now: UnixMillis) {
        self.next = now.plus(ASK_AGAIN);
    }

    /// What this remote answers, after a backup that it missed. Whoever does not answer is away, and may take the next.
    pub(super) fn heard(&mut self, remote: &str, answers: bool) {
        match answers {
            true => self.refusing.insert(remote.to_owned()),
            false => self.refusing.remove(remote),
        };
    }

    /// Whether it was away when it missed a backup, as far as is known, so that another try helps once it answers.
    pub(super) fn was_away(&self, remote: &str) -> bool {
        !self.refusing.contains(remote)
    }

    /// A backup was tried, and every remote that answered got it.
    pub(super) fn made_up(&mut self, now: UnixMillis) {
        self.tried(now);
        self.is_made_up = true;
    }

    /// This remote missed a backup, and was away then as far as is known. Where what was missed before has been made up for, this
    /// is another matter, with tries of its own.
    pub(super) fn missed(&mut self, remote: &str, now: UnixMillis) {
        self.heard(remote, false);
        if std::mem::take(&mut self.is_made_up) {
            (self.tries, self.next) = (0, now.plus(FIRST_PAUSE));
        }
    }

    /// A backup was tried for a remote that answered.
    pub(super) fn tried(&mut self, now: UnixMillis) {
        self.is_made_up = false;
        self.tries += 1;
        let pause = FIRST_PAUSE * 2_u32.pow(self.tries.min(TRIES_MAX));
        self.next = now.plus(pause.min(PAUSE_MAX));
    }
}

/// What each of the remotes that lack something answers, or why it does not: an empty folder is an answer. They are asked
/// at the same time: one that hangs holds up no other's backup.
pub(super) async fn ask(
    remotes: &[RemoteConfig],
    fit: &BTreeSet<String>,
) -> Vec<(String, Result<(), String>)> {
    let lacking = remotes.iter().filter(|remote| !fit.contains(&remote.name));
    join_all(lacking.map(async |config| (config.name.clone(), answer(config).await))).await
}

async fn answer(config: &RemoteConfig) -> Result<(), String> {
    let remote = remote::open(config)?;
    match tokio::time::timeout(ANSWER_LIMIT, remote.list(ASKED)).await {
        Ok(answer) => answer.map(drop).map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", ANSWER_LIMIT.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_at_growing_pauses_and_end() {
        let mut now = UnixMillis(0);
        let mut owed = Owed::since(now);
        let mut pauses = Vec::new();
        while !owed.may_ask(now) {
            let before = now;
            now = owed.next;
            pauses.push(now.since(before).as_secs());
            if !owed.may_ask(now) {
                break;
            }
            owed.tried(now);
        }
        assert_eq!(pauses, [15, 30, 60, 120, 240, 480, 900, 900, 900]);
    }

    #[test]
    fn one_that_answers_and_takes_no_backup_is_tried_for_it_again_only_after_it_was_away() {
        let mut owed = Owed::since(UnixMillis(0));
        assert!(owed.was_away("s3"), "what was before the start is not known");
        for (answers, was_away) in [
            (true, false),
            (true, false),
            (false, true),
            (false, true),
            (true, false),
        ] {
            owed.heard("s3", answers);
            assert_eq!((owed.was_away("s3"), owed.was_away("disk")), (was_away, true));
        }
    }

    #[test]
    fn a_backup_that_is_missed_after_the_one_before_was_made_up_for_has_tries_of_its_own() {
        let mut owed = Owed::since(UnixMillis(0));
        for _ in 0..TRIES_MAX {
            owed.made_up(UnixMillis(0));
        }
        let later = UnixMillis(0).plus(PAUSE_MAX);
        assert!(
            !owed.may_ask(later),
            "it is no end of tries for one that goes on lacking something"
        );
        owed.missed("s3", later);
        assert!(owed.may_ask(later.plus(FIRST_PAUSE)) && owed.was_away("s3"));
        for _ in 0..TRIES_MAX {
            owed.tried(later);
            owed.missed("s3", later);
        }
        assert!(!owed.may_ask(later.plus(PAUSE_MAX)), "that helped nobody");
    }

    #[test]
    fn a_remote_that_does_not_answer_uses_up_no_try() {
        let mut now = UnixMillis(0);
        let mut owed = Owed::since(now);
        for _ in 0..1_000 {
            now = owed.next;
            owed.unanswered(now);
        }
        assert!(owed.may_ask(owed.next));
    }
}
