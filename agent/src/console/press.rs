//! What a button under an alert does: take it on, silence it, show what to do. The message changes in place.
//! A button that means nothing any more only ends its waiting.

use protocol::time::UnixMillis;

use super::{Console, answer, quiet::silent_until, update::Under};
use crate::{
    alert::{buttons::Press, reports::scope_of},
    store::{book::Book, episodes::EpisodeId},
};

impl Console {
    pub(super) async fn press(
        &mut self,
        chat: i64,
        press: &str,
        data: &str,
        under: Option<Under>,
        now: UnixMillis,
    ) -> anyhow::Result<()> {
        let words = self.words();
        match Press::parse(data) {
            Some(Press::Acknowledge(episode)) => {
                let is_open = self.desk.alerts.acknowledge(episode, now)?;
                let told = if is_open { words.acked } else { words.over_already };
                self.line.answer_press(press, told).await
            }
            Some(Press::Silence(episode, lasts)) => {
                let before = episode_silent_until(&self.desk.alerts.book()?, episode, now);
                let Some(until) = self.desk.alerts.silence_episode(episode, lasts, now)? else {
                    return self.line.answer_press(press, words.over_already).await;
                };
                let told = silence_told(words.silent_until, &self.moment(until));
                let told = told + &self.shortened(before, until);
                self.line.answer_press(press, &told).await?;
                self.note(chat, under, &told).await
            }
            Some(Press::TakeReport) => {
                self.line.answer_press(press, words.acked).await?;
                self.note(chat, under, &format!("✋ {}", words.acked)).await
            }
            Some(Press::SilenceReports(kind, lasts)) => {
                let before = silent_until(&self.desk.alerts.book()?, &scope_of(&kind), now);
                let until = self.desk.alerts.silence(&scope_of(&kind), lasts, now)?;
                let told = silence_told(words.silent_until, &self.moment(until));
                let told = told + &self.shortened(before, until);
                self.line.answer_press(press, &told).await?;
                self.note(chat, under, &told).await
            }
            Some(Press::Runbook(name)) => {
                self.line.answer_press(press, "").await?;
                self.line
                    .say(chat, &answer::runbook(&self.desk, Some(&name)))
                    .await
            }
            Some(Press::Logs) => {
                self.line.answer_press(press, "").await?;
                self.obey(chat, now, "/logs err", now).await
            }
            Some(Press::Graph(name)) => {
                self.line.answer_press(press, "").await?;
                self.obey(chat, now, &format!("/graph {name}"), now).await
            }
            // The second step comes after it.
            Some(Press::Restart) => {
                self.line.answer_press(press, "").await?;
                self.obey(chat, now, "/restart", now).await
            }
            None => self.line.answer_press(press, words.over_already).await,
        }
    }

    /// Writes a line under the message whose button was pressed, in place.
    async fn note(&self, chat: i64, under: Option<Under>, told: &str) -> anyhow::Result<()> {
        let Some(under) = under.filter(|under| !under.text.is_empty()) else {
            return Ok(());
        };
        // Pressed again, the line is replaced and not repeated.
        let mark = told.chars().next().unwrap_or_default();
        let before = format!("\n\n{mark}");
        let text = under.text.split(before.as_str()).next().unwrap_or_default();
        let text = format!("{text}\n\n{told}");
        self.line.edit(chat, under.message, &text, &under.buttons).await
    }
}

/// The longest silence over any of its alerts.
fn episode_silent_until(book: &Book, episode: EpisodeId, now: UnixMillis) -> Option<UnixMillis> {
    let of_episode = book.alerts.values().filter(|row| row.episode == Some(episode));
    of_episode
        .filter_map(|row| silent_until(book, &row.key, now))
        .max()
}

/// Under the message itself it need not be said of what.
fn silence_told(sentence: &str, at: &str) -> String {
    sentence.replace("{at}", at).replace(": {what}", "")
}
