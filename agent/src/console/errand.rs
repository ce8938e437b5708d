//! What takes longer than an answer: pictures, files, a backup, a restart. At most four at a time, and eight wait.
//! None of them holds up the next command, and none an alert.

use std::{convert::Infallible, time::Duration};

use anyhow::Context;
use jiff::Timestamp;
use protocol::time::UnixMillis;
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    Doers, logs,
    telegram::{Line, Upload},
    words::words,
};
use crate::{
    alert::message::in_words,
    chart::{
        Theme,
        picture::{self, Picture},
    },
    overview::Desk,
    watch::command::ask,
};

mod long;

use long::Going;

/// Errands that wait.
pub(super) const WAITING_MAX: usize = 8;
const AT_ONCE_MAX: usize = 4;
/// systemctl returns once the unit has stopped and started.
const RESTART_LIMIT: Duration = Duration::from_secs(120);

/// One of them, for one chat.
#[derive(Debug)]
pub(super) enum Errand {
    Picture {
        chat: i64,
        picture: Picture,
        span: Duration,
        /// Somebody waits for it, and is told when it does not come.
        is_asked: bool,
    },
    Log {
        chat: i64,
        text: String,
    },
    /// The bot's lines in systemd's journal, because no file could be read.
    Journal {
        chat: i64,
        only_trouble: bool,
        /// Why the first of the files could not.
        fault: Option<String>,
    },
    Backup {
        chat: i64,
    },
    Drill {
        chat: i64,
    },
    Restart {
        chat: i64,
    },
}

/// Who runs them.
#[derive(Clone)]
pub(super) struct Runner {
    pub desk: Desk,
    pub line: Line,
    pub doers: Doers,
    pub going: Going,
}

impl Runner {
    /// Nothing runs yet.
    pub(super) fn new(desk: Desk, line: Line, doers: Doers) -> Self {
        Self {
            desk,
            line,
            doers,
            going: Going::default(),
        }
    }

    /// Runs them for as long as the agent lives.
    pub(super) async fn run(self, mut waiting: mpsc::Receiver<Errand>) -> Infallible {
        let mut running = JoinSet::new();
        loop {
            tokio::select! {
                errand = waiting.recv(), if running.len() < AT_ONCE_MAX => match errand {
                    Some(errand) => {
                        running.spawn(self.clone().run_one(errand));
                    }
                    // The console itself is gone: the agent stops.
                    None => return std::future::pending().await,
                },
                Some(ended) = running.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "an errand of the console broke");
                    }
                }
            }
        }
    }

    async fn run_one(self, errand: Errand) {
        let done = match errand {
            Errand::Picture {
                chat,
                picture,
                span,
                is_asked,
            } => self.picture(chat, picture, span, is_asked).await,
            Errand::Log { chat, text } => self.log(chat, text).await,
            Errand::Journal {
                chat,
                only_trouble,
                fault,
            } => self.journal(chat, only_trouble, fault).await,
            Errand::Backup { chat } => self.backup(chat).await,
            Errand::Drill { chat } => self.drill(chat).await,
            Errand::Restart { chat } => self.restart(chat).await,
        };
        if let Err(error) = done {
            tracing::warn!(
                error = format!("{error:#}"),
                "an errand of the console did not end well"
            );
        }
    }

    async fn picture(
        &self,
        chat: i64,
        picture: Picture,
        span: Duration,
        is_asked: bool,
    ) -> anyhow::Result<()> {
        let sent = async {
            let png = picture::draw(self.desk.sources(), picture, span, Theme::Light, now()).await?;
            let upload = Upload {
                method: "sendPhoto",
                field: "photo",
                name: format!("{}.png", picture.name()),
                mime: "image/png",
                bytes: png,
                // One that nobody asked for follows words that have rung, or do not ring.
                is_loud: is_asked,
            };
            self.line.upload(chat, upload).await
        };
        if let Err(error) = sent.await {
            tracing::warn!(error = format!("{error:#}"), "a picture was not sent");
            if is_asked {
                self.line
                    .say(chat, words(self.desk.voice.language).no_picture)
                    .await?;
            }
        }
        Ok(())
    }

    async fn log(&self, chat: i64, text: String) -> anyhow::Result<()> {
        let upload = Upload {
            method: "sendDocument",
            field: "document",
            name: "bot.log.txt".to_owned(),
            mime: "text/plain; charset=utf-8",
            bytes: text.into_bytes(),
            is_loud: true,
        };
        if let Err(error) = self.line.upload(chat, upload).await {
            tracing::warn!(error = format!("{error:#}"), "a log was not sent");
            let words = words(self.desk.voice.language);
            self.line.say(chat, words.no_file).await?;
        }
        Ok(())
    }

    /// Where systemd has no lines either, the owner is told where to look by hand.
    async fn journal(&self, chat: i64, only_trouble: bool, fault: Option<String>) -> anyhow::Result<()> {
        let language = self.desk.voice.language;
        let (words, unit) = (words(language), self.desk.voice.unit.clone());
        let zone = self.desk.voice.timezone.clone();
        let lines = tokio::task::spawn_blocking(move || logs::of_unit(&unit, only_trouble, &zone))
            .await
            .context("asking systemd for the bot's log")?;
        if !lines.is_empty() {
            let head = words.journal.replace("{count}", &lines.len().to_string());
            self.line.say(chat, &head).await?;
            return self.log(chat, lines.join("\n")).await;
        }
        let why = fault.map_or_else(|| words.no_place.to_owned(), |why| in_words(language, &why));
        let told = words.no_log.replace("{unit}", &self.desk.voice.unit);
        self.line.say(chat, &told.replace("{why}", &why)).await
    }

    /// The bot says goodbye, so that no alert comes of it.
    async fn restart(&self, chat: i64) -> anyhow::Result<()> {
        let words = words(self.desk.voice.language);
        let unit = self.desk.voice.unit.clone();
        let restart = move || {
            ask(
                "systemctl",
                &["restart", "--no-ask-password", &unit],
                RESTART_LIMIT,
            )
        };
        let ended = tokio::task::spawn_blocking(restart)
            .await
            .context("restarting the bot")?;
        let text = match ended {
            Ok(_) => words.restarted.to_owned(),
            Err(why) => {
                let told = words.not_restarted.replace("{unit}", &self.desk.voice.unit);
                told.replace("{why}", &in_words(self.desk.voice.language, &why))
            }
        };
        self.line.say(chat, &text).await
    }
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}
