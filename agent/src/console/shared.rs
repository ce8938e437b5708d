//! Whether another program asks Telegram with the agent's own token: Telegram gives each update to whoever asks, so that the
//! owner's commands may go there.
//! Pure. One or two conflicts are a new agent in the place of an old one.

use std::{collections::VecDeque, time::Duration};

use protocol::time::UnixMillis;

use super::telegram::CallError;
use crate::alert::rule::{AlertKey, Observation, Rule};

/// Conflicts count for so long.
const COUNTS: Duration = Duration::from_secs(300);
/// More than an alert needs.
const CONFLICTS_MAX: usize = 100;

const RULES: &[Rule] = &[Rule::OwnerBotShared];

/// The conflicts of the last minutes.
pub struct Shared {
    /// An alert of before is ended by nobody who has not listened for long enough.
    since: UnixMillis,
    conflicts: VecDeque<UnixMillis>,
}

/// Whether what the owner writes comes to this agent.
#[must_use]
pub fn key() -> AlertKey {
    AlertKey::new("console", "updates")
}

impl Shared {
    /// Nobody has asked yet.
    #[must_use]
    pub fn since(now: UnixMillis) -> Self {
        Self {
            since: now,
            conflicts: VecDeque::new(),
        }
    }

    /// What one question for updates came to; `None` is an answer. Gives what is seen by it, where that can be said.
    pub fn asked(&mut self, error: Option<&CallError>, now: UnixMillis) -> Option<Observation> {
        self.conflicts.retain(|at| now.since(*at) < COUNTS);
        if error.is_some_and(CallError::is_conflict) && self.conflicts.len() < CONFLICTS_MAX {
            self.conflicts.push_back(now);
        }
        let count = u32::try_from(self.conflicts.len()).unwrap_or(u32::MAX);
        let seen = Observation::measured(RULES, f64::from(count));
        let is_known = seen.is_wrong() || now.since(self.since) >= COUNTS;
        is_known.then_some(seen)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    #[test]
    fn three_conflicts_within_five_minutes_are_another_program_also_where_a_question_between_is_answered() {
        let conflict = || Some(CallError::Refused(StatusCode::CONFLICT));
        let at = |seconds: i64| UnixMillis(seconds * 1000);
        let mut shared = Shared::since(at(0));
        let mut wrong = |error: Option<CallError>, seconds| {
            let seen = shared.asked(error.as_ref(), at(seconds));
            seen.map(|seen| seen.is_wrong())
        };
        assert_eq!(wrong(conflict(), 0), None);
        assert_eq!(wrong(None, 30), None);
        assert_eq!(wrong(Some(CallError::Silent), 35), None);
        assert_eq!(
            wrong(conflict(), 40),
            None,
            "a new agent in the place of an old one"
        );
        assert_eq!(wrong(conflict(), 70), Some(true));
        assert_eq!(wrong(None, 299), Some(true));
        assert_eq!(wrong(None, 371), Some(false));
    }
}
