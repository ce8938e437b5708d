//! What the owner can press under an alert, and what a press means when it comes back.
//! It does nothing itself, and believes nothing that it cannot read.

use std::time::Duration;

use super::{channels::Button, words::phrases};
use crate::{
    config::Language,
    store::{episodes::EpisodeId, outbox::Message},
};

/// How long the two buttons for it silence an alert, in hours.
const SILENCE_HOURS: [u64; 2] = [1, 8];

/// What a press asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    /// I take this on.
    Acknowledge(EpisodeId),
    /// Nothing more of this for so long.
    Silence(EpisodeId, Duration),
    /// What docs/RUNBOOK says about the rule of this name.
    Runbook(String),
}

impl Press {
    /// What the channel hands back.
    #[must_use]
    pub fn data(&self) -> String {
        match self {
            Self::Acknowledge(episode) => format!("alert:ack:{}", episode.0),
            Self::Silence(episode, lasts) => {
                format!("alert:silence:{}:{}", episode.0, lasts.as_secs() / 3600)
            }
            Self::Runbook(name) => format!("alert:runbook:{name}"),
        }
    }

    /// What was pressed; `None` for anything that is no button of an alert.
    #[must_use]
    pub fn parse(data: &str) -> Option<Self> {
        let (verb, rest) = data.strip_prefix("alert:")?.split_once(':')?;
        let episode = |text: &str| text.parse().ok().map(EpisodeId);
        match verb {
            "ack" => Some(Self::Acknowledge(episode(rest)?)),
            "silence" => {
                let (id, hours) = rest.split_once(':')?;
                let hours: u64 = hours.parse().ok().filter(|hours| SILENCE_HOURS.contains(hours))?;
                Some(Self::Silence(episode(id)?, Duration::from_secs(hours * 3600)))
            }
            "runbook" => Some(Self::Runbook(rest.to_owned())),
            _ => None,
        }
    }
}

/// The buttons under a message about something that is still wrong.
#[must_use]
pub fn under(language: Language, message: &Message) -> Vec<Vec<Button>> {
    let Some(episode) = message.episode else {
        return Vec::new();
    };
    let phrases = phrases(language);
    let button = |label: String, press: Press| Button {
        label,
        data: press.data(),
    };
    let mut first = vec![button(phrases.take_on.to_owned(), Press::Acknowledge(episode))];
    if let Some(name) = &message.runbook {
        first.push(button(phrases.runbook.to_owned(), Press::Runbook(name.clone())));
    }
    let silence = |hours: u64| {
        let label = phrases.silence.replace("{hours}", &hours.to_string());
        button(label, Press::Silence(episode, Duration::from_secs(hours * 3600)))
    };
    vec![first, SILENCE_HOURS.map(silence).to_vec()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::rule::Rule;

    #[test]
    fn a_press_comes_back_as_it_went_out() {
        let presses = [
            Press::Acknowledge(EpisodeId(7)),
            Press::Silence(EpisodeId(7), Duration::from_secs(3600)),
            Press::Silence(EpisodeId(7), Duration::from_secs(8 * 3600)),
            Press::Runbook("bot_gone".to_owned()),
        ];
        for press in presses {
            assert_eq!(Press::parse(&press.data()), Some(press));
        }
    }

    #[test]
    fn what_is_no_button_means_nothing() {
        for strange in [
            "",
            "alert:",
            "alert:ack:x",
            "alert:silence:1:9999",
            "order:1",
            "alert:burn:1",
        ] {
            assert_eq!(Press::parse(strange), None, "{strange}");
        }
    }

    #[test]
    fn no_button_is_longer_than_telegram_takes() {
        for rule in Rule::ALL {
            assert!(Press::Runbook(rule.name().to_owned()).data().len() <= 64);
        }
        let most = Press::Silence(EpisodeId(i64::MAX), Duration::from_secs(8 * 3600));
        assert!(most.data().len() <= 64);
    }
}
