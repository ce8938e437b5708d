//! A process of the agent's own that ended without a word: killed, or in a panic. The outside hears how, by its exit code.
//! It judges no process that says itself what failed.

use std::{os::unix::process::ExitStatusExt, process::ExitStatus};

use thiserror::Error;

use crate::alert::heartbeat::Signal;

/// The commands of this program end with 0, 1 or 2, and then they have said why.
const OWN_CODE_MAX: i32 = 2;
/// A shell counts from here on what ended by a signal.
const SIGNALLED: i32 = 128;

/// How it ended, with its last words for the log if there are any.
#[derive(Debug, Error)]
#[error("its process ended with {status}{said}")]
pub(super) struct Died {
    status: ExitStatus,
    said: String,
}

impl Died {
    /// Of a process that did not end by itself; `None` when it did.
    pub(super) fn of(status: ExitStatus, said: &str) -> Option<Self> {
        let by_itself = status
            .code()
            .is_some_and(|code| (0..=OWN_CODE_MAX).contains(&code));
        let said = match said.trim() {
            "" => String::new(),
            said => format!("; its last words were: {said}"),
        };
        (!by_itself).then_some(Self { status, said })
    }

    fn exit_code(&self) -> Option<u8> {
        let signalled = || self.status.signal().map(|signal| SIGNALLED + signal);
        let code = self.status.code().or_else(signalled)?;
        u8::try_from(code).ok()
    }
}

/// What the outside is told of something that failed so.
pub(super) fn signal(error: &anyhow::Error, why: String) -> Signal {
    match error.downcast_ref::<Died>().and_then(Died::exit_code) {
        Some(code) => Signal::Exit(code, why),
        None => Signal::Fail(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_was_killed_has_the_code_that_a_shell_gives_it_and_one_that_spoke_has_none() {
        let told = |status: i32| {
            let died = Died::of(ExitStatus::from_raw(status), "");
            died.map(|died| signal(&anyhow::Error::from(died), "why".to_owned()))
        };
        assert_eq!(told(9), Some(Signal::Exit(137, "why".to_owned())));
        assert_eq!(told(101 << 8), Some(Signal::Exit(101, "why".to_owned())));
        for code in 0..=2 {
            assert_eq!(told(code << 8), None);
        }
        let other = anyhow::anyhow!("the disk is full");
        assert_eq!(signal(&other, "why".to_owned()), Signal::Fail("why".to_owned()));
    }
}
