//! The backup that some remotes need and others do not: a full one of the present chain for those that lack it, a delta for
//! those where commits are torn, and for those that were away when the last one that was meant for all was taken.
//! For these alone, so that nothing that happens to one remote costs another a backup.
//! When it is tried again is not known here.

use std::collections::BTreeSet;

use super::{Backups, Ended, now, stored};
use crate::{
    alert::heartbeat::{RunId, Signal},
    app::owed::{self, Owed},
    backup::{self, TakeError, Want},
    watch::backup_outcome,
};

/// What is taken for some remotes alone.
pub(super) struct Lacking {
    want: Want,
    remotes: Vec<String>,
}

impl Backups {
    /// The remotes that answer and have no full point of this chain, or have lost it, although another has one; else
    /// those that do and hold commits that cannot be reached there, or missed the last backup for being away.
    pub(super) async fn owes(&self, owed: &mut Owed) -> Option<Lacking> {
        let may_ask = || owed.may_ask(now()) && !backup::is_being_taken(&self.config);
        let mark = self.capture.captured().filter(|_| may_ask())?;
        let holders = self.holders(&mark.chain).ok()?;
        let whole = self.whole().ok()?;
        let missed = self.store.missed_newest(&mark.chain, &whole).ok()?;
        let fit = &(&holders & &whole) - &missed;
        fit.iter()
            .for_each(|remote| stored(self.store.put_fit(remote).map_err(Into::into)));
        let answers = owed::ask(&self.config.remotes, &fit).await;
        for (remote, _) in answers.iter().filter(|(_, answer)| answer.is_err()) {
            owed.heard(remote, false);
        }
        let back = self.those_that_are_back(answers);
        let (mut behind, baseless): (Vec<String>, Vec<String>) =
            back.into_iter().partition(|remote| holders.contains(remote));
        behind.retain(|remote| !missed.contains(remote) || owed.was_away(remote));
        let lacking = match (baseless.is_empty(), behind.is_empty()) {
            (false, _) => Lacking {
                want: Want::Full,
                remotes: baseless,
            },
            (true, false) => Lacking {
                want: Want::Delta,
                remotes: behind,
            },
            (true, true) => {
                owed.unanswered(now());
                return None;
            }
        };
        let why = match lacking.want {
            Want::Full => "they answer and have no whole full backup of this chain: one is taken for them",
            Want::Delta => {
                "they answer and lack commits before others, or missed the last backup: a delta is taken for them"
            }
        };
        tracing::info!(remotes = lacking.remotes.join(", "), "{why}");
        Some(lacking)
    }

    /// Those that answered. Nothing may wait for the others that would tell that they do not.
    fn those_that_are_back(&self, answers: Vec<(String, Result<(), String>)>) -> Vec<String> {
        let is_back = |(remote, answer): (String, Result<(), String>)| match answer {
            Ok(()) => Some(remote),
            Err(why) => {
                self.note_failed(&remote, &why);
                None
            }
        };
        answers.into_iter().filter_map(is_back).collect()
    }

    /// As where what waits for it was not taken.
    fn note_failed(&self, remote: &str, why: &str) {
        stored(self.store.put_ship_failed(remote, now(), why).map_err(Into::into));
    }

    /// The remotes on which nothing of the chain that is followed is torn, or was never sent.
    fn whole(&self) -> rusqlite::Result<BTreeSet<String>> {
        let shipping = self.store.shipping()?;
        let torn: BTreeSet<String> = shipping
            .into_iter()
            .filter(|one| one.torn_after.is_some())
            .map(|one| one.remote)
            .collect();
        let all = self.config.remotes.iter().map(|remote| remote.name.clone());
        Ok(all.filter(|remote| !torn.contains(remote)).collect())
    }

    /// A backup for these remotes alone, and whether each of them got it. The others need none, and hear nothing of it.
    pub(super) async fn repair(&self, lacking: &Lacking, owed: &mut Owed) -> bool {
        let Lacking {
            want,
            remotes: lacking,
        } = lacking;
        let taken = self.take((*want, lacking), None).await;
        if !matches!(taken, Err(TakeError::AlreadyRunning)) {
            // They have just answered. Who is away again is seen by the next question.
            lacking.iter().for_each(|remote| owed.heard(remote, true));
        }
        match taken {
            Ok(taken) => {
                self.capture.point_taken();
                tracing::info!(point = %taken.point, remotes = lacking.join(", "), "a backup was taken");
                for outcome in &taken.remotes {
                    if let Some(why) = &outcome.error {
                        self.note_failed(&outcome.remote, why);
                    }
                }
                self.observe(&taken).await;
                let holders = self.capture.captured().map(|mark| self.holders(&mark.chain));
                let mut all = self.config.remotes.iter();
                // Else what the outside heard last is still so.
                if let Some(Ok(holders)) = holders
                    && all.all(|remote| holders.contains(&remote.name))
                {
                    self.tell(Signal::Success, &RunId::random());
                }
                taken.remotes.iter().all(|outcome| outcome.error.is_none())
            }
            Err(TakeError::AlreadyRunning) => {
                tracing::info!("a backup is being taken by hand at this moment");
                false
            }
            Err(TakeError::Failed(error)) => {
                let detail = format!("{error:#}");
                tracing::error!(
                    error = detail,
                    remotes = lacking.join(", "),
                    "they got no backup of their own"
                );
                let spared = self.out_of_sight(lacking).await;
                let mut blamed = lacking.clone();
                blamed.retain(|remote| !spared.contains(remote));
                blamed.iter().for_each(|remote| self.note_failed(remote, &detail));
                stored(backup_outcome::observe_unreached(
                    &self.alerts,
                    &blamed,
                    &detail,
                    now(),
                ));
                false
            }
        }
    }
}

/// Those that missed a backup which was meant for all, each of which may be tried for it alone once it answers.
pub(super) fn hear_who_missed(ended: &Ended, owed: &mut Owed) {
    let Ended::Taken(missed) = ended else { return };
    missed.iter().for_each(|one| owed.missed(&one.remote, now()));
}
