//! What shows that a database is an older state of the shop than was followed, or another one: SQLite's own counter, a
//! restore point from before, what its pages were at an earlier commit, or the numbers of its tables; and how that is told.
//! It calls nothing older that may have come after: where nothing shows it, nothing is said.

use anyhow::Context;
use protocol::{
    chain::{CommitNumber, PageRoot},
    manifest::Manifest,
    object_key::PointId,
};

use super::{
    NewChain,
    below::below_log,
    compared::Counted,
    desk::Desk,
    grown::contradiction,
    hashes::Hashes,
    past::{Differing, FIRST_PAGE, Past},
    recorder::Ended,
    restored,
};
use crate::{
    backup::wal::follow::Follower,
    store::{capture::CaptureState, growth::Contradiction, interruptions::EventKind, points::KnownPoint},
};

const EARLIER_RELEASE: &str = "its tables are of an earlier release";
const COUNTED_FURTHER: &str = "SQLite had counted further than it counts now";

/// What lies there.
pub(super) struct Lies<'a> {
    pub root: &'a PageRoot,
    pub pages: u32,
    /// By SQLite, in the first page.
    pub counted: Counted,
    /// Where it differs from what was followed last.
    pub differing: &'a Differing,
    /// Of what was followed last, as far as that is the same.
    pub hashes: &'a Hashes,
    pub past: &'a Past,
    /// At its end.
    pub follower: &'a Follower,
    /// Whether nothing but SQLite's own counter differs.
    pub is_counted_anew: bool,
}

/// What shows that it came before what was followed last.
pub(super) enum Older {
    /// This point from before holds exactly that.
    Point(PointId),
    /// It is what was followed until this commit, but for what may have been committed upon it since.
    Commit(CommitNumber),
    /// The tables themselves show it; some of that is another history for certain.
    Grown(Contradiction),
    /// What is counted in the first page went back, as this says; it may also be another history.
    Other(&'static str),
}

/// What shows it; `None` where nothing does.
pub(super) fn older(desk: &Desk, lies: &Lies<'_>, before: &CaptureState) -> Result<Option<Older>, Ended> {
    if let Some(point) = older_point(desk, lies.root, before)? {
        return Ok(Some(Older::Point(point)));
    }
    if let Some(commit) = older_commit(lies, before)? {
        return Ok(Some(Older::Commit(commit)));
    }
    if let Some(contradiction) = contradiction(lies.follower, before.growth.as_ref()) {
        return Ok(Some(Older::Grown(contradiction)));
    }
    if lies.counted.is_of_an_earlier_release(before.defined) {
        return Ok(Some(Older::Other(EARLIER_RELEASE)));
    }
    let counted = before.change_counter.zip(lies.counted.changes);
    Ok(counted
        .is_some_and(|(was, is)| is < was)
        .then_some(Older::Other(COUNTED_FURTHER)))
}

/// The commit that it stood at, or that what was committed upon it since came after.
fn older_commit(lies: &Lies<'_>, before: &CaptureState) -> Result<Option<CommitNumber>, Ended> {
    let reading = "reading what pages were before";
    let was = |differing: &Differing, is_passed_over: &dyn Fn(u32) -> bool| {
        let commit = lies.past.commit_of(differing, lies.hashes, is_passed_over);
        commit.context(reading)
    };
    // What puts another state in through SQLite counts on, and changes every definition.
    let may_be_put_in = lies.counted.is_defined_since(before.defined);
    let counts_on = |page| may_be_put_in && page == FIRST_PAGE;
    if may_be_put_in {
        let pages = before.pages.min(lies.pages);
        let commit = lies.past.gone_back_to(lies.differing, lies.hashes, (pages, true));
        if let Some(commit) = commit.context(reading)? {
            return Ok(Some(commit));
        }
    }
    if let Some(commit) = was(lies.differing, &counts_on)? {
        return Ok(Some(commit));
    }
    // A page of the file that does not read is none of the database: the log has it.
    let below = below_log(lies, before).unwrap_or_else(|error| {
        tracing::debug!(%error, "what lies below the log could not be read");
        None
    });
    if let Some(below) = below
        && let Some(commit) = was(&below, &counts_on)?
    {
        return Ok(Some(commit));
    }
    // Its size is as the log says, too.
    Ok(was(lies.differing, &|page| {
        page > lies.pages || lies.follower.is_in_log(page)
    })?)
}

/// The newest point from before what was followed last that holds exactly this.
fn older_point(desk: &Desk, root: &PageRoot, before: &CaptureState) -> Result<Option<PointId>, Ended> {
    let points = desk.store.points().context("reading the catalogue")?;
    let points = points.into_values().map(|known| known.manifest);
    let alike = points.filter(|point| point.page_root == *root && point.taken_at <= before.commit_at);
    let newest = alike.max_by_key(|manifest| manifest.taken_at);
    Ok(newest.map(|manifest| manifest.point))
}

/// The command that brings back what was followed last. A chain may have ended before its first backup: then nothing
/// leads back to it, and the newest point from before it is the next best.
fn way_back(desk: &Desk, before: &CaptureState) -> Result<String, Ended> {
    let points = desk.store.points().context("reading the catalogue")?;
    let is_held = |known: &KnownPoint| known.verified.keys().any(|remote| known.is_held_by(remote));
    let held = points.into_values().filter(is_held);
    let held: Vec<Manifest> = held.map(|known| known.manifest).collect();
    if held.iter().any(|point| point.chain == before.chain) {
        return Ok(format!(
            "everything until then is in the backups: agent restore --latest --chain {} once the bot is stopped",
            before.chain
        ));
    }
    let newest = held.iter().max_by_key(|point| point.taken_at);
    Ok(newest.map_or_else(
        || "no backup was finished before that".to_owned(),
        |point| {
            format!(
                "no backup of that chain was finished; the newest from before it: agent restore --latest --chain {} once the \
                 bot is stopped",
                point.chain
            )
        },
    ))
}

/// A reason with what it came to: what the database holds now, beside what was followed in it last.
pub(super) fn explained(
    desk: &Desk,
    (why, before): (&NewChain, Option<&CaptureState>),
    lies: &Lies<'_>,
    differing: u32,
) -> Result<NewChain, Ended> {
    let Some(before) = before else {
        return Ok(why.clone());
    };
    if let (true, Some(detail)) = (why.is_file, restored::told(desk, before)) {
        return Ok(NewChain {
            kind: EventKind::Restored,
            detail,
            is_file: false,
        });
    }
    let was = format!(
        "commit {} of the chain {}, which was followed last",
        before.commit, before.chain
    );
    let way_back = way_back(desk, before)?;
    let replaced = |told: String| NewChain {
        kind: EventKind::Replaced,
        detail: format!("{}; {told}; {way_back}", why.detail),
        ..why.clone()
    };
    if *lies.root == before.root {
        return Ok(match why.is_file {
            true => NewChain {
                detail: format!("{}; the database holds the same as after {was}", why.detail),
                ..why.clone()
            },
            false => why.clone(),
        });
    }
    if lies.is_counted_anew {
        return Ok(NewChain {
            kind: EventKind::NewChain,
            detail: format!(
                "{}; but for SQLite's counter the database holds the same as after {was}",
                why.detail
            ),
            is_file: why.is_file,
        });
    }
    Ok(match older(desk, lies, before)? {
        Some(Older::Point(point)) => replaced(format!(
            "an older state of the shop was put in its place: the database holds what the restore point {point} holds, and not \
             {was}; what was sold after that is missing in this file"
        )),
        Some(Older::Commit(commit)) => replaced(format!(
            "an older state of the shop was put in its place: the database holds what it held after commit {commit}, and not \
             {was}; what was sold after that is missing in this file"
        )),
        Some(Older::Grown(contradiction)) => {
            replaced(format!("{contradiction}; it does not lead on from {was}"))
        }
        Some(Older::Other(why)) => replaced(format!(
            "an older copy of the shop, or another database, was put in its place: {differing} pages differ from {was}; {why}"
        )),
        // Whatever was done to the file, the shop goes on from another state now.
        None if why.is_file => replaced(format!(
            "an older or another state was put in its place, or what only the log held is gone: {differing} pages differ from \
             {was}"
        )),
        None => why.clone(),
    })
}
