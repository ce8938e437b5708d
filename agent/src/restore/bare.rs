//! Manifests that nothing speaks for: anybody who may write on a remote can put one there, and one that does not open as a
//! known agent's tells of no restore point.
//! It takes out nothing that this server's catalogue knows, nor, where there is no catalogue, what has objects of its own.

use protocol::object_key::{self, PointId};

use super::{Request, Sources};
use crate::backup::survey;

/// Whether only a manifest that does not open claims that there was such a point.
pub(super) fn is_nobodys(request: &Request, sources: &Sources<'_>, point: &PointId) -> bool {
    // Who is silent may hold an intact copy, and who rehearses wants to hear of everything.
    if request.newest_only || !sources.survey.silent.is_empty() {
        return false;
    }
    let is_listed = !sources.survey.manifests_of(point).is_empty();
    // The catalogue has a point from the moment on in which the first remote holds all of it.
    let oldest = request.known.keys().next();
    is_listed && (oldest.is_some_and(|oldest| oldest < point) || !has_objects(sources, point))
}

/// Whether a remote lists anything else of it.
fn has_objects(sources: &Sources<'_>, point: &PointId) -> bool {
    let files = object_key::files(point);
    let mut listings = sources.survey.holdings.iter().map(|(_, names)| names);
    listings.any(|names| survey::listed_parts(names, point).next().is_some() || names.contains_key(&files))
}

pub(super) fn sentence(point: &PointId, told: &str) -> String {
    format!(
        "NOT PROVEN, and not restored: the restore point {point}: {told}. Nothing else shows that there was such a point: \
         either its manifest was altered since an agent wrote it, and what it held beyond the rest is lost unless an intact \
         copy is elsewhere, or somebody invented it"
    )
}
