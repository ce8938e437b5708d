//! Which agent is the owner's, where several have backups there and nothing at hand says so: asked on a terminal, refused
//! elsewhere, with the command for each.
//! Whoever is known vouches for the servers before.
//! It never takes the newest for the owner's own.

use std::{io::IsTerminal, path::Path};

use protocol::object_key::Fingerprint;
use tokio::sync::Semaphore;

use super::{
    Arguments, key_path, named,
    refusals::{command, when},
};
use crate::{
    backup::{remote::Remote, restores::LiveRestore, seal::Keys, survey::Survey},
    cli::{Failure, ask, words},
    config::Config,
    restore::{
        self, Request, Rival, Sources, rivals,
        trust::{self, Trust},
    },
};

/// Whose signatures count, and which restores led to a known agent's server; where several may be meant, of the one that its
/// owner names.
///
/// # Errors
/// A fingerprint that is none, or the list of all of them where nobody can be asked or names one.
pub(super) async fn to_trust(
    (arguments, config): (&Arguments, &Config),
    (remotes, survey): (&[Remote], &Survey),
    (request, keys, cores): (&Request, &Keys, &Semaphore),
    notes: &mut Vec<String>,
) -> Result<(Trust, Vec<LiveRestore>), Failure> {
    let mut told = Vec::new();
    let mut trust = gathered((arguments, config), (remotes, survey), &mut told).await?;
    let sources = Sources {
        remotes,
        survey,
        keys,
        signers: &trust.signers,
        cores,
    };
    match ask_owner((&trust, request), &sources, arguments, config).await? {
        None => notes.extend(told),
        Some(chosen) => {
            let kit = key_path(arguments, config);
            trust = trust::gather(&config.state_dir, beside(&kit), &[chosen], remotes, survey, notes).await;
        }
    }
    notes.extend(trust.unheard.iter().cloned());
    let line = with_line(&mut trust, (remotes, survey), (keys, cores)).await;
    Ok((trust, line))
}

/// Takes in those whose backups led to a known agent's server, each for what it had signed by then; which restores those
/// were. Where everybody is known it asks nobody.
pub(in crate::cli) async fn with_line(
    trust: &mut Trust,
    (remotes, survey): (&[Remote], &Survey),
    (keys, cores): (&Keys, &Semaphore),
) -> Vec<LiveRestore> {
    if !trust.may_know_more() {
        return Vec::new();
    }
    let sources = Sources {
        remotes,
        survey,
        keys,
        signers: &trust.signers,
        cores,
    };
    let line = restore::line(&sources).await;
    trust.follow(&line);
    line
}

/// Whose signatures count by what is at hand, and nobody is asked.
///
/// # Errors
/// A fingerprint that is none.
pub(super) async fn gathered(
    (arguments, config): (&Arguments, &Config),
    (remotes, survey): (&[Remote], &Survey),
    notes: &mut Vec<String>,
) -> Result<Trust, Failure> {
    let key = key_path(arguments, config);
    let named = named(arguments)?;
    Ok(trust::gather(&config.state_dir, beside(&key), &named, remotes, survey, notes).await)
}

/// The folder of the owner's key, which is the recovery kit.
fn beside(key: &Path) -> &Path {
    key.parent().unwrap_or(key)
}

/// The one that its owner names; `None` where there is nothing to ask.
async fn ask_owner(
    (trust, request): (&Trust, &Request),
    sources: &Sources<'_>,
    arguments: &Arguments,
    config: &Config,
) -> Result<Option<Fingerprint>, Failure> {
    let rivals = rivals(trust, request, sources).await;
    if rivals.is_empty() {
        return Ok(None);
    }
    let can_ask = !arguments.yes && !arguments.json && std::io::stdin().is_terminal();
    if !can_ask {
        return Err(refused(&rivals, arguments, config));
    }
    eprintln!("{}:", what(&rivals));
    for (at, rival) in rivals.iter().enumerate() {
        eprintln!("  {}. {}", at + 1, told(rival, config));
    }
    let chosen = ask::number(
        "Which one is your shop's? Its number, or nothing for none:",
        rivals.len(),
    )?;
    match chosen.and_then(|at| rivals.get(at - 1)) {
        Some(rival) => Ok(Some(rival.agent.clone())),
        None => Err(refused(&rivals, arguments, config)),
    }
}

fn what(rivals: &[Rival]) -> String {
    format!(
        "the backups of {} agents there open with this key, and nothing at hand says which is yours: of two shops in one place \
         the newest state may be the other one's",
        rivals.len()
    )
}

fn told(rival: &Rival, config: &Config) -> String {
    let moment = |at| words::moment(at, &config.owner.timezone);
    let database = match &rival.database {
        Some(path) => format!(
            "the database {path} of {}",
            words::size(rival.newest.database_bytes)
        ),
        None => format!("a database of {}", words::size(rival.newest.database_bytes)),
    };
    format!(
        "the agent {}: {database}, last commit {} of about {}, newest restore point {} of {}",
        rival.agent,
        rival.last.0,
        moment(rival.last.1),
        rival.newest.point,
        moment(rival.newest.taken_at)
    )
}

fn refused(rivals: &[Rival], arguments: &Arguments, config: &Config) -> Failure {
    let mut text = format!("{}. Nothing was changed.\nName yours", what(rivals));
    for rival in rivals {
        let mut choice = when(arguments);
        choice.push(("--trust", rival.agent.to_string()));
        let choice: Vec<(&str, &str)> = choice.iter().map(|(option, value)| (*option, &**value)).collect();
        let named = command(arguments, &choice);
        text += &format!("\n- {}:\n    {named}", told(rival, config));
    }
    text += "\nThe fingerprint is in the recovery kit, and `agent check` printed it on the server. A server that was set up \
             anew has a new one: when all of them were your one shop's, one after the other, the newest is its own.";
    Failure::Failed(anyhow::anyhow!(text))
}
