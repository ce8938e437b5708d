//! The owner's console: commands and buttons in the private chat with the owner's bot.
//! It never blocks an alert: it has its own line to Telegram, its own tasks and bounds, and is no vital loop. It listens
//! to nobody but the owner's number in a private chat, and runs nothing that was typed.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use protocol::{secret::Secret, time::UnixMillis};
use tokio::{sync::mpsc, time::sleep};

use crate::{
    alert::{ladder::TELEGRAM, message::moment, rehearsal},
    overview::Desk,
};

mod answer;
mod backups;
pub mod command;
pub mod confirm;
mod daily;
mod errand;
mod figures;
mod late;
pub mod log_places;
pub mod logs;
mod obey;
mod press;
mod quiet;
pub mod runbook;
mod shared;
pub mod strangers;
pub mod telegram;
pub mod totp;
pub mod update;
mod words;
pub mod work;

use command::Command;
use confirm::Door;
use errand::Errand;
use log_places::LogPlaces;
use shared::Shared;
use strangers::Strangers;
use telegram::{CallError, Line};
use totp::Totp;
use update::{Event, Sender, Update};
use words::{Words, words};
use work::{Ask, BackupEnd, DrillEnd};

const RETRY_FIRST: Duration = Duration::from_secs(1);
/// Telegram is back: the owner is heard again within seconds.
const RETRY_MOST: Duration = Duration::from_secs(5);
/// Telegram says no, or the agent's own database does: that ends by somebody's hand.
const REFUSED_WAIT: Duration = Duration::from_secs(60);
/// Somebody else listens with the same token.
const CONFLICT_WAIT: Duration = Duration::from_secs(30);
/// How long the menu of commands waits when Telegram did not take it.
const MENU_AGAIN: Duration = Duration::from_secs(600);

/// Who does what takes long.
#[derive(Clone)]
pub struct Doers {
    /// Where a backup is asked for.
    pub backups: mpsc::Sender<Ask<BackupEnd>>,
    /// Where a rehearsal is asked for.
    pub drills: mpsc::Sender<Ask<DrillEnd>>,
}

/// What the console needs to be set up.
pub struct Settings {
    /// The owner's numbers.
    pub owners: Vec<i64>,
    /// The Bot API's address, without a slash at its end.
    pub api_url: String,
    /// The owner's bot's token.
    pub token: Secret,
    /// What the owner's authenticator was set up with.
    pub totp: Option<Totp>,
    /// Where the bot's log lies when the bot does not say it.
    pub logs: LogPlaces,
    /// Who does what takes long.
    pub doers: Doers,
}

/// The console.
pub struct Console {
    desk: Desk,
    line: Line,
    owners: Vec<i64>,
    totp: Option<Totp>,
    logs: LogPlaces,
    door: Door,
    strangers: Strangers,
    heard: late::Heard,
    errands: mpsc::Sender<Errand>,
    /// What the bot is called; not known until Telegram has said it.
    name: Option<String>,
}

impl Console {
    /// Listens and answers for as long as the agent lives. Telegram may be away for as long as it likes.
    pub async fn run(settings: Settings, desk: Desk, client: reqwest::Client) -> Infallible {
        let line = Line::new(client, &settings.api_url, settings.token);
        let (errands, waiting) = mpsc::channel(errand::WAITING_MAX);
        let runner = errand::Runner::new(desk.clone(), line.clone(), settings.doers);
        let daily = daily::follow(desk.clone(), settings.owners.clone(), errands.clone());
        let place_of_log = log_places::remember(desk.clone());
        let menu = menu(line.clone(), settings.owners.clone(), words(desk.voice.language));
        let console = Self {
            desk,
            line,
            owners: settings.owners,
            totp: settings.totp,
            logs: settings.logs,
            door: Door::default(),
            strangers: Strangers::default(),
            heard: late::Heard::default(),
            errands,
            name: None,
        };
        tokio::select! {
            never = console.listen() => never,
            never = runner.run(waiting) => never,
            never = menu => never,
            never = daily => never,
            never = place_of_log => never,
        }
    }

    async fn listen(mut self) -> Infallible {
        let (mut wait, mut is_refused) = (RETRY_FIRST, false);
        // Before the database can say how far it came, everything would be heard a second time.
        let mut from = loop {
            let begun = self.desk.store.begin_updates(self.line.bot());
            let store = &self.desk.store;
            let place = begun.and_then(|()| {
                let answered = store.strangers_answered()?;
                Ok((store.next_update()?, store.door_locks()?, answered))
            });
            match place {
                Ok((from, locks, answered)) => {
                    self.door = Door::standing(locks, now());
                    self.strangers = Strangers::standing(answered);
                    break from;
                }
                Err(error) => tracing::error!(%error, "the console's place cannot be read; it listens later"),
            }
            sleep(REFUSED_WAIT).await;
        };
        let mut shared = Shared::since(now());
        loop {
            let asked = self.line.updates(from).await;
            self.watch_token(&mut shared, asked.as_ref().err());
            match asked {
                Ok(updates) => {
                    wait = RETRY_FIRST;
                    self.heard.answered(updates.len(), Instant::now());
                    if std::mem::take(&mut is_refused) {
                        // What waits there need not wait longer.
                        self.owners.iter().for_each(|chat| self.desk.alerts.heard(*chat));
                    }
                    // After a quiet week Telegram numbers anew at random. What is confirmed does not come again, so
                    // that a question without a number brings what is new under any number.
                    from = updates.last().map_or(0, |update| update.id.saturating_add(1));
                    self.learn_name(&updates).await;
                    for update in updates {
                        self.take(update).await;
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "the console does not hear Telegram");
                    if error.is_of_the_token() && !std::mem::replace(&mut is_refused, true) {
                        self.tell_refused(&error);
                    }
                    sleep(pause(&error, wait)).await;
                    wait = (wait * 2).min(RETRY_MOST);
                }
            }
        }
    }

    /// Only where somebody calls a bot by name is it of any use to know one's own.
    async fn learn_name(&mut self, updates: &[Update]) {
        let calls = |update: &Update| match &update.event {
            Event::Text { text, .. } => Command::addressed_to(text).is_some(),
            Event::Press { .. } | Event::Other => false,
        };
        if self.name.is_none() && updates.iter().any(calls) {
            self.name = self.line.name().await.unwrap_or_else(|error| {
                tracing::debug!(%error, "the bot's own name is not known; every command is taken for its own");
                None
            });
        }
    }

    /// Whether a command calls another bot. Telegram's clients call this one by its name in a private chat, too.
    fn is_for_another(&self, text: &str) -> bool {
        let name = self.name.as_deref();
        let called = Command::addressed_to(text);
        name.zip(called)
            .is_some_and(|(name, called)| !name.eq_ignore_ascii_case(called))
    }

    /// Another program at the token takes the owner's commands.
    fn watch_token(&self, shared: &mut Shared, error: Option<&CallError>) {
        let Some(seen) = shared.asked(error, now()) else {
            return;
        };
        if let Err(error) = self.desk.alerts.observe(&shared::key(), seen, now()) {
            tracing::error!(
                error = format!("{error:#}"),
                "whether another program uses the agent's token could not be written down"
            );
        }
    }

    /// The token is not one of Telegram's, or is not any more: nothing will arrive that way either, which is better known
    /// before the first alert.
    fn tell_refused(&self, error: &CallError) {
        let said = format!("{error}: OWNER_BOT_TOKEN is not what @BotFather gave, or was revoked");
        let broken = rehearsal::broken(TELEGRAM, said, now());
        if let Err(error) = rehearsal::record(&self.desk.store, &self.desk.alerts, &broken) {
            tracing::error!(
                error = format!("{error:#}"),
                "that Telegram refuses the token could not be written down"
            );
        }
    }

    /// At most once: after a crash in the middle a command is lost, and nothing is done twice.
    async fn take(&mut self, update: Update) {
        if let Err(error) = self.desk.store.put_next_update(update.id.saturating_add(1)) {
            // Better lost than done twice.
            tracing::error!(%error, "the console's place could not be stored; what was typed is not carried out");
            return;
        }
        if let Some(from) = update.event.from().filter(|from| from.is_owner(&self.owners)) {
            self.desk.alerts.heard(from.chat);
        }
        let now = now();
        let done = match update.event {
            Event::Text { from, text, .. } if from.is_owner(&self.owners) && self.is_for_another(&text) => {
                Ok(())
            }
            Event::Text { from, at, text } if from.is_owner(&self.owners) => {
                self.obey(&from, at, &text, now).await
            }
            Event::Press {
                from,
                press,
                data,
                under,
            } if from.is_owner(&self.owners) => self.press(&from, &press, &data, under, now).await,
            Event::Text { from, .. } | Event::Press { from, .. } => self.stranger(from, now).await,
            Event::Other => Ok(()),
        };
        if let Err(error) = done {
            tracing::warn!(
                error = format!("{error:#}"),
                "an answer of the console did not arrive"
            );
        }
    }

    /// Only in a chat that is the stranger's own: what is pressed under somebody else's message is answered nowhere, and
    /// neither is a group.
    async fn stranger(&mut self, from: Sender, now: UnixMillis) -> anyhow::Result<()> {
        tracing::info!("somebody who is not the owner wrote to the owner's bot");
        self.desk.store.add_stranger()?;
        let is_own_chat = from.is_private && from.chat == from.user;
        if is_own_chat && self.strangers.is_due(from.chat, now) {
            // First: a sentence too few harms nobody, and one too many breaks the rule.
            self.desk
                .store
                .put_strangers_answered(self.strangers.answered())?;
            self.line.say(from.chat, self.words().private).await?;
        }
        Ok(())
    }

    /// Who did it, for the other owners; `None` where there are none.
    fn signed(&self, from: &Sender) -> Option<String> {
        (self.owners.len() > 1).then(|| from.called())
    }

    /// Says to the other owners what one of them did: what is quiet for one is quiet for all.
    fn tell_others(&self, from: &Sender, done: &str) {
        let Some(who) = self.signed(from) else { return };
        let text = format!("{}\n{done}", self.words().by_another.replace("{who}", &who));
        let mut others = self.owners.clone();
        others.retain(|chat| *chat != from.chat);
        if let Err(error) = self.desk.alerts.tell_owners(&others, &text, now()) {
            tracing::error!(
                error = format!("{error:#}"),
                "the other owners are not told what one of them did"
            );
        }
    }

    fn moment(&self, at: UnixMillis) -> String {
        moment(&self.desk.voice.timezone, at)
    }

    fn words(&self) -> &'static Words {
        words(self.desk.voice.language)
    }
}

/// How long to wait before Telegram is asked again; `wait` is what an outage has come to.
fn pause(error: &CallError, wait: Duration) -> Duration {
    match error {
        error if error.is_conflict() => {
            tracing::warn!(
                "somebody else listens with the owner's bot's token; the console hears nothing meanwhile"
            );
            CONFLICT_WAIT
        }
        CallError::Refused(_) => REFUSED_WAIT,
        CallError::RetryAfter(asked) => *asked,
        CallError::Silent => wait,
    }
}

/// Puts the commands into the menu of each owner's chat, once Telegram takes them.
async fn menu(line: Line, owners: Vec<i64>, words: &'static Words) -> Infallible {
    let commands: Vec<(&str, &str)> = command::NAMES.into_iter().zip(words.menu).collect();
    let mut left = owners;
    loop {
        let mut refused = Vec::new();
        for chat in left {
            if let Err(error) = line.show_commands(chat, &commands).await {
                tracing::debug!(error = format!("{error:#}"), "the menu of commands was not taken");
                refused.push(chat);
            }
        }
        if refused.is_empty() {
            return std::future::pending().await;
        }
        left = refused;
        sleep(MENU_AGAIN).await;
    }
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    #[test]
    fn an_outage_is_asked_about_every_five_seconds_and_what_telegram_asks_for_is_kept() {
        let refused = |status| CallError::Refused(status);
        let waits = [
            pause(&CallError::Silent, RETRY_MOST),
            pause(&CallError::RetryAfter(Duration::from_secs(40)), RETRY_FIRST),
            pause(&refused(StatusCode::CONFLICT), RETRY_FIRST),
            pause(&refused(StatusCode::UNAUTHORIZED), RETRY_FIRST),
        ];
        assert_eq!(waits.map(|wait| wait.as_secs()), [5, 40, 30, 60]);
    }
}
