//! Follows the log of a live database from commit to commit, without a gap that could go unnoticed.
//! It keeps no history and ships nothing.
//!
//! Why nothing is missed: from its first moment on the follower holds a read view, and takes a newer one before it
//! lets the older one go.
//! A view that stands in the log keeps everybody from resetting it.
//! A view that stands before the log, which SQLite only grants when every frame is in the database's file, lets the
//! next writer reset it once, and keeps everybody from copying a frame of the new generation into the file, without
//! which there is no second reset.
//! So when the log has been reset while a view was held, all of the old generation had been published when that view
//! was taken, has been read, and the first salt has grown by exactly one; anything else is reported as lost.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
};

use self::{
    file::{Written, WrittenFile},
    index::Index,
};
use super::{
    header::Header,
    reader::{CommitFrames, Position, ReadError, WalFile},
};
use crate::{
    backup::{
        lineage::Identity,
        segment::{PAGES_MAX, TooLarge},
    },
    store::{
        beside::BelowLog,
        source::{Log, Source, log_of},
    },
};

mod anchor;
mod file;
mod index;
mod lost;

pub use file::file_written_at;
pub use lost::{Lost, is_damage};

/// How often reading to the end is begun anew when the log is reset meanwhile.
const ATTEMPTS: usize = 3;
const NOW_A_LINK: &str =
    "the database's path became a link meanwhile: systemctl restart agent, so that it is followed";
const LEADS_ELSEWHERE: &str = "the link at the database's path leads to another file now: systemctl restart agent, so that it is followed";

/// One commit with its pages.
pub struct Followed {
    /// The database's size after it, in pages.
    pub size_pages: u32,
    /// Its pages in ascending order, with their new images.
    pub pages: Vec<(u32, Vec<u8>)>,
}

/// A live database, followed.
pub struct Follower {
    database: PathBuf,
    /// The path that the bot opens; when it is a link, it led to the database at the start.
    named: PathBuf,
    identity: Identity,
    source: Source,
    index: Option<Index>,
    file: WrittenFile,
    wal: Option<WalFile>,
    page_size: u32,
    /// Right after the last commit that was given out; `None` while the log has no header.
    position: Option<Position>,
    /// The frame with each page's newest image before the position, in this generation.
    newest: HashMap<u32, u32>,
    /// Frames that are known to be published.
    published: u32,
}

impl Follower {
    /// Opens the database, which `named` leads to, and holds its log. Where it stands is not known yet:
    /// [`Follower::resume`] or [`Follower::anchor`] comes next.
    ///
    /// # Errors
    /// [`Lost::Source`] or [`Lost::Io`].
    pub fn open(database: &Path, named: &Path) -> Result<Self, Lost> {
        let identity = Identity::of(database).map_err(Lost::Missing)?;
        if database.is_symlink() {
            return Err(Lost::Missing(anyhow::anyhow!(NOW_A_LINK)));
        }
        require_to_lead_to(named, &identity)?;
        let source = Source::open(database)?;
        if Identity::of(database).map_err(Lost::Missing)? != identity {
            return Err(Lost::Replaced);
        }
        Ok(Self {
            page_size: source.page_size()?,
            index: Index::of(database)?,
            file: WrittenFile::of(database, &source)?,
            database: database.to_path_buf(),
            named: named.to_path_buf(),
            identity,
            source,
            wal: None,
            position: None,
            newest: HashMap::new(),
            published: 0,
        })
    }

    /// Goes on at a place that was reached before, by this process or an earlier one. False when the log does not lead
    /// there any more: then whatever happened since is to be found by comparing pages.
    ///
    /// # Errors
    /// As [`Follower::next`].
    pub fn resume(&mut self, from: &Position) -> Result<bool, Lost> {
        let Some(header) = self.header()?.filter(|header| header.salts == from.salts) else {
            return Ok(false);
        };
        self.published = self.source.published()?.frames;
        self.newest.clear();
        self.position = Some(Position::start(&header));
        while self.position.is_some_and(|at| at.frames < from.frames) {
            match self.step(&header) {
                Ok(Some(frames)) => self.newest.extend(frames.pages),
                Ok(None) | Err(ReadError::Broken(_)) => return Ok(false),
                Err(ReadError::Io(error)) => return Err(error.into()),
            }
        }
        Ok(self.position.as_ref() == Some(from))
    }

    /// Whether what is left to read is there for as long as it takes. The view of the opening may stand before a log that
    /// somebody has copied meanwhile: then the next commit starts the log anew.
    ///
    /// # Errors
    /// As [`Follower::next`].
    pub fn keeps_the_rest(&mut self) -> Result<bool, Lost> {
        let log = self.source.published()?;
        Ok(self.is_in_its_log()? && !log.can_be_lost_to(self.frames()))
    }

    /// Whether the log is still the one that the position is in.
    ///
    /// # Errors
    /// As [`Follower::next`].
    pub fn is_in_its_log(&mut self) -> Result<bool, Lost> {
        let header = self.header()?;
        Ok(header.map(|header| header.salts) == self.position.map(|at| at.salts))
    }

    /// The next commit; `None` when there is none yet. It must be handed to [`Follower::accept`] before the next one.
    ///
    /// # Errors
    /// [`Lost`].
    pub fn next(&mut self) -> Result<Option<(CommitFrames, Followed)>, Lost> {
        let Some(frames) = self.next_frames()? else {
            return Ok(None);
        };
        // Before their images are read: they are to take no memory.
        if frames.pages.len() > PAGES_MAX {
            return Err(TooLarge(frames.pages.len()).into());
        }
        let mut pages = Vec::with_capacity(frames.pages.len());
        for (page, frame) in &frames.pages {
            // A transaction that shrinks the database may have written pages beyond its new end.
            if *page <= frames.size_pages {
                pages.push((*page, self.image(*frame)?));
            }
        }
        let followed = Followed {
            size_pages: frames.size_pages,
            pages,
        };
        Ok(Some((frames, followed)))
    }

    /// From now on the pages of this commit are old ones.
    pub fn accept(&mut self, frames: CommitFrames) {
        self.newest.extend(frames.pages);
    }

    /// The image that a page had before the commits that were not accepted yet. It may be a newer one when somebody
    /// copied frames into the database's file while nobody held the log: the caller compares its hash.
    ///
    /// # Errors
    /// [`Lost::Source`] or [`Lost::Io`].
    pub fn old(&self, page: u32) -> Result<Option<Vec<u8>>, Lost> {
        match self.newest.get(&page) {
            Some(frame) => self.image(*frame).map(Some),
            None => Ok(self.source.page(page)?),
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// Bytes in a page.
    #[must_use]
    pub fn page_size(&self) -> u32 {
        self.page_size
    }

    /// The file that is followed.
    #[must_use]
    pub(in crate::backup) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The database through SQLite, to read the state that is held, to lock and to checkpoint.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// As [`Source::leap`].
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn leap(&mut self) -> rusqlite::Result<bool> {
        self.source.leap(self.frames())
    }

    /// Whether the log holds this page, as far as it was read.
    #[must_use]
    pub fn is_in_log(&self, page: u32) -> bool {
        self.newest.contains_key(&page)
    }

    /// The pages that the log holds, as far as it was read.
    pub fn logged(&self) -> impl Iterator<Item = u32> {
        self.newest.keys().copied()
    }

    /// What the database's file holds below the log.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn below_log(&self) -> io::Result<BelowLog> {
        BelowLog::of(&self.database, self.page_size)
    }

    /// How many frames were read of this generation.
    #[must_use]
    pub fn frames(&self) -> u32 {
        self.position.as_ref().map_or(0, |at| at.frames)
    }

    /// How many frames of this generation are known to be published.
    #[must_use]
    pub fn told(&self) -> u32 {
        self.published
    }

    /// Whether everything that was published was read and is in the database's file.
    #[must_use]
    pub fn is_level_with(&self, log: Log) -> bool {
        log.frames == log.backfilled && log.frames == self.frames()
    }

    fn next_frames(&mut self) -> Result<Option<CommitFrames>, Lost> {
        for _ in 0..ATTEMPTS {
            let Some(header) = self.look()? else {
                return Ok(None);
            };
            match self.step(&header) {
                Ok(Some(found)) => return Ok(Some(found)),
                Ok(None) => return self.require_all_told(&header).map(|()| None),
                // It may have been reset between the look at its header and the one at its end.
                Err(ReadError::Broken(_)) if self.header()?.is_some_and(|now| now != header) => {
                    self.published = 0;
                }
                Err(ReadError::Io(error)) => return Err(error.into()),
                Err(ReadError::Broken(frame)) => return Err(self.broken_at(&header, frame)?),
            }
        }
        Ok(None)
    }

    /// The header of a log that has more to read, with the position in its generation.
    fn look(&mut self) -> Result<Option<Header>, Lost> {
        let Some(header) = self.header()? else {
            return self.require_nothing_told().map(|()| None);
        };
        if header.page_size != self.page_size {
            return Err(Lost::PageSize {
                from: self.page_size,
                to: header.page_size,
            });
        }
        match &self.position {
            Some(at) if at.salts == header.salts => self.require_whole(&header)?,
            Some(at) if !header.salts.follow(at.salts) => return Err(Lost::Reset),
            _ => {
                self.position = Some(Position::start(&header));
                self.newest.clear();
                self.published = 0;
            }
        }
        if self.published <= self.frames() {
            let log = self.source.published()?;
            self.published = log.frames;
            self.heard_of_log(log, header.salts)?;
            self.require_not_behind(&header, log)?;
        }
        Ok(Some(header))
    }

    fn step(&mut self, header: &Header) -> Result<Option<CommitFrames>, ReadError> {
        let (Some(wal), Some(position)) = (&self.wal, &mut self.position) else {
            return Ok(None);
        };
        wal.next_commit(header, position, self.published)
    }

    fn header(&mut self) -> Result<Option<Header>, Lost> {
        let found = Identity::look(&self.database).map_err(Lost::Missing)?;
        if Identity::from(&found) != self.identity {
            return Err(Lost::Replaced);
        }
        if self.named != self.database {
            require_to_lead_to(&self.named, &self.identity)?;
        }
        self.require_own_index()?;
        let path = log_of(&self.database);
        match &self.wal {
            None => self.wal = WalFile::open(&path)?,
            Some(wal) if !wal.is_at(&path) => return Err(Lost::LogReplaced),
            Some(_) => {}
        }
        let header = self.wal.as_ref().map(WalFile::header).transpose()?.flatten();
        self.require_written_by_checkpoints(Written::of(&found))?;
        Ok(header)
    }

    fn image(&self, frame: u32) -> Result<Vec<u8>, Lost> {
        let wal = self.wal.as_ref().ok_or(Lost::LogReplaced)?;
        Ok(wal.image(self.page_size, frame)?)
    }
}

/// Whoever opens the path opens this file: else the bot would sell in one that nobody follows.
fn require_to_lead_to(named: &Path, identity: &Identity) -> Result<(), Lost> {
    match Identity::of(named).map_err(Lost::Missing)? == *identity {
        true => Ok(()),
        false => Err(Lost::Missing(anyhow::anyhow!(LEADS_ELSEWHERE))),
    }
}
