//! That nothing tells what came after the last point: no commits follow it, and those that led to it are gone as well. Whose
//! segments are gone may have lost later ones too.
//! It asks for a manifest only where no segment leads to the point.

use protocol::manifest::Manifest;

use super::{Request, Sources, goal::Goal, index::Index};

/// Older points that are looked at for one of the same chain.
const LOOKED_AT_MAX: usize = 8;

/// Says so, where the goal is that point itself.
pub(super) async fn weigh(
    (request, sources): (&Request, &Sources<'_>),
    index: &mut Index<'_>,
    goal: &mut Goal,
    last: &Manifest,
) {
    // Whoever remembers what arrived, or was told it, holds the goal to that.
    let is_told = request.anchor.is_some() || request.arrived.iter().any(|one| one.chain == last.chain);
    let segments = sources.survey.segments(&last.chain);
    let is_led_to = segments.iter().any(|name| name.last >= last.commit);
    if goal.floor != last.commit || is_told || is_led_to {
        return;
    }
    let at = index.points().iter().position(|point| *point == last.point);
    for at in at.into_iter().flat_map(|at| at + 1..=at + LOOKED_AT_MAX) {
        let Some(reading) = index.probe(at).await else {
            return;
        };
        let before = match &reading.found {
            Ok(before) if before.chain == last.chain => before,
            _ => continue,
        };
        if before.commit.next() < last.commit {
            goal.notes.push(format!(
                "nothing tells what came after commit {}: of the commits between {}, where the point {} stands, and it no single \
                 one leads there either. What you get may be all that there was, or not",
                last.commit, before.commit, before.point
            ));
        }
        return;
    }
}
