//! What `agent restore` says when it refuses: what is wrong, and the command that helps, ready to be copied.
//! It only prints; what comes nearest was found before.

use protocol::{
    chain::{ChainId, CommitNumber},
    time::UnixMillis,
};

use super::Arguments;
use crate::{
    backup::survey,
    cli::{Failure, words},
    config::Config,
    restore::{Beside, Left, Next, Refused, Side},
};

/// A refusal in words, and what it offers where that is known.
pub(super) struct Unfit {
    pub failure: Failure,
    pub offer: Option<Next>,
}

impl From<Failure> for Unfit {
    fn from(failure: Failure) -> Self {
        Self { failure, offer: None }
    }
}

impl Unfit {
    pub(super) fn of(refused: Refused, arguments: &Arguments, config: &Config) -> Self {
        Self {
            failure: told(&refused, arguments, config),
            offer: Some(refused.next),
        }
    }

    /// The same in the middle of a restore, with what it has left for the next one.
    pub(super) fn midway(
        refused: Refused,
        left: Option<Left>,
        (arguments, config): (&Arguments, &Config),
    ) -> Self {
        let Some(left) = left else {
            return Self::of(refused, arguments, config);
        };
        let next = next(&refused.next, (arguments, arguments.remote.as_deref()), config);
        let told = anyhow::anyhow!(
            "{}. No live file was changed.\nWhat was fetched, {} of the database, stays in {} in plain text: the same command \
             goes on with it; delete it if you will not.\n{next}",
            refused.reason,
            words::size(left.size_bytes),
            left.path.display()
        );
        Self {
            failure: Failure::Failed(told),
            offer: Some(refused.next),
        }
    }
}

/// What is wrong, and below it the command that helps, ready to be copied.
pub(super) fn told(refused: &Refused, arguments: &Arguments, config: &Config) -> Failure {
    let next = next(&refused.next, (arguments, arguments.remote.as_deref()), config);
    Failure::Failed(anyhow::anyhow!("{refused}.\n{next}"))
}

/// What there is instead, with the command that asks it of this remote, or of all.
pub(super) fn next(next: &Next, (arguments, remote): (&Arguments, Option<&str>), config: &Config) -> String {
    let command = |choice: &[(&str, &str)]| command_on(arguments, remote, choice);
    match next {
        Next::Advice(text) => format!("{text}."),
        Next::Nothing => {
            "No other backup on these remotes can be restored either. `agent list` shows what they hold and lack; what may still be \
             had by hand, RECOVERY.md tells under \"With gpg and zstd alone\"."
                .to_owned()
        }
        Next::OtherKey => {
            "No other backup on these remotes can be restored with this key. `agent list` shows what they hold; another key \
             may help (--key FILE)."
                .to_owned()
        }
        Next::Trust(agents) => vouching(agents, arguments),
        Next::Commit {
            chain,
            commit,
            at,
            beside,
        } => {
            let at = at.map(|at| format!(", of about {}", words::moment(at, &config.owner.timezone)));
            format!(
                "Everything until commit {commit}{} is there.{} To restore that:\n  {}",
                at.unwrap_or_default(),
                beside.map(|beside| format!(" {}", side(&beside))).unwrap_or_default(),
                command(&[("--chain", short(chain)), ("--commit", &commit.to_string())])
            )
        }
        Next::Chain(chain) => format!(
            "What the chain {chain} knows of that moment is there. To restore that:\n  {}",
            command(&[
                ("--chain", short(chain)),
                ("--at", arguments.at.as_deref().unwrap_or_default())
            ])
        ),
        Next::Which(commit, chains) => which(*commit, chains, arguments, config),
        Next::Point { point, beside } => {
            let at = survey::moment_of(point).map(|at| words::moment(at, &config.owner.timezone));
            let side = beside.as_ref().map(side);
            format!(
                "The next best restore point is {point}, of {}. {} To restore it:\n  {}",
                at.unwrap_or_default(),
                side.as_deref()
                    .unwrap_or("What happened after that moment is not in it."),
                command(&[("--point", point.as_str())])
            )
        }
    }
}

/// The same command with the owner's word for each agent whose backups may be meant.
fn vouching(agents: &[String], arguments: &Arguments) -> String {
    let mut lines = vec![
        "If that agent is yours, as of a server that was set up anew, and its fingerprint is in your recovery kit or was printed \
         by `agent check`, this goes by its backups:"
            .to_owned(),
    ];
    for agent in agents {
        let mut choice = when(arguments);
        choice.push(("--trust", agent.clone()));
        let choice: Vec<(&str, &str)> = choice.iter().map(|(option, value)| (*option, &**value)).collect();
        lines.push(format!("  {}", command(arguments, &choice)));
    }
    lines.join("\n")
}

/// What it means that it is not what was asked for.
pub(super) fn side(beside: &Beside) -> String {
    let commits = beside.commits.map(|count| words::count(count, "commit"));
    let time = beside.time.map(words::duration);
    let by = match (commits, time) {
        (Some(commits), Some(time)) => format!(", by {commits} ({time})"),
        (Some(by), None) | (None, Some(by)) => format!(", by {by}"),
        (None, None) => String::new(),
    };
    match beside.side {
        Side::Earlier => {
            format!("That is EARLIER than what you asked for{by}: what happened in between is not in it.")
        }
        Side::Later => format!(
            "That is LATER than what you asked for{by}: it holds all that happened in between, also what you may have wanted to \
             undo."
        ),
    }
}

/// Every moment that a commit's number may mean, each with its command.
fn which(
    commit: CommitNumber,
    chains: &[(ChainId, UnixMillis)],
    arguments: &Arguments,
    config: &Config,
) -> String {
    let mut lines =
        vec!["Every chain counts its commits from one. Say which one you mean, the newest first:".to_owned()];
    let mut chains: Vec<_> = chains.iter().collect();
    chains.sort_by_key(|(_, at)| std::cmp::Reverse(at.0));
    for (chain, at) in chains {
        lines.push(format!(
            "  of about {}:\n    {}",
            words::moment(*at, &config.owner.timezone),
            command(
                arguments,
                &[("--chain", short(chain)), ("--commit", &commit.to_string())]
            )
        ));
    }
    lines.join("\n")
}

/// As much of a chain's name as tells it from others.
fn short(chain: &ChainId) -> &str {
    words::chain(chain)
}

/// The command that was given, with another choice.
pub(super) fn command(arguments: &Arguments, choice: &[(&str, &str)]) -> String {
    command_on(arguments, arguments.remote.as_deref(), choice)
}

/// The command that was given, with the same choice, of all remotes.
pub(super) fn command_on_all(arguments: &Arguments) -> String {
    let choice = when(arguments);
    let choice: Vec<(&str, &str)> = choice.iter().map(|(option, value)| (*option, &**value)).collect();
    command_on(arguments, None, &choice)
}

/// What was asked for, as it is given again.
pub(super) fn when(arguments: &Arguments) -> Vec<(&'static str, String)> {
    let number = |option, number: Option<u64>| number.map(|number| (option, number.to_string()));
    let text = |option, text: &Option<String>| text.clone().map(|text| (option, text));
    let all = [
        number("--commit", arguments.commit),
        number("--before-commit", arguments.before_commit),
        text("--at", &arguments.at),
        text("--point", &arguments.point),
        text("--chain", &arguments.chain),
        text("--anchor", &arguments.anchor),
    ];
    all.into_iter().flatten().collect()
}

fn command_on(arguments: &Arguments, remote: Option<&str>, choice: &[(&str, &str)]) -> String {
    let mut words = vec!["agent restore".to_owned()];
    let mut add = |option: &str, value: &str| words.push(format!("{option} {}", quoted(value)));
    add("--config", &arguments.config.path.to_string_lossy());
    if let Some(key) = &arguments.key {
        add("--key", &key.to_string_lossy());
    }
    if let Some(remote) = remote {
        add("--remote", remote);
    }
    if let Some(only) = arguments.only {
        add("--only", only.word());
    }
    if let Some(to) = &arguments.to {
        add("--to", &to.to_string_lossy());
    }
    for fingerprint in &arguments.trust {
        add("--trust", fingerprint);
    }
    for (option, value) in choice {
        add(option, value);
    }
    words.join(" ")
}

/// As a shell takes it for one word.
pub(in crate::cli) fn quoted(text: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "/._-+:@".contains(char);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_split_is_quoted() {
        assert_eq!(quoted("/etc/warung/agent.toml"), "/etc/warung/agent.toml");
        assert_eq!(quoted("/media/my usb/it's"), r"'/media/my usb/it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
