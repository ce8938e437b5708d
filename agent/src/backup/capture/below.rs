//! What the database's file holds below a log that begins where nobody followed: what was committed into that log says
//! nothing of where the file came from, and may hide it.
//! It says nothing where the log is the one that was followed, or may have been copied into the file already.

use anyhow::Context;
use protocol::chain::{PageHash, is_lock_page};

use super::{hashes::NOTHING, older::Lies, past::Differing, same::position_of};
use crate::store::capture::CaptureState;

/// Where the file below the log differs from what was followed last, `before`. A log that was started anew was in the file
/// as a whole before, and one that somebody closed too: then nothing differs but what was committed later.
pub(super) fn below_log(lies: &Lies<'_>, before: &CaptureState) -> anyhow::Result<Option<Differing>> {
    let follower = lies.follower;
    let followed = position_of(before).map(|at| at.salts);
    let is_new = follower.position().is_some_and(|at| Some(at.salts) != followed);
    let log = follower
        .source()
        .published()
        .context("asking how far the log reaches")?;
    if !is_new || log.backfilled > 0 {
        return Ok(None);
    }
    let file = follower.below_log().context("opening the database's file")?;
    let mut below = lies.differing.clone();
    // What is cut off in the log may lie in the file still.
    let cut_off = lies.pages + 1..=before.pages;
    for page in follower.logged().chain(cut_off) {
        if below.is_too_much() {
            break;
        }
        if is_lock_page(page, before.page_size) {
            continue;
        }
        let was = match below.was(page) {
            Some(was) => was,
            None => lies.hashes.get(page).context("reading the table of pages")?,
        };
        let image = file.page(page).context("reading the database's file")?;
        let lies = image.map_or(NOTHING, |image| PageHash::of(page, &image));
        below.set(page, was, lies);
    }
    Ok(Some(below))
}
