//! Why the owner is spoken to, as a value: everything that its words are made from.
//! It holds no words.

use std::time::Duration;

use protocol::{incident::Severity, time::UnixMillis};

use super::lead::Standing;
use crate::{
    alert::{rule::Rule, state::Trouble},
    store::{
        alerts::AlertRow,
        episodes::{Acked, EpisodeId, EpisodeRow, Lead, Mended},
    },
};

/// Something wrong, as far as the owner needs to know it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What it is about.
    pub key: String,
    /// What is wrong.
    pub rule: Rule,
    /// What else is known.
    pub detail: String,
    /// The figure, in the unit of the rule's threshold.
    pub value: Option<f64>,
    /// Since when it is that: what was wrong before has its own time.
    pub since: UnixMillis,
}

/// Why the owner is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is wrong.
    First,
    /// It was told, and is graver now.
    Worse,
    /// More of the same came together after it was told.
    More,
    /// It was told, and nobody has taken it on.
    Reminder,
    /// It comes and goes: it is back within the hour.
    Flapping,
    /// It is over.
    Resolved {
        /// How long it lasted.
        lasted: Duration,
        /// Whether the live message says so, where there is one, instead of a message of its own.
        in_place: bool,
    },
    /// What it is about is not watched any more; the live message says so, where there is one.
    Withdrawn,
    /// The live message shows how things are now.
    Update,
    /// The live message shows that it is over.
    Settled,
    /// What comes and goes is wrong again; its message shows that.
    Returned,
    /// What comes and goes is well again; its message shows that.
    Paused {
        /// How long it lasted this time, where that is known.
        lasted: Option<Duration>,
    },
    /// What came and went has stayed away.
    Calm,
    /// A later message tells of it: the one before only says so.
    Replaced,
}

/// How often something that comes and goes came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    /// How often.
    pub count: u32,
    /// The same by what it was, the most frequent first; only what is known of it.
    pub kinds: Vec<(Rule, u32)>,
    /// Since when that is counted.
    pub since: UnixMillis,
    /// When it was last seen wrong, or ended.
    pub last_at: UnixMillis,
    /// Whether one message tells all of it, which changes with each return; else each return of many is one.
    pub is_in_place: bool,
}

/// One thing to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Why.
    pub kind: Kind,
    /// Which episode it belongs to.
    pub episode: EpisodeId,
    /// How grave.
    pub severity: Severity,
    /// What it is about.
    pub lead: Fault,
    /// What else is wrong and told with it.
    pub others: Vec<Fault>,
    /// What was told with it and is over.
    pub mended: Vec<Mended>,
    /// How many alerts the episode ever held.
    pub faults: u32,
    /// That an owner took it on.
    pub acked: Option<Acked>,
    /// How often it came, of what comes and goes.
    pub times: Option<Times>,
    /// How many ways to the owner it takes at once.
    pub rungs: u32,
    /// Whether it may ring.
    pub loud: bool,
}

impl Notice {
    /// What stands in an episode at this moment, said for that reason, by the first way.
    pub(super) fn of(episode: &EpisodeRow, kind: Kind, standing: Standing, times: Option<Times>) -> Self {
        Self {
            kind,
            episode: episode.id,
            severity: standing.severity,
            lead: standing.lead,
            others: standing.others,
            mended: episode.mended.clone(),
            faults: episode.faults,
            acked: episode.acked.clone(),
            times,
            rungs: 1,
            loud: standing.severity > Severity::Info,
        }
    }

    /// The gravest of what is wrong now: less than what it was told for, where that has eased.
    #[must_use]
    pub fn severity_now(&self) -> Severity {
        let others = self.others.iter().map(|fault| fault.rule.severity());
        others.fold(self.lead.rule.severity(), Severity::max)
    }

    /// Headed by what the owner has not read yet.
    pub(super) fn headed_by(mut self, key: &str) -> Self {
        if let Some(other) = self.others.iter_mut().find(|fault| fault.key == key) {
            std::mem::swap(&mut self.lead, other);
        }
        self
    }
}

impl Kind {
    /// Whether it changes the live message rather than being one.
    #[must_use]
    pub fn is_edit(&self) -> bool {
        matches!(
            self,
            Self::Update
                | Self::Settled
                | Self::Returned
                | Self::Paused { .. }
                | Self::Calm
                | Self::Replaced
                | Self::Withdrawn
                | Self::Resolved { in_place: true, .. }
        )
    }

    /// Whether it goes on from what was said before, and is a message where no earlier one can be changed.
    #[must_use]
    pub fn follows_up(&self) -> bool {
        !matches!(
            self,
            Self::First | Self::Flapping | Self::Settled | Self::Replaced
        )
    }

    /// Whether it marks the message that told of it, and not a later one that it is over.
    #[must_use]
    pub fn settles(&self) -> bool {
        matches!(self, Self::Settled)
    }

    /// Whether it is one of many changes of a message: worth none of its own where nothing can be changed.
    #[must_use]
    pub fn is_in_passing(&self) -> bool {
        matches!(self, Self::Returned | Self::Paused { .. })
    }

    /// Whether something is still wrong.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self {
            Self::First
            | Self::Worse
            | Self::More
            | Self::Reminder
            | Self::Flapping
            | Self::Returned
            | Self::Update => true,
            Self::Resolved { .. }
            | Self::Withdrawn
            | Self::Settled
            | Self::Paused { .. }
            | Self::Calm
            | Self::Replaced => false,
        }
    }
}

impl Fault {
    /// `None` for a rule that this program does not know.
    #[must_use]
    pub fn of(row: &AlertRow) -> Option<Self> {
        Some(Self {
            key: row.key.clone(),
            rule: Rule::named(&row.rule)?,
            detail: row.detail.clone(),
            value: row.value,
            since: row.rule_since,
        })
    }

    pub(super) fn from_trouble(key: &str, trouble: &Trouble) -> Self {
        Self {
            key: key.to_owned(),
            rule: trouble.rule,
            detail: trouble.detail.clone(),
            value: trouble.value,
            since: trouble.rule_since,
        }
    }

    pub(super) fn of_lead(lead: &Lead) -> Option<Self> {
        Some(Self {
            key: lead.key.clone(),
            rule: Rule::named(&lead.rule)?,
            detail: lead.detail.clone(),
            value: lead.value,
            since: lead.since,
        })
    }

    pub(super) fn to_lead(&self) -> Lead {
        Lead {
            key: self.key.clone(),
            rule: self.rule.name().to_owned(),
            detail: self.detail.clone(),
            value: self.value,
            since: self.since,
        }
    }
}
