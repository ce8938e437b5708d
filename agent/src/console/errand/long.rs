//! A backup or a rehearsal that the owner asked for: one message in the chat that changes in place while it goes on, and
//! ends with how it ended. One of each at a time.
//! It does neither itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::{sync::mpsc, time::sleep};

use super::Runner;
use crate::{
    alert::message::{duration, in_words},
    config::Language,
    console::{
        answer::{in_one_message, size},
        words::words,
        work::{Ask, Asked, BackupEnd, DrillEnd, Missed, Step, ask},
    },
};

/// Between two changes of a message: Telegram takes about one a second in a chat, and alerts go there too.
const SHOWN_EVERY: Duration = Duration::from_secs(3);

/// What runs at the moment because the owner asked.
#[derive(Clone, Default)]
pub(in crate::console) struct Going {
    backup: Arc<AtomicBool>,
    drill: Arc<AtomicBool>,
}

/// Taken while one runs.
struct Turn(Arc<AtomicBool>);

impl Turn {
    fn take(flag: &Arc<AtomicBool>) -> Option<Self> {
        (!flag.swap(true, Ordering::AcqRel)).then(|| Self(Arc::clone(flag)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// How a backup ended, in the owner's words. One that is not everywhere is not simply done.
fn ended(language: Language, end: BackupEnd) -> String {
    let words = words(language);
    match end {
        BackupEnd::Taken(point, bytes, missed) => {
            let done = match missed.is_empty() {
                true => words.backup_done,
                false => words.backup_partly,
            };
            let why = |missed: &Missed| format!("\n• {}: {}", missed.remote, in_words(language, &missed.why));
            let missed: String = missed.iter().map(why).collect();
            let told = done
                .replace("{size}", &size(language, bytes))
                .replace("{point}", &point);
            in_one_message(&told.replace("{remotes}", &missed))
        }
        BackupEnd::Running => words.backup_runs.to_owned(),
        BackupEnd::Failed(None) => words.backup_unknown.to_owned(),
        BackupEnd::Failed(Some(why)) => {
            in_one_message(&words.backup_failed.replace("{why}", &in_words(language, &why)))
        }
    }
}

impl Runner {
    pub(super) async fn backup(&self, chat: i64) -> anyhow::Result<()> {
        let words = words(self.desk.voice.language);
        let Some(turn) = Turn::take(&self.going.backup) else {
            return self.line.say(chat, words.backup_runs).await;
        };
        let message = self.line.post(chat, words.backup_begins).await?;
        let end = self.watch(chat, message, words.backup_begins, &self.doers.backups);
        let end = end.await.unwrap_or(BackupEnd::Failed(None));
        drop(turn);
        let text = ended(self.desk.voice.language, end);
        self.settle(chat, message, &text).await
    }

    pub(super) async fn drill(&self, chat: i64) -> anyhow::Result<()> {
        let words = words(self.desk.voice.language);
        let Some(turn) = Turn::take(&self.going.drill) else {
            return self.line.say(chat, words.drill_runs).await;
        };
        let message = self.line.post(chat, words.drill_begins).await?;
        let end = self.watch(chat, message, words.drill_begins, &self.doers.drills);
        let end = end.await;
        drop(turn);
        let text = match end {
            Some(DrillEnd::Passed {
                remote,
                lasted,
                is_counted,
            }) => match is_counted {
                true => words.drill_passed,
                false => words.drill_uncounted,
            }
            .replace("{lasted}", &duration(self.desk.voice.language, lasted))
            .replace("{remote}", &remote),
            Some(DrillEnd::Failed(remote, why)) => words
                .drill_failed
                .replace("{remote}", &remote)
                .replace("{why}", &in_words(self.desk.voice.language, &why)),
            Some(DrillEnd::NoBackup) => words.no_backup.to_owned(),
            Some(DrillEnd::Broken(why)) => {
                let why = in_words(self.desk.voice.language, &why);
                words.drill_broken.replace("{why}", &why)
            }
            None => words.drill_broken.replace("{why}", "–"),
        };
        self.settle(chat, message, &text).await
    }

    /// Asks, and shows the progress in the message until the end; `None` when nobody takes it on.
    async fn watch<E>(
        &self,
        chat: i64,
        message: Option<i64>,
        begun: &str,
        doer: &mpsc::Sender<Ask<E>>,
    ) -> Option<E> {
        let (question, mut asked): (Ask<E>, Asked<E>) = ask();
        doer.try_send(question).ok()?;
        let mut shown = begun.to_owned();
        loop {
            tokio::select! {
                end = &mut asked.end => return end.ok(),
                () = sleep(SHOWN_EVERY) => {}
            }
            let step = *asked.step.borrow();
            let text = progress(self.desk.voice.language, begun, step);
            if let Some(message) = message.filter(|_| text != shown) {
                // One that is not taken is replaced by the next.
                self.line.edit_in_passing(chat, message, &text).await;
                shown = text;
            }
        }
    }

    /// The end is told in any case: in place, or else anew.
    async fn settle(&self, chat: i64, message: Option<i64>, text: &str) -> anyhow::Result<()> {
        if let Some(message) = message
            && self.line.edit(chat, message, text, &Value::Null).await.is_ok()
        {
            return Ok(());
        }
        self.line.say(chat, text).await
    }
}

fn progress(language: Language, begun: &str, step: Step) -> String {
    if step.stretch == 0 {
        return begun.to_owned();
    }
    let told = words(language)
        .progress
        .replace("{stretch}", &step.stretch.to_string())
        .replace("{done}", &size(language, step.done_bytes.min(step.total_bytes)))
        .replace("{total}", &size(language, step.total_bytes));
    format!("{begun}\n{told}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_that_did_not_get_everywhere_names_the_remotes() {
        for language in [Language::Id, Language::En] {
            let taken = |missed_of: &[&str]| {
                let missed = |remote: &&str| Missed {
                    remote: (*remote).to_owned(),
                    why: "Permission denied (os error 13)".to_owned(),
                };
                let missed = missed_of.iter().map(missed).collect();
                ended(language, BackupEnd::Taken("09:00".to_owned(), 11_000, missed))
            };
            assert!(taken(&[]).starts_with('✅'));
            let partly = taken(&["disk", "cloud"]);
            assert!(
                partly.starts_with('🟡') && partly.contains("• disk: a") && partly.contains("• cloud: a"),
                "{partly}"
            );
            let failed = ended(
                language,
                BackupEnd::Failed(Some("no space left on device".to_owned())),
            );
            assert!(failed.starts_with('🔴') && failed.contains("disk"), "{failed}");
        }
    }
}
