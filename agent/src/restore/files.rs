//! Which archive of configuration, `.env` and logs belongs to a restore: that of the newest point before its end, else
//! that of an older one, which is told. A shop whose database is whole is never held back by them.
//! It opens manifests and reads listings; the archive itself is checked by whoever fetches it.

use protocol::{
    manifest::{Manifest, Object},
    object_key::PointId,
};

use super::{
    Next, Only, Refused, Request, Selection, Sources, avoid::Avoid, goal::Goal, index::Index, search::Route,
};

/// What makes files part of a backup.
const HAVE_THEM_TAKEN: &str = "Where the shop still runs, name them in agent.toml, as files = [\"/etc/warung\"] under \
                               [backup], and take a backup: agent backup. Every restore point from then on has them. The \
                               database comes back without them: leave --only config out";
/// Points whose archives are looked for.
const LOOKED_AT_MAX: usize = 200;

/// An archive, and what is to be said of it.
#[derive(Default)]
pub(super) struct Files {
    pub found: Option<(PointId, Object)>,
    pub notes: Vec<String>,
}

/// The archive that is restored.
///
/// # Errors
/// [`Refused`] when files alone are wanted, or this very point's: then another one is named and not put in its place.
pub(super) async fn find(
    request: &Request,
    sources: &Sources<'_>,
    index: &mut Index<'_>,
    (goal, route): (&Goal, &Route),
    avoid: &Avoid,
) -> Result<Files, Refused> {
    let mut faults: Vec<String> = Vec::new();
    let mut without = None;
    let mut at = 0;
    while request.only != Some(Only::Database)
        && at < LOOKED_AT_MAX
        && let Some(reading) = index.get(at).await
    {
        at += 1;
        let Ok(manifest) = &reading.found else { continue };
        let is_at_or_before = goal.may_begin(manifest) || manifest.taken_at < route.manifest.taken_at;
        // A quiet shop has several points after one commit.
        let is_later = matches!(&request.selection, Selection::Point(point) if manifest.point > *point);
        if !is_at_or_before || is_later {
            continue;
        }
        match (intact(sources, avoid, manifest), faults.is_empty()) {
            // None were configured then.
            (Ok(None), true) if request.only != Some(Only::Config) => return Ok(Files::default()),
            (Ok(None), _) => {
                without.get_or_insert_with(|| manifest.point.clone());
            }
            (Ok(Some(object)), _) => {
                faults.extend(without.as_ref().and_then(|point| never_taken(request, point)));
                return found(request, &manifest.point, object.clone(), faults);
            }
            (Err(fault), _) => faults.push(fault),
        }
        if request.newest_only {
            break;
        }
    }
    if let Some(told) = without.as_ref().and_then(|point| never_taken(request, point)) {
        faults.push(told);
        return Err(Refused {
            reason: faults.join("; "),
            next: Next::Advice(HAVE_THEM_TAKEN.to_owned()),
        });
    }
    none(request, faults)
}

/// What is said to whoever asks for files alone where none were backed up.
fn never_taken(request: &Request, point: &PointId) -> Option<String> {
    (request.only == Some(Only::Config)).then(|| {
        format!(
            "there is nothing to restore: no configuration, .env or logs were backed up with the restore point {point}, since \
             `files` of [backup] in agent.toml named none then that a backup takes: what is the database's, the agent's own or a remote's is left out"
        )
    })
}

/// The archive of one point.
///
/// # Errors
/// Why it is of no use.
fn intact<'m>(
    sources: &Sources<'_>,
    avoid: &Avoid,
    manifest: &'m Manifest,
) -> Result<Option<&'m Object>, String> {
    let Some(object) = &manifest.files else {
        return Ok(None);
    };
    let why = avoid.files.get(&manifest.point).cloned();
    match why.or_else(|| sources.lacking(&manifest.point, [object].into_iter())) {
        None => Ok(Some(object)),
        Some(why) => Err(format!(
            "the configuration, .env and logs of the restore point {} cannot be restored: {why}",
            manifest.point
        )),
    }
}

fn found(request: &Request, point: &PointId, object: Object, faults: Vec<String>) -> Result<Files, Refused> {
    let mut notes = faults;
    if !notes.is_empty() {
        if request.only == Some(Only::Config) {
            return Err(Refused {
                reason: notes.join("; "),
                next: Next::Point {
                    point: point.clone(),
                    beside: None,
                },
            });
        }
        notes.push(format!(
            "therefore the configuration, .env and logs are those of the older point {point}: what was changed in them \
             since is not there. The database is not touched by this"
        ));
    }
    Ok(Files {
        found: Some((point.clone(), object)),
        notes,
    })
}

fn none(request: &Request, faults: Vec<String>) -> Result<Files, Refused> {
    let mut notes = faults;
    if !notes.is_empty() {
        if request.newest_only || request.only == Some(Only::Config) {
            return Err(Refused {
                reason: notes.join("; "),
                next: Next::Nothing,
            });
        }
        notes.push(
            "no older archive is intact either: the database is restored without configuration, .env and logs, which must \
             be written anew"
                .to_owned(),
        );
    }
    Ok(Files { found: None, notes })
}
