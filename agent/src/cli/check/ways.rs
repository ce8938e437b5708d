//! What `agent check` says of the ways to the owner: whether each can be gone, and what to do where it cannot.
//! It sends no message: `agent alert test` does, silently.

use super::{Finding, finding};
use crate::{
    alert::{
        channels::{Channel, http_client},
        rehearsal::{self, Unreached, Way},
    },
    app,
    config::Config,
};

/// Asks all of them at once.
pub(super) async fn findings(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let ways = app::ways(config, &http_client()?)?;
    let asked = futures_util::future::join_all(ways.iter().map(rehearsal::reach)).await;
    let finding = |(way, said): (&Way, Result<(), Unreached>)| {
        let said = match said {
            Ok(()) => Ok(shown(&way.channel).to_owned()),
            Err(unreached) => Err(format!("{}. {}", unreached.why, todo(way, &unreached))),
        };
        finding(&format!("the way {}", way.rung.name), said)
    };
    Ok(ways.iter().zip(asked).map(finding).collect())
}

/// What an answer has shown, and no more.
fn shown(channel: &Channel) -> &'static str {
    match channel {
        Channel::Telegram(_) => "Telegram knows the token, and the bot the owner's chat",
        Channel::Email(_) => "the mail server answers, and takes the name and password where it has some",
        Channel::Ntfy(_) | Channel::Webhook(_) => {
            "its server answers; `agent alert test` shows whether it takes a message"
        }
    }
}

fn todo(way: &Way, unreached: &Unreached) -> String {
    let name = &way.rung.name;
    let code = unreached.why.get(..3).unwrap_or_default();
    match (&way.channel.as_ref(), code) {
        (Channel::Telegram(_), "401" | "404") => {
            "Telegram does not know this token: put the one that @BotFather gave into OWNER_BOT_TOKEN"
                .to_owned()
        }
        (Channel::Telegram(_), "400" | "403") => {
            "Press Start in the chat with the agent's bot, and correct [owner] chat_ids".to_owned()
        }
        (Channel::Telegram(_), _) if unreached.is_final => "Correct [owner] in agent.toml".to_owned(),
        (Channel::Telegram(_), _) => {
            "Alerts would not arrive that way: look at the network, and at the address or proxy in agent.toml"
                .to_owned()
        }
        (Channel::Ntfy(_) | Channel::Email(_) | Channel::Webhook(_), _) => format!(
            "Alerts would not arrive that way: correct [channels.{name}] in agent.toml or its secret, then: agent alert test \
             --channel {name}"
        ),
    }
}
