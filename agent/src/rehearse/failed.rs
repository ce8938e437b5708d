//! Why a rehearsal did not pass: by what came back, or by this server's own means of judging it.
//! It accuses no remote of what this server could not ask.

use crate::restore;

/// Why it did not pass.
#[derive(Debug)]
pub(super) enum Failed {
    /// What came back, or did not come back, is at fault.
    Rebuilt(String),
    /// This server's disk has no room for what comes back.
    WithoutRoom(String),
    /// The shop's own program could not be asked, so that nothing is known about what came back.
    Unasked(String),
}

impl Failed {
    /// By what a restore here ended with.
    pub(super) fn here(error: anyhow::Error) -> Self {
        let told = format!("{error:#}");
        match restore::lacks_room(&error) {
            true => Self::WithoutRoom(told),
            false => Self::Rebuilt(told),
        }
    }
}

impl From<String> for Failed {
    fn from(why: String) -> Self {
        Self::Rebuilt(why)
    }
}

impl From<&str> for Failed {
    fn from(why: &str) -> Self {
        Self::Rebuilt(why.to_owned())
    }
}
