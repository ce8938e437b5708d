//! What has come of an object that is being fetched: whoever watches sees each byte once, and a try that broke off is gone on
//! with. On a slow line, and where a try breaks off, it is also kept in the file, for a restore that goes on after this one.
//! It believes nothing of it: what is there is checked with the rest as a whole.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use opendal::Buffer;
use protocol::manifest::Object;

use super::journal::Keeper;
use crate::backup::{Progress, remote::Arrival};

/// Whatever comes within this is not kept before it is whole: a quick line pays nothing.
const KEPT_AFTER: Duration = Duration::from_millis(500);
/// So much of the work is lost with a kill at most.
const KEPT_EVERY: Duration = Duration::from_secs(1);

/// An object on its way.
pub(super) struct Coming<'a> {
    progress: &'a dyn Progress,
    /// So many bytes are done for whoever watches once all of it is there.
    worth_bytes: u64,
    goes_on: bool,
    keeper: Option<Keeper<'a>>,
    state: Mutex<State>,
}

struct State {
    sealed: Vec<u8>,
    size_bytes: u64,
    /// More than one try brought it.
    is_pieced: bool,
    /// Each try has to bring all of it.
    is_anew: bool,
    shown_bytes: u64,
    begun: Instant,
    kept: Written,
}

/// What of it is in the file.
#[derive(Default)]
struct Written {
    bytes: usize,
    crc: crc32fast::Hasher,
    at: Option<Instant>,
    /// Something of it is, by this restore or the one before.
    is_any: bool,
}

impl<'a> Coming<'a> {
    /// Of which each try brings all.
    pub(super) fn whole(progress: &'a dyn Progress, worth_bytes: u64) -> Self {
        Self {
            progress,
            worth_bytes,
            goes_on: false,
            keeper: None,
            state: Mutex::new(State {
                sealed: Vec::new(),
                size_bytes: 0,
                is_pieced: false,
                is_anew: false,
                shown_bytes: 0,
                begun: Instant::now(),
                kept: Written::default(),
            }),
        }
    }

    /// A try goes on where the one before it ended.
    pub(super) fn of(object: &Object, progress: &'a dyn Progress) -> Self {
        Self {
            goes_on: true,
            ..Self::whole(progress, object.plain_size_bytes)
        }
    }

    /// The same of one of which the beginning may be in the file already, and counted.
    pub(super) fn kept(object: &Object, progress: &'a dyn Progress, (keeper, sealed): Kept<'a>) -> Self {
        let coming = Self {
            keeper: Some(keeper),
            ..Self::of(object, progress)
        };
        let mut state = coming.state();
        state.size_bytes = object.size_bytes;
        state.shown_bytes = share(object, sealed.len() as u64);
        state.kept.is_any = !sealed.is_empty();
        state.kept.bytes = sealed.len();
        state.kept.crc.update(&sealed);
        state.sealed = sealed;
        drop(state);
        coming
    }

    /// What came, once it is all.
    pub(super) fn end(&self) -> Bytes {
        let mut state = self.state();
        // What lies in the file is of no try that comes after this.
        state.kept.restart();
        std::mem::take(&mut state.sealed).into()
    }

    /// Whether it is of more than one try: then none of them alone is to blame for it.
    pub(super) fn is_pieced(&self) -> bool {
        self.state().is_pieced
    }

    /// It was of no use: from here on each try brings all of it.
    pub(super) fn forget(&self) {
        self.state().is_anew = true;
    }

    /// What came is not the object: nobody goes on with what the file has of it.
    pub(super) fn discard(&self) {
        let mut state = self.state();
        if let Some(keeper) = self.keeper.as_ref().filter(|_| state.kept.is_any) {
            keeper.forget();
            state.kept = Written::default();
        }
    }

    /// Nothing more comes of it now: what there is stays for the next restore.
    pub(super) fn broke_off(&self) {
        if let Some(keeper) = &self.keeper {
            self.state().keep(keeper);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place in the file, and what is there already.
pub(super) type Kept<'a> = (Keeper<'a>, Vec<u8>);

/// What so many bytes of an object count for whoever watches.
pub(super) fn share(object: &Object, bytes: u64) -> u64 {
    part_of(object.plain_size_bytes, bytes, object.size_bytes)
}

fn part_of(worth_bytes: u64, bytes: u64, size_bytes: u64) -> u64 {
    let share = u128::from(worth_bytes) * u128::from(bytes.min(size_bytes)) / u128::from(size_bytes.max(1));
    u64::try_from(share).unwrap_or(worth_bytes)
}

impl Arrival for Coming<'_> {
    fn begin(&self, size_bytes: u64) -> u64 {
        let mut state = self.state();
        let is_of_use = self.goes_on && !state.is_anew && state.size_bytes == size_bytes;
        // All of it was there once, and was not taken.
        if !is_of_use || state.sealed.len() as u64 >= size_bytes {
            state.sealed.clear();
            state.kept.restart();
            state.begun = Instant::now();
        }
        state.size_bytes = size_bytes;
        state.is_pieced = !state.sealed.is_empty();
        if let Some(keeper) = &self.keeper {
            state.keep(keeper);
        }
        let room = usize::try_from(size_bytes).unwrap_or(usize::MAX);
        let missing = room.saturating_sub(state.sealed.len());
        // What a listing claims is no reason to run out of memory.
        let _ = state.sealed.try_reserve_exact(missing);
        state.sealed.len() as u64
    }

    fn take(&self, piece: &Buffer) {
        let mut state = self.state();
        state.add(piece);
        let shown_bytes = part_of(self.worth_bytes, state.sealed.len() as u64, state.size_bytes);
        let more = shown_bytes.saturating_sub(state.shown_bytes);
        if more > 0 {
            state.shown_bytes = shown_bytes;
            self.progress.advance(more);
        }
        if let Some(keeper) = &self.keeper
            && state.is_due()
        {
            state.keep(keeper);
        }
    }

    fn held_bytes(&self) -> u64 {
        let state = self.state();
        match self.goes_on && !state.is_anew {
            true => state.sealed.len() as u64,
            false => 0,
        }
    }
}

impl Written {
    /// Another try writes over it.
    fn restart(&mut self) {
        *self = Self {
            is_any: self.is_any,
            ..Self::default()
        };
    }
}

impl State {
    fn add(&mut self, piece: &Buffer) {
        for bytes in piece.clone() {
            let room = usize::try_from(self.size_bytes).unwrap_or(usize::MAX) - self.sealed.len();
            // It knows no ranges and sends all of it each time: what was put together of that is nothing.
            self.is_anew |= bytes.len() > room;
            self.sealed.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    fn is_due(&self) -> bool {
        let is_slow = self.begun.elapsed() >= KEPT_AFTER;
        is_slow && self.kept.at.is_none_or(|at| at.elapsed() >= KEPT_EVERY)
    }

    fn keep(&mut self, keeper: &Keeper<'_>) {
        // Nothing fits to what was there before of one that each try has to bring anew.
        if self.is_anew && self.is_pieced {
            return;
        }
        let until = self.sealed.len().min(keeper.room_bytes());
        let Some(new) = self
            .sealed
            .get(self.kept.bytes..until)
            .filter(|new| !new.is_empty())
        else {
            return;
        };
        self.kept.at = Some(Instant::now());
        let mut crc = self.kept.crc.clone();
        crc.update(new);
        match keeper.keep(self.kept.bytes, new, crc.clone().finalize()) {
            Ok(()) => {
                self.kept.bytes = until;
                self.kept.is_any = true;
                self.kept.crc = crc;
            }
            // It is fetched again then; a disk that takes nothing more is told when the part is written.
            Err(error) => tracing::debug!(%error, "what has come of a part cannot be kept"),
        }
    }
}
