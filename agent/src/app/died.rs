//! A process of the agent's own that ended without a word: killed, or in a panic. The outside hears how, by its exit code.
//! It judges no process that says itself what failed.

use std::{os::unix::process::ExitStatusExt, process::ExitStatus};

use rustix::process::Signal as Kill;
use thiserror::Error;

use crate::alert::heartbeat::Signal;

/// The commands of this program end with 0, 1 or 2, and then they have said why.
const OWN_CODE_MAX: i32 = 2;
/// A shell counts from here on what ended by a signal.
const SIGNALLED: i32 = 128;

/// How it ended, with its last words for the log if there are any.
#[derive(Debug, Error)]
#[error("{}{said}", how(*status))]
pub(super) struct Died {
    status: ExitStatus,
    said: String,
}

/// Nobody is told a signal's number who does not know what it stands for.
fn how(status: ExitStatus) -> String {
    match status.signal() {
        Some(signal) if signal == Kill::KILL.as_raw() => {
            "the process that was to do it was killed (SIGKILL), as the system does where memory is used up"
                .to_owned()
        }
        _ => format!("the process that was to do it ended with {status}"),
    }
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

    /// Whether it was told to end, as all are when the agent is stopped: then nothing is wrong.
    pub(super) fn was_told_to(&self) -> bool {
        let asked = [Kill::TERM, Kill::INT, Kill::HUP].map(Kill::as_raw);
        self.status.signal().is_some_and(|signal| asked.contains(&signal))
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
