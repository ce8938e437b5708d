//! What a button under an alert does: take it on, silence it, show what to do. The message changes in place.
//! A button that means nothing any more only ends its waiting.

use protocol::time::UnixMillis;

use super::{Console, answer, update::Under};
use crate::{
    alert::{buttons::Press, engine::keys_of, reports::scope_of},
    store::episodes::EpisodeId,
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
                let before = self.episode_silent_until(episode, now)?;
                let Some(until) = self.desk.alerts.silence_episode(episode, lasts, now)? else {
                    return self.line.answer_press(press, words.over_already).await;
                };
                let told = silent_until(words.silent_until, &self.moment(until));
                let told = told + &self.shortened(before, until);
                self.line.answer_press(press, &told).await?;
                self.note(chat, under, &told).await
            }
            Some(Press::TakeReport) => {
                self.line.answer_press(press, words.acked).await?;
                self.note(chat, under, &format!("✋ {}", words.acked)).await
            }
            Some(Press::SilenceReports(kind, lasts)) => {
                let before = self.silent_until(&scope_of(&kind), now)?;
                let until = self.desk.alerts.silence(&scope_of(&kind), lasts, now)?;
                let told = silent_until(words.silent_until, &self.moment(until));
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

    /// The longest silence over any of its alerts.
    fn episode_silent_until(
        &self,
        episode: EpisodeId,
        now: UnixMillis,
    ) -> anyhow::Result<Option<UnixMillis>> {
        let book = self.desk.alerts.book()?;
        let mut longest = None;
        for key in keys_of(&book, episode) {
            longest = longest.max(self.silent_until(&key, now)?);
        }
        Ok(longest)
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

/// Under the message itself it need not be said of what.
fn silent_until(sentence: &str, at: &str) -> String {
    sentence.replace("{at}", at).replace(": {what}", "")
}
