//! What the owner can be told is wrong: how loud each thing is, when it counts, and what it is a consequence of.
//! Everything about one rule stands in one place, `table`. It does not know which probe sees it, and holds no words:
//! those are in `words`.

use std::time::Duration;

pub use protocol::incident::Severity;

mod observation;
mod table;

pub use observation::{AlertKey, Observation, object_of};
pub(super) use observation::{Seen, judge};
pub use table::{BOT_DOWN, BOT_TROUBLE, Rule};

/// Most things are looked at every five seconds, and one look may come just too early.
const TWO_LOOKS: Duration = Duration::from_secs(10);

/// What a rule is about. Alerts of one topic that come together share one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// The agent itself: blind, or not heard.
    Agent,
    /// The bot's process and its loops.
    Bot,
    /// Orders, money, gateways.
    Trade,
    /// Disk, memory, processor, clock of the machine.
    Machine,
    /// Log files and their rotation.
    Logs,
    /// Backups, restore points, drills, the shop's database.
    Backup,
    /// Keys, certificates, tokens, and the addresses that they are for.
    Keys,
}

/// Everything about one rule.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Its stable name: stored, and the key of its entry in docs/RUNBOOK.
    pub name: &'static str,
    /// How loud.
    pub severity: Severity,
    /// What it is about.
    pub topic: Topic,
    /// How long it must last before it counts.
    pub lasts: Duration,
    /// How many of the last looks must have been bad: `(2, 3)` for two of three.
    pub votes: (u32, u32),
    /// How many good looks in a row end it.
    pub good_looks: u32,
    /// Where it begins and ends, when it is about a figure.
    pub threshold: Option<Threshold>,
    /// What explains it: while one of these stands, this is not told.
    pub roots: &'static [Rule],
    /// What it may come of and is graver than: it is told all the same, in the same message where both come together.
    pub beside: &'static [Rule],
    /// How much later it may be seen than what follows from it, by how often somebody looks.
    pub seen_within: Duration,
    /// Whether it is about something that is not there, rather than about how it is.
    pub is_absence: bool,
    /// Whether whoever sees it has tried for so long that what explains it would have been seen by then.
    pub is_tried: bool,
    /// Whether it must last itself: what else was wrong of the same before it counts nothing towards that.
    pub is_itself: bool,
    /// Whether only the owner can go on from here: it begins a message of its own, and hides in no other.
    pub is_owners: bool,
    /// Whether it is a moment, over by itself: nobody is reminded of it, and its end only changes its message.
    pub is_event: bool,
}

/// Where an alert about a figure begins and where it ends. Two lines, so that a figure on the line does not flap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// From here on it is wrong.
    pub raise: f64,
    /// Only beyond this it is well again. Below `raise` when more is worse, above it when less is worse.
    pub clear: f64,
    /// What is counted.
    pub unit: Unit,
}

/// What a figure counts: how it is shown to the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 0 to 100.
    Percent,
    /// Shown in MB or GB.
    Bytes,
    /// Shown in the two largest units.
    Seconds,
    /// A bare number.
    Count,
}

impl Spec {
    /// A rule that counts at the first bad look and ends at the first good one.
    #[must_use]
    pub const fn new(name: &'static str, severity: Severity, topic: Topic) -> Self {
        Self {
            name,
            severity,
            topic,
            lasts: Duration::ZERO,
            votes: (1, 1),
            good_looks: 1,
            threshold: None,
            roots: &[],
            beside: &[],
            seen_within: TWO_LOOKS,
            is_absence: false,
            is_tried: false,
            is_itself: false,
            is_owners: false,
            is_event: false,
        }
    }

    /// It is a moment, over by itself.
    #[must_use]
    pub const fn event(self) -> Self {
        Self {
            is_event: true,
            ..self
        }
    }

    /// Whoever sees it has tried for long enough: it waits for no cause.
    #[must_use]
    pub const fn tried(self) -> Self {
        Self {
            is_tried: true,
            ..self
        }
    }

    /// It must last itself, whatever else was wrong before.
    #[must_use]
    pub const fn itself(self) -> Self {
        Self {
            is_itself: true,
            ..self
        }
    }

    /// Only the owner can go on from here.
    #[must_use]
    pub const fn owners(self) -> Self {
        Self {
            is_owners: true,
            ..self
        }
    }

    /// It must last so long before it counts.
    #[must_use]
    pub const fn lasting(self, lasts: Duration) -> Self {
        Self { lasts, ..self }
    }

    /// So many of the last looks must have been bad. At most 8 are remembered.
    #[must_use]
    pub const fn bad_looks(self, bad: u32, of: u32) -> Self {
        assert!(1 <= bad && bad <= of && of <= 8);
        Self {
            votes: (bad, of),
            ..self
        }
    }

    /// So many good looks in a row end it.
    #[must_use]
    pub const fn good_looks(self, good_looks: u32) -> Self {
        assert!(good_looks >= 1);
        Self { good_looks, ..self }
    }

    /// It is about a figure: wrong from `raise` on, well again beyond `clear`.
    #[must_use]
    pub const fn figure(self, unit: Unit, raise: f64, clear: f64) -> Self {
        Self {
            threshold: Some(Threshold { raise, clear, unit }),
            ..self
        }
    }

    /// Any of these explains it.
    #[must_use]
    pub const fn under(self, roots: &'static [Rule]) -> Self {
        Self { roots, ..self }
    }

    /// It may come of any of these, and is graver.
    #[must_use]
    pub const fn beside(self, beside: &'static [Rule]) -> Self {
        Self { beside, ..self }
    }

    /// Nobody looks often enough to see it sooner than so long after it began.
    #[must_use]
    pub const fn seen_within(self, seen_within: Duration) -> Self {
        Self { seen_within, ..self }
    }

    /// It is about something that is not there. That is seen when it begins: it is the cause of nothing before.
    #[must_use]
    pub const fn absence(self) -> Self {
        Self {
            is_absence: true,
            seen_within: Duration::ZERO,
            ..self
        }
    }
}

impl Threshold {
    /// Whether this figure is wrong.
    #[must_use]
    pub fn is_raised_by(&self, value: f64) -> bool {
        if self.more_is_worse() {
            value >= self.raise
        } else {
            value <= self.raise
        }
    }

    /// Whether this figure is well again.
    #[must_use]
    pub fn is_cleared_by(&self, value: f64) -> bool {
        if self.more_is_worse() {
            value < self.clear
        } else {
            value > self.clear
        }
    }

    fn more_is_worse(&self) -> bool {
        self.clear <= self.raise
    }
}

impl Rule {
    /// Its stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// The rule of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }

    /// How loud it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        self.spec().severity
    }

    /// Whether the owner must hear of it anew: it is louder than what was told, or as loud and only the owner is left to
    /// act.
    #[must_use]
    pub fn is_graver_than(self, known: Self) -> bool {
        let rank = |rule: Self| (rule.severity(), rule.spec().is_owners);
        rank(self) > rank(known)
    }

    /// Whether it is about one of the addresses under which the shop is reached.
    #[must_use]
    pub fn is_of_address(self) -> bool {
        matches!(
            self,
            Self::DomainUnreachable
                | Self::DomainExpiring
                | Self::DomainExpired
                | Self::CertificateExpiring
                | Self::CertificateExpired
        )
    }

    /// Whether its figure is the time that is left until something ends, and its detail what ends and when.
    #[must_use]
    pub fn is_of_end(self) -> bool {
        self.is_of_address() && self != Self::DomainUnreachable
    }

    /// Whether its figure is how long something has waited or stood still: that began before anybody could see it as wrong.
    #[must_use]
    pub fn is_of_age(self) -> bool {
        matches!(
            self,
            Self::DeliveryLate | Self::OrdersStuck | Self::QueueLagging | Self::RemoteBehind
        )
    }

    /// Whether it is about the room or the writes of one disk, which its key names.
    #[must_use]
    pub fn is_of_disk(self) -> bool {
        matches!(
            self,
            Self::DiskLow
                | Self::DiskFull
                | Self::DiskFilling
                | Self::DiskReadOnly
                | Self::InodesLow
                | Self::InodesFull
                | Self::DiskGone
        )
    }

    /// Whether it is about backups and hangs on what this machine itself can write: no remote's disk is the cause.
    #[must_use]
    pub fn is_of_own_disk(self) -> bool {
        matches!(
            self,
            Self::BackupNotTaken
                | Self::BackupWithoutRoom
                | Self::BackupOld
                | Self::DrillFailed
                | Self::DrillWithoutRoom
        )
    }

    /// Whether its detail is what the agent itself did about it, and how that ended.
    #[must_use]
    pub fn tells_what_was_done(self) -> bool {
        matches!(self, Self::BotHung | Self::BotGone | Self::BotRestartsSpent)
    }

    /// Whether `root` explains it, directly or through another.
    #[must_use]
    pub fn is_under(self, root: Self) -> bool {
        let roots = self.spec().roots;
        roots
            .iter()
            .any(|between| *between == root || between.is_under(root))
    }

    /// Whether what is known already says all that `self` does: a bot that crashed or stopped is of course not
    /// running, also for an agent that was restarted in between.
    #[must_use]
    pub fn is_explained_by(self, known: Self) -> bool {
        self == Self::BotNotRunning && matches!(known, Self::BotGone | Self::BotStopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_again() {
        for (at, rule) in Rule::ALL.iter().enumerate() {
            assert_eq!(Rule::named(rule.name()), Some(*rule));
            assert!(
                Rule::ALL[..at].iter().all(|other| other.name() != rule.name()),
                "{rule:?}"
            );
        }
    }

    #[test]
    fn nothing_explains_itself() {
        for rule in Rule::ALL {
            assert!(!rule.is_under(*rule), "{rule:?} is in a circle of roots");
        }
    }

    #[test]
    fn between_the_two_lines_nothing_changes() {
        let full = Threshold {
            raise: 90.0,
            clear: 80.0,
            unit: Unit::Percent,
        };
        assert!(full.is_raised_by(90.0) && !full.is_raised_by(89.9));
        assert!(full.is_cleared_by(79.9) && !full.is_cleared_by(80.0));
        let left = Threshold {
            raise: 10.0,
            clear: 15.0,
            unit: Unit::Percent,
        };
        assert!(left.is_raised_by(10.0) && !left.is_raised_by(10.1));
        assert!(left.is_cleared_by(15.1) && !left.is_cleared_by(15.0));
    }
}
