//! What the owner typed is carried out: an answer in text at once, and an errand where more follows.
//! Nothing that was typed is run; there is no command for it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use protocol::time::UnixMillis;

use super::{
    Console, answer, backups,
    command::Command,
    confirm::{Asked, Checked, Danger},
    errand::Errand,
    logs,
};
use crate::{
    alert::{engine::MAINTENANCE, message::duration, rule::Rule},
    chart::picture::Picture,
    overview::Open,
};

/// Commands that do something are not carried out later than this after they were typed: the agent was away, and the
/// owner may have done it another way.
const LATE_AFTER: Duration = Duration::from_secs(300);
const DAY_MS: i64 = 86_400_000;
/// A longer log goes out as a file.
const LOG_CHARS_MAX: usize = 3_000;

/// What is said at once, and what follows.
struct Answer {
    text: String,
    then: Option<Errand>,
}

impl Answer {
    fn of(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            then: None,
        }
    }

    /// The errand writes the one message itself, because it changes in place.
    fn by(errand: Errand) -> Self {
        Self {
            text: String::new(),
            then: Some(errand),
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
        chat: i64,
        at: UnixMillis,
        text: &str,
        now: UnixMillis,
    ) -> anyhow::Result<()> {
        let command = Command::parse(text);
        let ago = now.since(at);
        if command.acts() && ago > LATE_AFTER {
            let late = self
                .words()
                .late
                .replace("{ago}", &duration(self.desk.voice.language, ago));
            return self.line.say(chat, &late).await;
        }
        if let Some(log) = self
            .desk
            .health
            .borrow()
            .as_ref()
            .and_then(|health| health.log.clone())
        {
            self.last_log = Some(PathBuf::from(log.path));
        }
        let answer = match self.carry_out(chat, command, now) {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a command of the owner's failed");
                Answer::of(self.words().broken)
            }
        };
        if !answer.text.is_empty() {
            self.line.say(chat, &answer.text).await?;
        }
        // The text has arrived; what takes longer follows.
        if let Some(errand) = answer.then
            && self.errands.try_send(errand).is_err()
        {
            self.line.say(chat, self.words().busy).await?;
        }
        Ok(())
    }

    fn carry_out(&mut self, chat: i64, command: Command, now: UnixMillis) -> anyhow::Result<Answer> {
        let words = self.words();
        let desk = &self.desk;
        Ok(match command {
            Command::Status => Answer::of(answer::status(desk, &desk.look(now)?)),
            Command::Alerts => Answer::of(answer::alerts(desk, &desk.look(now)?)),
            Command::Backups => Answer::of(backups::backups(desk, &desk.look(now)?)),
            Command::Digest => {
                let since = UnixMillis(now.0 - DAY_MS);
                Answer {
                    text: desk.alerts.digest(since, now)?.text,
                    then: Some(asked_picture(chat, Picture::Day, Picture::Day.usual_span())),
                }
            }
            Command::Graph(picture, span) => Answer {
                text: answer::figures(desk, picture, span, now)?,
                then: Some(asked_picture(chat, picture, span)),
            },
            Command::Logs { only_trouble } => self.logs(chat, only_trouble),
            Command::Backup => Answer::by(Errand::Backup { chat }),
            Command::Drill => Answer::by(Errand::Drill { chat }),
            Command::Restart if self.knows_no_unit()? => {
                Answer::of(words.no_unit.replace("{unit}", &desk.voice.unit))
            }
            Command::Restart => Answer::of(self.knock(Danger::Restart, chat, now)),
            Command::Digits(digits) => self.digits(chat, &digits, now),
            Command::Silence(lasts, key) => Answer::of(self.silence(lasts, key, now)?),
            Command::Maintenance(Some(lasts)) => {
                let before = self.silent_until(MAINTENANCE, now)?;
                let until = desk.alerts.maintenance(lasts, now)?;
                let told = words.maintenance_until.replace("{at}", &self.moment(until));
                Answer::of(told + &self.shortened(before, until))
            }
            Command::Maintenance(None) => {
                desk.alerts.end_silence(MAINTENANCE, now)?;
                Answer::of(words.maintenance_over)
            }
            Command::Runbook(name) => Answer::of(answer::runbook(desk, name.as_deref())),
            Command::Help => Answer::of(words.help),
            Command::Misused(usage) => Answer::of(words.misused.replace("{usage}", usage)),
            Command::Unknown => Answer::of(words.unknown),
        })
    }

    /// Whether systemd said that it has no such unit: then no code would help.
    fn knows_no_unit(&self) -> anyhow::Result<bool> {
        let book = self.desk.alerts.book()?;
        Ok(book
            .alerts
            .values()
            .any(|row| row.rule == Rule::BotUnitUnknown.name()))
    }

    fn knock(&mut self, danger: Danger, chat: i64, now: UnixMillis) -> String {
        let words = self.words();
        match self.door.knock(danger, chat, self.totp.is_some(), now) {
            Asked::Code(code) => {
                format!(
                    "{}\n\n{}",
                    words.restart_means,
                    words.send_code.replace("{code}", &code)
                )
            }
            Asked::Password => format!("{}\n\n{}", words.restart_means, words.send_password),
            Asked::Closed(until) => words.closed.replace("{at}", &self.moment(until)),
        }
    }

    fn digits(&mut self, chat: i64, digits: &str, now: UnixMillis) -> Answer {
        let store = Arc::clone(&self.desk.store);
        // A database that does not answer counts as a password that was used.
        let is_unused = move |step| store.use_totp_step(step).unwrap_or(false);
        let words = self.words();
        let checked = self.door.check(chat, digits, self.totp.as_ref(), now, is_unused);
        if let Err(error) = self.desk.store.put_door_lock(self.door.lock()) {
            tracing::error!(%error, "the count of wrong codes could not be kept; it holds until the agent restarts");
        }
        match checked {
            Checked::Right(Danger::Restart) => {
                tracing::warn!("the owner restarts the bot from the console");
                Answer {
                    text: words.restarting.to_owned(),
                    then: Some(Errand::Restart { chat }),
                }
            }
            Checked::Wrong(left) => Answer::of(words.wrong_code.replace("{left}", &left.to_string())),
            Checked::Closed(until) => Answer::of(words.closed.replace("{at}", &self.moment(until))),
            Checked::Nothing => Answer::of(words.no_code),
        }
    }

    fn silence(&self, lasts: Duration, key: Option<String>, now: UnixMillis) -> anyhow::Result<String> {
        let open = self.desk.look(now)?.open;
        let of_key = |open: &&Open| key.as_deref().is_none_or(|key| open.key.to_lowercase() == key);
        let (mut until, mut what) = (now, Vec::new());
        let mut longer = None;
        for open in open.iter().filter(of_key) {
            longer = longer.max(self.silent_until(&open.key, now)?);
            until = self.desk.alerts.silence(&open.key, lasts, now)?;
            what.push(open.key.clone());
        }
        if what.is_empty() {
            return Ok(self.words().nothing_to_silence.to_owned());
        }
        let sentence = self.words().silent_until.replace("{at}", &self.moment(until));
        let sentence = sentence.replace("{what}", &what.join(", "));
        Ok(sentence + &self.shortened(longer, until))
    }

    /// Until when this is silenced already.
    pub(super) fn silent_until(&self, scope: &str, now: UnixMillis) -> anyhow::Result<Option<UnixMillis>> {
        let book = self.desk.alerts.book()?;
        let of_scope = book
            .silences
            .values()
            .filter(|silence| silence.scope == scope && silence.until > now);
        Ok(of_scope.map(|silence| silence.until).max())
    }

    /// What was to last longer ends sooner now: the owner may not have meant that, and reads both moments.
    pub(super) fn shortened(&self, before: Option<UnixMillis>, until: UnixMillis) -> String {
        let longer = before.filter(|before| *before > until);
        longer.map_or(String::new(), |before| {
            format!(
                "\n{}",
                self.words().shortened.replace("{at}", &self.moment(before))
            )
        })
    }

    fn logs(&self, chat: i64, only_trouble: bool) -> Answer {
        let words = self.words();
        let Some(path) = self.last_log.as_ref().or(self.log_files.first()) else {
            return Answer::of(words.no_log.replace("{why}", words.bot[0]));
        };
        match logs::newest(path, only_trouble) {
            Ok(lines) if lines.is_empty() => Answer::of(words.no_lines),
            Ok(lines) => {
                let count = words.lines.replace("{count}", &lines.len().to_string());
                let text = lines.join("\n");
                if text.chars().count() < LOG_CHARS_MAX {
                    return Answer::of(format!("{count}:\n\n{text}"));
                }
                Answer {
                    text: count,
                    then: Some(Errand::Log { chat, text }),
                }
            }
            Err(error) => Answer::of(words.no_log.replace("{why}", &format!("{error:#}"))),
        }
    }
}
