//! How a recording begins: where it stopped, when the log still leads there; by comparing every page with its hash,
//! when it does not; as a new chain, when even that would prove nothing.
//! It never continues a chain on another database.

use std::time::Duration;

use anyhow::Context;
use protocol::{
    chain::{ChainId, CommitNumber, PageHash, PageSum, is_lock_page},
    time::UnixMillis,
};

use super::{
    NewChain, WhyAgain,
    desk::{Claim, Desk},
    hashes::{Hashes, unpack},
    older::{Lies, explained, older},
    past::Differing,
    recorder::{Clock, Ended, Recorder},
    same::{
        LOCKED, identity_text, is_as_written, other_database, position_of, renumbered, require_nothing_lost,
    },
};
use crate::{
    backup::{
        lineage::is_too_different,
        segment::{Kind, PAGES_MAX, change_counter},
        wal::follow::Follower,
    },
    store::{capture::CaptureState, interruptions::EventKind},
};

const AWAY: &str =
    "nobody followed the shop for a while, and its log does not lead back to where this agent stopped";
/// What is read so soon after the commit before it carries its moment as nearly as `--at` promises.
const AWAY_MIN: Duration = Duration::from_secs(1);
const TOUCHED: &str = "the database's file was written to past SQLite, and still holds what was followed";

/// Begins or goes on. `why` is what ended the recording before, in this process.
pub(super) fn begin(desk: &Desk, why: Option<WhyAgain>, now: Clock) -> Result<Recorder, Ended> {
    let claim = Claim::take(&desk.database)?;
    let mut follower = Follower::open(&desk.database, &desk.named)?;
    let hashes = Hashes::open(&desk.hashes).context("opening the table of pages")?;
    let known = desk
        .store
        .capture_state()
        .context("asking where the capture stands")?;
    let Some(state) = known else {
        let why = NewChain::of(EventKind::Begun, "the capture begins");
        return new_chain(desk, claim, follower, hashes, (&why, None), now());
    };
    if let Some(WhyAgain::NewChain(why)) = &why {
        return new_chain(desk, claim, follower, hashes, (why, Some(&state)), now());
    }
    // What lies here beside what was followed last tells nothing of that.
    if let Some(WhyAgain::Ahead(why)) = &why {
        return new_chain(desk, claim, follower, hashes, (why, None), now());
    }
    if let Some(why) = other_database(&follower, &state) {
        return new_chain(desk, claim, follower, hashes, (&why, Some(&state)), now());
    }
    let Some(sum) = replayed(&hashes, &state).context("reading the table of pages")? else {
        let why = NewChain::of(EventKind::NewChain, "the table of pages was lost or altered");
        return new_chain(desk, claim, follower, hashes, (&why, Some(&state)), now());
    };
    if state.log_emptied {
        require_nothing_lost(desk, &mut follower, &hashes, &state)?;
    }
    if let Some(why) = renumbered(&mut follower, &hashes, &state)? {
        return new_chain(desk, claim, follower, hashes, (&why, Some(&state)), now());
    }
    // Where it was, by a checkpoint or past SQLite, only comparing tells.
    let resumed = match (&why, position_of(&state)) {
        (None, Some(position)) if is_as_written(&follower, &state) => follower.resume(&position)?,
        _ => false,
    };
    let state = CaptureState {
        database_file: identity_text(follower.identity()),
        ..state
    };
    let mut recorder = Recorder::at(state, claim, follower, (hashes, sum));
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
    let pages = recorder.follower.source().pages()?;
    let page_size = recorder.state.page_size;
    let (mut changed, mut count, mut sum) = (Vec::new(), 0_usize, PageSum::default());
    let (mut counter, mut is_explained) = (None, true);
    let (hashes, follower) = (&recorder.hashes, &recorder.follower);
    let mut differing = Differing::default();
    follower.source().each_page(|page, image| {
        if is_lock_page(page, page_size) {
            return Ok(());
        }
        if page == 1 {
            counter = change_counter(image);
        }
        let hash = PageHash::of(page, image);
        sum.add(hash);
        if hashes.get(page)? != hash {
            count += 1;
            is_explained &= follower.is_in_log(page);
            differing.add(page, hash);
            if count <= PAGES_MAX {
                changed.push((page, image.to_vec()));
            }
        }
        Ok(())
    })?;
    let told = match (why, is_explained) {
        (WhyAgain::Overwritten(_), true) => TOUCHED.to_owned(),
        _ => why.to_string(),
    };
    let detail = format!("{told}; {count} of {pages} pages differ");
    if let (WhyAgain::Overwritten(why), false) = (why, is_explained) {
        return Ok(Some(why.clone()));
    }
    let known = recorder.state.pages.min(pages);
    if count > PAGES_MAX || is_too_different(count, known) {
        return Ok(Some(NewChain::of(EventKind::NewChain, detail)));
    }
    if changed.is_empty() && pages == recorder.state.pages {
        return Ok(None);
    }
    // No chain goes back to where the shop was before.
    let lies = Lies {
        root: &sum.root(pages),
        change_counter: counter,
        differing: &differing,
        hashes,
        follower,
    };
    if older(desk, &lies, &recorder.state)?.is_some() {
        return Ok(Some(NewChain::of(EventKind::NewChain, why.to_string())));
    }
    tracing::warn!(detail, "what happened meanwhile is one step of the chain");
    recorder.draft.add(seen_at, pages, changed, |_| Ok(None))?;
    recorder.end_segment(desk, Kind::Resync, Some((EventKind::Resync, &detail)))?;
    Ok(None)
}

/// What was found while the table of pages was written anew.
#[derive(Default)]
struct Written {
    sum: PageSum,
    counter: Option<u32>,
    /// Where it differs from the table before, and how often.
    differing: Differing,
    count: u32,
}

fn write_table(follower: &Follower, hashes: &Hashes) -> Result<Written, Ended> {
    let mut written = Written::default();
    follower.source().each_page(|page, image| {
        if page == 1 {
            written.counter = change_counter(image);
        }
        if !is_lock_page(page, follower.page_size()) {
            let hash = PageHash::of(page, image);
            if hashes.get(page)? != hash {
                written.count += 1;
                written.differing.add(page, hash);
            }
            hashes.set(page, hash)?;
            written.sum.add(hash);
        }
        Ok(())
    })?;
    hashes
        .cut(follower.source().pages()?)
        .and_then(|()| hashes.sync())
        .context("writing the table of pages")?;
    Ok(written)
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
        counter,
        differing,
        count,
    } = write_table(&follower, &hashes)?;
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
        change_counter: counter,
        file_written: None,
        log_emptied: false,
        growth: None,
    };
    let mut recorder = Recorder::at(state, claim, follower, (hashes, sum));
    recorder.state.log_position = recorder.log_position()?;
    recorder.state.file_written = Some(recorder.follower.file_written());
    recorder.state.growth = recorder.growth();
    let lies = Lies {
        root: &recorder.state.root,
        change_counter: counter,
        differing: &differing,
        hashes: &recorder.hashes,
        follower: &recorder.follower,
    };
    let why = explained(desk, reason, &lies, count)?;
    if let Err(error) = desk.past.forget() {
        tracing::warn!(%error, "what was before the new chain could not be forgotten");
    }
    desk.store
        .begin_chain(&recorder.state, now, why.kind, &why.detail)
        .context("writing a new chain down")?;
    tracing::warn!(chain = %recorder.state.chain, why = why.detail, "a new chain of commits begins: it needs a full backup");
    Ok(recorder)
}
