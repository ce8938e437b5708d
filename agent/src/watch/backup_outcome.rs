//! What a backup that was taken says about each remote, the files and the database: read once, by whoever took it, on
//! schedule or by hand.
//! It takes no backup, and a backup that could not be taken at all is not its matter.

use protocol::time::UnixMillis;

use crate::{
    alert::{
        Alerts,
        rule::{AlertKey, Observation, Rule},
    },
    backup::{Outcome, Taken},
    store::Store,
};

/// Files that one message names.
const LEFT_OUT_MAX: usize = 10;

/// What the scheduled backup is about as a whole.
#[must_use]
pub fn whole() -> AlertKey {
    AlertKey::new("backup", "any")
}

/// Hands the outcome to the alerts. Nothing is said of the remotes that are `spared`: that they were not reached is no
/// fault of theirs.
///
/// # Errors
/// When the agent's database refuses.
pub fn observe(
    alerts: &Alerts,
    store: &Store,
    (taken, spared): (&Taken, &[String]),
    now: UnixMillis,
) -> anyhow::Result<()> {
    alerts.observe(&whole(), Observation::Fine, now)?;
    let counts = |outcome: &&Outcome| outcome.error.is_none() || !spared.contains(&outcome.remote);
    for outcome in taken.remotes.iter().filter(counts) {
        let key = AlertKey::new(REMOTE, &outcome.remote);
        alerts.observe(&key, seen(Rule::BackupFailed, outcome.error.clone()), now)?;
    }
    let files = AlertKey::new("backup_files", "all");
    alerts.observe(
        &files,
        seen(Rule::BackupIncomplete, left_out(&taken.left_out)),
        now,
    )?;
    // A large database is looked at on another occasion, and what was seen then stands.
    match taken.is_checked {
        true => observe_database(alerts, store, taken.damage.as_deref(), now),
        false => Ok(()),
    }
}

/// Hands over what SQLite finds wrong with the live database, when it was asked, with what loses least then. Whatever
/// holds the damage is written down as such before.
///
/// # Errors
/// As [`observe`].
pub fn observe_database(
    alerts: &Alerts,
    store: &Store,
    damage: Option<&str>,
    now: UnixMillis,
) -> anyhow::Result<()> {
    let told = |damage: &str| match store.newest_sound_state(now) {
        Ok(Some(sound)) => {
            format!("{damage}; the newest sound state known here: agent restore {sound} --full-check")
        }
        Ok(None) | Err(_) => format!("{damage}; no sound restore point is known here"),
    };
    let database = AlertKey::new("database", "shop");
    alerts.observe(&database, seen(Rule::DatabaseDamaged, damage.map(told)), now)
}

/// Hands over that a backup that was meant for these remotes alone is on none of them: the others have theirs.
///
/// # Errors
/// As [`observe`].
pub fn observe_unreached(
    alerts: &Alerts,
    remotes: &[String],
    detail: &str,
    now: UnixMillis,
) -> anyhow::Result<()> {
    for remote in remotes {
        let fault = seen(Rule::BackupFailed, Some(detail.to_owned()));
        alerts.observe(&AlertKey::new(REMOTE, remote), fault, now)?;
    }
    Ok(())
}

/// Ends the alerts about remotes that were taken out of the configuration.
///
/// # Errors
/// As [`observe`].
pub fn forget_other_remotes(alerts: &Alerts, remotes: &[&str], now: UnixMillis) -> anyhow::Result<()> {
    alerts.withdraw_others(REMOTE, remotes, now)
}

const REMOTE: &str = "backup_remote";

fn left_out(lines: &[String]) -> Option<String> {
    let more = lines.len().saturating_sub(LEFT_OUT_MAX);
    let shown: String = lines
        .iter()
        .take(LEFT_OUT_MAX)
        .map(|line| format!("\n• {line}"))
        .collect();
    match (lines.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(shown),
        (false, more) => Some(format!("{shown}\n• +{more}")),
    }
}

fn seen(rule: Rule, fault: Option<String>) -> Observation {
    fault.map_or(Observation::Fine, |detail| Observation::Wrong { rule, detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_files_that_were_left_out_are_counted_after_the_first_ten() {
        let lines: Vec<String> = (1..=12).map(|number| format!("file {number}")).collect();
        assert_eq!(left_out(&[]), None);
        assert_eq!(left_out(&lines[..1]).as_deref(), Some("\n• file 1"));
        let many = left_out(&lines).unwrap();
        assert!(many.ends_with("\n• file 10\n• +2"), "{many}");
    }
}
