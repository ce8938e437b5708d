//! What is wrong with a configuration: all of it, so that the owner mends a file once.

use std::fmt;

/// Every fault found, one sentence each, in the file's order as far as it is known.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<String>);

impl Faults {
    /// Writes one down.
    pub fn add(&mut self, fault: impl Into<String>) {
        self.0.push(fault.into());
    }

    /// Whether this holds for each of them.
    #[must_use]
    pub fn all(&self, holds: impl Fn(&str) -> bool) -> bool {
        self.0.iter().all(|fault| holds(fault))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The faults as sentences.
    #[must_use]
    pub fn sentences(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "fault" } else { "faults" };
        write!(
            f,
            "the configuration has {} {plural}; nothing was started:",
            self.0.len()
        )?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  - {fault}"))
    }
}

impl std::error::Error for Faults {}
