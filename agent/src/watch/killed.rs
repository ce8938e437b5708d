//! That the kernel killed the agent for want of memory: what systemd says at the end of one is told by the next.
//! An agent that is killed can say nothing itself. Without systemd nobody is asked, and nothing is told.

use std::{fs, io::ErrorKind, path::Path};

use anyhow::Context;
use protocol::time::UnixMillis;

use crate::{
    alert::{
        Alerts,
        rule::{AlertKey, Observation, Rule},
    },
    store::owner::own_like,
};

/// In the state directory, with the moment, from the end of one agent to the start of the next.
const FILE: &str = "killed";
/// Where systemd says to a unit's `ExecStopPost=` how the unit ended, systemd.exec(5).
pub const RESULT: &str = "SERVICE_RESULT";
/// What it says of a process that the kernel killed for want of memory.
const OOM_KILL: &str = "oom-kill";

/// The key of a kill.
#[must_use]
pub fn key() -> AlertKey {
    AlertKey::new("agent", "killed")
}

/// Writes down that the agent of this state directory was killed at this moment, if that is what systemd says. Another end
/// leaves what was written before: nobody has read it yet.
///
/// # Errors
/// When the disk refuses.
pub fn note(state_dir: &Path, result: &str, now: UnixMillis) -> anyhow::Result<()> {
    if result != OOM_KILL {
        return Ok(());
    }
    leave(&state_dir.join(FILE), now)
}

/// Writes this moment into a file for the next agent.
///
/// # Errors
/// When the disk refuses.
pub(super) fn leave(path: &Path, now: UnixMillis) -> anyhow::Result<()> {
    fs::write(path, now.0.to_string()).with_context(|| format!("writing {}", path.display()))?;
    own_like(path, path.parent().unwrap_or(path));
    Ok(())
}

/// As [`tell`], for a start: logged where it fails, because everything else must go on.
pub fn tell_at_start(alerts: &Alerts, state_dir: &Path, now: UnixMillis) {
    if let Err(error) = tell(alerts, state_dir, now) {
        tracing::error!(
            error = format!("{error:#}"),
            "whether the kernel killed the agent before could not be told"
        );
    }
}

/// Tells the owner of a kill that was written down, and forgets it.
///
/// # Errors
/// When the disk or the agent's database refuses: then the next start tells it.
pub fn tell(alerts: &Alerts, state_dir: &Path, now: UnixMillis) -> anyhow::Result<()> {
    tell_noted(alerts, &state_dir.join(FILE), (&key(), Rule::AgentKilled), now)
}

/// Tells of the moment in this file, which an agent left that ended, and deletes it.
///
/// # Errors
/// As [`tell`].
pub(super) fn tell_noted(
    alerts: &Alerts,
    path: &Path,
    (key, rule): (&AlertKey, Rule),
    now: UnixMillis,
) -> anyhow::Result<()> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    let ended_at = text.parse().map_or(now, UnixMillis);
    tell_anew(alerts, key, rule, alerts.moment(ended_at), now)?;
    fs::remove_file(path).with_context(|| format!("deleting {}", path.display()))
}

/// Tells of a moment that nobody could tell of while it lasted, unless the owner has just heard of this very one.
///
/// # Errors
/// When the agent's database refuses.
pub(super) fn tell_anew(
    alerts: &Alerts,
    key: &AlertKey,
    rule: Rule,
    detail: String,
    now: UnixMillis,
) -> anyhow::Result<()> {
    let book = alerts.book()?;
    let told = book.alerts.get(key.as_str()).map(|row| &row.detail);
    if told != Some(&detail) {
        // The one before is over: this is another.
        alerts.observe(key, Observation::Fine, now)?;
        alerts.observe(key, Observation::Wrong { rule, detail }, now)?;
    }
    Ok(())
}
