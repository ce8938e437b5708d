//! What the owner reads of times in which nobody followed the shop and of which no commit is on a remote: those that are over,
//! and the one that lasts.
//! It only puts it into words.

use protocol::time::UnixMillis;

use super::now;
use crate::{
    backup::capture::Unattended,
    cli::words,
    config::Config,
    restore::{self, Plan, Stop, Target},
    store::Store,
};

/// What is to be known before a yes: that the moment which was asked for is such a time, or that there is more on this server
/// than was ever captured.
pub(super) fn note(plan: &Plan, lasting: Option<&Unattended>, config: &Config) -> Option<String> {
    let moment = match plan.stop {
        Stop::By { moment, .. } => Some(moment),
        Stop::AtEnd | Stop::AtPoint | Stop::AfterCommit(_) => None,
    };
    // What was found of it says more.
    let over = moment.filter(|_| plan.gap.is_none());
    if let Some(told) = over.and_then(|moment| over_by(plan, moment, config)) {
        return Some(told);
    }
    let lasting = lasting?;
    let mut beyond = beyond(lasting, config)?;
    // Where its log tells how many they are, it is the one that was followed.
    if matches!(plan.target, Target::Live(_)) && lasting.commits.is_some() {
        beyond += ", but in the database that is moved aside";
    }
    if moment.is_some_and(|moment| moment >= lasting.since) {
        return Some(format!(
            "in a gap: {beyond}. You get the shop as it was last seen before"
        ));
    }
    Some(beyond)
}

/// What this server's database may hold that nobody captured; `None` where its log tells that there is nothing.
pub(super) fn beyond(lasting: &Unattended, config: &Config) -> Option<String> {
    let since = words::moment(lasting.since, &config.owner.timezone);
    let held = words::uncaptured(lasting.commits, "after that")?;
    Some(format!(
        "nobody has followed the shop since {since}: {held}, and not in what you get"
    ))
}

/// A time that is over, although no commit of it is known: what is given is the state before it.
fn over_by(plan: &Plan, moment: UnixMillis, config: &Config) -> Option<String> {
    let store = Store::open_to_look(&config.state_dir).ok().flatten()?;
    let absences = store.absences().ok()?;
    // Nobody was away until a moment that is yet to come: a clock was wrong that showed it.
    let ahead = restore::ahead_of(now());
    let (from, until) = absences
        .into_iter()
        .find(|(from, until)| (*from..*until).contains(&moment) && *until <= ahead)?;
    // Somebody did follow: it was a clock that showed those moments before their time.
    let mut dates = plan.segments.iter().map(|segment| segment.last_at);
    if dates.any(|at| from < at && at <= moment) {
        return None;
    }
    let told = |at: UnixMillis| words::moment(at, &config.owner.timezone);
    Some(format!(
        "in a gap: the agent did not run from about {} until {}, and found no commit of that time when it was back. You get the \
         shop as it was last seen before",
        told(from),
        told(until)
    ))
}
