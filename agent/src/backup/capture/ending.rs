//! How what was read becomes a segment in the spool, and the state directory tells of it.
//! It reads no commit, and ships nothing.

use anyhow::Context;
use protocol::{
    chain::{PageHash, PageSum},
    object_key::SegmentName,
};

use super::{
    desk::Desk,
    hashes::pack,
    recorder::{Ended, Recorder},
};
use crate::{
    backup::{
        seal::Sealed,
        segment::{Draft, Header, Kind, change_counter, defined},
    },
    store::{
        capture::{CaptureState, SpooledSegment},
        interruptions::EventKind,
    },
};

const CAUGHT_UP: &str = "what was committed while nobody followed the shop was read afterwards";

impl Recorder {
    /// Whether the draft ends with the last commit that was made while nobody followed.
    pub(super) fn has_caught_up(&self) -> bool {
        self.unfollowed.is_some_and(|told| self.follower.frames() >= told)
    }

    /// Ends the draft as a segment in the spool; nothing when it is empty.
    pub(super) fn end_commits(&mut self, desk: &Desk) -> Result<Option<SpooledSegment>, Ended> {
        if self.unfollowed.is_none() {
            return self.end_segment(desk, Kind::Commits, None);
        }
        // It looks at the newest state, so that the first segment of several is held back as well.
        if !self.is_put_in {
            self.require_to_lead_on()?;
        }
        let ended = self.end_segment(desk, Kind::CaughtUp, Some((EventKind::CaughtUp, CAUGHT_UP)))?;
        self.unfollowed = self.unfollowed.filter(|_| !self.has_caught_up());
        Ok(ended)
    }

    /// The same as another kind, with what is written down of it.
    pub(super) fn end_segment(
        &mut self,
        desk: &Desk,
        kind: Kind,
        event: Option<(EventKind, &str)>,
    ) -> Result<Option<SpooledSegment>, Ended> {
        if self.draft.is_empty() {
            return Ok(None);
        }
        let changed: Vec<(u32, PageHash)> = self.draft.hashes().collect();
        let sum = self.sum_after(&changed).context("reading the table of pages")?;
        let after = self.draft.pages_after();
        let (first, last) = (self.state.commit.next(), self.mark().commit);
        let header = Header {
            chain: self.state.chain.clone(),
            first,
            last,
            kind,
            page_size: self.state.page_size,
            pages_before: self.draft.pages_before(),
            pages_after: after,
            previous: self.state.previous_sha256.as_deref().map(digest_of).transpose()?,
            root: sum.root(after),
        };
        let plain = self.draft.encode(&header)?;
        let sealed = desk.seal(&plain).context("sealing a segment")?;
        let mut segment = self.describe(&header, &sealed);
        desk.spool.make_room(segment.size_bytes, segment.last_at)?;
        desk.spool.write(&sealed)?;
        // What the last segment changed is forgotten with the next line.
        self.hashes.sync().context("writing the table of pages")?;
        let first_page = self.draft.first_page();
        let state = CaptureState {
            commit: last,
            commit_at: self.draft.last_at(),
            pages: after,
            root: header.root.clone(),
            log_position: self.log_position()?,
            previous_sha256: Some(sealed.sha256),
            changed: pack(&changed),
            change_counter: first_page.and_then(change_counter).or(self.state.change_counter),
            defined: first_page.and_then(defined).or(self.state.defined),
            file_written: Some(self.follower.file_written()),
            growth: self.growth(),
            ..self.state.clone()
        };
        segment.id = desk
            .store
            .add_segment(&state, &segment, event)
            .context("writing a segment down")?;
        self.note_past(first, (&changed, after));
        self.take_over(state, sum, &changed)?;
        Ok(Some(segment))
    }

    fn describe(&self, header: &Header, sealed: &Sealed) -> SpooledSegment {
        let last_at = self.draft.last_at();
        let name = SegmentName::new(&header.chain, header.first, header.last, last_at, &sealed.sha256);
        SpooledSegment {
            id: 0,
            key: name.to_string(),
            chain: header.chain.clone(),
            first: header.first,
            last: header.last,
            first_at: self.draft.began_at(),
            last_at,
            size_bytes: sealed.bytes.len() as u64,
            sha256: sealed.sha256.clone(),
        }
    }

    fn take_over(
        &mut self,
        state: CaptureState,
        sum: PageSum,
        changed: &[(u32, PageHash)],
    ) -> anyhow::Result<()> {
        for (page, hash) in changed {
            self.hashes
                .set(*page, *hash)
                .context("writing the table of pages")?;
        }
        self.hashes
            .cut(state.pages)
            .context("writing the table of pages")?;
        self.sum = sum;
        self.draft = Draft::new(state.page_size, state.pages);
        self.schema = state.defined.map(|defined| defined.changes);
        self.state = state;
        Ok(())
    }
}

fn digest_of(hex: &str) -> anyhow::Result<[u8; 32]> {
    let mut digest = [0; 32];
    anyhow::ensure!(hex.len() == 64 && hex.is_ascii(), "a digest has 64 hex digits");
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).context("a digest has 64 hex digits")?;
    }
    Ok(digest)
}
