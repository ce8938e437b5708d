//! What the bot must tell the owner, by way of the agent: rows in shop.db first, so that a crash loses none.
//! Never holds a secret, an item's content or a customer's name: it is read on a phone in the street.

use serde::{Deserialize, Serialize};

use crate::time::UnixMillis;

/// Incidents are numbered from 1 upwards, without reuse; the agent asks for those after the last it knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(pub i64);

/// What stands between two facts of [`Incident::text`].
pub const FACTS_BETWEEN: &str = " · ";

/// How loudly the owner must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing, nothing is at stake.
    Info,
    /// Something will break if nobody looks.
    Warning,
    /// Money, orders or the shop itself are at stake now.
    Critical,
}

/// One thing that the bot could not settle by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// When the bot wrote it down.
    pub at: UnixMillis,
    /// A stable name in `snake_case`, the key of its entry in docs/RUNBOOK: `dead_job`, `payments_failing`.
    pub kind: String,
    /// How loud.
    pub severity: Severity,
    /// The facts of a known kind, without a sentence: numbers, names and codes with [`FACTS_BETWEEN`] between them, in the
    /// order in which docs/RUNBOOK gives them. The agent says the rest, in the owner's language.
    pub text: String,
}

/// The answer to `GET /incidents?after=N`. Held for at most 25 s; status 204 without a body when there was none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentPage {
    /// Those after `N`, oldest first, at most 100.
    pub incidents: Vec<Incident>,
    /// The bot stops on purpose: the connection will close, and that is no alarm.
    #[serde(default)]
    pub goodbye: bool,
}
