//! What the owner typed is carried out: an answer in text at once, and an errand where more follows.
//! Nothing that was typed is run; there is no command for it.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use protocol::time::UnixMillis;

use super::{
    Console, answer, backups,
    command::{Command, Usage},
    confirm::{Asked, Checked, Danger},
    errand::Errand,
    figures,
    late::Came,
    logs,
    quiet::Quiet,
    update::Sender,
};
use crate::{
    alert::{
        channels::Button,
        message::{duration, in_words},
        rule::Rule,
    },
    chart::picture::Picture,
    watch::unit,
};

const DAY_MS: i64 = 86_400_000;
/// A longer log goes out as a file.
const LOG_UNITS_MAX: usize = 3_000;

/// What is said at once, and what follows.
#[derive(Default)]
struct Answer {
    text: String,
    buttons: Vec<Vec<Button>>,
    then: Option<Errand>,
}

impl Answer {
    fn of(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// The errand writes the one message itself, because it changes in place.
    fn by(errand: Errand) -> Self {
        Self {
            then: Some(errand),
            ..Self::default()
        }
    }
}

fn asked_picture(chat: i64, picture: Picture, span: Duration) -> Errand {
    Errand::Picture {
        chat,
        picture,
        span,
        is_asked: true,
    }
}

impl Console {
    pub(super) async fn obey(
        &mut self,
        from: &Sender,
        at: UnixMillis,
        text: &str,
        now: UnixMillis,
    ) -> anyhow::Result<()> {
        let (command, chat) = (Command::parse(text), from.chat);
        let came = self.heard.came(at, now);
        let (acts, note) = (command.acts(), self.of_the_clock(came));
        if acts && let Came::Late(ago) = came {
            let ago = duration(self.desk.voice.language, ago);
            let late = self.words().late.replace("{ago}", &ago);
            return self.line.say(chat, &late).await;
        }
        let answer = match self.carry_out(from, command, now) {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a command of the owner's failed");
                Answer::of(self.words().broken)
            }
        };
        if !answer.text.is_empty() {
            self.line.offer(chat, &answer.text, &answer.buttons).await?;
        }
        // The text has arrived; what takes longer follows.
        if let Some(errand) = answer.then
            && self.errands.try_send(errand).is_err()
        {
            self.line.say(chat, self.words().busy).await?;
        }
        match note.filter(|_| acts) {
            Some(note) => self.line.say(chat, &note).await,
            None => Ok(()),
        }
    }

    /// What a clock that differs from Telegram's makes untrue.
    fn of_the_clock(&self, came: Came) -> Option<String> {
        let words = self.words();
        let (sentence, by) = match came {
            Came::ClockAhead(by) => (words.clock_ahead, by),
            Came::ClockBehind(by) => (words.clock_behind, by),
            Came::InTime | Came::Late(_) => return None,
        };
        let by = duration(self.desk.voice.language, by);
        Some(format!(
            "{}{}",
            sentence.replace("{by}", &by),
            words.set_the_clock
        ))
    }

    fn carry_out(&mut self, from: &Sender, command: Command, now: UnixMillis) -> anyhow::Result<Answer> {
        let (words, chat) = (self.words(), from.chat);
        let desk = &self.desk;
        Ok(match command {
            Command::Status => Answer::of(answer::status(desk, &desk.look(now)?)),
            Command::Alerts => {
                let overview = desk.look(now)?;
                Answer {
                    text: answer::alerts(desk, &overview),
                    buttons: answer::take_on(desk, &overview),
                    then: None,
                }
            }
            Command::Backups => Answer::of(backups::backups(desk, &desk.look(now)?)),
            Command::Digest => {
                let since = UnixMillis(now.0 - DAY_MS);
                Answer {
                    text: desk.alerts.digest(since, now)?.text,
                    then: Some(asked_picture(chat, Picture::Day, Picture::Day.usual_span())),
                    ..Answer::default()
                }
            }
            Command::Graph(picture, span) => Answer {
                text: figures::of(desk, picture, span, now)?,
                then: Some(asked_picture(chat, picture, span)),
                ..Answer::default()
            },
            Command::Logs { only_trouble } => self.logs(chat, only_trouble),
            Command::Backup => Answer::by(Errand::Backup { chat }),
            Command::Drill => Answer::by(Errand::Drill { chat }),
            Command::Restart if let Some(why) = self.cannot_restart()? => Answer::of(why),
            Command::Restart => Answer::of(self.knock(Danger::Restart, words.restart_means, chat, now)),
            Command::Digits(digits) => self.digits(from, &digits, now)?,
            Command::Silence(lasts, key) => Answer::of(self.hush(Quiet::Alerts(lasts, key), from, now)?),
            Command::EndSilences => Answer::of(self.end_silences(from, now)?),
            Command::Maintenance(Some(lasts)) => {
                Answer::of(self.hush(Quiet::Everything(lasts), from, now)?)
            }
            Command::Maintenance(None) => Answer::of(self.end_maintenance(from, now)?),
            Command::Runbook(name) => Answer::of(answer::runbook(desk, name.as_deref())),
            Command::Help => Answer::of(words.help),
            Command::Misused(Usage::Silence) => Answer::of(self.silence_usage(now)?),
            Command::Misused(usage) => Answer::of(words.usage(usage)),
            Command::Unknown => Answer::of(words.unknown),
        })
    }

    /// Why no code would help: systemd is not there, or has no such unit.
    fn cannot_restart(&self) -> anyhow::Result<Option<String>> {
        let (words, voice) = (self.words(), &self.desk.voice);
        let book = self.desk.alerts.book()?;
        let is_unknown = |rule: &str| rule == Rule::BotUnitUnknown.name();
        if book.alerts.values().any(|row| is_unknown(&row.rule)) {
            return Ok(Some(words.no_unit.replace("{unit}", &voice.unit)));
        }
        let unseen = unit::unseen(&self.desk.board, &voice.unit);
        Ok(unseen.map(|why| words.no_systemd.replace("{why}", &in_words(voice.language, &why))))
    }

    /// Says what it means, and asks for the second step.
    pub(super) fn knock(&mut self, danger: Danger, means: &str, chat: i64, now: UnixMillis) -> String {
        let words = self.words();
        match self.door.knock(danger, chat, self.totp.is_some(), now) {
            Asked::Code(code) => format!("{means}\n\n{}", words.send_code.replace("{code}", &code)),
            Asked::Password => format!("{means}\n\n{}", words.send_password),
            Asked::Closed(until) => words.closed.replace("{at}", &self.moment(until)),
        }
    }

    fn digits(&mut self, from: &Sender, digits: &str, now: UnixMillis) -> anyhow::Result<Answer> {
        let store = Arc::clone(&self.desk.store);
        let is_unused = move |step| store.use_totp_step(step);
        let (words, chat) = (self.words(), from.chat);
        let checked = self.door.check(chat, digits, self.totp.as_ref(), now, is_unused);
        let checked = checked.context("using up a password")?;
        if let Err(error) = self.desk.store.put_door_lock(chat, self.door.lock(chat)) {
            tracing::error!(%error, "the count of wrong codes could not be kept; it holds until the agent restarts");
        }
        Ok(match checked {
            Checked::Right(Danger::Quiet(quiet)) => {
                tracing::warn!(?quiet, "the owner wants to hear nothing for long");
                Answer::of(self.keep_quiet(&quiet, from, now)?)
            }
            Checked::Right(Danger::Restart) => {
                tracing::warn!("the owner restarts the bot from the console");
                self.tell_others(from, words.restarting);
                Answer {
                    text: words.restarting.to_owned(),
                    then: Some(Errand::Restart { chat }),
                    ..Answer::default()
                }
            }
            Checked::Used => Answer::of(words.used_code),
            Checked::Wrong(left) => Answer::of(words.wrong_code.replace("{left}", &left.to_string())),
            Checked::Closed(until) => Answer::of(words.closed.replace("{at}", &self.moment(until))),
            Checked::Nothing => Answer::of(words.no_code),
        })
    }

    /// From the first place that can be read; where none can, systemd is asked.
    fn logs(&self, chat: i64, only_trouble: bool) -> Answer {
        let mut fault = None;
        for path in self.logs.all(&self.desk) {
            match logs::newest(&path, only_trouble, &self.desk.voice.timezone) {
                Ok(lines) => return self.shown(chat, &lines),
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::warn!(error, "the bot's log cannot be shown");
                    fault.get_or_insert(error);
                }
            }
        }
        Answer::by(Errand::Journal {
            chat,
            only_trouble,
            fault,
        })
    }

    fn shown(&self, chat: i64, lines: &[String]) -> Answer {
        let words = self.words();
        if lines.is_empty() {
            return Answer::of(words.no_lines);
        }
        let count = words.lines.replace("{count}", &lines.len().to_string());
        let text = lines.join("\n");
        if text.encode_utf16().count() < LOG_UNITS_MAX {
            return Answer::of(format!("{count}:\n\n{text}"));
        }
        Answer {
            text: count,
            then: Some(Errand::Log { chat, text }),
            ..Answer::default()
        }
    }
}
