//! Where a broadcast stands, and the only ways it may move.
//! Pure. The caller stores the state and does the effects in one transaction, or does neither.

use thiserror::Error;

/// Where a broadcast stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Written, its audience counted; nothing goes out.
    Draft,
    /// Begins by itself at its time.
    Scheduled,
    /// Goes out.
    Running,
    /// Goes on when a seller says so.
    Paused,
    /// Everybody was taken up.
    Done,
    /// Called off; who has it keeps it.
    Cancelled,
}

impl State {
    /// Every state with the name that the database uses.
    pub const ALL: [(&'static str, Self); 6] = [
        ("draft", Self::Draft),
        ("scheduled", Self::Scheduled),
        ("running", Self::Running),
        ("paused", Self::Paused),
        ("done", Self::Done),
        ("cancelled", Self::Cancelled),
    ];

    /// Its name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, state)| state)
    }
}

/// Why a broadcast does not go on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseReason {
    /// A seller wanted it.
    Seller,
    /// Many messages in a row did not arrive.
    Trouble,
    /// The shop stands at an earlier moment: more people may have it than are counted.
    Restore,
}

impl PauseReason {
    /// Every reason with the name that the database uses.
    pub const ALL: [(&'static str, Self); 3] = [
        ("seller", Self::Seller),
        ("trouble", Self::Trouble),
        ("restore", Self::Restore),
    ];
}

/// What happened to a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A seller sends it now.
    Send,
    /// A seller gives it a time, or another one.
    Schedule,
    /// Its time has come.
    Due,
    /// A seller pauses it.
    Pause,
    /// Many messages in a row did not arrive.
    Trouble,
    /// The shop was restored to an earlier moment.
    Restored,
    /// A seller lets it go on.
    Resume,
    /// A seller wants it sent once more to those of whom nobody knows whether they have it.
    RetryUnknown,
    /// A seller calls it off.
    Cancel,
    /// Nobody is left to send to, and nothing is on its way.
    Emptied,
}

impl Event {
    /// Every event, for the test that walks all pairs.
    pub const ALL: [Self; 10] = [
        Self::Send,
        Self::Schedule,
        Self::Due,
        Self::Pause,
        Self::Trouble,
        Self::Restored,
        Self::Resume,
        Self::RetryUnknown,
        Self::Cancel,
        Self::Emptied,
    ];
}

/// What must be done in the transaction that stores the new state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is begun at its time.
    Appoint,
    /// Nobody begins it any more.
    Disappoint,
    /// Those of whom nobody knows are taken up again.
    TakeUpUnknown,
    /// The window fills.
    Fill,
    /// What waits in the window is handed back, to be sent after the pause.
    HandBack,
    /// What waits in the window is thrown away, and the audience is forgotten.
    Forget,
    /// The message with the progress follows.
    Report,
    /// The seller is told that it stopped by itself.
    Tell,
}

/// The event cannot happen in this state; nothing moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a broadcast that is {state} cannot take {1:?}", state = .0.name())]
pub struct Refused(pub State, pub Event);

/// The next state and what must be done.
///
/// # Errors
/// [`Refused`] when the pair cannot be.
pub fn apply(state: State, event: Event) -> Result<(State, &'static [Effect]), Refused> {
    use Effect as X;
    use Event as E;
    use State as S;
    let next: Option<(State, &'static [Effect])> = match (state, event) {
        (S::Draft, E::Send) => Some((S::Running, &[X::Fill, X::Report])),
        (S::Scheduled, E::Send) => Some((S::Running, &[X::Disappoint, X::Fill, X::Report])),
        (S::Draft | S::Scheduled, E::Schedule) => Some((S::Scheduled, &[X::Disappoint, X::Appoint])),
        (S::Scheduled, E::Due) => Some((S::Running, &[X::Fill, X::Report])),
        (S::Running, E::Pause) => Some((S::Paused, &[X::HandBack, X::Report])),
        (S::Running, E::Trouble | E::Restored) => Some((S::Paused, &[X::HandBack, X::Report, X::Tell])),
        // What was scheduled may have gone out after the moment to which the shop was restored.
        (S::Scheduled, E::Restored) => Some((S::Paused, &[X::Disappoint, X::Tell])),
        (S::Paused, E::Restored) => Some((S::Paused, &[])),
        (S::Paused, E::Resume) => Some((S::Running, &[X::Fill, X::Report])),
        (S::Running, E::RetryUnknown) => Some((S::Running, &[X::TakeUpUnknown, X::Fill])),
        (S::Paused | S::Done, E::RetryUnknown) => Some((S::Running, &[X::TakeUpUnknown, X::Fill, X::Report])),
        (S::Draft, E::Cancel) => Some((S::Cancelled, &[X::Forget])),
        (S::Scheduled, E::Cancel) => Some((S::Cancelled, &[X::Disappoint, X::Forget])),
        (S::Running | S::Paused, E::Cancel) => Some((S::Cancelled, &[X::Forget, X::Report])),
        // The last messages on the wire may land after a pause.
        (S::Running | S::Paused, E::Emptied) => Some((S::Done, &[X::Forget, X::Report])),
        (
            S::Draft,
            E::Due | E::Pause | E::Trouble | E::Restored | E::Resume | E::RetryUnknown | E::Emptied,
        )
        | (S::Scheduled, E::Pause | E::Trouble | E::Resume | E::RetryUnknown | E::Emptied)
        | (S::Running, E::Send | E::Schedule | E::Due | E::Resume)
        | (S::Paused, E::Send | E::Schedule | E::Due | E::Pause | E::Trouble)
        | (
            S::Done,
            E::Send
            | E::Schedule
            | E::Due
            | E::Pause
            | E::Trouble
            | E::Restored
            | E::Resume
            | E::Cancel
            | E::Emptied,
        )
        | (
            S::Cancelled,
            E::Send
            | E::Schedule
            | E::Due
            | E::Pause
            | E::Trouble
            | E::Restored
            | E::Resume
            | E::RetryUnknown
            | E::Cancel
            | E::Emptied,
        ) => None,
    };
    next.ok_or(Refused(state, event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_decided_and_the_table_is_this_one() {
        let mut table = String::new();
        for (name, state) in State::ALL {
            assert_eq!((state.name(), State::of_name(name)), (name, Some(state)));
            for event in Event::ALL {
                if let Ok((next, effects)) = apply(state, event) {
                    table += &format!("{name} + {event:?} -> {} {effects:?}\n", next.name());
                }
            }
        }
        assert_eq!(
            table,
            "\
draft + Send -> running [Fill, Report]
draft + Schedule -> scheduled [Disappoint, Appoint]
draft + Cancel -> cancelled [Forget]
scheduled + Send -> running [Disappoint, Fill, Report]
scheduled + Schedule -> scheduled [Disappoint, Appoint]
scheduled + Due -> running [Fill, Report]
scheduled + Restored -> paused [Disappoint, Tell]
scheduled + Cancel -> cancelled [Disappoint, Forget]
running + Pause -> paused [HandBack, Report]
running + Trouble -> paused [HandBack, Report, Tell]
running + Restored -> paused [HandBack, Report, Tell]
running + RetryUnknown -> running [TakeUpUnknown, Fill]
running + Cancel -> cancelled [Forget, Report]
running + Emptied -> done [Forget, Report]
paused + Restored -> paused []
paused + Resume -> running [Fill, Report]
paused + RetryUnknown -> running [TakeUpUnknown, Fill, Report]
paused + Cancel -> cancelled [Forget, Report]
paused + Emptied -> done [Forget, Report]
done + RetryUnknown -> running [TakeUpUnknown, Fill, Report]
"
        );
    }
}
