//! What the options of `agent restore` ask for.
//! It asks no remote.

use std::collections::BTreeMap;

use protocol::{chain::CommitNumber, object_key::PointId, time::UnixMillis};

use super::{
    Arguments, OnlyArgument,
    known::{arrived, clock_steps_here, restored_here, seen_here},
    now,
};
use crate::{
    backup::anchor::Anchor,
    cli::Failure,
    config::Config,
    restore::{Acknowledged, Only, Request, Selection, Target, choose},
    store::points::KnownPoint,
};

/// The number of a commit, as it was typed.
pub(super) fn commit(typed: &str) -> Result<u64, String> {
    let why = "commits have whole numbers from 1 on: `agent list` shows which there are";
    typed.trim().parse().map_err(|_| why.to_owned())
}

/// A variable of a script that is not set names no chain, and every chain's name begins with nothing.
fn chain(asked: &str) -> Result<String, Failure> {
    let asked = asked.trim().to_lowercase();
    if asked.is_empty() {
        let why = "--chain names none: give the beginning of a chain's name as `agent list` shows it, or leave it out. \
                   Nothing was changed";
        return Err(Failure::Refused(why.to_owned()));
    }
    Ok(asked)
}

/// The question that the options ask; `remote` is the one that it is asked of, or all of them.
///
/// # Errors
/// Wrong use: an option that does not read.
pub(super) fn request(
    arguments: &Arguments,
    remote: Option<&str>,
    config: &Config,
    known: BTreeMap<PointId, KnownPoint>,
) -> Result<Request, Failure> {
    // What is known of other remotes says nothing about the one that was asked for.
    let on_asked =
        |verified: &BTreeMap<String, UnixMillis>| remote.is_none_or(|remote| verified.contains_key(remote));
    let acknowledged = arrived(config);
    // One that is not configured any more is asked by no command.
    let is_configured = |one: &Acknowledged| config.remotes.iter().any(|remote| remote.name == one.remote);
    let is_asked =
        |one: &Acknowledged| remote.is_none_or(|remote| remote == one.remote) || !is_configured(one);
    let read = |line| Anchor::read(line, &known);
    let anchor = arguments.anchor.as_deref().map(read).transpose();
    let anchor = anchor.map_err(Failure::Refused)?;
    Ok(Request {
        selection: selection(arguments, config)?,
        only: arguments.only.map(|only| match only {
            OnlyArgument::Database => Only::Database,
            OnlyArgument::Config => Only::Config,
        }),
        target: match &arguments.to {
            Some(folder) => Target::Folder(std::path::absolute(folder).unwrap_or_else(|_| folder.clone())),
            None => Target::Live(config.backup.database.clone()),
        },
        full_check: arguments.full_check,
        known: known
            .into_iter()
            .filter(|(_, known)| on_asked(&known.verified))
            .collect(),
        chain: arguments.chain.as_deref().map(chain).transpose()?,
        seen: seen_here(config),
        arrived: acknowledged.iter().filter(|one| is_asked(one)).cloned().collect(),
        elsewhere: acknowledged.into_iter().filter(|one| !is_asked(one)).collect(),
        restores: restored_here(config),
        clock_steps: clock_steps_here(config),
        is_agent_named: !arguments.trust.is_empty(),
        newest_only: false,
        wants_offer: true,
        anchor,
        now: now(),
        zone: config.owner.timezone.clone(),
    })
}

/// What of the options that exclude each other is there.
fn selection(arguments: &Arguments, config: &Config) -> Result<Selection, Failure> {
    let refused = |error: &dyn std::fmt::Display| Failure::Refused(error.to_string());
    if let Some(text) = &arguments.at {
        let moment = choose::parse_moment(text, &config.owner.timezone).map_err(Failure::Refused)?;
        return Ok(Selection::At(moment));
    }
    if let Some(id) = &arguments.point {
        return Ok(Selection::Point(
            PointId::parse(id).map_err(|error| refused(&error))?,
        ));
    }
    let before = arguments.before_commit.map(|commit| commit.saturating_sub(1));
    match arguments.commit.or(before) {
        Some(number) => CommitNumber::new(number)
            .map(Selection::Commit)
            .map_err(|error| refused(&error)),
        None => Ok(Selection::Latest),
    }
}
