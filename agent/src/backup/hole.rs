//! One hole in a chain of commits: which segments are missing, and what of it a restore point gives back all the same.
//! Pure. It finds none: that is the part of `holes`.

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::PointId,
};

use super::holes::Stand;

/// First and last commit of some in a row.
pub type Stretch = (CommitNumber, CommitNumber);

/// Commits in a row whose segments are not on the remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Their chain.
    pub chain: ChainId,
    /// The first one.
    pub first: CommitNumber,
    /// The last one.
    pub last: CommitNumber,
    /// The point that stands after the last one and gives that one back; `None` where none does.
    pub ends_at: Option<PointId>,
    /// The point that they directly follow; `None` when segments lie between.
    pub follows: Option<PointId>,
    /// The next point of the chain there, from which it goes on; `None` when there is none.
    pub next: Option<PointId>,
    /// Whether points alone lie behind it there, and this machine did not send it: of what nobody sent yet, and of points
    /// that are elsewhere, the numbers tell the same.
    pub is_open: bool,
    /// Whether segments of the chain are there from before it.
    pub follows_segments: bool,
    /// Whether no point of the chain there stands before it: nothing of it could be restored.
    pub is_before_all: bool,
    /// Whether rules that this machine was not told may have let it go.
    pub by_rules: bool,
}

impl Hole {
    /// The commits of it that cannot be restored; `None` where the point at its end gives back all there is, or none led there.
    #[must_use]
    pub fn lost(&self) -> Option<Stretch> {
        if self.is_before_all {
            return None;
        }
        match self.ends_at {
            Some(_) => before(self.last).filter(|last| self.first <= *last),
            None => Some(self.last),
        }
        .map(|last| (self.first, last))
    }

    /// How many commits cannot be restored.
    fn commits(&self) -> u64 {
        self.lost()
            .map_or(0, |(first, last)| last.get() - first.get() + 1)
    }

    /// Whether so many points were taken in that time that are not `here`, as it has commits: where no capture runs, each
    /// point counts for one.
    #[must_use]
    pub fn is_of_points<'p>(&self, points: impl Iterator<Item = &'p PointId>, here: &[Stand]) -> bool {
        let earlier = here
            .iter()
            .filter(|stand| stand.chain == self.chain && stand.commit < self.first);
        let before = earlier.max_by_key(|stand| stand.commit).map(|stand| &stand.point);
        let is_here = |point: &PointId| here.iter().any(|stand| stand.point == *point);
        let within = points.filter(|point| {
            before.is_none_or(|before| before < *point)
                && self.next.as_ref().is_none_or(|next| *point < next)
                && !is_here(point)
        });
        within.count() as u64 >= self.commits()
    }
}

/// The commit before; `None` before the first one.
pub(super) fn before(commit: CommitNumber) -> Option<CommitNumber> {
    CommitNumber::new(commit.get() - 1).ok()
}
