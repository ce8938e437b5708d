//! What a button under an alert does: take it on, silence it, show what to do. The message changes in place.
//! A button that means nothing any more only ends its waiting.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::{
    Console, answer,
    quiet::{silent_until, told},
    update::{Sender, Under},
};
use crate::{
    alert::{buttons::Press, message::MESSAGE_UNITS_MAX, named, reports::scope_of},
    store::{book::Book, episodes::EpisodeId},
};

impl Console {
    pub(super) async fn press(
        &mut self,
        from: &Sender,
        press: &str,
        data: &str,
        under: Option<Under>,
        now: UnixMillis,
    ) -> anyhow::Result<()> {
        let (words, chat) = (self.words(), from.chat);
        match Press::parse(data) {
            Some(Press::Acknowledge(episode)) => self.acknowledge(from, press, episode, under, now).await,
            Some(Press::Silence(episode, lasts)) => {
                match self.silence_episode(from, (episode, lasts), now)? {
                    None => self.line.answer_press(press, words.over_already).await,
                    Some(told) => self.answer_and_note(chat, press, under, &told).await,
                }
            }
            Some(Press::TakeReport) => {
                let what = under.as_ref().and_then(|under| under.text.lines().next());
                self.tell_others(from, &words.takes_on.replace("{what}", what.unwrap_or("–")));
                self.line.answer_press(press, words.acked).await?;
                self.note(chat, under, &format!("✋ {}", words.acked)).await
            }
            Some(Press::SilenceReports(kind, lasts)) => {
                let told = self.silence_reports(from, (&kind, lasts), now)?;
                self.answer_and_note(chat, press, under, &told).await
            }
            Some(Press::Runbook(name)) => {
                self.line.answer_press(press, "").await?;
                self.line
                    .say(chat, &answer::runbook(&self.desk, Some(&name)))
                    .await
            }
            Some(Press::Logs) => self.typed(from, press, "/logs err", now).await,
            Some(Press::Graph(name)) => self.typed(from, press, &format!("/graph {name}"), now).await,
            // The second step comes after it.
            Some(Press::Restart) => self.typed(from, press, "/restart", now).await,
            None => self.line.answer_press(press, words.over_already).await,
        }
    }

    /// Does what the owner could have typed instead.
    async fn typed(
        &mut self,
        from: &Sender,
        press: &str,
        command: &str,
        now: UnixMillis,
    ) -> anyhow::Result<()> {
        self.line.answer_press(press, "").await?;
        self.obey(from, now, command, now).await
    }

    /// Takes an episode on, and says who has it by now: another owner may have been first. A message of its own shows it by
    /// itself; one that tells of several does not, and is what the owners read last.
    async fn acknowledge(
        &self,
        from: &Sender,
        press: &str,
        episode: EpisodeId,
        under: Option<Under>,
        now: UnixMillis,
    ) -> anyhow::Result<()> {
        let words = self.words();
        let ours = self.signed(from);
        let is_first = |book: &Book| book.episodes.get(&episode).is_some_and(|row| row.acked.is_none());
        let is_first = is_first(&self.desk.alerts.book()?);
        let Some(acked) = self.desk.alerts.acknowledge(episode, ours.clone(), now)? else {
            return self.line.answer_press(press, words.over_already).await;
        };
        let told_now = match acked.by == ours {
            true => words.acked.to_owned(),
            false => words.taken_on(&acked),
        };
        self.line.answer_press(press, &told_now).await?;
        let Some(under) = under.filter(|under| !under.text.is_empty()) else {
            return Ok(());
        };
        if !self.desk.store.is_summary(from.chat, under.message)? {
            return Ok(());
        }
        let mut open = self.desk.look(now)?.open;
        open.retain(|open| open.episode == Some(episode));
        let what = told(&open);
        if is_first {
            self.tell_others(from, &words.takes_on.replace("{what}", &what));
        }
        let line = format!("✋ {what}: {}", words.taken_on(&acked));
        self.add_line(from.chat, &under, &line).await
    }

    /// Writes one more line under a message, in place; where the message has no room for it, beside it.
    async fn add_line(&self, chat: i64, under: &Under, line: &str) -> anyhow::Result<()> {
        let text = under.text.as_str();
        if text.lines().any(|written| written == line) {
            return Ok(());
        }
        let is_noted = text.lines().last().is_some_and(|last| last.starts_with('✋'));
        let between = if is_noted { "\n" } else { "\n\n" };
        let noted = format!("{text}{between}{line}");
        if noted.encode_utf16().count() > MESSAGE_UNITS_MAX {
            return self.line.say(chat, line).await;
        }
        self.line.edit(chat, under.message, &noted, &under.buttons).await
    }

    /// `None` when it is over already.
    fn silence_episode(
        &self,
        from: &Sender,
        (episode, lasts): (EpisodeId, Duration),
        now: UnixMillis,
    ) -> anyhow::Result<Option<String>> {
        let before = episode_silent_until(&self.desk.alerts.book()?, episode, now);
        let mut open = self.desk.look(now)?.open;
        open.retain(|open| open.episode == Some(episode));
        let Some(until) = self.desk.alerts.silence_episode(episode, lasts, now)? else {
            return Ok(None);
        };
        let shortened = self.shortened(before, until);
        self.tell_others(from, &(self.silent(&told(&open), until) + &shortened));
        Ok(Some(self.silent_here(until) + &shortened))
    }

    fn silence_reports(
        &self,
        from: &Sender,
        (kind, lasts): (&str, Duration),
        now: UnixMillis,
    ) -> anyhow::Result<String> {
        let (scope, book) = (scope_of(kind), self.desk.alerts.book()?);
        let before = silent_until(&book, &scope, now);
        let what = named::scope(&self.desk.voice, &book, &scope).unwrap_or_default();
        let until = self.desk.alerts.silence(&scope, lasts, now)?;
        let shortened = self.shortened(before, until);
        self.tell_others(from, &(self.silent(&what, until) + &shortened));
        Ok(self.silent_here(until) + &shortened)
    }

    /// Under the message itself it need not be said of what.
    fn silent_here(&self, until: UnixMillis) -> String {
        let sentence = self.words().silent_until.replace(": {what}", "");
        sentence.replace("{at}", &self.moment(until))
    }

    async fn answer_and_note(
        &self,
        chat: i64,
        press: &str,
        under: Option<Under>,
        told: &str,
    ) -> anyhow::Result<()> {
        self.line.answer_press(press, told).await?;
        self.note(chat, under, told).await
    }

    /// Writes a line under the message whose button was pressed, in place; where the message has no room for it, beside it.
    async fn note(&self, chat: i64, under: Option<Under>, told: &str) -> anyhow::Result<()> {
        let Some(under) = under.filter(|under| !under.text.is_empty()) else {
            return Ok(());
        };
        // Pressed again, the line is replaced and not repeated.
        let mark = told.chars().next().unwrap_or_default();
        let before = format!("\n\n{mark}");
        let text = under.text.split(before.as_str()).next().unwrap_or_default();
        let noted = format!("{text}\n\n{told}");
        if noted.encode_utf16().count() > MESSAGE_UNITS_MAX {
            let what = text.lines().next().unwrap_or_default();
            return self.line.say(chat, &format!("{what}\n\n{told}")).await;
        }
        self.line.edit(chat, under.message, &noted, &under.buttons).await
    }
}

/// The longest silence over any of its alerts.
fn episode_silent_until(book: &Book, episode: EpisodeId, now: UnixMillis) -> Option<UnixMillis> {
    let of_episode = book.alerts.values().filter(|row| row.episode == Some(episode));
    of_episode
        .filter_map(|row| silent_until(book, &row.key, now))
        .max()
}
