//! Whether a remote still holds what it acknowledged: of an older copy that somebody put in its place the next write says
//! nothing. It is asked for two names, seldom, and only when something was sent there anyway.
//! It judges nothing: where one is gone the remote is compared as a whole.

use std::time::{Duration, Instant};

use protocol::object_key;
use tokio::time::timeout;

use super::ship::Shipper;
use crate::backup::remote::{Remote, RemoteError};

/// Two requests each time: a shop that sells all day costs a remote some forty thousand in a month.
const EVERY: Duration = Duration::from_secs(120);
/// After a comparison was asked for: it may take a while.
const AFTER_SUSPICION: Duration = Duration::from_secs(900);

/// Commits wait behind the question: whoever hangs is found out by what is sent next.
const ANSWERS: Duration = Duration::from_secs(3);

/// What is asked for, and when.
#[derive(Default)]
pub(super) struct Witness {
    /// A segment that was acknowledged when the remote was asked last.
    sent: Option<String>,
    next_at: Option<Instant>,
}

impl Shipper {
    /// Asks for what the remote acknowledged before, where it is time, and has it compared when that is gone; `newest` is
    /// what it has just taken.
    pub(super) async fn look_back(&mut self, remote: &Remote, newest: &str) {
        let now = Instant::now();
        if self.witness.next_at.is_some_and(|at| now < at) {
            return;
        }
        let mut witnesses: Vec<String> = self.newest_manifest().into_iter().collect();
        witnesses.extend(self.witness.sent.replace(newest.to_owned()));
        self.witness.next_at = Some(now + EVERY);
        for key in witnesses {
            // Whoever does not answer is no witness, and is told of elsewhere.
            let Ok(answer) = timeout(ANSWERS, remote.size(&key)).await else {
                return;
            };
            if !matches!(answer, Err(RemoteError::Missing)) {
                continue;
            }
            let remote = &self.remote().name;
            tracing::warn!(
                remote,
                key,
                "what this remote acknowledged is gone: it is compared"
            );
            if let Some(missed) = &self.missed {
                // A full inbox compares it already.
                let _ = missed.try_send(remote.clone());
            }
            self.witness.next_at = Some(now + AFTER_SUSPICION);
            return;
        }
    }

    /// That of the newest point, where this remote holds it.
    fn newest_manifest(&self) -> Option<String> {
        let newest = self.store.last_point().ok()??;
        let point = &newest.manifest.point;
        let is_here = self.store.holders(point).ok()?.contains(&self.remote().name);
        is_here.then(|| object_key::manifest(point, &newest.manifest_sha256))
    }
}
