//! Points that nothing speaks for: anybody who may write on a remote can put a manifest and objects there, and a server
//! that dies while it takes a backup leaves parts without a manifest. What does not open as a known agent's tells of no
//! restore point, and is named instead of standing in the way.
//! It takes out nothing that this server's catalogue knows, nor what an object of it, opened and signed by a known agent
//! after the state that is restored, shows to be ours and newer. What a remote that does not answer may hold is said.

use protocol::{
    manifest::{Manifest, PART_BYTES, SEALED_PART_BYTES_MAX},
    object_key::{self, PointId},
    time::UnixMillis,
};

use super::{Request, Sources, index::Unread, unheard};
use crate::backup::{
    remote::Remote,
    seal::{open_dated, sha256_hex},
    survey::{self, moment_of},
};

/// Objects of a point that are opened on each remote, the smallest first.
const OPENED_MAX: usize = 2;
/// A point's name tells the second.
const SECOND_MS: i64 = 1_000;

/// What a point that does not open is worth.
pub(super) enum Claim {
    /// Nothing speaks for it, and it holds nothing that what is restored lacks; in a sentence.
    Nobodys(String),
    /// Nothing speaks for it, and it may be newer; in a sentence.
    MayBeNewer(String),
    /// It is ours and newer, or nobody can tell: an older state is not handed out in its place.
    Counts,
}

/// What a point is worth of which this server would know, or of which only a manifest claims that there was one; `None`
/// where more must be looked at.
pub(super) fn unsupported(
    request: &Request,
    sources: &Sources<'_>,
    (point, told): (&PointId, &str),
) -> Option<Claim> {
    // Who rehearses wants to hear of everything.
    if request.newest_only {
        return None;
    }
    if would_be_known(request, point) {
        return Some(Claim::Nobodys(nobodys(sources, point, told)));
    }
    let is_bare = is_listed(sources, point) && !has_objects(sources, point);
    is_bare.then(|| match sources.is_partial() {
        false => Claim::Nobodys(nobodys(sources, point, told)),
        true => Claim::MayBeNewer(newer(sources, point, told)),
    })
}

/// Whether this server remembers every point that it took since then: its catalogue has one from the moment on in which the first
/// remote holds all of it.
pub(super) fn would_be_known(request: &Request, point: &PointId) -> bool {
    let oldest = request.known.keys().next();
    !request.newest_only && oldest.is_some_and(|oldest| oldest < point)
}

/// Parts without a manifest of points that are older than what is given, in one sentence, and what else was not read. They
/// are no loss, whether such a backup was refused, or died, or lost its manifest since.
pub(super) fn leftovers(
    request: &Request,
    sources: &Sources<'_>,
    unread: Vec<(PointId, Unread)>,
    end_at: UnixMillis,
) -> (Option<String>, Vec<(PointId, Unread)>) {
    let is_older = |point: &PointId| moment_of(point).is_some_and(|at| at.0 + SECOND_MS <= end_at.0);
    let is_left = |(point, unread): &(PointId, Unread)| {
        matches!(unread, Unread::Damaged(_))
            && !request.newest_only
            && !request.known.contains_key(point)
            && !is_listed(sources, point)
            && is_older(point)
    };
    let (left, unread): (Vec<_>, Vec<_>) = unread.into_iter().partition(is_left);
    let told = left.first().map(|(newest, _)| {
        let what = match left.len() {
            1 => format!("of the backup {newest}, which was"),
            count => format!("of {count} backups, the newest {newest}, which were"),
        };
        format!(
            "parts {what} refused or interrupted, or lost the manifest since, are there and not used: what you get is newer"
        )
    });
    (told, unread)
}

fn is_listed(sources: &Sources<'_>, point: &PointId) -> bool {
    !sources.survey.manifests_of(point).is_empty()
}

/// What becomes of a point that does not open and of which nobody here knows, for whoever is given the state of `end_at`.
pub(super) async fn claim(
    request: &Request,
    sources: &Sources<'_>,
    (point, told): (&PointId, &str),
    (begin, end_at): (&Manifest, UnixMillis),
) -> Claim {
    if request.newest_only {
        // Each point that was ever whole is known: this is none, and another backup may be making it just now.
        return match is_listed(sources, point) {
            true => Claim::Counts,
            false => Claim::Nobodys(nobodys(sources, point, told)),
        };
    }
    // Without a manifest, and without what is written right before that, nothing shows that it was ever whole.
    let was_whole = is_listed(sources, point) || has_archive(sources, point);
    let is_ours = was_whole && is_shown(sources, point, (begin, end_at)).await;
    if is_ours || does_falter(sources, point) {
        return Claim::Counts;
    }
    match claimed_at(sources, point).await {
        Some(at) if at <= end_at => Claim::Nobodys(nobodys(sources, point, told)),
        _ => Claim::MayBeNewer(newer(sources, point, told)),
    }
}

/// Whether a remote that lists anything of it did not give something.
fn does_falter(sources: &Sources<'_>, point: &PointId) -> bool {
    unheard::faltering_of(sources).any(|remote| {
        holding(sources, remote).is_some_and(|(_, names)| {
            survey::manifests_of(names, point).next().is_some()
                || survey::listed_parts(names, point).next().is_some()
                || names.contains_key(&object_key::files(point))
        })
    })
}

/// Whether a remote lists anything else of it.
fn has_objects(sources: &Sources<'_>, point: &PointId) -> bool {
    let mut listings = sources.survey.holdings.iter().map(|(_, names)| names);
    listings.any(|names| survey::listed_parts(names, point).next().is_some()) || has_archive(sources, point)
}

/// Whether a remote lists its archive of files, the last object before its manifest.
fn has_archive(sources: &Sources<'_>, point: &PointId) -> bool {
    let files = object_key::files(point);
    let mut listings = sources.survey.holdings.iter().map(|(_, names)| names);
    listings.any(|names| names.contains_key(&files))
}

/// Whether an object of the point opens, and a known agent signed it after that moment. A copy of one of `begin`'s is none.
async fn is_shown(sources: &Sources<'_>, point: &PointId, (begin, after): (&Manifest, UnixMillis)) -> bool {
    for (remote, (_, names)) in sources
        .remotes
        .iter()
        .filter_map(|remote| Some((remote, holding(sources, remote)?)))
    {
        let files = object_key::files(point);
        let files = names.get_key_value(&files);
        let mut listed: Vec<_> = survey::listed_parts(names, point).chain(files).collect();
        listed.sort_by_key(|(_, size)| **size);
        for (key, size) in listed.into_iter().take(OPENED_MAX) {
            if *size > SEALED_PART_BYTES_MAX {
                continue;
            }
            let Ok(sealed) = remote.get(key, *size).await else {
                continue;
            };
            let sha256 = sha256_hex(&sealed);
            if begin.objects().any(|object| object.sha256 == sha256) {
                continue;
            }
            let (keys, signers) = (sources.keys.clone(), sources.signers.clone());
            let open =
                move || open_dated(&sealed, &keys, &signers, PART_BYTES).map(|(_, signed_at)| signed_at);
            let _core = sources.cores.acquire().await;
            if let Ok(Ok(signed_at)) = tokio::task::spawn_blocking(open).await
                && signed_at > after
            {
                return true;
            }
        }
    }
    false
}

fn holding<'a>(sources: &'a Sources<'_>, remote: &Remote) -> Option<&'a (String, survey::Names)> {
    let mut holdings = sources.survey.holdings.iter();
    holdings.find(|(name, _)| name == remote.name())
}

/// When it was taken at the latest, by its name, and by when its manifest was last written where a remote tells that.
async fn claimed_at(sources: &Sources<'_>, point: &PointId) -> Option<UnixMillis> {
    let named = moment_of(point).map(|at| UnixMillis(at.0 + SECOND_MS));
    let mut written = None;
    for remote in sources.remotes {
        let Ok(listed) = remote.list_dated(object_key::MANIFESTS).await else {
            return named;
        };
        let prefix = object_key::manifest_prefix(point);
        for (_, one) in listed.iter().filter(|(key, _)| key.starts_with(&prefix)) {
            match one.written_at {
                Some(at) => written = written.max(Some(at)),
                None => return named,
            }
        }
    }
    match (named, written) {
        (Some(named), Some(written)) => Some(named.min(written)),
        (named, written) => named.or(written),
    }
}

/// How it came there, as far as anybody can tell.
fn origin(sources: &Sources<'_>, point: &PointId) -> &'static str {
    match is_listed(sources, point) {
        true => {
            "either its manifest was altered since an agent wrote it, and what it held beyond the rest is lost unless an \
             intact copy is elsewhere, or it is sealed to another key, or somebody invented it"
        }
        false => {
            "either it was being taken when its server died or was stopped, and was never whole, or its manifest was deleted \
             since"
        }
    }
}

/// What is said of one that nothing speaks for.
pub(super) fn nobodys(sources: &Sources<'_>, point: &PointId, told: &str) -> String {
    format!(
        "NOT PROVEN, and not restored: the restore point {point}: {told}. Nothing else shows that there was such a point: {}",
        origin(sources, point)
    )
}

fn newer(sources: &Sources<'_>, point: &PointId, told: &str) -> String {
    format!(
        "NOT PROVEN, and not restored: the restore point {point}: {told}. Nothing of it shows that an agent of yours finished it \
         after what you get: {}. IT MAY BE NEWER than what you get: if a key of yours is named there, restore with that one: \
         --key FILE{}",
        origin(sources, point),
        unheard::may_hold_more(sources)
    )
}
