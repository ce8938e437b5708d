//! What the shop's tables have come to, noted with each segment, and what contradicts it: that the database which lies there
//! did not become of the one that was followed.
//! What cannot be read of it stops no capture, and proves nothing.

use anyhow::Context;
use protocol::chain::PageHash;

use super::{NewChain, WhyAgain, recorder::Ended, recorder::Recorder};
use crate::{
    backup::{segment::schema_cookie, wal::follow::Follower},
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
    pub(super) fn require_to_go_on(&mut self, schema: Option<u32>) -> Result<(), Ended> {
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
        let stands = self.require_growth(PUT_IN);
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
        Ok(image.as_deref().and_then(schema_cookie))
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
        if contradiction(&self.follower, self.state.growth.as_ref()).is_none() {
            return Ok(());
        }
        let why = NewChain {
            is_file: true,
            ..NewChain::of(EventKind::Replaced, or_else)
        };
        Err(Ended::Again(WhyAgain::NewChain(why)))
    }
}
