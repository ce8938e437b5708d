//! Whose memory was used up when the kernel killed a process for it, and which process that was, as an alert keeps it.
//! It asks nobody.

use protocol::incident::FACTS_BETWEEN;

const OF_MACHINE: &str = "machine";

/// Whose memory was used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached<'a> {
    /// The machine's.
    Machine,
    /// What the limit of this group of processes allows.
    Limit(&'a str),
    /// Nobody knows.
    Unknown,
}

/// As the alert keeps it.
#[must_use]
pub fn note(reached: Reached<'_>, program: Option<&str>) -> String {
    let reached = match reached {
        Reached::Machine => OF_MACHINE,
        Reached::Limit(group) => group,
        Reached::Unknown => "",
    };
    match program {
        None => reached.to_owned(),
        Some(program) => format!("{reached}{FACTS_BETWEEN}{program}"),
    }
}

/// From what the alert keeps.
#[must_use]
pub fn noted(note: &str) -> (Reached<'_>, Option<&str>) {
    let (reached, program) = match note.split_once(FACTS_BETWEEN) {
        None => (note, None),
        Some((reached, program)) => (reached, Some(program)),
    };
    let reached = match reached {
        "" => Reached::Unknown,
        OF_MACHINE => Reached::Machine,
        group => Reached::Limit(group),
    };
    (reached, program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_alert_keeps_of_a_kill_is_what_was_known() {
        for reached in [Reached::Machine, Reached::Limit("/jobs/one"), Reached::Unknown] {
            for program in [None, Some("tail, pid 7")] {
                assert_eq!(noted(&note(reached, program)), (reached, program));
            }
        }
    }
}
