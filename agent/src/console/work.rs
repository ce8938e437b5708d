//! Long work that the owner asks for in the chat, a backup or a rehearsal: how far it is, and how it ended.
//! It does no work. What a process of its own tells of its progress goes through lines that are written and read here.

use std::time::Duration;

use tokio::sync::{oneshot, watch};

/// A process of the agent's whose environment has this tells its progress in lines on standard error.
pub const TELLS: &str = "AGENT_TELLS_PROGRESS";
const WORD: &str = "progress";

/// How far the work is. One piece of work has several stretches, each with its own bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Which stretch, from 1; 0 before the first.
    pub stretch: u32,
    /// What of it is done.
    pub done_bytes: u64,
    /// What it has in all.
    pub total_bytes: u64,
}

impl Step {
    /// As one line.
    #[must_use]
    pub fn line(self) -> String {
        format!("{WORD} {} {} {}", self.stretch, self.done_bytes, self.total_bytes)
    }

    /// What a line says; `None` when it is about something else.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        if words.next() != Some(WORD) {
            return None;
        }
        let step = Self {
            stretch: words.next()?.parse().ok()?,
            done_bytes: words.next()?.parse().ok()?,
            total_bytes: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(step)
    }
}

/// Somebody asks for work, watches it, and hears how it ended.
#[derive(Debug)]
pub struct Ask<E> {
    /// Where the progress is put.
    pub step: watch::Sender<Step>,
    /// Where the end is told. Who asked may be gone.
    pub end: oneshot::Sender<E>,
}

/// The same, for the one who asks.
pub(super) struct Asked<E> {
    pub step: watch::Receiver<Step>,
    pub end: oneshot::Receiver<E>,
}

/// Both ends of a question.
pub(super) fn ask<E>() -> (Ask<E>, Asked<E>) {
    let (step, watched) = watch::channel(Step::default());
    let (end, ended) = oneshot::channel();
    (
        Ask { step, end },
        Asked {
            step: watched,
            end: ended,
        },
    )
}

/// How a backup that was asked for ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupEnd {
    /// There is a new restore point: its moment, its bytes, and the remotes that it did not get to.
    Taken(String, u64, Vec<Missed>),
    /// One is being taken already.
    Running,
    /// There is none, and why, where that is known.
    Failed(Option<String>),
}

/// A remote that a backup did not get to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Its name.
    pub remote: String,
    /// Why.
    pub why: String,
}

/// How a rehearsal that was asked for ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DrillEnd {
    /// The shop came back from this remote, in so long.
    Passed {
        /// Which.
        remote: String,
        /// How long it took.
        lasted: Duration,
        /// Whether the shop's own program counted what came back.
        is_counted: bool,
    },
    /// It did not, from this remote: why.
    Failed(String, String),
    /// There is no restore point that could be rehearsed.
    NoBackup,
    /// It could not be begun, or broke off: why.
    Broken(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_again_what_was_told_and_no_other_line_does() {
        let step = Step {
            stretch: 2,
            done_bytes: 7,
            total_bytes: u64::MAX,
        };
        assert_eq!(Step::parse(&step.line()), Some(step));
        for other in [
            "",
            "progress",
            "progress 1 2",
            "progress 1 2 3 4",
            "agent: progress 1 2 3",
        ] {
            assert_eq!(Step::parse(other), None, "{other}");
        }
    }
}
