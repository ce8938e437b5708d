//! That the agent's state folder was exchanged or deleted under it: the agent that ends for it writes that into the folder that
//! lies there now, and the next one tells, since what the first one knew nobody will read again.
//! Whether it was is for the app to see.

use std::path::Path;

use protocol::time::UnixMillis;

use super::killed;
use crate::{
    alert::{
        Alerts,
        rule::{AlertKey, Rule},
    },
    store,
};

/// In the state directory, with the moment.
const FILE: &str = "exchanged";

/// The key of an exchange.
#[must_use]
pub fn key() -> AlertKey {
    AlertKey::new("agent", "state")
}

/// Writes down that it was noticed at this moment, making the folder where it is gone.
///
/// # Errors
/// When the disk refuses.
pub fn note(state_dir: &Path, now: UnixMillis) -> anyhow::Result<()> {
    store::make_private_dir(state_dir)?;
    killed::leave(&state_dir.join(FILE), now)
}

/// Tells the owner of one that was written down, and forgets it; logged where it fails, because everything else must go on.
pub fn tell_at_start(alerts: &Alerts, state_dir: &Path, now: UnixMillis) {
    let noted = (&key(), Rule::AgentStateReplaced);
    if let Err(error) = killed::tell_noted(alerts, &state_dir.join(FILE), noted, now) {
        tracing::error!(
            error = format!("{error:#}"),
            "that the state folder was exchanged under the agent before could not be told"
        );
    }
}
