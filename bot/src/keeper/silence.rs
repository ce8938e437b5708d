//! An agent that is silent: the one thing about the server that the bot ever tells, and only to the owner, in private,
//! with its own token. Once when the silence has lasted, once when it is over, and never again for the same silence,
//! restarts included.

use std::time::{Duration, Instant};

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use super::{
    contact::Contact,
    store::{self, Trouble},
};
use crate::{
    clock::now,
    db::{Reader, Writer},
    outbox::{self, NewSend, Screen, rich::Rich},
    shop::{
        Shop,
        customer::{self, Language},
    },
};

/// After this long without the agent it counts as silent.
pub const SILENT_AFTER: Duration = Duration::from_secs(180);
/// How often that is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What the owner must hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The agent is silent.
    Silent,
    /// It is there again.
    Back,
}

/// Whether there is something to say. `heard`: how long ago the agent was, `None` when not since the start; `running`:
/// how long the bot runs, for an agent may need a moment as well; `told`: the owner knows of a silence.
#[must_use]
pub fn judge(heard: Option<Duration>, running: Duration, told: bool) -> Option<Word> {
    let silent_for = heard.unwrap_or(running);
    match told {
        false => (silent_for >= SILENT_AFTER).then_some(Word::Silent),
        // Only a word of its own ends a silence; a bot that has just started knows nothing.
        true => heard.is_some_and(|ago| ago < SILENT_AFTER).then_some(Word::Back),
    }
}

/// For the owner alone: the locales, which customers and sellers read, say nothing about the machine.
fn sentence(word: Word, language: Language) -> &'static str {
    match (word, language) {
        (Word::Silent, Language::Indonesian) => {
            "⚠️ Agent sudah 3 menit diam, jadi cadangan dan peringatan untuk toko ini mungkin berhenti: periksa server \
             dengan \"systemctl status agent\"."
        }
        (Word::Silent, Language::English) => {
            "⚠️ The agent has been silent for 3 minutes, so backups and alerts for this shop may have stopped: look at \
             the server with \"systemctl status agent\"."
        }
        (Word::Back, Language::Indonesian) => {
            "✅ Agent sudah kembali: cadangan dan peringatan berjalan lagi."
        }
        (Word::Back, Language::English) => "✅ The agent is back: backups and alerts go on.",
    }
}

/// Says it to each owner, and remembers that it was said. `false`: it was said before.
///
/// # Errors
/// When the database fails.
pub fn tell(conn: &Connection, shop: &Shop, word: Word, now: UnixMillis) -> Result<bool> {
    let is_news = match word {
        Word::Silent => store::begin(conn, Trouble::Silence, now)?,
        Word::Back => store::end(conn, Trouble::Silence)?,
    };
    if !is_news {
        return Ok(false);
    }
    for &owner in &shop.owners {
        let language = customer::store::language(conn, owner, shop.language)?;
        let screen = Screen {
            words: Rich::plain(sentence(word, language)),
            keyboard: Vec::new(),
        };
        outbox::store::enqueue(conn, &NewSend::notice(owner, None, screen), now)?;
    }
    Ok(true)
}

/// What watching needs.
pub struct Listener {
    /// Who is told.
    pub shop: Shop,
    /// The way to write.
    pub writer: Writer,
    /// The way to read.
    pub reader: Reader,
    /// When the agent was heard.
    pub contact: Contact,
}

impl Listener {
    /// Watches until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let started = Instant::now();
        let mut told = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            told = match self.look(started, told).await {
                Ok(told) => Some(told),
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "whether the agent is silent cannot be told"
                    );
                    None
                }
            };
        }
    }

    /// One look. `told`: what the last one found, so that the database is asked only when something may change.
    async fn look(&self, started: Instant, told: Option<bool>) -> Result<bool> {
        let told = match told {
            Some(told) => told,
            None => {
                let lasts = |conn: &Connection| store::lasts(conn, Trouble::Silence);
                self.reader.run(lasts).await?
            }
        };
        let Some(word) = judge(self.contact.heard(Instant::now()), started.elapsed(), told) else {
            return Ok(told);
        };
        tracing::warn!(?word, "the owner is told about the agent");
        let shop = self.shop.clone();
        self.writer
            .run(move |conn| tell(conn, &shop, word, now()))
            .await?;
        Ok(word == Word::Silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_silence_is_told_after_three_minutes_and_once() {
        let judge_at = |minutes: u32, told| judge(Some(MINUTE * minutes), MINUTE * 60, told);
        assert_eq!(judge_at(2, false), None);
        assert_eq!(judge_at(3, false), Some(Word::Silent));
        assert_eq!(judge_at(9, true), None);
        assert_eq!(judge_at(0, true), Some(Word::Back));
    }

    #[test]
    fn a_restart_gives_the_agent_its_time_and_does_not_call_it_back() {
        assert_eq!(judge(None, MINUTE, false), None);
        assert_eq!(judge(None, MINUTE * 3, false), Some(Word::Silent));
        for minutes in [0, 3, 60] {
            assert_eq!(judge(None, MINUTE * minutes, true), None);
        }
    }
}
