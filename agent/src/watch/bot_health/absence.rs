//! Why the bot is not held at the moment.
//! It asks nobody.

use protocol::health::Health;

use crate::alert::{before::Before, rule::Rule};

/// Why the bot is not held at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// The agent has just started.
    NotSeenYet(Before),
    /// It said goodbye; the process with this boot number is the one that goes.
    Goodbye { boot: i64 },
    /// Its connection was cut, and it is not there.
    Died,
}

impl Absence {
    pub(super) fn rule(self) -> Rule {
        match self {
            Self::NotSeenYet(_) => Rule::BotNotRunning,
            Self::Goodbye { .. } => Rule::BotStopped,
            Self::Died => Rule::BotGone,
        }
    }

    /// The process that said goodbye goes on answering until it is through with its work.
    pub(super) fn is_over(self, health: &Health) -> bool {
        match self {
            Self::NotSeenYet(_) | Self::Died => true,
            Self::Goodbye { boot } => health.boot != boot,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(boot: i64) -> Health {
        Health {
            boot,
            ..Health::default()
        }
    }

    #[test]
    fn the_process_that_said_goodbye_does_not_count_as_the_next_one() {
        let goodbye = Absence::Goodbye { boot: 4 };
        assert!(!goodbye.is_over(&health(4)) && goodbye.is_over(&health(5)));
        assert!(
            Absence::Died.is_over(&health(4)),
            "its connection may have been cut and nothing else"
        );
    }
}
