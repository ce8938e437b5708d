//! Whether the database that lies there is the one that was followed, and holds what was followed last.
//! It reads, and changes nothing but where the follower stands; what begins then is not known here.

use anyhow::Context;
use protocol::chain::{PageHash, is_lock_page};

use super::{NewChain, WhyAgain, desk::Desk, hashes::Hashes, recorder::Ended, restored};
use crate::{
    backup::{
        lineage::{Identity, Likeness},
        log_holder,
        wal::{
            Position,
            follow::{Follower, Lost},
        },
    },
    store::{capture::CaptureState, interruptions::EventKind},
};

pub(super) const LOCKED: &str = "the bot kept the write lock for too long";
const RENUMBERED: &str =
    "the database's file lies on another device than before, and does not lead on from what was followed";

/// Why it is another database than was followed, by what is seen without reading it.
pub(super) fn other_pages(follower: &Follower, state: &CaptureState) -> Option<NewChain> {
    let (from, to) = (state.page_size, follower.page_size());
    let is_other = likeness(follower, state) == Likeness::Other;
    let why = if is_other {
        Lost::Replaced
    } else {
        Lost::PageSize { from, to }
    };
    (from != to).then(|| why.into())
}

/// The log beside a file that took the place of the one that was followed must not belong to that one still: nothing of it
/// may be copied into this file. Asked before anything is opened.
pub(super) fn require_own_log(desk: &Desk, state: &CaptureState) -> Result<(), Lost> {
    let identity = Identity::of(&desk.database).map_err(Lost::Missing)?;
    match likeness_of(&identity, state) {
        Likeness::Same | Likeness::Renumbered => Ok(()),
        Likeness::Other => Ok(log_holder::require_own(&desk.database)?),
    }
}

/// Whether the file that was followed lies in its place again: then it is as after a restart.
pub(super) fn is_undone(why: &WhyAgain, follower: &Follower, state: &CaptureState) -> bool {
    matches!(why, WhyAgain::Replaced(_)) && likeness(follower, state) == Likeness::Same
}

/// Whether another file lies under its name. One that holds all that was followed is the shop in another place, as when a
/// folder was copied and renamed; any other one is another database, for which this is why. What the owner restored begins a
/// chain, whatever it holds.
///
/// # Errors
/// As [`Follower::resume`].
pub(super) fn other_file(
    desk: &Desk,
    follower: &mut Follower,
    hashes: &Hashes,
    state: &CaptureState,
) -> Result<OtherFile, Ended> {
    Ok(match likeness(follower, state) {
        Likeness::Same | Likeness::Renumbered => OtherFile::No,
        Likeness::Other if restored::told(desk, state).is_none() && goes_on(follower, hashes, state)? => {
            OtherFile::Moved
        }
        Likeness::Other => OtherFile::Replaced(Lost::Replaced.into()),
    })
}

/// What another file under the database's name comes to.
pub(super) enum OtherFile {
    /// It is none.
    No,
    /// It goes on where the one before stood.
    Moved,
    /// It does not.
    Replaced(NewChain),
}

/// Why it must count as another one although the file may be the same, on a device of another number: such a file may as
/// well lie in a copy of its file system, which holds something older or went on by itself.
pub(super) fn renumbered(
    follower: &mut Follower,
    hashes: &Hashes,
    state: &CaptureState,
) -> Result<Option<NewChain>, Ended> {
    if likeness(follower, state) != Likeness::Renumbered || goes_on(follower, hashes, state)? {
        return Ok(None);
    }
    Ok(Some(NewChain {
        is_file: true,
        ..NewChain::of(EventKind::Replaced, RENUMBERED)
    }))
}

/// What lies in a file whose log was emptied lacks commits that were followed, and is no newer state: nothing is taken of
/// it until its log leads on, or it holds what was followed last, or another file takes its place.
pub(super) fn require_nothing_lost(
    desk: &Desk,
    follower: &mut Follower,
    hashes: &Hashes,
    state: &CaptureState,
) -> Result<(), Ended> {
    let leads_on = match position_of(state) {
        Some(position) => follower.resume(&position)?,
        None => false,
    };
    if !leads_on && !holds_the_same(follower, hashes, state)? {
        return Err(Lost::LogEmptied.into());
    }
    desk.store
        .set_log_emptied(false)
        .context("writing down that nothing is lost")?;
    Ok(())
}

/// Whether nothing has written to the file while nobody followed it.
pub(super) fn is_as_written(follower: &Follower, state: &CaptureState) -> bool {
    let written = state.file_written.as_ref();
    written.is_none_or(|written| *written == follower.file_written())
}

/// Where the recording stood in the log.
pub(super) fn position_of(state: &CaptureState) -> Option<Position> {
    serde_json::from_str(state.log_position.as_ref()?).ok()
}

/// As it is written down.
pub(super) fn identity_text(identity: &Identity) -> String {
    serde_json::to_string(identity).expect("an identity is plain data")
}

/// Its log leads on from what was followed last, or every page is as it was.
fn goes_on(follower: &mut Follower, hashes: &Hashes, state: &CaptureState) -> Result<bool, Ended> {
    let leads_on = match position_of(state) {
        Some(position) if state.file_written.is_some() && is_as_written(follower, state) => {
            follower.resume(&position)?
        }
        _ => false,
    };
    Ok(leads_on || holds_the_same(follower, hashes, state)?)
}

/// Whether the database holds what was followed last, and nothing else.
fn holds_the_same(follower: &mut Follower, hashes: &Hashes, state: &CaptureState) -> Result<bool, Ended> {
    if !follower.anchor()? {
        return Err(Ended::Failed(anyhow::anyhow!(LOCKED)));
    }
    let source = follower.source();
    let is_same = source.pages()? == state.pages
        && source
            .each_page(|page, image| {
                let is_same =
                    is_lock_page(page, state.page_size) || hashes.get(page)? == PageHash::of(page, image);
                // Ends the reading.
                anyhow::ensure!(is_same, "page {page} differs");
                Ok(())
            })
            .is_ok();
    Ok(is_same)
}

fn likeness(follower: &Follower, state: &CaptureState) -> Likeness {
    likeness_of(follower.identity(), state)
}

fn likeness_of(identity: &Identity, state: &CaptureState) -> Likeness {
    let before = serde_json::from_str::<Identity>(&state.database_file);
    before.map_or(Likeness::Other, |before| identity.beside(&before))
}
