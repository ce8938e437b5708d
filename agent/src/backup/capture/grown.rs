//! What the shop's tables have come to, noted with each segment, and what contradicts it: that the database which lies there
//! did not become of the one that was followed.
//! What cannot be read of it stops no capture, and proves nothing.

use std::collections::BTreeMap;

use anyhow::Context;
use protocol::chain::{CommitNumber, PageHash, is_lock_page};

use super::{
    NewChain, WhyAgain,
    hashes::NOTHING,
    past::{Differing, FIRST_PAGE},
    recorder::{Ended, Recorder},
};
use crate::{
    backup::{
        segment::defined,
        wal::follow::{Followed, Follower},
    },
    store::{
        growth::{Contradiction, Growth},
        interruptions::EventKind,
    },
};

const STRAYED: &str = "what was committed while nobody followed does not go on from what was followed";
const PUT_IN: &str = "another state was put into the database through SQLite, as by `.restore`";

/// What shows that the database did not become of what it was then.
pub(super) fn contradiction(follower: &Follower, before: Option<&Growth>) -> Option<Contradiction> {
    let found = follower.source().contradiction(before?);
    found.unwrap_or_else(|error| {
        tracing::debug!(%error, "the tables' numbers could not be compared");
        None
    })
}

impl Recorder {
    /// What the tables have come to, for the state that is written down next.
    pub(super) fn growth(&self) -> Option<Growth> {
        let before = self.state.growth.as_ref();
        match self.follower.source().growth(before) {
            // What was put in is no part of what was followed.
            _ if self.is_put_in => before.cloned(),
            Ok(growth) => Some(growth),
            Err(error) => {
                tracing::debug!(%error, "the tables' numbers could not be read");
                before.cloned()
            }
        }
    }

    /// Before a commit counts that touches the definition of a table, which whatever puts another state in through SQLite
    /// does: that it went on from what was followed.
    ///
    /// # Errors
    /// That it did not, as [`Ended::Again`].
    pub(super) fn require_to_go_on(&mut self, followed: &Followed) -> Result<(), Ended> {
        let first_page = followed.pages.iter().find(|(page, _)| *page == FIRST_PAGE);
        let schema = first_page
            .and_then(|(_, image)| defined(image))
            .map(|defined| defined.changes);
        if schema.is_none() {
            return Ok(());
        }
        let before = match self.schema {
            None => self.schema_before()?,
            known => known,
        };
        if schema == before {
            self.schema = schema;
            return Ok(());
        }
        self.schema = schema;
        // Where it is not known what it was, nothing says that it is another one.
        let put_back_to = match before {
            Some(_) => self.put_back_to(followed)?,
            None => None,
        };
        let stands = match put_back_to {
            Some(commit) => Err(put_in(format!(
                "{PUT_IN}; it held then what it had held after commit {commit}"
            ))),
            None => self.require_growth(PUT_IN),
        };
        // What was read before that commit is whole.
        self.is_put_in = stands.is_err();
        stands
    }

    /// SQLite's count of changes to the definitions in the state that was followed last, where its first page is at hand.
    fn schema_before(&self) -> Result<Option<u32>, Ended> {
        let known = self.hashes.get(1).context("reading the table of pages")?;
        let image = self
            .follower
            .old(1)?
            .filter(|image| PageHash::of(1, image) == known);
        Ok(image.as_deref().and_then(defined).map(|defined| defined.changes))
    }

    /// Before what was committed while nobody followed counts: it may come of another database than the one that was followed,
    /// as when another file lay under its log for a while. Then the log leads on, and the tables do not; none of it is kept.
    ///
    /// # Errors
    /// As [`Recorder::require_to_go_on`].
    pub(super) fn require_to_lead_on(&self) -> Result<(), Ended> {
        self.require_growth(STRAYED)
    }

    fn require_growth(&self, or_else: &str) -> Result<(), Ended> {
        match contradiction(&self.follower, self.state.growth.as_ref()) {
            None => Ok(()),
            Some(_) => Err(put_in(or_else)),
        }
    }

    /// The commit whose pages this one puts back, but for the first one, in which SQLite counts on. Whatever puts another
    /// state in writes every page; what changes definitions does not.
    fn put_back_to(&self, followed: &Followed) -> anyhow::Result<Option<CommitNumber>> {
        let is_lock = |page: u32| is_lock_page(page, self.state.page_size);
        let locks = usize::from((1..=followed.size_pages).any(is_lock));
        if followed.pages.len() + locks < followed.size_pages as usize {
            return Ok(None);
        }
        let drafted: BTreeMap<u32, PageHash> = self.draft.hashes().collect();
        let images = followed.pages.iter();
        let written = images.map(|(page, image)| (*page, PageHash::of(*page, image)));
        let mut becomes: BTreeMap<u32, PageHash> = drafted.clone().into_iter().chain(written).collect();
        becomes.retain(|page, _| *page <= followed.size_pages);
        let cut_off = followed.size_pages + 1..=self.state.pages;
        becomes.extend(cut_off.map(|page| (page, NOTHING)));
        let known = drafted.into_iter().filter(|(page, _)| *page <= self.state.pages);
        let since = self.differing(known.collect())?;
        let differing = self.differing(becomes)?;
        if differing.is_empty() && since.is_telling() {
            return Ok(Some(self.state.commit));
        }
        let pages = self.state.pages.min(followed.size_pages);
        let commit = self.past.gone_back_to(&differing, &self.hashes, (pages, false));
        commit.context("reading what pages were before")
    }

    /// Where these pages, but for the first one, differ from the newest segment.
    fn differing(&self, pages: BTreeMap<u32, PageHash>) -> anyhow::Result<Differing> {
        let mut differing = Differing::default();
        for (page, is) in pages {
            if page != FIRST_PAGE && !is_lock_page(page, self.state.page_size) {
                let was = self.hashes.get(page).context("reading the table of pages")?;
                differing.set(page, was, is);
            }
        }
        Ok(differing)
    }
}

fn put_in(detail: impl Into<String>) -> Ended {
    let why = NewChain {
        is_file: true,
        ..NewChain::of(EventKind::Replaced, detail)
    };
    Ended::Again(WhyAgain::NewChain(why))
}
