//! What the owner can press under an alert, and what a press means when it comes back.
//! It does nothing itself, and believes nothing that it cannot read.

use std::time::Duration;

use super::{
    channels::Button,
    rule::{Rule, Topic},
    text::one_line,
    words::phrases,
};
use crate::{
    config::Language,
    store::{episodes::EpisodeId, outbox::Message},
};

/// How long the two buttons for it silence an alert, in hours.
const SILENCE_HOURS: [u64; 2] = [1, 8];
/// More would hide the message; `/alerts` lists all.
pub(crate) const ROWS_MAX: usize = 5;
/// A label is as wide as the message allows; what is longer is cut there anyway.
const LABEL_UNITS_MAX: usize = 60;

/// What a press asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    /// I take this on.
    Acknowledge(EpisodeId),
    /// Nothing more of this for so long.
    Silence(EpisodeId, Duration),
    /// I take on what the bot has reported here.
    TakeReport,
    /// No reports of this kind for so long.
    SilenceReports(String, Duration),
    /// What docs/RUNBOOK says about the rule of this name.
    Runbook(String),
    /// The bot's lines about trouble.
    Logs,
    /// The picture of this name.
    Graph(String),
    /// A restart of the bot, which asks for a second step.
    Restart,
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
            Self::TakeReport => "alert:mine:report".to_owned(),
            Self::SilenceReports(kind, lasts) => {
                format!("alert:quiet:{kind}:{}", lasts.as_secs() / 3600)
            }
            Self::Runbook(name) => format!("alert:runbook:{name}"),
            Self::Logs => "alert:logs:err".to_owned(),
            Self::Graph(name) => format!("alert:graph:{name}"),
            Self::Restart => "alert:restart:bot".to_owned(),
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
                Some(Self::Silence(episode(id)?, silence(hours)?))
            }
            "mine" => Some(Self::TakeReport),
            "quiet" => {
                let (kind, hours) = rest.rsplit_once(':')?;
                Some(Self::SilenceReports(kind.to_owned(), silence(hours)?))
            }
            "runbook" => Some(Self::Runbook(rest.to_owned())),
            "logs" => Some(Self::Logs),
            "graph" => Some(Self::Graph(rest.to_owned())),
            "restart" => Some(Self::Restart),
            _ => None,
        }
    }
}

/// Only what a button offers.
fn silence(hours: &str) -> Option<Duration> {
    let hours: u64 = hours.parse().ok().filter(|hours| SILENCE_HOURS.contains(hours))?;
    Some(Duration::from_secs(hours * 3600))
}

/// The buttons under what tells of these, which are still wrong: of one alone all that can be done, of several a row each.
#[must_use]
pub fn under(language: Language, standing: &[&Message]) -> Vec<Vec<Button>> {
    match standing {
        [message] => all_of(language, message),
        several => several
            .iter()
            .take(ROWS_MAX)
            .filter_map(|message| row_of(language, message))
            .collect(),
    }
}

/// Takes one of several on, by its name, or says what to do about it. What is pressed here is noted under all of them, and
/// so nothing that needs a note is offered.
fn row_of(language: Language, message: &Message) -> Option<Vec<Button>> {
    let runbook = message.runbook.as_deref();
    Some(row(language, &message.headline, message.episode?, runbook))
}

/// The same of one that stands in a list.
#[must_use]
pub fn row(language: Language, headline: &str, episode: EpisodeId, runbook: Option<&str>) -> Vec<Button> {
    let phrases = phrases(language);
    let take_on = Button {
        label: one_line(&format!("{}: {headline}", phrases.take_on), LABEL_UNITS_MAX),
        data: Press::Acknowledge(episode).data(),
    };
    let runbook = runbook.map(|name| Button {
        label: phrases.runbook.to_owned(),
        data: Press::Runbook(name.to_owned()).data(),
    });
    [Some(take_on), runbook].into_iter().flatten().collect()
}

fn all_of(language: Language, message: &Message) -> Vec<Vec<Button>> {
    let phrases = phrases(language);
    let button = |label: String, press: Press| Button {
        label,
        data: press.data(),
    };
    let (take_on, silence): (Press, &dyn Fn(Duration) -> Press) = match (message.episode, &message.runbook) {
        (Some(episode), _) => (Press::Acknowledge(episode), &move |lasts| {
            Press::Silence(episode, lasts)
        }),
        (None, Some(kind)) => (Press::TakeReport, &|lasts| {
            Press::SilenceReports(kind.clone(), lasts)
        }),
        (None, None) => return Vec::new(),
    };
    let mut first = vec![button(phrases.take_on.to_owned(), take_on)];
    if let Some(name) = &message.runbook {
        first.push(button(phrases.runbook.to_owned(), Press::Runbook(name.clone())));
    }
    let silence = |hours: u64| {
        let label = phrases.silence.replace("{hours}", &hours.to_string());
        button(label, silence(Duration::from_secs(hours * 3600)))
    };
    let mut rows = vec![first, SILENCE_HOURS.map(silence).to_vec()];
    let looks = message.runbook.as_deref().map(|name| match Rule::named(name) {
        Some(rule) => looks(rule),
        None => looks_of_report(name),
    });
    let look = |press: &Press| {
        let label = match press {
            Press::Logs => phrases.logs,
            Press::Graph(_) => phrases.graph,
            _ => phrases.restart,
        };
        button(label.to_owned(), press.clone())
    };
    rows.extend(looks.map(|looks| looks.iter().map(look).collect::<Vec<_>>()));
    rows.retain(|row| !row.is_empty());
    rows
}

/// The same for a kind of the bot's reports.
fn looks_of_report(kind: &str) -> Vec<Press> {
    let graph = |name: &str| Press::Graph(name.to_owned());
    match kind {
        "handler_stuck" => vec![Press::Logs, graph("server"), Press::Restart],
        "wal_too_long" | "wal_stops_sales" => vec![Press::Logs, graph("disk")],
        "not_durable" => vec![Press::Logs, graph("backups")],
        _ => vec![Press::Logs, graph("orders")],
    }
}

/// What helps to see more of such an alert, or to mend it.
fn looks(rule: Rule) -> Vec<Press> {
    let graph = |name: &str| Press::Graph(name.to_owned());
    let name = rule.name();
    match rule.spec().topic {
        Topic::Bot if name == "bot_memory_growing" => vec![graph("mem"), Press::Logs, Press::Restart],
        Topic::Bot => vec![Press::Logs, graph("server"), Press::Restart],
        // A new secret counts from the next start on.
        Topic::Trade if name == "telegram_refuses" || name == "gateway_refuses" => {
            vec![Press::Logs, graph("orders"), Press::Restart]
        }
        Topic::Trade if name == "database_refuses" => vec![Press::Logs, graph("disk")],
        Topic::Trade => vec![Press::Logs, graph("orders")],
        Topic::Machine if name.starts_with("memory") => vec![graph("mem")],
        Topic::Machine if name.starts_with("cpu") => vec![graph("cpu")],
        Topic::Machine if name.starts_with("disk") || name.starts_with("inodes") => vec![graph("disk")],
        Topic::Machine => vec![graph("server")],
        Topic::Logs => vec![Press::Logs, graph("disk")],
        Topic::Backup => vec![graph("backups")],
        Topic::Agent => vec![graph("server")],
        Topic::Keys => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_comes_back_as_it_went_out() {
        let presses = [
            Press::Acknowledge(EpisodeId(7)),
            Press::Silence(EpisodeId(7), Duration::from_secs(3600)),
            Press::Silence(EpisodeId(7), Duration::from_secs(8 * 3600)),
            Press::TakeReport,
            Press::SilenceReports("dead_job".to_owned(), Duration::from_secs(3600)),
            Press::Runbook("bot_gone".to_owned()),
            Press::Logs,
            Press::Graph("disk".to_owned()),
            Press::Restart,
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
        let most = Press::SilenceReports("restored_sales_paused".to_owned(), Duration::from_secs(8 * 3600));
        assert!(most.data().len() <= 64);
    }
}
