//! How a recording begins: where it stopped, when the log still leads there; by comparing every page with its hash,
//! when it does not; as a new chain, when even that would prove nothing.
//! It never continues a chain on another database.

use std::time::Duration;

use anyhow::Context;
use protocol::{
    chain::{ChainId, CommitNumber, PageSum},
    time::UnixMillis,
};

use super::{
    NewChain, WhyAgain,
    compared::{Compared, Redefined, Written, compared, write_table},
    desk::{Claim, Desk},
    hashes::{Hashes, unpack},
    older::{Lies, explained, older},
    recorder::{Clock, Ended, Recorder},
    same::{
        LOCKED, OtherFile, identity_text, is_as_written, is_undone, other_file, other_pages, position_of,
        renumbered, require_nothing_lost, require_own_log,
    },
};
use crate::{
    backup::{
        lineage::is_too_different,
        segment::{Kind, PAGES_MAX},
        wal::follow::Follower,
    },
    store::{capture::CaptureState, interruptions::EventKind},
};

const AWAY: &str =
    "nobody followed the shop for a while, and its log does not lead back to where this agent stopped";
/// What is read so soon after the commit before it carries its moment as nearly as `--at` promises.
const AWAY_MIN: Duration = Duration::from_secs(1);
const TOUCHED: &str = "the database's file was written to past SQLite, or by a slow checkpoint, and still holds what was followed";
/// Where no page shows that it was the last of these.
const DEFINED: &str = "; SQLite counts changes to the definitions, as after VACUUM, a change by hand, or another state that was put in by `.restore`: if nobody did that on purpose, see with `bot check` what it holds";
const MOVED: &str = "the database's file is another one than before, and goes on where that one stood: it was moved or copied here";

/// Begins or goes on. `why` is what ended the recording before, in this process.
pub(super) fn begin(desk: &Desk, why: Option<WhyAgain>, now: Clock) -> Result<Recorder, Ended> {
    let claim = Claim::take(&desk.database)?;
    let known = desk
        .store
        .capture_state()
        .context("asking where the capture stands")?;
    if let Some(state) = &known {
        require_own_log(desk, state)?;
    }
    let mut follower = Follower::open(&desk.database, &desk.named)?;
    let hashes = Hashes::open(&desk.hashes).context("opening the table of pages")?;
    let Some(state) = known else {
        let why = NewChain::of(EventKind::Begun, "the capture begins");
        return new_chain(desk, claim, follower, hashes, (&why, None), now());
    };
    let why = why.filter(|why| !is_undone(why, &follower, &state));
    if let Some(WhyAgain::NewChain(why) | WhyAgain::LogReplaced(why) | WhyAgain::Replaced(why)) = &why {
        return new_chain(desk, claim, follower, hashes, (why, Some(&state)), now());
    }
    // What lies here beside what was followed last tells nothing of that.
    if let Some(WhyAgain::Ahead(why)) = &why {
        return new_chain(desk, claim, follower, hashes, (why, None), now());
    }
    let (sum, is_moved) = match proven(desk, &mut follower, &hashes, &state)? {
        Ok(proven) => proven,
        Err(why) => return new_chain(desk, claim, follower, hashes, (&why, Some(&state)), now()),
    };
    // Where it was, by a checkpoint or past SQLite, only comparing tells.
    let resumed = match (&why, position_of(&state)) {
        (None, Some(position)) if is_as_written(&follower, &state) => follower.resume(&position)?,
        _ => false,
    };
    let state = CaptureState {
        database_file: identity_text(follower.identity()),
        ..state
    };
    if is_moved {
        keep_chain(desk, &state, MOVED, now())?;
    }
    let mut recorder = Recorder::at(state, claim, follower, (hashes, desk.past.clone(), sum));
    if resumed {
        recorder.unfollowed = made_meanwhile(&recorder, now());
    }
    if !resumed || !recorder.secure(desk, now)? {
        let why = why.unwrap_or_else(|| WhyAgain::Resync(AWAY.to_owned()));
        if let Some(why) = resync(desk, &mut recorder, &why, now)? {
            let Recorder {
                claim,
                follower,
                hashes,
                state,
                ..
            } = recorder;
            return new_chain(desk, claim, follower, hashes, (&why, Some(&state)), now());
        }
    }
    Ok(recorder)
}

/// What the table of pages adds up to, where the database that lies here may be the one that was followed, and whether that was
/// moved here; else why a new chain begins.
fn proven(
    desk: &Desk,
    follower: &mut Follower,
    hashes: &Hashes,
    state: &CaptureState,
) -> Result<Result<(PageSum, bool), NewChain>, Ended> {
    if let Some(why) = other_pages(follower, state) {
        return Ok(Err(why));
    }
    let sum = replayed(hashes, state).context("reading the table of pages")?;
    let is_moved = match other_file(desk, follower, hashes, state)? {
        OtherFile::Replaced(why) => return Ok(Err(why)),
        OtherFile::Moved => true,
        OtherFile::No => false,
    };
    let Some(sum) = sum else {
        return Ok(Err(NewChain::of(
            EventKind::NewChain,
            "the table of pages was lost or altered",
        )));
    };
    if state.log_emptied {
        require_nothing_lost(desk, follower, hashes, state)?;
    }
    Ok(match renumbered(follower, hashes, state)? {
        Some(why) => Err(why),
        None => Ok((sum, is_moved)),
    })
}

/// The chain goes on in a file of which that had to be proven first.
fn keep_chain(desk: &Desk, state: &CaptureState, why: &str, at: UnixMillis) -> Result<(), Ended> {
    tracing::warn!(why, "the chain of commits goes on");
    let kept = desk.store.keep_chain(&state.database_file, at, why);
    Ok(kept.context("writing down that the chain goes on")?)
}

/// Frames up to which the log holds what was committed while nobody followed; `None` where that is nothing, or so fresh
/// that its moments are right by [`AWAY_MIN`].
fn made_meanwhile(recorder: &Recorder, now: UnixMillis) -> Option<u32> {
    let told = recorder.follower.told();
    let is_away = now.since(recorder.state.commit_at) > AWAY_MIN;
    (is_away && told > recorder.follower.frames()).then_some(told)
}

/// The sum over the table once it has what a crash may have kept from it; `None` when it is not the one that was
/// written down.
fn replayed(hashes: &Hashes, state: &CaptureState) -> std::io::Result<Option<PageSum>> {
    for (page, hash) in unpack(&state.changed) {
        hashes.set(page, hash)?;
    }
    hashes.cut(state.pages)?;
    let sum = match hashes.sum(state.pages, state.page_size) {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        sum => sum?,
    };
    Ok((sum.root(state.pages) == state.root).then_some(sum))
}

/// Ships every page that differs as one step. Gives a reason when a new chain is the better answer.
fn resync(
    desk: &Desk,
    recorder: &mut Recorder,
    why: &WhyAgain,
    now: Clock,
) -> Result<Option<NewChain>, Ended> {
    if !recorder.follower.anchor()? {
        return Err(Ended::Failed(anyhow::anyhow!(LOCKED)));
    }
    // What is seen is fixed from here on, and nothing of it is younger.
    let seen_at = now();
    // What comes after it is followed as it happens.
    recorder.unfollowed = None;
    let Compared {
        pages,
        changed,
        count,
        sum,
        counted,
        is_explained,
        differing,
    } = compared(&recorder.follower, &recorder.hashes)?;
    let is_touched = matches!(why, WhyAgain::Overwritten(_)) && is_explained;
    let told = if is_touched {
        TOUCHED.to_owned()
    } else {
        why.to_string()
    };
    let mut detail = format!("{told}; {count} of {pages} pages differ");
    let redefined = counted.redefined_since(recorder.state.defined);
    if redefined != Redefined::No {
        detail.push_str(DEFINED);
    }
    if let (WhyAgain::Overwritten(why) | WhyAgain::Contradicted(why), false) = (why, is_explained) {
        return Ok(Some(why.clone()));
    }
    let known = recorder.state.pages.min(pages);
    if count > PAGES_MAX || is_too_different(count, known) {
        return Ok(Some(NewChain::of(EventKind::NewChain, detail)));
    }
    if changed.is_empty() && pages == recorder.state.pages {
        return match is_touched {
            true => keep_chain(desk, &recorder.state, TOUCHED, seen_at).map(|()| None),
            false => Ok(None),
        };
    }
    // No chain goes back to where the shop was before.
    let lies = Lies {
        root: &sum.root(pages),
        pages,
        counted,
        differing: &differing,
        hashes: &recorder.hashes,
        past: &recorder.past,
        follower: &recorder.follower,
        is_counted_anew: false,
    };
    if older(desk, &lies, &recorder.state)?.is_some() {
        return Ok(Some(NewChain::of(EventKind::NewChain, why.to_string())));
    }
    tracing::warn!(detail, "what happened meanwhile is one step of the chain");
    recorder.draft.add(seen_at, pages, changed, |_| Ok(None))?;
    let kind = match redefined {
        Redefined::WithinOneRelease => EventKind::Redefined,
        Redefined::Perhaps | Redefined::No => EventKind::Resync,
    };
    recorder.end_segment(desk, Kind::Resync, Some((kind, &detail)))?;
    Ok(None)
}

fn new_chain(
    desk: &Desk,
    claim: Claim,
    mut follower: Follower,
    hashes: Hashes,
    reason: (&NewChain, Option<&CaptureState>),
    now: UnixMillis,
) -> Result<Recorder, Ended> {
    if !follower.anchor()? {
        return Err(Ended::Failed(anyhow::anyhow!(LOCKED)));
    }
    let (pages, page_size) = (follower.source().pages()?, follower.page_size());
    let Written {
        sum,
        counted,
        differing,
        count,
        is_counted_anew,
    } = write_table(
        &follower,
        &hashes,
        reason.1.and_then(|state| state.change_counter),
    )?;
    let state = CaptureState {
        chain: ChainId::from_bits(rand::random()),
        commit: CommitNumber::FIRST,
        commit_at: now,
        page_size,
        pages,
        root: sum.root(pages),
        database_file: identity_text(follower.identity()),
        log_position: None,
        previous_sha256: None,
        changed: Vec::new(),
        change_counter: counted.changes,
        defined: counted.defined,
        file_written: None,
        log_emptied: false,
        growth: None,
    };
    let mut recorder = Recorder::at(state, claim, follower, (hashes, desk.past.clone(), sum));
    recorder.state.log_position = recorder.log_position()?;
    recorder.state.file_written = Some(recorder.follower.file_written());
    recorder.state.growth = recorder.growth();
    let lies = Lies {
        root: &recorder.state.root,
        pages,
        counted,
        differing: &differing,
        hashes: &recorder.hashes,
        past: &recorder.past,
        follower: &recorder.follower,
        is_counted_anew,
    };
    let why = explained(desk, reason, &lies, count)?;
    if let Err(error) = recorder.past.forget() {
        tracing::warn!(%error, "what was before the new chain could not be forgotten");
    }
    desk.store
        .begin_chain(&recorder.state, now, why.kind, &why.detail)
        .context("writing a new chain down")?;
    tracing::warn!(chain = %recorder.state.chain, why = why.detail, "a new chain of commits begins: it needs a full backup");
    Ok(recorder)
}
