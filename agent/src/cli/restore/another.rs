//! The backups are of another chain than before: who restores the newest hears of it, and who would get another database in
//! the place of the shop's is asked which of the two he means.
//! It decides nothing: the plan found where one chain follows the other, and its points say why.

use anyhow::bail;
use protocol::{chain::ChainId, object_key::PointId, time::UnixMillis};

use super::{Arguments, refusals::command};
use crate::{
    backup::survey,
    cli::words,
    config::Config,
    restore::{self, Plan, Request, Sources},
    store::{Store, interruptions::EventKind},
};

/// Interruptions of the capture that are looked at: more than are kept.
const EVENTS_MAX: usize = 10_000;

/// Says that what is restored follows another chain, and how to have that one.
pub(super) fn chain(plan: &Plan, arguments: &Arguments, config: &Config) -> Option<String> {
    let succession = plan.succession.as_ref()?;
    if replaced(plan, config).is_some() {
        return None;
    }
    Some(format!(
        "since {} the backups are of another chain than before, which was backed up until {}: a restored shop begins one, \
         so does an agent that lost its state or a VACUUM, and so does another database in its place. To restore the one \
         before instead: {}",
        of_point(&succession.since, config)?,
        words::moment(succession.until, &config.owner.timezone),
        of_chain(&succession.chain, arguments)
    ))
}

/// Exchanges before the last one up to which each database is opened before it is offered: the bot waits meanwhile.
const EARLIER_OPENED: usize = 3;

/// Refuses what may be another database than the shop's, as long as nobody says which of the two is wanted. One that cannot
/// be had any more is called so.
pub(super) async fn refuse_database(
    plan: &Plan,
    (arguments, config): (&Arguments, &Config),
    (request, sources): (&Request, &Sources<'_>),
) -> anyhow::Result<()> {
    let (Some(succession), Some(why)) = (&plan.succession, replaced(plan, config)) else {
        return Ok(());
    };
    let told = |at: UnixMillis| words::moment(at, &config.owner.timezone);
    let since = of_point(&succession.since, config).unwrap_or_else(|| succession.since.to_string());
    // The way back that it ends with is said below, as it was asked for.
    let why: Vec<&str> = why
        .split("; ")
        .take_while(|part| !part.contains("agent restore"))
        .collect();
    let why = why.join("; ");
    let is_opened = succession.earlier.len() <= EARLIER_OPENED;
    let offered = async |chain: &ChainId| {
        if !is_opened {
            return of_chain(chain, arguments);
        }
        let of_it = Request {
            chain: Some(chain.as_str().to_owned()),
            anchor: None,
            wants_offer: false,
            ..request.clone()
        };
        let unfit = restore::unfit(&of_it, sources).await;
        let unfit = unfit.map(|why| format!("\n  CANNOT BE RESTORED as it lies there now: {why}"));
        of_chain(chain, arguments) + &unfit.unwrap_or_default()
    };
    let mut earlier = String::new();
    for (until, chain) in succession.earlier.iter().rev() {
        earlier += &format!(
            "What was backed up before another exchange, the last time at {}:\n  {}\n",
            told(*until),
            offered(chain).await
        );
    }
    let which = match succession.earlier.len() {
        0 => "which of the two",
        _ => "which of them",
    };
    bail!(
        "what was backed up since {since} is another database than before, or another state of it: {why}. Nobody but you can say \
         {which} is the shop, so that nothing was restored.\n{earlier}\
         What was backed up before, the last time at {}:\n  {}\n\
         What was backed up since:\n  {}",
        told(succession.until),
        offered(&succession.chain).await,
        offered(&plan.manifest.chain).await
    )
}

fn of_point(point: &PointId, config: &Config) -> Option<String> {
    Some(words::moment(survey::moment_of(point)?, &config.owner.timezone))
}

/// The command that was given, of this chain alone.
fn of_chain(chain: &ChainId, arguments: &Arguments) -> String {
    let is_at = arguments.at.as_deref().map(|at| ("--at", at));
    let choice: Vec<(&str, &str)> = is_at
        .into_iter()
        .chain([("--chain", words::chain(chain))])
        .collect();
    command(arguments, &choice)
}

/// Why the restored chain began, if another file lay in the place of the database: as its points say, or as this server
/// saw it.
fn replaced(plan: &Plan, config: &Config) -> Option<String> {
    let succession = plan.succession.as_ref()?;
    let seen = || {
        let at = |point| survey::moment_of(point);
        let what = "this server has seen another file in the place of the shop's database";
        was_replaced(config, at(&succession.before)?, at(&succession.since)?).then(|| what.to_owned())
    };
    succession.replaced.clone().or_else(seen)
}

/// Whether this server has seen another file in its place between the two; a point's name holds whole seconds.
fn was_replaced(config: &Config, before: UnixMillis, since: UnixMillis) -> bool {
    let store = Store::open_to_look(&config.state_dir).ok().flatten();
    let events = store.and_then(|store| store.capture_events(EVENTS_MAX).ok());
    let mut replaced = events.into_iter().flatten();
    replaced.any(|event| {
        event.kind == EventKind::Replaced.name() && (before.0..=since.0 + 999).contains(&event.at.0)
    })
}
