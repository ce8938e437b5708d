//! A line that goes down in the middle of a restore: then no other way leads to the end either, and what the remotes listed
//! when it began stands.
//! It looks for no other way, and fetches nothing.

use protocol::object_key::PointId;

use super::{Next, Refused, Sources};
use crate::backup::remote::RemoteError;

/// What helps.
const ADVICE: &str = "Give the same command again once they answer, or with another remote (--remote NAME)";

/// The refusal where no remote that holds the point answers any more; `why` is what was not had.
pub(super) async fn refusal(sources: &Sources<'_>, point: &PointId, why: &str) -> Option<Refused> {
    let holders: Vec<&str> = sources.survey.holders(point).map(|(remote, _)| remote).collect();
    let manifest = sources.survey.manifests_of(point).into_iter().next()?;
    for remote in sources.remotes {
        let is_holder = holders.contains(&remote.name());
        // That it is not there is an answer, too.
        if is_holder && !matches!(remote.size(manifest).await, Err(RemoteError::Down(_))) {
            return None;
        }
    }
    Some(Refused {
        reason: format!("no remote with this backup answers any more, in the middle of the restore ({why})"),
        next: Next::Advice(ADVICE.to_owned()),
    })
}
